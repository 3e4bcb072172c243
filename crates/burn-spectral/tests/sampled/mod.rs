//! Golden cases of which large inputs are seeds and large results are samples.
#![allow(dead_code)]

use burn::tensor::{DType, Device, Tensor};
use burn_spectral::ComplexTensor;
use burn_spectral::response::Coupling;

use crate::common::golden::Case;
use crate::common::{assert_close, noise_tensor, tensor, tolerance, values};

/// A real input.
pub fn real<const D: usize>(case: &Case, key: &str, dtype: DType, device: &Device) -> Tensor<D> {
    part(case, key, key, 0, dtype, device)
}

/// A complex input.
pub fn complex<const D: usize>(
    case: &Case,
    key: &str,
    dtype: DType,
    device: &Device,
) -> ComplexTensor<D> {
    let [re, im] = [("re", 0), ("im", 1)]
        .map(|(name, offset)| part(case, key, &format!("{key}.{name}"), offset, dtype, device));
    ComplexTensor::new(re, im)
}

fn part<const D: usize>(
    case: &Case,
    key: &str,
    stored: &str,
    offset: u64,
    dtype: DType,
    device: &Device,
) -> Tensor<D> {
    let drawn = &case.parameters["seeds"][key];
    match drawn["seed"].as_u64() {
        Some(seed) => noise_tensor(dims(&drawn["shape"]), seed + offset, dtype, device),
        None => {
            let shape = case.shape(stored).to_vec().try_into().unwrap();
            tensor(case.values(stored), shape, dtype, device)
        }
    }
}

fn dims<const D: usize>(shape: &serde_json::Value) -> [usize; D] {
    let lengths = shape
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_u64().unwrap() as usize);
    lengths.collect::<Vec<_>>().try_into().unwrap()
}

/// The elements of a result that are stored.
fn samples<const D: usize>(case: &Case, key: &str, got: Tensor<D>) -> Vec<f64> {
    let sampling = &case.parameters["strides"][key];
    match sampling["stride"].as_u64() {
        Some(stride) => {
            assert_eq!(
                got.dims(),
                dims::<D>(&sampling["shape"]),
                "{} {key}",
                case.name
            );
            values(got).into_iter().step_by(stride as usize).collect()
        }
        None => {
            assert_eq!(
                got.dims().as_slice(),
                case.shape(key),
                "{} {key}",
                case.name
            );
            values(got)
        }
    }
}

/// Asserts that a result is the stored one: relative L2 error below 1e-12 in f64, 2e-6 in f32.
#[track_caller]
pub fn check<const D: usize>(case: &Case, key: &str, got: Tensor<D>) -> f64 {
    let (dtype, limit) = (got.dtype(), tolerance(got.dtype(), 2e-6, 1e-12));
    let what = format!("{} {key} {dtype:?}", case.name);
    assert_close(&what, &samples(case, key, got), case.values(key), limit)
}

/// As [`check`], both parts as one vector: a part that should vanish has no scale of its own.
#[track_caller]
pub fn check_complex<const D: usize>(case: &Case, key: &str, got: ComplexTensor<D>) -> f64 {
    let (dtype, limit) = (got.re.dtype(), tolerance(got.re.dtype(), 2e-6, 1e-12));
    let [re, im] = ["re", "im"].map(|part| format!("{key}.{part}"));
    let all = [samples(case, &re, got.re), samples(case, &im, got.im)].concat();
    let want = [case.values(&re), case.values(&im)].concat();
    assert_close(
        &format!("{} {key} {dtype:?}", case.name),
        &all,
        &want,
        limit,
    )
}

/// The coupling that a case names.
pub fn coupling(case: &Case) -> Coupling {
    match case.text("coupling") {
        "shared" => Coupling::Shared,
        "dense" => Coupling::Dense,
        other => panic!("{}: unknown coupling {other}", case.name),
    }
}
