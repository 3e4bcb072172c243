//! Comparisons of losses with tensor operations, for tests.

use burn::tensor::{DType, Tensor};

#[track_caller]
pub fn assert_close<const D: usize>(got: Tensor<D>, expected: Tensor<D>) {
    let limit = if got.dtype() == DType::F64 {
        1e-14
    } else {
        1e-6
    };
    let worst: f64 = (got - expected).abs().max().into_scalar();
    assert!(worst <= limit, "off by {worst}");
}
