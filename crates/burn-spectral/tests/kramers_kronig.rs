//! The discrete Kramers–Kronig relations, and the causality they stand for.

mod common;

use burn::module::Param;
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::conv::SpectralConv;
use burn_spectral::ops::Axes;
use burn_spectral::response::{
    Coupling, KramersKronig, KramersKronig1d, KramersKronig2d, KramersKronigConfig, ResponseConfig,
    hilbert,
};
use burn_spectral::{ComplexTensor, HalfSpectrum, Norm, SpectralError, fft};
use common::{DTYPES, PATHS, assert_close, complex_values, noise_tensor, tolerance, values};

const LENGTHS: [usize; 9] = [1, 2, 3, 4, 7, 8, 13, 16, 97];
const SIZES: [[usize; 2]; 6] = [[4, 6], [5, 8], [7, 7], [8, 5], [1, 6], [6, 1]];

fn one_dimensional(n: usize, dtype: DType, device: &Device) -> KramersKronig1d {
    KramersKronig {
        real: Param::from_tensor(noise_tensor([2, 3, n / 2 + 1], n as u64, dtype, device)),
        length: n,
        axis: 0,
    }
}

fn two_dimensional([height, width]: [usize; 2], axis: usize, device: &Device) -> KramersKronig2d {
    let dims = [2, 1, height, width / 2 + 1];
    KramersKronig {
        real: Param::from_tensor(noise_tensor(dims, 5, DType::F64, device)),
        length: width,
        axis,
    }
}

/// `h[0] + (−1)^k·h[n/2]` at all `n` bins, the last term for even `n` only.
fn endpoints(h: &Tensor<3>, n: usize) -> Tensor<3> {
    let first = h.clone().narrow(2, 0, 1).repeat_dim(2, n);
    if n % 2 == 1 {
        return first;
    }
    let signs: Vec<f64> = (0..n)
        .map(|k| if k % 2 == 0 { 1.0 } else { -1.0 })
        .collect();
    let signs = common::tensor(&signs, [1, 1, n], h.dtype(), &h.device());
    first + h.clone().narrow(2, n / 2, 1) * signs
}

#[test]
fn the_impulse_response_is_causal_and_its_real_part_the_learned_one() {
    let device = Device::flex();
    for (n, dtype) in LENGTHS
        .into_iter()
        .flat_map(|n| DTYPES.map(|dtype| (n, dtype)))
    {
        let limit = tolerance(dtype, 1e-6, 1e-14);
        let response = one_dimensional(n, dtype, &device);
        let h = response.impulse_response();
        assert_eq!(h.dims(), [2, 3, n]);
        let causal = n / 2 + 1;
        if causal < n {
            let beyond = values(h.clone().narrow(2, causal, n - causal));
            assert!(beyond.iter().all(|tap| *tap == 0.0), "length {n}");
        }
        for path in PATHS {
            let spectrum = path.rfft(h.clone(), Axes::One(2), Norm::Backward);
            let (got, want) = (values(spectrum.re), values(response.real.val()));
            assert_close(&format!("Re H, length {n}, {path:?}"), &got, &want, limit);
        }
    }
}

#[test]
fn real_and_imaginary_part_are_each_others_hilbert_transforms() {
    let device = Device::flex();
    for (n, dtype) in LENGTHS
        .into_iter()
        .flat_map(|n| DTYPES.map(|dtype| (n, dtype)))
    {
        let limit = tolerance(dtype, 1e-6, 1e-14);
        let h = one_dimensional(n, dtype, &device).impulse_response();
        let spectrum = fft::rfft(h.clone(), 2, Norm::Backward).full(&[2]);
        // Both parts as one vector: of one or two bins the imaginary part is zero and has no scale.
        let want = complex_values(spectrum.clone());
        let im = -hilbert(spectrum.re.clone());
        let re = hilbert(spectrum.im) + endpoints(&h, n);
        let got = complex_values(ComplexTensor::new(re, im));
        assert_close(&format!("length {n}, {dtype:?}"), &got, &want, limit);
    }
}

#[test]
fn over_two_axes_the_impulse_response_lies_on_a_half_plane() {
    let device = Device::flex();
    for (size, axis) in SIZES
        .into_iter()
        .flat_map(|size| [0, 1].map(|axis| (size, axis)))
    {
        let response = two_dimensional(size, axis, &device);
        let h = response.impulse_response();
        let what = format!("{size:?} causal along {axis}");
        let (length, causal) = (size[axis], size[axis] / 2 + 1);
        if causal < length {
            let beyond = values(h.clone().narrow(axis + 2, causal, length - causal));
            assert!(beyond.iter().all(|tap| *tap == 0.0), "{what}");
        }

        // What an inverse transform keeps of the learned part: on the self-conjugate columns, the
        // mean with its mirror image. Re H is that.
        let real = HalfSpectrum::new(ComplexTensor::from_real(response.real.val()), size[1]);
        let spectrum_of = |image| fft::rfft2(image, Norm::Backward).into_complex();
        let kept = spectrum_of(fft::irfft2(real, Norm::Backward));
        let spectrum = spectrum_of(h.clone());
        assert_close(&what, &values(spectrum.re), &values(kept.re.clone()), 1e-13);
        let imaginary = values(kept.im)
            .into_iter()
            .fold(0.0, |a: f64, b| a.max(b.abs()));
        assert!(imaginary < 1e-14, "{what}: the kept part is not real");
    }
}

#[test]
fn over_two_axes_the_relation_holds_along_the_causal_one() {
    let device = Device::flex();
    for (size, axis) in SIZES
        .into_iter()
        .flat_map(|size| [0, 1].map(|axis| (size, axis)))
    {
        let h = two_dimensional(size, axis, &device).impulse_response();
        let spectrum = fft::fft2(ComplexTensor::from_real(h), Norm::Backward);
        // `hilbert` runs along the last axis.
        let spectrum = spectrum.map(|part| part.swap_dims(axis + 2, 3));
        let negated = -hilbert(spectrum.re.clone());
        let got = complex_values(ComplexTensor::new(spectrum.re.clone(), negated));
        let what = format!("{size:?} causal along {axis}");
        assert_close(&what, &got, &complex_values(spectrum), 1e-14);
    }
}

#[test]
fn a_signal_that_is_zero_before_some_moment_stays_zero_before_it() {
    let device = Device::flex();
    let n = 32;
    let response = one_dimensional(n, DType::F64, &device);
    let layer = SpectralConv::<3, _>::from_response(response, [3, 2], Coupling::Dense).unwrap();
    // An impulse at 8 reaches 8 to 8 + n/2 only; before it, and beyond, nothing.
    let mut impulse = vec![0.0; 3 * n];
    (0..3).for_each(|channel| impulse[channel * n + 8] = 1.0);
    let y = layer.forward(common::tensor(&impulse, [1, 3, n], DType::F64, &device));
    let largest = |from, count| {
        let part = values(y.clone().narrow(2, from, count));
        part.into_iter().fold(0.0, |a: f64, b| a.max(b.abs()))
    };
    assert!(largest(0, 8) < 1e-14);
    assert!(largest(8 + n / 2 + 1, n - 8 - n / 2 - 1) < 1e-14);
    assert!(largest(8, n / 2 + 1) > 1e-3);
}

#[test]
fn the_hilbert_transform_turns_cosines_into_sines() {
    let device = Device::flex();
    for n in [3usize, 4, 9, 16, 97] {
        for frequency in 1..n.div_ceil(2) {
            let wave = |phase: fn(f64) -> f64| {
                let turns = |t: usize| (t * frequency % n) as f64 / n as f64;
                let values: Vec<f64> = (0..n)
                    .map(|t| phase(core::f64::consts::TAU * turns(t)))
                    .collect();
                common::tensor(&values, [n], DType::F64, &device)
            };
            let what = format!("frequency {frequency} of {n}");
            assert_close(
                &what,
                &values(hilbert(wave(f64::cos))),
                &values(wave(f64::sin)),
                1e-13,
            );
            let back = values(hilbert(-wave(f64::sin)));
            assert_close(&what, &back, &values(wave(f64::cos)), 1e-13);
        }
        let constant = Tensor::<1>::full([n], 3.0, (&device, DType::F64));
        assert!(
            values(hilbert(constant))
                .iter()
                .all(|value| value.abs() < 1e-14)
        );
    }
}

#[test]
fn an_axis_that_is_not_there_is_refused() {
    let config = KramersKronigConfig::new([4, 6]).with_axis(2);
    let error = ResponseConfig::<4>::try_init(&config, [2, 3], &Device::flex()).unwrap_err();
    assert_eq!(error, SpectralError::Axis { axis: 2, axes: 2 });
    assert_eq!(
        error.to_string(),
        "spatial axis 2 is out of range: expected 0 to 1"
    );
    let config = KramersKronigConfig::new([4, 6]);
    assert!(ResponseConfig::<3>::try_init(&config, [2, 3], &Device::flex()).is_err());
}
