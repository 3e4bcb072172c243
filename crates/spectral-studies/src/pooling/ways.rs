//! Ways to make images smaller, and the linear ways back.

use std::f64::consts::PI;

use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor, TensorData};
use burn_spectral::pool::spectral_resize2d;
use burn_spectral::{ComplexTensor, Norm, fft};
use serde::{Deserialize, Serialize};

use crate::StudyError;

/// A way to make images smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Pool {
    /// Keeps the low frequencies.
    Spectral,
    /// The largest pixel of each block.
    Max,
    /// The mean of each block.
    Mean,
    /// The first pixel of each block.
    Stride,
}

/// A way back to the size before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Up {
    /// Every value fills its block.
    Nearest,
    /// The trigonometric interpolation of the values where their blocks lie.
    Fourier,
    /// The linear way with the least square error on other images; see [`Upsampler::fitted`].
    Fitted,
}

impl Pool {
    pub(super) const ALL: [Self; 4] = [Self::Spectral, Self::Max, Self::Mean, Self::Stride];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Spectral => "spectral",
            Self::Max => "max",
            Self::Mean => "mean",
            Self::Stride => "stride",
        }
    }

    /// Images at `size`, which must divide theirs unless the pooling is spectral.
    pub(super) fn apply(self, images: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
        let [batch, channels, height, width] = images.dims();
        let block = [height / size[0], width / size[1]];
        match self {
            Self::Spectral => spectral_resize2d(images, size),
            Self::Max => max_pool2d(images, MaxPoolOptions::new(block).with_stride(block)),
            Self::Mean => avg_pool2d(images, AvgPoolOptions::new(block).with_stride(block)),
            Self::Stride => images
                .reshape([batch, channels, size[0], block[0], size[1], block[1]])
                .narrow(3, 0, 1)
                .narrow(5, 0, 1)
                .reshape([batch, channels, size[0], size[1]]),
        }
    }

    /// Where in a block of so many pixels its value lies.
    fn place(self, block: usize) -> f64 {
        match self {
            Self::Spectral | Self::Stride => 0.0,
            Self::Max | Self::Mean => (block - 1) as f64 / 2.0,
        }
    }

    /// The ways back that make sense, the natural one first.
    pub(super) fn ways_back(self) -> &'static [Up] {
        match self {
            Self::Spectral => &[Up::Fourier, Up::Fitted],
            _ => &[Up::Nearest, Up::Fourier, Up::Fitted],
        }
    }
}

impl Up {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nearest => "nearest",
            Self::Fourier => "Fourier",
            Self::Fitted => "fitted",
        }
    }
}

/// Every value over its block.
pub(super) fn nearest(pooled: Tensor<4>, block: [usize; 2]) -> Tensor<4> {
    let [batch, channels, height, width] = pooled.dims();
    pooled
        .reshape([batch, channels, height, 1, width, 1])
        .repeat_dim(3, block[0])
        .repeat_dim(5, block[1])
        .reshape([batch, channels, height * block[0], width * block[1]])
}

/// Frequency of bin `index` of `length`, with its sign.
fn signed(index: usize, length: usize) -> i64 {
    match 2 * index <= length {
        true => index as i64,
        false => index as i64 - length as i64,
    }
}

/// A way back that commutes with shifts by whole blocks and has one weight per frequency:
/// `x̂(f) = H(f)·Y(f mod m)`, with `m` the size after pooling.
pub(super) struct Upsampler {
    /// `H`, `[1, 1, height, width]` of the large size.
    response: ComplexTensor<4>,
    block: [usize; 2],
}

impl Upsampler {
    /// Trigonometric interpolation of values that lie where those of `pool` do; Nyquist frequencies of
    /// the small grid are split in halves.
    pub(super) fn interpolation(
        pool: Pool,
        size: [usize; 2],
        block: [usize; 2],
        device: &Device,
    ) -> Self {
        let axes =
            [0, 1].map(|axis| axis_response(size[axis], block[axis], pool.place(block[axis])));
        let parts = |part: fn((f64, f64), (f64, f64)) -> f64| {
            let rows = axes[0].iter();
            let numbers =
                rows.flat_map(|&row| axes[1].iter().map(move |&col| part(row, col) as f32));
            let dims = [1, 1, axes[0].len(), axes[1].len()];
            Tensor::from_data(TensorData::new(numbers.collect::<Vec<_>>(), dims), device)
        };
        Self {
            response: ComplexTensor::new(
                parts(|a, b| a.0 * b.0 - a.1 * b.1),
                parts(|a, b| a.0 * b.1 + a.1 * b.0),
            ),
            block,
        }
    }

    /// The weights with the least square error on pairs of images and what pooling made of them:
    /// `H(f) = Σ X(f)·conj Y(f mod m) / Σ |Y(f mod m)|²`, the sums over pairs and channels.
    pub(super) fn fitted(
        pairs: impl Iterator<Item = Result<(Tensor<4>, Tensor<4>), StudyError>>,
        block: [usize; 2],
    ) -> Result<Option<Self>, StudyError> {
        let sum = |part: Tensor<4>| part.sum_dim(0).sum_dim(1);
        let mut sums: Option<(ComplexTensor<4>, Tensor<4>)> = None;
        for pair in pairs {
            let (images, pooled) = pair?;
            let small = tiled(pooled, block);
            let large = fft::fft2(ComplexTensor::from_real(images), Norm::Backward);
            let cross = (large * small.clone().conj()).map(sum);
            let power = sum(small.norm_sqr());
            sums = Some(match sums {
                None => (cross, power),
                Some((before, power_before)) => (before + cross, power_before + power),
            });
        }
        Ok(sums.map(|(cross, power)| Self {
            // Where there is no power there is nothing to weigh.
            response: cross.mul_real((power + f32::MIN_POSITIVE).recip()),
            block,
        }))
    }

    pub(super) fn forward(&self, pooled: Tensor<4>) -> Tensor<4> {
        let spectrum = tiled(pooled, self.block) * self.response.clone();
        fft::ifft2(spectrum, Norm::Backward).re
    }
}

/// The spectrum of pooled images, repeated up to the large size.
fn tiled(pooled: Tensor<4>, block: [usize; 2]) -> ComplexTensor<4> {
    let spectrum = fft::fft2(ComplexTensor::from_real(pooled), Norm::Backward);
    spectrum.map(|part| part.repeat_dim(2, block[0]).repeat_dim(3, block[1]))
}

/// Real and imaginary parts of the interpolation along an axis from `size` values to `size·block`,
/// the values `place` pixels into their blocks.
fn axis_response(size: usize, block: usize, place: f64) -> Vec<(f64, f64)> {
    let length = size * block;
    let bin = |index| {
        let frequency = signed(index, length);
        let gain = match (2 * frequency.unsigned_abs() as usize).cmp(&size) {
            // Nothing is left to be split where nothing is added.
            _ if block == 1 => 1.0,
            std::cmp::Ordering::Less => block as f64,
            std::cmp::Ordering::Equal => block as f64 / 2.0,
            std::cmp::Ordering::Greater => 0.0,
        };
        let phase = -2.0 * PI * frequency as f64 * place / length as f64;
        (gain * phase.cos(), gain * phase.sin())
    };
    (0..length).map(bin).collect()
}

/// Images moved by a share of a pixel along an axis, by their trigonometric interpolation.
pub(super) fn moved(images: Tensor<4>, axis: usize, by: f64) -> Tensor<4> {
    let length = images.dims()[axis];
    let bins = (0..length).map(|index| {
        let phase = -2.0 * PI * signed(index, length) as f64 * by / length as f64;
        match 2 * index == length {
            // Both signs of this frequency at once.
            true => (phase.cos(), 0.0),
            false => (phase.cos(), phase.sin()),
        }
    });
    let (re, im): (Vec<f64>, Vec<f64>) = bins.unzip();
    let mut dims = [1; 4];
    dims[axis] = length;
    let tensor = |part: Vec<f64>| {
        let part: Vec<f32> = part.into_iter().map(|value| value as f32).collect();
        Tensor::<4>::from_data(TensorData::new(part, dims), &images.device())
    };
    let factor = ComplexTensor::new(tensor(re), tensor(im));
    let spectrum = fft::fft(ComplexTensor::from_real(images), axis, Norm::Backward);
    fft::ifft(spectrum * factor, axis, Norm::Backward).re
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::images::{distance, energy, values};

    const SIDE: usize = 12;

    /// Numbers without order.
    fn noise(count: usize) -> Tensor<4> {
        let number = |index: usize| ((index * index * 7 + index * 3) as f32 * 0.7).sin();
        let numbers: Vec<f32> = (0..count * SIDE * SIDE).map(number).collect();
        let data = TensorData::new(numbers, [count, 1, SIDE, SIDE]);
        Tensor::from_data(data, &Device::flex())
    }

    fn off(a: Tensor<4>, b: Tensor<4>) -> f64 {
        let (a, b) = (values(a).unwrap(), values(b).unwrap());
        (distance(&a, &b) / energy(&b)).sqrt()
    }

    #[test]
    fn blocks_are_those_worked_by_hand() {
        let rows =
            Tensor::<1>::from_floats([1.0, 2.0, 5.0, 0.0, 3.0, 4.0, 7.0, 8.0], &Device::flex());
        let image = rows.reshape([1, 1, 2, 4]);
        let small = |pool: Pool| values(pool.apply(image.clone(), [1, 2])).unwrap();
        assert_eq!(small(Pool::Max), [4.0, 8.0]);
        assert_eq!(small(Pool::Mean), [2.5, 5.0]);
        assert_eq!(small(Pool::Stride), [1.0, 5.0]);
        let back = nearest(Pool::Max.apply(image.clone(), [1, 2]), [2, 2]);
        assert_eq!(
            values(back).unwrap(),
            [4.0, 4.0, 8.0, 8.0, 4.0, 4.0, 8.0, 8.0]
        );
    }

    #[test]
    fn a_constant_image_comes_back_from_every_pooling_every_way() {
        let image = Tensor::<4>::ones([1, 1, SIDE, SIDE], &Device::flex()) * 0.25;
        let (size, block) = ([4, 6], [3, 2]);
        for pool in Pool::ALL {
            let pooled = pool.apply(image.clone(), size);
            let device = image.device();
            let back = Upsampler::interpolation(pool, size, block, &device).forward(pooled.clone());
            assert!(off(back, image.clone()) < 1e-6, "{pool:?}");
            let back = nearest(pooled, block);
            assert!(off(back, image.clone()) < 1e-6, "{pool:?}");
        }
    }

    #[test]
    fn a_band_limited_image_loses_nothing_by_spectral_pooling_or_by_samples() {
        // Frequencies 0 to 2 each way fit on five samples.
        let image = spectral_resize2d(spectral_resize2d(noise(1), [5, 5]), [SIDE, SIDE]);
        let (size, block) = ([6, 6], [2, 2]);
        for pool in [Pool::Spectral, Pool::Stride] {
            let way = Upsampler::interpolation(pool, size, block, &image.device());
            let back = way.forward(pool.apply(image.clone(), size));
            assert!(off(back, image.clone()) < 1e-5, "{pool:?}");
        }
        let back = nearest(Pool::Max.apply(image.clone(), size), block);
        assert!(off(back, image) > 0.05);
    }

    #[test]
    fn interpolation_of_samples_is_spectral_upsampling_at_even_and_odd_sizes() {
        for (size, block) in [([6, 4], [2, 3]), ([3, 1], [4, 12]), ([12, 6], [1, 2])] {
            let pooled = Pool::Stride.apply(noise(2), size);
            let way = Upsampler::interpolation(Pool::Stride, size, block, &pooled.device());
            let expected = spectral_resize2d(pooled.clone(), [SIDE, SIDE]);
            assert!(off(way.forward(pooled), expected) < 1e-5, "{size:?}");
        }
    }

    #[test]
    fn a_mean_lies_in_the_middle_of_its_block() {
        // The mean of cos(2πn/12) over n, n+1 is cos(2π(n + ½)/12)·cos(π/12).
        let wave = |n: usize| (2.0 * PI * n as f64 / SIDE as f64).cos() as f32;
        let numbers: Vec<f32> = (0..SIDE * SIDE).map(|at| wave(at % SIDE)).collect();
        let data = TensorData::new(numbers, [1, 1, SIDE, SIDE]);
        let image = Tensor::<4>::from_data(data, &Device::flex());
        let (size, block) = ([SIDE, 6], [1, 2]);
        let way = Upsampler::interpolation(Pool::Mean, size, block, &image.device());
        let back = way.forward(Pool::Mean.apply(image.clone(), size));
        let factor = (PI / SIDE as f64).cos();
        assert!(off(back, image * factor) < 1e-5);
    }

    #[test]
    fn no_other_linear_way_back_beats_the_fitted_one_where_it_was_fitted() {
        let images = noise(6).cumsum(3);
        let (size, block) = ([4, 6], [3, 2]);
        for pool in Pool::ALL {
            let pooled = pool.apply(images.clone(), size);
            let pairs = [Ok((images.clone(), pooled.clone()))];
            let fitted = Upsampler::fitted(pairs.into_iter(), block)
                .unwrap()
                .unwrap();
            let device = images.device();
            let fourier = Upsampler::interpolation(pool, size, block, &device);
            let best = off(fitted.forward(pooled.clone()), images.clone());
            let others = [fourier.forward(pooled.clone()), nearest(pooled, block)];
            for other in others {
                let other = off(other, images.clone());
                assert!(best <= other + 1e-6, "{pool:?}: {best} {other}");
            }
        }
    }

    #[test]
    fn moving_by_whole_pixels_is_rolling_and_halves_add_up() {
        let images = noise(1);
        let rolled = images.clone().roll_dim(1, 3);
        assert!(off(moved(images.clone(), 3, 1.0), rolled.clone()) < 1e-5);
        let odd = images.narrow(3, 0, 11);
        let halves = moved(moved(odd.clone(), 3, 0.5), 3, 0.5);
        assert!(off(halves, odd.roll_dim(1, 3)) < 1e-5);
    }
}
