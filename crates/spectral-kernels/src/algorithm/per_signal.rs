//! Transforms of any length, one signal at a time, with `rustfft`.

use std::sync::Arc;

use rustfft::num_complex::Complex as Number;
use rustfft::{Fft, FftDirection, FftPlanner, FftPlannerScalar};
use spectral_lanes::{InstructionSet, Scalar, Simd};

use crate::cache;
use crate::shape::Direction;
use crate::view::View;

/// A planned transform of contiguous complex numbers.
pub struct PerSignal<T: Scalar> {
    fft: Arc<dyn Fft<T>>,
    inverse: Arc<dyn Fft<T>>,
}

impl<T: Scalar> cache::Plan for PerSignal<T> {
    fn plan(n: usize) -> Self {
        Self::new(n)
    }

    /// An estimate, since `rustfft` does not report the size of a plan. Mixed-radix and Rader's algorithms store about
    /// one number per point; Bluestein's stores one per point of its longer inner transform, which is also the scratch
    /// size.
    fn bytes(&self) -> usize {
        let of = |fft: &Arc<dyn Fft<T>>| {
            (fft.len() + fft.get_inplace_scratch_len()) * size_of::<Number<T>>() + 4096
        };
        of(&self.fft) + of(&self.inverse)
    }
}

impl<T: Scalar> PerSignal<T> {
    /// Plans a transform of `n ≥ 1` points.
    pub fn new(n: usize) -> Self {
        // `FftPlanner` detects the processor's instructions by itself.
        let plan = |direction| match InstructionSet::portable_is_named() {
            true => FftPlannerScalar::new().plan_fft(n, direction),
            false => FftPlanner::new().plan_fft(n, direction),
        };
        PerSignal {
            fft: plan(FftDirection::Forward),
            inverse: plan(FftDirection::Inverse),
        }
    }

    /// Allocates a buffer for one signal.
    pub fn signal(&self) -> Vec<Number<T>> {
        vec![Number::default(); self.fft.len()]
    }

    /// Allocates scratch memory for [`Self::process`].
    pub fn work(&self) -> Vec<Number<T>> {
        vec![Number::default(); self.work_len() / 2]
    }

    /// Length of the scratch memory for [`Self::process`].
    pub fn work_len(&self) -> usize {
        2 * self
            .fft
            .get_inplace_scratch_len()
            .max(self.inverse.get_inplace_scratch_len())
    }

    /// Transforms one signal in place, unscaled.
    pub fn process(&self, direction: Direction, signal: &mut [Number<T>], work: &mut [Number<T>]) {
        match direction {
            Direction::Forward => self.fft.process_with_scratch(signal, work),
            Direction::Inverse => self.inverse.process_with_scratch(signal, work),
        }
    }

    /// Elements of scratch memory that [`Self::run`] requires.
    pub fn scratch_len(&self) -> usize {
        2 * (self.fft.len() + self.fft.get_inplace_scratch_len())
    }

    /// Transforms one block of lanes from `src` to `dst`, which may be identical.
    ///
    /// # Safety
    /// Both views must be valid for `n` elements of [`Simd::LANES`] lanes, and be either identical or disjoint.
    pub unsafe fn run<S: Simd<T>>(&self, src: View<T>, dst: View<T>, scratch: &mut [T]) {
        let n = self.fft.len();
        let (numbers, _) = scratch[..self.scratch_len()].as_chunks_mut::<2>();
        // SAFETY: a complex number consists of two consecutive real ones and has their alignment.
        let numbers = unsafe {
            std::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast::<Number<T>>(), numbers.len())
        };
        let (signal, work) = numbers.split_at_mut(n);
        for lane in 0..S::LANES {
            for (j, x) in signal.iter_mut().enumerate() {
                // SAFETY: the view is valid for lane `lane` of element `j`.
                *x = unsafe {
                    Number::new(
                        *src.re.add(j * src.stride + lane),
                        *src.im.add(j * src.stride + lane),
                    )
                };
            }
            self.fft.process_with_scratch(signal, work);
            for (j, x) in signal.iter().enumerate() {
                // SAFETY: as above.
                unsafe {
                    *dst.re.add(j * dst.stride + lane) = x.re;
                    *dst.im.add(j * dst.stride + lane) = x.im;
                }
            }
        }
    }
}
