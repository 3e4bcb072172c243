//! What phase and magnitude say of an image: either taken from another image, or alone.

use burn::tensor::{Device, Tensor};
use burn_spectral::{ComplexTensor, HalfSpectrum, Norm, fft};
use serde::{Deserialize, Serialize};

use spectral_lab::data::Images;
use spectral_lab::report::Picture;

use crate::StudyError;
use crate::kit::comparison::Subject;
use crate::kit::images::{images, relative, values};
use crate::kit::rate::{hits, named, seen};
use crate::kit::shown::Shown;

/// What a network finds in images whose phases and magnitudes are exchanged, as shares of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Exchanged {
    pub(super) images: usize,
    /// Classified correctly as they are.
    pub(super) whole: f64,
    /// Given the magnitude of an image of another class: named as the image of the phase.
    pub(super) as_phase: f64,
    /// The same images, named as the image of the magnitude.
    pub(super) as_magnitude: f64,
    /// With the mean magnitude of all images: classified correctly.
    pub(super) phase_alone: f64,
    /// With no phase: classified correctly.
    pub(super) magnitude_alone: f64,
}

/// What of an image a transform and its polar form keep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// `‖irfft2(rfft2(x)) − x‖/‖x‖`.
    pub(super) round_trip: f64,
    /// The same by way of magnitude and phase.
    pub(super) polar_round_trip: f64,
    /// `‖|X′| − |X|‖/‖|X|‖` of images moved circularly by a quarter of their sides.
    pub(super) magnitude_moved: f64,
    /// The same of real and imaginary part.
    pub(super) spectrum_moved: f64,
}

fn spectrum(images: Tensor<4>) -> HalfSpectrum<4> {
    fft::rfft2(images, Norm::Backward)
}

/// Images of the phase of one and the magnitude `[…, height, width/2 + 1]` of another. Where there is
/// nothing, the phase is 0.
fn joined(phase_of: Tensor<4>, magnitude: Tensor<4>) -> Tensor<4> {
    let spectrum = spectrum(phase_of);
    let own = spectrum.clone().abs();
    let nothing = own.clone().equal_elem(0.0);
    let scale = magnitude.clone() / own.mask_fill(nothing.clone(), 1.0);
    let joined = spectrum.map_complex(|z| {
        let re = (z.re * scale.clone()).mask_where(nothing, magnitude);
        ComplexTensor::new(re, z.im * scale)
    });
    fft::irfft2(joined, Norm::Backward)
}

/// Images of the phase of one and the magnitude of another.
pub(super) fn exchanged(phase_of: Tensor<4>, magnitude_of: Tensor<4>) -> Tensor<4> {
    joined(phase_of, spectrum(magnitude_of).abs())
}

/// Images with the magnitude they have and no phase.
fn without_phase(images: Tensor<4>) -> Tensor<4> {
    let magnitude = spectrum(images).map_complex(|z| ComplexTensor::from_real(z.abs()));
    fft::irfft2(magnitude, Norm::Backward)
}

/// Images with the phase they have and their mean magnitude.
fn with_mean_magnitude(images: Tensor<4>) -> Tensor<4> {
    let magnitude = spectrum(images.clone()).abs();
    let dims = magnitude.dims();
    joined(images, magnitude.mean_dim(0).expand(dims))
}

/// For each image the next one, around the end, of another class; itself where there is none.
fn partners(labels: &[usize]) -> Vec<usize> {
    let count = labels.len();
    (0..count)
        .map(|at| {
            let mut others = (1..count).map(|step| (at + step) % count);
            others
                .find(|other| labels[*other] != labels[at])
                .unwrap_or(at)
        })
        .collect()
}

/// Shows a network the first `count` test images, whole and taken apart.
pub(super) fn shown(of: &Subject, count: usize) -> Result<Exchanged, StudyError> {
    let network = &of.network;
    let mut sums = [0; 5];
    let mut total = 0;
    for batch in seen(&of.data.test, count, &of.normalize, &of.device) {
        let (batch, labels) = batch?;
        let partners = partners(&labels);
        let others: Vec<usize> = partners.iter().map(|other| labels[*other]).collect();
        let order: Vec<i32> = partners.iter().map(|other| *other as i32).collect();
        let order = Tensor::from_ints(order.as_slice(), &of.device);
        let magnitudes = batch.clone().select(0, order);
        let mixed = named(network, exchanged(batch.clone(), magnitudes))?;
        let found = [
            hits(&named(network, batch.clone())?, &labels),
            hits(&mixed, &labels),
            hits(&mixed, &others),
            hits(
                &named(network, with_mean_magnitude(batch.clone()))?,
                &labels,
            ),
            hits(&named(network, without_phase(batch))?, &labels),
        ];
        sums.iter_mut()
            .zip(found)
            .for_each(|(sum, hits)| *sum += hits);
        total += labels.len();
    }
    let [whole, as_phase, as_magnitude, phase_alone, magnitude_alone] =
        sums.map(|sum| sum as f64 / total.max(1) as f64);
    Ok(Exchanged {
        images: total,
        whole,
        as_phase,
        as_magnitude,
        phase_alone,
        magnitude_alone,
    })
}

/// Shares of the first `count` test images classified correctly when they are moved circularly, down and to
/// the right, by each of the numbers of pixels.
pub(super) fn shifted(
    of: &Subject,
    count: usize,
    shifts: &[usize],
) -> Result<Vec<f64>, StudyError> {
    let mut sums = vec![0; shifts.len()];
    let mut total = 0;
    for batch in seen(&of.data.test, count, &of.normalize, &of.device) {
        let (batch, labels) = batch?;
        for (sum, &shift) in sums.iter_mut().zip(shifts) {
            let moved = batch.clone().roll(&[shift as i64; 2], &[2, 3]);
            *sum += hits(&named(&of.network, moved)?, &labels);
        }
        total += labels.len();
    }
    let shares = sums.iter().map(|sum| *sum as f64 / total.max(1) as f64);
    Ok(shares.collect())
}

/// What is kept of the first `count` images.
pub(super) fn kept(of: &Images, count: usize, device: &Device) -> Result<Kept, StudyError> {
    let x = images(of, 0..count, device)?;
    let [.., height, width] = x.dims();
    let whole = spectrum(x.clone());
    let moved = x
        .clone()
        .roll(&[(height / 4) as i64, (width / 4) as i64], &[2, 3]);
    let moved = spectrum(moved);
    let back = |spectrum| fft::irfft2(spectrum, Norm::Backward);
    let polar = whole
        .clone()
        .map_complex(|z| ComplexTensor::from_polar(z.clone().abs(), z.arg()));
    let parts = |half: HalfSpectrum<4>| -> Result<Vec<f32>, StudyError> {
        let z = half.into_complex();
        Ok([values(z.re)?, values(z.im)?].concat())
    };
    let x = values(x)?;
    Ok(Kept {
        round_trip: relative(&values(back(whole.clone()))?, &x),
        polar_round_trip: relative(&values(back(polar))?, &x),
        magnitude_moved: relative(&values(moved.clone().abs())?, &values(whole.clone().abs())?),
        spectrum_moved: relative(&parts(moved)?, &parts(whole)?),
    })
}

/// Two images of different classes, their phases and magnitudes exchanged, and either alone.
pub(super) fn pictures(shown: &Shown, device: &Device) -> Result<Vec<Vec<Picture>>, StudyError> {
    let data = shown.data();
    let labels: Vec<usize> = (data.test.labels.iter())
        .map(|&label| usize::from(label))
        .collect();
    let partners = partners(&labels);
    let class = |at: usize| data.classes.get(labels[at]).map_or("", String::as_str);
    (0..2.min(labels.len()))
        .map(|at| {
            let other = partners[at];
            let one = images(&data.test, at..at + 1, device)?;
            let two = images(&data.test, other..other + 1, device)?;
            let (a, b) = (class(at), class(other));
            let crossed = exchanged(one.clone(), two.clone());
            let back = exchanged(two.clone(), one.clone());
            // Its pixels are around the corner: in the middle it can be seen.
            let [.., height, width] = one.dims();
            let middle = [(height / 2) as i64, (width / 2) as i64];
            let bare = without_phase(one.clone()).roll(&middle, &[2, 3]);
            Ok(vec![
                shown.picture(a, &one)?,
                shown.picture(b, &two)?,
                shown.picture(
                    &format!("phase of {a}, magnitude of {b}"),
                    &stretched(crossed)?,
                )?,
                shown.picture(
                    &format!("phase of {b}, magnitude of {a}"),
                    &stretched(back)?,
                )?,
                shown.picture(&format!("magnitude of {a}, no phase"), &stretched(bare)?)?,
            ])
        })
        .collect()
}

/// An image stretched to the range of gray levels.
fn stretched(image: Tensor<4>) -> Result<Tensor<4>, StudyError> {
    let all = values(image.clone())?;
    let low = all.iter().copied().fold(f32::INFINITY, f32::min);
    let high = all.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let range = f64::from((high - low).max(f32::MIN_POSITIVE));
    Ok((image - f64::from(low)) * (1.0 / range))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Distribution, TensorData};

    fn image(values: [f32; 4]) -> Tensor<4> {
        Tensor::from_data(
            TensorData::new(values.to_vec(), [1, 1, 2, 2]),
            &Device::flex(),
        )
    }

    #[test]
    fn two_by_two_is_exchanged_as_worked_by_hand() {
        // Spectra of 2×2 images are real: the phase is a sign. [4, −2; 0, 2] and [10, −2; −4, 0].
        let (one, two) = (image([1.0, 1.0, 0.0, 2.0]), image([1.0, 2.0, 3.0, 4.0]));
        // Signs of the first with magnitudes of the second: [10, −2; 4, 0], 0 taken as above zero.
        let got = values(exchanged(one.clone(), two)).unwrap();
        for (got, wanted) in got.iter().zip([3.0, 4.0, 1.0, 2.0]) {
            assert!((got - wanted).abs() < 1e-6, "{got} {wanted}");
        }
        // Magnitudes of the first without signs: [4, 2; 0, 2].
        let got = values(without_phase(one)).unwrap();
        for (got, wanted) in got.iter().zip([2.0, 0.0, 1.0, 1.0]) {
            assert!((got - wanted).abs() < 1e-6, "{got} {wanted}");
        }
    }

    #[test]
    fn an_image_exchanged_with_itself_is_itself_and_keeps_its_magnitude_with_others() {
        let device = Device::flex();
        let draw = || Tensor::<4>::random([3, 2, 6, 7], Distribution::Normal(0.0, 1.0), &device);
        let (one, two) = (draw(), draw());
        let apart = |a: Tensor<4>, b: Tensor<4>| (a - b).abs().max().into_scalar::<f32>();
        let same = exchanged(one.clone(), one.clone());
        assert!(apart(same, one.clone()) < 1e-5);
        let mixed = exchanged(one, two.clone());
        assert!(apart(spectrum(mixed).abs(), spectrum(two).abs()) < 1e-4);
    }

    #[test]
    fn partners_are_the_next_of_another_class() {
        assert_eq!(partners(&[3, 3, 1, 3]), [2, 2, 3, 2]);
        assert_eq!(partners(&[3, 3]), [0, 1]);
    }

    #[test]
    fn a_transform_keeps_everything_and_magnitudes_do_not_move() {
        let of = Images {
            pixels: (0..2 * 8 * 9).map(|i| (i * i % 251) as u8).collect(),
            channels: 1,
            height: 8,
            width: 9,
            labels: vec![0, 1],
        };
        let kept = kept(&of, 2, &Device::flex()).unwrap();
        assert!(
            kept.round_trip < 1e-6 && kept.polar_round_trip < 1e-6,
            "{kept:?}"
        );
        assert!(kept.magnitude_moved < 1e-6, "{kept:?}");
        assert!(kept.spectrum_moved > 0.1, "{kept:?}");
    }
}
