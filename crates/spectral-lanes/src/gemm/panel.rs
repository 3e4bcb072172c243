//! Samples of some channels side by side, as they are or reversed.

use crate::gather::Gather;
use crate::simd::Scalar;
use crate::simd::{MAX_LANES, Simd};

/// A plane of channels and which of its samples are asked for.
pub struct Source<'a, T> {
    /// The first channel.
    pub data: &'a [T],
    /// Lengths of the spatial axes.
    pub sizes: &'a [usize],
    /// Whether samples are reversed circularly on every axis.
    pub reversed: bool,
    /// Channels.
    pub channels: usize,
    /// Samples of a channel.
    pub samples: usize,
    /// First of the samples asked for.
    pub first: usize,
    /// How many samples are asked for.
    pub count: usize,
}

impl<T: Scalar> Source<'_, T> {
    /// Writes `[channel][sample]`, rows of `width ≥ count` numbers; what lies beyond `count` is zero.
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

    /// Writes `[sample][channel]`, rows of `width` numbers, whole vectors; lanes beyond the last channel repeat it.
    /// Nothing is reversed.
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
            // SAFETY: the lines hold `count` numbers, the buffer as many rows of a vector.
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

/// Samples `first … first + to.len()` of the circularly reversed plane.
fn reverse<T: Copy>(sizes: &[usize], plane: &[T], first: usize, to: &mut [T]) {
    runs(sizes, first, to.len(), |at, mirror, count| {
        let from = plane[mirror + 1 - count..=mirror].iter().rev();
        to[at..at + count]
            .iter_mut()
            .zip(from)
            .for_each(|(t, f)| *t = *f);
    });
}

/// Writes samples `first … first + from.len()` of a plane to where circular reversal puts them in the plane at `to`.
///
/// # Safety
/// The plane at `to` must hold as many numbers as its sizes say, and no one else use those.
pub unsafe fn scatter<T: Copy>(sizes: &[usize], from: &[T], first: usize, to: *mut T) {
    runs(sizes, first, from.len(), |at, mirror, count| {
        for (i, from) in from[at..at + count].iter().enumerate() {
            // SAFETY: mirror − i is the place of a sample of the plane.
            unsafe { *to.add(mirror - i) = *from };
        }
    });
}

/// Calls `run` for pieces of samples `first … first + count`: the piece's start in that range, the place where its
/// first sample goes in reversal, the others before it, and its length.
fn runs(sizes: &[usize], first: usize, count: usize, mut run: impl FnMut(usize, usize, usize)) {
    let (last, leading) = sizes
        .split_last()
        .map_or((1, sizes), |(last, leading)| (*last, leading));
    let (mut row, mut column, mut done) = (first / last, first % last, 0);
    while done < count {
        let start = mirrored(leading, row) * last;
        // Sample 0 stays where it is, sample j goes to `last − j`.
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

/// The row whose every index is negated.
fn mirrored(sizes: &[usize], mut row: usize) -> usize {
    let negative = |index: usize, size: usize| if index == 0 { 0 } else { size - index };
    let (mut mirror, mut stride) = (0, 1);
    for &size in sizes.iter().skip(1).rev() {
        mirror += negative(row % size, size) * stride;
        row /= size;
        stride *= size;
    }
    // What is left is the first index.
    mirror
        + sizes
            .first()
            .map_or(0, |size| negative(row, *size) * stride)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_range_of_a_reversed_plane_is_that_of_the_whole() {
        for sizes in [vec![], vec![1], vec![7], vec![4, 5], vec![2, 3, 4]] {
            let samples: usize = sizes.iter().product();
            let plane: Vec<f32> = (0..samples).map(|v| v as f32).collect();
            let mut whole = vec![-1.0; samples];
            for (at, value) in plane.iter().enumerate() {
                // The place of a sample whose every index is negated.
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
