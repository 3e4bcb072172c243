//! The filter of the article's example as it is: a sinc of each coordinate, with its peak in the
//! middle of the image.

use burn::tensor::{Device, Tensor};
use burn_spectral::conv::{ConvolveOutput, FixedFourierConv2dConfig, KernelOrigin, sinc_planes};
use burn_spectral::pool::spectral_resize2d;
use serde::{Deserialize, Serialize};

use spectral_lab::data::Images;
use spectral_lab::report::Picture;

use crate::StudyError;
use crate::kit::images::{energy, images, relative, root_ratio, signed_picture, values};
use crate::kit::shown::Shown;

/// Height and width of the image and the filter in the article.
pub(super) const SIDE: usize = 128;

/// What the example does to an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Example {
    /// Shapes of image, filter and result.
    pub(super) shapes: [Vec<usize>; 3],
    /// `‖published, moved back by half the image − centered‖/‖centered‖`.
    pub(super) moved_by_half: f64,
    /// `‖published − centered‖/‖centered‖`.
    pub(super) as_published: f64,
    /// Share of the energy of the two filters' results, less their means, that varies along the axis
    /// along which the filter is constant.
    pub(super) along_constant: f64,
    /// The same of the image itself.
    pub(super) of_image: f64,
    pub(super) strips: Vec<Vec<Picture>>,
}

/// The two results `[images, 2, side, side]` with the kernel's origin at its first sample, or in its
/// middle.
fn filtered(
    image: Tensor<4>,
    origin: KernelOrigin,
    device: &Device,
) -> Result<Tensor<4>, StudyError> {
    let [_, _, height, width] = image.dims();
    let kernels = sinc_planes([height, width], device);
    let layer = FixedFourierConv2dConfig::from_kernels(1, kernels, origin)
        .with_output(ConvolveOutput::Magnitude)
        .try_init(device)?;
    Ok(layer.forward(image))
}

/// Energy of a plane less its mean along an axis, over that less its mean.
fn varies(plane: Tensor<4>, axis: usize) -> Result<f64, StudyError> {
    let whole = plane.clone() - plane.clone().mean_dim(2).mean_dim(3);
    let along = plane.clone() - plane.mean_dim(axis);
    let squares = |tensor: Tensor<4>| values(tensor).map(|values| energy(&values));
    Ok(root_ratio(squares(along)?, squares(whole)?).powi(2))
}

/// One channel of the first two images, as large as the article's.
fn enlarged(of: &Images, side: usize, device: &Device) -> Result<Tensor<4>, StudyError> {
    let x = images(of, 0..2, device)?.narrow(1, 0, 1);
    Ok(spectral_resize2d(x, [side, side]).clamp(0.0, 1.0))
}

/// Applies the filter as published, and with its peak as origin, to images of `side`; pictures are
/// of those to be shown.
pub(super) fn example(
    of: &Images,
    shown: &Shown,
    side: usize,
    device: &Device,
) -> Result<Example, StudyError> {
    let x = enlarged(of, side, device)?;
    let published = filtered(x.clone(), KernelOrigin::First, device)?;
    let centered = filtered(x.clone(), KernelOrigin::Center, device)?;
    let half = -((side / 2) as i64);
    let back = published.clone().roll(&[half, half], &[2, 3]);
    let apart = |got: &Tensor<4>| -> Result<f64, StudyError> {
        Ok(relative(&values(got.clone())?, &values(centered.clone())?))
    };
    let first = |tensor: &Tensor<4>, plane| tensor.clone().narrow(1, plane, 1);
    // The first plane varies along the height alone.
    let constant = [(0, 3), (1, 2)].map(|(plane, axis)| varies(first(&centered, plane), axis));
    let [one, two] = constant;
    Ok(Example {
        shapes: [
            vec![side, side],
            vec![2, side, side],
            published.dims()[1..].to_vec(),
        ],
        moved_by_half: apart(&back)?,
        as_published: apart(&published)?,
        along_constant: one?.max(two?),
        of_image: varies(x.clone(), 2)?.max(varies(x, 3)?),
        strips: strips(shown, side, device)?,
    })
}

/// Each image, the two filters, and what comes of them.
fn strips(shown: &Shown, side: usize, device: &Device) -> Result<Vec<Vec<Picture>>, StudyError> {
    let x = enlarged(&shown.data().test, side, device)?;
    let published = filtered(x.clone(), KernelOrigin::First, device)?;
    let centered = filtered(x.clone(), KernelOrigin::Center, device)?;
    let kernels = sinc_planes([side, side], device);
    let mut strips = Vec::new();
    for at in 0..x.dims()[0] {
        let image = x.clone().narrow(0, at, 1);
        let mut strip = vec![shown.picture("image", &image)?];
        for (plane, name) in ["height", "width"].into_iter().enumerate() {
            let kernel = kernels.clone().narrow(0, plane, 1);
            let kernel = kernel.reshape([1, 1, side, side]);
            let label = format!("filter along the {name}");
            strip.push(signed_picture(&label, &kernel, 1.0)?);
            for (results, how) in [(&published, "as published"), (&centered, "centered")] {
                let result = results.clone().narrow(0, at, 1).narrow(1, plane, 1);
                let largest = result.clone().max().into_scalar::<f32>();
                let scale = 1.0 / f64::from(largest.max(f32::MIN_POSITIVE));
                strip.push(shown.picture(&format!("{name}, {how}"), &(result * scale))?);
            }
        }
        strips.push(strip);
    }
    Ok(strips)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::TensorData;

    #[test]
    fn variation_along_an_axis_is_that_worked_by_hand() {
        let plane = |values: [f32; 4]| -> Tensor<4> {
            Tensor::from_data(
                TensorData::new(values.to_vec(), [1, 1, 2, 2]),
                &Device::flex(),
            )
        };
        // Rows differ, columns do not.
        let rows = plane([1.0, 1.0, 3.0, 3.0]);
        assert_eq!(varies(rows.clone(), 2).unwrap(), 1.0);
        assert_eq!(varies(rows, 3).unwrap(), 0.0);
        // Less its mean [−3, −1, 1, 3]: 20 in all, 4 along the columns.
        assert!((varies(plane([0.0, 2.0, 4.0, 6.0]), 3).unwrap() - 0.2).abs() < 1e-6);
    }

    #[test]
    fn the_published_filter_moves_the_image_by_half_and_keeps_one_axis() {
        let of = Images {
            pixels: (0..2 * 16 * 16).map(|i| (i * i * 7 % 253) as u8).collect(),
            channels: 1,
            height: 16,
            width: 16,
            labels: vec![0, 1],
        };
        let shown = Shown::of_test(of.clone());
        let found = example(&of, &shown, 32, &Device::flex()).unwrap();
        assert!(found.moved_by_half < 1e-5, "{}", found.moved_by_half);
        assert!(found.as_published > 0.01, "{}", found.as_published);
        assert!(found.along_constant < 1e-6, "{}", found.along_constant);
        assert!(found.of_image > 0.5, "{}", found.of_image);
        assert_eq!(found.shapes[2], [2, 32, 32]);
        assert_eq!(found.strips.len(), 2);
        assert_eq!(found.strips[0].len(), 7);
    }
}
