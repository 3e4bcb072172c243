//! The simplest ordinary operation that is equivalent to a map.

use burn::module::Param;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::{DType, Device, Tensor, TensorData};
use serde::Serialize;

use crate::ops::{self, Conjugate, MixSpec};
use crate::{ComplexTensor, Norm, fft};

use super::kernel::EffectiveKernel;
use super::probe::{Images, Operator, energy, relative};
use super::sweep::{Sweep, window};

/// Random images that a candidate is compared on.
const IMAGES: usize = 4;

/// Multiply-adds above which a convolution with zeros around the image is not tried.
const WORK: f64 = 4e9;

/// How an image continues beyond its border.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Surround {
    /// The image again, as if its opposite borders met.
    Circular,
    /// Zeros.
    Zeros,
}

/// A linear operation from images to images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "operation")]
pub enum Operation {
    /// Zeros whatever the image.
    Nothing,
    /// Every channel as it is.
    Identity,
    /// A mix of channels, the same at every pixel.
    Pointwise,
    /// A convolution of `taps × taps`.
    Convolution {
        /// Taps along each axis, odd.
        taps: usize,
        /// What stands around the image.
        surround: Surround,
    },
    /// A circular convolution with a kernel as large as the image.
    WholeImage,
}

/// An ordinary operation, and how far the map is from it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Equivalent {
    /// The operation in words, such as `flip, then 1x1 convolution`.
    pub kind: String,
    /// `‖f(x) − g(x)‖ / ‖f(x)‖` for random images `x`, offsets aside.
    pub residual: f64,
    /// Whether the image is reversed circularly first.
    pub flip: bool,
    /// Pixels by which it is moved next, down and right.
    pub shift: [isize; 2],
    /// What is applied then.
    #[serde(flatten)]
    pub operation: Operation,
}

impl Equivalent {
    fn new(flip: bool, shift: [isize; 2], operation: Operation) -> Self {
        Self {
            kind: words(flip, shift, operation),
            residual: f64::NAN,
            flip,
            shift,
            operation,
        }
    }

    /// Whether every output pixel depends on a single input pixel of each channel at most.
    pub fn sees_no_neighbor(&self) -> bool {
        !matches!(
            self.operation,
            Operation::Convolution { .. } | Operation::WholeImage
        )
    }
}

fn words(flip: bool, shift: [isize; 2], operation: Operation) -> String {
    let mut steps = Vec::new();
    if flip {
        steps.push("flip".to_string());
    }
    if shift != [0, 0] {
        steps.push(format!("shift by ({}, {})", shift[0], shift[1]));
    }
    match operation {
        Operation::Identity if !steps.is_empty() => {}
        _ => {
            let last = match operation {
                Operation::Nothing => "nothing: zeros for every image".into(),
                Operation::Identity => "identity".into(),
                Operation::Pointwise => "1x1 convolution".into(),
                Operation::Convolution { taps, surround } => {
                    let surround = match surround {
                        Surround::Circular => "circular",
                        Surround::Zeros => "zero-padded",
                    };
                    format!("{taps}x{taps} {surround} convolution")
                }
                Operation::WholeImage => "circular convolution over the whole image".into(),
            };
            steps.push(last);
        }
    }
    steps.join(", then ")
}

/// The candidates that were tried, and the one that won.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Equivalence {
    /// The simplest candidate with a residual up to the tolerance; the nearest where there is none.
    pub equivalent: Equivalent,
    /// Whether its residual is within the tolerance.
    pub is_equal: bool,
    /// The candidates that were tried, the simplest first, up to the first that is equal.
    pub candidates: Vec<Equivalent>,
}

/// Finds what a map is equivalent to.
pub(super) fn find(operator: &Operator, sweep: &Sweep, tolerance: f64) -> Equivalence {
    let probe = operator.probe;
    let images = probe.noise(IMAGES, &mut probe.generator(3));
    let answers = operator.apply(&images);
    let spectra = [images.clone(), images.reversed()].map(|images| spectrum(&images));
    let mut candidates: Vec<Equivalent> = Vec::new();
    if energy(&answers.values) == 0.0 {
        let mut nothing = Equivalent::new(false, [0, 0], Operation::Nothing);
        nothing.residual = 0.0;
        candidates.push(nothing);
    }
    for mut equivalent in list(sweep, tolerance) {
        // What comes after an equal one is no simpler.
        if candidates.iter().any(|c| c.residual <= tolerance) {
            break;
        }
        let side = usize::from(equivalent.flip);
        let got = match equivalent.operation {
            Operation::Convolution {
                taps,
                surround: Surround::Zeros,
            } => {
                if work(sweep, taps) > WORK {
                    continue;
                }
                zero_padded(&images, &sweep.padded[side], taps)
            }
            Operation::Convolution { taps, .. } => circular(
                &spectra[side],
                &sweep.circular[side].cut(taps, equivalent.shift),
            ),
            Operation::WholeImage => circular(&spectra[side], &sweep.circular[side]),
            _ => circular(
                &spectra[side],
                &sweep.circular[side].cut(1, equivalent.shift),
            ),
        };
        equivalent.residual = relative(&got.values, &answers.values);
        candidates.push(equivalent);
    }
    let equal = candidates.iter().find(|c| c.residual <= tolerance);
    let nearest = || {
        let least = |a: &&Equivalent, b: &&Equivalent| a.residual.total_cmp(&b.residual);
        candidates.iter().min_by(least)
    };
    Equivalence {
        is_equal: equal.is_some(),
        equivalent: equal
            .or_else(nearest)
            .cloned()
            .unwrap_or_else(|| Equivalent::new(false, [0, 0], Operation::Nothing)),
        candidates,
    }
}

/// All candidates, the simplest first, without residuals.
fn list(sweep: &Sweep, tolerance: f64) -> Vec<Equivalent> {
    let mut list = Vec::new();
    let sides = || [false, true].into_iter().zip(&sweep.circular);
    for (flip, kernel) in sides() {
        let peak = peak(kernel);
        let shifts = [Some([0, 0]), Some(peak).filter(|peak| *peak != [0, 0])];
        for shift in shifts.into_iter().flatten() {
            if is_identity(kernel, shift, tolerance) {
                list.push(Equivalent::new(flip, shift, Operation::Identity));
            }
            list.push(Equivalent::new(flip, shift, Operation::Pointwise));
        }
    }
    // A reversal and a shift cost nothing; a kernel costs its taps.
    for taps in (3..=window(sweep.circular[0].size)).step_by(2) {
        let convolution = |surround| Operation::Convolution { taps, surround };
        for (flip, kernel) in sides() {
            let operation = convolution(Surround::Circular);
            list.push(Equivalent::new(flip, [0, 0], operation));
            let center = heaviest_window(kernel, taps);
            if center != [0, 0] {
                list.push(Equivalent::new(flip, center, operation));
            }
        }
        list.push(Equivalent::new(false, [0, 0], convolution(Surround::Zeros)));
    }
    list.extend(sides().map(|(flip, _)| Equivalent::new(flip, [0, 0], Operation::WholeImage)));
    list
}

/// Multiply-adds of a convolution tap by tap of the images that candidates are compared on.
fn work(sweep: &Sweep, taps: usize) -> f64 {
    (IMAGES * taps * taps * sweep.circular[0].taps.len()) as f64
}

/// The offset with the most energy.
fn peak(kernel: &EffectiveKernel) -> [isize; 2] {
    let energies = kernel.energies();
    let most = (0..energies.len()).max_by(|&a, &b| {
        // The first of equals.
        energies[a].total_cmp(&energies[b]).then(b.cmp(&a))
    });
    kernel.offset(most.unwrap_or(0))
}

/// The center of the `taps × taps` window with the most energy; offset zero unless another has more
/// by a part in a million.
fn heaviest_window(kernel: &EffectiveKernel, taps: usize) -> [isize; 2] {
    let energies = kernel.energies();
    let [height, width] = kernel.size;
    // Sums over a window, an axis at a time.
    let along = |values: &[f64], axis: usize| -> Vec<f64> {
        (0..values.len())
            .map(|index| {
                let (row, column) = (index / width, index % width);
                let reach = (taps / 2) as isize;
                (-reach..=reach)
                    .map(|d| match axis {
                        0 => {
                            values
                                [super::kernel::wrapped(row as isize + d, height) * width + column]
                        }
                        _ => {
                            values[row * width + super::kernel::wrapped(column as isize + d, width)]
                        }
                    })
                    .sum()
            })
            .collect()
    };
    let sums = along(&along(&energies, 0), 1);
    let most = (0..sums.len()).max_by(|&a, &b| sums[a].total_cmp(&sums[b]).then(b.cmp(&a)));
    match most {
        Some(most) if sums[most] > sums[0] * (1.0 + 1e-6) => kernel.offset(most),
        _ => [0, 0],
    }
}

/// Whether the taps at one offset leave every channel as it is.
fn is_identity(kernel: &EffectiveKernel, shift: [isize; 2], tolerance: f64) -> bool {
    let [outputs, inputs] = kernel.channels;
    outputs == inputs
        && (0..outputs).all(|output| {
            (0..inputs).all(|input| {
                let want = f64::from(output == input);
                (kernel.tap(output, input, shift) - want).abs() <= tolerance
            })
        })
}

fn f64_tensor(values: Vec<f64>, dims: [usize; 4]) -> Tensor<4> {
    Tensor::from_data(TensorData::new(values, dims), (&Device::flex(), DType::F64))
}

fn spectrum(images: &Images) -> ComplexTensor<4> {
    let images = f64_tensor(images.values.clone(), images.dims());
    fft::fft2(ComplexTensor::from_real(images), Norm::Backward)
}

/// A circular convolution in f64.
fn circular(spectra: &ComplexTensor<4>, kernel: &EffectiveKernel) -> Images {
    let mix = MixSpec {
        groups: 1,
        conjugate: Conjugate::None,
    };
    let product = ops::mix(spectra.clone(), kernel.spectrum(), mix);
    Images::read(fft::ifft2(product, Norm::Backward).re)
}

/// A convolution with zeros around the image in f64.
fn zero_padded(images: &Images, kernel: &EffectiveKernel, taps: usize) -> Images {
    let conv = conv2d(kernel, taps, &Device::flex(), DType::F64);
    Images::read(conv.forward(f64_tensor(images.values.clone(), images.dims())))
}

/// The taps around offset zero as Burn's convolution, which is a cross-correlation: tap `t` stands
/// at offset `taps/2 − t`.
pub(super) fn conv2d(
    kernel: &EffectiveKernel,
    taps: usize,
    device: &Device,
    dtype: DType,
) -> Conv2d {
    let ([outputs, inputs], reach) = (kernel.channels, taps / 2);
    let mut weight = Vec::with_capacity(outputs * inputs * taps * taps);
    for output in 0..outputs {
        for input in 0..inputs {
            for row in 0..taps {
                for column in 0..taps {
                    let offset = [row, column].map(|tap| reach as isize - tap as isize);
                    weight.push(kernel.tap(output, input, offset));
                }
            }
        }
    }
    let data = TensorData::new(weight, [outputs, inputs, taps, taps]).convert_dtype(dtype);
    let mut conv = Conv2dConfig::new([inputs, outputs], [taps, taps])
        .with_padding(PaddingConfig2d::Explicit(reach, reach, reach, reach))
        .with_bias(false)
        .init(device);
    conv.weight = Param::from_tensor(Tensor::from_data(data, (device, dtype)));
    conv
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_name() {
        let name = |flip, shift, operation| Equivalent::new(flip, shift, operation).kind;
        assert_eq!(
            name(true, [0, 0], Operation::Pointwise),
            "flip, then 1x1 convolution"
        );
        assert_eq!(name(false, [0, 0], Operation::Identity), "identity");
        assert_eq!(name(true, [0, 0], Operation::Identity), "flip");
        assert_eq!(
            name(false, [2, -3], Operation::Identity),
            "shift by (2, -3)"
        );
        let taps = Operation::Convolution {
            taps: 5,
            surround: Surround::Zeros,
        };
        assert_eq!(
            name(true, [1, 0], taps),
            "flip, then shift by (1, 0), then 5x5 zero-padded convolution"
        );
    }
}
