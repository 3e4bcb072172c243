//! The forward pass.

use spectral_lanes::parallel::{Shared, for_each, threads_for};
use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd, with_scratch};

use super::LongConvolution;
use super::blocks::Blocks;
use super::choice::Choice;
use super::non_finite;
use super::product::Convolve;
use super::single;
use super::taps;
use super::task::{Context, Lines, Share, Tiling, Workspace};
use super::twist::Twist;
use crate::cache;
use crate::plan::Plan;

/// A forward pass.
pub struct Forward<'a, T> {
    pub shape: LongConvolution,
    pub x: Shared<T>,
    pub kernel: Shared<T>,
    pub skip: Option<&'a [T]>,
    pub y: Shared<T>,
}

spectral_lanes::entry!(ForwardEntry, Forward);

impl<T: Scalar> Forward<'_, T> {
    /// Runs the computation, in parallel if it is large enough.
    pub fn run(self) {
        if self.shape.signal_len() > 0 {
            let block = self.compute();
            non_finite::outputs(&self, block);
        }
    }

    /// Same as [`Self::run`], for finite inputs. Returns the length of the blocks within which samples were mixed.
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
        let context = Context {
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
            context.signal_blocks() * stride,
            context.kernel_blocks() * stride,
            plan.scratch_len(lanes),
            n * lanes,
            n,
            lanes,
        ];
        for_each(tiling.count(), elements, |task| {
            with_scratch(lens, |[x, k, scratch, carry, zeros, first]| {
                zeros.fill(T::of(0.0));
                let workspace = Workspace {
                    scratch,
                    carry,
                    zeros,
                    first,
                };
                let work = LanesTask {
                    forward: self,
                    context: &context,
                    share: tiling.share(task),
                    x: Blocks::new(x.as_mut_ptr(), context.signal_blocks(), n, lanes),
                    k: Blocks::new(k.as_mut_ptr(), context.kernel_blocks(), n, lanes),
                    workspace,
                };
                T::dispatch(set, work);
            });
        });
    }
}

/// A share of the work, with one signal per lane.
struct LanesTask<'a, T: Scalar> {
    forward: &'a Forward<'a, T>,
    context: &'a Context<'a, T>,
    share: Share,
    x: Blocks<T>,
    k: Blocks<T>,
    workspace: Workspace<'a, T>,
}

impl<T: Scalar> Kernel<T> for LanesTask<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let (context, shape) = (self.context, self.context.shape);
        let channels = self.share.channels.clone();
        let width = channels.len();
        let abreast = Context::<T>::abreast(S::LANES, width);
        load_kernels(
            simd,
            context,
            [channels.start, width],
            (self.forward.kernel, self.forward.skip),
            self.k,
            &mut self.workspace,
        );
        for entry in self.share.entries.clone().step_by(abreast) {
            let lanes = abreast.min(self.share.entries.end - entry) * width;
            let line = |lane: usize| {
                ((entry + lane / width) * shape.channels + channels.start + lane % width)
                    * shape.length
            };
            // SAFETY: entries and channels are within the shape, whose slice lengths were checked, and belong to this
            // share alone; the blocks were allocated for `n`.
            unsafe {
                context.load(
                    simd,
                    Lines {
                        plane: self.forward.x,
                        line: |lane| (lane < lanes).then(|| line(lane)),
                        samples: shape.length,
                    },
                    self.x,
                    &mut self.workspace,
                    false,
                );
                simd.call(Convolve {
                    x: self.x,
                    k: self.k,
                    bins: context.n,
                });
                context.store(
                    simd,
                    self.x,
                    1.0,
                    Lines {
                        plane: self.forward.y,
                        line,
                        samples: shape.length,
                    },
                    lanes,
                    &mut self.workspace,
                );
            }
        }
    }
}

/// Computes the spectra of the kernels of `width` channels from `first` on, repeated until the lanes are full.
#[inline(always)]
pub fn load_kernels<T: Scalar, S: Simd<T>>(
    simd: S,
    context: &Context<'_, T>,
    [first, width]: [usize; 2],
    (kernel, skip): (Shared<T>, Option<&[T]>),
    to: Blocks<T>,
    workspace: &mut Workspace<'_, T>,
) {
    let channel = |lane: usize| first + lane % width;
    if let Some(skip) = skip {
        for (lane, x) in workspace.first.iter_mut().enumerate() {
            *x = skip[channel(lane)];
        }
    }
    let line = |lane| Some(channel(lane) * context.shape.taps);
    // SAFETY: the channels are within the shape, whose slice lengths were checked; the blocks were allocated for `n`.
    unsafe {
        context.load(
            simd,
            Lines {
                plane: kernel,
                line,
                samples: context.taps(),
            },
            to,
            workspace,
            skip.is_some(),
        )
    };
}
