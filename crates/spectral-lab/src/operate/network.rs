//! An operator network whatever the number of axes.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use crate::model::ModelError;
use crate::model::operator::{OperatorNetwork, OperatorSpec, find_operator};
use crate::train::{Operator, Scaled, Scaling, TrainError};

/// An operator network on fields of one to three axes.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)]
pub enum FieldNetwork {
    /// Of one axis.
    Line(OperatorNetwork<3>),
    /// Of two axes.
    Plane(OperatorNetwork<4>),
    /// Of three axes.
    Volume(OperatorNetwork<5>),
}

/// Runs an expression on the network of any number of axes.
macro_rules! each {
    ($network:expr, $name:ident => $body:expr) => {
        match $network {
            FieldNetwork::Line($name) => $body,
            FieldNetwork::Plane($name) => $body,
            FieldNetwork::Volume($name) => $body,
        }
    };
}
pub(super) use each;

impl FieldNetwork {
    /// Creates the network of that name with fresh weights, drawn from the device's seed.
    ///
    /// # Errors
    /// If the name is unknown or the network cannot be built.
    pub fn build(name: &str, spec: &OperatorSpec, device: &Device) -> Result<Self, ModelError> {
        let info = find_operator(name)?;
        Ok(match spec.sizes.len() {
            1 => Self::Line(info.build(spec, device)?),
            2 => Self::Plane(info.build(spec, device)?),
            _ => Self::Volume(info.build(spec, device)?),
        })
    }

    /// Checks that the network accepts fields of shape `[channels, space…]`.
    ///
    /// # Errors
    /// If the channels or axes differ from the network's, or the grid does not have its modes or points.
    pub fn check(&self, shape: &[usize]) -> Result<(), ModelError> {
        each!(self, model => model.check(shape))
    }

    /// Predicts the fields that follow `inputs`, `[sample, channel, space…]` in C order, in the fields' own
    /// units.
    ///
    /// # Errors
    /// If the result cannot be read from the device.
    pub fn predict(
        &self,
        scaling: &Scaling,
        inputs: Vec<f32>,
        shape: Vec<usize>,
        device: &Device,
    ) -> Result<Vec<f32>, TrainError> {
        each!(self, model => predict(model, scaling, TensorData::new(inputs, shape), device))
    }
}

fn predict<const D: usize, M: Operator<D>>(
    model: &M,
    scaling: &Scaling,
    inputs: TensorData,
    device: &Device,
) -> Result<Vec<f32>, TrainError> {
    let outputs = Scaled { model, scaling }.forward(Tensor::<D>::from_data(inputs, device));
    outputs
        .try_into_vec_as()
        .map_err(|error| TrainError::Device(format!("{error:?}")))
}
