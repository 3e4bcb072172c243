//! Activations of complex numbers, applied to each bin.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::activation::{leaky_relu, relu};
use burn::tensor::{Device, Tensor};

use crate::error::OrPanic;
use crate::ops::{self, ChannelSpec, Half};
use crate::scaled::{Floor, over_magnitude};
use crate::spatial::Activation;
use crate::{ComplexTensor, SpectralError, Spectrum};

/// Magnitude below which [`ModRelu`] is linear.
const LINEAR_BELOW: f64 = 1e-6;

/// ReLU on the real and on the imaginary part: `relu(re) + i·relu(im)`.
///
/// The activation of Wood and Larson (2021), named by Trabelsi et al. (2018). Not to be confused
/// with the concatenated ReLU of the same name.
#[derive(Module, Debug, Default)]
pub struct CRelu;

impl CRelu {
    /// Activates.
    ///
    /// # Shapes
    /// - input and output: any
    pub fn forward<const D: usize, S: Spectrum<D>>(&self, spectrum: S) -> S {
        spectrum.map_complex(|z| z.map(relu))
    }
}

/// Leaky ReLU on the real and on the imaginary part, `LeakyReLU(re) + i·LeakyReLU(im)`, with the
/// slope 0.2 below zero that Pan et al. (2022) publish by default.
///
/// What it stands for, a leaky ReLU of the image, it is not: signs of spectra and of images have
/// nothing to do with each other. [`ThroughImage`](super::ThroughImage) is that.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::ComplexTensor;
/// use burn_spectral::frequency::CLeakyRelu;
///
/// let part = |value| Tensor::<1>::from_floats([value], &Device::flex());
/// let out = CLeakyRelu::default().forward(ComplexTensor::new(part(3.0), part(-5.0)));
/// assert_eq!((out.re.into_scalar::<f32>(), out.im.into_scalar::<f32>()), (3.0, -1.0));
/// ```
#[derive(Module, Debug)]
pub struct CLeakyRelu {
    /// Slope below zero.
    pub slope: f64,
}

impl Default for CLeakyRelu {
    fn default() -> Self {
        Self { slope: 0.2 }
    }
}

impl CLeakyRelu {
    /// An activation with the given slope below zero.
    pub fn new(slope: f64) -> Self {
        Self { slope }
    }

    /// Activates.
    ///
    /// # Shapes
    /// - input and output: any
    pub fn forward<const D: usize, S: Spectrum<D>>(&self, spectrum: S) -> S {
        let activation = self.activation();
        let spec = ChannelSpec {
            activation,
            pool: None,
        };
        spectrum.map_complex(|z| match D >= 2 && activation.is_valid() {
            true => z.map(|part| ops::activate_pool(part, spec)),
            false => z.map(|part| leaky_relu(part, self.slope)),
        })
    }

    /// What it does to each part.
    pub fn activation(&self) -> Activation {
        Activation::LeakyRelu { slope: self.slope }
    }
}

/// Keeps numbers whose real and imaginary parts are both non-negative, and sets all others to zero
/// (Guberman, 2016).
#[derive(Module, Debug, Default)]
pub struct ZRelu;

impl ZRelu {
    /// Activates.
    ///
    /// # Shapes
    /// - input and output: any
    pub fn forward<const D: usize, S: Spectrum<D>>(&self, spectrum: S) -> S {
        spectrum.map_complex(|z| {
            let re_negative = z.re.clone().lower_elem(0.0);
            let outside = re_negative.bool_or(z.im.clone().lower_elem(0.0));
            z.map(|part| part.mask_fill(outside.clone(), 0.0))
        })
    }
}

/// Configuration of a [`ModRelu`].
#[derive(Config, Debug, PartialEq)]
pub struct ModReluConfig {
    /// Channels.
    pub channels: usize,
    /// Offset that every channel starts with; 0 by default, where the activation is the identity.
    #[config(default = 0.0)]
    pub offset: f64,
}

impl ModReluConfig {
    /// Creates the layer.
    ///
    /// # Errors
    /// If there are no channels.
    pub fn try_init(&self, device: &Device) -> Result<ModRelu, SpectralError> {
        SpectralError::check_positive("the number of channels", &[self.channels])?;
        Ok(ModRelu {
            offset: Param::from_tensor(Tensor::full([self.channels], self.offset, device)),
        })
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self, device: &Device) -> ModRelu {
        self.try_init(device).or_panic()
    }
}

/// ReLU of the magnitude plus a learned offset per channel, the phase kept:
/// `relu(|z| + b)·z/|z|` (Arjovsky, Shah and Bengio, 2016).
///
/// With `b > 0` that jumps at zero, where it has no phase. Below a magnitude of 1e-6 it is taken as
/// linear, `relu(|z| + b)·z/1e-6`: zero at zero, and the gradient is finite everywhere.
#[derive(Module, Debug)]
pub struct ModRelu {
    /// Offset `b` of each channel, `[channels]`, in units of the magnitude.
    pub offset: Param<Tensor<1>>,
}

impl ModRelu {
    /// Checks that the layer accepts spectra of shape `dims`.
    ///
    /// # Errors
    /// If the channels are not the layer's.
    pub fn check<const D: usize>(&self, dims: [usize; D]) -> Result<(), SpectralError> {
        let [expected] = self.offset.lazy_shape().dims();
        match dims.get(1) == Some(&expected) {
            true => Ok(()),
            false => Err(SpectralError::Channels {
                expected,
                got: dims.to_vec(),
            }),
        }
    }

    /// Activates.
    ///
    /// # Shapes
    /// - input and output: `[batch, channels, bins…]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward<const D: usize, S: Spectrum<D>>(&self, spectrum: S) -> S {
        // Not in the closure, which would report its own line.
        self.check(spectrum.dims()).or_panic();
        spectrum.map_complex(|z| self.activate(z))
    }

    fn activate<const D: usize>(&self, z: ComplexTensor<D>) -> ComplexTensor<D> {
        let mut offset_dims = [1; D];
        offset_dims[1] = z.dims()[1];
        let offset = self.offset.val().reshape(offset_dims);
        match Half::of(&z.re) {
            Some(half) => {
                let z = raised(half.widen(z), half.widen(offset));
                half.round(z)
            }
            None => raised(z, offset),
        }
    }
}

/// `relu(|z| + b)·z/max(|z|, 1e-6)`.
fn raised<const D: usize>(z: ComplexTensor<D>, offset: Tensor<D>) -> ComplexTensor<D> {
    let magnitude = relu(z.clone().abs() + offset);
    over_magnitude(z, LINEAR_BELOW, Floor::Sharp).mul_real(magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(tensor: Tensor<2>) -> Vec<f64> {
        tensor.into_data().iter::<f64>().collect()
    }

    /// One channel: 0, 3 + 4i, −3 + 4i, −3 − 4i, 1e-30.
    fn numbers(device: &Device) -> ComplexTensor<2> {
        ComplexTensor::new(
            Tensor::from_floats([[0.0], [3.0], [-3.0], [-3.0], [1e-30]], device),
            Tensor::from_floats([[0.0], [4.0], [4.0], [-4.0], [0.0]], device),
        )
    }

    #[test]
    fn each_activation_keeps_what_its_definition_says() {
        let device = Device::flex();
        let split = CRelu.forward(numbers(&device).narrow(0, 0, 4));
        assert_eq!(values(split.re), [0.0, 3.0, 0.0, 0.0]);
        assert_eq!(values(split.im), [0.0, 4.0, 4.0, 0.0]);
        let quadrant = ZRelu.forward(numbers(&device).narrow(0, 0, 4));
        assert_eq!(values(quadrant.re), [0.0, 3.0, 0.0, 0.0]);
        assert_eq!(values(quadrant.im), [0.0, 4.0, 0.0, 0.0]);
        let layer = ModReluConfig::new(1).with_offset(-2.5).init(&device);
        let shrunk = layer.forward(numbers(&device).narrow(0, 0, 4));
        assert_eq!(values(shrunk.re), [0.0, 1.5, -1.5, -1.5]);
        assert_eq!(values(shrunk.im), [0.0, 2.0, 2.0, -2.0]);
    }

    #[test]
    fn a_fresh_modulus_activation_is_the_identity() {
        let device = Device::flex();
        let z = numbers(&device);
        let out = ModReluConfig::new(1).init(&device).forward(z.clone());
        for (out, z) in [(out.re, z.re), (out.im, z.im)] {
            assert!((out - z).abs().max().into_scalar::<f32>() < 1e-6);
        }
    }

    #[test]
    fn gradients_are_finite_at_zero_magnitude() {
        let device = Device::flex().autodiff();
        for offset in [-0.5, 0.0, 0.5] {
            let layer = ModReluConfig::new(1).with_offset(offset).init(&device);
            let z = numbers(&device).map(Tensor::require_grad);
            let out = layer.forward(z.clone());
            assert_eq!(values(out.re.clone())[0], 0.0, "offset {offset}");
            let gradients = (out.re + out.im).sum().backward();
            for leaf in [z.re, z.im] {
                let gradient = values(leaf.grad(&gradients).unwrap());
                assert!(
                    gradient.iter().all(|g| g.is_finite()),
                    "offset {offset}: {gradient:?}"
                );
            }
            let gradient = layer.offset.val().grad(&gradients).unwrap();
            assert!(gradient.into_scalar::<f32>().is_finite(), "offset {offset}");
        }
    }

    #[test]
    #[should_panic(expected = "expected 3 channels, got an input of shape [5, 1]")]
    fn other_channels_are_refused() {
        let device = Device::flex();
        ModReluConfig::new(3)
            .init(&device)
            .forward(numbers(&device));
    }

    #[test]
    fn an_activation_of_no_channels_is_refused() {
        let error = ModReluConfig::new(0).try_init(&Device::flex()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the number of channels must be at least 1, got 0"
        );
    }
}
