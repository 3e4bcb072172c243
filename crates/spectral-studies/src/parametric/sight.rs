//! What a network can tell apart: whether frequencies and colors meet, and whether contrast matters.

use std::f64::consts::TAU;

use burn::tensor::{Device, Tensor, TensorData};
use burn_spectral::HalfSpectrum;
use burn_spectral::fft::{Rfft2, fftshift};
use burn_spectral::spatial::Activation;
use serde::{Deserialize, Serialize};

use spectral_lab::data::{Images, Normalize, fill_batch};
use spectral_lab::model::{self, InputSpec, Network};
use spectral_lab::report::Picture;
use spectral_lab::train::Classifier;

use crate::StudyError;
use crate::kit::comparison::Subject;
use crate::kit::images::{distance, energy, images, logarithmic_picture, root_ratio, values};
use crate::kit::shown::Shown;

/// How strong the wave is that is added to images, of their root mean square.
const WAVE: f64 = 0.1;

/// Factors that the contrast of images is changed by.
const CONTRASTS: [f64; 2] = [0.1, 10.0];

/// A frequency counts as changed from this share of the change on.
const CHANGED: f64 = 1e-6;

/// Decades that a picture of changes spans.
const DECADES: f64 = 8.0;

/// All orders of three colors but their own.
const ORDERS: [[usize; 3]; 5] = [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// What a network can tell apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Sight {
    pub(super) model: String,
    /// Of the trained network, one for each frequency.
    pub(super) leaks: Vec<Leak>,
    /// Of the trained network: how far it is from answering as much more as the contrast is.
    pub(super) contrast: f64,
    pub(super) colors: Colors,
    /// What it answers for the first class, of the images that are shown.
    pub(super) answers: Vec<f32>,
}

impl Sight {
    /// The mean share of the change at other frequencies.
    pub(super) fn elsewhere(&self) -> f64 {
        let shares = self.leaks.iter().map(|leak| leak.elsewhere);
        shares.sum::<f64>() / self.leaks.len().max(1) as f64
    }

    /// The largest of these shares.
    pub(super) fn most_elsewhere(&self) -> f64 {
        let shares = self.leaks.iter().map(|leak| leak.elsewhere);
        shares.fold(0.0, f64::max)
    }

    /// How many frequencies change.
    pub(super) fn changed(&self) -> f64 {
        let counts = self.leaks.iter().map(|leak| leak.changed as f64);
        counts.sum::<f64>() / self.leaks.len().max(1) as f64
    }

    /// The larger change by other colors.
    pub(super) fn recolored(&self) -> f64 {
        self.colors.permuted.max(self.colors.exchanged)
    }
}

/// What a wave of one frequency, added to images, changes before the head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Leak {
    /// Row and column of the frequency in the half-spectrum.
    pub(super) frequency: [usize; 2],
    /// The share of the energy of the change at all other frequencies.
    pub(super) elsewhere: f64,
    /// Frequencies that change.
    pub(super) changed: usize,
    /// Frequencies that there are.
    pub(super) of: usize,
    /// Where the change is, zero frequency at the left in the middle.
    pub(super) picture: Picture,
}

/// What outputs change by, relative to themselves without the head's offset; the largest of all
/// images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Colors {
    /// Red, green and blue in any other order.
    pub(super) permuted: f64,
    /// Other colors with the same sum of red, green and blue.
    pub(super) exchanged: f64,
}

/// What a network can tell apart in the first `count` test images.
pub(super) fn sight(of: &Subject, count: usize) -> Result<Sight, StudyError> {
    let test = &of.data.test;
    let indices: Vec<u32> = (0..count.min(test.len()) as u32).collect();
    let seen = seen(test, &indices, &of.normalize, &of.device)?;
    let frequencies = frequencies([test.height, test.width]);
    let leaks = frequencies.map(|frequency| leak(&of.network, &seen, frequency));
    let colored = colored(&seen);
    let eye = match test.channels {
        3 => of.network.clone(),
        // A fresh network of three colors.
        _ => {
            let input = InputSpec::new(3, [test.height, test.width], of.data.classes.len());
            of.device.seed(of.seed);
            model::build(&of.model, &input, &of.device)?
        }
    };
    let shown = Tensor::cat(in_other_colors(&colored), 0);
    Ok(Sight {
        model: of.model.clone(),
        leaks: leaks.into_iter().collect::<Result<_, _>>()?,
        contrast: contrast(&of.network, &seen)?,
        colors: colors(&eye, &colored)?,
        answers: answers(&eye, shown)?.iter().map(|row| row[0]).collect(),
    })
}

/// The first image to be shown, in its own and in other colors.
pub(super) fn pictures(shown: &Shown, device: &Device) -> Result<Vec<Picture>, StudyError> {
    let images = colored(&images(&shown.data().test, 0..3, device)?);
    let labels = ["as it is", "green, blue, red", "others, same sum"];
    let pictures = labels.into_iter().zip(in_other_colors(&images));
    pictures
        .map(|(label, image)| shown.picture(label, &image))
        .collect()
}

/// Images of three colors: as they are, or three gray ones for each, the first with the two after
/// it.
fn colored(images: &Tensor<4>) -> Tensor<4> {
    let [_, channels, ..] = images.dims();
    if channels == 3 {
        return images.clone();
    }
    let gray = images.clone().narrow(1, 0, 1);
    Tensor::cat([0, 1, 2].map(|by| turned(&gray, by)).to_vec(), 1)
}

/// The first image as it is, with its colors in another order, and with others of the same sum.
fn in_other_colors(images: &Tensor<4>) -> Vec<Tensor<4>> {
    let reordered = reordered(images, [1, 2, 0]);
    [images.clone(), reordered, exchanged(images)]
        .map(|images| images.narrow(0, 0, 1))
        .into()
}

/// What a network hands to its head, as half-spectra `[batch, channels, height, width/2 + 1]`.
///
/// # Errors
/// For a network that is neither a stack of filters of spectra nor one of filters of images.
fn before_head(network: &Network, images: Tensor<4>) -> Result<HalfSpectrum<4>, StudyError> {
    let transform = Rfft2::default();
    match network {
        Network::FrequencyStack(net) => {
            let layers = net.layers.iter();
            Ok(layers.fold(transform.forward(images), |z, layers| layers.forward(z)))
        }
        Network::ImageStack(net) => {
            let filters = net.filters.iter();
            let features = filters.fold(images, |features, filter| {
                filter.forward_with(Activation::RELU, features)
            });
            Ok(transform.forward(features))
        }
        _ => Err(StudyError::Failed(
            "only stacks of filters can be looked into".into(),
        )),
    }
}

/// What a network answers, without the offset of its head; a row an image.
fn answers(network: &Network, images: Tensor<4>) -> Result<Vec<Vec<f32>>, StudyError> {
    let outputs = network.forward(images);
    let head = match network {
        Network::FrequencyStack(net) => Some(&net.head),
        Network::ImageStack(net) => Some(&net.head),
        _ => None,
    };
    let outputs = match head.and_then(|head| head.output.bias.as_ref()) {
        Some(bias) => outputs - bias.val().unsqueeze(),
        None => outputs,
    };
    let [count, classes] = outputs.dims();
    let all = values(outputs.reshape([count, classes, 1, 1]))?;
    Ok(all.chunks(classes).map(<[f32]>::to_vec).collect())
}

/// Images `range` as the network is trained on them.
fn seen(
    of: &Images,
    indices: &[u32],
    normalize: &Normalize,
    device: &Device,
) -> Result<Tensor<4>, StudyError> {
    let mut pixels = Vec::new();
    fill_batch(of, indices, normalize, &mut pixels)?;
    let [channels, height, width] = of.shape();
    let dims = [indices.len(), channels, height, width];
    Ok(Tensor::from_data(TensorData::new(pixels, dims), device))
}

/// Four frequencies of images of that height and width, each with its negative outside the
/// half-spectrum.
fn frequencies([height, width]: [usize; 2]) -> [[usize; 2]; 4] {
    [
        [0, 2],
        [3, width / 8],
        [height / 4, width / 4],
        [height - height / 6, width / 3],
    ]
}

/// Adds a wave of that frequency to images and looks where the features change.
fn leak(network: &Network, images: &Tensor<4>, frequency: [usize; 2]) -> Result<Leak, StudyError> {
    let dims = images.dims();
    let [_, _, height, width] = dims;
    let pixels = values(images.clone())?;
    let strength = WAVE * (2.0 * energy(&pixels) / pixels.len() as f64).sqrt();
    let [row, column] = frequency;
    let wave = (0..height * width).map(|at| {
        let turns = (row * (at / width)) as f64 / height as f64
            + (column * (at % width)) as f64 / width as f64;
        (strength * (TAU * turns + 1.0).cos()) as f32
    });
    let wave = TensorData::new(wave.collect::<Vec<_>>(), [1, 1, height, width]);
    let wave = Tensor::<4>::from_data(wave, &images.device());
    let changed = before_head(network, images.clone() + wave)?;
    let change = changed - before_head(network, images.clone())?;
    let energies = change.norm_sqr().sum_dim(0).sum_dim(1);
    let by_frequency = values(energies.clone())?;
    let bins = width / 2 + 1;
    let total: f64 = by_frequency.iter().map(|&energy| f64::from(energy)).sum();
    let there = f64::from(by_frequency[row * bins + column]);
    let share = |energy: f64| match energy > 0.0 {
        true => energy / total,
        false => 0.0,
    };
    let counts = |&&energy: &&f32| share(f64::from(energy)) > CHANGED;
    Ok(Leak {
        frequency,
        elsewhere: share(total - there),
        changed: by_frequency.iter().filter(counts).count(),
        of: by_frequency.len(),
        picture: logarithmic_picture(
            "",
            &values(fftshift(energies, &[2]))?,
            [height, bins],
            DECADES,
        ),
    })
}

/// The largest relative difference of two answers over the images.
fn largest_change(from: &[Vec<f32>], to: &[Vec<f32>]) -> f64 {
    let changes = from.iter().zip(to);
    changes
        .map(|(from, to)| root_ratio(distance(from, to), energy(from)))
        .fold(0.0, f64::max)
}

/// The images with their three colors in that order.
fn reordered(images: &Tensor<4>, order: [usize; 3]) -> Tensor<4> {
    let colors = order.map(|color| images.clone().narrow(1, color, 1));
    Tensor::cat(colors.to_vec(), 1)
}

/// The images in another order, the first to come being that at place `by`.
fn turned(images: &Tensor<4>, by: usize) -> Tensor<4> {
    let [count, ..] = images.dims();
    match by % count {
        0 => images.clone(),
        by => Tensor::cat(
            vec![
                images.clone().narrow(0, by, count - by),
                images.clone().narrow(0, 0, by),
            ],
            0,
        ),
    }
}

/// The images with the red of the next one added to red and taken from green.
fn exchanged(images: &Tensor<4>) -> Tensor<4> {
    let [red, green, blue] = [0, 1, 2].map(|color| images.clone().narrow(1, color, 1));
    let next = turned(&red, 1);
    Tensor::cat(vec![red + next.clone(), green - next, blue], 1)
}

/// What a network of three colors makes of others.
fn colors(network: &Network, images: &Tensor<4>) -> Result<Colors, StudyError> {
    let own = answers(network, images.clone())?;
    let mut permuted: f64 = 0.0;
    for order in ORDERS {
        let other = answers(network, reordered(images, order))?;
        permuted = permuted.max(largest_change(&own, &other));
    }
    let other = answers(network, exchanged(images))?;
    Ok(Colors {
        permuted,
        exchanged: largest_change(&own, &other),
    })
}

/// How far the answers to images of another contrast are from the answers times as much.
fn contrast(network: &Network, images: &Tensor<4>) -> Result<f64, StudyError> {
    let own = answers(network, images.clone())?;
    let mut largest: f64 = 0.0;
    for factor in CONTRASTS {
        let other = answers(network, images.clone().mul_scalar(factor))?;
        let scale = |row: &Vec<f32>| {
            row.iter()
                .map(|&v| (factor * f64::from(v)) as f32)
                .collect()
        };
        let scaled: Vec<Vec<f32>> = own.iter().map(scale).collect();
        largest = largest.max(largest_change(&scaled, &other));
    }
    Ok(largest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;
    use spectral_lab::model::{InputSpec, build};

    #[test]
    fn three_gray_images_stand_for_colors() {
        let images = Tensor::<4>::from_data([[[[1.0f32]]], [[[2.0]]], [[[3.0]]]], &Device::flex());
        let colored = values(colored(&images)).unwrap();
        assert_eq!(colored, [1.0, 2.0, 3.0, 2.0, 3.0, 1.0, 3.0, 1.0, 2.0]);
    }

    fn images(device: &Device) -> Tensor<4> {
        Tensor::random([3, 3, 18, 20], Distribution::Normal(0.0, 1.0), device)
    }

    fn network(name: &str, device: &Device) -> Network {
        build(name, &InputSpec::new(3, [18, 20], 2), device).unwrap()
    }

    #[test]
    fn published_networks_keep_frequencies_apart_and_see_neither_color_nor_contrast() {
        let device = Device::flex();
        let images = images(&device);
        for name in ["cats-fourier", "cats-linear", "cats-gaussian-deep"] {
            let network = network(name, &device);
            for frequency in frequencies([18, 20]) {
                let leak = leak(&network, &images, frequency).unwrap();
                assert!(leak.elsewhere < 1e-6, "{name}: {leak:?}");
                assert!(leak.changed <= 1 && leak.of == 18 * 11, "{name}: {leak:?}");
            }
            let colors = colors(&network, &images).unwrap();
            assert!(
                colors.permuted < 1e-4 && colors.exchanged < 1e-4,
                "{name}: {colors:?}"
            );
            assert!(contrast(&network, &images).unwrap() < 1e-4, "{name}");
        }
    }

    #[test]
    fn repaired_networks_mix_frequencies_and_see_colors() {
        let device = Device::flex();
        let images = images(&device);
        for name in ["cats-spatial", "cats-fourier-repaired"] {
            let network = network(name, &device);
            let leak = leak(&network, &images, [4, 5]).unwrap();
            assert!(
                leak.elsewhere > 0.01 && leak.changed > 20,
                "{name}: {leak:?}"
            );
            let colors = colors(&network, &images).unwrap();
            assert!(
                colors.permuted > 1e-3 && colors.exchanged > 1e-3,
                "{name}: {colors:?}"
            );
        }
    }

    #[test]
    fn exchanged_colors_have_the_same_sum() {
        let device = Device::flex();
        let images = images(&device);
        let change = exchanged(&images) - images;
        let sums = values(change.clone().sum_dim(1)).unwrap();
        assert!(sums.iter().all(|sum| sum.abs() < 1e-5));
        assert!(energy(&values(change).unwrap()) > 1.0);
    }
}
