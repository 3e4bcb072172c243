//! Filters that are given and not learned.

use std::sync::Arc;

use burn::tensor::{DType, Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::fft::frequency_values;
use crate::{ComplexTensor, Norm, SpectralError, fft};

/// Which sample of a kernel image is its origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KernelOrigin {
    /// The first, as in `fft2(kernel)`: a kernel with its peak in the middle also shifts the image
    /// circularly, by half its size.
    #[default]
    First,
    /// The one in the middle, at `size / 2`, which leaves the image in its place.
    Center,
}

type Function = dyn Fn(f64, f64) -> (f64, f64) + Send + Sync;

/// A fixed filter: a function of frequency or a kernel image.
#[derive(Clone)]
pub enum FixedFilter {
    /// `R(f_h, f_w)` as real and imaginary part, `f` in cycles per sample, in [−½, ½).
    Function(Arc<Function>),
    /// A real kernel `[height, width]` and its origin.
    Kernel(Box<Tensor<2>>, KernelOrigin),
}

impl FixedFilter {
    /// A filter of frequency, `f` in cycles per sample, in [−½, ½), and the value as real and
    /// imaginary part.
    pub fn function(function: impl Fn(f64, f64) -> (f64, f64) + Send + Sync + 'static) -> Self {
        Self::Function(Arc::new(function))
    }

    /// A kernel image `[height, width]`.
    pub fn kernel(kernel: Tensor<2>, origin: KernelOrigin) -> Self {
        Self::Kernel(Box::new(kernel), origin)
    }
}

impl core::fmt::Debug for FixedFilter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Function(_) => f.write_str("Function"),
            Self::Kernel(kernel, origin) => {
                write!(f, "Kernel({:?}, {origin:?})", kernel.dims())
            }
        }
    }
}

/// The two Hermitian parts of a spectrum `R = E + i·O` on a half-spectrum: `E` alone gives the real
/// part of the inverse transform of `R·X` for a real signal, `O` its imaginary part.
pub(super) struct HermitianParts {
    pub even: ComplexTensor<3>,
    pub odd: ComplexTensor<3>,
    /// Whether `O` vanishes: the filter has a real kernel.
    pub has_real_kernel: bool,
}

/// Evaluates a function of frequency at the bins of images of `size`, `[1, height, bins]`.
///
/// # Errors
/// If a value is not finite.
pub(super) fn evaluate(
    function: &Function,
    [height, width]: [usize; 2],
    (device, dtype): (&Device, DType),
) -> Result<HermitianParts, SpectralError> {
    let (rows, columns) = (frequency_values(height, 1.0), frequency_values(width, 1.0));
    let bins = width / 2 + 1;
    let mut parts: [Vec<f64>; 4] = Default::default();
    let value = |k: usize, l: usize| {
        let (f_h, f_w) = (rows[k % height], columns[l % width]);
        match function(f_h, f_w) {
            (re, im) if re.is_finite() && im.is_finite() => Ok((re, im)),
            (re, im) => Err(SpectralError::NotFinite {
                what: "a filter's value",
                value: format!("{re} + {im}i"),
                place: format!("the frequency ({f_h}, {f_w})"),
            }),
        }
    };
    for (k, l) in (0..height).flat_map(|k| (0..bins).map(move |l| (k, l))) {
        let (re, im) = value(k, l)?;
        let (mirror_re, mirror_im) = value(height - k, width - l)?;
        // E = (R(f) + conj R(−f)) / 2 and O = (R(f) − conj R(−f)) / 2i.
        parts[0].push((re + mirror_re) / 2.0);
        parts[1].push((im - mirror_im) / 2.0);
        parts[2].push((im + mirror_im) / 2.0);
        parts[3].push((mirror_re - re) / 2.0);
    }
    let has_real_kernel = parts[2..].iter().flatten().all(|part| *part == 0.0);
    let [even_re, even_im, odd_re, odd_im] = parts.map(|values| {
        let data = TensorData::new(values, [1, height, bins]).convert_dtype(dtype);
        Tensor::<3>::from_data(data, (device, dtype))
    });
    Ok(HermitianParts {
        even: ComplexTensor::new(even_re, even_im),
        odd: ComplexTensor::new(odd_re, odd_im),
        has_real_kernel,
    })
}

/// Checks that all samples of a kernel image are numbers.
pub(super) fn check_finite(kernel: &Tensor<2>) -> Result<(), SpectralError> {
    let [_, width] = kernel.dims();
    let data = kernel.to_data();
    let mut values = data.iter::<f64>().enumerate();
    match values.find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some((index, value)) => Err(SpectralError::NotFinite {
            what: "every sample of a kernel image",
            value: value.to_string(),
            place: format!("[{}, {}]", index / width, index % width),
        }),
    }
}

/// The half-spectrum `[height, bins]` of a kernel image.
pub(super) fn kernel_spectrum(kernel: Tensor<2>, origin: KernelOrigin) -> ComplexTensor<2> {
    let kernel = match origin {
        KernelOrigin::First => kernel,
        KernelOrigin::Center => fft::ifftshift(kernel, &[0, 1]),
    };
    fft::rfft2(kernel, Norm::Backward).into_complex()
}

/// The two planes of `numpy.sinc(numpy.mgrid[-h/2:h/2, -w/2:w/2] / [h/2, w/2])`: a sinc that varies
/// along the height and one along the width, `sinc(t) = sin(πt)/(πt)`, with its peak at
/// `size / 2`.
///
/// # Shapes
/// - output: `[2, height, width]`
///
/// # Panics
/// If a size is below 2.
#[track_caller]
pub fn sinc_planes([height, width]: [usize; 2], device: &Device) -> Tensor<3> {
    assert!(
        height > 1 && width > 1,
        "the planes of a sinc must have at least 2 samples an axis, got [{height}, {width}]"
    );
    let sinc = |index: usize, n: usize| {
        let half = (n / 2) as f64;
        let t = core::f64::consts::PI * (index as f64 - half) / half;
        if t == 0.0 { 1.0 } else { t.sin() / t }
    };
    let pairs = (0..height).flat_map(|row| (0..width).map(move |column| (row, column)));
    let along_height = pairs.clone().map(|(row, _)| sinc(row, height));
    let along_width = pairs.map(|(_, column)| sinc(column, width));
    let values: Vec<f64> = along_height.chain(along_width).collect();
    Tensor::from_data(TensorData::new(values, [2, height, width]), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_not_finite_is_refused_with_its_frequency() {
        let FixedFilter::Function(function) = FixedFilter::function(|f, _| (1.0 / f, 0.0)) else {
            unreachable!()
        };
        let error = evaluate(function.as_ref(), [4, 4], (&Device::flex(), DType::F32))
            .err()
            .unwrap();
        assert_eq!(
            error.to_string(),
            "a filter's value must be finite, got inf + 0i at the frequency (0, 0)"
        );
    }

    #[test]
    fn the_sinc_planes_peak_in_the_middle_and_vary_along_one_axis() {
        let planes = sinc_planes([8, 6], &Device::flex());
        let at = |plane, row, column| {
            let value = planes
                .clone()
                .slice([plane..plane + 1, row..row + 1, column..column + 1]);
            value.into_scalar::<f32>()
        };
        assert_eq!(at(0, 4, 1), 1.0);
        assert_eq!(at(1, 7, 3), 1.0);
        // sin(π/4)/(π/4), one step of a quarter from the peak.
        assert!((at(0, 5, 2) - 0.900_316_3).abs() < 1e-6);
        assert!(at(0, 0, 5).abs() < 1e-6);
    }
}
