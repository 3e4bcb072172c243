//! What an element-wise convolution learns: one weight per bin, or a few taps.

use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};
use serde::{Deserialize, Serialize};

use crate::{ComplexTensor, SpectralError, SpectralInitializer};

use crate::frequency::{Projection, SupportProjection};

/// How an element-wise convolution holds its weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ElementwiseWeights {
    /// One free complex weight per bin. [`ElementwiseConv2d::project`](super::ElementwiseConv2d::project)
    /// brings it back to a small kernel when the caller says so.
    Free,
    /// One free complex weight per bin, projected in every forward pass: gradients see the projection.
    Projected(Projection),
    /// The taps, zero-padded and transformed in every forward pass: the same functions as after a
    /// projection, with far fewer weights. The memory-saving version of Pan et al. (2022).
    #[default]
    Taps,
}

/// One complex weight per bin.
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
    /// One complex weight per bin.
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
        init: SpectralInitializer,
        device: &Device,
    ) -> Result<Self, SpectralError> {
        let [inputs, outputs] = channels;
        let [height, width] = support.taps;
        let draw =
            |distribution| Tensor::random([outputs, inputs, height, width], distribution, device);
        let fan = (inputs * height * width) as f64;
        let taps = || match init {
            SpectralInitializer::Conv => {
                let bound = fan.recip().sqrt();
                Ok(draw(Distribution::Uniform(-bound, bound)))
            }
            SpectralInitializer::Published => {
                Ok(draw(Distribution::Normal(0.0, (2.0 / fan).sqrt())))
            }
            SpectralInitializer::Normal(deviation) => {
                Ok(draw(SpectralInitializer::normal(deviation)?))
            }
            other => Err(other.unsupported("ElementwiseConv2d", "Conv, Published or Normal")),
        };
        Ok(match (weights, init) {
            (ElementwiseWeights::Taps, _) => Self::Taps(TapWeight {
                taps: Param::from_tensor(taps()?),
            }),
            (_, SpectralInitializer::Normal(deviation)) => {
                let noise = SpectralInitializer::normal(deviation)?;
                let [height, bins] = support.grid.bins();
                let part = || Tensor::random([outputs, inputs, height, bins], noise, device);
                Self::Free(FreeWeight::new(ComplexTensor::new(part(), part())))
            }
            (_, SpectralInitializer::Published) => {
                let unscaled = || support.spectrum_of(draw(Distribution::Normal(0.0, 1.0)));
                let (real, imaginary) = (unscaled(), unscaled());
                Self::Free(FreeWeight::new(ComplexTensor::new(real.re, imaginary.im)))
            }
            _ => Self::Free(FreeWeight::new(support.spectrum_of(taps()?))),
        })
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
