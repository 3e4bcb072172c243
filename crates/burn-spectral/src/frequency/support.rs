//! Kernels of small support among all weight spectra: projections and the energy outside.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::conv::KernelOrigin;
use crate::error::OrPanic;
use crate::{ComplexTensor, SpectralError, ops};

use super::spectrum_grid::SpectrumGrid;
use super::tap_transform::TapTransform;

/// How a [`SupportProjection`] treats the taps it removes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Projection {
    /// They are dropped: the nearest kernel of that support.
    #[default]
    Orthogonal,
    /// Their sum, divided by the number of taps kept, is added to each of those: the response at
    /// frequency zero stays as it was. An oblique projection: not the nearest kernel.
    Oblique,
}

/// Weight spectra whose kernels have a small spatial support, as a subspace of all weight spectra.
///
/// One free weight per frequency is a kernel as large as the image. The weight fixation of Pan et al.
/// (2022) brings it back to `k × k` taps: inverse transform, real part, a mask, transform. That is
/// the **orthogonal projection** on the spectra of real kernels of that support,
///
/// ```text
/// P = F·M·Re·F⁻¹
/// ```
///
/// in the inner product `Σ_k Re conj(A_k)·B_k` of full spectra, and in `Σ_k c_k·Re conj(A_k)·B_k` of
/// half-spectra, where bin `k` stands for `c_k` of the full one
/// ([`FrequencyGrid::multiplicity`](crate::FrequencyGrid::multiplicity)). A full spectrum may belong
/// to a complex kernel; taking the real part is part of the projection. Of a half-spectrum, what no
/// real kernel has is dropped with it (see [`crate::fft`]).
///
/// Gradients pass through `Pᵀ`, so that what is projected away gets none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SupportProjection {
    /// The spectra.
    pub grid: SpectrumGrid,
    /// Taps kept along height and width.
    pub taps: [usize; 2],
    /// Which tap lies on sample 0: the first, as published, or the one in the middle, `taps / 2`.
    pub origin: KernelOrigin,
}

impl SupportProjection {
    /// The kernels of `taps` taps from sample 0 on.
    ///
    /// # Errors
    /// If a size is zero, or the kernel does not fit the images.
    pub fn try_new(grid: SpectrumGrid, taps: [usize; 2]) -> Result<Self, SpectralError> {
        grid.check_size()?;
        SpectralError::check_positive("every size of a kernel", &taps)?;
        match taps[0] <= grid.size[0] && taps[1] <= grid.size[1] {
            true => Ok(Self {
                grid,
                taps,
                origin: KernelOrigin::First,
            }),
            false => Err(SpectralError::Kernel {
                kernel: taps.to_vec(),
                got: grid.size.to_vec(),
            }),
        }
    }

    /// The kernels of `taps` taps from sample 0 on.
    ///
    /// # Panics
    /// If [`try_new`](Self::try_new) returns an error, with the same text.
    #[track_caller]
    pub fn new(grid: SpectrumGrid, taps: [usize; 2]) -> Self {
        Self::try_new(grid, taps).or_panic()
    }

    /// Sets which tap lies on sample 0.
    pub fn with_origin(self, origin: KernelOrigin) -> Self {
        Self { origin, ..self }
    }

    /// Taps before sample 0 along each axis; they lie at the end of it.
    pub(super) fn before(&self) -> [usize; 2] {
        match self.origin {
            KernelOrigin::First => [0, 0],
            KernelOrigin::Center => self.taps.map(|taps| taps / 2),
        }
    }

    /// The spectrum of given taps.
    ///
    /// # Shapes
    /// - input: `[out, in, taps…]`; output: `[out, in, bins…]`
    ///
    /// # Panics
    /// If there are other taps.
    #[track_caller]
    pub fn spectrum_of(&self, taps: Tensor<4>) -> ComplexTensor<4> {
        let dims = taps.dims();
        assert_eq!(
            dims[2..],
            self.taps,
            "a kernel of {:?} taps is expected, got the shape {dims:?}",
            self.taps
        );
        match TapTransform::new(*self) {
            Some(transform) => transform.spectrum_of(taps),
            None => self.padded_spectrum(taps),
        }
    }

    /// The same by a whole transform.
    fn padded_spectrum(&self, taps: Tensor<4>) -> ComplexTensor<4> {
        let mut kernel = ops::zero_pad(taps, &self.grid.size);
        for (axis, (before, size)) in self.before().into_iter().zip(self.grid.size).enumerate() {
            if before > 0 {
                let head = kernel.clone().narrow(2 + axis, 0, before);
                let tail = kernel.narrow(2 + axis, before, size - before);
                kernel = Tensor::cat(vec![tail, head], 2 + axis);
            }
        }
        self.grid.spectrum(kernel)
    }

    /// The kernel of that support whose spectrum is the projection.
    ///
    /// # Shapes
    /// - input: `[out, in, bins…]`; output: `[out, in, taps…]`
    ///
    /// # Panics
    /// If the spectrum has other bins.
    #[track_caller]
    pub fn taps_of(&self, spectrum: ComplexTensor<4>, projection: Projection) -> Tensor<4> {
        self.grid.check(spectrum.dims()).or_panic();
        // The bin of frequency zero.
        let total = spectrum.re.clone().narrow(2, 0, 1).narrow(3, 0, 1);
        let taps = match TapTransform::new(*self) {
            Some(transform) => transform.taps_of(spectrum),
            None => self.cut(self.grid.image(spectrum)),
        };
        match projection {
            Projection::Orthogonal => taps,
            Projection::Oblique => {
                let share = 1.0 / (self.taps[0] * self.taps[1]) as f64;
                let removed = total - taps.clone().sum_dim(2).sum_dim(3);
                taps + removed * share
            }
        }
    }

    /// The support of kernels that fill an image.
    fn cut(&self, mut taps: Tensor<4>) -> Tensor<4> {
        for (axis, (before, size)) in self.before().into_iter().zip(self.grid.size).enumerate() {
            let after = self.taps[axis] - before;
            let tail = taps.clone().narrow(2 + axis, 0, after);
            taps = match before {
                0 => tail,
                _ => {
                    let head = taps.narrow(2 + axis, size - before, before);
                    Tensor::cat(vec![head, tail], 2 + axis)
                }
            };
        }
        taps
    }

    /// The projection of a weight spectrum.
    ///
    /// # Shapes
    /// - input and output: `[out, in, bins…]`
    ///
    /// # Panics
    /// If the spectrum has other bins.
    ///
    /// # Example
    /// ```
    /// use burn::tensor::{Device, Distribution, Tensor};
    /// use burn_spectral::frequency::{Projection, SpectrumGrid, SupportProjection};
    ///
    /// let support = SupportProjection::new(SpectrumGrid::half([8, 9]), [3, 3]);
    /// let kernel = Tensor::<4>::random([2, 1, 3, 3], Distribution::Default, &Device::flex());
    /// let spectrum = support.spectrum_of(kernel.clone());
    /// // A kernel of that support stays as it is.
    /// let same = support.taps_of(support.project(spectrum, Projection::Orthogonal), Projection::Oblique);
    /// assert!((same - kernel).abs().max().into_scalar::<f32>() < 1e-5);
    /// ```
    #[track_caller]
    pub fn project(&self, spectrum: ComplexTensor<4>, projection: Projection) -> ComplexTensor<4> {
        self.spectrum_of(self.taps_of(spectrum, projection))
    }

    /// The energy that the orthogonal projection removes, `Σ_k c_k·|W_k − (PW)_k|² / N` over all
    /// channels: by Parseval that of the taps outside the support, and of what no real kernel has.
    ///
    /// Added to the loss, it is the soft form of the projection. Its gradient with respect to `W_k`
    /// is `2·c_k·(W_k − (PW)_k)/N`.
    ///
    /// # Shapes
    /// - input: `[out, in, bins…]`; output: `[1]`
    ///
    /// # Panics
    /// If the spectrum has other bins.
    #[track_caller]
    pub fn energy_outside(&self, spectrum: ComplexTensor<4>) -> Tensor<1> {
        let (device, dtype) = (spectrum.device(), spectrum.re.dtype());
        let kept = self.project(spectrum.clone(), Projection::Orthogonal);
        let energy = (spectrum - kept).norm_sqr();
        let weights = self.grid.weights(&device, dtype);
        (energy * weights).sum() * (1.0 / self.grid.samples() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, Distribution};

    #[test]
    fn few_taps_transform_as_a_padded_kernel_does() {
        let device = Device::flex();
        for (size, taps) in [
            ([28, 28], [5, 5]),
            ([7, 9], [3, 2]),
            ([2, 2], [2, 2]),
            ([1, 5], [1, 1]),
        ] {
            for grid in [SpectrumGrid::half(size), SpectrumGrid::full(size)] {
                for origin in [KernelOrigin::First, KernelOrigin::Center] {
                    let support = SupportProjection::new(grid, taps).with_origin(origin);
                    let transform = TapTransform::new(support).unwrap();
                    let random = |last: [usize; 2]| {
                        let dims = [3, 2, last[0], last[1]];
                        let range = Distribution::Uniform(-1.0, 1.0);
                        Tensor::<4>::random(dims, range, (&device, DType::F64))
                    };
                    let largest = |x: Tensor<4>| x.abs().max().into_scalar::<f64>();
                    let kernel = random(taps);
                    let [ours, whole] = [
                        transform.spectrum_of(kernel.clone()),
                        support.padded_spectrum(kernel),
                    ];
                    assert!(largest(ours.re - whole.re) < 1e-12, "{support:?}");
                    assert!(largest(ours.im - whole.im) < 1e-12, "{support:?}");
                    let spectrum = ComplexTensor::new(random(grid.bins()), random(grid.bins()));
                    let ours = transform.taps_of(spectrum.clone());
                    let whole = support.cut(grid.image(spectrum));
                    assert!(largest(ours - whole) < 1e-12, "{support:?}");
                }
            }
        }
    }

    #[test]
    fn a_kernel_that_does_not_fit_is_refused() {
        let grid = SpectrumGrid::half([4, 9]);
        let error = SupportProjection::try_new(grid, [5, 5]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the kernel, of size [5, 5], is larger than the input, of size [4, 9]"
        );
        assert!(SupportProjection::try_new(grid, [0, 3]).is_err());
        assert!(SupportProjection::try_new(grid.with_size([0, 4]), [1, 1]).is_err());
    }
}
