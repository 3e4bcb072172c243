//! Sums of exponentials of bilinear forms, as one operation.

use burn::backend::TensorMetadata;
use burn::tensor::{Shape, Tensor};
use spectral_kernels::{ExponentialFactors, ExponentialGradients, ExponentialSum};

use fused_layers::operation::flex::{Contiguous, filled, with_dtype};
use fused_layers::operation::{Forward, Gradients, KernelOperation, Names, Tensors, apply, buffer};

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
    let arguments = (scale, rows, columns);
    apply(Surfaces, arguments, |_, (scale, rows, columns)| {
        fallback(scale, rows, columns)
    })
}

/// [`exponential_sum`] in ordinary tensor operations.
pub fn fallback(scale: Tensor<2>, rows: Tensor<4>, columns: Tensor<4>) -> Tensor<3> {
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

#[derive(Clone, Debug)]
struct Surfaces;

/// The inputs are the amplitudes, the rows' factors and the columns' factors. Saved are all of them.
impl KernelOperation<3, 1> for Surfaces {
    const INPUTS: Names = &["scale", "rows", "columns"];
    type Saved = Tensors<3>;

    fn forward(&self, factors: Tensors<3>, _: [bool; 3]) -> Forward<Self::Saved, 1> {
        let saved = factors.clone();
        let [scale, rows, columns] = factors.map(Contiguous::new);
        let sum = kernel(&rows.shape(), &columns.shape());
        let shape = Shape::new([sum.filters, sum.rows, sum.columns]);
        let y = filled!(scale, &shape, |y| {
            let (scale, rows, columns) = (scale.slice(), rows.slice(), columns.slice());
            sum.forward(
                ExponentialFactors {
                    scale,
                    rows,
                    columns,
                },
                y,
            );
        });
        Forward::new([y], saved)
    }

    fn adjoint(self, factors: Self::Saved, [grad]: Tensors<1>, _: [bool; 3]) -> Gradients<3> {
        let shapes = factors.each_ref().map(|factor| factor.shape());
        let sum = kernel(&shapes[1], &shapes[2]);
        let (grad, [scale, rows, columns]) = (Contiguous::new(grad), factors.map(Contiguous::new));
        with_dtype!(scale, E => {
            let factors = ExponentialFactors {
                scale: scale.slice::<E>(),
                rows: rows.slice(),
                columns: columns.slice(),
            };
            let mut gradients = shapes.each_ref().map(|shape| buffer::take(shape.num_elements()));
            let [scale, rows, columns] = &mut gradients;
            sum.adjoint(factors, grad.slice(), ExponentialGradients { scale, rows, columns });
            let mut shapes = shapes.iter();
            gradients.map(|gradient| {
                let shape = shapes.next().expect("each factor has a shape");
                Some(buffer::into_tensor(gradient, shape))
            })
        })
    }
}
