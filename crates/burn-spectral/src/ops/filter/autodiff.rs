//! The adjoint of the filter, for any backend that has the primitives.

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::{Autodiff, Backend, TensorMetadata, tensor::FloatTensor};

use super::super::backend::Planes;
use super::FilterSpec;
use super::backend::{FilterOps, FilterPrimitives, FilterShapes};

/// The input and the response, each if the other is learned, and what was done.
#[derive(Clone, Debug)]
struct State<B: Backend> {
    x: Option<FloatTensor<B>>,
    response: Option<Planes<B>>,
    shapes: FilterShapes,
    spec: FilterSpec,
}

#[derive(Debug)]
struct Filter;

impl<B: FilterPrimitives> Backward<B, 3> for Filter {
    type State = State<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let State {
            x,
            response,
            shapes,
            spec,
        } = ops.state;
        let (gx, gr) = B::prim_filter_adjoint(grad, response, x, shapes, spec);
        let (re, im) = gr.unzip();
        for (node, gradient) in ops.parents.into_iter().zip([gx, re, im]) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

impl<B: FilterPrimitives + FilterOps, C: CheckpointStrategy> FilterOps for Autodiff<B, C> {
    fn spectral_filter(
        x: FloatTensor<Self>,
        r_re: FloatTensor<Self>,
        r_im: FloatTensor<Self>,
        spec: FilterSpec,
    ) -> FloatTensor<Self> {
        let input_learns = x.is_tracked();
        let response_learns = r_re.is_tracked() || r_im.is_tracked();
        let nodes = [x.node(), r_re.node(), r_im.node()];
        let response = (r_re.into_primitive(), r_im.into_primitive());
        let x = x.into_primitive();
        let shapes = FilterShapes {
            input: x.shape(),
            response: response.0.shape(),
        };
        let output = B::prim_filter(x.clone(), response.clone(), spec);
        match Filter.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let state = State {
                    x: response_learns.then_some(x),
                    response: input_learns.then_some(response),
                    shapes,
                    spec,
                };
                prep.finish(state, output)
            }
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }
}
