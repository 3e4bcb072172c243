//! The names of a network's tensors, for import and export alike.

use burn::module::{Param, RunningState};
use burn::tensor::Tensor;

use crate::conv::SpectralConv;
use crate::operator::{ChannelMlp, Fno, OperatorNorm, Pointwise, SkipConnection};
use crate::response::FourierModes;

use super::StateDictError;

/// What is done with each tensor.
pub(super) trait Visitor {
    /// A parameter of this shape in the state dict.
    fn parameter<const R: usize>(
        &mut self,
        name: String,
        parameter: &mut Param<Tensor<R>>,
        shape: &[usize],
    ) -> Result<(), StateDictError>;

    /// Running statistics, `[channels]`.
    fn statistics(
        &mut self,
        name: String,
        state: &mut RunningState<Tensor<1>>,
    ) -> Result<(), StateDictError>;

    /// The number of batches that a batch normalization has seen, which is not kept here.
    fn batches(&mut self, name: String) -> Result<(), StateDictError>;

    /// The weights of a spectral convolution.
    fn weights<const D: usize>(
        &mut self,
        name: String,
        response: &mut FourierModes<D>,
    ) -> Result<(), StateDictError>;

    /// A bias that neuraloperator has and this network lacks.
    fn absent(&mut self, name: String, shape: &[usize]) -> Result<(), StateDictError>;
}

/// Shows every tensor of a network.
pub(super) fn network<const D: usize>(
    fno: &mut Fno<D>,
    visitor: &mut impl Visitor,
) -> Result<(), StateDictError> {
    for (index, block) in fno.blocks.iter_mut().enumerate() {
        let at = |part: &str| format!("fno_blocks.{part}.{index}");
        let Some(dense) = block.spectral.dense_mut() else {
            let what = "low-rank weights: a state dict is imported into dense ones".into();
            return Err(StateDictError::NotThere { what });
        };
        convolution(dense, &at("convs"), visitor)?;
        if let Some(skip) = &mut block.skip {
            connection(skip, &at("fno_skips"), visitor)?;
        }
        if let Some(mlp) = &mut block.mlp {
            perceptron(mlp, &at("channel_mlp"), visitor)?;
        }
        if let Some(skip) = &mut block.mlp_skip {
            connection(skip, &at("channel_mlp_skips"), visitor)?;
        }
        let norms = [&mut block.norm, &mut block.mlp_norm];
        for (side, norm) in norms.into_iter().enumerate() {
            if let Some(norm) = norm {
                let name = format!("fno_blocks.norm.{}", 2 * index + side);
                normalization(norm, &name, visitor)?;
            }
        }
    }
    perceptron(&mut fno.lifting, "lifting", visitor)?;
    perceptron(&mut fno.projection, "projection", visitor)
}

fn convolution<const D: usize>(
    layer: &mut SpectralConv<D, FourierModes<D>>,
    name: &str,
    visitor: &mut impl Visitor,
) -> Result<(), StateDictError> {
    visitor.weights(format!("{name}.weight"), &mut layer.response)?;
    let mut shape = vec![1; D - 1];
    shape[0] = layer.response.re.dims()[0];
    let bias = format!("{name}.bias");
    match &mut layer.bias {
        Some(parameter) => visitor.parameter(bias, parameter, &shape),
        None => visitor.absent(bias, &shape),
    }
}

fn connection<const D: usize>(
    skip: &mut SkipConnection<D>,
    name: &str,
    visitor: &mut impl Visitor,
) -> Result<(), StateDictError> {
    match skip {
        SkipConnection::Identity(_) => Ok(()),
        SkipConnection::Linear(layer) => pointwise(layer, &format!("{name}.conv"), visitor),
        SkipConnection::SoftGating(gating) => {
            let mut shape = vec![1; D];
            shape[1] = gating.weight.dims()[0];
            visitor.parameter(format!("{name}.weight"), &mut gating.weight, &shape)
        }
    }
}

fn perceptron<const D: usize>(
    mlp: &mut ChannelMlp<D>,
    name: &str,
    visitor: &mut impl Visitor,
) -> Result<(), StateDictError> {
    let mut layers = mlp.layers.iter_mut().enumerate();
    layers.try_for_each(|(index, layer)| pointwise(layer, &format!("{name}.fcs.{index}"), visitor))
}

fn pointwise<const D: usize>(
    layer: &mut Pointwise<D>,
    name: &str,
    visitor: &mut impl Visitor,
) -> Result<(), StateDictError> {
    let [outputs, inputs] = layer.weight.dims();
    let shape = [outputs, inputs, 1];
    visitor.parameter(format!("{name}.weight"), &mut layer.weight, &shape)?;
    match &mut layer.bias {
        Some(bias) => visitor.parameter(format!("{name}.bias"), bias, &[outputs]),
        None => Ok(()),
    }
}

fn normalization(
    norm: &mut OperatorNorm,
    name: &str,
    visitor: &mut impl Visitor,
) -> Result<(), StateDictError> {
    match norm {
        OperatorNorm::Instance(_) => Ok(()),
        OperatorNorm::Group(norm) => {
            let parts = [(&mut norm.gamma, "weight"), (&mut norm.beta, "bias")];
            for (parameter, part) in parts {
                if let Some(parameter) = parameter {
                    let shape = parameter.dims();
                    visitor.parameter(format!("{name}.{part}"), parameter, &shape)?;
                }
            }
            Ok(())
        }
        OperatorNorm::Batch(norm) => {
            let at = |part: &str| format!("{name}.norm.{part}");
            let shape = norm.gamma.dims();
            visitor.parameter(at("weight"), &mut norm.gamma, &shape)?;
            visitor.parameter(at("bias"), &mut norm.beta, &shape)?;
            visitor.statistics(at("running_mean"), &mut norm.running_mean)?;
            visitor.statistics(at("running_var"), &mut norm.running_var)?;
            visitor.batches(at("num_batches_tracked"))
        }
    }
}

/// Where neuraloperator keeps each weight of `dims`, `[out, in, kept…]`: there channels are exchanged, and of each axis
/// but the last frequencies ascend, while here those of 0 and above come first.
pub(super) fn places<const D: usize>(dims: [usize; D]) -> Vec<usize> {
    let count: usize = dims.iter().product();
    let mut theirs = dims;
    theirs.swap(0, 1);
    let mut places = Vec::with_capacity(count);
    for flat in 0..count {
        let mut index = [0; D];
        let mut rest = flat;
        for axis in (0..D).rev() {
            index[axis] = rest % dims[axis];
            rest /= dims[axis];
        }
        index.swap(0, 1);
        for axis in 2..D - 1 {
            index[axis] = place(index[axis], dims[axis]);
        }
        let at = index.iter().zip(&theirs);
        places.push(at.fold(0, |at, (index, size)| at * size + index));
    }
    places
}

/// Positions of an axis's weights there, for a number of kept modes.
fn place(index: usize, kept: usize) -> usize {
    (index + kept / 2) % kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_ascend_there() {
        // Here 0 1 2 3 −4 −3 −2 −1, there −4 … 3.
        let even: Vec<usize> = (0..8).map(|index| place(index, 8)).collect();
        assert_eq!(even, [4, 5, 6, 7, 0, 1, 2, 3]);
        // Here 0 1 2 −2 −1, there −2 … 2.
        let odd: Vec<usize> = (0..5).map(|index| place(index, 5)).collect();
        assert_eq!(odd, [2, 3, 4, 0, 1]);
    }

    #[test]
    fn channels_are_exchanged_and_the_last_axis_keeps_its_order() {
        assert_eq!(places([1, 2, 3]), [0, 1, 2, 3, 4, 5]);
        assert_eq!(places([2, 2, 1]), [0, 2, 1, 3]);
        // Frequencies 0, 1, −1 by two of the last axis.
        assert_eq!(places([1, 1, 3, 2]), [2, 3, 4, 5, 0, 1]);
    }
}
