//! Long signals, in pieces: a row of hundreds of thousands of samples would leave the caches between
//! one channel or tap and the next.
//!
//! Pieces overlap by the extent of the kernel. A few at a time are gathered as the images of a batch, with zeros for
//! the padding.

use std::slice::from_raw_parts_mut;

use spectral_lanes::parallel::{Shared, for_each};
use spectral_lanes::{Scalar, with_outer_scratch};

use super::{Convolution, Epilogue};

/// Samples and outputs of a group's channels above which rows are cut: about what the L2 cache holds.
const LONG: usize = 1 << 19;
/// Outputs per piece, unless the kernel is longer.
const PIECE: usize = 2048;
/// Bytes of the pieces gathered at once: a share of the L2 caches.
const BYTES: usize = 2 << 20;

/// A convolution over a long row, cut into pieces of the same size.
pub struct LongRows<'a> {
    conv: &'a Convolution,
    /// Outputs per piece.
    outputs: usize,
    /// Samples from the first tap to the last, both included.
    extent: usize,
}

/// The part of every piece in a signal: piece `p` holds `len` samples from `first + p · step`.
#[derive(Clone, Copy)]
struct Window {
    channels: usize,
    /// Samples of the whole signal.
    size: usize,
    first: isize,
    step: usize,
    len: usize,
}

impl Window {
    /// Where piece `piece` lies in the signal, and in the piece.
    fn overlap(&self, piece: usize) -> (usize, std::ops::Range<usize>) {
        let start = self.first + (piece * self.step) as isize;
        let before = start.min(0).unsigned_abs().min(self.len);
        let start = (start.max(0) as usize).min(self.size);
        let filled = (self.len - before).min(self.size - start);
        (start, before..before + filled)
    }

    /// Elements of one piece.
    fn elements(&self) -> usize {
        self.channels * self.len
    }

    /// Calls `each` with the channel among those of all pieces, where its piece starts in `signal`, and its filled part.
    fn for_rows(
        &self,
        pieces: std::ops::Range<usize>,
        per_image: usize,
        each: impl Fn(usize, usize, std::ops::Range<usize>) + Sync,
    ) {
        let rows = pieces.len() * self.channels;
        for_each(rows, rows * self.len, |row| {
            let piece = pieces.start + row / self.channels;
            let channel = (piece / per_image) * self.channels + row % self.channels;
            let (start, filled) = self.overlap(piece % per_image);
            each(row, channel * self.size + start, filled);
        });
    }

    fn gather<T: Scalar>(
        &self,
        signal: &[T],
        pieces: std::ops::Range<usize>,
        per_image: usize,
        to: &mut [T],
    ) {
        assert!(to.len() >= pieces.len() * self.elements());
        let to = Shared::new(to);
        self.for_rows(pieces, per_image, |row, start, filled| {
            // SAFETY: the pieces have so many rows, and each is one task's.
            let to = unsafe { from_raw_parts_mut(to.at(row * self.len), self.len) };
            to[..filled.start].fill(T::of(0.0));
            to[filled.end..].fill(T::of(0.0));
            let count = filled.len();
            to[filled].copy_from_slice(&signal[start..][..count]);
        });
    }

    /// Writes pieces that do not overlap back into the signal.
    fn scatter<T: Scalar>(
        &self,
        from: &[T],
        pieces: std::ops::Range<usize>,
        per_image: usize,
        signal: &Shared<T>,
    ) {
        assert!(self.len == self.step);
        self.for_rows(pieces, per_image, |row, start, filled| {
            // SAFETY: pieces as long as the steps between them do not overlap, and the filled part lies in the signal.
            let to = unsafe { from_raw_parts_mut(signal.at(start), filled.len()) };
            to.copy_from_slice(&from[row * self.len..][filled]);
        });
    }
}

impl<'a> LongRows<'a> {
    /// The pieces of a convolution over long signals, or `None` for images and shorter signals.
    pub fn of(conv: &'a Convolution) -> Option<Self> {
        let [height, width] = conv.output_sizes();
        let is_signal = conv.sizes[0] == 1 && conv.kernel[0] == 1 && height == 1;
        let numbers = conv.in_per_group * conv.sizes[1] + conv.out_per_group * width;
        if !is_signal || conv.padding[0] != (0, 0) || numbers <= LONG {
            return None;
        }
        let extent = conv.dilation[1] * (conv.kernel[1] - 1) + 1;
        let outputs = PIECE.max(2 * extent.div_ceil(conv.stride[1]));
        (outputs <= width / 4).then_some(LongRows {
            conv,
            outputs,
            extent,
        })
    }

    fn inputs(&self) -> usize {
        self.conv.groups * self.conv.in_per_group
    }

    fn channels_out(&self) -> usize {
        self.conv.groups * self.conv.out_per_group
    }

    /// The samples that the outputs of a piece depend on.
    fn input_window(&self) -> Window {
        let (conv, stride) = (self.conv, self.conv.stride[1]);
        Window {
            channels: self.inputs(),
            size: conv.sizes[1],
            first: -(conv.padding[1].0 as isize),
            step: self.outputs * stride,
            len: (self.outputs - 1) * stride + self.extent,
        }
    }

    fn output_window(&self) -> Window {
        Window {
            channels: self.channels_out(),
            size: self.conv.output_sizes()[1],
            first: 0,
            step: self.outputs,
            len: self.outputs,
        }
    }

    /// The convolution of a piece: `size` samples, with this padding.
    fn piece(&self, size: usize, padding: (usize, usize)) -> Convolution {
        Convolution {
            batch: 1,
            sizes: [1, size],
            padding: [(0, 0), padding],
            ..*self.conv
        }
    }

    /// Ranges of all pieces, `per_image` of each image, that are worked on together.
    fn rounds<T>(
        &self,
        per_image: usize,
        windows: [&Window; 2],
    ) -> impl Iterator<Item = std::ops::Range<usize>> + use<T> {
        let bytes = (windows[0].elements() + windows[1].elements()) * size_of::<T>();
        let together = (BYTES / bytes).max(8);
        let total = self.conv.batch * per_image;
        (0..total)
            .step_by(together)
            .map(move |first| first..total.min(first + together))
    }

    pub fn forward<T: Scalar>(&self, x: &[T], w: &[T], epilogue: Epilogue<'_, T>, y: &mut [T]) {
        let (inputs, outputs) = (self.input_window(), self.output_window());
        let per_image = outputs.size.div_ceil(outputs.len);
        let y = Shared::new(y);
        for pieces in self.rounds::<T>(per_image, [&inputs, &outputs]) {
            let conv = Convolution {
                batch: pieces.len(),
                ..self.piece(inputs.len, (0, 0))
            };
            with_outer_scratch([conv.input_len(), conv.output_len()], |[from, to]| {
                let (from, to) = exact(&conv, from, to);
                inputs.gather(x, pieces.clone(), per_image, from);
                conv.forward_with(from, w, epilogue, to);
                outputs.scatter(to, pieces, per_image, &y);
            });
        }
    }

    pub fn adjoint_input<T: Scalar>(&self, gy: &[T], w: &[T], gx: &mut [T]) {
        let stride = self.conv.stride[1];
        // Outputs before those of a piece whose last taps reach into it.
        let halo = (self.extent - 1) / stride;
        let step = self.outputs * stride;
        let gradients = Window {
            first: -(halo as isize),
            len: self.outputs + halo,
            ..self.output_window()
        };
        let inputs = Window {
            len: step,
            ..self.input_window()
        };
        let padded = self.conv.padding[1].0 + self.conv.sizes[1];
        let per_image = padded.div_ceil(step);
        let gx = Shared::new(gx);
        for pieces in self.rounds::<T>(per_image, [&gradients, &inputs]) {
            let conv = Convolution {
                batch: pieces.len(),
                ..self.piece(step, (halo * stride, self.extent.saturating_sub(stride)))
            };
            with_outer_scratch([conv.input_len(), conv.output_len()], |[to, from]| {
                let (to, from) = exact(&conv, to, from);
                gradients.gather(gy, pieces.clone(), per_image, from);
                conv.adjoint_input(from, w, to);
                inputs.scatter(to, pieces, per_image, &gx);
            });
        }
    }

    pub fn adjoint_weight<T: Scalar>(&self, x: &[T], gy: &[T], gw: &mut [T]) {
        let (inputs, outputs) = (self.input_window(), self.output_window());
        let per_image = outputs.size.div_ceil(outputs.len);
        gw.fill(T::of(0.0));
        for pieces in self.rounds::<T>(per_image, [&inputs, &outputs]) {
            let conv = Convolution {
                batch: pieces.len(),
                ..self.piece(inputs.len, (0, 0))
            };
            let lens = [conv.input_len(), conv.output_len(), gw.len()];
            with_outer_scratch(lens, |[x_pieces, gy_pieces, part]| {
                let (x_pieces, gy_pieces) = exact(&conv, x_pieces, gy_pieces);
                let part = &mut part[..gw.len()];
                inputs.gather(x, pieces.clone(), per_image, x_pieces);
                outputs.gather(gy, pieces, per_image, gy_pieces);
                conv.adjoint_weight(x_pieces, gy_pieces, part);
                for (sum, part) in gw.iter_mut().zip(&*part) {
                    *sum = *sum + *part;
                }
            });
        }
    }
}

/// The buffers as long as input and output: scratch is rounded up to cache lines.
fn exact<'a, T>(conv: &Convolution, x: &'a mut [T], y: &'a mut [T]) -> (&'a mut [T], &'a mut [T]) {
    (&mut x[..conv.input_len()], &mut y[..conv.output_len()])
}
