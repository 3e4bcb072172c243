//! How exact gradients through a transform are, in f32, beside those of a convolution.

use burn::module::Param;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2dConfig;
use burn::tensor::{Device, Tensor, TensorData};
use burn_spectral::conv::SpectralConv2d;
use burn_spectral::response::{Coupling, FullSpectrum};
use burn_spectral::{ComplexTensor, HalfSpectrum, Norm, fft, spatial};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::oracle::{Plane, bins, irfft2, irfft2_gradient, rfft2, rfft2_gradient};
use crate::StudyError;
use crate::kit::images::{root_ratio, values};

/// Step of the central differences, of numbers in −1..1.
const STEP: f64 = 1e-4;

/// Height and width of the convolution's kernel.
const KERNEL: usize = 3;

/// What a gradient is taken through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Operation {
    /// `rfft2`.
    Transform,
    /// `irfft2`.
    Inverse,
    /// `|rfft2(x)|`.
    Magnitude,
    /// `irfft2(R·rfft2(x))`, to the image and to `R`.
    Filter,
    /// A 3×3 convolution with zeros around the image, to the image and to the kernel.
    Convolution,
}

impl Operation {
    pub(super) const ALL: [Self; 5] = [
        Self::Transform,
        Self::Inverse,
        Self::Magnitude,
        Self::Filter,
        Self::Convolution,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Transform => "rfft2",
            Self::Inverse => "irfft2",
            Self::Magnitude => "magnitude",
            Self::Filter => "spectral filter",
            Self::Convolution => "3×3 convolution",
        }
    }

    /// The name of its step.
    pub(super) fn step(self) -> &'static str {
        match self {
            Self::Transform => "gradients-transform",
            Self::Inverse => "gradients-inverse",
            Self::Magnitude => "gradients-magnitude",
            Self::Filter => "gradients-filter",
            Self::Convolution => "gradients-convolution",
        }
    }

    /// How many numbers its arguments have.
    fn arguments(self, n: usize) -> Vec<usize> {
        match self {
            Self::Transform | Self::Magnitude => vec![n * n],
            Self::Inverse => vec![2 * n * bins(n)],
            Self::Filter => vec![n * n, 2 * n * bins(n)],
            Self::Convolution => vec![n * n, KERNEL * KERNEL],
        }
    }

    /// How many numbers it gives.
    fn outputs(self, n: usize) -> usize {
        match self {
            Self::Transform => 2 * n * bins(n),
            Self::Magnitude => n * bins(n),
            Self::Inverse | Self::Filter | Self::Convolution => n * n,
        }
    }

    /// What it gives, in f64 and from the definition.
    fn value(self, n: usize, x: &[Vec<f64>]) -> Vec<f64> {
        match self {
            Self::Transform => rfft2(&x[0], n).joined(),
            Self::Inverse => irfft2(&Plane::split(&x[0]), n),
            Self::Magnitude => magnitudes(&rfft2(&x[0], n)),
            Self::Filter => {
                let spectrum = rfft2(&x[0], n).times(&Plane::split(&x[1]), false);
                irfft2(&spectrum, n)
            }
            Self::Convolution => {
                let mut y = vec![0.0; n * n];
                each_tap(n, |out, inside, tap| y[out] += x[0][inside] * x[1][tap]);
                y
            }
        }
    }

    /// The gradient of `Σ c·value`, in f64 and by hand.
    fn gradient(self, n: usize, x: &[Vec<f64>], c: &[f64]) -> Vec<Vec<f64>> {
        match self {
            Self::Transform => vec![rfft2_gradient(&Plane::split(c), n)],
            Self::Inverse => vec![irfft2_gradient(c, n).joined()],
            Self::Magnitude => {
                // ∂|X| = X/|X|.
                let spectrum = rfft2(&x[0], n);
                let scales = magnitudes(&spectrum);
                let scales = scales.iter().zip(c).map(|(m, c)| c / m);
                let scales: Vec<f64> = scales.collect();
                let scaled =
                    |part: Vec<f64>| part.iter().zip(&scales).map(|(z, s)| z * s).collect();
                let gradient = Plane {
                    re: scaled(spectrum.re),
                    im: scaled(spectrum.im),
                };
                vec![rfft2_gradient(&gradient, n)]
            }
            Self::Filter => {
                // A filter transposed is the filter of the conjugate response.
                let (response, spectrum) = (Plane::split(&x[1]), rfft2(&x[0], n));
                let to_image = irfft2(&rfft2(c, n).times(&response, true), n);
                let to_response = irfft2_gradient(c, n).times(&spectrum, true);
                vec![to_image, to_response.joined()]
            }
            Self::Convolution => {
                let (mut to_image, mut to_kernel) = (vec![0.0; n * n], vec![0.0; x[1].len()]);
                each_tap(n, |out, inside, tap| {
                    to_image[inside] += c[out] * x[1][tap];
                    to_kernel[tap] += c[out] * x[0][inside];
                });
                vec![to_image, to_kernel]
            }
        }
    }

    /// The same gradient by this library, in f32.
    fn computed(
        self,
        n: usize,
        x: &[Vec<f64>],
        c: &[f64],
        device: &Device,
    ) -> Result<Vec<Vec<f64>>, StudyError> {
        let device = device.clone().autodiff();
        let plane = |values: &[f64], dims: [usize; 2]| {
            let values: Vec<f32> = values.iter().map(|x| *x as f32).collect();
            Tensor::<4>::from_data(TensorData::new(values, [1, 1, dims[0], dims[1]]), &device)
        };
        let (image, half) = ([n, n], [n, bins(n)]);
        let pair = |values: &[f64]| {
            let (re, im) = values.split_at(values.len() / 2);
            [re, im].map(|part| plane(part, half))
        };
        let mut leaves: Vec<Tensor<4>> = match self {
            Self::Inverse => pair(&x[0]).to_vec(),
            _ => vec![plane(&x[0], image)],
        };
        match self {
            Self::Filter => leaves.extend(pair(&x[1])),
            Self::Convolution => leaves.push(plane(&x[1], [KERNEL; 2])),
            _ => {}
        }
        let leaves: Vec<Tensor<4>> = leaves.into_iter().map(Tensor::require_grad).collect();
        let complex = |at: usize| ComplexTensor::new(leaves[at].clone(), leaves[at + 1].clone());
        let spectrum = || fft::rfft2(leaves[0].clone(), Norm::Backward);
        let loss = match self {
            Self::Transform => {
                let ([re, im], z) = (pair(c), spectrum().into_complex());
                (z.re * re + z.im * im).sum()
            }
            Self::Inverse => {
                let half = HalfSpectrum::new(complex(0), n);
                (fft::irfft2(half, Norm::Backward) * plane(c, image)).sum()
            }
            Self::Magnitude => (spectrum().abs() * plane(c, half)).sum(),
            Self::Filter => {
                let response = FullSpectrum {
                    re: Param::from_tensor(leaves[1].clone()),
                    im: Param::from_tensor(leaves[2].clone()),
                    length: n,
                };
                let layer = SpectralConv2d::from_response(response, [1, 1], Coupling::Dense)?;
                (layer.forward(leaves[0].clone()) * plane(c, image)).sum()
            }
            Self::Convolution => {
                let mut layer = Conv2dConfig::new([1, 1], [KERNEL; 2])
                    .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                    .with_bias(false)
                    .init(&device);
                layer.weight = Param::from_tensor(leaves[1].clone());
                (spatial::conv2d(&layer, leaves[0].clone()) * plane(c, image)).sum()
            }
        };
        let gradients = loss.backward();
        let mut found: Vec<Vec<f64>> = Vec::new();
        for leaf in &leaves {
            let gradient = leaf.grad(&gradients);
            let gradient = gradient
                .ok_or_else(|| StudyError::Failed(format!("{} gives no gradient", self.name())))?;
            found.push(values(gradient)?.into_iter().map(f64::from).collect());
        }
        // Parts of a spectrum count as one argument.
        Ok(match self {
            Self::Inverse => vec![found.concat()],
            Self::Filter => vec![found[0].clone(), found[1..].concat()],
            _ => found,
        })
    }
}

fn magnitudes(z: &Plane) -> Vec<f64> {
    z.re.iter()
        .zip(&z.im)
        .map(|(re, im)| re.hypot(*im))
        .collect()
}

/// Output, input and tap of every product in a 3×3 convolution of an `n × n` image.
fn each_tap(n: usize, mut visit: impl FnMut(usize, usize, usize)) {
    let reach = KERNEL / 2;
    for (row, column) in (0..n).flat_map(|row| (0..n).map(move |column| (row, column))) {
        for (down, right) in (0..KERNEL).flat_map(|a| (0..KERNEL).map(move |b| (a, b))) {
            let (y, x) = (row + down, column + right);
            if (reach..n + reach).contains(&y) && (reach..n + reach).contains(&x) {
                let inside = (y - reach) * n + x - reach;
                visit(row * n + column, inside, down * KERNEL + right);
            }
        }
    }
}

/// How far a gradient is off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Exactness {
    pub(super) operation: Operation,
    /// Height and width.
    pub(super) size: usize,
    /// `‖f32 − f64‖/‖f64‖`, the largest of the arguments.
    pub(super) error: f64,
    /// `|f32·d − central difference in f64|/(‖gradient‖·‖d‖)` along a random direction `d`.
    pub(super) by_differences: f64,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn square(a: &[f64]) -> f64 {
    dot(a, a)
}

/// Compares the gradient of an operation on random numbers of an `n × n` image.
pub(super) fn exactness(
    operation: Operation,
    n: usize,
    device: &Device,
) -> Result<Exactness, StudyError> {
    let mut random = ChaCha8Rng::seed_from_u64(n as u64);
    // Numbers that f32 has, so that both begin with the same.
    let mut draw = |count: usize| -> Vec<f64> {
        let numbers = (0..count).map(|_| f64::from(random.random_range(-1.0_f32..1.0)));
        numbers.collect()
    };
    let lengths = operation.arguments(n);
    let x: Vec<Vec<f64>> = lengths.iter().map(|count| draw(*count)).collect();
    let direction: Vec<Vec<f64>> = lengths.iter().map(|count| draw(*count)).collect();
    let c = draw(operation.outputs(n));
    let exact = operation.gradient(n, &x, &c);
    let got = operation.computed(n, &x, &c, device)?;
    let errors = exact.iter().zip(&got).map(|(exact, got)| {
        let difference: f64 = exact.iter().zip(got).map(|(a, b)| (a - b).powi(2)).sum();
        root_ratio(difference, square(exact))
    });
    let moved = |step: f64| -> f64 {
        let pairs = x.iter().zip(&direction);
        let moved: Vec<Vec<f64>> = pairs
            .map(|(x, d)| x.iter().zip(d).map(|(x, d)| x + step * d).collect())
            .collect();
        dot(&operation.value(n, &moved), &c)
    };
    let slope = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
    let (got, direction, exact) = (got.concat(), direction.concat(), exact.concat());
    let by_differences = (dot(&got, &direction) - slope).abs();
    Ok(Exactness {
        operation,
        size: n,
        error: errors.clone().fold(0.0, f64::max),
        by_differences: by_differences / (square(&exact) * square(&direction)).sqrt(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_by_hand_are_those_of_central_differences() {
        for operation in Operation::ALL {
            for n in [4, 5] {
                let series = |count: usize, step: f64| -> Vec<f64> {
                    (0..count).map(|i| (1.0 + step * i as f64).sin()).collect()
                };
                let lengths = operation.arguments(n);
                let x: Vec<Vec<f64>> = lengths.iter().map(|count| series(*count, 0.7)).collect();
                let c = series(operation.outputs(n), 1.3);
                let gradient = operation.gradient(n, &x, &c);
                for (argument, gradient) in gradient.iter().enumerate() {
                    for (place, slope) in gradient.iter().enumerate() {
                        let at = |step: f64| {
                            let mut x = x.clone();
                            x[argument][place] += step;
                            dot(&operation.value(n, &x), &c)
                        };
                        let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
                        let error = (difference - slope).abs();
                        assert!(
                            error < 1e-6,
                            "{operation:?} {n} {argument} {place}: {error}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_convolution_with_one_tap_moves_the_image() {
        let mut kernel = vec![0.0; 9];
        kernel[3] = 2.0;
        let image: Vec<f64> = (1..=4).map(f64::from).collect();
        let moved = Operation::Convolution.value(2, &[image, kernel]);
        assert_eq!(moved, [0.0, 2.0, 0.0, 6.0]);
    }

    #[test]
    fn single_precision_is_exact_to_its_rounding() {
        for operation in Operation::ALL {
            for n in [3, 8] {
                let found = exactness(operation, n, &Device::flex()).unwrap();
                assert!(found.error > 0.0 && found.error < 1e-5, "{found:?}");
                assert!(found.by_differences < 1e-5, "{found:?}");
            }
        }
    }
}
