//! Transforms of real rows, one block of lanes at a time: one row per lane for even lengths, two for odd lengths.

use std::sync::Arc;

use spectral_lanes::{Scalar, Simd};

use crate::cache;
use crate::plan::Plan;
use crate::real::{BinScales, HalfTwiddles, Join, LastBin, Split, Tangle, Untangle};
use crate::shape::half_bins;
use crate::view::View;

/// A transform of rows of one length.
pub struct Rows<T: Scalar> {
    pub n: usize,
    pub columns: usize,
    pub plan: Arc<Plan<T>>,
    twiddles: Option<Arc<HalfTwiddles<T>>>,
}

impl<T: Scalar> Rows<T> {
    pub fn new(n: usize) -> Self {
        let even = n.is_multiple_of(2);
        Rows {
            n,
            columns: half_bins(n),
            plan: cache::plan::<Plan<T>>(if even { n / 2 } else { n }),
            twiddles: even.then(|| cache::plan::<HalfTwiddles<T>>(n)),
        }
    }

    /// Rows per lane.
    #[inline(always)]
    pub fn members(&self) -> usize {
        if self.twiddles.is_some() { 1 } else { 2 }
    }

    /// Elements of a block of samples. For even lengths it also holds the spectrum.
    pub fn block_len(&self, lanes: usize) -> usize {
        2 * self.n.max(self.columns) * lanes
    }

    /// A view of the rows' samples, given the address of sample 0 of each row; `second` is used for odd lengths only.
    /// Element `j` is samples `2j` and `2j + 1` of a row of even length, or sample `j` of both rows of odd length.
    #[inline(always)]
    pub fn samples(&self, first: *mut T, second: *mut T, stride: usize) -> View<T> {
        if self.twiddles.is_some() {
            View {
                re: first,
                im: first.wrapping_add(stride),
                stride: 2 * stride,
            }
        } else {
            View {
                re: first,
                im: second,
                stride,
            }
        }
    }

    /// Transforms samples to half-spectra; `spectra[1]` is used for odd lengths only. The contents of `block` are
    /// overwritten.
    ///
    /// # Safety
    /// The views must be valid for their elements of [`Simd::LANES`] lanes, and `block` for [`Self::block_len`]
    /// elements. The samples may be in `block` or in the first spectrum.
    #[inline(always)]
    pub unsafe fn forward<S: Simd<T>>(
        &self,
        simd: S,
        samples: View<T>,
        spectra: [View<T>; 2],
        scales: BinScales<T>,
        block: *mut T,
        scratch: &mut [T],
    ) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            match &self.twiddles {
                Some(twiddles) => {
                    self.plan.run(simd, samples, spectra[0], scratch);
                    simd.call(Untangle {
                        view: spectra[0],
                        half: self.n / 2,
                        twiddles,
                        scales,
                        last: LastBin::Own,
                        bins: half_bins(self.n),
                    });
                }
                None => {
                    let view = View::interleaved(block, S::LANES);
                    self.plan.run(simd, samples, view, scratch);
                    simd.call(Split {
                        view,
                        n: self.n,
                        first: spectra[0],
                        second: spectra[1],
                        bins: half_bins(self.n),
                        scales,
                    });
                }
            }
        }
    }

    /// Transforms half-spectra to samples; the inverse of [`Self::forward`]. The spectra are overwritten.
    ///
    /// # Safety
    /// Same as for [`Self::forward`].
    #[inline(always)]
    pub unsafe fn inverse<S: Simd<T>>(
        &self,
        simd: S,
        spectra: [View<T>; 2],
        samples: View<T>,
        scales: BinScales<T>,
        block: *mut T,
        scratch: &mut [T],
    ) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            match &self.twiddles {
                Some(twiddles) => {
                    simd.call(Tangle {
                        view: spectra[0],
                        half: self.n / 2,
                        twiddles,
                        scales,
                        last: LastBin::Own,
                        bins: half_bins(self.n),
                    });
                    let from = spectra[0].swapped();
                    self.plan.run(simd, from, samples.swapped(), scratch);
                }
                None => {
                    let view = View::interleaved(block, S::LANES);
                    simd.call(Join {
                        view,
                        n: self.n,
                        first: spectra[0],
                        second: Some(spectra[1]),
                        bins: half_bins(self.n),
                        scales,
                    });
                    let from = view.swapped();
                    self.plan.run(simd, from, samples.swapped(), scratch);
                }
            }
        }
    }
}
