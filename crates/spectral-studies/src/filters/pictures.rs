//! Filters as pictures, and the way of an image through one.

use burn::tensor::{Device, Tensor, TensorData};
use burn_spectral::fft::{Irfft2, Rfft2, fftshift};
use burn_spectral::frequency::CRelu;
use burn_spectral::{ComplexTensor, HalfSpectrum};

use spectral_lab::data::{Normalize, fill_batch};
use spectral_lab::report::{Picture, Strip, Value};

use super::responses::Responses;
use crate::StudyError;
use crate::kit::images::{images, logarithmic_picture, signed_picture, values};
use crate::kit::shown::Shown;

/// Height and width at most of a picture of an impulse response.
const IMPULSE: usize = 31;

/// Decades that pictures of magnitudes span.
const DECADES: f64 = 5.0;

/// A filter of a layer, `[1, 1, height, bins]`.
fn filter(of: &Responses, layer: usize) -> ComplexTensor<4> {
    of.layers[layer].clone().map(|part| part.narrow(0, 0, 1))
}

/// Rows of negative frequencies first.
fn centered(part: Tensor<4>) -> Tensor<4> {
    fftshift(part, &[2])
}

/// What a filter answers to a point where it leads back to an image, the point in the middle.
fn impulse(response: ComplexTensor<4>, [height, width]: [usize; 2]) -> Tensor<4> {
    let image = Irfft2::default().forward(HalfSpectrum::new(response, width));
    let image = fftshift(image, &[2, 3]);
    let [rows, cols] = [height, width].map(|side| side.min(IMPULSE));
    image
        .narrow(2, height / 2 - rows / 2, rows)
        .narrow(3, width / 2 - cols / 2, cols)
}

fn largest(tensors: &[Tensor<4>]) -> Result<f32, StudyError> {
    let mut largest: f32 = 0.0;
    for tensor in tensors {
        let all = values(tensor.clone())?;
        largest = all
            .iter()
            .fold(largest, |most, value| most.max(value.abs()));
    }
    Ok(largest)
}

/// The first filter of the first and of the last layer, before and after.
pub(super) fn before_and_after(
    fresh: &Responses,
    trained: &Responses,
) -> Result<Vec<Strip>, StudyError> {
    let last = fresh.layers.len() - 1;
    let strips = [0, last].map(|layer| {
        let pair = [fresh, trained].map(|of| filter(of, layer));
        let parts = [0, 1].map(|at: usize| [&pair[at].re, &pair[at].im].map(|part| part.clone()));
        let impulses = pair.map(|response| impulse(response, fresh.size));
        let [[re, im], [re_after, im_after]] = parts;
        let responses = [re, re_after, im, im_after];
        let [most, most_impulse] = [largest(&responses)?, largest(&impulses)?];
        let labels = [
            "real, before",
            "real, after",
            "imaginary, before",
            "imaginary, after",
        ];
        let mut pictures = Vec::new();
        for (label, part) in labels.into_iter().zip(responses) {
            pictures.push(signed_picture(label, &centered(part), most)?);
        }
        for (label, image) in ["impulse, before", "impulse, after"]
            .into_iter()
            .zip(&impulses)
        {
            pictures.push(signed_picture(label, image, most_impulse)?);
        }
        Ok(Strip {
            title: format!(
                "Layer {}, filter 1: full color at {} (response), {} (impulse response)",
                layer + 1,
                Value::from(f64::from(most)).shown(),
                Value::from(f64::from(most_impulse)).shown()
            ),
            pictures,
            file: None,
        })
    });
    strips.into_iter().collect()
}

/// Gray from the least to the largest value.
fn stretched(shown: &Shown, label: &str, image: &Tensor<4>) -> Result<Picture, StudyError> {
    let all = values(image.clone())?;
    let (low, high) = (all.iter()).fold((f32::MAX, f32::MIN), |(low, high), &value| {
        (low.min(value), high.max(value))
    });
    let span = (high - low).max(f32::MIN_POSITIVE);
    shown.picture(label, &image.clone().sub_scalar(low).div_scalar(span))
}

/// Magnitudes of a half-spectrum by decades below the largest.
fn magnitude(label: &str, spectrum: &HalfSpectrum<4>) -> Result<Picture, StudyError> {
    let [_, _, rows, cols] = spectrum.dims();
    let magnitudes = values(centered(spectrum.clone().abs()))?;
    Ok(logarithmic_picture(
        label,
        &magnitudes,
        [rows, cols],
        DECADES,
    ))
}

/// The first image to be shown, its spectrum, the first filter, the spectrum it lets through, and that as an
/// image, as it is and rectified.
pub(super) fn overview(
    model: &str,
    trained: &Responses,
    shown: &Shown,
    normalize: &Normalize,
    device: &Device,
) -> Result<Strip, StudyError> {
    let of = &shown.data().test;
    let mut pixels = Vec::new();
    fill_batch(of, &[0], normalize, &mut pixels)?;
    let [channels, height, width] = of.shape();
    let dims = [1, channels, height, width];
    let seen = Tensor::<4>::from_data(TensorData::new(pixels, dims), device);
    let back = Irfft2::default();
    let spectrum = Rfft2::default().forward(seen.sum_dim(1));
    let response = filter(trained, 0);
    let filtered = spectrum.clone() * response.clone();
    let rectified = CRelu.forward(filtered.clone());
    Ok(Strip {
        title: model.into(),
        pictures: vec![
            shown.picture("image", &images(of, 0..1, device)?)?,
            magnitude("its spectrum", &spectrum)?,
            stretched(shown, "filter 1 of layer 1", &centered(response.abs()))?,
            magnitude("filtered spectrum", &filtered)?,
            stretched(shown, "back in the image", &back.forward(filtered))?,
            stretched(shown, "after ReLU of both parts", &back.forward(rectified))?,
        ],
        file: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectral_lab::data::Images;
    use spectral_lab::model::{InputSpec, build};

    #[test]
    fn filters_and_the_way_of_an_image_have_their_sizes() {
        let device = Device::flex();
        let size = [40, 37];
        let network = build("cats-linear", &InputSpec::new(1, size, 2), &device).unwrap();
        let responses = Responses::of(&network, size).unwrap();
        let strips = before_and_after(&responses, &responses).unwrap();
        assert_eq!(strips.len(), 2);
        for strip in strips {
            let sizes: Vec<_> = strip.pictures.iter().map(|p| [p.rows, p.cols]).collect();
            assert_eq!(
                sizes,
                [[40, 19], [40, 19], [40, 19], [40, 19], [31, 31], [31, 31]]
            );
            assert_eq!(strip.pictures[0].pixels, strip.pictures[1].pixels);
        }
        let images = Images {
            pixels: (0..40 * 37).map(|i| (i % 251) as u8).collect(),
            channels: 1,
            height: 40,
            width: 37,
            labels: vec![0],
        };
        let shown = Shown::of_test(images);
        let strip = overview("net", &responses, &shown, &Normalize::ZeroOne, &device).unwrap();
        let sizes: Vec<_> = strip.pictures.iter().map(|p| [p.rows, p.cols]).collect();
        assert_eq!(
            sizes,
            [[40, 37], [40, 19], [40, 19], [40, 19], [40, 37], [40, 37]]
        );
    }

    #[test]
    fn a_response_of_one_everywhere_answers_with_the_point_itself() {
        let device = Device::flex();
        let ones = ComplexTensor::from_real(Tensor::ones([1, 1, 35, 18], &device));
        let image = impulse(ones, [35, 34]);
        assert_eq!(image.dims(), [1, 1, 31, 31]);
        let points = values(image).unwrap();
        assert!((points[15 * 31 + 15] - 1.0).abs() < 1e-5);
        assert!(points.iter().filter(|value| value.abs() > 1e-4).count() == 1);
    }
}
