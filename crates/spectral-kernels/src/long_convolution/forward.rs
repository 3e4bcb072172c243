//! The convolution.

use super::LongConvolution;
use super::blocks::Blocks;
use super::choice::Choice;
use super::mend;
use super::product::Convolve;
use super::single;
use super::taps;
use super::task::{Ground, Lines, Rest, Share, Tiling};
use super::twist::Twist;
use crate::cache;
use crate::plan::Plan;
use spectral_lanes::Scalar;
use spectral_lanes::parallel::{Shared, for_each, threads_for};
use spectral_lanes::with_scratch;
use spectral_lanes::{InstructionSet, Kernel, Simd};

/// A whole forward pass.
pub struct Forward<'a, T> {
    pub shape: LongConvolution,
    pub x: Shared<T>,
    pub kernel: Shared<T>,
    pub skip: Option<&'a [T]>,
    pub y: Shared<T>,
}

spectral_lanes::entry!(ForwardEntry, Forward);

impl<T: Scalar> Forward<'_, T> {
    /// Computes all of it, in parallel where it pays.
    pub fn run(self) {
        if self.shape.signal_len() > 0 {
            let block = self.compute();
            mend::outputs(&self, block);
        }
    }

    /// The same of finite numbers; gives the length of the blocks in which samples were mixed.
    pub fn compute(&self) -> usize {
        let set = InstructionSet::current();
        match Choice::new::<T>(&self.shape, T::lanes(set)) {
            Choice::Taps => {
                taps::forward(self, set);
                self.shape.length
            }
            Choice::Single { n } => {
                single::forward(self, n);
                n
            }
            Choice::Lanes { n } => {
                self.lanes(set, n);
                n
            }
        }
    }

    fn lanes(&self, set: InstructionSet, n: usize) {
        let shape = self.shape;
        let lanes = T::lanes(set);
        let (plan, twist) = (cache::plan::<Plan<T>>(n), cache::plan::<Twist<T>>(n));
        let ground = Ground {
            shape,
            n,
            plan: &plan,
            twist: &twist,
        };
        let elements = shape.signal_len();
        let parts = match threads_for(elements) {
            1 => 1,
            threads => 2 * threads,
        };
        let tiling = Tiling::new(&shape, lanes, lanes, parts);
        let stride = Blocks::<T>::stride(n, lanes);
        let lens = [
            ground.signal_blocks() * stride,
            ground.kernel_blocks() * stride,
            plan.scratch_len(lanes),
            n * lanes,
            n,
            lanes,
        ];
        for_each(tiling.count(), elements, |task| {
            with_scratch(lens, |[x, k, scratch, carry, zeros, first]| {
                zeros.fill(T::of(0.0));
                let rest = Rest {
                    scratch,
                    carry,
                    zeros,
                    first,
                };
                let work = OneALane {
                    forward: self,
                    ground: &ground,
                    share: tiling.share(task),
                    x: Blocks::new(x.as_mut_ptr(), ground.signal_blocks(), n, lanes),
                    k: Blocks::new(k.as_mut_ptr(), ground.kernel_blocks(), n, lanes),
                    rest,
                };
                T::dispatch(set, work);
            });
        });
    }
}

/// A share of the work, one signal a lane.
struct OneALane<'a, T: Scalar> {
    forward: &'a Forward<'a, T>,
    ground: &'a Ground<'a, T>,
    share: Share,
    x: Blocks<T>,
    k: Blocks<T>,
    rest: Rest<'a, T>,
}

impl<T: Scalar> Kernel<T> for OneALane<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let (ground, shape) = (self.ground, self.ground.shape);
        let channels = self.share.channels.clone();
        let width = channels.len();
        let abreast = Ground::<T>::abreast(S::LANES, width);
        load_kernels(
            simd,
            ground,
            [channels.start, width],
            (self.forward.kernel, self.forward.skip),
            self.k,
            &mut self.rest,
        );
        for entry in self.share.entries.clone().step_by(abreast) {
            let lanes = abreast.min(self.share.entries.end - entry) * width;
            let line = |lane: usize| {
                ((entry + lane / width) * shape.channels + channels.start + lane % width)
                    * shape.length
            };
            // SAFETY: entries and channels are those of the shape, whose slices were checked, and no other share's;
            // the blocks were made for `n`.
            unsafe {
                ground.load(
                    simd,
                    Lines {
                        plane: self.forward.x,
                        line: |lane| (lane < lanes).then(|| line(lane)),
                        samples: shape.length,
                    },
                    self.x,
                    &mut self.rest,
                    false,
                );
                simd.call(Convolve {
                    x: self.x,
                    k: self.k,
                    bins: ground.n,
                });
                ground.store(
                    simd,
                    self.x,
                    1.0,
                    Lines {
                        plane: self.forward.y,
                        line,
                        samples: shape.length,
                    },
                    lanes,
                    &mut self.rest,
                );
            }
        }
    }
}

/// Spectra of the kernels of `width` channels from `first` on, again and again until the lanes are full.
#[inline(always)]
pub fn load_kernels<T: Scalar, S: Simd<T>>(
    simd: S,
    ground: &Ground<'_, T>,
    [first, width]: [usize; 2],
    (kernel, skip): (Shared<T>, Option<&[T]>),
    to: Blocks<T>,
    rest: &mut Rest<'_, T>,
) {
    let channel = |lane: usize| first + lane % width;
    if let Some(skip) = skip {
        for (lane, x) in rest.first.iter_mut().enumerate() {
            *x = skip[channel(lane)];
        }
    }
    let line = |lane| Some(channel(lane) * ground.shape.taps);
    // SAFETY: the channels are those of the shape, whose slices were checked; the blocks were made for `n`.
    unsafe {
        ground.load(
            simd,
            Lines {
                plane: kernel,
                line,
                samples: ground.taps(),
            },
            to,
            rest,
            skip.is_some(),
        )
    };
}
