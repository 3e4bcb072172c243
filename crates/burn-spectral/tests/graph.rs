//! The operations as nodes of Burn's autodiff graph.

mod common;

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::conv::{SpectralConv2d, SpectralConv2dConfig};
use burn_spectral::ops::{Axes, Conjugate, Direction, MixSpec};
use burn_spectral::response::{FullSpectrum, FullSpectrum2d, FullSpectrumConfig};
use burn_spectral::{ComplexTensor, Norm};
use common::{Path, assert_close, noise_complex, noise_tensor, values};

fn devices() -> [Device; 2] {
    [
        Device::flex().autodiff(),
        Device::flex().autodiff().gradient_checkpointing(),
    ]
}

/// Gradients of the same loss with both implementations, where those of the fallback are Burn's own.
fn assert_as_burn<const N: usize>(
    what: &str,
    loss: impl Fn(Path, &Device) -> (Tensor<1>, [Tensor<2>; N]),
) {
    for device in devices() {
        let [kernels, fallback] = common::PATHS.map(|path| {
            let (loss, leaves) = loss(path, &device);
            let gradients = loss.backward();
            leaves
                .map(|leaf| values(common::gradient(&leaf, &gradients)))
                .concat()
        });
        assert_close(what, &kernels, &fallback, 1e-13);
    }
}

fn leaf(seed: u64, device: &Device) -> Tensor<2> {
    noise_tensor([4, 6], seed, DType::F64, device).require_grad()
}

const NORM: Norm = Norm::Backward;
const ROWS: Axes = Axes::One(1);

#[test]
fn operations_compose_with_burns_own() {
    assert_as_burn("a chain of transforms", |path, device| {
        let x = leaf(1, device);
        let spectrum = path.rfft(x.clone().tanh(), ROWS, NORM);
        let gate = spectrum.clone().norm_sqr().exp().recip();
        let y = path.irfft(spectrum.mul_real(gate), 6, ROWS, NORM);
        let z = path.fft(
            ComplexTensor::new(y.clone(), y * x.clone()),
            ROWS,
            Direction::Inverse,
            NORM,
        );
        ((z.re.exp() + z.im.sin()).sum(), [x])
    });
}

#[test]
fn one_leaf_may_feed_an_operation_twice() {
    assert_as_burn("both parts one leaf", |path, device| {
        let x = leaf(1, device);
        let z = ComplexTensor::new(x.clone(), x.clone());
        let z = path.fft(z, ROWS, Direction::Forward, NORM);
        ((z.re.clone() * z.im + z.re).sum(), [x])
    });
}

#[test]
fn outputs_may_be_used_many_times_and_at_many_depths() {
    assert_as_burn("fan-out", |path, device| {
        let (x, w) = (leaf(1, device), leaf(2, device));
        let z = path.fft(
            ComplexTensor::new(x.clone(), w.clone()),
            ROWS,
            Direction::Forward,
            NORM,
        );
        let deep = path.fft(z.clone(), Axes::One(0), Direction::Forward, NORM);
        let deeper = path.fft(deep.clone(), Axes::Last(2), Direction::Inverse, NORM);
        let loss = z.re.clone() * deep.re.clone() + z.re * deeper.im.clone() + deep.im * z.im;
        ((loss + deeper.re).sum(), [x, w])
    });
}

#[test]
fn an_output_that_is_dropped_or_detached_gives_no_gradient() {
    assert_as_burn("real part alone", |path, device| {
        let x = leaf(1, device);
        let ComplexTensor { re, im } = path.rfft(x.clone(), ROWS, NORM);
        drop(im);
        ((re.clone() * re).sum(), [x])
    });
    assert_as_burn("imaginary part detached", |path, device| {
        let x = leaf(1, device);
        let z = path.rfft(x.clone(), ROWS, NORM);
        ((z.re * z.im.detach()).sum(), [x])
    });
}

#[test]
fn constants_mix_with_leaves() {
    assert_as_burn("constant imaginary part", |path, device| {
        let x = leaf(1, device);
        let constant = noise_tensor([4, 6], 9, DType::F64, device);
        let z = path.fft(
            ComplexTensor::new(x.clone(), constant),
            ROWS,
            Direction::Forward,
            NORM,
        );
        ((z.re.clone() * z.im).sum(), [x])
    });
    assert_as_burn("constant response", |path, device| {
        let x = leaf(1, device);
        let signal: Tensor<4> = x.clone().reshape([1, 4, 2, 3]);
        let response = noise_complex([2, 4, 2, 2], 3, DType::F64, device);
        let mix = MixSpec {
            groups: 1,
            conjugate: Conjugate::Response,
        };
        let y = path.spectral_conv(signal, response, mix);
        ((y.clone() * y).sum(), [x])
    });
}

#[test]
fn constants_alone_make_no_graph() {
    for device in devices() {
        let x = noise_tensor([4, 6], 1, DType::F64, &device);
        let z = Path::Kernels.rfft(x, ROWS, NORM);
        // Only a leaf without a graph may become a parameter.
        let leaf = z.re.require_grad();
        let gradients = (leaf.clone() * z.im).sum().backward();
        assert!(leaf.grad(&gradients).is_some());
    }
}

#[test]
fn two_losses_of_one_forward_pass_need_two_forward_passes_as_in_burn() {
    let device = Device::flex().autodiff();
    let x = leaf(1, &device);
    let z = Path::Kernels.rfft(x.clone(), ROWS, NORM);
    let first = z.re.sum().backward();
    assert!(x.grad(&first).is_some());
    let second = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| z.im.sum().backward()));
    assert!(
        second.is_err(),
        "Burn frees the graph with the first backward pass"
    );

    // A fresh forward pass from the same leaf is as good as the first.
    let z = Path::Kernels.rfft(x.clone(), ROWS, NORM);
    let again = z.re.sum().backward();
    let [first, again] = [first, again].map(|gradients| values(x.grad(&gradients).unwrap()));
    assert_eq!(first, again);
}

#[test]
fn threads_build_graphs_beside_each_other() {
    let device = Device::flex().autodiff();
    let gradient = |seed| {
        let x = leaf(seed, &device);
        let z = Path::Kernels.rfft(x.clone(), ROWS, NORM);
        let gradients = (z.re.clone() * z.re + z.im).sum().backward();
        values(x.grad(&gradients).unwrap())
    };
    let alone: Vec<Vec<f64>> = (0..8).map(gradient).collect();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|seed| scope.spawn(move || gradient(seed)))
            .collect();
        for (thread, alone) in threads.into_iter().zip(alone) {
            assert_eq!(thread.join().unwrap(), alone);
        }
    });
}

#[test]
fn a_layer_learns_the_filter_it_is_shown() {
    let (device, _alone) = common::seeded(4);
    let device = device.autodiff();
    let config =
        SpectralConv2dConfig::new([2, 2], FullSpectrumConfig::new([6, 5])).with_bias(false);
    let teacher = config.init(&device);
    let mut student = config.init(&device);
    let distance = |student: &SpectralConv2d<FullSpectrum2d>| {
        let x = noise_tensor([16, 2, 6, 5], 8, DType::F32, &device);
        let error = student.forward(x.clone()) - teacher.forward(x).detach();
        (error.clone() * error).mean()
    };
    let before = values(distance(&student))[0];
    for _ in 0..200 {
        let gradients = distance(&student).backward();
        let step = |weight: &Param<Tensor<4>>| {
            let gradient = weight.val().grad(&gradients).unwrap();
            Param::from_tensor(Tensor::from_inner(weight.val().inner() - gradient * 10.0))
        };
        let FullSpectrum { re, im, .. } = &student.response;
        (student.response.re, student.response.im) = (step(re), step(im));
    }
    let after = values(distance(&student))[0];
    assert!(after < 1e-3 * before, "{before:.1e} became {after:.1e}");
    assert_eq!(student.num_params(), 2 * 2 * 2 * 6 * 3);
}
