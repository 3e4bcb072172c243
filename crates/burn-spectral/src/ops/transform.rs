//! Transforms between signals and spectra, and the reversal that conjugates a spectrum.

use burn::backend::TensorMetadata;
use burn::tensor::{Shape, Tensor};
use spectral_kernels::{BinWeight, PrunedFft};

use super::fallback;
use super::planes::{ContiguousPlanes, Planes, filled_planes, last_axes};
use super::spec::{Axes, ComplexTransform, RealTransform, SavedSpectrum};
use crate::ComplexTensor;
use fused_layers::operation::flex::{Contiguous, filled};
use fused_layers::operation::{
    FlexTensor, Forward, Gradients, KernelOperation, Names, Tensors, apply,
};

/// Half-spectrum of a real signal.
pub(crate) fn rfft<const D: usize>(
    signal: Tensor<D>,
    transform: RealTransform,
) -> ComplexTensor<D> {
    apply(Rfft(transform), signal, |_, signal| {
        fallback::rfft(signal, transform)
    })
}

/// Real signal of a half-spectrum.
pub(crate) fn irfft<const D: usize>(
    spectrum: ComplexTensor<D>,
    transform: RealTransform,
) -> Tensor<D> {
    apply(Irfft(transform), spectrum, |_, spectrum| {
        fallback::irfft(spectrum, transform)
    })
}

/// Complex transform.
pub(crate) fn fft<const D: usize>(
    input: ComplexTensor<D>,
    transform: ComplexTransform,
) -> ComplexTensor<D> {
    apply(transform, input, |_, input| fallback::fft(input, transform))
}

/// Reverses the last `spatial` axes circularly: `y[n] = x[−n mod N]`, what conjugating a spectrum
/// does to the signal.
///
/// # Shapes
/// - input and output: `[batch, channels, spatial…]`
pub fn circular_reverse<const D: usize>(x: Tensor<D>, spatial: usize) -> Tensor<D> {
    apply(Reverse { spatial }, x, |_, x| {
        fallback::circular_reverse(x, spatial)
    })
}

/// [`rfft`] on the kernels.
pub(super) fn rfft_planes(signal: FlexTensor, transform: RealTransform) -> Planes {
    let shape = signal.shape();
    let output = transform.spectrum_shape(&shape);
    let signal = Contiguous::new(signal);
    filled_planes!(signal, E, &output, |out| {
        let (scale, weight) = (transform.scale as E, transform.weight);
        match transform.axes {
            Axes::One(axis) => {
                let axis = Axes::split(axis, &shape);
                spectral_kernels::rfft_axis(axis, scale, weight, signal.slice::<E>(), out);
            }
            Axes::Last(count) => {
                let (batch, sizes) = last_axes(&shape, count);
                spectral_kernels::rfftn(batch, sizes, scale, weight, signal.slice::<E>(), out);
            }
        }
    })
}

/// [`irfft`] on the kernels.
pub(super) fn irfft_planes(spectrum: Planes, transform: RealTransform) -> FlexTensor {
    let shape = transform.signal_shape(&spectrum[0].shape());
    let spectrum = ContiguousPlanes::new(spectrum);
    filled!(spectrum, E, &shape, |out| {
        let (scale, weight) = (transform.scale as E, transform.weight);
        match transform.axes {
            Axes::One(axis) => {
                let axis = Axes::split(axis, &shape);
                spectral_kernels::irfft_axis(axis, scale, weight, spectrum.planar::<E>(), out);
            }
            Axes::Last(count) => {
                let (batch, sizes) = last_axes(&shape, count);
                spectral_kernels::irfftn(batch, sizes, scale, weight, spectrum.planar::<E>(), out);
            }
        }
    })
}

fn fft_planes(input: Planes, transform: ComplexTransform) -> Planes {
    let shape = input[0].shape();
    let input = ContiguousPlanes::new(input);
    filled_planes!(input, E, &shape, |out| {
        let (direction, scale) = (transform.direction, transform.scale as E);
        match transform.axes {
            Axes::One(axis) => {
                let axis = Axes::split(axis, &shape);
                spectral_kernels::fft_axis(axis, direction, scale, input.planar::<E>(), out);
            }
            Axes::Last(count) => {
                let (batch, sizes) = last_axes(&shape, count);
                spectral_kernels::fftn(batch, sizes, direction, scale, input.planar::<E>(), out);
            }
        }
    })
}

/// A transform between signals `[…, …, spatial…]` and spectra `[…, …, bins…]` that skips what is zero or not kept, with
/// factors on its result.
pub(super) struct PrunedTransform {
    pub(super) fft: PrunedFft,
    pub(super) scale: f64,
    pub(super) weight: BinWeight,
}

impl PrunedTransform {
    pub(super) fn new(fft: PrunedFft, scale: f64, weight: BinWeight) -> Self {
        Self { fft, scale, weight }
    }

    /// Spectra of shape `shape`.
    pub(super) fn rfft(&self, signal: FlexTensor, shape: &Shape) -> Planes {
        let (batch, signal) = (shape[0] * shape[1], Contiguous::new(signal));
        filled_planes!(signal, E, shape, |out| {
            let scale = self.scale as E;
            self.fft
                .rfftn(batch, scale, self.weight, signal.slice(), out);
        })
    }

    /// Signals of shape `shape`.
    pub(super) fn irfft(&self, spectrum: Planes, shape: &Shape) -> FlexTensor {
        let (batch, spectrum) = (shape[0] * shape[1], ContiguousPlanes::new(spectrum));
        filled!(spectrum, E, shape, |out| {
            let scale = self.scale as E;
            self.fft
                .irfftn(batch, scale, self.weight, spectrum.planar(), out);
        })
    }
}

/// What is saved of a signal whose spectrum the adjoint needs.
#[derive(Clone, Debug)]
pub enum SavedSignal {
    Spectrum(Planes),
    Itself(FlexTensor),
}

impl SavedSignal {
    pub(super) fn spectrum(self, rfft: impl FnOnce(FlexTensor) -> Planes) -> Planes {
        match self {
            Self::Spectrum(spectrum) => spectrum,
            Self::Itself(signal) => rfft(signal),
        }
    }
}

/// The spectrum of a signal, and what is saved of it, if anything.
pub(super) fn analyzed(
    signal: FlexTensor,
    saved: Option<SavedSpectrum>,
    rfft: impl FnOnce(FlexTensor) -> Planes,
) -> (Planes, Option<SavedSignal>) {
    let itself = (saved == Some(SavedSpectrum::Recompute)).then(|| signal.clone());
    let spectrum = rfft(signal);
    let saved = saved.map(|_| match itself {
        Some(signal) => SavedSignal::Itself(signal),
        None => SavedSignal::Spectrum(spectrum.clone()),
    });
    (spectrum, saved)
}

#[derive(Clone, Debug)]
struct Rfft(RealTransform);

impl KernelOperation<1, 2> for Rfft {
    const INPUTS: Names = &["signal"];
    type Saved = ();

    fn forward(&self, [signal]: Tensors<1>, _: [bool; 1]) -> Forward<(), 2> {
        Forward::new(rfft_planes(signal, self.0), ())
    }

    fn adjoint(self, _: (), grad: Planes, _: [bool; 1]) -> Gradients<1> {
        [Some(irfft_planes(
            grad,
            self.0.with_weight(BinWeight::Halve),
        ))]
    }
}

#[derive(Clone, Debug)]
struct Irfft(RealTransform);

impl KernelOperation<2, 1> for Irfft {
    const INPUTS: Names = &["real part", "imaginary part"];
    type Saved = ();

    fn forward(&self, spectrum: Planes, _: [bool; 2]) -> Forward<(), 1> {
        Forward::new([irfft_planes(spectrum, self.0)], ())
    }

    fn adjoint(self, _: (), [grad]: Tensors<1>, _: [bool; 2]) -> Gradients<2> {
        rfft_planes(grad, self.0.with_weight(BinWeight::Double)).map(Some)
    }
}

impl KernelOperation<2, 2> for ComplexTransform {
    const INPUTS: Names = &["real part", "imaginary part"];
    type Saved = ();

    fn forward(&self, input: Planes, _: [bool; 2]) -> Forward<(), 2> {
        Forward::new(fft_planes(input, *self), ())
    }

    fn adjoint(self, _: (), grad: Planes, _: [bool; 2]) -> Gradients<2> {
        fft_planes(grad, ComplexTransform::adjoint(self)).map(Some)
    }
}

/// A permutation that is its own inverse, and so its own adjoint.
#[derive(Clone, Debug)]
struct Reverse {
    spatial: usize,
}

impl Reverse {
    fn run(&self, x: FlexTensor) -> FlexTensor {
        let shape = x.shape();
        let (batch, sizes) = last_axes(&shape, self.spatial);
        let x = Contiguous::new(x);
        filled!(x, &shape, |out| {
            spectral_kernels::reverse(batch, sizes, x.slice(), out);
        })
    }
}

impl KernelOperation<1, 1> for Reverse {
    const INPUTS: Names = &["signal"];
    type Saved = ();

    fn forward(&self, [x]: Tensors<1>, _: [bool; 1]) -> Forward<(), 1> {
        Forward::new([self.run(x)], ())
    }

    fn adjoint(self, _: (), [grad]: Tensors<1>, _: [bool; 1]) -> Gradients<1> {
        [Some(self.run(grad))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, Distribution};
    use fused_layers::operation::buffer;

    #[test]
    fn a_used_buffer_leaves_no_trace_in_the_next_result() {
        // Above the bound in f64, with sizes that take every path of the transforms.
        let device = Device::flex();
        let shape = [3, 2, 419, 421];
        let x = Tensor::<4>::random(shape, Distribution::Default, (&device, DType::F64));
        let round_trip = |x: Tensor<4>| {
            let spectrum = crate::fft::rfft2(x, crate::Norm::Ortho);
            crate::fft::irfft2(spectrum, crate::Norm::Ortho)
        };
        let first = round_trip(x.clone()).into_data();
        for count in [3 * 2 * 419 * 211, 3 * 2 * 419 * 421] {
            for _ in 0..3 {
                drop(buffer::into_tensor(
                    vec![f64::NAN; count],
                    &Shape::new([count]),
                ));
            }
        }
        assert_eq!(round_trip(x).into_data(), first);
    }
}
