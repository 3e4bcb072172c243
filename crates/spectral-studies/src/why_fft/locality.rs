//! How far a pixel reaches, and a frequency.

use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2dConfig;
use burn::tensor::{Device, Tensor};
use burn_spectral::inspect::{MapReport, Probe, inspect_map};
use burn_spectral::spectrum::PatchStft2dConfig;
use burn_spectral::{ComplexTensor, Norm, fft};
use serde::{Deserialize, Serialize};

use spectral_lab::model::{FeatureLayer, Network, PatchLayer};
use spectral_lab::report::Picture;

use crate::StudyError;
use crate::kit::images::{signed_picture, values};

/// Height and width of the patches of the local transform.
const PATCH: usize = 8;

/// Answers below this share of the largest are taken for rounding.
const ROUNDING: f32 = 1e-6;

/// Shown of the kernels of a network.
const SHOWN: usize = 5;

/// How many numbers depend on one another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Reach {
    pub(super) map: String,
    /// Numbers that the map gives for an image.
    pub(super) outputs: usize,
    /// Of these, those that a pixel changes, the mean over pixels.
    pub(super) by_pixel: f64,
    /// Pixels.
    pub(super) pixels: usize,
    /// Of these, those that an output depends on, the mean over outputs.
    pub(super) of_output: f64,
}

/// What a network's first filters have become.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kernels {
    /// Root mean square distance of the energy of an answer from its pixel, in pixels.
    pub(super) radius: f64,
    /// Share of the energy within 3×3 pixels.
    pub(super) within_three: f64,
    /// The same within 9×9.
    pub(super) within_nine: f64,
    pub(super) pictures: Vec<Picture>,
}

/// An image for each pixel of `size`, which alone is 1.
fn points([height, width]: [usize; 2], device: &Device) -> Tensor<4> {
    let pixels = height * width;
    Tensor::<2>::eye(pixels, device).reshape([pixels, 1, height, width])
}

/// What depends on what, of a map given by its answers to every pixel, `[pixels, outputs]`.
fn reach(map: &str, answers: &[f32], pixels: usize) -> Reach {
    let outputs = answers.len() / pixels.max(1);
    let largest = answers.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
    let count = answers.iter().filter(|x| x.abs() > ROUNDING * largest);
    let count = count.count() as f64;
    Reach {
        map: map.into(),
        outputs,
        by_pixel: count / pixels.max(1) as f64,
        pixels,
        of_output: count / outputs.max(1) as f64,
    }
}

/// Of the transform of a whole image, of the transforms of patches, and of a 3×3 convolution.
pub(super) fn reaches(size: [usize; 2], device: &Device) -> Result<Vec<Reach>, StudyError> {
    let (points, pixels) = (points(size, device), size[0] * size[1]);
    let whole = fft::rfft2(points.clone(), Norm::Backward).abs();
    let patches = PatchStft2dConfig::new([PATCH; 2]).try_init()?;
    let local = patches.forward(points.clone());
    let local: ComplexTensor<4> = local.map(|part| {
        let outputs = part.shape().num_elements() / pixels;
        part.reshape([pixels, 1, 1, outputs])
    });
    let conv = Conv2dConfig::new([1, 1], [3, 3])
        .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
        .with_bias(false)
        .init(device);
    Ok(vec![
        reach("rfft2 of the image", &values(whole)?, pixels),
        reach(
            &format!("rfft2 of {PATCH}×{PATCH} patches"),
            &values(local.abs())?,
            pixels,
        ),
        reach("3×3 convolution", &values(conv.forward(points))?, pixels),
    ])
}

/// The kernels of the first layer of a network of local or filtered features; none of others.
pub(super) fn kernels(
    network: &Network,
    size: [usize; 2],
    device: &Device,
) -> Result<Option<Kernels>, StudyError> {
    let Network::Features(network) = network else {
        return Ok(None);
    };
    match network.layers.first() {
        Some(FeatureLayer::Filter(layer)) => {
            let filter = &layer.filter;
            let probe = Probe::new(filter.channels_in(), size, device)?;
            let report = inspect_map(|images| filter.forward(images), &probe)?;
            Ok(Some(filters(&report, device)?))
        }
        Some(FeatureLayer::Patches(layer)) => patches(layer, size, device).map(Some),
        None => Ok(None),
    }
}

fn filters(report: &MapReport, device: &Device) -> Result<Kernels, StudyError> {
    let kernel = &report.kernel;
    let [outputs, _] = report.channels;
    let planes: Vec<Vec<f32>> = (0..outputs.min(SHOWN))
        .map(|output| {
            kernel
                .centered(output, 0)
                .iter()
                .map(|x| *x as f32)
                .collect()
        })
        .collect();
    Ok(Kernels {
        radius: report.energy_radius,
        within_three: kernel.share_within(3),
        within_nine: kernel.share_within(9),
        pictures: pictures(&planes, report.size, device)?,
    })
}

/// Features of the patch in the middle, as kernels around its center.
fn patches(layer: &PatchLayer, size: [usize; 2], device: &Device) -> Result<Kernels, StudyError> {
    let [height, width] = size;
    let zero = layer.forward(Tensor::zeros([1, 1, height, width], device));
    let answers = layer.forward(points(size, device)) - zero;
    let [pixels, features, rows, columns] = answers.dims();
    let at = [rows / 2, columns / 2];
    let answers = answers.narrow(2, at[0], 1).narrow(3, at[1], 1);
    let answers = values(answers)?;
    // The window is highest in the middle of its patch.
    let hop = layer.transform.hop;
    let center = [0, 1].map(|axis| (at[axis] * hop[axis] + PATCH / 2) as isize);
    let (mut sums, mut total) = ([0.0; 3], 0.0);
    for pixel in 0..pixels {
        let place = [(pixel / width) as isize, (pixel % width) as isize];
        let [down, right] = [0, 1].map(|axis| place[axis] - center[axis]);
        let energy: f64 = (0..features)
            .map(|feature| f64::from(answers[pixel * features + feature]).powi(2))
            .sum();
        total += energy;
        sums[0] += energy * (down * down + right * right) as f64;
        sums[1] += if down.abs().max(right.abs()) <= 1 {
            energy
        } else {
            0.0
        };
        sums[2] += if down.abs().max(right.abs()) <= 4 {
            energy
        } else {
            0.0
        };
    }
    let share = |sum: f64| if total > 0.0 { sum / total } else { 0.0 };
    let planes: Vec<Vec<f32>> = (0..features.min(SHOWN))
        .map(|feature| {
            (0..pixels)
                .map(|pixel| answers[pixel * features + feature])
                .collect()
        })
        .collect();
    Ok(Kernels {
        radius: share(sums[0]).sqrt(),
        within_three: share(sums[1]),
        within_nine: share(sums[2]),
        pictures: pictures(&planes, size, device)?,
    })
}

fn pictures(
    planes: &[Vec<f32>],
    [height, width]: [usize; 2],
    device: &Device,
) -> Result<Vec<Picture>, StudyError> {
    let drawn = planes.iter().zip(1..).map(|(plane, number)| {
        let largest = plane.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
        let image = Tensor::<1>::from_floats(plane.as_slice(), device);
        signed_picture(
            &number.to_string(),
            &image.reshape([1, 1, height, width]),
            largest,
        )
    });
    drawn.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectral_lab::model::{InputSpec, build};

    #[test]
    fn a_pixel_reaches_all_frequencies_and_nine_of_a_convolution() {
        let found = reaches([16, 16], &Device::flex()).unwrap();
        let [whole, patches, conv] = [0, 1, 2].map(|index| &found[index]);
        assert_eq!((whole.by_pixel, whole.outputs), (144.0, 144));
        assert_eq!(whole.of_output, 256.0);
        // 3×3 less what lies outside: (3·16 − 2)² over 16².
        assert!((conv.by_pixel - 46.0 * 46.0 / 256.0).abs() < 1e-9);
        assert_eq!(conv.by_pixel, conv.of_output);
        // The window is 0 at the first of eight samples, so that 7×7 pixels count.
        assert!((patches.of_output - 49.0).abs() < 1.0, "{patches:?}");
    }

    #[test]
    fn gates_begin_as_points_and_convolutions_within_three() {
        let device = Device::flex();
        let input = InputSpec::new(1, [16, 16], 3);
        let of = |name: &str| {
            let network = build(name, &input, &device).unwrap();
            kernels(&network, [16, 16], &device).unwrap()
        };
        let gates = of("fft-gate-repaired").unwrap();
        assert!(
            gates.radius < 1e-3 && gates.within_three > 0.999,
            "{gates:?}"
        );
        let conv = of("fft-cnn-small").unwrap();
        assert!(
            conv.radius > 0.5 && conv.radius < 2.0_f64.sqrt(),
            "{}",
            conv.radius
        );
        assert!(conv.within_three > 0.999);
        let local = of("fft-local").unwrap();
        assert!(
            local.within_nine > 0.999 && local.within_three < 0.9,
            "{local:?}"
        );
        assert!(of("fft-only").is_none());
    }
}
