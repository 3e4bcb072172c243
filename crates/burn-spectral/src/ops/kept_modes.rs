//! Transforms between signals and the lowest modes of their spectra, without the other bins.

use burn::backend::TensorMetadata;
use burn::tensor::{Shape, Tensor};
use spectral_kernels::{BinWeight, Modes, PrunedFft};

use super::fallback;
use super::modes::{keep_modes, spread_modes};
use super::planes::{ContiguousPlanes, Planes, filled_planes, last_axes};
use super::spec::{Axes, RealTransform};
use crate::ComplexTensor;
use fused_layers::operation::flex::{Contiguous, filled};
use fused_layers::operation::{
    FlexTensor, Forward, Gradients, KernelOperation, Names, Tensors, apply,
};

/// The Fourier coefficients of real signals on the lowest modes of their last axes,
/// `X[k] = 1/N · Σ_j x[j]·exp(−2πi·Σ_a j_a·k_a/n_a)`: those of a function on the grid, whatever the number of samples.
///
/// Equal to `rfftn` with [`Norm::Forward`](crate::Norm::Forward) and a slice of its result, but lines of which nothing is
/// kept are not transformed.
///
/// # Shapes
/// - input: `[…, spatial…]`, an axis for each of `modes`, at most three
/// - output: `[…, kept…]`, on each axis the bins from 0 up, then those of the negative frequencies
///
/// # Panics
/// When an axis has fewer bins than its modes.
pub fn rfft_modes<const D: usize>(signal: Tensor<D>, modes: &[Modes]) -> ComplexTensor<D> {
    let transform = KeptModes::new(modes, &signal.dims());
    apply(Analysis(transform), signal, |operation, signal| {
        rfft_modes_fallback(signal, &operation.0.modes)
    })
}

/// [`rfft_modes`] in ordinary tensor ops, by way of the whole spectrum.
pub fn rfft_modes_fallback<const D: usize>(signal: Tensor<D>, modes: &[Modes]) -> ComplexTensor<D> {
    let transform = KeptModes::new(modes, &signal.dims());
    let whole = fallback::rfft(signal, transform.whole(transform.scale()));
    keep_modes(whole, modes)
}

/// The real signals of `sizes` samples that have these Fourier coefficients on the lowest modes and zero elsewhere: the
/// inverse of [`rfft_modes`], on a grid of any size that has the modes.
///
/// Where a coefficient and its complex conjugate share a place, as on the axis where the last index is zero, the result
/// keeps the part that a real signal can have (see [`crate::fft`]).
///
/// # Shapes
/// - `kept`: `[…, kept…]`
/// - output: `[…, sizes…]`
///
/// # Panics
/// When an axis has fewer bins than its modes, or there is not one size for each of `modes`.
pub fn irfft_modes<const D: usize>(
    kept: ComplexTensor<D>,
    modes: &[Modes],
    sizes: &[usize],
) -> Tensor<D> {
    assert_eq!(
        modes.len(),
        sizes.len(),
        "irfft_modes: one size for each axis of modes"
    );
    let transform = KeptModes::new(modes, sizes);
    apply(Synthesis(transform), kept, |operation, kept| {
        irfft_modes_fallback(kept, &operation.0.modes, &operation.0.sizes)
    })
}

/// [`irfft_modes`] in ordinary tensor ops, by way of the whole spectrum.
pub fn irfft_modes_fallback<const D: usize>(
    kept: ComplexTensor<D>,
    modes: &[Modes],
    sizes: &[usize],
) -> Tensor<D> {
    let whole = KeptModes::new(modes, sizes).whole(1.0);
    fallback::irfft(spread_modes(kept, modes, sizes), whole)
}

/// A pruned transform over the last axes.
#[derive(Clone, Debug)]
struct KeptModes {
    modes: Vec<Modes>,
    /// Samples along the transformed axes.
    sizes: Vec<usize>,
}

impl KeptModes {
    /// The transform for arrays whose shape ends in the signal's sizes.
    fn new(modes: &[Modes], shape: &[usize]) -> Self {
        Self {
            modes: modes.to_vec(),
            sizes: shape[shape.len() - modes.len()..].to_vec(),
        }
    }

    /// The factor that makes sums coefficients.
    fn scale(&self) -> f64 {
        1.0 / self.sizes.iter().product::<usize>() as f64
    }

    /// The transform that keeps all bins.
    fn whole(&self, scale: f64) -> RealTransform {
        let axes = self.sizes.len();
        RealTransform::new(Axes::Last(axes), self.sizes[axes - 1], scale)
    }

    fn fft(&self) -> PrunedFft {
        PrunedFft::new(&self.sizes).with_modes(&self.modes)
    }

    /// `shape` with other sizes of its last axes.
    fn shape(&self, shape: &Shape, sizes: impl Iterator<Item = usize>) -> Shape {
        let mut shape = shape.clone();
        let first = shape.num_dims() - self.sizes.len();
        for (axis, size) in (first..).zip(sizes) {
            shape[axis] = size;
        }
        shape
    }

    fn rfft(&self, signal: FlexTensor, scale: f64, weight: BinWeight) -> Planes {
        let kept = self.modes.iter().map(|modes| modes.kept());
        let shape = self.shape(&signal.shape(), kept);
        let (batch, _) = last_axes(&shape, self.sizes.len());
        let signal = Contiguous::new(signal);
        filled_planes!(signal, E, &shape, |out| {
            self.fft()
                .rfftn(batch, scale as E, weight, signal.slice(), out);
        })
    }

    fn irfft(&self, kept: Planes, scale: f64, weight: BinWeight) -> FlexTensor {
        let shape = self.shape(&kept[0].shape(), self.sizes.iter().copied());
        let (batch, _) = last_axes(&shape, self.sizes.len());
        let kept = ContiguousPlanes::new(kept);
        filled!(kept, E, &shape, |out| {
            self.fft()
                .irfftn(batch, scale as E, weight, kept.planar(), out);
        })
    }
}

#[derive(Clone, Debug)]
struct Analysis(KeptModes);

impl KernelOperation<1, 2> for Analysis {
    const INPUTS: Names = &["signal"];
    type Saved = ();

    fn forward(&self, [signal]: Tensors<1>, _: [bool; 1]) -> Forward<(), 2> {
        Forward::new(self.0.rfft(signal, self.0.scale(), BinWeight::One), ())
    }

    fn adjoint(self, _: (), grad: Planes, _: [bool; 1]) -> Gradients<1> {
        [Some(self.0.irfft(grad, self.0.scale(), BinWeight::Halve))]
    }
}

#[derive(Clone, Debug)]
struct Synthesis(KeptModes);

impl KernelOperation<2, 1> for Synthesis {
    const INPUTS: Names = &["real part", "imaginary part"];
    type Saved = ();

    fn forward(&self, kept: Planes, _: [bool; 2]) -> Forward<(), 1> {
        Forward::new([self.0.irfft(kept, 1.0, BinWeight::One)], ())
    }

    fn adjoint(self, _: (), [grad]: Tensors<1>, _: [bool; 2]) -> Gradients<2> {
        self.0.rfft(grad, 1.0, BinWeight::Double).map(Some)
    }
}
