//! Sums of exponentials of bilinear forms, as one operation.

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::flex::FlexTensor;
use burn::backend::{
    Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension, tensor::FloatTensor,
};
use burn::tensor::{Shape, Tensor};
use spectral_kernels::{ExponentialFactors, ExponentialGradients, ExponentialSum};

use super::buffer;
use super::flex::{Contiguous, with_dtype};
use super::{Half, check_dtypes, has_kernels};

/// `y[f,i,j] = Σ_t s[f,t]·exp(Σ_r u[f,t,r,i]·v[f,t,r,j])`, `r` over three products: surfaces such as rotated Gaussians.
///
/// On the kernels nothing of the size of the output is held beside it, forward or backward.
///
/// # Shapes
/// - `scale`: `[filters, terms]`
/// - `rows`: `[filters, terms, 3, rows]`
/// - `columns`: `[filters, terms, 3, columns]`
/// - output: `[filters, rows, columns]`
pub fn exponential_sum(scale: Tensor<2>, rows: Tensor<4>, columns: Tensor<4>) -> Tensor<3> {
    check_dtypes(scale.dtype(), rows.dtype());
    check_dtypes(scale.dtype(), columns.dtype());
    if let Some(half) = Half::of(&scale) {
        let y = exponential_sum(half.widen(scale), half.widen(rows), half.widen(columns));
        return half.round(y);
    }
    if !has_kernels(&scale) {
        return portable(scale, rows, columns);
    }
    Tensor::from_dispatch(<Dispatch as ExponentialOps>::spectral_exponential_sum(
        scale.into_dispatch(),
        rows.into_dispatch(),
        columns.into_dispatch(),
    ))
}

/// The same in tensor operations.
pub fn portable(scale: Tensor<2>, rows: Tensor<4>, columns: Tensor<4>) -> Tensor<3> {
    let [filters, terms] = scale.dims();
    let values = rows.swap_dims(2, 3).matmul(columns).exp();
    (values * scale.reshape([filters, terms, 1, 1]))
        .sum_dim(1)
        .squeeze_dim(1)
}

/// The kernels' description for factors of these shapes.
fn kernel(rows: &[usize], columns: &[usize]) -> ExponentialSum {
    ExponentialSum {
        filters: rows[0],
        terms: rows[1],
        rows: rows[3],
        columns: columns[3],
    }
}

/// The amplitudes, the rows' factors and the columns' factors.
type Factors<B> = [FloatTensor<B>; 3];

/// The operation and its adjoint, without differentiation.
pub trait ExponentialPrimitives: Backend {
    /// The surfaces.
    fn prim_exponential_sum(factors: Factors<Self>) -> FloatTensor<Self>;

    /// The gradients of the factors.
    fn prim_exponential_gradients(grad: FloatTensor<Self>, factors: Factors<Self>)
    -> Factors<Self>;
}

/// The operation that Burn dispatches by device.
#[backend_extension(Flex, Autodiff)]
pub trait ExponentialOps: Backend {
    /// Surfaces that are sums of exponentials.
    fn spectral_exponential_sum(
        scale: FloatTensor<Self>,
        rows: FloatTensor<Self>,
        columns: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

impl ExponentialPrimitives for Flex {
    fn prim_exponential_sum(factors: [FlexTensor; 3]) -> FlexTensor {
        let [scale, rows, columns] = factors.map(Contiguous::new);
        let sum = kernel(&rows.0.shape(), &columns.0.shape());
        with_dtype!(scale.0, E => {
            let factors = ExponentialFactors {
                scale: scale.slice::<E>(),
                rows: rows.slice(),
                columns: columns.slice(),
            };
            let mut y = buffer::take::<E>(sum.output_len());
            sum.forward(factors, &mut y);
            buffer::into_tensor(y, &Shape::new([sum.filters, sum.rows, sum.columns]))
        })
    }

    fn prim_exponential_gradients(grad: FlexTensor, factors: [FlexTensor; 3]) -> [FlexTensor; 3] {
        let shapes = factors.each_ref().map(|factor| factor.shape());
        let sum = kernel(&shapes[1], &shapes[2]);
        let (grad, [scale, rows, columns]) = (Contiguous::new(grad), factors.map(Contiguous::new));
        with_dtype!(scale.0, E => {
            let factors = ExponentialFactors {
                scale: scale.slice::<E>(),
                rows: rows.slice(),
                columns: columns.slice(),
            };
            let mut gradients = shapes.each_ref().map(|shape| buffer::take::<E>(shape.num_elements()));
            let [scale, rows, columns] = &mut gradients;
            sum.adjoint(factors, grad.slice(), ExponentialGradients { scale, rows, columns });
            let mut shapes = shapes.iter();
            gradients.map(|gradient| {
                buffer::into_tensor(gradient, shapes.next().expect("each factor has a shape"))
            })
        })
    }
}

impl ExponentialOps for Flex {
    fn spectral_exponential_sum(
        scale: FloatTensor<Self>,
        rows: FloatTensor<Self>,
        columns: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        Self::prim_exponential_sum([scale, rows, columns])
    }
}

#[derive(Debug)]
struct Surfaces;

impl<B: ExponentialPrimitives> Backward<B, 3> for Surfaces {
    type State = Factors<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let gradients = B::prim_exponential_gradients(grad, ops.state);
        for (node, gradient) in ops.parents.into_iter().zip(gradients) {
            if let Some(node) = node {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

impl<B: ExponentialPrimitives, C: CheckpointStrategy> ExponentialOps for Autodiff<B, C> {
    fn spectral_exponential_sum(
        scale: FloatTensor<Self>,
        rows: FloatTensor<Self>,
        columns: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let factors = [scale, rows, columns];
        let nodes = factors.each_ref().map(|factor| factor.node());
        let factors = factors.map(|factor| factor.into_primitive());
        let output = B::prim_exponential_sum(factors.clone());
        match Surfaces.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(factors, output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }
}
