//! GELU and GELU of a sum on tensors: against Burn's operations.

use burn::tensor::{DType, Device, Distribution, Tensor};
use fused_layers::ops::gelu::{add_gelu, add_gelu_fallback, fallback, gelu};

fn draw(dtype: DType, device: &Device) -> Tensor<3> {
    let spread = Distribution::Normal(0.0, 2.0);
    Tensor::<3>::random([3, 5, 17], spread, (device, dtype))
}

#[track_caller]
fn assert_close<const D: usize>(got: Tensor<D>, expected: Tensor<D>) {
    let limit = match got.dtype() {
        DType::F64 => 1e-14,
        _ => 1e-6,
    };
    let worst: f64 = (got - expected).abs().max().into_scalar();
    assert!(worst <= limit, "off by {worst}");
}

#[test]
fn values_and_gradients_are_those_of_burn() {
    let device = Device::flex().autodiff();
    for dtype in [DType::F32, DType::F64] {
        let [a, b] = core::array::from_fn(|_| draw(dtype, &device).require_grad());
        // A view that is not contiguous.
        let turn = |x: &Tensor<3>| x.clone().permute([2, 0, 1]);
        let weights = Tensor::from_inner(turn(&draw(dtype, &device).inner()));
        let ours = gelu(turn(&a));
        let theirs = fallback(turn(&a));
        assert_close(ours.clone(), theirs.clone());
        let [ours, theirs] = [ours, theirs].map(|y| (y * weights.clone()).sum().backward());
        assert_close(a.grad(&ours).unwrap(), a.grad(&theirs).unwrap());

        let ours = add_gelu(turn(&a), turn(&b));
        let theirs = add_gelu_fallback(turn(&a), turn(&b));
        assert_close(ours.clone(), theirs.clone());
        let [ours, theirs] = [ours, theirs].map(|y| (y * weights.clone()).sum().backward());
        for leaf in [&a, &b] {
            assert_close(leaf.grad(&ours).unwrap(), leaf.grad(&theirs).unwrap());
        }
    }
}

#[test]
fn only_tracked_inputs_get_gradients() {
    let device = Device::flex().autodiff();
    let a = Tensor::<1>::from_floats([0.0, 2.0], &device).require_grad();
    let b = Tensor::<1>::from_floats([0.0, -2.0], &device);
    for sum in [
        add_gelu(a.clone(), b.clone()),
        add_gelu(b.clone(), a.clone()),
    ] {
        let gradients = sum.sum().backward();
        let gradient = a.grad(&gradients).unwrap().try_into_vec_as::<f32>();
        assert_eq!(gradient.unwrap(), [0.5, 0.5]);
        assert!(b.grad(&gradients).is_none());
    }
}

#[test]
fn half_precision_is_computed_in_single_and_rounded_once() {
    let x = draw(DType::F16, &Device::flex());
    let y = gelu(x.clone());
    assert_eq!(y.dtype(), DType::F16);
    let wide = gelu(x.cast(DType::F32)).cast(DType::F16);
    assert_eq!(y.into_data(), wide.into_data());
}

#[test]
fn empty_batches_pass() {
    let device = Device::flex().autodiff();
    let x = Tensor::<2>::zeros([0, 3], &device).require_grad();
    let gradients = add_gelu(gelu(x.clone()), x.clone()).sum().backward();
    assert_eq!(x.grad(&gradients).unwrap().dims(), [0, 3]);
}

#[test]
#[should_panic(expected = "expected summands of the same shape, got [2, 3] and [3, 2]")]
fn summands_of_different_shapes_are_refused() {
    let zeros = |shape: [usize; 2]| Tensor::<2>::zeros(shape, &Device::flex());
    add_gelu(zeros([2, 3]), zeros([3, 2]));
}
