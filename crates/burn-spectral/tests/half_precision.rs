//! f16 and bf16: every layer holds to f64 within the roundings of its inputs and its output.

mod common;
mod layers;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Gradients, Tensor};
use burn_spectral::conv::LongConv1dConfig;
use burn_spectral::ops::{Axes, RealTransform, fallback};
use burn_spectral::spectrum::{FftLayerConfig, SpectrumOutput};
use burn_spectral::{ComplexTensor, HalfSpectrum, Norm, fft};
use common::{NORMS, complex_values, relative_error, seeded, tensor, values};
use layers::{Check, Outcome, coarse, every_layer, real};

const HALVES: [DType; 2] = [DType::F16, DType::BF16];

/// The relative rounding of one number.
fn epsilon(dtype: DType) -> f64 {
    dtype.finfo().unwrap().epsilon
}

/// Puts the parameters in a precision, as leaves.
struct Track(DType);

impl ModuleMapper for Track {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (dtype, learns) = (self.0, param.val().is_require_grad());
        param.map(|tensor| {
            let values = tensor.without_autodiff().cast(dtype);
            Tensor::from_inner(values).set_require_grad(learns)
        })
    }
}

/// Gradients of all parameters, one after the other.
struct Row {
    gradients: Gradients,
    values: Vec<f64>,
}

impl ModuleVisitor for Row {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        if let Some(gradient) = tensor.grad(&self.gradients) {
            self.values.extend(values(gradient));
        }
    }
}

/// Seeds of the inputs of a layer. One number in thousands lies so near the kink of an activation
/// that rounding puts it on the other side, which alone moves the gradients by some 40 roundings:
/// the error of a layer is the median over these inputs.
const INPUTS: [u64; 9] = [3, 13, 23, 33, 43, 53, 63, 73, 83];

/// The middle one, NaN if any is.
fn median<const N: usize>(mut errors: [f64; N]) -> f64 {
    if errors.iter().any(|error| error.is_nan()) {
        return f64::NAN;
    }
    errors.sort_by(f64::total_cmp);
    errors[N / 2]
}

/// Output, gradient of the input and gradients of the parameters.
fn run<M: Module, const D: usize>(
    layer: &M,
    input: [usize; D],
    dtype: DType,
    seed: u64,
    forward: &impl Fn(&M, Tensor<D>) -> Outcome,
) -> [Vec<f64>; 3] {
    let device = Device::flex().autodiff();
    let x = tensor(&coarse(input, seed), input, dtype, &device).require_grad();
    let outcome = forward(layer, x.clone());
    let gradients = outcome.loss.backward();
    let gradient = x.grad(&gradients).map_or(Vec::new(), values);
    let mut row = Row {
        gradients,
        values: Vec::new(),
    };
    layer.visit(&mut row);
    [outcome.values, gradient, row.values]
}

struct Close(Vec<String>);

impl Check for Close {
    fn layer<M: Module, const D: usize>(
        &mut self,
        name: &str,
        layer: M,
        input: [usize; D],
        forward: impl Fn(&M, Tensor<D>) -> Outcome,
    ) {
        for dtype in HALVES {
            let rounded = layer.clone().map(&mut Track(dtype));
            let exact = rounded.clone().map(&mut Track(DType::F64));
            let errors = INPUTS.map(|seed| {
                let got = run(&rounded, input, dtype, seed, &forward);
                let want = run(&exact, input, DType::F64, seed, &forward);
                [0, 1, 2].map(|part| relative_error(&got[part], &want[part]) / epsilon(dtype))
            });
            let parts = [
                "output",
                "gradient of the input",
                "gradients of the parameters",
            ];
            for (at, part) in parts.iter().enumerate() {
                // Rounding makes ties among the samples of a window, and another winner.
                if name.contains("max-pool") && *part != "output" {
                    continue;
                }
                let error = median(errors.map(|parts| parts[at]));
                // The gradient of a Gaussian's few parameters is a sum over all frequencies, whose terms
                // cancel by chance: errors are those of the terms, and larger beside the sum.
                let sums = name.contains("Gaussian") && *part == "gradients of the parameters";
                // That of the input is a difference of two parts, each rounded before.
                let most = match (sums, *part) {
                    (true, _) => 16.0,
                    (_, "output") => 4.0,
                    _ => 8.0,
                };
                if error.is_nan() || error > most {
                    self.0
                        .push(format!("{name}, {part}, {dtype:?}: {error:.1} roundings"));
                }
            }
        }
    }
}

#[test]
fn every_layer_in_half_precision_holds_to_f64() {
    let (device, _alone) = seeded(5);
    let device = device.autodiff();
    let mut close = Close(Vec::new());
    every_layer(2, [40, 37], 700, &device, &mut close);
    assert!(close.0.is_empty(), "{}", close.0.join("\n"));
}

#[test]
fn a_long_convolution_in_half_precision_holds_to_f64_at_every_length() {
    let (device, _alone) = seeded(5);
    let device = device.autodiff();
    let mut close = Close(Vec::new());
    for length in [700, 868, 1000, 1024, 4096] {
        let layer = LongConv1dConfig::new(2, length)
            .with_skip(true)
            .init(&device);
        let name = format!("LongConv1d of {length} samples");
        close.layer(&name, layer, [1, 2, length], |m, x| real(m.forward(x)));
    }
    assert!(close.0.is_empty(), "{}", close.0.join("\n"));
}

#[test]
fn transforms_in_half_precision_hold_to_f64_at_primes_and_large_sizes() {
    let device = Device::flex();
    for dtype in HALVES {
        let close = |what: String, got: &[f64], want: &[f64]| {
            let error = relative_error(got, want) / epsilon(dtype);
            assert!(error < 1.0, "{what}, {dtype:?}: {error:.1} roundings");
        };
        for n in [509, 521, 1009, 1042] {
            let signal = |dtype| tensor(&coarse([1, n], 1), [1, n], dtype, &device);
            let transform = RealTransform::new(Axes::Last(1), n, 1.0);
            let want = complex_values(fft::rfft(signal(DType::F64), 1, Norm::Backward));
            let got = complex_values(fft::rfft(signal(dtype), 1, Norm::Backward));
            close(format!("rfft of {n}"), &got, &want);
            let got = complex_values(fallback::rfft(signal(dtype), transform));
            close(format!("fallback rfft of {n}"), &got, &want);
        }
        for (n, norm) in [128, 200, 256]
            .into_iter()
            .flat_map(|n| NORMS.map(|norm| (n, norm)))
        {
            let dims = [1, 1, n, n];
            let image = |dtype| tensor(&coarse(dims, 1), dims, dtype, &device);
            let want = complex_values(fft::rfft2(image(DType::F64), norm));
            let got = complex_values(fft::rfft2(image(dtype), norm));
            close(format!("rfft2 of {n}², {norm:?}"), &got, &want);
            let dims = [1, 1, n, n / 2 + 1];
            let spectrum = |dtype| {
                let part = |seed| tensor(&coarse(dims, seed), dims, dtype, &device);
                ComplexTensor::new(part(1), part(2))
            };
            let half = |dtype| HalfSpectrum::new(spectrum(dtype), n);
            let want = values(fft::irfft2(half(DType::F64), norm));
            let got = values(fft::irfft2(half(dtype), norm));
            close(format!("irfft2 of {n}², {norm:?}"), &got, &want);
            let transform = RealTransform::new(Axes::Last(2), n, norm.inverse_scale(n * n));
            let got = values(fallback::irfft(spectrum(dtype), transform));
            close(format!("fallback irfft2 of {n}², {norm:?}"), &got, &want);
        }
    }
}

#[test]
fn only_a_bin_out_of_the_range_of_f16_is_infinite_and_what_follows_in_one_layer_is_not() {
    let device = Device::flex();
    let ones = || Tensor::<4>::ones([1, 1, 300, 300], (&device, DType::F16));
    let spectrum = complex_values(fft::rfft2(ones(), Norm::Backward));
    assert_eq!(spectrum[0], f64::INFINITY);
    assert!(spectrum[1..].iter().all(|value| value.abs() < 1.0));
    let layer = FftLayerConfig::new(SpectrumOutput::LogMagnitude).init();
    let logarithm = values(layer.forward(ones()))[0];
    assert!((logarithm - 90_001f64.ln()).abs() < 5e-3, "{logarithm}");
    // The magnitude of an image of ones lies in range, its square does not.
    let layer = FftLayerConfig::new(SpectrumOutput::Magnitude).init();
    let ones = Tensor::<4>::ones([1, 1, 28, 28], (&device, DType::F16));
    assert_eq!(values(layer.forward(ones))[0], 784.0);
}
