//! The gradients of the convolution.

use super::LongConvolution;
use super::blocks::Blocks;
use super::choice::Choice;
use super::forward::load_kernels;
use super::mend;
use super::product::Correlate;
use super::single;
use super::taps;
use super::task::{Ground, Lines, Rest, Share, Tiling};
use super::twist::Twist;
use crate::cache;
use crate::plan::Plan;
use spectral_lanes::Scalar;
use spectral_lanes::parallel::{Shared, for_each, parts_for};
use spectral_lanes::with_scratch;
use spectral_lanes::{InstructionSet, Kernel, Simd};

/// A whole backward pass, of the gradients that are asked for.
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
    /// Computes all of it, in parallel where it pays.
    pub fn run(self) {
        if self.shape.signal_len() > 0 {
            let block = self.compute();
            mend::gradients(&self, block);
        } else if let Some(gk) = self.gk {
            // SAFETY: the slice was checked.
            unsafe { std::slice::from_raw_parts_mut(gk.at(0), self.shape.kernel_len()) }
                .fill(T::of(0.0));
        }
    }

    /// The same of finite numbers; gives the length of the blocks in which samples were mixed.
    pub fn compute(&self) -> usize {
        let shape = self.shape;
        if let Some(gk) = self.gk {
            // SAFETY: the slice was checked; no task runs yet.
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
        // Shares of the same channels have sums of their own, added in their order: the result does not depend on
        // which thread took which.
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
            // SAFETY: the slice was checked; no task runs any more.
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
        let ground = Ground {
            shape: self.shape,
            n,
            plan: &plan,
            twist: &twist,
        };
        let stride = Blocks::<T>::stride(n, lanes);
        let (signal, kernel) = (ground.signal_blocks(), ground.kernel_blocks());
        // The imaginary part of one block more belongs to the last block of a kernel.
        let sums = (kernel + 1).min(signal);
        let of = |wanted: bool, blocks: usize| if wanted { blocks * stride } else { 0 };
        let (gx, gk) = (self.gx.is_some(), self.gk.is_some());
        let lens = [
            signal * stride,
            of(gk, signal),
            of(gx, kernel),
            of(gk, sums),
            if gk { lanes * ground.taps() } else { 0 },
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
                let work = OneALane {
                    adjoint: self,
                    ground: &ground,
                    own: own(&share),
                    share,
                    g: blocks(g, signal),
                    x: blocks(x, signal),
                    k: blocks(k, kernel),
                    v: blocks(v, sums),
                    lines,
                    rest: Rest {
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

/// A share of the work, one signal a lane.
struct OneALane<'a, T: Scalar> {
    adjoint: &'a Adjoint<'a, T>,
    ground: &'a Ground<'a, T>,
    share: Share,
    /// Where the kernels' gradients are summed, and from which element on.
    own: Option<(Shared<T>, usize)>,
    g: Blocks<T>,
    x: Blocks<T>,
    k: Blocks<T>,
    v: Blocks<T>,
    /// The kernels' gradients, lane by lane.
    lines: &'a mut [T],
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
        if self.adjoint.gx.is_some() {
            load_kernels(
                simd,
                ground,
                [channels.start, width],
                (self.adjoint.kernel, self.adjoint.skip),
                self.k,
                &mut self.rest,
            );
        }
        for entry in self.share.entries.clone().step_by(abreast) {
            let lanes = abreast.min(self.share.entries.end - entry) * width;
            let line = |lane: usize| {
                ((entry + lane / width) * shape.channels + channels.start + lane % width)
                    * shape.length
            };
            // Lanes without a signal are zero, so that they add nothing to the sums.
            let some = |lane: usize| (lane < lanes).then(|| line(lane));
            // SAFETY: entries and channels are those of the shape, whose slices were checked, and no other share's;
            // the blocks were made for `n`.
            unsafe {
                ground.load(
                    simd,
                    Lines {
                        plane: self.adjoint.gy,
                        line: some,
                        samples: shape.length,
                    },
                    self.g,
                    &mut self.rest,
                    false,
                );
                if self.own.is_some() {
                    ground.load(
                        simd,
                        Lines {
                            plane: self.adjoint.x,
                            line: some,
                            samples: shape.length,
                        },
                        self.x,
                        &mut self.rest,
                        false,
                    );
                    simd.call(Correlate {
                        a: self.g,
                        b: self.x,
                        out: self.v,
                        add: true,
                        bins: ground.n,
                    });
                }
                if let Some(gx) = self.adjoint.gx {
                    simd.call(Correlate {
                        a: self.g,
                        b: self.k,
                        out: self.g,
                        add: false,
                        bins: ground.n,
                    });
                    ground.store(
                        simd,
                        self.g,
                        -1.0,
                        Lines {
                            plane: gx,
                            line,
                            samples: shape.length,
                        },
                        lanes,
                        &mut self.rest,
                    );
                }
            }
        }
        if let Some((sums, start)) = self.own {
            let taps = ground.taps();
            let lanes = abreast * width;
            // SAFETY: there is a line of `taps` numbers for each lane.
            unsafe {
                ground.store(
                    simd,
                    self.v,
                    -1.0,
                    Lines {
                        plane: Shared::new(self.lines),
                        line: |lane| lane * taps,
                        samples: taps,
                    },
                    lanes,
                    &mut self.rest,
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
