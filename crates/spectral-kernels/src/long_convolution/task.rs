//! Division of a convolution into shares, and of shares into blocks of lanes.

use std::ops::Range;

use spectral_lanes::parallel::Shared;
use spectral_lanes::{MAX_LANES, Scalar, Simd};

use super::LongConvolution;
use super::blocks::Blocks;
use super::lines::{TwistIn, TwistOut};
use super::twist::Twist;
use crate::plan::Plan;

/// How channels and batch entries are divided: by blocks of channels, and if there are few of these, also by entries.
#[derive(Clone, Copy)]
pub struct Tiling {
    channels: usize,
    batch: usize,
    width: usize,
    entries: usize,
}

/// One share of the work.
#[derive(Clone)]
pub struct Share {
    pub channels: Range<usize>,
    pub entries: Range<usize>,
    /// Index among the shares of the same channels.
    pub split: usize,
}

impl Tiling {
    /// Divides into blocks of at most `width` channels, with `lanes` signals at a time, in about `parts` shares.
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

    /// Number of shares of the same channels.
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
pub struct Context<'a, T: Scalar> {
    pub shape: LongConvolution,
    /// Samples per block.
    pub n: usize,
    pub plan: &'a Plan<T>,
    pub twist: &'a Twist<T>,
}

impl<T: Scalar> Context<'_, T> {
    /// Blocks per signal.
    pub fn signal_blocks(&self) -> usize {
        self.shape.length.div_ceil(self.n)
    }

    /// Number of taps that affect any output.
    pub fn taps(&self) -> usize {
        self.shape.taps.min(self.shape.length)
    }

    /// Blocks per kernel.
    pub fn kernel_blocks(&self) -> usize {
        self.taps().div_ceil(self.n)
    }

    /// Number of batch entries side by side when a block of `channels` is transformed with `lanes`.
    pub fn abreast(lanes: usize, channels: usize) -> usize {
        (lanes / channels).max(1)
    }

    /// Computes the spectra of the blocks of lines, for lanes that have a line. If `first` is set, `workspace.first` is
    /// added to sample 0.
    ///
    /// # Safety
    /// The lines must be readable for `samples` elements, and `to` valid for enough blocks of `n` elements.
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
        workspace: &mut Workspace<'_, T>,
        first: bool,
    ) {
        let mut lines = [workspace.zeros.as_ptr(); MAX_LANES];
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
                first: (first && p == 0).then_some(&*workspace.first),
            });
            // SAFETY: the block holds `n` elements.
            unsafe { self.plan.run(simd, view, view, workspace.scratch) };
        }
    }

    /// Transforms spectra back into lines. Block `p` receives the carry of the block before (`sign` 1) or, from the
    /// last block down, after it (`sign` −1).
    ///
    /// # Safety
    /// The lines must be writable for `samples` elements and not accessed by anything else, and `from` valid for blocks
    /// of `n` elements.
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
        workspace: &mut Workspace<'_, T>,
    ) {
        workspace.carry.fill(T::of(0.0));
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
                    .run(simd, view.swapped(), view.swapped(), workspace.scratch)
            };
            let mut lines = [plane.at(0); MAX_LANES];
            for (lane, to) in lines.iter_mut().enumerate().take(lanes) {
                *to = plane.at(line(lane) + p * self.n);
            }
            simd.call(TwistOut {
                from: view,
                turns: &self.twist.out,
                carry: workspace.carry,
                sign: T::of(sign),
                count: self.n.min(samples.saturating_sub(p * self.n)),
                lines,
                lanes,
            });
        }
    }
}

/// Lines of a plane, one per lane.
pub struct Lines<T, L> {
    pub plane: Shared<T>,
    /// Maps a lane to the offset of its line.
    pub line: L,
    pub samples: usize,
}

/// Working memory for a block of lanes, in addition to the spectra.
pub struct Workspace<'a, T> {
    /// Scratch memory for the plan.
    pub scratch: &'a mut [T],
    /// One vector per sample of a block.
    pub carry: &'a mut [T],
    /// As many zeros as a block has samples.
    pub zeros: &'a [T],
    /// One vector, added to tap 0.
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
