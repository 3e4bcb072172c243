//! Sums of exponentials on the kernels against tensor operations, with Burn's gradients of those.

mod common;

use burn::tensor::{DType, Device, Gradients, Tensor};
use burn_spectral::ops::{exponential_sum, exponential_sum_fallback};
use common::{DTYPES, assert_close, noise_tensor, values};

type Factors = (Tensor<2>, Tensor<4>, Tensor<4>);

/// Filters, terms, rows and columns.
const SHAPES: [[usize; 4]; 4] = [[1, 1, 1, 1], [3, 2, 7, 5], [6, 1, 13, 18], [2, 3, 1, 31]];

/// The columns' factors come as a view with its axes swapped.
fn factors([filters, terms, rows, columns]: [usize; 4], dtype: DType, device: &Device) -> Factors {
    (
        noise_tensor([filters, terms], 1, dtype, device),
        noise_tensor([filters, terms, 3, rows], 2, dtype, device),
        noise_tensor([filters, terms, columns, 3], 3, dtype, device).swap_dims(2, 3),
    )
}

fn gradients(
    (scale, rows, columns): &Factors,
    run: fn(Tensor<2>, Tensor<4>, Tensor<4>) -> Tensor<3>,
) -> Gradients {
    let y = run(scale.clone(), rows.clone(), columns.clone());
    let seed = noise_tensor(y.dims(), 7, y.dtype(), &y.device());
    (y * seed).sum().backward()
}

#[test]
fn the_kernels_agree_with_tensor_operations() {
    for (shape, dtype) in SHAPES
        .into_iter()
        .flat_map(|shape| DTYPES.map(|dtype| (shape, dtype)))
    {
        let what = format!("{shape:?} {dtype:?}");
        let tolerance = if dtype == DType::F32 { 3e-6 } else { 1e-14 };
        let (scale, rows, columns) = factors(shape, dtype, &Device::flex().autodiff());
        let leaves = (
            scale.require_grad(),
            rows.require_grad(),
            columns.require_grad(),
        );
        let (scale, rows, columns) = leaves.clone();
        let got = exponential_sum(scale.clone(), rows.clone(), columns.clone());
        let want = exponential_sum_fallback(scale, rows, columns);
        assert_eq!(got.dims(), [shape[0], shape[2], shape[3]]);
        assert_close(&what, &values(got), &values(want), tolerance);

        let [got, want] =
            [exponential_sum, exponential_sum_fallback].map(|run| gradients(&leaves, run));
        let (scale, rows, columns) = leaves;
        let both = |of: &dyn Fn(&Gradients) -> Vec<f64>| [of(&got), of(&want)];
        for [got, want] in [
            both(&|gradients| values(scale.grad(gradients).unwrap())),
            both(&|gradients| values(rows.grad(gradients).unwrap())),
            both(&|gradients| values(columns.grad(gradients).unwrap())),
        ] {
            assert_close(&what, &got, &want, tolerance);
        }
    }
}

#[test]
fn a_factor_that_does_not_learn_gets_no_gradient() {
    let (scale, rows, columns) = factors([3, 2, 7, 5], DType::F32, &Device::flex().autodiff());
    let leaves = (scale, rows.require_grad(), columns);
    let gradients = gradients(&leaves, exponential_sum);
    assert!(leaves.1.grad(&gradients).is_some());
    assert!(leaves.0.grad(&gradients).is_none() && leaves.2.grad(&gradients).is_none());
}
