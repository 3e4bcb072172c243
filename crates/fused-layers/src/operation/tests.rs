//! What every operation gets from the frame, on operations made for the purpose.

use std::sync::{Arc, Mutex};

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Device, ElementConversion, Shape, Tensor};

use super::flex::{Contiguous, filled, with_dtype};
use super::{
    FlexTensor, Forward, Gradients, KernelOperation, Names, Tensors, apply, apply_optional,
};

/// What happened: what the forward passes were told is tracked, and what the adjoints were given.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    forward: Vec<Vec<bool>>,
    adjoint: Vec<Vec<Vec<f64>>>,
    saved: Vec<[bool; 2]>,
}

impl Log {
    fn with<R>(&self, run: impl FnOnce(&mut Entries) -> R) -> R {
        run(&mut self.0.lock().unwrap())
    }
}

fn values(tensor: &FlexTensor) -> Vec<f64> {
    let tensor = Contiguous::new(tensor.clone());
    with_dtype!(tensor.0, E => tensor.slice::<E>().iter().map(|x| x.elem::<f64>()).collect())
}

fn product(a: &FlexTensor, b: &FlexTensor) -> FlexTensor {
    let [a, b] = [a.clone(), b.clone()].map(Contiguous::new);
    filled!(a, E, &a.shape(), |out| {
        for ((out, a), b) in out.iter_mut().zip(a.slice::<E>()).zip(b.slice::<E>()) {
            *out = a * b;
        }
    })
}

/// `(x, w) ↦ (x·w, w)`, with the elements of `x` as statistics.
#[derive(Clone, Debug)]
struct Scaled(Log);

impl KernelOperation<2, 2> for Scaled {
    const INPUTS: Names = &["input", "weight"];
    type Saved = Gradients<2>;

    fn has_kernel(&self, x: &Shape) -> bool {
        x.num_dims() < 3
    }

    fn forward(&self, inputs: Tensors<2>, tracked: [bool; 2]) -> Forward<Self::Saved, 2> {
        self.0.with(|log| log.forward.push(tracked.to_vec()));
        let [x, w] = inputs;
        let saved = [tracked[1].then(|| x.clone()), tracked[0].then(|| w.clone())];
        Forward::new([product(&x, &w), w], saved).with_statistics(vec![x])
    }

    fn adjoint(
        self,
        saved: Self::Saved,
        [grad, grad_w]: Tensors<2>,
        tracked: [bool; 2],
    ) -> Gradients<2> {
        self.0.with(|log| {
            log.forward.push(tracked.to_vec());
            log.adjoint.push(vec![values(&grad), values(&grad_w)]);
            log.saved.push(saved.each_ref().map(Option::is_some));
        });
        let [x, w] = saved;
        let gw = x.map(|x| {
            let gradient = Contiguous::new(product(&grad, &x));
            let other = Contiguous::new(grad_w);
            filled!(gradient, E, &gradient.shape(), |out| {
                let parts = gradient.slice::<E>().iter().zip(other.slice::<E>());
                out.iter_mut()
                    .zip(parts)
                    .for_each(|(out, (a, b))| *out = a + b);
            })
        });
        [w.map(|w| product(&grad, &w)), gw]
    }
}

type Triple<const D: usize> = (Tensor<D>, Tensor<D>, Tensor<D>);

fn scaled<const D: usize>(log: &Log, x: Tensor<D>, w: Tensor<D>) -> Triple<D> {
    apply(Scaled(log.clone()), (x, w), |_, (x, w)| {
        (x.clone() * w.clone(), w, x)
    })
}

fn tensor(values: [f64; 2], device: &Device, dtype: DType) -> Tensor<1> {
    Tensor::from_data(values, (device, dtype))
}

fn vec<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

#[test]
fn the_adjoint_of_two_outputs_runs_once() {
    let (log, device) = (Log::default(), Device::flex().autodiff());
    for checkpointing in [false, true] {
        let device = match checkpointing {
            true => Device::flex().autodiff().gradient_checkpointing(),
            false => device.clone(),
        };
        let x = tensor([2.0, 3.0], &device, DType::F64).require_grad();
        let w = tensor([5.0, 7.0], &device, DType::F64).require_grad();
        let (y, v, _) = scaled(&log, x.clone(), w.clone());
        let gradients = (y * 10.0 + v * 100.0).sum().backward();
        assert_eq!(vec(x.grad(&gradients).unwrap()), [50.0, 70.0]);
        assert_eq!(vec(w.grad(&gradients).unwrap()), [120.0, 130.0]);
        let calls = log.with(|log| core::mem::take(&mut log.adjoint));
        assert_eq!(calls, [[[10.0; 2], [100.0; 2]]]);
    }
}

#[test]
fn an_output_that_no_loss_depends_on_has_a_gradient_of_zeros() {
    let (log, device) = (Log::default(), Device::flex().autodiff());
    let x = tensor([2.0, 3.0], &device, DType::F32).require_grad();
    let w = tensor([5.0, 7.0], &device, DType::F32).require_grad();
    let (_, v, _) = scaled(&log, x.clone(), w.clone());
    let gradients = v.sum().backward();
    assert_eq!(vec(x.grad(&gradients).unwrap()), [0.0, 0.0]);
    assert_eq!(vec(w.grad(&gradients).unwrap()), [1.0, 1.0]);
}

#[test]
fn only_what_a_tracked_input_needs_is_saved_and_only_it_gets_a_gradient() {
    let device = Device::flex().autodiff();
    for tracked in [[true, false], [false, true]] {
        let log = Log::default();
        let leaf = |values, tracked| tensor(values, &device, DType::F64).set_require_grad(tracked);
        let (x, w) = (leaf([2.0, 3.0], tracked[0]), leaf([5.0, 7.0], tracked[1]));
        let (y, _, _) = scaled(&log, x.clone(), w.clone());
        let gradients = y.sum().backward();
        let expected = |of: [f64; 2], tracked: bool| tracked.then(|| of.to_vec());
        assert_eq!(
            x.grad(&gradients).map(vec),
            expected([5.0, 7.0], tracked[0])
        );
        assert_eq!(
            w.grad(&gradients).map(vec),
            expected([2.0, 3.0], tracked[1])
        );
        log.with(|log| {
            assert_eq!(log.forward, [tracked, tracked]);
            assert_eq!(log.saved, [[tracked[1], tracked[0]]]);
        });
    }
}

#[test]
fn nothing_is_tracked_without_autodiff_or_among_constants() {
    let log = Log::default();
    for device in [Device::flex(), Device::flex().autodiff()] {
        let x = tensor([2.0, 3.0], &device, DType::F32);
        let (y, v, statistics) = scaled(&log, x.clone(), x);
        assert_eq!(
            [vec(y), vec(v), vec(statistics)],
            [[4.0, 9.0], [2.0, 3.0], [2.0, 3.0]]
        );
    }
    log.with(|log| assert_eq!(log.forward, [[false, false], [false, false]]));
}

#[test]
fn statistics_are_constants_to_the_gradient() {
    let (log, device) = (Log::default(), Device::flex().autodiff());
    let x = tensor([2.0, 3.0], &device, DType::F32).require_grad();
    let (y, _, statistics) = scaled(&log, x.clone(), x.clone().detach());
    let gradients = (y * statistics).sum().backward();
    assert_eq!(vec(x.grad(&gradients).unwrap()), [4.0, 9.0]);
}

#[test]
fn half_precision_runs_in_f32_and_rounds_only_differentiable_outputs() {
    let (log, device) = (Log::default(), Device::flex().autodiff());
    for dtype in [DType::F16, DType::BF16] {
        let x = tensor([2.0, 3.0], &device, dtype).require_grad();
        let (y, v, statistics) = scaled(&log, x.clone(), x.clone());
        assert_eq!(
            [y.dtype(), v.dtype(), statistics.dtype()],
            [dtype, dtype, DType::F32]
        );
        let gradient = x.grad(&y.sum().backward()).unwrap();
        assert_eq!((gradient.dtype(), vec(gradient)), (dtype, vec![4.0, 6.0]));
    }
    log.with(|log| assert_eq!(log.adjoint.len(), 2));
}

#[test]
fn inputs_without_a_kernel_take_the_fallback() {
    let (log, device) = (Log::default(), Device::flex());
    let x = tensor([2.0, 3.0], &device, DType::F16).reshape([1, 1, 2]);
    let (y, _, statistics) = scaled(&log, x.clone(), x);
    assert_eq!((y.dtype(), vec(y)), (DType::F16, vec![4.0, 9.0]));
    assert_eq!(statistics.dtype(), DType::F32);
    log.with(|log| assert!(log.forward.is_empty()));
}

#[test]
#[should_panic(expected = "input is F32, weight is F64; cast one of them")]
fn dtypes_must_match() {
    let device = Device::flex();
    let x = |dtype| tensor([2.0, 3.0], &device, dtype);
    scaled(&Log::default(), x(DType::F32), x(DType::F64));
}

/// The number of inputs.
#[derive(Clone, Debug)]
struct Count;

impl<const I: usize> KernelOperation<I, 1> for Count {
    const INPUTS: Names = &["input", "option"];
    type Saved = ();

    fn forward(&self, inputs: Tensors<I>, _: [bool; I]) -> Forward<(), 1> {
        let output = filled!(inputs[0], E, &inputs[0].shape(), |out| out.fill(I as E));
        Forward::new([output], ())
    }

    fn adjoint(self, _: (), [grad]: Tensors<1>, _: [bool; I]) -> Gradients<I> {
        core::array::from_fn(|_| Some(grad.clone()))
    }
}

#[test]
fn an_optional_input_may_be_absent() {
    let device = Device::flex().autodiff();
    let x = || tensor([2.0, 3.0], &device, DType::F32).require_grad();
    for option in [None, Some(x())] {
        let inputs = 1 + usize::from(option.is_some());
        let leaf = x();
        let y: Tensor<1> =
            apply_optional::<1, 2, 1, _, _, _, _>(Count, leaf.clone(), option.clone(), |_, x, _| x);
        assert_eq!(vec(y.clone()), [inputs as f64; 2]);
        let gradients = y.sum().backward();
        assert_eq!(vec(leaf.grad(&gradients).unwrap()), [1.0, 1.0]);
        if let Some(option) = option {
            assert_eq!(vec(option.grad(&gradients).unwrap()), [1.0, 1.0]);
        }
    }
}
