//! Planes transposed into blocks with one vector per position and one plane per lane, and the comparison of windows in
//! such blocks.

use std::ops::Range;

use spectral_lanes::parallel::Shared;
use spectral_lanes::{MAX_LANES, Scalar, Simd, Vector};

use super::FusedBatchNorm;
use super::coefficients::{CENTER, affine};
use super::max_pool::MaxPool;
use super::partition::Region;

/// Maximum number of positions of a plane that are processed at a time if windows do not overlap, so that they stay in
/// the L1 cache.
const BAND: usize = 256;

/// Rows of outputs, and the rows of the input that they depend on.
pub struct Band {
    pub outputs: Range<usize>,
    pub inputs: Range<usize>,
}

/// What all passes over a region have in common.
pub struct Lanes<'a, T, const N: usize> {
    pub map: &'a FusedBatchNorm,
    pub pool: MaxPool,
    pub region: Region,
    /// Coefficients of the region's channels.
    pub table: &'a [[T; N]],
}

/// The planes of one block.
pub struct Planes<T, const N: usize> {
    /// Their indices; lanes without a plane repeat the last.
    numbers: [usize; MAX_LANES],
    /// Their positions among the region's channels.
    pub places: [usize; MAX_LANES],
    pub count: usize,
    /// Their coefficients, per lane.
    coefficients: [[T; MAX_LANES]; N],
}

impl<T: Scalar, const N: usize> Lanes<'_, T, N> {
    fn rows_of_band(map: &FusedBatchNorm, pool: &MaxPool) -> usize {
        let rows = map.output_sizes()[0];
        match pool.rows_are_apart() {
            true => (BAND / (map.sizes[1] * pool.stride[0])).clamp(1, rows),
            false => rows,
        }
    }

    /// Lengths of the blocks of inputs and of outputs.
    pub fn scratch(map: &FusedBatchNorm, pool: &MaxPool) -> [usize; 2] {
        let rows = Self::rows_of_band(map, pool);
        let [outputs, width] = map.output_sizes();
        let last = map.sizes[0] - (outputs - 1) / rows * rows * pool.stride[0];
        let inputs = match pool.rows_are_apart() {
            true => (rows * pool.stride[0]).max(last).min(map.sizes[0]),
            false => map.sizes[0],
        };
        [inputs * map.sizes[1] * MAX_LANES, rows * width * MAX_LANES]
    }

    /// The band that starts with output row `first`.
    #[inline(always)]
    pub fn band(&self, first: usize) -> Band {
        let rows = self.map.output_sizes()[0];
        let end = rows.min(first + Self::rows_of_band(self.map, &self.pool));
        let start = if first == 0 {
            0
        } else {
            first * self.pool.stride[0]
        };
        let stop = if end == rows {
            self.map.sizes[0]
        } else {
            end * self.pool.stride[0]
        };
        Band {
            outputs: first..end,
            inputs: start..stop,
        }
    }

    pub fn planes(&self) -> usize {
        self.region.images.len() * self.region.channels.len()
    }

    /// The block of planes from plane `first` of the region on, image by image.
    #[inline(always)]
    pub fn block(&self, first: usize, lanes: usize) -> Planes<T, N> {
        let channels = self.region.channels.len();
        let count = lanes.min(self.planes() - first);
        let mut block = Planes {
            numbers: [0; MAX_LANES],
            places: [0; MAX_LANES],
            count,
            coefficients: [[T::of(0.0); MAX_LANES]; N],
        };
        for lane in 0..lanes {
            let plane = first + lane.min(count - 1);
            let (image, place) = (plane / channels, plane % channels);
            let image = self.region.images.start + image;
            let channel = self.region.channels.start + place;
            block.numbers[lane] = image * self.map.channels + channel;
            block.places[lane] = place;
            for k in 0..N {
                block.coefficients[k][lane] = self.table[place][k];
            }
        }
        block
    }

    /// The input positions that an output depends on, as rows and columns.
    #[inline(always)]
    pub fn taps(&self, row: usize, column: usize) -> [Range<usize>; 2] {
        let [height, width] = self.map.sizes;
        [
            self.pool.taps(0, height, row),
            self.pool.taps(1, width, column),
        ]
    }
}

impl<T: Scalar, const N: usize> Planes<T, N> {
    #[inline(always)]
    pub fn vectors<S: Simd<T>>(&self, simd: S) -> [S::V; N] {
        let mut v = [simd.splat(T::of(0.0)); N];
        for k in 0..N {
            // SAFETY: the arrays hold the widest vector.
            v[k] = unsafe { simd.load(self.coefficients[k].as_ptr()) };
        }
        v
    }

    /// Transposes positions `start..start + len` of planes of `plane` positions into a block.
    ///
    /// # Safety
    /// The planes must contain the positions, and the block must be writable for [`MAX_LANES`] times as many elements,
    /// rounded up to whole vectors.
    #[inline(always)]
    pub unsafe fn gather<S: Simd<T>>(
        &self,
        simd: S,
        from: Shared<T>,
        plane: usize,
        (start, len): (usize, usize),
        block: *mut T,
    ) {
        let mut sources = [from.at(0).cast_const(); MAX_LANES];
        let mut targets = [block; MAX_LANES];
        let mut place = 0;
        while place < len {
            for lane in 0..S::LANES {
                sources[lane] = from.at(self.numbers[lane] * plane + start + place);
                targets[lane] = block.wrapping_add((place + lane) * S::LANES);
            }
            let count = S::LANES.min(len - place);
            // SAFETY: every plane has `count` positions, and the block as many vectors.
            unsafe { simd.transpose(&sources, count, &targets, count, S::LANES) };
            place += count;
        }
    }

    /// Transposes back, for the planes that exist.
    ///
    /// # Safety
    /// Same as for [`Self::gather`]; in addition, no other task may write there.
    #[inline(always)]
    pub unsafe fn scatter<S: Simd<T>>(
        &self,
        simd: S,
        block: *const T,
        to: Shared<T>,
        plane: usize,
        (start, len): (usize, usize),
    ) {
        let mut sources = [block; MAX_LANES];
        let mut targets = [to.at(0); MAX_LANES];
        let mut place = 0;
        while place < len {
            let count = S::LANES.min(len - place);
            for lane in 0..S::LANES {
                sources[lane] = block.wrapping_add((place + lane.min(count - 1)) * S::LANES);
                targets[lane] = to.at(self.numbers[lane] * plane + start + place);
            }
            // SAFETY: the block holds the vectors, and every plane has `count` positions.
            unsafe { simd.transpose(&sources, S::LANES, &targets, self.count, count) };
            place += count;
        }
    }
}

/// The maximum of a window. Since activations are monotonic, it is also the maximum before the activation.
pub struct Winner<V> {
    /// Before the activation.
    pub raw: V,
    /// Before the affine map, minus the center.
    pub centered: V,
    /// Index of the tap in the window.
    pub tap: V,
}

/// The maximum of a window of `rows` and `columns` of a block whose first row is `first`. If `TWO` is set, the window
/// has two of each.
///
/// # Safety
/// The block must contain these positions.
#[inline(always)]
pub unsafe fn winner<T: Scalar, S: Simd<T>, const N: usize, const TWO: bool>(
    simd: S,
    block: *const T,
    width: usize,
    first: usize,
    [rows, columns]: &[Range<usize>; 2],
    coefficients: &[S::V; N],
) -> Winner<S::V> {
    let [height, across] = match TWO {
        true => [2, 2],
        false => [rows.len(), columns.len()],
    };
    let zero = simd.splat(T::of(0.0));
    let mut best = Winner {
        raw: zero,
        centered: zero,
        tap: zero,
    };
    for row in 0..height {
        let line = ((rows.start + row - first) * width + columns.start) * S::LANES;
        for column in 0..across {
            // SAFETY: guaranteed by the caller.
            let x = unsafe { simd.load(block.add(line + column * S::LANES)) };
            let centered = x - coefficients[CENTER];
            let raw = affine(centered, coefficients);
            if row == 0 && column == 0 {
                best.raw = raw;
                best.centered = centered;
            } else {
                let tap = simd.splat(T::of((row * across + column) as f64));
                let held = best.raw;
                best.raw = raw.select_above(held, raw, held);
                best.centered = raw.select_above(held, centered, best.centered);
                best.tap = raw.select_above(held, tap, best.tap);
            }
        }
    }
    best
}
