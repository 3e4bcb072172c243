//! How far convolutions with different borders are apart, and where.

use burn::tensor::Tensor;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use serde::{Deserialize, Serialize};

use spectral_lab::report::Picture;

use super::borders::{Beyond, Taps, circular, inside, linear, middle};
use crate::StudyError;
use crate::kit::images::{energy, relative, root_ratio, signed_picture, values};
use crate::kit::shown::Shown as Source;

/// Outputs that differ by less than this share of their root mean square do not count as different.
pub(super) const SAME: f64 = 1e-4;

/// Images for what is computed tap by tap, with kernels of at most so many taps a side.
const DIRECT_IMAGES: usize = 20;
pub(super) const DIRECT_TAPS: usize = 15;

/// Circular convolution beside one with zeros around the image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Wrapped {
    pub(super) taps: Taps,
    /// Taps a side.
    pub(super) kernel: usize,
    /// Height and width of the images.
    pub(super) size: [usize; 2],
    /// `‖circular − zeros‖ / ‖zeros‖`.
    pub(super) error: f64,
    /// Share of the outputs that differ.
    pub(super) differ: f64,
    /// Share of the outputs whose kernel reaches beyond the border.
    pub(super) touched: f64,
    /// Root mean square of the difference among outputs at each distance from the border, 0 at the
    /// border, over that of all outputs.
    pub(super) by_distance: Vec<f64>,
    /// `‖zeros by FFT − zeros tap by tap‖ / ‖zeros tap by tap‖` of the first images; none of large
    /// kernels.
    pub(super) mended: Option<f64>,
}

/// One way to go on beyond the border, beside the pixels that were really there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Continued {
    pub(super) beyond: Beyond,
    pub(super) taps: Taps,
    pub(super) kernel: usize,
    /// `‖y − true‖ / ‖true‖`.
    pub(super) error: f64,
    /// As of [`Wrapped`].
    pub(super) by_distance: Vec<f64>,
}

/// One image, its convolution with zeros around it and wrapped around, and their difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Shown {
    pub(super) taps: Taps,
    pub(super) kernel: usize,
    pub(super) pictures: Vec<Picture>,
}

/// Pixels between an output and the border of the image.
fn depth(at: usize, [height, width]: [usize; 2]) -> usize {
    let (row, column) = (at / width, at % width);
    row.min(column)
        .min(height - 1 - row)
        .min(width - 1 - column)
}

/// Root mean squares of differences by distance from the border, over the root mean square of `exact`.
fn by_distance(got: &[f32], exact: &[f32], size: [usize; 2]) -> Vec<f64> {
    let plane = size[0] * size[1];
    let mut sums = vec![(0.0, 0_usize); size[0].min(size[1]).div_ceil(2)];
    for (index, (got, exact)) in got.iter().zip(exact).enumerate() {
        let (sum, count) = &mut sums[depth(index % plane, size)];
        *sum += (f64::from(*got) - f64::from(*exact)).powi(2);
        *count += 1;
    }
    let whole = energy(exact) / exact.len().max(1) as f64;
    let mean = |(sum, count): (f64, usize)| root_ratio(sum / count.max(1) as f64, whole);
    sums.into_iter().map(mean).collect()
}

/// Share of the outputs of size `[height, width]` whose kernel, odd a side, reaches beyond the border.
fn touched(size: [usize; 2], kernel: usize) -> f64 {
    let free = size.map(|side| (side + 1).saturating_sub(kernel) as f64 / side as f64);
    1.0 - free[0] * free[1]
}

pub(super) fn wrapped(images: &Tensor<4>, taps: Taps, side: usize) -> Result<Wrapped, StudyError> {
    let [_, _, height, width] = images.dims();
    let size = [height, width];
    let kernel = taps.kernel(side, &images.device());
    let zeros = linear(images.clone(), kernel.clone())?;
    let mended = match side <= DIRECT_TAPS {
        true => Some(mended(images, &zeros, kernel.clone())?),
        false => None,
    };
    let zeros = values(zeros)?;
    let around = values(circular(images.clone(), kernel)?)?;
    let least = SAME * (energy(&zeros) / zeros.len().max(1) as f64).sqrt();
    let pairs = around.iter().zip(&zeros);
    let differ = pairs.filter(|(a, b)| f64::from((**a - **b).abs()) > least);
    Ok(Wrapped {
        taps,
        kernel: side,
        size,
        error: relative(&around, &zeros),
        differ: differ.count() as f64 / zeros.len().max(1) as f64,
        touched: touched(size, side),
        by_distance: by_distance(&around, &zeros, size),
        mended,
    })
}

/// How far the padded transform is from Burn's own convolution tap by tap.
fn mended(images: &Tensor<4>, zeros: &Tensor<4>, kernel: Tensor<2>) -> Result<f64, StudyError> {
    let count = images.dims()[0].min(DIRECT_IMAGES);
    let [_, channels, height, width] = images.dims();
    let planes = [count * channels, 1, height, width];
    let first = |tensor: &Tensor<4>| tensor.clone().narrow(0, 0, count).reshape(planes);
    let [margin, _] = kernel.dims().map(|side| side / 2);
    // A convolution proper: `conv2d` slides the kernel as it is.
    let flipped = kernel.flip([0, 1]).unsqueeze::<4>();
    let options = ConvOptions::new([1, 1], [margin, margin], [1, 1], 1);
    let direct = values(conv2d(first(images), flipped, None, options))?;
    Ok(relative(&values(first(zeros))?, &direct))
}

/// The middle of the images, continued in every way, beside the images themselves around it.
pub(super) fn continued(
    images: &Tensor<4>,
    margin: usize,
    taps: Taps,
    side: usize,
) -> Result<Vec<Continued>, StudyError> {
    let kernel = taps.kernel(side, &images.device());
    let reach = side / 2;
    let exact = values(inside(
        middle(images.clone(), margin - reach),
        kernel.clone(),
    )?)?;
    let crop = middle(images.clone(), margin);
    let [_, _, height, width] = crop.dims();
    let ways = Beyond::ALL.into_iter().map(|beyond| {
        let wide = beyond.around(crop.clone(), reach);
        let got = values(inside(wide, kernel.clone())?)?;
        Ok(Continued {
            beyond,
            taps,
            kernel: side,
            error: relative(&got, &exact),
            by_distance: by_distance(&got, &exact, [height, width]),
        })
    });
    ways.collect()
}

/// One image, of `source`, convolved both ways.
pub(super) fn shown(
    source: &Source,
    image: &Tensor<4>,
    taps: Taps,
    side: usize,
) -> Result<Shown, StudyError> {
    let kernel = taps.kernel(side, &image.device());
    let zeros = linear(image.clone(), kernel.clone())?;
    let around = circular(image.clone(), kernel)?;
    let numbers = values(zeros.clone())?;
    let (low, high) = (numbers.iter()).fold((f32::MAX, f32::MIN), |(low, high), &value| {
        (low.min(value), high.max(value))
    });
    let span = (high - low).max(f32::MIN_POSITIVE);
    // Both in the brightness of the first.
    let bright = |tensor: &Tensor<4>| (tensor.clone() - low) * (1.0 / span);
    Ok(Shown {
        taps,
        kernel: side,
        pictures: vec![
            source.picture("image", image)?,
            source.picture("zero padding", &bright(&zeros))?,
            source.picture("circular", &bright(&around))?,
            signed_picture("difference", &(around - zeros), span)?,
        ],
    })
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn images(count: usize, side: usize) -> Tensor<4> {
        let number = |at: usize| 0.5 + 0.5 * ((at * at) as f32 * 0.37).sin();
        let numbers: Vec<f32> = (0..count * side * side).map(number).collect();
        let data = TensorData::new(numbers, [count, 1, side, side]);
        Tensor::from_data(data, &Device::flex())
    }

    #[test]
    fn a_kernel_of_one_tap_meets_no_border() {
        for taps in Taps::ALL {
            let found = wrapped(&images(2, 6), taps, 1).unwrap();
            assert!(found.error < 1e-5, "{found:?}");
            assert_eq!((found.differ, found.touched), (0.0, 0.0));
        }
    }

    #[test]
    fn outputs_further_than_half_a_kernel_from_the_border_agree() {
        for kernel in [3, 5, 7] {
            let found = wrapped(&images(3, 12), Taps::Smooth, kernel).unwrap();
            assert_eq!(found.by_distance.len(), 6);
            for (distance, error) in found.by_distance.iter().enumerate() {
                match distance < kernel / 2 {
                    true => assert!(*error > 1e-3, "{kernel} {distance} {error}"),
                    false => assert!(*error < 1e-5, "{kernel} {distance} {error}"),
                }
            }
            // Of 12 × 12 outputs, (13 − k)² see the image alone.
            let free = (13 - kernel) as f64 / 12.0;
            assert!((found.touched - (1.0 - free * free)).abs() < 1e-12);
            assert!((found.differ - found.touched).abs() < 0.02, "{found:?}");
            assert!(found.mended.unwrap() < 1e-5, "{found:?}");
        }
    }

    #[test]
    fn black_borders_hide_the_wrap_around() {
        let framed = Beyond::Zeros.around(images(2, 8), 3);
        let found = wrapped(&framed, Taps::Random, 7).unwrap();
        assert!(found.error < 1e-5 && found.differ == 0.0, "{found:?}");
        assert!(found.touched > 0.5);
    }

    #[test]
    fn a_constant_image_goes_on_rightly_in_all_ways_but_zeros() {
        let constant = Tensor::<4>::ones([1, 1, 10, 10], &Device::flex());
        for found in continued(&constant, 2, Taps::Smooth, 5).unwrap() {
            match found.beyond {
                // At the corner the sum of nine of the 25 taps is left.
                Beyond::Zeros => assert!(found.by_distance[0] > 0.2, "{found:?}"),
                _ => assert!(found.error < 1e-5, "{found:?}"),
            }
        }
    }

    #[test]
    fn errors_against_the_true_continuation_lie_within_half_a_kernel_of_the_border() {
        for found in continued(&images(2, 14), 3, Taps::Random, 5).unwrap() {
            assert_eq!(found.by_distance.len(), 4);
            assert!(found.by_distance[0] > 0.01, "{found:?}");
            assert!(
                found.by_distance[2..].iter().all(|error| *error < 1e-5),
                "{found:?}"
            );
        }
    }

    #[test]
    fn distances_are_counted_from_the_nearest_border() {
        let size = [3, 4];
        let depths: Vec<usize> = (0..12).map(|at| depth(at, size)).collect();
        assert_eq!(depths, [0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]);
        let mut got = [1.0; 12];
        // An error of 2 at one of ten outputs at the border.
        got[3] = 3.0;
        let found = by_distance(&got, &[1.0; 12], size);
        assert!((found[0] - 0.4_f64.sqrt()).abs() < 1e-12 && found[1] == 0.0);
    }
}
