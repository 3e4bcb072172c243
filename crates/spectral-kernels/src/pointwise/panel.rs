//! Samples of some channels side by side, as they are or reversed.

use crate::scalar::Scalar;
use crate::simd::{MAX_LANES, Simd};
use crate::transform::Gather;

/// A plane of channels and which of its samples are asked for.
pub struct Source<'a, T> {
    /// The first channel.
    pub data: &'a [T],
    pub sizes: &'a [usize],
    pub reversed: bool,
    pub channels: usize,
    /// Samples of a channel.
    pub samples: usize,
    /// First of the samples asked for.
    pub first: usize,
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
    /// `lines` is room for [`Self::rows`] with the same count, used when reversed.
    #[inline(always)]
    pub fn columns<S: Simd<T>>(&self, simd: S, width: usize, lines: &mut [T], to: &mut [T]) {
        assert!(to.len() >= self.count * width);
        let (from, step) = if self.reversed {
            self.rows(self.count, lines);
            (lines.as_ptr(), self.count)
        } else {
            (self.data[self.first..].as_ptr(), self.samples)
        };
        for channel in (0..self.channels).step_by(S::LANES) {
            let mut starts = [from; MAX_LANES];
            for (i, start) in starts.iter_mut().enumerate() {
                *start = from.wrapping_add((channel + i).min(self.channels - 1) * step);
            }
            simd.call(Gather {
                lines: &starts,
                count: self.count,
                to: to.as_mut_ptr().wrapping_add(channel),
                row: width,
            });
        }
    }
}

/// Samples `first … first + to.len()` of the circularly reversed plane.
fn reverse<T: Copy>(sizes: &[usize], plane: &[T], first: usize, to: &mut [T]) {
    let Some((&last, leading)) = sizes.split_last() else {
        to.copy_from_slice(&plane[first..first + to.len()]);
        return;
    };
    let mut done = 0;
    while done < to.len() {
        let (row, column) = ((first + done) / last, (first + done) % last);
        let count = (last - column).min(to.len() - done);
        let mirror = &plane[mirrored(leading, row) * last..][..last];
        let to = &mut to[done..done + count];
        done += count;
        // Sample 0 stays where it is, sample j comes from `last − j`.
        let (skip, to) = if column == 0 {
            to[0] = mirror[0];
            (1, &mut to[1..])
        } else {
            (column, to)
        };
        let reversed = mirror[..last + 1 - skip].iter().rev();
        to.iter_mut().zip(reversed).for_each(|(t, f)| *t = *f);
    }
}

/// The row whose every index is negated.
fn mirrored(sizes: &[usize], mut row: usize) -> usize {
    let (mut mirror, mut stride) = (0, 1);
    for &size in sizes.iter().rev() {
        mirror += (size - row % size) % size * stride;
        row /= size;
        stride *= size;
    }
    mirror
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
            crate::reverse(1, &sizes, &plane, &mut whole);
            for first in 0..samples {
                for end in first..=samples {
                    let mut part = vec![-1.0; end - first];
                    reverse(&sizes, &plane, first, &mut part);
                    assert_eq!(part, whole[first..end], "{sizes:?} from {first}");
                }
            }
        }
    }
}
