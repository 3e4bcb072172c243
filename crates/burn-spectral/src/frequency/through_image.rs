//! Activation, dropout and pooling of the image of a spectrum.

use burn::config::Config;
use burn::module::Module;
use burn::nn::activation::{Activation, ActivationConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::{Device, Tensor};

use crate::error::OrPanic;
use crate::ops::{self, Axes, RealTransform};
use crate::pool::resize_spectrum2d;
use crate::spectrum::SpectrumExtent;
use crate::{ComplexTensor, SpectralError, spatial};

use super::norm::ImageNorm;
use super::spectrum_grid::SpectrumGrid;

/// Configuration of a [`ThroughImage`].
#[derive(Config, Debug)]
pub struct ThroughImageConfig {
    /// The spectra that come in.
    pub grid: SpectrumGrid,
    /// The activation, a pointwise one.
    pub activation: ActivationConfig,
    /// How many times finer, along each axis, the grid is on which the activation acts; 1 by
    /// default, 2 for one (almost) without aliases.
    #[config(default = 1)]
    pub factor: usize,
    /// Probability that a pixel is dropped after the activation, in training; 0 by default.
    #[config(default = 0.0)]
    pub dropout: f64,
    /// Windows of a max-pooling after that; none by default.
    pub pool: Option<[usize; 2]>,
    /// Rows and columns of zeros at the end of the images that come in; none by default. What a
    /// convolution carries into them is cut off.
    #[config(default = "[0, 0]")]
    pub margin: [usize; 2],
    /// Those of the images that go out; none by default.
    #[config(default = "[0, 0]")]
    pub output_margin: [usize; 2],
}

impl ThroughImageConfig {
    /// Creates the layer.
    ///
    /// # Errors
    /// If a size, the factor or a window is zero or too large, when a window is larger than the images, when the
    /// probability lies outside 0 to 1, or when a margin leaves nothing of the images or meets a finer
    /// grid.
    pub fn try_init(&self, device: &Device) -> Result<ThroughImage, SpectralError> {
        self.grid.check_size()?;
        SpectralError::check_positive("the upsampling factor", &[self.factor])?;
        SpectralError::check_fraction("the dropout probability", self.dropout)?;
        // Burn scales what is kept by 1/(1 − p).
        if self.dropout == 1.0 {
            return Err(SpectralError::NotPositive {
                what: "the probability that dropout keeps a value",
                value: "0".into(),
            });
        }
        let image =
            core::array::from_fn(|axis| self.grid.size[axis].saturating_sub(self.margin[axis]));
        let what = format!(
            "every size of images of {:?} without a margin of {:?}",
            self.grid.size, self.margin
        );
        SpectralError::check_positive(&what, &image)?;
        if self.factor > 1 && (self.margin, self.output_margin) != ([0, 0], [0, 0]) {
            return Err(SpectralError::Domain {
                expected: "no margins with an upsampling factor above 1",
                got: format!("margins with a factor of {}", self.factor),
            });
        }
        SpectralError::check_sizes("the margin", &self.output_margin)?;
        fine_size(self.grid.size, self.factor)?;
        let image = self.grid.with_size(image);
        let pool = self.pool.map(|window| max_pool(image, window));
        Ok(ThroughImage {
            margin: self.margin,
            output_margin: self.output_margin,
            activation: self.activation.init(device),
            dropout: DropoutConfig::new(self.dropout).init(),
            pool: pool.transpose()?,
            factor: self.factor,
            grid: self.grid,
        })
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self, device: &Device) -> ThroughImage {
        self.try_init(device).or_panic()
    }
}

/// The size of a grid `factor` times as fine.
fn fine_size(size: [usize; 2], factor: usize) -> Result<[usize; 2], SpectralError> {
    let what = format!("a size of {size:?} times the upsampling factor");
    let along = |axis: usize| SpectralError::checked_product(&what, [size[axis], factor]);
    let fine = [along(0)?, along(1)?];
    SpectralError::check_elements("one channel of an image on the finer grid", &fine)?;
    Ok(fine)
}

/// A max-pooling over windows side by side that leaves something of the images.
pub(crate) fn max_pool(grid: SpectrumGrid, window: [usize; 2]) -> Result<MaxPool2d, SpectralError> {
    grid.check_size()?;
    SpectralError::check_positive("every size of a pooling window", &window)?;
    let what = format!(
        "every size of images of {:?} pooled over windows of {window:?}",
        grid.size
    );
    SpectralError::check_positive(&what, &pooled(grid, window).size)?;
    Ok(MaxPool2dConfig::new(window).with_strides(window).init())
}

/// The spectra of the pooled images; what fills no window is dropped.
pub(crate) fn pooled(grid: SpectrumGrid, window: [usize; 2]) -> SpectrumGrid {
    grid.with_size([grid.size[0] / window[0], grid.size[1] / window[1]])
}

/// Inverse transform, activation, dropout, max-pooling, transform: each the operation itself, where
/// a layer that stays on the spectrum has an approximation of it at best. What is asked for shares
/// one pair of transforms.
///
/// Anti-aliased, the spectrum is padded with zeros to `factor` times the size before the activation
/// and cropped after it, as [`AntiAliasedActivation`](crate::pool::AntiAliasedActivation) does with
/// images; the rules at the Nyquist frequencies are those of [`crate::pool`]. Half-spectra should then
/// be those of real images: what others hold on the last column of an even width, the finer grid
/// shows and the image's own does not.
///
/// With [margins](ThroughImageConfig::margin) images lie in grids a little larger than they are,
/// and a circular convolution on these is the one with zeros around the image: `k/2` rows and columns
/// of zeros serve both borders of a kernel of `k` taps, centered, as the grid wraps around.
///
/// # Example
/// ```
/// use burn::nn::activation::ActivationConfig;
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_spectral::frequency::{SpectrumGrid, ThroughImageConfig};
///
/// let device = Device::flex();
/// let grid = SpectrumGrid::half([28, 28]);
/// let layer = ThroughImageConfig::new(grid, ActivationConfig::Relu)
///     .with_pool(Some([2, 2]))
///     .init(&device);
/// let images = Tensor::<4>::random([4, 6, 28, 28], Distribution::Default, &device);
/// assert_eq!(layer.forward(grid.spectrum(images)).dims(), [4, 6, 14, 8]);
/// ```
#[derive(Module, Debug)]
pub struct ThroughImage {
    /// The activation.
    pub activation: Activation,
    /// The dropout, in training.
    pub dropout: Dropout,
    /// The pooling.
    pub pool: Option<MaxPool2d>,
    /// How many times finer the grid of the activation is.
    pub factor: usize,
    /// The spectra that come in.
    #[module(skip)]
    pub grid: SpectrumGrid,
    /// Rows and columns of zeros at the end of the images that come in.
    #[module(skip)]
    pub margin: [usize; 2],
    /// Those of the images that go out.
    #[module(skip)]
    pub output_margin: [usize; 2],
}

impl ThroughImage {
    /// The spectra that come out.
    pub fn output_grid(&self) -> SpectrumGrid {
        let [height, width] = self.grid.size;
        let image = self
            .grid
            .with_size([height - self.margin[0], width - self.margin[1]]);
        let [height, width] = match &self.pool {
            Some(pool) => pooled(image, pool.kernel_size).size,
            None => image.size,
        };
        self.grid.with_size([
            height + self.output_margin[0],
            width + self.output_margin[1],
        ])
    }

    /// Checks that the layer accepts spectra of shape `dims`.
    ///
    /// # Errors
    /// If the bins are not those of the layer's grid.
    pub fn check(&self, dims: [usize; 4]) -> Result<(), SpectralError> {
        self.grid.check(dims)
    }

    /// The image of a spectrum, without its margin.
    fn image(&self, spectrum: ComplexTensor<4>) -> Tensor<4> {
        let mut images = self.grid.image(spectrum);
        for axis in [0, 1].into_iter().filter(|&axis| self.margin[axis] > 0) {
            let kept = self.grid.size[axis] - self.margin[axis];
            images = ops::narrow(images, 2 + axis, 0, kept);
        }
        images
    }

    /// The spectrum of an image, with its margin.
    fn spectrum(&self, images: Tensor<4>) -> ComplexTensor<4> {
        let grid = self.output_grid();
        grid.spectrum(ops::zero_pad(images, &grid.size))
    }

    /// Applies the layer.
    ///
    /// # Shapes
    /// - input: `[batch, channels, bins…]`
    /// - output: `[batch, channels, bins of the output…]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward(&self, spectrum: ComplexTensor<4>) -> ComplexTensor<4> {
        self.grid.check(spectrum.dims()).or_panic();
        let images = match self.factor {
            1 => {
                let images = self.image(spectrum);
                match self.kernel_activation() {
                    Some(activation) if self.dropout.prob == 0.0 => {
                        let images = spatial::activate_pool(activation, self.pool.as_ref(), images);
                        return self.spectrum(images);
                    }
                    _ => self.activation.forward(images),
                }
            }
            _ => {
                let half = SpectrumGrid::half(self.grid.size);
                let is_half = self.grid.extent == SpectrumExtent::Half;
                let spectrum = match is_half {
                    true => spectrum,
                    false => half.spectrum(self.grid.image(spectrum)),
                };
                let spectrum = self.anti_aliased(spectrum);
                if is_half && self.pool.is_none() && self.dropout.prob == 0.0 {
                    return hermitian(spectrum, self.grid.size);
                }
                half.image(spectrum)
            }
        };
        let images = self.dropout.forward(images);
        let images = match &self.pool {
            Some(pool) => spatial::max_pool2d(pool, images),
            None => images,
        };
        self.spectrum(images)
    }

    /// Applies the layer to the image that `norm` normalizes: [`ImageNorm`] and this layer, without leaving the image
    /// between them. The statistics are those of the image without its margin.
    ///
    /// # Shapes
    /// As [`forward`](Self::forward).
    ///
    /// # Panics
    /// If the bins are not those of the layer's grid, or the channels are not those of the norm.
    #[track_caller]
    pub fn forward_normalized(
        &self,
        norm: &ImageNorm,
        spectrum: ComplexTensor<4>,
    ) -> ComplexTensor<4> {
        norm.check(spectrum.dims())
            .and_then(|()| self.grid.check(spectrum.dims()))
            .or_panic();
        if self.factor > 1 {
            return self.forward(norm.forward(spectrum));
        }
        let (images, pool) = (self.image(spectrum), self.pool.as_ref());
        let images = match self.kernel_activation() {
            Some(activation) if self.dropout.prob == 0.0 => {
                spatial::batch_norm_with(&norm.norm, activation, pool, images)
            }
            _ => {
                let images = spatial::batch_norm(&norm.norm, images);
                let images = self.dropout.forward(self.activation.forward(images));
                match pool {
                    Some(pool) => spatial::max_pool2d(pool, images),
                    None => images,
                }
            }
        };
        self.spectrum(images)
    }

    /// The activation, where the kernels have it.
    fn kernel_activation(&self) -> Option<spatial::Activation> {
        let activation = match &self.activation {
            Activation::Identity(_) => spatial::Activation::Identity,
            Activation::Relu(_) => spatial::Activation::RELU,
            Activation::LeakyRelu(leaky) => spatial::Activation::LeakyRelu {
                slope: leaky.negative_slope,
            },
            _ => return None,
        };
        activation.is_valid().then_some(activation)
    }

    /// The activation on a finer grid, from half-spectrum to half-spectrum.
    #[track_caller]
    fn anti_aliased(&self, spectrum: ComplexTensor<4>) -> ComplexTensor<4> {
        let size = self.grid.size;
        let fine = fine_size(size, self.factor).or_panic();
        let samples = self.grid.samples() as f64;
        let transform = |scale| RealTransform::new(Axes::Last(2), fine[1], scale);
        // The grid's own 1/N makes amplitudes of the bins, which do not depend on the size.
        let images = ops::irfft(
            resize_spectrum2d(spectrum, size, fine),
            transform(1.0 / samples),
        );
        let images: Tensor<4> = self.activation.forward(images);
        let scale = 1.0 / (self.factor * self.factor) as f64;
        resize_spectrum2d(ops::rfft(images, transform(scale)), fine, size)
    }
}

/// A cropped half-spectrum as that of its image. On the last column of an even width, which is its
/// own mirror image, cropping leaves what an inverse transform would take the mean of.
fn hermitian(spectrum: ComplexTensor<4>, [height, width]: [usize; 2]) -> ComplexTensor<4> {
    if !width.is_multiple_of(2) {
        return spectrum;
    }
    let last = width / 2;
    let column = spectrum.clone().narrow(3, last, 1);
    let mirrored = match height {
        1 => column.clone(),
        _ => {
            let others = column.clone().narrow(2, 1, height - 1).flip(2);
            ComplexTensor::cat(vec![column.clone().narrow(2, 0, 1), others], 2)
        }
    };
    let even = (column + mirrored.conj()) * 0.5;
    ComplexTensor::cat(vec![spectrum.narrow(3, 0, last), even], 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_layer_cannot_take_is_refused() {
        let device = Device::flex();
        let config = ThroughImageConfig::new(SpectrumGrid::half([6, 3]), ActivationConfig::Relu);
        let refused =
            |config: ThroughImageConfig| config.try_init(&device).unwrap_err().to_string();
        assert_eq!(
            refused(config.clone().with_factor(0)),
            "the upsampling factor must be at least 1, got 0"
        );
        assert_eq!(
            refused(config.clone().with_dropout(1.5)),
            "the dropout probability must be between 0 and 1, got 1.5"
        );
        assert!(refused(config.clone().with_dropout(1.0)).ends_with("number, got 0"));
        assert_eq!(
            refused(config.with_pool(Some([2, 4]))),
            "every size of images of [6, 3] pooled over windows of [2, 4] must be at least 1, got 0"
        );
    }
}
