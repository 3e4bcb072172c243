//! Shares of a convolution, and blocks of lanes of them.

use std::ops::Range;

use super::LongConvolution;
use super::blocks::Blocks;
use super::lines::{TwistIn, TwistOut};
use super::twist::Twist;
use crate::plan::Plan;
use spectral_lanes::Scalar;
use spectral_lanes::parallel::Shared;
use spectral_lanes::{MAX_LANES, Simd};

/// How channels and entries are shared out: by blocks of channels, and where these are few by entries too.
#[derive(Clone, Copy)]
pub struct Tiling {
    channels: usize,
    batch: usize,
    width: usize,
    entries: usize,
}

/// One share.
#[derive(Clone)]
pub struct Share {
    pub channels: Range<usize>,
    pub entries: Range<usize>,
    /// Which of the shares of these channels.
    pub split: usize,
}

impl Tiling {
    /// For blocks of at most `width` channels, `lanes` signals at a time, in about so many `parts`.
    pub fn new(shape: &LongConvolution, width: usize, lanes: usize, parts: usize) -> Self {
        let width = width.min(shape.channels).max(1);
        let blocks = shape.channels.div_ceil(width).max(1);
        let abreast = (lanes / width).max(1);
        let units = shape.batch.div_ceil(abreast).max(1);
        let splits = parts.div_ceil(blocks).min(units);
        Tiling {
            channels: shape.channels,
            batch: shape.batch,
            width,
            entries: units.div_ceil(splits) * abreast,
        }
    }

    /// Shares of the same channels.
    pub fn splits(&self) -> usize {
        self.batch.div_ceil(self.entries).max(1)
    }

    pub fn count(&self) -> usize {
        self.channels.div_ceil(self.width) * self.splits()
    }

    pub fn share(&self, task: usize) -> Share {
        let (block, split) = (task / self.splits(), task % self.splits());
        let range = |index: usize, step: usize, end: usize| {
            (index * step).min(end)..((index + 1) * step).min(end)
        };
        Share {
            channels: range(block, self.width, self.channels),
            entries: range(split, self.entries, self.batch),
            split,
        }
    }
}

/// What all blocks of lanes of a call have in common.
pub struct Ground<'a, T: Scalar> {
    pub shape: LongConvolution,
    /// Samples of a block.
    pub n: usize,
    pub plan: &'a Plan<T>,
    pub twist: &'a Twist<T>,
}

impl<T: Scalar> Ground<'_, T> {
    /// Blocks of a signal.
    pub fn signal_blocks(&self) -> usize {
        self.shape.length.div_ceil(self.n)
    }

    /// Taps that meet samples.
    pub fn taps(&self) -> usize {
        self.shape.taps.min(self.shape.length)
    }

    /// Blocks of a kernel.
    pub fn kernel_blocks(&self) -> usize {
        self.taps().div_ceil(self.n)
    }

    /// Entries that lie side by side when a block of `channels` is transformed with `lanes`.
    pub fn abreast(lanes: usize, channels: usize) -> usize {
        (lanes / channels).max(1)
    }

    /// Spectra of the blocks of lines, of those lanes that have one; with `first`, sample 0 gains what `rest` says.
    ///
    /// # Safety
    /// The lines must hold `samples` numbers, `to` blocks of `n` elements, enough for the samples.
    #[inline(always)]
    pub unsafe fn load<S: Simd<T>>(
        &self,
        simd: S,
        Lines {
            plane,
            line,
            samples,
        }: Lines<T, impl Fn(usize) -> Option<usize>>,
        to: Blocks<T>,
        rest: &mut Rest<'_, T>,
        first: bool,
    ) {
        let mut lines = [rest.zeros.as_ptr(); MAX_LANES];
        for p in 0..to.count {
            for (lane, at) in lines.iter_mut().enumerate().take(S::LANES) {
                if let Some(start) = line(lane) {
                    *at = plane.at(start + p * self.n);
                }
            }
            let view = to.view(p, S::LANES);
            simd.call(TwistIn {
                lines,
                count: self.n.min(samples - p * self.n),
                to: view,
                turns: &self.twist.into,
                first: (first && p == 0).then_some(&*rest.first),
            });
            // SAFETY: the block holds `n` elements.
            unsafe { self.plan.run(simd, view, view, rest.scratch) };
        }
    }

    /// Signals of spectra, block `p` turned back into lines with what is carried from the block before (`sign` 1) or,
    /// from the last block down, after (`sign` −1).
    ///
    /// # Safety
    /// The lines must hold `samples` numbers that no one else touches, `from` blocks of `n` elements.
    #[inline(always)]
    pub unsafe fn store<S: Simd<T>>(
        &self,
        simd: S,
        from: Blocks<T>,
        sign: f64,
        Lines {
            plane,
            line,
            samples,
        }: Lines<T, impl Fn(usize) -> usize>,
        lanes: usize,
        rest: &mut Rest<'_, T>,
    ) {
        rest.carry.fill(T::of(0.0));
        for step in 0..from.count {
            let p = if sign > 0.0 {
                step
            } else {
                from.count - 1 - step
            };
            let view = from.view(p, S::LANES);
            // SAFETY: the block holds `n` elements.
            unsafe {
                self.plan
                    .run(simd, view.swapped(), view.swapped(), rest.scratch)
            };
            let mut lines = [plane.at(0); MAX_LANES];
            for (lane, to) in lines.iter_mut().enumerate().take(lanes) {
                *to = plane.at(line(lane) + p * self.n);
            }
            simd.call(TwistOut {
                from: view,
                turns: &self.twist.out,
                carry: rest.carry,
                sign: T::of(sign),
                count: self.n.min(samples.saturating_sub(p * self.n)),
                lines,
                lanes,
            });
        }
    }
}

/// Lines of a plane, one a lane.
pub struct Lines<T, L> {
    pub plane: Shared<T>,
    /// The element that a lane's line starts with.
    pub line: L,
    pub samples: usize,
}

/// Working memory of a block of lanes beside the spectra.
pub struct Rest<'a, T> {
    /// Of the plan.
    pub scratch: &'a mut [T],
    /// A vector for each sample of a block.
    pub carry: &'a mut [T],
    /// A block's samples, all zero.
    pub zeros: &'a [T],
    /// A vector: what is added to tap 0.
    pub first: &'a mut [T],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_cover_every_channel_and_entry_once() {
        for (batch, channels) in [(1, 1), (5, 3), (64, 16), (4, 256), (7, 33), (0, 4), (3, 0)] {
            for parts in [1, 4, 8] {
                let shape = LongConvolution {
                    batch,
                    channels,
                    length: 10,
                    taps: 10,
                };
                let tiling = Tiling::new(&shape, 16, 16, parts);
                let mut seen = vec![0; batch * channels];
                for task in 0..tiling.count() {
                    let share = tiling.share(task);
                    for entry in share.entries {
                        for channel in share.channels.clone() {
                            seen[entry * channels + channel] += 1;
                        }
                    }
                }
                assert!(seen.iter().all(|times| *times == 1), "{shape:?}");
            }
        }
    }
}
