//! Transforms over any list of dims against the definition, in f64: dims that are the last ones and
//! others, in any order, of even, odd and prime sizes.

mod common;

use burn::tensor::{DType, Device, Tensor};
use burn_spectral::{ComplexTensor, HalfSpectrum, Norm, fft};
use common::{
    NORMS, assert_close, complex_values, gradient, noise_complex, noise_tensor, tensor, values,
};

const SHAPES: [[usize; 4]; 4] = [[2, 3, 4, 5], [3, 8, 1, 7], [5, 2, 6, 4], [4, 13, 3, 2]];

/// Lists of dims with the indices they stand for.
fn lists() -> Vec<(Vec<isize>, Vec<usize>)> {
    [
        vec![0],
        vec![1],
        vec![-1],
        vec![2, 3],
        vec![-2, -1],
        vec![3, 2],
        vec![1, 2],
        vec![2, -3],
        vec![0, -1],
        vec![-1, 0],
        vec![-3, 2, 3],
        vec![3, 1, 2],
        vec![0, 1, -2],
        vec![2, 0, 1],
        vec![0, 1, 2, 3],
        vec![-1, -2, -3, -4],
        vec![1, 3, 0, 2],
    ]
    .into_iter()
    .map(|dims| {
        let index = |dim: &isize| dim.rem_euclid(4) as usize;
        let indices = dims.iter().map(index).collect();
        (dims, indices)
    })
    .collect()
}

fn strides(shape: [usize; 4]) -> [usize; 4] {
    core::array::from_fn(|dim| shape[dim + 1..].iter().product())
}

/// The sum of the definition along one dim, bin by bin.
fn naive_along(z: &[(f64, f64)], shape: [usize; 4], dim: usize, sign: f64) -> Vec<(f64, f64)> {
    let (n, step) = (shape[dim], strides(shape)[dim]);
    let bin = |at: usize| {
        let k = at / step % n;
        let start = at - k * step;
        (0..n).fold((0.0, 0.0), |(re, im), j| {
            let angle = sign * core::f64::consts::TAU * (j * k % n) as f64 / n as f64;
            let (a, b) = z[start + j * step];
            (
                re + a * angle.cos() - b * angle.sin(),
                im + a * angle.sin() + b * angle.cos(),
            )
        })
    };
    (0..z.len()).map(bin).collect()
}

/// The definition over several dims as a complex tensor.
fn naive(
    z: &ComplexTensor<4>,
    dims: &[usize],
    sign: f64,
    scale: impl Fn(usize) -> f64,
) -> ComplexTensor<4> {
    let shape = z.dims();
    let numbers = values(z.re.clone())
        .into_iter()
        .zip(values(z.im.clone()))
        .collect();
    let sums = dims
        .iter()
        .fold(numbers, |z: Vec<_>, &dim| naive_along(&z, shape, dim, sign));
    let scale = scale(dims.iter().map(|&dim| shape[dim]).product());
    let (re, im): (Vec<f64>, Vec<f64>) = sums
        .into_iter()
        .map(|(re, im)| (re * scale, im * scale))
        .unzip();
    let part = |values: Vec<f64>| tensor(&values, shape, DType::F64, &z.device());
    ComplexTensor::new(part(re), part(im))
}

#[test]
fn complex_transforms_over_any_dims_are_those_of_the_definition() {
    let device = Device::flex();
    for (shape, norm) in SHAPES.into_iter().flat_map(|s| NORMS.map(|norm| (s, norm))) {
        let z = noise_complex(shape, 1, DType::F64, &device);
        for (dims, indices) in lists() {
            let what = format!("{dims:?} of {shape:?}, {norm:?}");
            let want = naive(&z, &indices, -1.0, |n| norm.forward_scale(n));
            let got = fft::fftn(z.clone(), &dims, norm);
            assert_close(&what, &complex_values(got), &complex_values(want), 1e-13);
            let want = naive(&z, &indices, 1.0, |n| norm.inverse_scale(n));
            let got = fft::ifftn(z.clone(), &dims, norm);
            assert_close(&what, &complex_values(got), &complex_values(want), 1e-13);
            if let [dim] = dims[..] {
                let [all, one] = [
                    fft::fftn(z.clone(), &dims, norm),
                    fft::fft(z.clone(), dim, norm),
                ];
                assert_eq!(complex_values(one), complex_values(all), "{what}");
            }
        }
    }
}

#[test]
fn real_transforms_over_any_dims_are_halves_of_the_complex_ones_and_return() {
    let device = Device::flex();
    for (shape, norm) in SHAPES.into_iter().flat_map(|s| NORMS.map(|norm| (s, norm))) {
        let x = noise_tensor(shape, 1, DType::F64, &device);
        for (dims, indices) in lists() {
            let what = format!("{dims:?} of {shape:?}, {norm:?}");
            let halved = indices[indices.len() - 1];
            let half = fft::rfftn(x.clone(), &dims, norm);
            assert_eq!(
                (half.dim(), half.length()),
                (halved, shape[halved]),
                "{what}"
            );
            assert_eq!(half.signal_dims(), shape, "{what}");
            let z = ComplexTensor::from_real(x.clone());
            let full = naive(&z, &indices, -1.0, |n| norm.forward_scale(n));
            let want = full.clone().narrow(halved, 0, shape[halved] / 2 + 1);
            assert_close(
                &what,
                &complex_values(half.clone()),
                &complex_values(want),
                1e-13,
            );
            // The bins that are missing are the mirror images.
            let mirrored = half.clone().full(&dims);
            assert_close(
                &what,
                &complex_values(mirrored),
                &complex_values(full),
                1e-13,
            );
            let back = fft::irfftn(half.clone(), &dims, norm);
            assert_close(&what, &values(back), &values(x.clone()), 1e-13);
            if let [dim] = dims[..] {
                let one = fft::rfft(x.clone(), dim, norm);
                assert_eq!(complex_values(one), complex_values(half.clone()), "{what}");
                let [all, one] = [
                    fft::irfftn(half.clone(), &dims, norm),
                    fft::irfft(half, norm),
                ];
                assert_eq!(values(one), values(all), "{what}");
            }
        }
    }
}

#[test]
fn a_half_spectrum_that_no_signal_has_is_taken_by_its_hermitian_part_over_any_dims() {
    // Bins that are free to be anything, against the same dims brought to the end by hand.
    let device = Device::flex();
    for (dims, order) in [([1, 2], [0, 3, 1, 2]), ([3, 0], [1, 2, 3, 0])] {
        let signal = [4, 6, 5, 3];
        let mut bins = signal;
        bins[dims[1]] = signal[dims[1]] / 2 + 1;
        let z = noise_complex(bins, 3, DType::F64, &device);
        let half = HalfSpectrum::new_along(z.clone(), signal[dims[1]], dims[1]);
        let got = fft::irfftn(half, &dims, Norm::Backward);
        assert_eq!(got.dims(), signal);
        let moved = z.map(|part| part.permute(order));
        let moved = HalfSpectrum::new(moved, signal[dims[1]]);
        let want = fft::irfft2(moved, Norm::Backward);
        assert_eq!(values(got.permute(order)), values(want), "{dims:?}");
    }
}

#[test]
fn the_last_dims_are_transformed_as_they_lie_and_others_give_the_same_numbers() {
    let device = Device::flex();
    let x = noise_tensor::<4>([2, 3, 12, 7], 1, DType::F32, &device);
    let last = fft::rfftn(x.clone(), &[2, 3], Norm::Ortho);
    assert_eq!(
        complex_values(last.clone()),
        complex_values(fft::rfft2(x.clone(), Norm::Ortho))
    );
    let first = fft::rfftn(x.permute([2, 3, 0, 1]), &[0, 1], Norm::Ortho).into_complex();
    let first = first.map(|part| part.permute([2, 3, 0, 1]));
    assert_eq!(complex_values(first), complex_values(last));
}

#[test]
fn gradients_over_any_dims_are_adjoints() {
    // ⟨A·x, y⟩ = ⟨x, Aᵀ·y⟩ with Aᵀ·y from autodiff.
    let device = Device::flex().autodiff();
    let shape = [3, 4, 5, 2];
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for (dims, _) in lists() {
        let x = noise_tensor(shape, 1, DType::F64, &device).require_grad();
        let half = fft::rfftn(x.clone(), &dims, Norm::Ortho);
        let y = noise_complex(half.dims(), 2, DType::F64, &device);
        let z = half.clone().into_complex();
        let product = (z.re * y.re.clone() + z.im * y.im.clone()).sum();
        let want = values(product.clone())[0];
        let pulled = values(gradient(&x, &product.backward()));
        let got = dot(&pulled, &values(x.clone()));
        assert!((got - want).abs() < 1e-12, "rfftn over {dims:?}");

        let y = y.map(Tensor::require_grad);
        let signal = fft::irfftn(half.map_complex(|_| y.clone()), &dims, Norm::Ortho);
        let weight = noise_tensor(signal.dims(), 3, DType::F64, &device);
        let product = (signal * weight).sum();
        let want = values(product.clone())[0];
        let gradients = product.backward();
        let pulled = complex_values(y.clone().map(|part| gradient(&part, &gradients)));
        let got = dot(&pulled, &complex_values(y));
        assert!((got - want).abs() < 1e-12, "irfftn over {dims:?}");
    }
}

#[test]
fn empty_batches_and_half_precision_pass_over_any_dims() {
    let device = Device::flex().autodiff();
    let x = Tensor::<4>::zeros([5, 0, 4, 3], &device).require_grad();
    let half = fft::rfftn(x.clone(), &[0, 2], Norm::Backward);
    assert_eq!(half.dims(), [5, 0, 3, 3]);
    let back = fft::irfftn(half, &[0, 2], Norm::Backward);
    assert_eq!(back.dims(), [5, 0, 4, 3]);
    let gradients = back.sum().backward();
    assert_eq!(gradient(&x, &gradients).dims(), [5, 0, 4, 3]);

    let device = Device::flex();
    let x = noise_tensor::<4>([5, 2, 4, 3], 1, DType::F16, &device);
    let half = fft::rfftn(x.clone(), &[0, 2], Norm::Ortho);
    assert_eq!(half.complex().re.dtype(), DType::F16);
    let back = fft::irfftn(half, &[0, 2], Norm::Ortho);
    assert_close("f16", &values(back), &values(x), 2e-3);
}

#[test]
fn a_panic_names_the_line_of_the_caller() {
    use std::sync::{Arc, Mutex};

    let line = Arc::new(Mutex::new(0));
    let (seen, here) = (Arc::clone(&line), std::thread::current().id());
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == here {
            *seen.lock().unwrap() = info.location().map_or(0, |location| location.line());
        }
    }));
    let x = Tensor::<2>::zeros([2, 4], &Device::flex());
    let result = std::panic::catch_unwind(|| fft::rfftn(x, &[0, 5], Norm::Backward));
    let expected = line!() - 1;
    let _ = std::panic::take_hook();
    assert!(result.is_err());
    assert_eq!(*line.lock().unwrap(), expected);
}
