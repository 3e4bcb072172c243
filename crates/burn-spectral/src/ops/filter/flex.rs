//! The filter on Burn's Flex CPU backend, over the slice kernels.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata, tensor::FloatTensor};
use spectral_kernels::{InputGradient, ResponseGradient};

use super::super::backend::Planes;
use super::super::buffer;
use super::super::flex::{Contiguous, Gradients, planar, planes, with_dtype};
use super::FilterSpec;
use super::backend::{FilterOps, FilterPrimitives, FilterShapes};

impl FilterPrimitives for Flex {
    fn prim_filter(x: FlexTensor, response: Planes<Flex>, spec: FilterSpec) -> FlexTensor {
        let outputs = spec.outputs(&response.0.shape());
        let kernel = spec.kernel(&x.shape(), outputs);
        let shape = spec.output_shape(&x.shape(), outputs);
        let (x, response) = (Contiguous::new(x), planes(response));
        with_dtype!(x.0, E => {
            let mut y = buffer::take::<E>(shape.num_elements());
            kernel.forward(x.slice::<E>(), planar::<E>(&response), &mut y);
            buffer::into_tensor(y, &shape)
        })
    }

    fn prim_filter_adjoint(
        grad: FlexTensor,
        response: Option<Planes<Flex>>,
        x: Option<FlexTensor>,
        shapes: FilterShapes,
        spec: FilterSpec,
    ) -> (Option<FlexTensor>, Option<Planes<Flex>>) {
        let kernel = spec.kernel(&shapes.input, spec.outputs(&shapes.response));
        let grad = Contiguous::new(grad);
        let (response, x) = (response.map(planes), x.map(Contiguous::new));
        with_dtype!(grad.0, E => {
            let mut gx = response
                .as_ref()
                .map(|_| buffer::take::<E>(shapes.input.num_elements()));
            let mut gr = x.as_ref().map(|_| Gradients::<E>::new(&shapes.response));
            let input = response.as_ref().zip(gx.as_mut());
            let input = input.map(|(response, gradient)| InputGradient {
                response: planar::<E>(response),
                gradient,
            });
            let for_response = x.as_ref().zip(gr.as_mut());
            let for_response = for_response.map(|(x, gradient)| ResponseGradient {
                input: x.slice::<E>(),
                gradient: gradient.planar_mut(),
            });
            kernel.adjoint(grad.slice::<E>(), input, for_response);
            (
                gx.map(|gx| buffer::into_tensor(gx, &shapes.input)),
                gr.map(|gr| gr.into_planes(&shapes.response)),
            )
        })
    }
}

impl FilterOps for Flex {
    fn spectral_filter(
        x: FloatTensor<Self>,
        r_re: FloatTensor<Self>,
        r_im: FloatTensor<Self>,
        spec: FilterSpec,
    ) -> FloatTensor<Self> {
        Self::prim_filter(x, (r_re, r_im), spec)
    }
}
