//! The convolution without a transform against Burn's own, and its gradients.

mod common;

use burn::tensor::{DType, Device, Shape, Tensor};
use burn_spectral::ops::{DirectConvSpec, direct_conv, direct_conv_portable};
use common::gradient::assert_gradients;
use common::{DTYPES, assert_close, noise_tensor, values};

struct Case {
    x: Vec<usize>,
    weight: Vec<usize>,
    conv: DirectConvSpec,
}

fn case(
    x: &[usize],
    weight: &[usize],
    stride: &[usize],
    padding: &[(usize, usize)],
    dilation: &[usize],
    groups: usize,
) -> Case {
    Case {
        x: x.to_vec(),
        weight: weight.to_vec(),
        conv: DirectConvSpec {
            stride: stride.to_vec(),
            padding: padding.to_vec(),
            dilation: dilation.to_vec(),
            groups,
        },
    }
}

fn images() -> Vec<Case> {
    vec![
        case(
            &[2, 3, 7, 9],
            &[4, 3, 3, 3],
            &[1, 1],
            &[(1, 1), (1, 1)],
            &[1, 1],
            1,
        ),
        case(
            &[2, 4, 8, 5],
            &[6, 2, 3, 2],
            &[2, 1],
            &[(0, 2), (1, 0)],
            &[1, 2],
            2,
        ),
        case(
            &[1, 3, 6, 6],
            &[3, 1, 5, 3],
            &[1, 1],
            &[(2, 2), (1, 1)],
            &[1, 1],
            3,
        ),
        case(
            &[2, 3, 6, 7],
            &[6, 1, 1, 1],
            &[2, 3],
            &[(0, 0), (0, 0)],
            &[1, 1],
            3,
        ),
    ]
}

fn signals() -> Vec<Case> {
    vec![
        case(&[3, 2, 19], &[5, 2, 4], &[1], &[(2, 1)], &[1], 1),
        case(&[2, 4, 12], &[4, 1, 3], &[2], &[(4, 0)], &[2], 4),
    ]
}

fn agree<const D: usize>(cases: Vec<Case>, device: &Device) {
    for Case { x, weight, conv } in cases {
        for dtype in DTYPES {
            let dims = |of: &[usize]| core::array::from_fn::<usize, D, _>(|axis| of[axis]);
            let x: Tensor<D> = noise_tensor(dims(&x), 1, dtype, device);
            let weight: Tensor<D> = noise_tensor(dims(&weight), 2, dtype, device);
            let want = direct_conv_portable(x.clone(), weight.clone(), &conv);
            let got = direct_conv(x, weight, conv.clone());
            assert_eq!(got.dims(), want.dims(), "{conv:?}");
            let tolerance = if dtype == DType::F32 { 2e-6 } else { 1e-14 };
            let what = format!("{dtype:?} {conv:?}");
            assert_close(&what, &values(got), &values(want), tolerance);
        }
    }
}

#[test]
fn the_kernels_agree_with_burn() {
    let device = Device::flex();
    agree::<3>(signals(), &device);
    agree::<4>(images(), &device);
    let volume = case(
        &[1, 2, 4, 5, 6],
        &[3, 2, 2, 3, 3],
        &[1, 1, 2],
        &[(0, 1), (1, 1), (2, 0)],
        &[1, 1, 1],
        1,
    );
    agree::<5>(vec![volume], &device);
}

#[test]
fn gradients_are_central_differences() {
    fn check<const D: usize>(cases: Vec<Case>) {
        for Case { x, weight, conv } in cases {
            let dims = |of: &[usize]| core::array::from_fn::<usize, D, _>(|axis| of[axis]);
            let sizes = [&x, &weight].map(|of| of.iter().product());
            assert_gradients(&format!("{conv:?}"), &sizes, |inputs| {
                let y = direct_conv(
                    inputs[0].clone().reshape(dims(&x)),
                    inputs[1].clone().reshape(dims(&weight)),
                    conv.clone(),
                );
                let seed = noise_tensor(y.dims(), 7, DType::F64, &y.device());
                (y * seed).sum()
            });
        }
    }
    check::<3>(signals());
    check::<4>(images());
}

#[test]
fn a_factor_that_does_not_learn_gets_no_gradient() {
    let device = Device::flex().autodiff();
    let Case { conv, .. } = images().remove(0);
    let x: Tensor<4> = noise_tensor([2, 3, 7, 9], 1, DType::F32, &device);
    let weight: Tensor<4> = noise_tensor([4, 3, 3, 3], 2, DType::F32, &device);
    for learns in [[true, false], [false, true]] {
        let leaf = |tensor: &Tensor<4>, learns| match learns {
            true => tensor.clone().require_grad(),
            false => tensor.clone(),
        };
        let (x, weight) = (leaf(&x, learns[0]), leaf(&weight, learns[1]));
        let gradients = direct_conv(x.clone(), weight.clone(), conv.clone())
            .sum()
            .backward();
        assert_eq!(x.grad(&gradients).is_some(), learns[0]);
        assert_eq!(weight.grad(&gradients).is_some(), learns[1]);
    }
}

#[test]
fn an_empty_batch_stays_empty() {
    let Case { conv, .. } = images().remove(0);
    let device = Device::flex();
    let x: Tensor<4> = Tensor::zeros(Shape::new([0, 3, 7, 9]), &device);
    let weight: Tensor<4> = noise_tensor([4, 3, 3, 3], 2, DType::F32, &device);
    assert_eq!(direct_conv(x, weight, conv).dims(), [0, 4, 7, 9]);
}
