//! What an element-wise convolution learns: a weight a bin, or a few taps.

use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};
use serde::{Deserialize, Serialize};

use crate::ComplexTensor;

use super::support::{Projection, SupportProjection};

/// How an element-wise convolution holds its weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ElementwiseWeights {
    /// A free complex number a bin. [`ElementwiseConv2d::project`](super::ElementwiseConv2d::project)
    /// brings it back to a small kernel when the caller says so.
    Free,
    /// A free complex number a bin, projected in every forward pass: gradients see the projection.
    Projected(Projection),
    /// The taps, zero-padded and transformed in every forward pass: the same functions as after a
    /// projection, with far fewer weights. The memory-saving version of Pan et al. (2022).
    #[default]
    Taps,
}

/// How the weights of an element-wise convolution start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ElementwiseInit {
    /// As the spectrum of a kernel with the taps of a fresh `Conv2d`, uniform within
    /// `±1/√(C_in·k²)`.
    #[default]
    Conv,
    /// As published. Taps are normal with variance `2/(C_in·k²)` (He et al., 2015; Keras also cuts
    /// them at two deviations). A free spectrum takes its real part from that of one kernel of
    /// unscaled `N(0, 1)` taps and its imaginary part from that of another: the even part of the one
    /// and the odd part of the other. From sample 0 on, half of the energy of such a kernel, but for
    /// its first tap, lies outside its support.
    Published,
}

/// A complex number a bin.
#[derive(Module, Debug)]
pub struct FreeWeight {
    /// Real part, `[out, in, bins…]`.
    pub re: Param<Tensor<4>>,
    /// Imaginary part, `[out, in, bins…]`.
    pub im: Param<Tensor<4>>,
}

impl FreeWeight {
    fn new(spectrum: ComplexTensor<4>) -> Self {
        Self {
            re: Param::from_tensor(spectrum.re),
            im: Param::from_tensor(spectrum.im),
        }
    }

    /// The spectrum.
    pub fn spectrum(&self) -> ComplexTensor<4> {
        ComplexTensor::new(self.re.val(), self.im.val())
    }
}

/// The taps of a small kernel.
#[derive(Module, Debug)]
pub struct TapWeight {
    /// Taps, `[out, in, taps…]`.
    pub taps: Param<Tensor<4>>,
}

/// The weights of an [`ElementwiseConv2d`](super::ElementwiseConv2d).
#[derive(Module, Debug)]
pub enum ElementwiseWeight {
    /// A complex number a bin.
    Free(FreeWeight),
    /// The taps of a small kernel.
    Taps(TapWeight),
}

impl ElementwiseWeight {
    /// Fresh weights from `channels[0]` to `channels[1]` channels.
    pub(super) fn init(
        channels: [usize; 2],
        support: &SupportProjection,
        weights: ElementwiseWeights,
        init: ElementwiseInit,
        device: &Device,
    ) -> Self {
        let [inputs, outputs] = channels;
        let [height, width] = support.taps;
        let draw =
            |distribution| Tensor::random([outputs, inputs, height, width], distribution, device);
        let fan = (inputs * height * width) as f64;
        let taps = || match init {
            ElementwiseInit::Conv => {
                let bound = fan.recip().sqrt();
                draw(Distribution::Uniform(-bound, bound))
            }
            ElementwiseInit::Published => draw(Distribution::Normal(0.0, (2.0 / fan).sqrt())),
        };
        match (weights, init) {
            (ElementwiseWeights::Taps, _) => Self::Taps(TapWeight {
                taps: Param::from_tensor(taps()),
            }),
            (_, ElementwiseInit::Conv) => Self::Free(FreeWeight::new(support.spectrum_of(taps()))),
            (_, ElementwiseInit::Published) => {
                let unscaled = || support.spectrum_of(draw(Distribution::Normal(0.0, 1.0)));
                let (real, imaginary) = (unscaled(), unscaled());
                Self::Free(FreeWeight::new(ComplexTensor::new(real.re, imaginary.im)))
            }
        }
    }

    /// Output and input channels.
    pub(super) fn channels(&self) -> [usize; 2] {
        let [outputs, inputs, ..] = match self {
            Self::Free(weight) => weight.re.lazy_shape().dims::<4>(),
            Self::Taps(weight) => weight.taps.lazy_shape().dims::<4>(),
        };
        [outputs, inputs]
    }
}
