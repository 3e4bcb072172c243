//! Weight fixation: what the projections are, what their gradients see, and that a layer keeps them.

mod common;

use burn::tensor::{DType, Device, Tensor};
use burn_spectral::conv::KernelOrigin;
use burn_spectral::frequency::{Projection, SpectrumGrid, SupportProjection};
use burn_spectral::published::{
    ElementwiseConv2dConfig, ElementwiseForm, ElementwiseWeight, ElementwiseWeights,
};
use burn_spectral::{ComplexTensor, Norm, fft};
use common::{assert_close, complex_values, noise_complex, noise_tensor, seeded, values};

const PROJECTIONS: [Projection; 2] = [Projection::Orthogonal, Projection::Oblique];
const CHANNELS: [usize; 2] = [2, 3];

/// Supports on odd, even and prime sizes, both extents and both origins.
fn supports() -> Vec<SupportProjection> {
    let mut all = Vec::new();
    for (size, taps) in [
        ([7, 7], [3, 3]),
        ([6, 8], [4, 3]),
        ([13, 5], [5, 2]),
        ([4, 1], [1, 1]),
    ] {
        for grid in [SpectrumGrid::half(size), SpectrumGrid::full(size)] {
            for origin in [KernelOrigin::First, KernelOrigin::Center] {
                all.push(SupportProjection::new(grid, taps).with_origin(origin));
            }
        }
    }
    all
}

fn weights(support: &SupportProjection, seed: u64, device: &Device) -> ComplexTensor<4> {
    let [height, bins] = support.grid.bins();
    noise_complex(
        [CHANNELS[1], CHANNELS[0], height, bins],
        seed,
        DType::F64,
        device,
    )
}

/// `Σ c_k·Re conj(A_k)·B_k`, the inner product in which a bin counts as the bins it stands for.
fn inner(support: &SupportProjection, a: ComplexTensor<4>, b: ComplexTensor<4>) -> f64 {
    let products = values(a.re * b.re + a.im * b.im);
    let count = support.grid.multiplicities();
    let weighted = products.iter().zip(count.iter().cycle());
    weighted.map(|(product, count)| product * count).sum()
}

/// Each bin times the bins it stands for, or divided by them.
fn counted(support: &SupportProjection, z: ComplexTensor<4>, inverse: bool) -> ComplexTensor<4> {
    let count = support.grid.multiplicities();
    let columns = count.iter().enumerate().map(|(column, &count)| {
        let factor = if inverse { 1.0 / count } else { count };
        z.clone().narrow(3, column, 1).mul_scalar(factor)
    });
    ComplexTensor::cat(columns.collect(), 3)
}

/// The index of a tap among the samples of the image.
fn sample(tap: usize, taps: usize, size: usize, origin: KernelOrigin) -> usize {
    let before = match origin {
        KernelOrigin::First => 0,
        KernelOrigin::Center => taps / 2,
    };
    (tap + size - before) % size
}

#[test]
fn a_projection_twice_is_the_projection_once() {
    let device = Device::flex();
    for support in supports() {
        for projection in PROJECTIONS {
            let once = support.project(weights(&support, 1, &device), projection);
            let twice = support.project(once.clone(), projection);
            let what = format!("{support:?} {projection:?}");
            assert_close(&what, &complex_values(twice), &complex_values(once), 1e-13);
        }
    }
}

#[test]
fn the_orthogonal_projection_is_self_adjoint_and_the_oblique_one_is_not() {
    let device = Device::flex();
    for support in supports() {
        let [a, b] = [1, 2].map(|seed| weights(&support, seed, &device));
        let sides = |projection| {
            let left = inner(&support, support.project(a.clone(), projection), b.clone());
            let right = inner(&support, a.clone(), support.project(b.clone(), projection));
            (left - right).abs() / (left.abs() + right.abs())
        };
        assert!(sides(Projection::Orthogonal) < 1e-12, "{support:?}");
        // With one tap on one column handing back the sum is a change too.
        assert!(sides(Projection::Oblique) > 1e-4, "{support:?}");
    }
}

#[test]
fn what_the_orthogonal_projection_removes_is_orthogonal_to_every_small_kernel() {
    let device = Device::flex();
    for support in supports() {
        let a = weights(&support, 1, &device);
        let removed = a.clone() - support.project(a.clone(), Projection::Orthogonal);
        let [height, width] = support.taps;
        let taps = noise_tensor([3, 2, height, width], 3, DType::F64, &device);
        let kernel = support.spectrum_of(taps);
        let size = inner(&support, a.clone(), a).sqrt()
            * inner(&support, kernel.clone(), kernel.clone()).sqrt();
        assert!(
            inner(&support, removed, kernel).abs() < 1e-12 * size,
            "{support:?}"
        );
    }
}

#[test]
fn a_projection_keeps_the_taps_of_the_support_and_the_oblique_one_the_sum() {
    let device = Device::flex();
    for support in supports() {
        let SpectrumGrid { size, .. } = support.grid;
        let kernel = noise_tensor([1, 1, size[0], size[1]], 4, DType::F64, &device);
        let spectrum = support.grid.spectrum(kernel.clone());
        let all = values(kernel);
        let [rows, columns] = support.taps;
        let indices = (0..rows * columns).map(|tap| {
            let row = sample(tap / columns, rows, size[0], support.origin);
            let column = sample(tap % columns, columns, size[1], support.origin);
            row * size[1] + column
        });
        let kept: Vec<f64> = indices.map(|index| all[index]).collect();
        let got = support.taps_of(spectrum.clone(), Projection::Orthogonal);
        let what = format!("{support:?}");
        assert_close(&what, &values(got), &kept, 1e-12);
        let share = (all.iter().sum::<f64>() - kept.iter().sum::<f64>()) / kept.len() as f64;
        let handed: Vec<f64> = kept.iter().map(|tap| tap + share).collect();
        let got = support.taps_of(spectrum.clone(), Projection::Oblique);
        assert_close(&what, &values(got), &handed, 1e-12);
        let at_zero = |z: ComplexTensor<4>| complex_values(z.narrow(2, 0, 1).narrow(3, 0, 1));
        let projected = support.project(spectrum.clone(), Projection::Oblique);
        assert_close(&what, &at_zero(projected), &at_zero(spectrum), 1e-12);
    }
}

#[test]
fn a_complex_kernel_keeps_its_real_part() {
    let device = Device::flex();
    let support = SupportProjection::new(SpectrumGrid::full([5, 6]), [5, 6]);
    let kernel = noise_complex::<4>([1, 1, 5, 6], 1, DType::F64, &device);
    let spectrum = fft::fft2(kernel.clone(), Norm::Backward);
    let kept = support.taps_of(spectrum, Projection::Orthogonal);
    assert_close("real part", &values(kept), &values(kernel.re), 1e-13);
}

#[test]
fn the_gradient_lies_in_the_projected_space() {
    let device = Device::flex().autodiff();
    for support in supports() {
        for projection in PROJECTIONS {
            let leaf = weights(&support, 5, &device).map(Tensor::require_grad);
            let projected = support.project(leaf.clone(), projection);
            let cotangent = weights(&support, 6, &device);
            let loss = (projected.re * cotangent.re).sum() + (projected.im * cotangent.im).sum();
            let gradients = loss.backward();
            let gradient = leaf.map(|part| part.grad(&gradients).unwrap());
            let what = format!("{support:?} {projection:?}");
            // As a direction in the counted inner product, where a step along it leaves P's range
            // not at all.
            if projection == Projection::Orthogonal {
                let direction = counted(&support, gradient.clone(), true);
                let again = support.project(direction.clone(), projection);
                assert_close(
                    &what,
                    &complex_values(again),
                    &complex_values(direction),
                    1e-12,
                );
            }
            // Of either: what the projection removes does not change the loss.
            let other = weights(&support, 7, &Device::flex());
            let removed = other.clone() - support.project(other.clone(), projection);
            let flat = SupportProjection {
                grid: SpectrumGrid::full(support.grid.bins()),
                ..support
            };
            let slope = inner(&flat, gradient.clone(), removed);
            let size = inner(&flat, gradient.clone(), gradient).sqrt()
                * inner(&flat, other.clone(), other).sqrt();
            assert!(
                slope.abs() < 1e-12 * size,
                "{what}: {slope:.2e} of {size:.2e}"
            );
        }
    }
}

#[test]
fn the_energy_outside_is_that_of_the_taps_outside() {
    let device = Device::flex();
    for support in supports() {
        let SpectrumGrid { size, .. } = support.grid;
        let kernel = noise_tensor([2, 1, size[0], size[1]], 8, DType::F64, &device);
        let energy = |kernel: Tensor<4>| values((kernel.clone() * kernel).sum())[0];
        let spectrum = support.grid.spectrum(kernel.clone());
        let inside = energy(support.taps_of(spectrum.clone(), Projection::Orthogonal));
        let want = energy(kernel) - inside;
        let got = values(support.energy_outside(spectrum))[0];
        assert!(
            (got - want).abs() < 1e-12 * (want + inside),
            "{support:?}: {got} for {want}"
        );
    }
}

#[test]
fn a_projected_layer_keeps_its_parameters_identity_and_its_gradients() {
    let (flex, _alone) = seeded(3);
    for form in [ElementwiseForm::Published, ElementwiseForm::Repaired] {
        for device in [flex.clone(), flex.clone().autodiff()] {
            let config = ElementwiseConv2dConfig::published([2, 3], [3, 3], [8, 7])
                .with_form(form)
                .with_weights(ElementwiseWeights::Free);
            let layer = config.init(&device);
            let before = values(layer.energy_outside())[0];
            let ElementwiseWeight::Free(weight) = &layer.weight else {
                panic!("a layer of free weights has others");
            };
            let ids = [weight.re.id, weight.im.id];
            let want = layer
                .support
                .project(weight.spectrum(), Projection::Oblique);
            let projected = layer.project(Projection::Oblique);
            let ElementwiseWeight::Free(weight) = &projected.weight else {
                panic!("a projected layer has other weights");
            };
            assert_eq!([weight.re.id, weight.im.id], ids);
            assert_eq!(weight.re.is_require_grad(), device.is_autodiff());
            assert_close(
                "weights",
                &complex_values(weight.spectrum()),
                &complex_values(want),
                1e-7,
            );
            let after = values(projected.energy_outside())[0];
            assert!(before > 1.0 && after < 1e-9 * before, "{before} to {after}");
            if device.is_autodiff() {
                let [height, bins] = projected.grid().bins();
                let x = noise_complex([1, 2, height, bins], 1, DType::F32, &device);
                let y = projected.forward(x);
                let gradients = (y.re.sum() + y.im.sum()).backward();
                assert!(weight.re.grad(&gradients).is_some());
                assert!(weight.im.grad(&gradients).is_some());
            }
        }
    }
}

#[test]
fn half_the_energy_of_the_published_start_lies_outside_the_kernel() {
    let (device, _alone) = seeded(4);
    let published = ElementwiseConv2dConfig::published([16, 32], [5, 5], [28, 28]);
    let layer = published.init(&device);
    let total = inner(&layer.support, layer.spectrum(), layer.spectrum()) / (28.0 * 28.0);
    let outside = values(layer.energy_outside())[0];
    // 512 kernels of unit taps: ½ at each tap and at each mirror image, that of the first itself.
    assert!((total / (512.0 * 25.0) - 1.0).abs() < 0.05, "{total}");
    assert!((outside / (512.0 * 12.0) - 1.0).abs() < 0.05, "{outside}");
    let fresh = published.with_initializer(burn_spectral::SpectralInitializer::Conv);
    assert!(values(fresh.init(&device).energy_outside())[0] < 1e-9);
}
