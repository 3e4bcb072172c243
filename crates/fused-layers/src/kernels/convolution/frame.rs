//! Images laid out with their padding: rows of all images of a task side by side, one channel after another.

use spectral_lanes::{Scalar, Simd};

use super::axis::FrameAxis;
use super::epilogue::Finish;

/// The work of a task: a range of images of the batch and of rows of results.
#[derive(Clone, Debug)]
pub struct Piece {
    pub images: std::ops::Range<usize>,
    pub rows: std::ops::Range<usize>,
}

/// The layout `[channel][plane][row][image][position]`.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    pub axes: [&'a FrameAxis; 2],
    /// Distance between the rows of neighboring images.
    pub pitch: usize,
    /// Number of rows in addition to those of the results.
    pub halo: usize,
    /// Channels of the source, of all groups.
    pub channels: usize,
}

impl Frame<'_> {
    /// Elements per row of all images.
    pub fn row(&self, piece: &Piece) -> usize {
        piece.images.len() * self.pitch
    }

    /// Elements per plane.
    pub fn plane(&self, piece: &Piece) -> usize {
        (piece.rows.len() + self.halo) * self.row(piece)
    }

    /// Elements per packed channel, a multiple of `lanes`.
    pub fn channel(&self, piece: &Piece, lanes: usize) -> usize {
        let planes = self.axes[0].phases.len() * self.axes[1].phases.len();
        (planes * self.plane(piece)).next_multiple_of(lanes)
    }

    /// Offset of a tap with these planes and shifts.
    pub fn offset(&self, piece: &Piece, planes: [usize; 2], shifts: [usize; 2]) -> usize {
        (planes[0] * self.axes[1].phases.len() + planes[1]) * self.plane(piece)
            + shifts[0] * self.row(piece)
            + shifts[1]
    }

    /// Packs channels `channels` of `source`, and fills the rest of `to` with zeros.
    #[inline(always)]
    pub fn pack<T: Scalar, S: Simd<T>>(
        &self,
        simd: S,
        source: &[T],
        channels: std::ops::Range<usize>,
        piece: &Piece,
        to: &mut [T],
    ) {
        to.fill(T::of(0.0));
        let channel_len = self.channel(piece, S::LANES);
        let [rows, columns] = self.axes;
        let height = piece.rows.len() + self.halo;
        let row = self.row(piece);
        for (nth, channel) in channels.enumerate() {
            for (plane, row_phase) in rows.phases.iter().enumerate() {
                let (top, bottom) = rows.filled(*row_phase, piece.rows.start, height);
                for (column_plane, column_phase) in columns.phases.iter().enumerate() {
                    let (left, right) = columns.filled(*column_phase, 0, self.pitch);
                    if top == bottom || left == right {
                        continue;
                    }
                    let sample = [
                        rows.sample(piece.rows.start + top, *row_phase),
                        columns.sample(left, *column_phase),
                    ];
                    for (place, image) in piece.images.clone().enumerate() {
                        let first =
                            (image * self.channels + channel) * rows.source * columns.source;
                        Rows {
                            from: &source[first + sample[0] * columns.source + sample[1]..],
                            from_row: rows.step * columns.source,
                            from_step: columns.step,
                            rows: bottom - top,
                            count: right - left,
                        }
                        .copy(
                            simd,
                            &mut to[nth * channel_len
                                + self.offset(piece, [plane, column_plane], [top, left])
                                + place * self.pitch..],
                            row,
                        );
                    }
                }
            }
        }
    }
}

impl FrameAxis {
    /// The sample at a position that has one.
    fn sample(&self, place: usize, phase: usize) -> usize {
        (self.step * place + phase).wrapping_add_signed(-self.origin)
    }

    /// The positions from `start` on that hold samples, within the first `len`.
    fn filled(&self, phase: usize, start: usize, len: usize) -> (usize, usize) {
        let place = |sample: usize| {
            let above = sample as isize + self.origin - phase as isize;
            let place = (above.max(0) as usize).div_ceil(self.step);
            place.saturating_sub(start).min(len)
        };
        (place(0), place(self.source))
    }
}

/// Rows to copy.
struct Rows<'a, T> {
    from: &'a [T],
    from_row: usize,
    from_step: usize,
    rows: usize,
    count: usize,
}

impl<T: Scalar> Rows<'_, T> {
    #[inline(always)]
    fn copy<S: Simd<T>>(self, simd: S, to: &mut [T], to_row: usize) {
        let Rows {
            from, rows, count, ..
        } = self;
        let last = (rows - 1) * self.from_row + (count - 1) * self.from_step;
        assert!(from.len() > last && to.len() >= (rows - 1) * to_row + count);
        if self.from_step == 1 {
            // SAFETY: both hold `rows` rows of `count` elements, as asserted.
            unsafe {
                copy_rows(
                    simd,
                    [from.as_ptr(), to.as_mut_ptr().cast_const()],
                    [self.from_row, to_row],
                    rows,
                    count,
                    None,
                )
            };
            return;
        }
        for row in 0..rows {
            let from = from[row * self.from_row..].iter().step_by(self.from_step);
            for (to, from) in to[row * to_row..][..count].iter_mut().zip(from) {
                *to = *from;
            }
        }
    }
}

/// Copies `rows` rows of `count` elements and nothing past them, applying `finish` if there is one. Each side is given
/// by its address and the distance between its rows.
///
/// # Safety
/// The source rows must be readable, the target rows writable, and the two must not overlap.
#[inline(always)]
pub unsafe fn copy_rows<T: Scalar, S: Simd<T>>(
    simd: S,
    [from, to]: [*const T; 2],
    [from_row, to_row]: [usize; 2],
    rows: usize,
    count: usize,
    finish: Option<Finish<T>>,
) {
    let (mut from, mut to) = (from, to.cast_mut());
    // SAFETY: every vector is within its row; the last vector of a row overlaps the previous one instead of being
    // partial.
    unsafe {
        for _ in 0..rows {
            if count < S::LANES {
                simd.store_part(
                    to,
                    Finish::through(finish, simd, simd.load_part(from, count)),
                    count,
                );
            } else {
                let mut at = 0;
                while at + S::LANES <= count {
                    simd.store(
                        to.add(at),
                        Finish::through(finish, simd, simd.load(from.add(at))),
                    );
                    at += S::LANES;
                }
                let last = count - S::LANES;
                simd.store(
                    to.add(last),
                    Finish::through(finish, simd, simd.load(from.add(last))),
                );
            }
            from = from.wrapping_add(from_row);
            to = to.wrapping_add(to_row);
        }
    }
}
