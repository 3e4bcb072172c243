//! The backward pass: gradients of the convolution.

use spectral_lanes::parallel::{Shared, for_each, parts_for};
use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd, with_scratch};

use super::LongConvolution;
use super::blocks::Blocks;
use super::choice::Choice;
use super::forward::load_kernels;
use super::non_finite;
use super::product::Correlate;
use super::single;
use super::taps;
use super::task::{Context, Lines, Share, Tiling, Workspace};
use super::twist::Twist;
use crate::cache;
use crate::plan::Plan;

/// A backward pass, computing the requested gradients.
pub struct Adjoint<'a, T> {
    pub shape: LongConvolution,
    pub x: Shared<T>,
    pub kernel: Shared<T>,
    pub skip: Option<&'a [T]>,
    pub gy: Shared<T>,
    pub gx: Option<Shared<T>>,
    pub gk: Option<Shared<T>>,
}

spectral_lanes::entry!(AdjointEntry, Adjoint);

impl<T: Scalar> Adjoint<'_, T> {
    /// Runs the computation, in parallel if it is large enough.
    pub fn run(self) {
        if self.shape.signal_len() > 0 {
            let block = self.compute();
            non_finite::gradients(&self, block);
        } else if let Some(gk) = self.gk {
            // SAFETY: the slice length was checked.
            unsafe { std::slice::from_raw_parts_mut(gk.at(0), self.shape.kernel_len()) }
                .fill(T::of(0.0));
        }
    }

    /// Same as [`Self::run`], for finite inputs. Returns the length of the blocks within which samples were mixed.
    pub fn compute(&self) -> usize {
        let shape = self.shape;
        if let Some(gk) = self.gk {
            // SAFETY: the slice length was checked, and no task is running yet.
            unsafe { std::slice::from_raw_parts_mut(gk.at(0), shape.kernel_len()) }
                .fill(T::of(0.0));
        }
        let set = InstructionSet::current();
        let lanes = T::lanes(set);
        let choice = Choice::new::<T>(&shape, lanes);
        let width = match choice {
            Choice::Lanes { .. } => lanes,
            _ => 1,
        };
        let elements = shape.signal_len();
        let tiling = Tiling::new(&shape, width, width, parts_for(elements));
        // Shares of the same channels have separate sums, which are added in order: the result does not depend on which
        // thread computed which share.
        let each = shape.kernel_len();
        let splits = tiling.splits();
        let mut partial = Vec::new();
        if self.gk.is_some() && splits > 1 {
            partial.resize(splits * each, T::of(0.0));
        }
        let sums = if partial.is_empty() {
            self.gk
        } else {
            Some(Shared::new(&mut partial))
        };
        let own =
            |share: &Share| sums.map(|sums| (sums, share.split * each * usize::from(splits > 1)));
        match choice {
            Choice::Taps => taps::adjoint(self, set, &tiling, own),
            Choice::Single { n } => single::adjoint(self, n, &tiling, own),
            Choice::Lanes { n } => self.lanes(set, n, &tiling, own),
        }
        if let Some(gk) = self.gk
            && splits > 1
        {
            // SAFETY: the slice length was checked, and no task is running any more.
            let gk = unsafe { std::slice::from_raw_parts_mut(gk.at(0), each) };
            for part in partial.chunks_exact(each.max(1)) {
                gk.iter_mut()
                    .zip(part)
                    .for_each(|(sum, x)| *sum = *sum + *x);
            }
        }
        match choice {
            Choice::Taps => shape.length,
            Choice::Single { n } | Choice::Lanes { n } => n,
        }
    }

    fn lanes(
        &self,
        set: InstructionSet,
        n: usize,
        tiling: &Tiling,
        own: impl Fn(&Share) -> Option<(Shared<T>, usize)> + Send + Sync,
    ) {
        let lanes = T::lanes(set);
        let (plan, twist) = (cache::plan::<Plan<T>>(n), cache::plan::<Twist<T>>(n));
        let context = Context {
            shape: self.shape,
            n,
            plan: &plan,
            twist: &twist,
        };
        let stride = Blocks::<T>::stride(n, lanes);
        let (signal, kernel) = (context.signal_blocks(), context.kernel_blocks());
        // The imaginary part of one more block belongs to the last block of a kernel.
        let sums = (kernel + 1).min(signal);
        let of = |wanted: bool, blocks: usize| if wanted { blocks * stride } else { 0 };
        let (gx, gk) = (self.gx.is_some(), self.gk.is_some());
        let lens = [
            signal * stride,
            of(gk, signal),
            of(gx, kernel),
            of(gk, sums),
            if gk { lanes * context.taps() } else { 0 },
            plan.scratch_len(lanes),
            n * lanes,
            n,
            lanes,
        ];
        for_each(tiling.count(), self.shape.signal_len(), |task| {
            with_scratch(lens, |[g, x, k, v, lines, scratch, carry, zeros, first]| {
                zeros.fill(T::of(0.0));
                v.fill(T::of(0.0));
                let share = tiling.share(task);
                let blocks =
                    |slice: &mut [T], count| Blocks::new(slice.as_mut_ptr(), count, n, lanes);
                let work = LanesTask {
                    adjoint: self,
                    context: &context,
                    own: own(&share),
                    share,
                    g: blocks(g, signal),
                    x: blocks(x, signal),
                    k: blocks(k, kernel),
                    v: blocks(v, sums),
                    lines,
                    workspace: Workspace {
                        scratch,
                        carry,
                        zeros,
                        first,
                    },
                };
                T::dispatch(set, work);
            });
        });
    }
}

/// A share of the work, with one signal per lane.
struct LanesTask<'a, T: Scalar> {
    adjoint: &'a Adjoint<'a, T>,
    context: &'a Context<'a, T>,
    share: Share,
    /// Where the kernel gradients are summed, and the offset there.
    own: Option<(Shared<T>, usize)>,
    g: Blocks<T>,
    x: Blocks<T>,
    k: Blocks<T>,
    v: Blocks<T>,
    /// The kernel gradients, per lane.
    lines: &'a mut [T],
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
        if self.adjoint.gx.is_some() {
            load_kernels(
                simd,
                context,
                [channels.start, width],
                (self.adjoint.kernel, self.adjoint.skip),
                self.k,
                &mut self.workspace,
            );
        }
        for entry in self.share.entries.clone().step_by(abreast) {
            let lanes = abreast.min(self.share.entries.end - entry) * width;
            let line = |lane: usize| {
                ((entry + lane / width) * shape.channels + channels.start + lane % width)
                    * shape.length
            };
            // Lanes without a signal are zero, so that they do not contribute to the sums.
            let some = |lane: usize| (lane < lanes).then(|| line(lane));
            // SAFETY: entries and channels are within the shape, whose slice lengths were checked, and belong to this
            // share alone; the blocks were allocated for `n`.
            unsafe {
                context.load(
                    simd,
                    Lines {
                        plane: self.adjoint.gy,
                        line: some,
                        samples: shape.length,
                    },
                    self.g,
                    &mut self.workspace,
                    false,
                );
                if self.own.is_some() {
                    context.load(
                        simd,
                        Lines {
                            plane: self.adjoint.x,
                            line: some,
                            samples: shape.length,
                        },
                        self.x,
                        &mut self.workspace,
                        false,
                    );
                    simd.call(Correlate {
                        a: self.g,
                        b: self.x,
                        out: self.v,
                        add: true,
                        bins: context.n,
                    });
                }
                if let Some(gx) = self.adjoint.gx {
                    simd.call(Correlate {
                        a: self.g,
                        b: self.k,
                        out: self.g,
                        add: false,
                        bins: context.n,
                    });
                    context.store(
                        simd,
                        self.g,
                        -1.0,
                        Lines {
                            plane: gx,
                            line,
                            samples: shape.length,
                        },
                        lanes,
                        &mut self.workspace,
                    );
                }
            }
        }
        if let Some((sums, start)) = self.own {
            let taps = context.taps();
            let lanes = abreast * width;
            // SAFETY: there is a line of `taps` elements per lane.
            unsafe {
                context.store(
                    simd,
                    self.v,
                    -1.0,
                    Lines {
                        plane: Shared::new(self.lines),
                        line: |lane| lane * taps,
                        samples: taps,
                    },
                    lanes,
                    &mut self.workspace,
                )
            };
            for (lane, line) in self.lines.chunks_exact(taps).enumerate().take(lanes) {
                let to = start + (channels.start + lane % width) * shape.taps;
                // SAFETY: the sums of these channels and this split belong to this share alone.
                let to = unsafe { std::slice::from_raw_parts_mut(sums.at(to), taps) };
                to.iter_mut()
                    .zip(line)
                    .for_each(|(sum, x)| *sum = *sum + *x);
            }
        }
    }
}
