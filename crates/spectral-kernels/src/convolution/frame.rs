//! Images laid out with their padding: rows of all images of a task side by side, one channel after the other.

use super::axis::FrameAxis;
use crate::scalar::Scalar;
use crate::simd::Simd;

/// What a task works on: images of the batch and rows of results.
#[derive(Clone, Debug)]
pub struct Piece {
    pub images: std::ops::Range<usize>,
    pub rows: std::ops::Range<usize>,
}

/// A layout `[channel][plane][row][image][place]`.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    pub axes: [&'a FrameAxis; 2],
    /// Places of a row of one image.
    pub pitch: usize,
    /// Rows beyond those of the results.
    pub halo: usize,
    /// Channels of the source, of all groups.
    pub channels: usize,
}

impl Frame<'_> {
    /// Places of a row of all images.
    pub fn row(&self, piece: &Piece) -> usize {
        piece.images.len() * self.pitch
    }

    /// Places of a plane.
    pub fn plane(&self, piece: &Piece) -> usize {
        (piece.rows.len() + self.halo) * self.row(piece)
    }

    /// Places of a channel that are packed, a multiple of `lanes`.
    pub fn channel(&self, piece: &Piece, lanes: usize) -> usize {
        let planes = self.axes[0].phases.len() * self.axes[1].phases.len();
        (planes * self.plane(piece)).next_multiple_of(lanes)
    }

    /// Where a tap with these planes and shifts starts.
    pub fn offset(&self, piece: &Piece, planes: [usize; 2], shifts: [usize; 2]) -> usize {
        (planes[0] * self.axes[1].phases.len() + planes[1]) * self.plane(piece)
            + shifts[0] * self.row(piece)
            + shifts[1]
    }

    /// Packs channels `channels` of `source`; what follows them in `to` becomes zero.
    #[inline(always)]
    pub fn pack<T: Scalar, S: Simd<T>>(
        &self,
        simd: S,
        source: &[T],
        channels: std::ops::Range<usize>,
        piece: &Piece,
        to: &mut [T],
    ) {
        let channel_len = self.channel(piece, S::LANES);
        let end = channels.len() * channel_len;
        // Whole vectors are written front to back, and the last may reach past its end.
        assert!(to.len() >= end + S::LANES);
        let (height, width) = (self.axes[0].source, self.axes[1].source);
        let rows = piece.rows.len() + self.halo;
        for (nth, channel) in channels.enumerate() {
            let mut at = nth * channel_len;
            for row_phase in &self.axes[0].phases {
                for column_phase in &self.axes[1].phases {
                    for row in 0..rows {
                        let y = (self.axes[0].step * (piece.rows.start + row) + row_phase) as isize
                            - self.axes[0].origin;
                        for image in piece.images.clone() {
                            let to = &mut to[at..at + self.pitch + S::LANES];
                            if (0..height as isize).contains(&y) {
                                let from = ((image * self.channels + channel) * height
                                    + y as usize)
                                    * width;
                                self.pack_row(simd, &source[from..from + width], *column_phase, to);
                            } else {
                                zero(simd, &mut to[..], 0, self.pitch);
                            }
                            at += self.pitch;
                        }
                    }
                }
            }
            zero(simd, to, at, (nth + 1) * channel_len);
        }
        to[end..].fill(T::of(0.0));
    }

    #[inline(always)]
    fn pack_row<T: Scalar, S: Simd<T>>(&self, simd: S, source: &[T], phase: usize, to: &mut [T]) {
        let axis = self.axes[1];
        let place = |sample: usize| {
            let above = sample as isize + axis.origin - phase as isize;
            (above.max(0) as usize).div_ceil(axis.step).min(self.pitch)
        };
        let (first, last) = (place(0), place(source.len()));
        zero(simd, to, 0, first);
        if axis.step == 1 {
            let skip = (first as isize + phase as isize - axis.origin) as usize;
            let count = last - first;
            copy(
                simd,
                &source[skip.min(source.len())..],
                &mut to[first..],
                count,
            );
        } else {
            for (place, to) in to[..last].iter_mut().enumerate().skip(first) {
                *to = source[(axis.step * place + phase).wrapping_add_signed(-axis.origin)];
            }
        }
        zero(simd, to, last, self.pitch);
    }
}

/// Sets places `from … end` to zero, and up to a vector beyond.
#[inline(always)]
fn zero<T: Scalar, S: Simd<T>>(simd: S, to: &mut [T], from: usize, end: usize) {
    let mut at = from;
    while at < end {
        let to = &mut to[at..at + S::LANES];
        // SAFETY: the slice has a vector's length.
        unsafe { simd.store(to.as_mut_ptr(), simd.splat(T::of(0.0))) };
        at += S::LANES;
    }
}

/// Copies `count` numbers, and writes up to a vector beyond.
#[inline(always)]
fn copy<T: Scalar, S: Simd<T>>(simd: S, from: &[T], to: &mut [T], count: usize) {
    let mut at = 0;
    while at < count {
        let part = S::LANES.min(count - at);
        let (from, to) = (&from[at..at + part], &mut to[at..at + S::LANES]);
        // SAFETY: the slices hold `part` and a vector's numbers.
        unsafe {
            let v = if part == S::LANES {
                simd.load(from.as_ptr())
            } else {
                simd.load_part(from.as_ptr(), part)
            };
            simd.store(to.as_mut_ptr(), v);
        }
        at += S::LANES;
    }
}
