//! Mean and variance of each channel.
//!
//! Each chunk is read twice while it is in cache: once for its mean, and once for the sums of the differences from the
//! mean and of their squares. Chunks are combined in `f64` (Chan, Golub and LeVeque, 1983). This keeps the variance
//! accurate for values far from zero.

use spectral_lanes::parallel::Shared;
use spectral_lanes::{Kernel, MAX_LANES, Scalar, Simd, Vector};

use super::FusedBatchNorm;
use super::along::part_of;
use super::partition::{CHUNK, Region, strip};
use super::rows::WIDE;

/// Count, mean and sum of squared differences from the mean.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// The moments of `count` elements `x`, from the sums of `x − about` and of its squares.
    fn about(count: usize, about: f64, sum: f64, squares: f64) -> Self {
        let count = count as f64;
        let shift = sum / count;
        Moments {
            count,
            mean: about + shift,
            squares: squares - sum * shift,
        }
    }

    /// Combines with the moments of other elements.
    pub fn merge(&mut self, other: Moments) {
        if self.count == 0.0 {
            *self = other;
        } else if other.count > 0.0 {
            let count = self.count + other.count;
            let apart = other.mean - self.mean;
            self.mean += apart * (other.count / count);
            self.squares += other.squares + apart * apart * (self.count * other.count / count);
            self.count = count;
        }
    }

    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The biased variance.
    pub fn variance(&self) -> f64 {
        // Because the differences are rounded, this may be slightly negative; NaN stays NaN.
        let variance = self.squares / self.count;
        if variance < 0.0 { 0.0 } else { variance }
    }
}

/// Adds the elements of a region to the moments of its channels.
pub struct Statistics<'a, T> {
    pub map: &'a FusedBatchNorm,
    pub region: Region,
    pub x: Shared<T>,
    pub moments: &'a mut [Moments],
    /// A buffer of [`Self::scratch`] elements.
    pub columns: &'a mut [T],
}

impl<T: Scalar> Statistics<'_, T> {
    /// Length of the buffer that the kernel requires.
    pub fn scratch(map: &FusedBatchNorm, region: &Region) -> usize {
        match map.plane() {
            plane if plane < WIDE => 3 * region.channels.len() * plane,
            _ => 0,
        }
    }
}

impl<T: Scalar> Kernel<T> for Statistics<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let plane = self.map.plane();
        if plane < WIDE {
            self.by_columns(simd);
            return;
        }
        for (place, channel) in self.region.channels.clone().enumerate() {
            let mut chunk = Moments::default();
            let images = self.region.images.clone();
            if plane > CHUNK {
                for image in images {
                    let mut start = 0;
                    while start < plane {
                        let len = CHUNK.min(plane - start);
                        let at = (image * self.map.channels + channel) * plane + start;
                        // SAFETY: the part is within the plane.
                        chunk.merge(unsafe { along(simd, self.x.at(at), 1, 0, len) });
                        start += len;
                    }
                }
            } else {
                let at = (images.start * self.map.channels + channel) * plane;
                let pitch = self.map.channels * plane;
                // SAFETY: each image has a plane of this channel, `pitch` elements apart.
                chunk = unsafe { along(simd, self.x.at(at), images.len(), pitch, plane) };
            }
            self.moments[place].merge(chunk);
        }
    }
}

impl<T: Scalar> Statistics<'_, T> {
    /// Small planes: those of all channels of an image form one long row, with one lane per position.
    #[inline(always)]
    fn by_columns<S: Simd<T>>(self, simd: S) {
        let plane = self.map.plane();
        let images = self.region.images.len();
        let columns = self.region.channels.len() * plane;
        let pitch = self.map.channels * plane;
        let first = self.region.images.start * pitch + self.region.channels.start * plane;
        assert!(self.columns.len() >= 3 * columns);
        let (about, sums) = self.columns.split_at_mut(columns);
        let (sums, squares) = sums.split_at_mut(columns);
        let zero = T::of(0.0);
        sums.fill(zero);
        for image in 0..images {
            let row = self.x.at(first + image * pitch);
            let mut i = 0;
            while i < columns {
                let count = S::LANES.min(columns - i);
                // SAFETY: the row and the sums hold `columns` elements.
                unsafe {
                    let sum = sums.as_mut_ptr().add(i);
                    let x = part_of(simd, row.add(i), count);
                    let total = part_of(simd, sum, count) + x;
                    simd.store_part(sum, total, count);
                }
                i += count;
            }
        }
        let count = images * plane;
        for (about, sums) in about.chunks_mut(plane).zip(sums.chunks(plane)) {
            let sum: f64 = sums.iter().map(|sum| sum.widen()).sum();
            about.fill(T::of(sum / count as f64));
        }
        sums.fill(zero);
        squares[..columns].fill(zero);
        for image in 0..images {
            let row = self.x.at(first + image * pitch);
            let mut i = 0;
            while i < columns {
                let count = S::LANES.min(columns - i);
                // SAFETY: the row and the three arrays hold `columns` elements.
                unsafe {
                    let sum = sums.as_mut_ptr().add(i);
                    let square = squares.as_mut_ptr().add(i);
                    let x = part_of(simd, row.add(i), count);
                    let d = x - part_of(simd, about.as_ptr().add(i), count);
                    let total = part_of(simd, sum, count) + d;
                    simd.store_part(sum, total, count);
                    let total = d.mul_add(d, part_of(simd, square, count));
                    simd.store_part(square, total, count);
                }
                i += count;
            }
        }
        for (place, moments) in self.moments.iter_mut().enumerate() {
            let of = place * plane..(place + 1) * plane;
            let sum = |values: &[T]| values.iter().map(|value| value.widen()).sum();
            let center = about[of.start].widen();
            moments.merge(Moments::about(
                count,
                center,
                sum(&sums[of.clone()]),
                sum(&squares[of]),
            ));
        }
    }
}

/// The sum of all lanes.
#[inline(always)]
pub fn total<T: Scalar, S: Simd<T>>(simd: S, v: S::V) -> f64 {
    let mut lanes = [T::of(0.0); MAX_LANES];
    // SAFETY: the array holds the widest vector.
    unsafe { simd.store(lanes.as_mut_ptr(), v) };
    let mut sum = 0.0;
    for lane in &lanes[..S::LANES] {
        sum += lane.widen();
    }
    sum
}

/// Moments of `rows` rows of `len` elements, `pitch` apart.
///
/// # Safety
/// The rows must be readable.
#[inline(always)]
unsafe fn along<T: Scalar, S: Simd<T>>(
    simd: S,
    x: *const T,
    rows: usize,
    pitch: usize,
    len: usize,
) -> Moments {
    // SAFETY: guaranteed by the caller.
    let sum = unsafe { sum(simd, x, rows, pitch, len) };
    let about = T::of(sum / (rows * len) as f64);
    // SAFETY: guaranteed by the caller.
    let [sum, squares] = unsafe { sums_about(simd, x, rows, pitch, len, about) };
    Moments::about(rows * len, about.widen(), sum, squares)
}

/// Sum of `rows` rows of `len` elements, `pitch` apart.
///
/// # Safety
/// The rows must be readable.
#[inline(always)]
unsafe fn sum<T: Scalar, S: Simd<T>>(
    simd: S,
    x: *const T,
    rows: usize,
    pitch: usize,
    len: usize,
) -> f64 {
    let lanes = S::LANES;
    let none = [simd.splat(T::of(0.0)); 4];
    let (mut sums, mut added, mut all) = (none, 0, 0.0);
    for row in 0..rows {
        let x = x.wrapping_add(row * pitch);
        let mut i = 0;
        while i < len {
            if added >= strip(4, lanes) {
                all += total(simd, (sums[0] + sums[1]) + (sums[2] + sums[3]));
                (sums, added) = (none, 0);
            }
            let end = len.min(i + strip(4, lanes) - added);
            added += end - i;
            // SAFETY: all positions are below `len`.
            unsafe {
                while i + 4 * lanes <= end {
                    for k in 0..4 {
                        sums[k] = sums[k] + simd.load(x.add(i + k * lanes));
                    }
                    i += 4 * lanes;
                }
                while i < end {
                    let count = lanes.min(end - i);
                    sums[0] = sums[0] + part_of(simd, x.add(i), count);
                    i += count;
                }
            }
        }
    }
    all + total(simd, (sums[0] + sums[1]) + (sums[2] + sums[3]))
}

/// Sums of the differences of the same elements from `about`, and of their squares.
///
/// # Safety
/// The rows must be readable.
#[inline(always)]
unsafe fn sums_about<T: Scalar, S: Simd<T>>(
    simd: S,
    x: *const T,
    rows: usize,
    pitch: usize,
    len: usize,
    about: T,
) -> [f64; 2] {
    let lanes = S::LANES;
    // The missing lanes of a tail are zero in both sums.
    let abouts = [about; MAX_LANES];
    let about_all = simd.splat(about);
    let zero = simd.splat(T::of(0.0));
    let (mut sums, mut squares, mut added) = ([zero; 2], [zero; 4], 0);
    let mut all = [0.0; 2];
    for row in 0..rows {
        let x = x.wrapping_add(row * pitch);
        let mut i = 0;
        while i < len {
            if added >= strip(2, lanes) {
                all[0] += total(simd, sums[0] + sums[1]);
                all[1] += total(simd, (squares[0] + squares[1]) + (squares[2] + squares[3]));
                (sums, squares, added) = ([zero; 2], [zero; 4], 0);
            }
            let end = len.min(i + strip(2, lanes) - added);
            added += end - i;
            // SAFETY: all positions are below `len`, and `abouts` holds the widest vector.
            unsafe {
                while i + 4 * lanes <= end {
                    for k in 0..4 {
                        let d = simd.load(x.add(i + k * lanes)) - about_all;
                        sums[k % 2] = sums[k % 2] + d;
                        squares[k] = d.mul_add(d, squares[k]);
                    }
                    i += 4 * lanes;
                }
                while i < end {
                    let count = lanes.min(end - i);
                    let d = part_of(simd, x.add(i), count) - part_of(simd, abouts.as_ptr(), count);
                    sums[0] = sums[0] + d;
                    squares[0] = d.mul_add(d, squares[0]);
                    i += count;
                }
            }
        }
    }
    all[0] += total(simd, sums[0] + sums[1]);
    all[1] += total(simd, (squares[0] + squares[1]) + (squares[2] + squares[3]));
    all
}
