//! Images as tensors, how far tensors are apart, and tensors as pictures; images themselves become
//! pictures in [`shown`](super::shown).

use burn::tensor::{Device, Tensor, TensorData};

use spectral_lab::data::{Images, Normalize, fill_batch};
use spectral_lab::report::Picture;

use crate::StudyError;

/// The images at `range`, as far as there are so many, with pixels in 0..1.
pub(crate) fn images(
    of: &Images,
    range: std::ops::Range<usize>,
    device: &Device,
) -> Result<Tensor<4>, StudyError> {
    let end = range.end.min(of.len());
    let indices: Vec<u32> = (range.start.min(end) as u32..end as u32).collect();
    let mut numbers = Vec::new();
    fill_batch(of, &indices, &Normalize::ZeroOne, &mut numbers)?;
    let dims = [indices.len(), of.channels, of.height, of.width];
    Ok(Tensor::from_data(TensorData::new(numbers, dims), device))
}

/// The numbers of a tensor.
pub(crate) fn values(tensor: Tensor<4>) -> Result<Vec<f32>, StudyError> {
    (tensor.try_into_vec_as::<f32>()).map_err(|error| StudyError::Device(format!("{error:?}")))
}

/// Σ a².
pub(crate) fn energy(a: &[f32]) -> f64 {
    a.iter().map(|&a| f64::from(a).powi(2)).sum()
}

/// Σ (a − b)².
pub(crate) fn distance(a: &[f32], b: &[f32]) -> f64 {
    let squares = a.iter().zip(b);
    squares
        .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
        .sum()
}

/// The root of a quotient of two sums of squares, 0 of nothing by nothing.
pub(crate) fn root_ratio(part: f64, whole: f64) -> f64 {
    match part == 0.0 {
        true => 0.0,
        // Never infinite: that has no place in a file of numbers.
        false => (part / whole.max(f64::MIN_POSITIVE)).sqrt(),
    }
}

/// ‖a − b‖ / ‖b‖.
pub(crate) fn relative(a: &[f32], b: &[f32]) -> f64 {
    root_ratio(distance(a, b), energy(b))
}

/// The first channel of the first image, red above zero, white at zero and blue below it, the full
/// color at `largest`.
pub(crate) fn signed_picture(
    label: &str,
    images: &Tensor<4>,
    largest: f32,
) -> Result<Picture, StudyError> {
    let [_, _, rows, cols] = images.dims();
    let plane = values(images.clone().narrow(0, 0, 1).narrow(1, 0, 1))?;
    let largest = largest.max(f32::MIN_POSITIVE);
    let color = |value: &f32| {
        let faded = 255 - (255.0 * (value.abs() / largest).min(1.0)).round() as u8;
        match *value < 0.0 {
            true => [faded, faded, 255],
            false => [255, faded, faded],
        }
    };
    Ok(Picture {
        label: label.into(),
        rows,
        cols,
        channels: 3,
        pixels: plane.iter().flat_map(color).collect(),
    })
}

/// Values not below zero in gray, white the largest and black from `decades` below it.
pub(crate) fn logarithmic_picture(
    label: &str,
    values: &[f32],
    [rows, cols]: [usize; 2],
    decades: f64,
) -> Picture {
    let largest = values.iter().copied().fold(0.0, f32::max);
    let gray = |value: &f32| {
        let below = f64::from(value / largest.max(f32::MIN_POSITIVE));
        let below = below.max(f64::MIN_POSITIVE).log10();
        (255.0 * (1.0 + below / decades).clamp(0.0, 1.0)).round() as u8
    };
    Picture {
        label: label.into(),
        rows,
        cols,
        channels: 1,
        pixels: values.iter().map(gray).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(values: &[f32], dims: [usize; 4]) -> Tensor<4> {
        Tensor::from_data(TensorData::new(values.to_vec(), dims), &Device::flex())
    }

    #[test]
    fn signs_are_red_and_blue() {
        let image = tensor(&[0.0, 2.0, -1.0, -9.0], [1, 1, 2, 2]);
        let picture = signed_picture("x", &image, 2.0).unwrap();
        let red_blue = [255, 255, 255, 255, 0, 0, 127, 127, 255, 0, 0, 255];
        assert_eq!(picture.pixels, red_blue);
    }

    #[test]
    fn gray_falls_by_decades() {
        let picture = logarithmic_picture("x", &[10.0, 1e-3, 0.0, 0.1], [2, 2], 5.0);
        assert_eq!(picture.pixels, [255, 51, 0, 153]);
        let nothing = logarithmic_picture("x", &[0.0], [1, 1], 8.0);
        assert_eq!(nothing.pixels, [0]);
    }

    #[test]
    fn images_past_the_end_are_left_out() {
        let of = Images {
            pixels: vec![0, 255, 51, 102],
            channels: 1,
            height: 1,
            width: 2,
            labels: vec![0, 1],
        };
        let images = images(&of, 1..9, &Device::flex()).unwrap();
        assert_eq!(images.dims(), [1, 1, 1, 2]);
        assert_eq!(values(images).unwrap(), [0.2, 0.4]);
    }

    #[test]
    fn a_ratio_of_nothing_is_nothing() {
        assert_eq!(root_ratio(0.0, 0.0), 0.0);
        assert_eq!(root_ratio(9.0, 4.0), 1.5);
        assert_eq!(
            (energy(&[3.0, -4.0]), distance(&[1.0, 2.0], &[0.0, 4.0])),
            (25.0, 5.0)
        );
        assert_eq!(relative(&[3.0, 0.0], &[0.0, 4.0]), 1.25);
        assert_eq!(relative(&[0.0], &[0.0]), 0.0);
    }
}
