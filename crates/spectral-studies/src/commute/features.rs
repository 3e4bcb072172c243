//! The images that operations are measured on.

use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::frequency::SpectrumGrid;

use spectral_lab::data::Images;

use crate::kit::images::images as first_images;
use crate::kit::run::Part;
use crate::{StudyError, StudyRun};

/// Taps of the kernel each way, and channels that come out: those of the published first block.
pub(super) const TAPS: usize = 5;
pub(super) const CHANNELS: usize = 6;

/// Images and what the first steps of an image network make of them, each computed in the image.
pub(super) struct Features {
    /// Pixels in 0..1, `[batch, channels, height, width]`.
    pub(super) images: Tensor<4>,
    /// Taps as a fresh `Conv2d` has them, `[6, channels, 5, 5]`.
    pub(super) taps: Tensor<4>,
    /// Cross-correlated circularly.
    pub(super) filtered: Tensor<4>,
    /// Normalized to mean 0 and variance 1 a channel: what an activation meets.
    pub(super) normed: Tensor<4>,
}

impl Features {
    /// The first `count` of `images`, those of a set or what is shown for them; whatever is drawn after
    /// this is drawn from the seed of the step.
    pub(super) fn new(
        run: &StudyRun<'_>,
        (part, images): (&Part, &Images),
        count: usize,
        step: &str,
    ) -> Result<Self, StudyError> {
        let device = run.device().clone();
        let images = first_images(images, 0..count, &device)?;
        let channels = images.dims()[1];

        // The same kernel in every step of a set.
        run.seed_device(&format!("{}-kernel", part.name));
        let bound = 1.0 / ((channels * TAPS * TAPS) as f64).sqrt();
        let taps = Tensor::random(
            [CHANNELS, channels, TAPS, TAPS],
            Distribution::Uniform(-bound, bound),
            &device,
        );
        run.seed_device(step);
        let filtered = circular(images.clone(), taps.clone(), TAPS / 2);
        let normed = batch_norm(filtered.clone());
        Ok(Self {
            images,
            taps,
            filtered,
            normed,
        })
    }

    pub(super) fn size(&self) -> [usize; 2] {
        let [_, _, height, width] = self.images.dims();
        [height, width]
    }

    pub(super) fn half(&self) -> SpectrumGrid {
        SpectrumGrid::half(self.size())
    }

    pub(super) fn full(&self) -> SpectrumGrid {
        SpectrumGrid::full(self.size())
    }
}

/// Burn's own convolution.
pub(super) fn correlate(images: Tensor<4>, taps: Tensor<4>, padding: usize) -> Tensor<4> {
    let options = ConvOptions::new([1, 1], [padding, padding], [1, 1], 1);
    conv2d(images, taps, None, options)
}

/// Burn's own convolution of images continued periodically: output `n` sees
/// `n − before … n − before + k − 1`.
pub(super) fn circular(images: Tensor<4>, taps: Tensor<4>, before: usize) -> Tensor<4> {
    let kernel = taps.dims()[2];
    let wrapped = [2, 3].into_iter().fold(images, |images, axis| {
        let size = images.dims()[axis];
        let after = kernel - 1 - before;
        let mut parts = Vec::new();
        if before > 0 {
            parts.push(images.clone().narrow(axis, size - before, before));
        }
        parts.push(images.clone());
        if after > 0 {
            parts.push(images.narrow(axis, 0, after));
        }
        Tensor::cat(parts, axis)
    });
    correlate(wrapped, taps, 0)
}

/// Batch normalization of images by the statistics of the batch, without scale and offset.
pub(super) fn batch_norm(images: Tensor<4>) -> Tensor<4> {
    let mean = |images: Tensor<4>| images.mean_dim(0).mean_dim(2).mean_dim(3);
    let centered = images.clone() - mean(images);
    let variance = mean(centered.clone() * centered.clone());
    centered / (variance + 1e-5).sqrt()
}

/// The image reversed circularly: `y[n] = x[−n]`.
pub(super) fn reversed(images: Tensor<4>) -> Tensor<4> {
    images.flip([2, 3]).roll_dim(1, 2).roll_dim(1, 3)
}

/// The same numbers on another device.
pub(super) fn on(device: &Device, tensor: &Tensor<4>) -> Tensor<4> {
    Tensor::from_data(tensor.to_data(), device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::images::values;

    #[test]
    fn a_reversed_image_keeps_its_first_sample() {
        let row = Tensor::<1>::from_floats([1.0, 2.0, 3.0, 4.0], &Device::flex());
        let image = row.reshape([1, 1, 1, 4]);
        assert_eq!(values(reversed(image)).unwrap(), [1.0, 4.0, 3.0, 2.0]);
    }

    #[test]
    fn a_circular_correlation_wraps_at_both_ends() {
        let device = Device::flex();
        let image = Tensor::<1>::from_floats([1.0, 2.0, 4.0], &device).reshape([1, 1, 1, 3]);
        let image = image.repeat_dim(2, 3);
        let mut taps = [0.0; 9];
        // The middle row: once the left neighbor, ten times the right one.
        (taps[3], taps[5]) = (1.0, 10.0);
        let taps = Tensor::<1>::from_floats(taps, &device).reshape([1, 1, 3, 3]);
        let got = values(circular(image, taps, 1)).unwrap();
        assert_eq!(got[..3], [24.0, 41.0, 12.0]);
    }
}
