//! The filter as a Burn backend extension.

use burn::backend::{Backend, backend_extension, tensor::FloatTensor};

use super::super::backend::Planes;
use super::FilterSpec;

/// What a backend with kernels of its own supplies.
pub trait FilterPrimitives: Backend {
    /// The filtered images.
    fn prim_filter(
        x: FloatTensor<Self>,
        response: Planes<Self>,
        spec: FilterSpec,
    ) -> FloatTensor<Self>;

    /// Gradients for an input of shape `input` where the response is given, and for the response
    /// where the input is.
    fn prim_filter_adjoint(
        grad: FloatTensor<Self>,
        response: Option<Planes<Self>>,
        x: Option<FloatTensor<Self>>,
        shapes: FilterShapes,
        spec: FilterSpec,
    ) -> (Option<FloatTensor<Self>>, Option<Planes<Self>>);
}

/// Shapes of input and response.
#[derive(Clone, Debug)]
pub struct FilterShapes {
    pub input: burn::tensor::Shape,
    pub response: burn::tensor::Shape,
}

/// The operation that Burn dispatches by device, with differentiation.
#[backend_extension(Flex, Autodiff)]
pub trait FilterOps: Backend {
    /// The filtered images.
    fn spectral_filter(
        x: FloatTensor<Self>,
        r_re: FloatTensor<Self>,
        r_im: FloatTensor<Self>,
        spec: FilterSpec,
    ) -> FloatTensor<Self>;
}
