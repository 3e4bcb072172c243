//! Convolution of images that are continued beyond their borders in different ways.

use burn::tensor::{Device, Distribution, Tensor, TensorData};
use burn_spectral::conv::{ConvolveMode, ConvolveOutput, try_fft_convolve2d};
use serde::{Deserialize, Serialize};

use crate::StudyError;

/// What a kernel is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Taps {
    /// Taps as a fresh `Conv2d` draws them: uniform, of mean 0.
    Random,
    /// A Gaussian of a deviation of a sixth of the kernel, of sum 1.
    Smooth,
}

/// How an image goes on beyond its border.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Beyond {
    /// With its opposite side, as a product of spectra has it.
    Wrap,
    /// With zeros.
    Zeros,
    /// With its outermost pixels.
    Edge,
    /// With its mirror image, the outermost pixels once.
    Mirror,
}

impl Taps {
    pub(super) const ALL: [Self; 2] = [Self::Random, Self::Smooth];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Smooth => "smooth",
        }
    }

    /// A kernel of `side` taps a side.
    pub(super) fn kernel(self, side: usize, device: &Device) -> Tensor<2> {
        match self {
            Self::Random => {
                let bound = 1.0 / side as f64;
                Tensor::random([side, side], Distribution::Uniform(-bound, bound), device)
            }
            Self::Smooth => {
                let (middle, deviation) = ((side - 1) as f64 / 2.0, side as f64 / 6.0);
                let along = |at: usize| (-0.5 * ((at as f64 - middle) / deviation).powi(2)).exp();
                let sum: f64 = (0..side).map(along).sum();
                let tap = |at: usize| along(at / side) * along(at % side) / (sum * sum);
                let taps: Vec<f32> = (0..side * side).map(|at| tap(at) as f32).collect();
                Tensor::from_data(TensorData::new(taps, [side, side]), device)
            }
        }
    }
}

impl Beyond {
    pub(super) const ALL: [Self; 4] = [Self::Wrap, Self::Zeros, Self::Edge, Self::Mirror];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Wrap => "wrap-around",
            Self::Zeros => "zeros",
            Self::Edge => "edge pixels",
            Self::Mirror => "mirror image",
        }
    }

    /// Images with so many more pixels on each side; fewer than they have themselves.
    pub(super) fn around(self, images: Tensor<4>, margin: usize) -> Tensor<4> {
        if margin == 0 {
            return images;
        }
        [2, 3].into_iter().fold(images, |images, axis| {
            let length = images.dims()[axis];
            let part = |start, count| images.clone().narrow(axis, start, count);
            let (before, after) = match self {
                Self::Wrap => (part(length - margin, margin), part(0, margin)),
                Self::Zeros => {
                    let zeros = part(0, margin).zeros_like();
                    (zeros.clone(), zeros)
                }
                Self::Edge => (
                    part(0, 1).repeat_dim(axis, margin),
                    part(length - 1, 1).repeat_dim(axis, margin),
                ),
                Self::Mirror => (
                    part(1, margin).flip([axis]),
                    part(length - 1 - margin, margin).flip([axis]),
                ),
            };
            Tensor::cat(vec![before, images, after], axis)
        })
    }
}

/// Convolution of each channel with zeros around the image, centered, of the image's size.
pub(super) fn linear(images: Tensor<4>, kernel: Tensor<2>) -> Result<Tensor<4>, StudyError> {
    let real = ConvolveOutput::Real;
    Ok(try_fft_convolve2d(
        images,
        kernel,
        ConvolveMode::Same,
        real,
    )?)
}

/// The same with images that wrap around: a product of spectra of the image's own size.
pub(super) fn circular(images: Tensor<4>, kernel: Tensor<2>) -> Result<Tensor<4>, StudyError> {
    let real = ConvolveOutput::Real;
    let shifts = kernel.dims().map(|side| -(((side - 1) / 2) as i32));
    let product = try_fft_convolve2d(images, kernel, ConvolveMode::Circular, real)?;
    // Its first tap stands at the output; the middle one is to.
    Ok(product.roll_dim(shifts[0], 2).roll_dim(shifts[1], 3))
}

/// Where the kernel meets the image alone: smaller by one less than the kernel.
pub(super) fn inside(images: Tensor<4>, kernel: Tensor<2>) -> Result<Tensor<4>, StudyError> {
    let real = ConvolveOutput::Real;
    Ok(try_fft_convolve2d(
        images,
        kernel,
        ConvolveMode::Valid,
        real,
    )?)
}

/// The middle of images, less `margin` pixels on each side.
pub(super) fn middle(images: Tensor<4>, margin: usize) -> Tensor<4> {
    [2, 3].into_iter().fold(images, |images, axis| {
        let length = images.dims()[axis] - 2 * margin;
        images.narrow(axis, margin, length)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::images::{relative, values};

    fn row(numbers: &[f32]) -> Tensor<4> {
        let data = TensorData::new(numbers.to_vec(), [1, 1, 1, numbers.len()]);
        Tensor::from_data(data, &Device::flex())
    }

    fn square(side: usize) -> Tensor<4> {
        let numbers: Vec<f32> = (0..side * side)
            .map(|at| ((at * at) as f32 * 0.37).sin())
            .collect();
        let data = TensorData::new(numbers, [1, 1, side, side]);
        Tensor::from_data(data, &Device::flex())
    }

    fn off(a: Tensor<4>, b: Tensor<4>) -> f64 {
        let (a, b) = (values(a).unwrap(), values(b).unwrap());
        assert_eq!(a.len(), b.len());
        relative(&a, &b)
    }

    #[test]
    fn images_go_on_as_worked_by_hand() {
        let image = square(1).zeros_like() + row(&[1.0, 2.0, 4.0, 8.0]).reshape([1, 1, 4, 1]);
        let image = image.repeat_dim(3, 4);
        let column = |beyond: Beyond| {
            let wide = beyond.around(image.clone(), 2);
            assert_eq!(wide.dims(), [1, 1, 8, 8]);
            values(wide.narrow(3, 3, 1)).unwrap()
        };
        let whole = |outer: [f32; 4]| [&outer[..2], &[1.0, 2.0, 4.0, 8.0], &outer[2..]].concat();
        assert_eq!(column(Beyond::Wrap), whole([4.0, 8.0, 1.0, 2.0]));
        assert_eq!(column(Beyond::Zeros), whole([0.0; 4]));
        assert_eq!(column(Beyond::Edge), whole([1.0, 1.0, 8.0, 8.0]));
        assert_eq!(column(Beyond::Mirror), whole([4.0, 2.0, 4.0, 2.0]));
    }

    #[test]
    fn a_convolution_worked_by_hand_wraps_or_meets_zeros() {
        let image = row(&[1.0, 2.0, 4.0, 8.0]);
        // y[n] = x[n + 1] + 10·x[n] + 100·x[n − 1].
        let kernel = Tensor::<1>::from_floats([1.0, 10.0, 100.0], &Device::flex()).reshape([1, 3]);
        let expected = row(&[12.0, 124.0, 248.0, 480.0]);
        assert!(off(linear(image.clone(), kernel.clone()).unwrap(), expected) < 1e-6);
        let expected = row(&[812.0, 124.0, 248.0, 481.0]);
        assert!(off(circular(image, kernel).unwrap(), expected) < 1e-6);
    }

    #[test]
    fn both_are_convolutions_of_images_continued_so_at_odd_and_even_kernels() {
        for side in [1, 3, 7, 11] {
            let kernel = Taps::Random.kernel(side, &Device::flex());
            let wide =
                |beyond: Beyond| inside(beyond.around(square(12), (side - 1) / 2), kernel.clone());
            let found = circular(square(12), kernel.clone()).unwrap();
            assert!(off(found, wide(Beyond::Wrap).unwrap()) < 1e-5, "{side}");
            let found = linear(square(12), kernel.clone()).unwrap();
            assert!(off(found, wide(Beyond::Zeros).unwrap()) < 1e-5, "{side}");
        }
    }

    #[test]
    fn smooth_kernels_sum_to_one_and_are_largest_in_the_middle() {
        let kernel = Taps::Smooth.kernel(5, &Device::flex()).unsqueeze::<4>();
        let taps = values(kernel).unwrap();
        assert!((taps.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(taps.iter().all(|tap| *tap <= taps[12] && *tap > 0.0));
    }

    #[test]
    fn the_middle_leaves_the_margin_out() {
        let middle = middle(Beyond::Edge.around(square(5), 2), 2);
        assert_eq!(off(middle, square(5)), 0.0);
    }
}
