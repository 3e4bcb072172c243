//! Convolution as an element-wise product of spectra.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::conv::KernelOrigin;
use crate::error::OrPanic;
use crate::ops::{self, Conjugate, MixSpec};
use crate::{ComplexTensor, SpectralError, SpectralInitializer};

use super::elementwise_weight::{ElementwiseWeight, ElementwiseWeights};
use crate::frequency::{Projection, SpectrumGrid, SupportProjection};

/// Which product of spectra an [`ElementwiseConv2d`] takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ElementwiseForm {
    /// `Σ_i X_i·conj(W[o,i])` on half-spectra: what `Conv2d` computes on circularly padded images,
    /// for half the work.
    #[default]
    Repaired,
    /// `Σ_i conj(X_i)·W[o,i]` on full spectra, as Pan et al. (2022) publish it. Of real images and
    /// real taps it is the repaired result reversed circularly, `y[−n]`.
    Published,
}

impl ElementwiseForm {
    /// The spectra it meets, of images of the given size.
    pub fn grid(self, size: [usize; 2]) -> SpectrumGrid {
        match self {
            Self::Repaired => SpectrumGrid::half(size),
            Self::Published => SpectrumGrid::full(size),
        }
    }

    fn conjugate(self) -> Conjugate {
        match self {
            Self::Repaired => Conjugate::Response,
            Self::Published => Conjugate::Input,
        }
    }
}

/// Configuration of an [`ElementwiseConv2d`].
#[derive(Config, Debug, PartialEq)]
pub struct ElementwiseConv2dConfig {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Taps along height and width: those of the kernel that the weights start from and are
    /// projected on.
    pub taps: [usize; 2],
    /// Height and width, in samples, of the images that the spectra belong to.
    pub size: [usize; 2],
    /// The product; the repaired one by default.
    #[config(default = "ElementwiseForm::Repaired")]
    pub form: ElementwiseForm,
    /// What is learned; the taps by default.
    #[config(default = "ElementwiseWeights::Taps")]
    pub weights: ElementwiseWeights,
    /// How the weights start.
    ///
    /// `Conv` takes the spectrum of a kernel with the taps of a fresh `Conv2d`, uniform within
    /// `±1/√(C_in·k²)`. `Published` draws taps from a normal distribution with variance
    /// `2/(C_in·k²)` (He et al., 2015; Keras also truncates it at two standard deviations); a free
    /// spectrum takes its real part from that of one kernel of unscaled `N(0, 1)` taps and its
    /// imaginary part from that of another: the even part of the one and the odd part of the other.
    /// From sample 0 on, half of the energy of such a kernel, except for its first tap, lies outside
    /// its support. `Normal` draws what is learned: taps, or real and imaginary parts.
    #[config(default = "SpectralInitializer::Conv")]
    pub initializer: SpectralInitializer,
    /// Which tap lies on sample 0; the one in the middle by default, so that an image stays in its
    /// place.
    #[config(default = "KernelOrigin::Center")]
    pub origin: KernelOrigin,
}

impl ElementwiseConv2dConfig {
    /// The layer as published: one free weight per bin of the full spectrum, drawn as published, the
    /// kernel in the corner.
    pub fn published(channels: [usize; 2], taps: [usize; 2], size: [usize; 2]) -> Self {
        Self {
            form: ElementwiseForm::Published,
            weights: ElementwiseWeights::Free,
            initializer: SpectralInitializer::Published,
            origin: KernelOrigin::First,
            ..Self::new(channels, taps, size)
        }
    }

    /// Creates the layer.
    ///
    /// # Errors
    /// If channels or sizes are zero or too large, or the kernel does not fit the images.
    pub fn try_init(&self, device: &Device) -> Result<ElementwiseConv2d, SpectralError> {
        SpectralError::check_positive("the number of channels", &self.channels)?;
        let grid = self.form.grid(self.size);
        let support = SupportProjection::try_new(grid, self.taps)?.with_origin(self.origin);
        let [bins, [inputs, outputs]] = [grid.bins(), self.channels];
        SpectralError::check_elements("the weight", &[outputs, inputs, bins[0], bins[1]])?;
        let weight = ElementwiseWeight::init(
            self.channels,
            &support,
            self.weights,
            self.initializer,
            device,
        )?;
        Ok(ElementwiseConv2d {
            weight,
            support,
            projection: match self.weights {
                ElementwiseWeights::Projected(projection) => Some(projection),
                ElementwiseWeights::Free | ElementwiseWeights::Taps => None,
            },
            form: self.form,
        })
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self, device: &Device) -> ElementwiseConv2d {
        self.try_init(device).or_panic()
    }
}

/// A circular cross-correlation on spectra, as a product at every frequency (Pan et al., *Learning
/// Convolutional Neural Networks in the Frequency Domain*, 2022), without bias.
///
/// | form | spectra | product |
/// |---|---|---|
/// | repaired | half | `Y_o = Σ_i X_i·conj(W[o,i])` |
/// | published | full | `Y_o = Σ_i conj(X_i)·W[o,i]` |
///
/// `W` is the spectrum of a kernel `w`. With taps, the repaired form is
/// `y_o[n] = Σ_i Σ_t w[o,i,t]·x_i[n + t − t₀]`, the tap `t₀` on sample 0: `Conv2d` on images padded
/// circularly by `t₀` samples before and `k − 1 − t₀` after, with `t₀ = ⌊k/2⌋` or 0
/// ([`KernelOrigin`]). The published form is that reversed circularly, with which max-pooling over
/// windows does not commute.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_spectral::frequency::SpectrumGrid;
/// use burn_spectral::published::ElementwiseConv2dConfig;
///
/// let device = Device::flex();
/// let images = Tensor::<4>::random([4, 3, 28, 28], Distribution::Default, &device);
/// let layer = ElementwiseConv2dConfig::new([3, 6], [5, 5], [28, 28]).init(&device);
/// let spectrum = layer.forward(SpectrumGrid::half([28, 28]).spectrum(images));
/// assert_eq!(spectrum.dims(), [4, 6, 28, 15]);
/// ```
#[derive(Module, Debug)]
pub struct ElementwiseConv2d {
    /// What is learned.
    pub weight: ElementwiseWeight,
    /// The spectra, and the kernels that the weights are projected on.
    #[module(skip)]
    pub support: SupportProjection,
    /// The projection that free weights go through in the forward pass.
    #[module(skip)]
    pub projection: Option<Projection>,
    /// The product.
    #[module(skip)]
    pub form: ElementwiseForm,
}

impl ElementwiseConv2d {
    /// The spectra that it takes and gives.
    pub fn grid(&self) -> SpectrumGrid {
        self.support.grid
    }

    /// Output and input channels.
    pub fn channels(&self) -> [usize; 2] {
        self.weight.channels()
    }

    /// The weight at every bin as the product takes it, `[out, in, bins…]`.
    pub fn spectrum(&self) -> ComplexTensor<4> {
        match (&self.weight, self.projection) {
            (ElementwiseWeight::Taps(weight), _) => self.support.spectrum_of(weight.taps.val()),
            (ElementwiseWeight::Free(weight), None) => weight.spectrum(),
            (ElementwiseWeight::Free(weight), Some(projection)) => {
                self.support.project(weight.spectrum(), projection)
            }
        }
    }

    /// Checks that the layer accepts spectra of shape `dims`.
    ///
    /// # Errors
    /// If the channels or the bins are not the layer's.
    pub fn check(&self, dims: [usize; 4]) -> Result<(), SpectralError> {
        let [_, expected] = self.channels();
        if dims[1] != expected {
            return Err(SpectralError::Channels {
                expected,
                got: dims.to_vec(),
            });
        }
        self.grid().check(dims)
    }

    /// Filters a spectrum.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, bins…]`; output: `[batch, channels_out, bins…]`; bins are
    ///   those of a half-spectrum, or of a full one in the published form
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward(&self, spectrum: ComplexTensor<4>) -> ComplexTensor<4> {
        self.check(spectrum.dims()).or_panic();
        let spec = MixSpec {
            groups: 1,
            conjugate: self.form.conjugate(),
        };
        ops::mix(spectrum, self.spectrum(), spec)
    }

    /// The layer with its free weights replaced by their projection, for the next pass to see and
    /// the optimizer to go on from; taps need none. The published code evaluates, then projects, at
    /// every step: when, and how often, is the caller's choice.
    #[must_use]
    pub fn project(self, projection: Projection) -> Self {
        let ElementwiseWeight::Free(mut weight) = self.weight else {
            return self;
        };
        let kept = weight.spectrum().map(Tensor::without_autodiff);
        let kept = self.support.project(kept, projection);
        let replaced = |old: Tensor<4>, new: Tensor<4>| match old.device().is_autodiff() {
            false => new,
            true => Tensor::from_inner(new).set_require_grad(old.is_require_grad()),
        };
        weight.re = weight.re.map(|old| replaced(old, kept.re));
        weight.im = weight.im.map(|old| replaced(old, kept.im));
        Self {
            weight: ElementwiseWeight::Free(weight),
            ..self
        }
    }

    /// The energy of the weights outside the small kernel, as
    /// [`SupportProjection::energy_outside`]: the soft form of the projection. Zero for taps, and
    /// for weights that the forward pass projects what that takes away.
    ///
    /// # Shapes
    /// - output: `[1]`
    pub fn energy_outside(&self) -> Tensor<1> {
        match &self.weight {
            ElementwiseWeight::Free(weight) => self.support.energy_outside(weight.spectrum()),
            ElementwiseWeight::Taps(weight) => {
                let taps = weight.taps.val();
                Tensor::zeros([1], (&taps.device(), taps.dtype()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(config: &ElementwiseConv2dConfig) -> usize {
        config.init(&Device::flex()).num_params()
    }

    #[test]
    fn a_layer_has_a_weight_a_bin_or_a_tap() {
        let published = ElementwiseConv2dConfig::published([6, 16], [5, 5], [14, 14]);
        assert_eq!(parameters(&published), 2 * 6 * 16 * 14 * 14);
        let taps = published.clone().with_weights(ElementwiseWeights::Taps);
        assert_eq!(parameters(&taps), 6 * 16 * 5 * 5);
        let half = published.with_form(ElementwiseForm::Repaired);
        assert_eq!(parameters(&half), 2 * 6 * 16 * 14 * 8);
    }

    #[test]
    fn what_a_layer_cannot_take_is_refused() {
        let device = Device::flex();
        let layer = ElementwiseConv2dConfig::new([2, 3], [3, 3], [8, 6]).init(&device);
        assert!(layer.check([5, 2, 8, 4]).is_ok());
        let refused = |dims| layer.check(dims).unwrap_err().to_string();
        assert_eq!(
            refused([5, 3, 8, 4]),
            "expected 2 channels, got an input of shape [5, 3, 8, 4]"
        );
        assert_eq!(
            refused([5, 2, 8, 6]),
            "expected spectra with [8, 4] bins, those of images of size [8, 6], got [8, 6]"
        );
        let config = ElementwiseConv2dConfig::new([2, 3], [3, 9], [8, 6]);
        assert_eq!(
            config.try_init(&device).unwrap_err().to_string(),
            "the kernel, of size [3, 9], is larger than the input, of size [8, 6]"
        );
        let config = ElementwiseConv2dConfig::new([0, 3], [3, 3], [8, 6]);
        assert_eq!(
            config.try_init(&device).unwrap_err().to_string(),
            "the number of channels must be at least 1, got 0"
        );
    }
}
