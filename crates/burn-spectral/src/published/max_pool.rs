//! Max-pooling of the image of a spectrum.

use burn::config::Config;
use burn::module::Module;
use burn::nn::pool::MaxPool2d;

use crate::error::OrPanic;
use crate::{ComplexTensor, SpectralError, spatial};

use crate::frequency::{SpectrumGrid, max_pool, pooled};

/// Configuration of a [`SpatialMaxPool`].
#[derive(Config, Debug, PartialEq, Eq)]
pub struct SpatialMaxPoolConfig {
    /// The spectra that come in.
    pub grid: SpectrumGrid,
    /// Height and width of a window; 2 × 2 by default.
    #[config(default = "[2, 2]")]
    pub window: [usize; 2],
}

impl SpatialMaxPoolConfig {
    /// Creates the layer.
    ///
    /// # Errors
    /// If a size is zero, or a window larger than the images.
    pub fn try_init(&self) -> Result<SpatialMaxPool, SpectralError> {
        Ok(SpatialMaxPool {
            pool: max_pool(self.grid, self.window)?,
            grid: self.grid,
        })
    }

    /// Creates the layer.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self) -> SpatialMaxPool {
        self.try_init().or_panic()
    }
}

/// Inverse transform, real part, maximum over windows side by side, transform: the pooling of Pan et
/// al. (2022), and the one operation of their convolutional part that lets frequencies meet.
///
/// Rows and columns that fill no window are dropped. For pooling without a transform back see
/// [`SpectralPool2d`](crate::pool::SpectralPool2d), which is a linear map. With an activation before
/// it, [`ThroughImage`](crate::frequency::ThroughImage) saves a pair of transforms.
#[derive(Module, Debug)]
pub struct SpatialMaxPool {
    /// The pooling.
    pub pool: MaxPool2d,
    /// The spectra that come in.
    #[module(skip)]
    pub grid: SpectrumGrid,
}

impl SpatialMaxPool {
    /// The spectra that come out.
    pub fn output_grid(&self) -> SpectrumGrid {
        pooled(self.grid, self.pool.kernel_size)
    }

    /// Checks that the layer accepts spectra of shape `dims`.
    ///
    /// # Errors
    /// If the bins are not those of the layer's grid.
    pub fn check(&self, dims: [usize; 4]) -> Result<(), SpectralError> {
        self.grid.check(dims)
    }

    /// Pools.
    ///
    /// # Shapes
    /// - input: `[batch, channels, bins…]`
    /// - output: `[batch, channels, bins of the pooled images…]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward(&self, spectrum: ComplexTensor<4>) -> ComplexTensor<4> {
        let images = spatial::max_pool2d(&self.pool, self.grid.image(spectrum));
        self.output_grid().spectrum(images)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pooled_spectra_have_the_bins_of_the_pooled_images() {
        let layer = SpatialMaxPoolConfig::new(SpectrumGrid::half([7, 8])).init();
        assert_eq!(layer.output_grid(), SpectrumGrid::half([3, 4]));
        let error = SpatialMaxPoolConfig::new(SpectrumGrid::full([1, 8])).try_init();
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("images of [1, 8] pooled")
        );
    }
}
