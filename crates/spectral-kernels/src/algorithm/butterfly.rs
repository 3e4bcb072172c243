//! Short transforms computed in registers.

use spectral_lanes::{Scalar, Simd, Vector};

use crate::view::Complex;

const SQRT_HALF: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// cos and sin of 2πk/R for k = 1, …, (R−1)/2.
const ROOTS_3: [(f64, f64); 1] = [(-0.5, 0.866_025_403_784_438_6)];
const ROOTS_5: [(f64, f64); 2] = [
    (0.309_016_994_374_947_45, 0.951_056_516_295_153_5),
    (-0.809_016_994_374_947_5, 0.587_785_252_292_473_1),
];
const ROOTS_7: [(f64, f64); 3] = [
    (0.623_489_801_858_733_5, 0.781_831_482_468_029_8),
    (-0.222_520_933_956_314_4, 0.974_927_912_181_823_6),
    (-0.900_968_867_902_419_1, 0.433_883_739_117_558_1),
];
/// cos and sin of π/8.
const ROOT_16: (f64, f64) = (0.923_879_532_511_286_7, 0.382_683_432_365_089_8);

/// Lengths that [`butterfly`] supports.
pub const LENGTHS: [usize; 12] = [2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 15, 16];

/// Replaces `x` by its unscaled forward transform of length `R`, one of [`LENGTHS`].
#[inline(always)]
pub fn butterfly<T: Scalar, S: Simd<T>, const R: usize>(simd: S, x: &mut [Complex<S::V>; R]) {
    match R {
        6 => coprime::<T, S, 3, 2, R>(simd, x),
        8 => eight(simd, x),
        10 => coprime::<T, S, 5, 2, R>(simd, x),
        12 => coprime::<T, S, 3, 4, R>(simd, x),
        14 => coprime::<T, S, 7, 2, R>(simd, x),
        15 => coprime::<T, S, 5, 3, R>(simd, x),
        16 => sixteen(simd, x),
        _ => simple(simd, x),
    }
}

/// The lengths that the composite ones are built from.
#[inline(always)]
fn simple<T: Scalar, S: Simd<T>, const R: usize>(simd: S, x: &mut [Complex<S::V>; R]) {
    match R {
        2 => (x[0], x[1]) = (x[0] + x[1], x[0] - x[1]),
        3 => odd(simd, x, &ROOTS_3),
        4 => [x[0], x[1], x[2], x[3]] = four([x[0], x[1], x[2], x[3]]),
        5 => odd(simd, x, &ROOTS_5),
        7 => odd(simd, x, &ROOTS_7),
        _ => unreachable!("no butterfly of length {R}"),
    }
}

#[inline(always)]
fn four<V: Vector>([a, b, c, d]: [Complex<V>; 4]) -> [Complex<V>; 4] {
    let (s, t) = (a + c, a - c);
    let (u, v) = (b + d, b - d);
    [s + u, t.sub_i(v), s - u, t.add_i(v)]
}

/// An odd length, by sums and differences of mirrored inputs.
#[inline(always)]
fn odd<T: Scalar, S: Simd<T>, const R: usize, const H: usize>(
    simd: S,
    x: &mut [Complex<S::V>; R],
    roots: &[(f64, f64); H],
) {
    let first = x[0];
    let mut sums = [first; H];
    let mut differences = [first; H];
    let mut total = first;
    for k in 0..H {
        sums[k] = x[1 + k] + x[R - 1 - k];
        differences[k] = x[1 + k] - x[R - 1 - k];
        total = total + sums[k];
    }
    x[0] = total;
    for j in 1..=H {
        let mut even = first;
        let mut odd = first;
        for k in 1..=H {
            let turn = j * k % R;
            let (c, s) = if turn <= H {
                roots[turn - 1]
            } else {
                (roots[R - turn - 1].0, -roots[R - turn - 1].1)
            };
            let (c, s) = (simd.splat(T::of(c)), simd.splat(T::of(s)));
            even.re = sums[k - 1].re.mul_add(c, even.re);
            even.im = sums[k - 1].im.mul_add(c, even.im);
            odd = if k == 1 {
                differences[0].scale(s)
            } else {
                Complex {
                    re: differences[k - 1].re.mul_add(s, odd.re),
                    im: differences[k - 1].im.mul_add(s, odd.im),
                }
            };
        }
        x[j] = even.sub_i(odd);
        x[R - j] = even.add_i(odd);
    }
}

/// `√½·(1 − i)·v`, with `h = √½`.
#[inline(always)]
fn eighth<V: Vector>(v: Complex<V>, h: V) -> Complex<V> {
    Complex {
        re: v.re + v.im,
        im: v.im - v.re,
    }
    .scale(h)
}

#[inline(always)]
fn eight<T: Scalar, S: Simd<T>, const R: usize>(simd: S, x: &mut [Complex<S::V>; R]) {
    let even = four([x[0], x[2], x[4], x[6]]);
    let odd = four([x[1], x[3], x[5], x[7]]);
    let h = simd.splat(T::of(SQRT_HALF));
    let one = eighth(odd[1], h);
    // The conjugate of −√½·(1 + i) times the odd part.
    let three = Complex {
        re: odd[3].im - odd[3].re,
        im: odd[3].re + odd[3].im,
    }
    .scale(h);
    x[0] = even[0] + odd[0];
    x[4] = even[0] - odd[0];
    x[1] = even[1] + one;
    x[5] = even[1] - one;
    x[2] = even[2].sub_i(odd[2]);
    x[6] = even[2].add_i(odd[2]);
    x[3] = Complex {
        re: even[3].re + three.re,
        im: even[3].im - three.im,
    };
    x[7] = Complex {
        re: even[3].re - three.re,
        im: even[3].im + three.im,
    };
}

#[inline(always)]
fn sixteen<T: Scalar, S: Simd<T>, const R: usize>(simd: S, x: &mut [Complex<S::V>; R]) {
    let h = simd.splat(T::of(SQRT_HALF));
    let (c, s) = (simd.splat(T::of(ROOT_16.0)), simd.splat(T::of(ROOT_16.1)));
    let w1 = Complex {
        re: c,
        im: simd.splat(T::of(-ROOT_16.1)),
    };
    let w3 = Complex {
        re: s,
        im: simd.splat(T::of(-ROOT_16.0)),
    };
    let w9 = Complex {
        re: simd.splat(T::of(-ROOT_16.0)),
        im: s,
    };
    let a = four([x[0], x[4], x[8], x[12]]);
    let b = four([x[1], x[5], x[9], x[13]]);
    let c = four([x[2], x[6], x[10], x[14]]);
    let d = four([x[3], x[7], x[11], x[15]]);
    let first = four([a[0], b[0], c[0], d[0]]);
    let second = four([a[1], b[1] * w1, eighth(c[1], h), d[1] * w3]);
    // Column 2 has rotations by 0, 1/8, 1/4 and 3/8 of a turn; the rotation by −i is folded into the butterfly.
    let third = {
        let (b, d) = (eighth(b[2], h), eighth(d[2], h));
        let (s, t) = (a[2].sub_i(c[2]), a[2].add_i(c[2]));
        let (u, v) = (b.sub_i(d), b.add_i(d));
        [s + u, t.sub_i(v), s - u, t.add_i(v)]
    };
    let fourth = {
        let c = eighth(c[3], h);
        let (b, d) = (b[3] * w3, d[3] * w9);
        let (s, t) = (a[3].sub_i(c), a[3].add_i(c));
        let (u, v) = (b + d, b - d);
        [s + u, t.sub_i(v), s - u, t.add_i(v)]
    };
    for j in 0..4 {
        x[4 * j] = first[j];
        x[4 * j + 1] = second[j];
        x[4 * j + 2] = third[j];
        x[4 * j + 3] = fourth[j];
    }
}

/// Good–Thomas prime-factor algorithm: `R = A·B` with coprime factors needs no twiddle factors.
#[inline(always)]
fn coprime<T: Scalar, S: Simd<T>, const A: usize, const B: usize, const R: usize>(
    simd: S,
    x: &mut [Complex<S::V>; R],
) {
    let mut grid = [[x[0]; A]; B];
    for b in 0..B {
        for a in 0..A {
            grid[b][a] = x[(B * a + A * b) % R];
        }
        simple::<T, S, A>(simd, &mut grid[b]);
    }
    for a in 0..A {
        let mut column = [x[0]; B];
        for b in 0..B {
            column[b] = grid[b][a];
        }
        simple::<T, S, B>(simd, &mut column);
        for b in 0..B {
            // The output index is `a` mod `A` and `b` mod `B`.
            let mut k = a;
            while k % B != b {
                k += A;
            }
            x[k] = column[b];
        }
    }
}
