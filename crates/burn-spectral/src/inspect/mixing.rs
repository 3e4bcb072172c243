//! Whether a map mixes frequencies, channels, both or neither.

use core::f64::consts::TAU;

use serde::Serialize;

use crate::{ComplexTensor, Norm, fft};

use super::kernel::EffectiveKernel;
use super::probe::{Images, Operator, energy};
use super::rank::rank;
use super::sweep::Sweep;

/// Waves that a map is shown.
const WAVES: usize = 24;

/// Energy below which nothing counts as mixed: the square of f32 rounding, with room.
const NOTHING: f64 = 1e-9;

/// What a map mixes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mixing {
    /// The share of the energy of its answers to single waves that lies at other frequencies than
    /// the wave's own.
    pub frequency_share: f64,
    /// The share of the energy of its outputs that comes from other channels than the strongest of
    /// each output.
    pub channel_share: f64,
    /// Whether an output frequency depends on other input frequencies.
    pub frequencies: bool,
    /// Whether an output channel depends on more than one input channel.
    pub channels: bool,
    /// How many independent combinations of input channels the outputs see; none where the map is
    /// no convolution.
    pub combinations: Option<usize>,
}

impl Mixing {
    /// `frequencies and channels`, `channels`, `frequencies` or `neither`.
    pub fn words(&self) -> &'static str {
        match (self.frequencies, self.channels) {
            (true, true) => "frequencies and channels",
            (true, false) => "frequencies",
            (false, true) => "channels",
            (false, false) => "neither",
        }
    }
}

pub(super) fn measure(
    operator: &Operator,
    sweep: &Sweep,
    kernel: Option<&EffectiveKernel>,
) -> Mixing {
    let frequency_share = frequency_share(operator);
    let channel_share = channel_share(&sweep.pairs, operator.probe.channels);
    Mixing {
        frequency_share,
        channel_share,
        frequencies: frequency_share > NOTHING,
        channels: channel_share > NOTHING,
        combinations: kernel.map(combinations),
    }
}

/// Shows the map waves of one frequency in all channels.
fn frequency_share(operator: &Operator) -> f64 {
    let probe = operator.probe;
    let ([height, width], mut generator) = (probe.size, probe.generator(5));
    let mut waves = Images::zeros(WAVES, probe.channels, probe.size);
    let mut frequencies = Vec::new();
    for wave in 0..WAVES {
        let frequency = [generator.below(height), generator.below(width)];
        frequencies.push(frequency);
        for channel in 0..probe.channels {
            let (amplitude, phase) = (generator.normal(), TAU * generator.uniform());
            let plane = waves.plane_mut(wave, channel);
            for row in 0..height {
                for column in 0..width {
                    let turns = (frequency[0] * row) as f64 / height as f64
                        + (frequency[1] * column) as f64 / width as f64;
                    plane[row * width + column] = amplitude * (TAU * turns + phase).cos();
                }
            }
        }
    }
    let answers = operator.apply(&waves);
    let (mut own, mut total) = (0.0, 0.0);
    let spectra = fft::fft2(
        ComplexTensor::from_real(f64_images(&answers)),
        Norm::Backward,
    );
    let squares: Vec<f64> = spectra.norm_sqr().into_data().iter::<f64>().collect();
    let pixels = height * width;
    for (plane, squares) in squares.chunks(pixels).enumerate() {
        let [row, column] = frequencies[plane / answers.channels];
        let bin = row * width + column;
        let mirror = (height - row) % height * width + (width - column) % width;
        own += squares[bin];
        if mirror != bin {
            own += squares[mirror];
        }
        total += squares.iter().sum::<f64>();
    }
    match total {
        0.0 => 0.0,
        total => (1.0 - own / total).max(0.0),
    }
}

pub(super) fn f64_images(images: &Images) -> burn::tensor::Tensor<4> {
    let data = burn::tensor::TensorData::new(images.values.clone(), images.dims());
    let device = burn::tensor::Device::flex();
    burn::tensor::Tensor::from_data(data, (&device, burn::tensor::DType::F64))
}

fn channel_share(pairs: &[f64], inputs: usize) -> f64 {
    let total: f64 = pairs.iter().sum();
    let others: f64 = pairs
        .chunks(inputs)
        .map(|pairs| {
            let strongest =
                (0..inputs).fold(0, |best, i| if pairs[i] > pairs[best] { i } else { best });
            let others = pairs.iter().enumerate().filter(|(i, _)| *i != strongest);
            others.map(|(_, energy)| energy).sum::<f64>()
        })
        .sum();
    match total {
        0.0 => 0.0,
        total => others / total,
    }
}

/// The rank of the taps as a matrix with one column an input channel.
fn combinations(kernel: &EffectiveKernel) -> usize {
    let [outputs, inputs] = kernel.channels;
    if energy(&kernel.taps) == 0.0 {
        return 0;
    }
    // Inner products of the columns: a small matrix of the same rank.
    let gram: Vec<Vec<f64>> = (0..inputs)
        .map(|a| {
            let product = |b: usize| -> f64 {
                (0..outputs)
                    .map(|o| {
                        let pairs = kernel.pair(o, a).iter().zip(kernel.pair(o, b));
                        pairs.map(|(a, b)| a * b).sum::<f64>()
                    })
                    .sum()
            };
            (0..inputs).map(product).collect()
        })
        .collect();
    rank(gram, 1e-9).rank
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_other_channels_by_hand() {
        // The first output has 3 of 4 from one channel, the second all.
        assert!((channel_share(&[1.0, 3.0, 4.0, 0.0], 2) - 1.0 / 8.0).abs() < 1e-12);
        assert_eq!(channel_share(&[0.0; 4], 2), 0.0);
    }

    #[test]
    fn a_sum_of_channels_is_one_combination() {
        let mut kernel = EffectiveKernel::zeros([2, 3], [1, 2]);
        for output in 0..2 {
            for input in 0..3 {
                kernel.taps[(output * 3 + input) * 2 + output] = 1.0 + output as f64;
            }
        }
        assert_eq!(combinations(&kernel), 1);
        kernel.taps[0] = 5.0;
        assert_eq!(combinations(&kernel), 2);
    }
}
