//! Spectral pooling and its inverse as layers.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::SpectralError;
use crate::error::OrPanic;

use super::resize::{check_resize, check_sizes, spectral_resize2d};

macro_rules! resize_layer {
    ($name:ident, $action:literal, $fits:expr, $(#[$doc:meta])*) => {
        $(#[$doc])*
        #[derive(Module, Debug)]
        pub struct $name {
            /// Samples along height and width of the result.
            pub size: [usize; 2],
        }

        impl $name {
            /// A layer whose results have the given height and width.
            ///
            /// # Errors
            /// If one of them is zero or too large.
            pub fn try_new(size: [usize; 2]) -> Result<Self, SpectralError> {
                check_sizes(&size, &size)?;
                Ok(Self { size })
            }

            /// A layer whose results have the given height and width.
            ///
            /// # Panics
            /// If [`try_new`](Self::try_new) returns an error, with the same text.
            #[track_caller]
            pub fn new(size: [usize; 2]) -> Self {
                Self::try_new(size).or_panic()
            }

            /// Checks that the layer accepts inputs of shape `dims`.
            ///
            /// # Errors
            /// If an axis is empty, the result too large, or the sizes are in the wrong order.
            pub fn check(&self, dims: [usize; 4]) -> Result<(), SpectralError> {
                let from = [dims[2], dims[3]];
                check_resize(&dims, &self.size)?;
                let fits: fn(usize, usize) -> bool = $fits;
                match from.iter().zip(self.size).all(|(&from, to)| fits(from, to)) {
                    true => Ok(()),
                    false => Err(SpectralError::Resize {
                        action: $action,
                        from: from.to_vec(),
                        to: self.size.to_vec(),
                    }),
                }
            }

            /// Resamples.
            ///
            /// # Shapes
            /// - input: `[batch, channels, height, width]`
            /// - output: `[batch, channels, size[0], size[1]]`
            ///
            /// # Panics
            /// If [`check`](Self::check) returns an error, with the same text.
            #[track_caller]
            pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
                self.check(images.dims())
                    .or_panic();
                spectral_resize2d(images, self.size)
            }
        }
    };
}

resize_layer!(
    SpectralPool2d,
    "pool",
    |from, to| to <= from,
    /// Spectral pooling (Rippel, Snoek and Adams, 2015): keeps the low frequencies of an image.
    ///
    /// The result is the image's best approximation, in mean square, by a band-limited one,
    /// sampled at `size` points; any size up to the image's own, not just a half.
    /// [`crate::pool`] states the rule at the Nyquist frequencies and the scale.
    ///
    /// # Example
    /// ```
    /// use burn::tensor::{Device, Distribution, Tensor};
    /// use burn_spectral::pool::{SpectralPool2d, SpectralUpsample2d};
    ///
    /// let images = Tensor::<4>::random([1, 3, 14, 13], Distribution::Default, &Device::flex());
    /// let large = SpectralUpsample2d::new([28, 20]).forward(images.clone());
    /// let back = SpectralPool2d::new([14, 13]).forward(large);
    /// assert!((back - images).abs().max().into_scalar::<f32>() < 1e-5);
    /// ```
);

resize_layer!(
    SpectralUpsample2d,
    "upsample",
    |from, to| to >= from,
    /// Spectral upsampling: the trigonometric interpolation of an image at more points, by zeros
    /// at the high frequencies.
    ///
    /// Exact for images whose frequencies lie below the Nyquist frequency of their own grid; the
    /// inverse of [`SpectralPool2d`] on what that one keeps.
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pooling_to_a_larger_size_is_refused() {
        let error = SpectralPool2d::new([4, 9]).check([1, 1, 8, 8]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot pool images of size [8, 8] to [4, 9]: pooling cannot enlarge an axis, upsampling cannot shrink one"
        );
        assert!(SpectralUpsample2d::new([9, 7]).check([1, 1, 8, 8]).is_err());
    }

    #[test]
    fn a_size_of_zero_is_refused() {
        assert!(SpectralPool2d::try_new([0, 4]).is_err());
    }
}
