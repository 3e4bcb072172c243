//! The dense layer, as one operation.

use crate::kernels::{Activation, Dense};
use burn::backend::TensorMetadata;
use burn::tensor::activation::leaky_relu;
use burn::tensor::{Shape, Tensor};

use crate::operation::flex::{Contiguous, filled};
use crate::operation::{
    Factors, FlexTensor, Forward, Gradients, KernelOperation, Names, Tensors, apply_optional, first,
};

/// The dense layer with its activation, `y[b,o] = f( bias[o] + Σ_i x[b,i]·w[i,o] )`.
///
/// On the kernels bias and activation are applied while a block of the output is in cache, and each gradient is computed
/// only where it is asked for. The derivative of the activation at zero is its slope.
///
/// # Shapes
/// - `x`: `[rows, inputs]`
/// - `weight`: `[inputs, outputs]`
/// - `bias`: `[outputs]`
/// - output: `[rows, outputs]`
pub fn linear(
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    activation: Activation,
) -> Tensor<2> {
    let layer = Linear { activation };
    apply_optional::<2, 3, 1, _, _, _, _>(layer, (x, weight), bias, |_, (x, weight), bias| {
        fallback(x, weight, bias, activation)
    })
}

/// [`linear`] in Burn's operations.
pub fn fallback(
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    activation: Activation,
) -> Tensor<2> {
    let sums = burn::tensor::module::linear(x, weight, bias);
    match activation {
        Activation::Identity => sums,
        Activation::LeakyRelu { slope } => leaky_relu(sums, slope),
    }
}

#[derive(Clone, Debug)]
struct Linear {
    activation: Activation,
}

/// What the adjoint needs: the factors, and the output, if there is an activation to see through.
#[derive(Clone, Debug)]
struct Saved {
    factors: Factors<FlexTensor>,
    y: Option<FlexTensor>,
    sizes: Dense,
}

/// The inputs are the rows, the weight and, if there are three, the bias.
impl<const I: usize> KernelOperation<I, 1> for Linear {
    const INPUTS: Names = &["input", "weight", "bias"];
    type Saved = Saved;

    fn forward(&self, inputs: Tensors<I>, tracked: [bool; I]) -> Forward<Saved, 1> {
        let factors = Factors::of(&inputs[0], &inputs[1], [tracked[0], tracked[1]]);
        let sizes = Dense {
            rows: inputs[0].shape()[0],
            inputs: inputs[1].shape()[0],
            outputs: inputs[1].shape()[1],
        };
        let inputs = inputs.map(Contiguous::new);
        let y = filled!(inputs[0], &Shape::new([sizes.rows, sizes.outputs]), |y| {
            let bias = inputs.get(2).map(Contiguous::slice);
            sizes.forward(
                inputs[0].slice(),
                inputs[1].slice(),
                bias,
                self.activation,
                y,
            );
        });
        let saved = Saved {
            factors,
            y: (self.activation != Activation::Identity).then(|| y.clone()),
            sizes,
        };
        Forward::new([y], saved)
    }

    fn adjoint(self, saved: Saved, [grad]: Tensors<1>, tracked: [bool; I]) -> Gradients<I> {
        let sizes = saved.sizes;
        let shape = |rows, columns| Shape::new([rows, columns]);
        let mut grad = Contiguous::new(grad);
        if let Some(y) = saved.y.map(Contiguous::new) {
            let before = filled!(y, &shape(sizes.rows, sizes.outputs), |out| {
                sizes.adjoint_activation(y.slice(), grad.slice(), self.activation, out);
            });
            grad = Contiguous(before);
        }
        let gw = saved.factors.x.map(Contiguous::new).map(|x| {
            filled!(x, &shape(sizes.inputs, sizes.outputs), |gw| {
                sizes.adjoint_weight(x.slice(), grad.slice(), gw);
            })
        });
        let gbias = (tracked.get(2) == Some(&true)).then(|| {
            let shape = Shape::new([sizes.outputs]);
            filled!(grad, &shape, |sums| sizes.adjoint_bias(grad.slice(), sums))
        });
        let gx = saved.factors.weight.map(Contiguous::new).map(|weight| {
            filled!(grad, &shape(sizes.rows, sizes.inputs), |gx| {
                sizes.adjoint_input(grad.slice(), weight.slice(), gx);
            })
        });
        first([gx, gw, gbias])
    }
}
