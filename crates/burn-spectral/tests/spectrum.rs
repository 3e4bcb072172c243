//! Layers on spectra: channels, gates, local patches.

mod common;

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::conv::SpectralConv2d;
use burn_spectral::response::Coupling;
use burn_spectral::spectrum::{
    ElementGate, ElementGateConfig, FftLayerConfig, FrequencyGate, FrequencyGateConfig,
    GateFeatures, PatchEdges, PatchStft2dConfig, PatchWindow, SpectrumExtent, SpectrumOutput,
};
use burn_spectral::{ComplexTensor, FrequencyGrid, HalfSpectrum, Norm, fft};
use common::golden::{Case, load};
use common::gradient::{assert_gradients, weigh};
use common::{DTYPES, assert_close, noise_complex, noise_tensor, tensor, tolerance, values};

const OUTPUTS: [(&str, SpectrumOutput); 4] = [
    ("real_imaginary", SpectrumOutput::RealImaginary),
    ("magnitude", SpectrumOutput::Magnitude),
    ("magnitude_cos_sin", SpectrumOutput::MagnitudeCosSin),
    ("log_magnitude", SpectrumOutput::LogMagnitude),
];

#[test]
fn the_fft_layer_and_its_gradient_are_those_of_pytorch() {
    let device = Device::flex().autodiff();
    for case in &load("fft_layer") {
        let (_, output) = OUTPUTS
            .into_iter()
            .find(|o| o.0 == case.text("output"))
            .unwrap();
        let extent = match case.text("extent") {
            "half" => SpectrumExtent::Half,
            _ => SpectrumExtent::Full,
        };
        let layer = FftLayerConfig::new(output).with_extent(extent).init();
        for dtype in DTYPES {
            let x = case.leaf::<4>("input", dtype, &device);
            let y = layer.forward(x.clone());
            case.check("output", y.clone(), "");
            let gradients = (y * case.tensor("cotangent", dtype, &device))
                .sum()
                .backward();
            case.check("grad.input", x.grad(&gradients).unwrap(), "");
        }
    }
}

/// Every output has gradients of at most one over each bin's magnitude, or `1/ε` for cosine and
/// sine each; `x` reaches every one of the bins with a factor of magnitude 1.
#[test]
fn gradients_are_finite_and_bounded_at_zero_and_at_tiny_magnitudes() {
    let device = Device::flex().autodiff();
    let dims = [1, 1, 6, 7];
    let bins = 6.0 * 4.0;
    for (name, output) in OUTPUTS {
        let layer = FftLayerConfig::new(output).with_phase_floor(0.01).init();
        let bound = match output {
            SpectrumOutput::MagnitudeCosSin => bins * (1.0 + 2.0 / 0.01),
            _ => 2.0 * bins,
        };
        for (dtype, scale) in DTYPES.into_iter().flat_map(|dtype| {
            [0.0, 1e-44, 1e-38, 1e-30, 1e-23, 1e-20, 1e-10, 1e-3].map(|scale| (dtype, scale))
        }) {
            let x = (noise_tensor::<4>(dims, 1, dtype, &device) * scale)
                .detach()
                .require_grad();
            let y = layer.forward(x.clone());
            let what = format!("{name} at {scale:e} in {dtype:?}");
            assert!(
                values(y.clone()).iter().all(|value| value.is_finite()),
                "{what}"
            );
            let gradients = y.sum().backward();
            let gradient = values(x.grad(&gradients).unwrap());
            assert!(
                gradient.iter().all(|g| g.abs() <= bound),
                "{what}: {gradient:?}"
            );
            let is_smooth = !matches!(
                output,
                SpectrumOutput::RealImaginary | SpectrumOutput::MagnitudeCosSin
            );
            if scale == 0.0 && is_smooth {
                assert!(gradient.iter().all(|g| *g == 0.0), "{what}: {gradient:?}");
            }
        }
    }
}

#[test]
fn cosine_and_sine_of_the_phase_are_those_of_its_angle() {
    let device = Device::flex();
    let x = noise_tensor::<4>([2, 1, 5, 8], 3, DType::F64, &device);
    let layer = FftLayerConfig::new(SpectrumOutput::MagnitudeCosSin)
        .with_phase_floor(1e-9)
        .init();
    let y = layer.forward(x.clone());
    let phase = fft::rfft2(x, Norm::Backward).arg();
    let got = y.narrow(1, 1, 2);
    let want = Tensor::cat(vec![phase.clone().cos(), phase.sin()], 1);
    assert_close("phase", &values(got), &values(want), 1e-12);
}

#[test]
fn the_dense_gate_has_a_weight_for_every_pair_of_frequencies() {
    let gate = FrequencyGateConfig::new(1, [64, 64]).init(&Device::flex());
    assert_eq!(gate.num_params(), 16_781_312);
    assert_eq!(gate.weight.lazy_shape().dims(), [4096, 4096]);
    assert_eq!(gate.bias.lazy_shape().dims(), [4096]);
}

fn check_dense_gate(case: &Case, dtype: DType) {
    let device = Device::flex().autodiff();
    let size: [usize; 2] = case.numbers("size").try_into().unwrap();
    let count = size[0] * size[1];
    let x = case.leaf::<4>("input", dtype, &device);
    let column = |key: &str| {
        let dims = [case.shape(key)[0], 1];
        tensor::<2>(case.values(key), dims, dtype, &device)
    };
    let (left, right) = (column("left"), column("right").transpose());
    let scale = 1.0 / count as f64;
    let weight = left.clone().matmul(right.clone()) * scale;
    let gate = FrequencyGate {
        weight: Param::from_tensor(weight.detach()),
        bias: Param::from_tensor(case.tensor("bias", dtype, &device)),
        size,
        features: match case.text("features") {
            "magnitude" => GateFeatures::Magnitude,
            _ => GateFeatures::Real,
        },
    };
    let spectrum = fft::fft2(ComplexTensor::from_real(x.clone()), Norm::Ortho);
    let y = gate.forward(spectrum);
    case.check_complex("output", y.clone(), "");
    let cotangent = case.complex::<4>("cotangent", dtype, &device);
    let gradients = (y.re * cotangent.re + y.im * cotangent.im).sum().backward();
    case.check("grad.input", x.grad(&gradients).unwrap(), "");
    case.check("grad.bias", gate.bias.val().grad(&gradients).unwrap(), "");
    // The stored weight is an outer product; the chain rule goes the rest of the way.
    let weight = gate.weight.val().grad(&gradients).unwrap();
    let (left, right) = (left.inner(), right.inner());
    let of_left = weight.clone().matmul(right.transpose()) * scale;
    case.check::<1>("grad.left", of_left.squeeze_dim(1), "");
    let of_right = left.transpose().matmul(weight) * scale;
    case.check::<1>("grad.right", of_right.squeeze_dim(0), "");
}

fn check_element_gate(case: &Case, dtype: DType) {
    let device = Device::flex().autodiff();
    let size: [usize; 2] = case.numbers("size").try_into().unwrap();
    let channels = case.shape("input")[1];
    let bins = size[1] / 2 + 1;
    let logits = tensor(
        case.values("logits"),
        [channels, 1, size[0], bins],
        dtype,
        &device,
    );
    let gate = ElementGate {
        logits: Param::from_tensor(logits),
        width: size[1],
    };
    let check = |gate: &ElementGate, x: &Tensor<4>, y: Tensor<4>, how: &str| {
        case.check("output", y.clone(), how);
        let gradients = (y * case.tensor("cotangent", dtype, &device))
            .sum()
            .backward();
        case.check("grad.input", x.grad(&gradients).unwrap(), how);
        let gradient = gate.logits.val().grad(&gradients).unwrap();
        case.check::<3>("grad.logits", gradient.squeeze_dim(1), how);
    };
    let x = case.leaf::<4>("input", dtype, &device);
    let y = gate.forward(fft::rfft2(x.clone(), Norm::Ortho));
    check(&gate, &x, fft::irfft2(y, Norm::Ortho), "on spectra");

    let x = case.leaf::<4>("input", dtype, &device);
    let layer = SpectralConv2d::from_response(gate, [channels; 2], Coupling::Depthwise).unwrap();
    check(
        &layer.response,
        &x,
        layer.forward(x.clone()),
        "as a response",
    );
}

#[test]
fn gates_and_their_gradients_are_those_of_pytorch() {
    for case in &load("gates") {
        for dtype in DTYPES {
            match case.text("kind") {
                "dense" => check_dense_gate(case, dtype),
                _ => check_element_gate(case, dtype),
            }
        }
    }
}

#[test]
fn gates_have_finite_gradients_at_a_spectrum_of_zeros() {
    let device = Device::flex().autodiff();
    let x = Tensor::<4>::zeros([2, 1, 4, 5], &device).require_grad();
    let spectrum = fft::fft2(ComplexTensor::from_real(x.clone()), Norm::Backward);
    let gate = FrequencyGateConfig::new(1, [4, 5]).init(&device);
    let y = gate.forward(spectrum);
    let gradients = (y.re + y.im).sum().backward();
    for gradient in [
        values(x.grad(&gradients).unwrap()),
        values(gate.weight.val().grad(&gradients).unwrap()),
    ] {
        assert!(gradient.iter().all(|g| g.is_finite()));
    }
}

#[test]
fn a_fresh_element_gate_halves_every_frequency() {
    let device = Device::flex();
    let gate = ElementGateConfig::new(3, [5, 6]).init(&device);
    assert_eq!(gate.num_params(), 3 * 5 * 4);
    let spectrum = noise_complex::<4>([2, 3, 5, 4], 1, DType::F32, &device);
    let half = gate.forward(HalfSpectrum::new(spectrum.clone(), 6));
    assert_eq!(values(half.into_complex().re), values(spectrum.re * 0.5));
}

#[test]
fn patch_spectra_and_their_gradients_are_those_of_pytorch_and_scipy() {
    let device = Device::flex().autodiff();
    for case in &load("patches") {
        let pair = |key| -> [usize; 2] { case.numbers(key).try_into().unwrap() };
        let stft = PatchStft2dConfig::new(pair("patch"))
            .with_hop(pair("hop"))
            .with_edges(match case.text("edges") {
                "periodic" => PatchEdges::Periodic,
                _ => PatchEdges::Zero,
            })
            .init();
        for dtype in DTYPES {
            let x = case.leaf::<4>("input", dtype, &device);
            let y = stft.forward(x.clone());
            case.check_complex("output", y.clone(), "");
            let cotangent = case.complex::<6>("cotangent", dtype, &device);
            let gradients = (y.re * cotangent.re + y.im * cotangent.im).sum().backward();
            case.check("grad.input", x.grad(&gradients).unwrap(), "");
        }
    }
}

/// Patches, odd, even and longer than the image; hops of half, less and more than that.
const LOCAL: [([usize; 2], [usize; 2]); 5] = [
    ([4, 4], [2, 2]),
    ([6, 5], [3, 2]),
    ([8, 7], [6, 2]),
    ([1, 16], [1, 8]),
    ([3, 2], [1, 1]),
];

#[test]
fn the_local_transform_is_undone_exactly_at_every_size() {
    let device = Device::flex();
    for (patch, hop) in LOCAL {
        for (edges, window) in [PatchEdges::Periodic, PatchEdges::Zero]
            .into_iter()
            .flat_map(|edges| [PatchWindow::Hann, PatchWindow::Sine].map(|window| (edges, window)))
        {
            let config = PatchStft2dConfig::new(patch)
                .with_hop(hop)
                .with_edges(edges);
            let stft = config.with_window(window).init();
            for size in [[1, 1], [2, 7], [7, 7], [13, 14], [14, 9], [28, 31]] {
                for dtype in DTYPES {
                    let x = noise_tensor::<4>([2, 2, size[0], size[1]], 1, dtype, &device);
                    let back = stft.inverse(stft.forward(x.clone()), size);
                    let what =
                        format!("{patch:?} {hop:?} {edges:?} {window:?} of {size:?} {dtype:?}");
                    let limit = tolerance(dtype, 1e-6, 1e-14);
                    assert_close(&what, &values(back), &values(x), limit);
                }
            }
        }
    }
}

#[test]
fn the_inverse_of_spectra_that_no_image_has_is_the_nearest_in_least_squares() {
    let device = Device::flex();
    let size = [7, 10];
    for edges in [PatchEdges::Periodic, PatchEdges::Zero] {
        let stft = PatchStft2dConfig::new([4, 6]).with_edges(edges).init();
        let [rows, columns] = stft.patches(size);
        let spectra = noise_complex::<6>([1, 1, rows, columns, 4, 4], 1, DType::F64, &device);
        let x = stft.inverse(spectra.clone(), size);

        let device = device.clone().autodiff();
        let x = Tensor::from_inner(x).to_device(&device).require_grad();
        let spectra = spectra.map(|part| Tensor::from_inner(part).to_device(&device));
        let difference = stft.forward(x.clone()) - spectra;
        // Squares over the full spectrum, where most bins of the half occur twice.
        let grid = FrequencyGrid::new(&[4, 6]).unwrap();
        let counts: Vec<f64> = (0..4).map(|bin| grid.multiplicity(bin)).collect();
        let counts = tensor::<6>(&counts, [1, 1, 1, 1, 1, 4], DType::F64, &device);
        let gradients = (difference.norm_sqr() * counts).sum().backward();
        let gradient = values(x.grad(&gradients).unwrap());
        assert_close(&format!("{edges:?}"), &gradient, &vec![0.0; 70], 1e-11);
    }
}

#[test]
fn gradients_of_the_local_inverse_are_the_finite_differences() {
    for (edges, size) in [(PatchEdges::Periodic, [3, 5]), (PatchEdges::Zero, [4, 3])] {
        let stft = PatchStft2dConfig::new([2, 4]).with_edges(edges).init();
        let [rows, columns] = stft.patches(size);
        let dims = [1, 1, rows, columns, 2, 3];
        let count = dims.iter().product();
        assert_gradients(&format!("{edges:?} {size:?}"), &[count, count], |z| {
            let part = |index: usize| z[index].clone().reshape(dims);
            weigh(stft.inverse(ComplexTensor::new(part(0), part(1)), size), 1)
        });
        assert_gradients(&format!("forward {edges:?}"), &[size[0] * size[1]], |x| {
            let spectra = stft.forward(x[0].clone().reshape([1, 1, size[0], size[1]]));
            weigh(spectra.re, 1) + weigh(spectra.im, 3)
        });
    }
}

#[test]
fn a_patch_sees_its_own_place_alone() {
    let device = Device::flex();
    let stft = PatchStft2dConfig::new([8, 8]).init();
    let mut image = vec![0.0; 32 * 32];
    image[9 * 32 + 22] = 1.0;
    let spectra = stft.forward(tensor::<4>(&image, [1, 1, 32, 32], DType::F32, &device));
    let energy = values(spectra.norm_sqr().sum_dim(4).sum_dim(5));
    let seen: Vec<usize> = (0..64).filter(|&patch| energy[patch] > 0.0).collect();
    // Rows 4…11 and 8…15 begin patches 1 and 2, columns 16…23 and 20…27 patches 4 and 5.
    assert_eq!(seen, [8 + 4, 8 + 5, 16 + 4, 16 + 5]);
}
