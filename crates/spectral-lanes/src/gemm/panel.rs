//! Packing of channels into panels, optionally with samples in circularly reversed order.

use crate::gather::Gather;
use crate::simd::Scalar;
use crate::simd::{MAX_LANES, Simd};

/// A range of samples of several channels.
pub struct Source<'a, T> {
    /// The channels, `[channels, samples]`.
    pub data: &'a [T],
    /// Sizes of the spatial axes.
    pub sizes: &'a [usize],
    /// Whether to reverse the samples circularly along every axis.
    pub reversed: bool,
    /// Number of channels.
    pub channels: usize,
    /// Samples per channel.
    pub samples: usize,
    /// The first sample of the range.
    pub first: usize,
    /// Number of samples in the range.
    pub count: usize,
}

impl<T: Scalar> Source<'_, T> {
    /// Packs the range as `[channel][sample]`, in rows of `width ≥ count` elements; elements past `count` are zero.
    pub fn rows(&self, width: usize, to: &mut [T]) {
        for (channel, to) in to.chunks_exact_mut(width).take(self.channels).enumerate() {
            let plane = &self.data[channel * self.samples..(channel + 1) * self.samples];
            let (to, rest) = to.split_at_mut(self.count);
            if self.reversed {
                reverse(self.sizes, plane, self.first, to);
            } else {
                to.copy_from_slice(&plane[self.first..self.first + self.count]);
            }
            rest.fill(T::of(0.0));
        }
    }

    /// Packs the range as `[sample][channel]`, in rows of `width` elements, a whole number of vectors. Lanes past the
    /// last channel repeat it. Ignores `reversed`.
    ///
    /// # Panics
    /// If `to` or `data` is too short.
    #[inline(always)]
    pub fn columns<S: Simd<T>>(&self, simd: S, width: usize, to: &mut [T]) {
        assert!(to.len() >= self.count * width && self.data.len() >= self.channels * self.samples);
        let from = self.data[self.first..].as_ptr();
        for channel in (0..self.channels).step_by(S::LANES) {
            let mut starts = [from; MAX_LANES];
            for (i, start) in starts.iter_mut().enumerate() {
                let channel = (channel + i).min(self.channels - 1);
                *start = from.wrapping_add(channel * self.samples);
            }
            // SAFETY: each line holds `count` elements, and the buffer has as many rows of one vector.
            let gather = unsafe {
                Gather::new(
                    &starts,
                    self.count,
                    to.as_mut_ptr().wrapping_add(channel),
                    width,
                )
            };
            simd.call(gather);
        }
    }
}

/// Reads samples `first..first + to.len()` of the circularly reversed plane.
fn reverse<T: Copy>(sizes: &[usize], plane: &[T], first: usize, to: &mut [T]) {
    runs(sizes, first, to.len(), |at, mirror, count| {
        let from = plane[mirror + 1 - count..=mirror].iter().rev();
        to[at..at + count]
            .iter_mut()
            .zip(from)
            .for_each(|(t, f)| *t = *f);
    });
}

/// Writes samples `first..first + from.len()` of a plane to their circularly reversed positions in the plane at `to`.
///
/// # Safety
/// The plane at `to` must be valid for `sizes.iter().product()` elements, and the written elements must not be accessed
/// by any other thread.
pub unsafe fn scatter<T: Copy>(sizes: &[usize], from: &[T], first: usize, to: *mut T) {
    runs(sizes, first, from.len(), |at, mirror, count| {
        for (i, from) in from[at..at + count].iter().enumerate() {
            // SAFETY: `mirror − i` is the index of a sample of the plane.
            unsafe { *to.add(mirror - i) = *from };
        }
    });
}

/// Splits samples `first..first + count` into runs that are contiguous after reversal. Calls `run` with each run's
/// start within the range, the reversed index of its first sample (later samples precede it), and its length.
fn runs(sizes: &[usize], first: usize, count: usize, mut run: impl FnMut(usize, usize, usize)) {
    let (last, leading) = sizes
        .split_last()
        .map_or((1, sizes), |(last, leading)| (*last, leading));
    let (mut row, mut column, mut done) = (first / last, first % last, 0);
    while done < count {
        let start = mirrored(leading, row) * last;
        // Sample 0 stays in place, sample `j` moves to `last − j`.
        if column == 0 {
            run(done, start, 1);
            (column, done) = (1, done + 1);
        }
        let length = (last - column).min(count - done);
        if length > 0 {
            run(done, start + last - column, length);
        }
        (row, column, done) = (row + 1, 0, done + length);
    }
}

/// The row with every index negated (circularly).
fn mirrored(sizes: &[usize], mut row: usize) -> usize {
    let negative = |index: usize, size: usize| if index == 0 { 0 } else { size - index };
    let (mut mirror, mut stride) = (0, 1);
    for &size in sizes.iter().skip(1).rev() {
        mirror += negative(row % size, size) * stride;
        row /= size;
        stride *= size;
    }
    // The remainder is the first index.
    mirror
        + sizes
            .first()
            .map_or(0, |size| negative(row, *size) * stride)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_range_of_a_reversed_plane_matches_the_reversed_whole() {
        for sizes in [vec![], vec![1], vec![7], vec![4, 5], vec![2, 3, 4]] {
            let samples: usize = sizes.iter().product();
            let plane: Vec<f32> = (0..samples).map(|v| v as f32).collect();
            let mut whole = vec![-1.0; samples];
            for (at, value) in plane.iter().enumerate() {
                // The position of a sample with every index negated.
                let (mut rest, mut to, mut stride) = (at, 0, 1);
                for &size in sizes.iter().rev() {
                    to += (size - rest % size) % size * stride;
                    (rest, stride) = (rest / size, stride * size);
                }
                whole[to] = *value;
            }
            for first in 0..samples {
                for end in first..=samples {
                    let mut part = vec![-1.0; end - first];
                    reverse(&sizes, &plane, first, &mut part);
                    assert_eq!(part, whole[first..end], "{sizes:?} from {first}");

                    let mut back = vec![-1.0; samples];
                    // SAFETY: the plane holds all samples.
                    unsafe { scatter(&sizes, &part, first, back.as_mut_ptr()) };
                    for (at, value) in back.iter().enumerate() {
                        let written = part.contains(value);
                        assert!(*value == plane[at] || !written, "{sizes:?} at {at}");
                    }
                    assert_eq!(back.iter().filter(|v| **v >= 0.0).count(), part.len());
                }
            }
        }
    }
}
