//! Tiles of neighboring frequencies that a task processes through the whole stack, with the data for them packed
//! together.

use spectral_lanes::{Scalar, Simd, Vector};

use super::RectifiedStack;
use crate::shape::Planar;

/// Maximum size of a tile's packed data, which is read again for every few batch entries.
const TILE_BYTES: usize = 48 << 10;
/// Maximum number of vectors per tile.
const MOST_VECTORS: usize = 8;

/// A vector of complex numbers.
pub type Pair<V> = [V; 2];

/// How the bins are divided.
#[derive(Clone, Copy)]
pub struct Tiling {
    pub bins: usize,
    /// Bins per tile, a whole number of vectors.
    pub length: usize,
}

impl Tiling {
    /// Tiles for `packed` real numbers per bin, and at least as many tiles as threads, if there are enough vectors.
    pub fn new<T>(bins: usize, packed: usize, lanes: usize, threads: usize) -> Self {
        let vectors = TILE_BYTES / (packed.max(1) * lanes * size_of::<T>());
        let most = bins
            .div_ceil(lanes)
            .div_ceil(threads)
            .clamp(1, MOST_VECTORS);
        Tiling {
            bins,
            length: vectors.clamp(1, most) * lanes,
        }
    }

    pub fn tasks(&self) -> usize {
        self.bins.div_ceil(self.length)
    }

    /// The first bin of a tile, and its number of bins.
    #[inline(always)]
    pub fn range(&self, task: usize) -> (usize, usize) {
        let start = task * self.length;
        (start, self.length.min(self.bins - start))
    }
}

/// Loads elements `at..at + lanes` of a plane.
#[inline(always)]
pub fn read<T: Scalar, S: Simd<T>>(simd: S, plane: &[T], at: usize, lanes: usize) -> S::V {
    let part = &plane[at..at + lanes];
    // SAFETY: `part` holds `lanes` elements.
    unsafe {
        if lanes == S::LANES {
            simd.load(part.as_ptr())
        } else {
            simd.load_part(part.as_ptr(), lanes)
        }
    }
}

/// Loads a whole vector.
#[inline(always)]
pub fn get<T: Scalar, S: Simd<T>>(simd: S, from: &[T]) -> S::V {
    assert!(from.len() >= S::LANES);
    // SAFETY: the slice holds one vector.
    unsafe { simd.load(from.as_ptr()) }
}

/// Stores a whole vector.
#[inline(always)]
pub fn put<T: Scalar, S: Simd<T>>(simd: S, to: &mut [T], v: S::V) {
    assert!(to.len() >= S::LANES);
    // SAFETY: the slice holds one vector.
    unsafe { simd.store(to.as_mut_ptr(), v) }
}

#[inline(always)]
pub fn get_pair<T: Scalar, S: Simd<T>>(simd: S, from: &[T]) -> Pair<S::V> {
    [get(simd, from), get(simd, &from[S::LANES..])]
}

#[inline(always)]
pub fn put_pair<T: Scalar, S: Simd<T>>(simd: S, to: &mut [T], z: Pair<S::V>) {
    put(simd, to, z[0]);
    put(simd, &mut to[S::LANES..], z[1]);
}

/// `s·r`.
#[inline(always)]
pub fn product<V: Vector>(s: Pair<V>, r: Pair<V>) -> Pair<V> {
    [
        s[0].mul_sub(r[0], s[1] * r[1]),
        s[0].mul_add(r[1], s[1] * r[0]),
    ]
}

/// Packs the responses of a tile as `[vector][filter][re, im][lane]`, with zeros past the last bin.
#[inline(always)]
pub fn pack_responses<T: Scalar, S: Simd<T>>(
    simd: S,
    stack: &RectifiedStack<'_>,
    r: Planar<'_, T>,
    (start, bins): (usize, usize),
    to: &mut [T],
) {
    let filters = stack.responses();
    for (v, to) in to
        .chunks_exact_mut((2 * filters * S::LANES).max(1))
        .take(bins.div_ceil(S::LANES))
        .enumerate()
    {
        let lanes = S::LANES.min(bins - v * S::LANES);
        for (filter, to) in to.chunks_exact_mut(2 * S::LANES).enumerate() {
            let at = filter * stack.bins + start + v * S::LANES;
            put_pair(
                simd,
                to,
                [read(simd, r.re, at, lanes), read(simd, r.im, at, lanes)],
            );
        }
    }
}

/// Offset of the weights of output `o`, part `part` and bin `k` in `[2, outputs, bins, units]`.
#[inline(always)]
pub fn weight_at(
    stack: &RectifiedStack<'_>,
    units: usize,
    part: usize,
    o: usize,
    k: usize,
) -> usize {
    ((part * stack.outputs() + o) * stack.bins + k) * units
}

/// Packs the weights of a tile as `[vector][output][unit][re, im][lane]`, with zeros past the last bin.
#[inline(always)]
pub fn pack_weights<T: Scalar, S: Simd<T>>(
    stack: &RectifiedStack<'_>,
    units: usize,
    weight: &[T],
    (start, bins): (usize, usize),
    to: &mut [T],
) {
    let each = 2 * units * S::LANES;
    let outputs = stack.outputs();
    for v in 0..bins.div_ceil(S::LANES) {
        let lanes = S::LANES.min(bins - v * S::LANES);
        for o in 0..outputs {
            let to = &mut to[(v * outputs + o) * each..][..each];
            if lanes < S::LANES {
                to.fill(T::of(0.0));
            }
            for part in 0..2 {
                let at = weight_at(stack, units, part, o, start + v * S::LANES);
                let from = &weight[at..at + lanes * units];
                for unit in 0..units {
                    let to = &mut to[(2 * unit + part) * S::LANES..][..lanes];
                    for lane in 0..lanes {
                        to[lane] = from[lane * units + unit];
                    }
                }
            }
        }
    }
}
