//! What holds for transforms of any length: round trips, Parseval, adjoints, norms, empty batches.

mod common;

use burn::tensor::{DType, Device, Tensor};
use burn_spectral::ops::{Axes, BinWeight, Direction, RealTransform, fallback};
use burn_spectral::{ComplexTensor, FrequencyGrid, Norm, fft};
use common::{
    DTYPES, NORMS, PATHS, Path, assert_close, complex_values, gradient, noise_complex,
    noise_tensor, tolerance, values,
};

const LENGTHS: [usize; 12] = [1, 2, 3, 4, 7, 12, 28, 49, 97, 128, 150, 521];
const SHAPES: [[usize; 4]; 6] = [
    [2, 3, 1, 1],
    [2, 3, 4, 6],
    [2, 3, 5, 8],
    [2, 3, 7, 7],
    [2, 3, 13, 3],
    [2, 3, 28, 28],
];

fn everywhere() -> impl Iterator<Item = (Path, DType)> {
    PATHS
        .into_iter()
        .flat_map(|path| DTYPES.map(|dtype| (path, dtype)))
}

#[test]
fn inverses_return_to_the_start_whatever_the_norm() {
    let device = Device::flex();
    for (path, dtype) in everywhere() {
        let limit = tolerance(dtype, 1e-6, 2e-14);
        for (n, norm) in LENGTHS
            .into_iter()
            .flat_map(|n| NORMS.map(|norm| (n, norm)))
        {
            let what = format!("length {n}, {norm:?}, {path:?}, {dtype:?}");
            let x = noise_tensor([3, n], 1, dtype, &device);
            let spectrum = path.rfft(x.clone(), Axes::One(1), norm);
            let back = path.irfft(spectrum, n, Axes::One(1), norm);
            assert_close(&what, &values(back), &values(x), limit);

            let z = noise_complex([3, n], 1, dtype, &device);
            let there = path.fft(z.clone(), Axes::One(1), Direction::Forward, norm);
            let back = path.fft(there, Axes::One(1), Direction::Inverse, norm);
            assert_close(&what, &complex_values(back), &complex_values(z), limit);
        }
        for (shape, norm) in SHAPES.into_iter().flat_map(|s| NORMS.map(|norm| (s, norm))) {
            for axes in 1..=3 {
                let what = format!("{axes} axes of {shape:?}, {norm:?}, {path:?}, {dtype:?}");
                let x = noise_tensor(shape, 1, dtype, &device);
                let spectrum = path.rfft(x.clone(), Axes::Last(axes), norm);
                let back = path.irfft(spectrum, shape[3], Axes::Last(axes), norm);
                assert_close(&what, &values(back), &values(x), limit);

                let z = noise_complex(shape, 1, dtype, &device);
                let there = path.fft(z.clone(), Axes::Last(axes), Direction::Forward, norm);
                let back = path.fft(there, Axes::Last(axes), Direction::Inverse, norm);
                assert_close(&what, &complex_values(back), &complex_values(z), limit);
            }
        }
    }
}

#[test]
fn named_transforms_are_the_general_ones() {
    let device = Device::flex();
    let x = noise_tensor([2, 5, 6], 1, DType::F64, &device);
    let z = noise_complex([2, 5, 6], 1, DType::F64, &device);
    let same = |what: &str, a: ComplexTensor<3>, b: ComplexTensor<3>| {
        assert_close(what, &complex_values(a), &complex_values(b), 0.0);
    };
    let dims = [1, 2];
    for norm in NORMS {
        same(
            "fft2",
            fft::fft2(z.clone(), norm),
            fft::fftn(z.clone(), &dims, norm),
        );
        same(
            "ifft2",
            fft::ifft2(z.clone(), norm),
            fft::ifftn(z.clone(), &dims, norm),
        );
        same(
            "rfft2",
            fft::rfft2(x.clone(), norm).into_complex(),
            fft::rfftn(x.clone(), &dims, norm).into_complex(),
        );
        let spectrum = fft::rfft2(x.clone(), norm);
        let back = fft::irfft2(spectrum.clone(), norm);
        assert_close(
            "irfft2",
            &values(back),
            &values(fft::irfftn(spectrum, &dims, norm)),
            0.0,
        );
    }
}

#[test]
fn the_energy_of_a_signal_is_that_of_its_spectrum() {
    let device = Device::flex();
    let energy = |values: Vec<f64>| values.iter().map(|v| v * v).sum::<f64>();
    for (path, dtype) in everywhere() {
        let limit = tolerance(dtype, 1e-6, 1e-13);
        for shape in SHAPES {
            let grid = FrequencyGrid::new(&shape[2..]).unwrap();
            let what = format!("{shape:?}, {path:?}, {dtype:?}");
            let x = noise_tensor(shape, 1, dtype, &device);
            let want = energy(values(x.clone()));
            let spectrum = path.rfft(x, Axes::Last(2), Norm::Ortho);
            let got = (0..grid.bins()[1])
                .map(|k| {
                    let column = spectrum.clone().narrow(3, k, 1);
                    grid.multiplicity(k) * energy(complex_values(column))
                })
                .sum();
            assert_close(&what, &[got], &[want], limit);

            let z = noise_complex(shape, 1, dtype, &device);
            let spectrum = path.fft(z.clone(), Axes::Last(2), Direction::Forward, Norm::Ortho);
            let (got, want) = (energy(complex_values(spectrum)), energy(complex_values(z)));
            assert_close(&what, &[got], &[want], limit);
        }
    }
}

#[test]
fn norms_differ_by_powers_of_the_number_of_points() {
    let device = Device::flex();
    for path in PATHS {
        let x = noise_tensor([2, 5, 6], 1, DType::F64, &device);
        let plain = complex_values(path.rfft(x.clone(), Axes::Last(2), Norm::Backward));
        for (norm, factor) in [
            (Norm::Ortho, 1.0 / 30f64.sqrt()),
            (Norm::Forward, 1.0 / 30.0),
        ] {
            let want: Vec<f64> = plain.iter().map(|value| value * factor).collect();
            let got = complex_values(path.rfft(x.clone(), Axes::Last(2), norm));
            assert_close(&format!("{norm:?}, {path:?}"), &got, &want, 1e-14);
        }
    }
}

/// `⟨A·x, y⟩ = ⟨x, Aᵀ·y⟩`, where autodiff gives `Aᵀ·y` as the gradient of `⟨A·x, y⟩`.
fn assert_adjoint<const D: usize, const D2: usize>(
    what: &str,
    inputs: Vec<Tensor<D>>,
    apply: impl Fn(Vec<Tensor<D>>) -> Vec<Tensor<D2>>,
) {
    let leaves: Vec<Tensor<D>> = inputs.into_iter().map(Tensor::require_grad).collect();
    let outputs = apply(leaves.clone());
    let (dtype, device) = (outputs[0].dtype(), outputs[0].device());
    let product = outputs
        .into_iter()
        .zip(70..)
        .map(|(output, seed)| {
            let dims = output.dims();
            (output * noise_tensor(dims, seed, dtype, &device)).sum()
        })
        .reduce(|a, b| a + b)
        .unwrap();
    let want = values(product.clone())[0];
    let gradients = product.backward();
    let (mut got, mut size) = (0.0, 0.0);
    for leaf in leaves {
        let pulled_back = values(gradient(&leaf, &gradients));
        for (x, g) in values(leaf.inner()).into_iter().zip(pulled_back) {
            got += x * g;
            size += (x * g).abs();
        }
    }
    let error = (got - want).abs() / size;
    let limit = tolerance(dtype, 2e-6, 1e-14);
    assert!(
        error <= limit,
        "{what}: {got} is not {want}, error {error:.1e}"
    );
}

#[test]
fn gradients_are_the_adjoint_maps() {
    let device = Device::flex().autodiff();
    for (path, dtype) in everywhere() {
        for (shape, norm) in SHAPES.into_iter().flat_map(|s| NORMS.map(|norm| (s, norm))) {
            let what = |kind| format!("{kind} {shape:?}, {norm:?}, {path:?}, {dtype:?}");
            let x = noise_tensor(shape, 1, dtype, &device);
            assert_adjoint(&what("rfft"), vec![x], |x| {
                let y = path.rfft(x[0].clone(), Axes::Last(2), norm);
                vec![y.re, y.im]
            });
            let mut half = shape;
            half[3] = shape[3] / 2 + 1;
            let z = noise_complex(half, 1, dtype, &device);
            assert_adjoint(&what("irfft"), vec![z.re, z.im], |z| {
                let z = ComplexTensor::new(z[0].clone(), z[1].clone());
                vec![path.irfft(z, shape[3], Axes::Last(2), norm)]
            });
            for direction in [Direction::Forward, Direction::Inverse] {
                let z = noise_complex(shape, 1, dtype, &device);
                assert_adjoint(&what("fft"), vec![z.re, z.im], |z| {
                    let z = ComplexTensor::new(z[0].clone(), z[1].clone());
                    let y = path.fft(z, Axes::Last(2), direction, norm);
                    vec![y.re, y.im]
                });
            }
        }
    }
}

#[test]
fn an_empty_batch_gives_an_empty_result_of_the_right_shape() {
    let device = Device::flex();
    for (path, dtype) in everywhere() {
        for (axes, n) in (1..=3).flat_map(|axes| [6, 7, 100].map(|n| (axes, n))) {
            let x = Tensor::<5>::zeros([0, 2, 3, 4, n], (&device, dtype));
            let half = path.rfft(x.clone(), Axes::Last(axes), Norm::Backward);
            assert_eq!(half.dims(), [0, 2, 3, 4, n / 2 + 1], "{path:?}");
            let back = path.irfft(half, n, Axes::Last(axes), Norm::Backward);
            assert_eq!(back.dims(), [0, 2, 3, 4, n], "{path:?}");
            let z = ComplexTensor::from_real(x);
            let full = path.fft(z, Axes::Last(axes), Direction::Forward, Norm::Backward);
            assert_eq!(full.dims(), [0, 2, 3, 4, n], "{path:?}");
        }
        let x = Tensor::<3>::zeros([3, 5, 0], (&device, dtype));
        let half = path.rfft(x, Axes::One(1), Norm::Backward);
        assert_eq!(half.dims(), [3, 3, 0], "{path:?}");
    }
}

#[test]
fn weighted_fallback_transforms_are_the_adjoints_of_each_other() {
    let device = Device::flex().autodiff();
    for n in [1, 2, 7, 8] {
        let bins = n / 2 + 1;
        let transform = RealTransform::new(Axes::Last(2), n, 0.3);
        let x = noise_tensor([2, 3, n], 1, DType::F64, &device).require_grad();
        let y = fallback::rfft(x.clone(), transform);
        let cotangent = noise_complex([2, 3, bins], 2, DType::F64, &device);
        let loss = (y.re * cotangent.re.clone() + y.im * cotangent.im.clone()).sum();
        let want = values(gradient(&x, &loss.backward()));
        let got = fallback::irfft(cotangent, transform.with_weight(BinWeight::Halve));
        assert_close(&format!("rfft of {n}"), &values(got), &want, 1e-14);

        let z = noise_complex([2, 3, bins], 1, DType::F64, &device).map(Tensor::require_grad);
        let cotangent = noise_tensor([2, 3, n], 2, DType::F64, &device);
        let loss = (fallback::irfft(z.clone(), transform) * cotangent.clone()).sum();
        let gradients = loss.backward();
        let want = complex_values(z.map(|part| gradient(&part, &gradients)));
        let got = fallback::rfft(cotangent, transform.with_weight(BinWeight::Double));
        assert_close(&format!("irfft of {n}"), &complex_values(got), &want, 1e-14);
    }
}
