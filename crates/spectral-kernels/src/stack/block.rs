//! A few batch entries at one vector of frequencies, processed through all layers in registers.

use spectral_lanes::{Scalar, Simd, Vector};

use super::tile::{Pair, get_pair, product, put_pair, read};
use crate::shape::Planar;

/// Loads the entries' elements from `at` on, `stride` elements apart.
#[inline(always)]
pub fn entries<T: Scalar, S: Simd<T>, const N: usize>(
    simd: S,
    s: Planar<'_, T>,
    at: usize,
    stride: usize,
    lanes: usize,
) -> [Pair<S::V>; N] {
    let zero = simd.splat(T::of(0.0));
    let mut out = [[zero; 2]; N];
    for n in 0..N {
        let at = at + n * stride;
        out[n] = [read(simd, s.re, at, lanes), read(simd, s.im, at, lanes)];
    }
    out
}

/// `Σ_o ρ(s·r_o)`, for packed responses.
#[inline(always)]
pub fn rectified_sum<T: Scalar, S: Simd<T>, const N: usize>(
    simd: S,
    s: [Pair<S::V>; N],
    responses: &[T],
) -> [Pair<S::V>; N] {
    let mut sums = [[simd.splat(T::of(0.0)); 2]; N];
    for r in responses.chunks_exact(2 * S::LANES) {
        let r = get_pair(simd, r);
        for n in 0..N {
            let p = product(s[n], r);
            sums[n] = [sums[n][0] + p[0].relu(), sums[n][1] + p[1].relu()];
        }
    }
    sums
}

/// The incoming gradient of the output of one filter.
pub trait Upstream<V, const N: usize> {
    /// The gradients for `ρ(p)` of filter `o`, before the rectifier's own gradient is applied.
    fn gradient(&mut self, o: usize, p: &[Pair<V>; N]) -> [Pair<V>; N];
}

/// The same gradient for all filters: that of their sum.
impl<V: Vector, const N: usize> Upstream<V, N> for [Pair<V>; N] {
    #[inline(always)]
    fn gradient(&mut self, _o: usize, _p: &[Pair<V>; N]) -> [Pair<V>; N] {
        *self
    }
}

/// Adds one layer's gradients for its packed responses to `gradients`, and returns those for its input if `INPUT` is
/// set.
#[inline(always)]
pub fn layer_adjoint<
    T: Scalar,
    S: Simd<T>,
    U: Upstream<S::V, N>,
    const N: usize,
    const INPUT: bool,
>(
    simd: S,
    s: [Pair<S::V>; N],
    responses: &[T],
    gradients: &mut [T],
    mut upstream: U,
) -> [Pair<S::V>; N] {
    let zero = simd.splat(T::of(0.0));
    let mut down = [[zero; 2]; N];
    let packed = responses.chunks_exact(2 * S::LANES);
    for (o, (r, gradient)) in packed
        .zip(gradients.chunks_exact_mut(2 * S::LANES))
        .enumerate()
    {
        let r = get_pair(simd, r);
        let mut p = [[zero; 2]; N];
        for n in 0..N {
            p[n] = product(s[n], r);
        }
        let g = upstream.gradient(o, &p);
        let mut sum = get_pair(simd, gradient);
        for n in 0..N {
            let m = [
                p[n][0].where_positive(g[n][0]),
                p[n][1].where_positive(g[n][1]),
            ];
            sum[0] = s[n][0].mul_add(m[0], s[n][1].mul_add(m[1], sum[0]));
            sum[1] = s[n][0].mul_add(m[1], s[n][1].neg_mul_add(m[0], sum[1]));
            if INPUT {
                down[n][0] = r[0].mul_add(m[0], r[1].mul_add(m[1], down[n][0]));
                down[n][1] = r[0].mul_add(m[1], r[1].neg_mul_add(m[0], down[n][1]));
            }
        }
        put_pair(simd, gradient, sum);
    }
    down
}
