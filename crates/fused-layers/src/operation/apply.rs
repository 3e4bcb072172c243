//! Running an operation.

#[cfg(feature = "flex")]
use burn::backend::{Dispatch, DispatchDevice};
use burn::backend::{DispatchTensor, DispatchTensorKind, TensorMetadata};
use burn::tensor::{DType, Device, Tensor};

#[cfg(feature = "flex")]
use super::record::{KernelBackend, Primitives};
use super::{Half, KernelOperation, TensorGroup};

/// Runs the operation on the kernels or, where they do not serve, `fallback`, which gives the same: on other backends,
/// for other dtypes, and for inputs that [`KernelOperation::has_kernel`] excludes.
///
/// Either way half-precision arguments are cast to f32 before, and the differentiable outputs are rounded after.
///
/// # Panics
/// When the arguments have different dtypes.
pub fn apply<const I: usize, const O: usize, T, R, A>(
    operation: T,
    arguments: A,
    fallback: impl FnOnce(T, A) -> R,
) -> R
where
    T: KernelOperation<I, O>,
    R: TensorGroup,
    A: TensorGroup,
{
    const { assert!(A::COUNT == I, "one tensor per input") };
    let mut inputs = arguments.into_list();
    let dtype = inputs[0].dtype();
    for (input, name) in inputs.iter().zip(T::INPUTS) {
        check_dtypes((T::INPUTS[0], dtype), (name, input.dtype()));
    }
    let half = Half::of_dtype(dtype);
    if let Some(half) = half {
        half.widen_all(&mut inputs);
    }
    let mut outputs = match on_kernels(&inputs[0]) && operation.has_kernel(&inputs[0].shape()) {
        true => run::<T, I, O>(operation, inputs),
        false => fallback(operation, A::from_list(inputs)).into_list(),
    };
    if let Some(half) = half {
        half.round_all(&mut outputs[..O]);
    }
    R::from_list(outputs)
}

/// [`apply`] for an operation that takes `I` tensors, or `J` with the optional ones.
pub fn apply_optional<const I: usize, const J: usize, const O: usize, T, R, A, B>(
    operation: T,
    arguments: A,
    optional: Option<B>,
    fallback: impl FnOnce(T, A, Option<B>) -> R,
) -> R
where
    T: KernelOperation<I, O> + KernelOperation<J, O>,
    R: TensorGroup,
    A: TensorGroup,
    B: TensorGroup,
{
    match optional {
        Some(optional) => apply::<J, O, T, R, (A, B)>(
            operation,
            (arguments, optional),
            |operation, (arguments, optional)| fallback(operation, arguments, Some(optional)),
        ),
        None => apply::<I, O, T, R, A>(operation, arguments, |operation, arguments| {
            fallback(operation, arguments, None)
        }),
    }
}

#[cfg(feature = "flex")]
fn run<T: KernelOperation<I, O>, const I: usize, const O: usize>(
    operation: T,
    inputs: Vec<DispatchTensor>,
) -> Vec<DispatchTensor> {
    <Dispatch as KernelBackend>::run::<T, I, O>(operation, Primitives(inputs))
}

#[cfg(not(feature = "flex"))]
fn run<T: KernelOperation<I, O>, const I: usize, const O: usize>(
    operation: T,
    _: Vec<DispatchTensor>,
) -> Vec<DispatchTensor> {
    unreachable!("{operation:?} has no kernel without the CPU backend")
}

/// Whether the kernels serve this tensor.
pub fn has_kernels<const D: usize>(tensor: &Tensor<D>) -> bool {
    let device = tensor.device();
    is_float(tensor.dtype())
        && is_cpu(&device)
        && (cfg!(feature = "autodiff") || !device.is_autodiff())
}

/// Whether a device is that of Burn's CPU backend, with autodiff or without.
#[cfg(feature = "flex")]
pub fn is_cpu(device: &Device) -> bool {
    matches!(
        device.clone().inner().as_dispatch(),
        DispatchDevice::Flex(_)
    )
}

/// Whether a device is that of Burn's CPU backend; none is without the feature `flex`.
#[cfg(not(feature = "flex"))]
pub fn is_cpu(_: &Device) -> bool {
    false
}

fn is_float(dtype: DType) -> bool {
    matches!(dtype, DType::F32 | DType::F64)
}

fn on_kernels(tensor: &DispatchTensor) -> bool {
    is_served(&tensor.kind) && is_float(tensor.dtype())
}

fn is_served(kind: &DispatchTensorKind) -> bool {
    match kind {
        #[cfg(feature = "flex")]
        DispatchTensorKind::Flex(_) => true,
        #[cfg(all(feature = "flex", feature = "autodiff"))]
        DispatchTensorKind::Autodiff(inner) => is_served(inner),
        #[allow(unreachable_patterns, reason = "other backends may not be compiled")]
        _ => false,
    }
}

/// # Panics
/// When two tensors, each given by its name, have different dtypes.
#[track_caller]
pub fn check_dtypes(first: (&str, DType), second: (&str, DType)) {
    let ((first, first_dtype), (second, second_dtype)) = (first, second);
    assert!(
        first_dtype == second_dtype,
        "dtype mismatch: {first} is {first_dtype:?}, {second} is {second_dtype:?}; cast one of them"
    );
}
