//! The convolution without a transform against Burn's own, and its gradients.

mod tensors;

use burn::tensor::{DType, Device, Shape, Tensor};
use fused_layers::ops::direct_conv::{DirectConvSpec, direct_conv, fallback};
use fused_layers::spatial::Activation;
use tensors::gradient::assert_gradients;
use tensors::{DTYPES, assert_close, noise_tensor, values};

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
            activation: Activation::Identity,
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
            let want = fallback(x.clone(), weight.clone(), None, &conv);
            let got = direct_conv(x, weight, None, conv.clone());
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
            let sizes = [&x, &weight, &vec![weight[0]]].map(|of| of.iter().product());
            assert_gradients(&format!("{conv:?}"), &sizes, |inputs| {
                let y = direct_conv(
                    inputs[0].clone().reshape(dims(&x)),
                    inputs[1].clone().reshape(dims(&weight)),
                    Some(inputs[2].clone()),
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

const ACTIVATIONS: [Activation; 3] = [
    Activation::Identity,
    Activation::RELU,
    Activation::LeakyRelu { slope: 0.2 },
];

/// Output and gradients for the input, the weight and the bias, as far as they learn.
fn results<const D: usize>(
    leaves: &(Tensor<D>, Tensor<D>, Tensor<1>),
    learns: [bool; 3],
    convolve: impl Fn(Tensor<D>, Tensor<D>, Tensor<1>) -> Tensor<D>,
) -> [Option<Vec<f64>>; 4] {
    let (mut x, mut weight, mut bias) = leaves.clone();
    if learns[0] {
        x = x.require_grad();
    }
    if learns[1] {
        weight = weight.require_grad();
    }
    if learns[2] {
        bias = bias.require_grad();
    }
    let y = convolve(x.clone(), weight.clone(), bias.clone());
    let seed = noise_tensor(y.dims(), 7, y.dtype(), &y.device());
    let gradients = (y.clone() * seed).sum().backward();
    [
        Some(values(y)),
        x.grad(&gradients).map(values),
        weight.grad(&gradients).map(values),
        bias.grad(&gradients).map(values),
    ]
}

fn agree_with_gradients<const D: usize>(cases: Vec<Case>) {
    let device = Device::flex().autodiff();
    for Case { x, weight, conv } in cases {
        for (dtype, activation) in DTYPES
            .iter()
            .flat_map(|dtype| ACTIVATIONS.map(|activation| (*dtype, activation)))
        {
            let dims = |of: &[usize]| core::array::from_fn::<usize, D, _>(|axis| of[axis]);
            let conv = DirectConvSpec {
                activation,
                ..conv.clone()
            };
            let leaves = (
                noise_tensor(dims(&x), 1, dtype, &device),
                noise_tensor(dims(&weight), 2, dtype, &device),
                noise_tensor([weight[0]], 3, dtype, &device),
            );
            let want = results(&leaves, [true; 3], |x, weight, bias| {
                fallback(x, weight, Some(bias), &conv)
            });
            for learns in 1..8_usize {
                let learns = [1, 2, 4].map(|bit| learns & bit != 0);
                let got = results(&leaves, learns, |x, weight, bias| {
                    direct_conv(x, weight, Some(bias), conv.clone())
                });
                let tolerance = if dtype == DType::F32 { 3e-6 } else { 1e-14 };
                let what = format!("{dtype:?} {learns:?} {conv:?}");
                for (nth, (got, want)) in got.iter().zip(&want).enumerate() {
                    assert_eq!(got.is_some(), nth == 0 || learns[nth - 1], "{what}");
                    if let (Some(got), Some(want)) = (got, want) {
                        assert_close(&format!("{nth} {what}"), got, want, tolerance);
                    }
                }
            }
        }
    }
}

#[test]
fn bias_and_activation_and_their_gradients_agree_with_burn() {
    agree_with_gradients::<3>(signals());
    agree_with_gradients::<4>(images());
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
        let gradients = direct_conv(x.clone(), weight.clone(), None, conv.clone())
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
    assert_eq!(direct_conv(x, weight, None, conv).dims(), [0, 4, 7, 9]);
}
