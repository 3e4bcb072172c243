//! Magnitudes whose squares lie out of range: values and gradients are right from the subnormal
//! numbers to the largest.

mod common;

use burn::module::Param;
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::ComplexTensor;
use burn_spectral::frequency::{
    CLeakyRelu, ComplexBatchNorm, ComplexBatchNormConfig, ComplexNormForm, ModRelu, SpectrumGrid,
};
use burn_spectral::inspect::with_dtype;
use burn_spectral::spectrum::{FftLayerConfig, SpectrumOutput};
use common::{assert_close, noise, tensor, values};

/// Directions, among them axes and parts of far different size.
const POINTS: [(f64, f64); 9] = [
    (3.0, 4.0),
    (-3.0, 4.0),
    (-1.0, -2.0),
    (0.5, 0.0),
    (-2.0, 0.0),
    (0.0, 1.0),
    (0.0, -0.25),
    (1.0, 1e-6),
    (-1e-6, 1.0),
];

/// From the subnormal numbers of a precision up to where a magnitude just fits.
fn scales(dtype: DType) -> &'static [f64] {
    match dtype {
        DType::F64 => &[1e-310, 1e-300, 1e-200, 1e-100, 1.0, 1e100, 1e200, 1e300],
        DType::F32 => &[1e-39, 1e-37, 1e-25, 1e-12, 1.0, 1e12, 1e25, 2e37],
        DType::BF16 => &[1e-37, 1e-25, 1.0, 1e25, 2e37],
        _ => &[1e-3, 1.0, 100.0, 1e4],
    }
}

const DTYPES: [DType; 4] = [DType::F64, DType::F32, DType::BF16, DType::F16];

fn tolerance(dtype: DType) -> f64 {
    4.0 * dtype.finfo().unwrap().epsilon
}

/// The points at a scale, as the precision holds them.
fn points(scale: f64, dtype: DType) -> [Vec<f64>; 2] {
    let device = Device::flex();
    let part = |of: fn(&(f64, f64)) -> f64| {
        let exact: Vec<f64> = POINTS.iter().map(|point| of(point) * scale).collect();
        values(tensor(&exact, [exact.len()], dtype, &device))
    };
    [part(|point| point.0), part(|point| point.1)]
}

fn leaves([re, im]: &[Vec<f64>; 2], dtype: DType) -> ComplexTensor<1> {
    let device = Device::flex().autodiff();
    let leaf = |of: &Vec<f64>| tensor(of, [of.len()], dtype, &device).require_grad();
    ComplexTensor::new(leaf(re), leaf(im))
}

/// Gradients of the sum of `y` by the parts of `z`.
fn gradients(y: Tensor<1>, z: &ComplexTensor<1>) -> [Vec<f64>; 2] {
    let gradients = y.sum().backward();
    [&z.re, &z.im].map(|part| values(part.grad(&gradients).unwrap()))
}

/// Every number within a tolerance, relative to it; of what is subnormal or below as to the smallest
/// normal number.
#[track_caller]
fn assert_each(what: &str, got: &[f64], want: &[f64], tolerance: f64, dtype: DType) {
    let smallest = dtype.finfo().unwrap().min_positive;
    for (got, want) in got.iter().zip(want) {
        let error = (got - want).abs() / want.abs().max(smallest);
        assert!(
            error <= tolerance,
            "{what}: {got:e} for {want:e}, {error:.1e}"
        );
    }
}

#[test]
fn a_magnitude_and_its_gradient_are_right_at_every_scale() {
    for dtype in DTYPES {
        for &scale in scales(dtype) {
            let parts = points(scale, dtype);
            let z = leaves(&parts, dtype);
            let y = z.clone().abs();
            let what = format!("{dtype:?} at {scale:e}");
            let pairs = || parts[0].iter().zip(&parts[1]);
            let want: Vec<f64> = pairs().map(|(re, im)| re.hypot(*im)).collect();
            let error = tolerance(dtype);
            assert_each(&what, &values(y.clone()), &want, error, dtype);
            // Parts of a unit vector, each against the whole: the smaller may be lost.
            let [re, im] = gradients(y, &z);
            let unit: Vec<(f64, f64)> = pairs()
                .zip(&want)
                .map(|((re, im), length)| (re / length, im / length))
                .collect();
            for ((re, im), want) in re.iter().zip(&im).zip(unit) {
                let distance = (re - want.0).hypot(im - want.1);
                assert!(distance <= error, "{what}: ({re}, {im}) for {want:?}");
            }
        }
    }
}

#[test]
fn a_phase_and_its_gradient_are_right_at_every_scale() {
    for dtype in DTYPES {
        for &scale in scales(dtype) {
            let parts = points(scale, dtype);
            let z = leaves(&parts, dtype);
            let y = z.clone().arg();
            let what = format!("{dtype:?} at {scale:e}");
            let pairs = || parts[0].iter().zip(&parts[1]);
            let want: Vec<f64> = pairs().map(|(re, im)| im.atan2(*re)).collect();
            let error = tolerance(dtype);
            assert_each(&what, &values(y.clone()), &want, error, dtype);
            let [re, im] = gradients(y, &z);
            let largest = dtype.finfo().unwrap().max;
            for (((re, im), x), y) in re.iter().zip(&im).zip(&parts[0]).zip(&parts[1]) {
                let length = x.hypot(*y);
                if 1.0 / length > largest {
                    assert!(!re.is_nan() && !im.is_nan(), "{what}: ({re}, {im})");
                    continue;
                }
                let want = (-y / length / length, x / length / length);
                let distance = (re - want.0).hypot(im - want.1) * length;
                // What lies below the normal numbers may be lost.
                let lost = dtype.finfo().unwrap().min_positive * length;
                assert!(
                    distance <= error + lost,
                    "{what}: ({re}, {im}) for {want:?}"
                );
            }
        }
    }
}

#[test]
fn a_quotient_and_its_gradients_are_right_where_they_lie_in_range() {
    for dtype in DTYPES {
        let info = dtype.finfo().unwrap();
        for (&above, &below) in scales(dtype)
            .iter()
            .flat_map(|above| scales(dtype).iter().map(move |below| (above, below)))
        {
            let size = above / below;
            // The quotient, and its gradients by numerator and denominator.
            let in_range = |v: f64| v < info.max / 1e3 && v > info.min_positive * 1e3;
            if ![size, 1.0 / below, size / below].into_iter().all(in_range) {
                continue;
            }
            let (z, mut w) = (points(above, dtype), points(below, dtype));
            w.iter_mut().for_each(|part| part.rotate_left(2));
            let (a, b) = (leaves(&z, dtype), leaves(&w, dtype));
            let q = a.clone() / b.clone();
            let got = [values(q.re.clone()), values(q.im.clone())];
            let [by_a, by_b] = {
                let gradients = (q.re + q.im).sum().backward();
                [&a, &b].map(|z| [&z.re, &z.im].map(|part| values(part.grad(&gradients).unwrap())))
            };
            let what = format!("{dtype:?}, {above:e} / {below:e}");
            for i in 0..POINTS.len() {
                let unit = |z: &[Vec<f64>; 2], scale: f64| (z[0][i] / scale, z[1][i] / scale);
                let (z, w) = (unit(&z, above), unit(&w, below));
                // conj(w)/|w|²
                let norm = w.0 * w.0 + w.1 * w.1;
                let inverse = (w.0 / norm, -w.1 / norm);
                let mul =
                    |a: (f64, f64), b: (f64, f64)| (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0);
                let want = mul(z, inverse);
                // d(re + im)/dz = (1 + i)·conj(1/w), and of w that times −conj(z/w).
                let by_z = mul((1.0, 1.0), (inverse.0, -inverse.1));
                let by_w = mul(by_z, (-want.0, want.1));
                let pairs = [
                    ([got[0][i], got[1][i]], want, size),
                    ([by_a[0][i], by_a[1][i]], by_z, 1.0 / below),
                    ([by_b[0][i], by_b[1][i]], by_w, size / below),
                ];
                for ([re, im], want, scale) in pairs {
                    let distance = (re / scale - want.0).hypot(im / scale - want.1);
                    let error = 2.0 * tolerance(dtype) * want.0.hypot(want.1);
                    assert!(
                        distance <= error,
                        "{what}: ({re:e}, {im:e}) for {want:?}·{scale:e}"
                    );
                }
            }
        }
    }
}

#[test]
fn at_zero_magnitude_phase_and_their_gradients_are_zero() {
    for dtype in DTYPES {
        let z = leaves(&[vec![0.0, -0.0], vec![0.0, 0.0]], dtype);
        let y = z.clone().abs() + z.clone().arg();
        assert_eq!(values(y.clone()), [0.0, 0.0], "{dtype:?}");
        assert_eq!(gradients(y, &z), [[0.0, 0.0], [0.0, 0.0]], "{dtype:?}");
    }
}

#[test]
fn an_infinite_number_has_an_infinite_magnitude_and_a_phase() {
    let device = Device::flex();
    let part = |of: &[f64]| tensor(of, [of.len()], DType::F32, &device);
    let z = ComplexTensor::new(
        part(&[f64::INFINITY, 1.0, f64::NEG_INFINITY]),
        part(&[1.0, f64::INFINITY, 0.0]),
    );
    assert_eq!(values(z.clone().abs()), [f64::INFINITY; 3]);
    let want = [0.0, core::f64::consts::FRAC_PI_2, core::f64::consts::PI];
    assert_close("phase", &values(z.arg()), &want, 1e-7);
}

#[test]
fn a_phase_floor_may_be_as_small_as_the_numbers_themselves() {
    for dtype in [DType::F32, DType::F64, DType::F16] {
        for floor in [1e-3, 1e-18, 1e-20, 1e-30, 1e-60, 1e-310] {
            let layer = FftLayerConfig::new(SpectrumOutput::MagnitudeCosSin)
                .with_phase_floor(floor)
                .init();
            let device = Device::flex().autodiff();
            let what = format!("{dtype:?}, floor {floor:e}");
            // An image of zeros has no phase.
            let x = Tensor::<4>::zeros([1, 1, 4, 4], (&device, dtype)).require_grad();
            let y = layer.forward(x.clone());
            assert!(values(y.clone()).iter().all(|v| *v == 0.0), "{what}");
            let gradient = values(x.grad(&y.narrow(1, 0, 1).sum().backward()).unwrap());
            assert!(gradient.iter().all(|v| v.is_finite()), "{what}");
            // One of a single sample has magnitude, cosine and sine of its own at every bin.
            let mut samples = vec![0.0; 16];
            samples[1] = 0.5;
            let x = tensor::<4>(&samples, [1, 1, 4, 4], dtype, &device).require_grad();
            let y = layer.forward(x.clone());
            let got = values(y.clone());
            for (bin, magnitude) in got[..12].iter().enumerate() {
                let angle = -core::f64::consts::FRAC_PI_2 * (bin % 3) as f64;
                let error = [
                    magnitude - 0.5,
                    got[12 + bin] - angle.cos(),
                    got[24 + bin] - angle.sin(),
                ];
                assert!(error.iter().all(|e| e.abs() < 1e-3), "{what}: {error:?}");
            }
            let gradient = values(x.grad(&y.sum().backward()).unwrap());
            assert!(
                gradient.iter().all(|v| v.is_finite()),
                "{what}: {gradient:?}"
            );
        }
    }
}

#[test]
fn the_phase_of_a_tiny_image_is_that_of_the_image_scaled_up() {
    let device = Device::flex().autodiff();
    let layer = |floor: f64| {
        FftLayerConfig::new(SpectrumOutput::MagnitudeCosSin)
            .with_phase_floor(floor)
            .init()
    };
    let at = |scale: f64| {
        let samples: Vec<f64> = noise(30, 5).iter().map(|v| v * scale).collect();
        let x = tensor::<4>(&samples, [1, 1, 6, 5], DType::F32, &device).require_grad();
        let phase = layer(0.1 * scale).forward(x.clone()).narrow(1, 1, 2);
        let weight = tensor(&noise(36, 6), phase.dims(), DType::F32, &device);
        let gradients = (phase.clone() * weight).sum().backward();
        let slope = values(x.grad(&gradients).unwrap());
        let slope: Vec<f64> = slope.iter().map(|v| v * scale).collect();
        (values(phase), slope)
    };
    let (want, slope) = at(1.0);
    for scale in [1e-30, 1e-20, 1e20, 1e30] {
        let got = at(scale);
        assert_close(&format!("phase at {scale:e}"), &got.0, &want, 1e-5);
        assert_close(&format!("gradient at {scale:e}"), &got.1, &slope, 1e-4);
    }
}

#[test]
fn a_modulus_activation_and_its_gradients_are_right_at_every_scale() {
    for dtype in [DType::F64, DType::F32] {
        for &scale in scales(dtype).iter().filter(|scale| **scale >= 1.0) {
            // Larger than the layer's own dtype could hold.
            let offset = tensor(&[-2.5 * scale], [1], dtype, &Device::flex().autodiff());
            let layer = ModRelu {
                offset: Param::from_tensor(offset),
            };
            let parts = points(scale, dtype);
            let z = leaves(&parts, dtype);
            let rows = z.clone().map(|part| part.reshape([POINTS.len(), 1]));
            let out = layer.forward(rows).map(|part| part.reshape([POINTS.len()]));
            let got = [values(out.re.clone()), values(out.im.clone())];
            let [by_re, by_im] = gradients(out.re + out.im, &z);
            for i in 0..POINTS.len() {
                let of = |re: f64, im: f64| {
                    let length = re.hypot(im);
                    let factor = (length - 2.5).max(0.0) / length;
                    (factor * re, factor * im)
                };
                let (re, im) = (parts[0][i] / scale, parts[1][i] / scale);
                let want = of(re, im);
                let what = format!("{dtype:?} at {scale:e}, ({re}, {im})");
                let error = [got[0][i] / scale - want.0, got[1][i] / scale - want.1];
                assert!(error.iter().all(|e| e.abs() < 1e-5), "{what}: {error:?}");
                // The loss does not change its slope with the scale.
                let step = 1e-5;
                let sum = |(a, b): (f64, f64)| a + b;
                let slope = [
                    (sum(of(re + step, im)) - sum(of(re - step, im))) / (2.0 * step),
                    (sum(of(re, im + step)) - sum(of(re, im - step))) / (2.0 * step),
                ];
                let error = [by_re[i] - slope[0], by_im[i] - slope[1]];
                assert!(error.iter().all(|e| e.abs() < 1e-4), "{what}: {error:?}");
            }
        }
    }
}

#[test]
fn a_normalization_by_magnitudes_does_not_depend_on_the_scale() {
    let device = Device::flex().autodiff();
    let grid = SpectrumGrid::half([4, 6]);
    for form in [
        ComplexNormForm::Magnitude(grid),
        ComplexNormForm::CenteredMagnitude(grid),
        ComplexNormForm::Whitening,
        ComplexNormForm::Image(grid),
        ComplexNormForm::PerPart,
    ] {
        let at = |scale: f64| {
            let norm = ComplexBatchNormConfig::new(2, form).init(&device);
            let leaf = |seed| {
                let numbers: Vec<f64> = noise(96, seed).iter().map(|v| v * scale).collect();
                tensor::<4>(&numbers, [3, 2, 4, 4], DType::F32, &device).require_grad()
            };
            let (re, im) = (leaf(1), leaf(2));
            let y = norm.forward(ComplexTensor::new(re.clone(), im.clone()));
            let weight = |seed| tensor::<4>(&noise(96, seed), [3, 2, 4, 4], DType::F32, &device);
            let loss = (y.re.clone() * weight(3) + y.im.clone() * weight(4)).sum();
            let gradients = loss.backward();
            let slope = [re, im].map(|leaf| values(leaf.grad(&gradients).unwrap()));
            let slope: Vec<f64> = slope.concat().iter().map(|v| v * scale).collect();
            ([values(y.re), values(y.im)].concat(), slope)
        };
        // Large enough that the epsilon does not count.
        let (want, slope) = at(1e5);
        for scale in [1e12, 1e25, 1e35] {
            let got = at(scale);
            assert_close(&format!("{form:?} at {scale:e}"), &got.0, &want, 1e-5);
            assert_close(
                &format!("gradient of {form:?} at {scale:e}"),
                &got.1,
                &slope,
                1e-4,
            );
        }
    }
}

#[test]
fn a_normalization_of_each_part_is_that_of_double_precision_at_every_scale() {
    let device = Device::flex().autodiff();
    let shape = [3, 2, 4, 4];
    for scale in [1e-3, 1.0, 1e7, 1e9, 1e12, 1e19, 1e25, 1e35] {
        let at = |dtype: DType| {
            let config = ComplexBatchNormConfig::new(2, ComplexNormForm::PerPart);
            let norm = with_dtype(config.init(&device), dtype);
            // Means that are not zero, and channels of different size.
            let leaf = |seed| {
                let numbers: Vec<f64> = noise(96, seed)
                    .iter()
                    .enumerate()
                    .map(|(i, v)| (v + 0.3) * if i / 16 % 2 == 0 { scale } else { 1.0 })
                    .map(|v| f64::from(v as f32))
                    .collect();
                tensor::<4>(&numbers, shape, dtype, &device).require_grad()
            };
            let (re, im) = (leaf(1), leaf(2));
            let z = ComplexTensor::new(re.clone(), im.clone());
            let y = norm.forward_activated(z, &CLeakyRelu::default());
            let weight = |seed| tensor::<4>(&noise(96, seed), shape, dtype, &device);
            let loss = (y.re.clone() * weight(3) + y.im.clone() * weight(4)).sum();
            let gradients = loss.backward();
            let ComplexBatchNorm::PerPart(norm) = &norm else {
                panic!("another form")
            };
            let slopes = [re, im].map(|leaf| values(leaf.grad(&gradients).unwrap()));
            let slopes = slopes.concat().into_iter().enumerate();
            let slopes = slopes.map(|(i, v)| v * if i / 16 % 2 == 0 { scale } else { 1.0 });
            let learned = [&norm.re, &norm.im].map(|part| {
                let parts = [&part.gamma, &part.beta];
                let slopes = parts.map(|of| values(of.val().grad(&gradients).unwrap()));
                slopes.concat()
            });
            let means = [&norm.re, &norm.im].map(|part| values(part.running_mean.value_sync()));
            let variances = values(norm.re.running_var.value_sync());
            (
                [values(y.re), values(y.im)].concat(),
                slopes.collect::<Vec<_>>(),
                learned.concat(),
                means.concat(),
                variances,
            )
        };
        let (want, got) = (at(DType::F64), at(DType::F32));
        let what = |of: &str| format!("{of} at {scale:e}");
        assert_close(&what("output"), &got.0, &want.0, 1e-5);
        assert_close(&what("gradient of the input"), &got.1, &want.1, 1e-4);
        assert_close(&what("gradient of the parameters"), &got.2, &want.2, 1e-4);
        for (got, want) in got.3.iter().zip(&want.3) {
            assert!(
                (got - want).abs() <= 1e-5 * want.abs(),
                "{}: {got}, {want}",
                what("mean")
            );
        }
        for (got, want) in got.4.iter().zip(&want.4) {
            // Kept in f32, where it is the largest number if it is larger.
            let want = want.min(f64::from(f32::MAX));
            assert!(
                (got - want).abs() <= 1e-5 * want,
                "{}: {got}, {want}",
                what("variance")
            );
        }
    }
}
