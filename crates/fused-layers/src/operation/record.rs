//! The one extension that Burn dispatches.

use burn::backend::flex::FlexTensor;
use burn::backend::{
    Backend, BackendTensor, Dispatch, DispatchAutodiffContext, DispatchTensor, DispatchTensorKind,
    ExtensionType, Flex, backend_extension, tensor::FloatTensor,
};

use super::KernelOperation;

/// A list of float tensors that crosses Burn's dispatch.
pub struct Primitives<B: Backend>(pub Vec<FloatTensor<B>>);

impl<B: Backend> Primitives<B> {
    pub(super) fn into_array<const N: usize>(self) -> [FloatTensor<B>; N] {
        let array = <[_; N]>::try_from(self.0).map_err(|list| list.len());
        array.unwrap_or_else(|count| panic!("expected {N} tensors, got {count}"))
    }
}

impl<B: Backend> ExtensionType<B> for Primitives<B> {
    type Target = Primitives<Dispatch>;

    fn map_to_dispatch<F>(self, map_kind: F, autodiff: DispatchAutodiffContext) -> Self::Target
    where
        F: Fn(BackendTensor<B>) -> DispatchTensorKind,
    {
        let wrap = |tensor| DispatchTensor {
            kind: map_kind(BackendTensor::Float(tensor)),
            autodiff,
        };
        Primitives(self.0.into_iter().map(wrap).collect())
    }

    fn map_from_dispatch<F>(target: Self::Target, unwrap_kind: F) -> Self
    where
        F: Fn(DispatchTensor) -> BackendTensor<B>,
    {
        let unwrap = |tensor| unwrap_kind(tensor).float();
        Self(target.0.into_iter().map(unwrap).collect())
    }

    fn routing_tensor(target: &Self::Target) -> Option<&DispatchTensor> {
        target.0.first()
    }

    fn routing_float_tensor(target: &Self::Target) -> Option<&DispatchTensor> {
        target.0.first()
    }

    fn autodiff_context(target: &Self::Target) -> DispatchAutodiffContext {
        let contexts = target.0.iter().map(|tensor| tensor.autodiff);
        contexts.fold(
            DispatchAutodiffContext::Disabled,
            DispatchAutodiffContext::merge,
        )
    }
}

/// A backend that runs kernel operations: Flex, and Flex with differentiation.
#[backend_extension(Flex, Autodiff: cfg(feature = "autodiff"))]
pub trait KernelBackend: Backend {
    /// The outputs of an operation, then its statistics.
    fn run<T: KernelOperation<I, O>, const I: usize, const O: usize>(
        operation: T,
        #[extension_type] inputs: Primitives<Self>,
    ) -> Vec<FloatTensor<Self>>;
}

impl KernelBackend for Flex {
    fn run<T: KernelOperation<I, O>, const I: usize, const O: usize>(
        operation: T,
        inputs: Primitives<Self>,
    ) -> Vec<FlexTensor> {
        let forward = operation.forward(inputs.into_array(), [false; I]);
        let outputs = forward.outputs.into_iter();
        outputs.chain(forward.statistics).collect()
    }
}
