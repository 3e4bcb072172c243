//! Golden cases of which large inputs are seeds and large results are samples, by short names.
#![allow(dead_code)]

use burn::tensor::{DType, Device, Tensor};
use burn_spectral::ComplexTensor;
use burn_spectral::response::Coupling;

use crate::common::golden::Case;

/// A real input.
pub fn real<const D: usize>(case: &Case, key: &str, dtype: DType, device: &Device) -> Tensor<D> {
    case.tensor(key, dtype, device)
}

/// A complex input.
pub fn complex<const D: usize>(
    case: &Case,
    key: &str,
    dtype: DType,
    device: &Device,
) -> ComplexTensor<D> {
    case.complex(key, dtype, device)
}

/// As [`Case::check`].
#[track_caller]
pub fn check<const D: usize>(case: &Case, key: &str, got: Tensor<D>) {
    case.check(key, got, "");
}

/// As [`Case::check_complex`].
#[track_caller]
pub fn check_complex<const D: usize>(case: &Case, key: &str, got: ComplexTensor<D>) {
    case.check_complex(key, got, "");
}

/// The coupling that a case names.
pub fn coupling(case: &Case) -> Coupling {
    case.coupling()
}
