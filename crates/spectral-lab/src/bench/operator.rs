//! Neural operators that are timed: networks of the neuraloperator library's form, at fixed sizes.

use burn::tensor::Device;
use burn_spectral::operator::FnoConfig;

use super::error::BenchError;
use crate::model::operator::OperatorNetwork;

/// A Fourier neural operator in the plane, with neuraloperator's defaults, and the batch it is timed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorCase {
    /// The name.
    pub name: &'static str,
    /// Points along each axis.
    pub size: usize,
    /// Modes along each axis, as neuraloperator counts them.
    pub modes: usize,
    /// Channels of the blocks.
    pub hidden: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Samples in a training step.
    pub batch: usize,
}

/// Channels of inputs and outputs.
const CHANNELS: usize = 1;

const CASES: [OperatorCase; 2] = [
    OperatorCase {
        name: "fno-darcy",
        size: 16,
        modes: 8,
        hidden: 24,
        layers: 4,
        batch: 64,
    },
    OperatorCase {
        name: "fno-64",
        size: 64,
        modes: 12,
        hidden: 32,
        layers: 4,
        batch: 16,
    },
];

impl OperatorCase {
    /// All of them: the network of neuraloperator's example on small Darcy flow, and a larger one.
    pub fn all() -> &'static [Self] {
        &CASES
    }

    /// The one of that name.
    ///
    /// # Errors
    /// If there is none, with the available names.
    pub fn find(name: &str) -> Result<&'static Self, BenchError> {
        let found = CASES.iter().find(|case| case.name == name);
        found.ok_or_else(|| BenchError::UnknownOperator {
            name: name.into(),
            accepted: CASES.iter().map(|case| case.name).collect(),
        })
    }

    /// The shape of `batch` samples.
    pub fn shape(&self, batch: usize) -> [usize; 4] {
        [batch, CHANNELS, self.size, self.size]
    }

    /// The network with fresh weights.
    ///
    /// # Errors
    /// If it cannot be built.
    pub fn build(&self, device: &Device) -> Result<OperatorNetwork<4>, BenchError> {
        let modes = [self.modes; 2];
        let config = FnoConfig::neuraloperator([CHANNELS; 2], modes, self.hidden, self.layers);
        Ok(OperatorNetwork::Fno(config.try_init(device)?))
    }

    /// What the peer needs to build the same.
    pub(super) fn request(&self, batch: usize) -> serde_json::Value {
        serde_json::json!({
            "shape": self.shape(batch),
            "hidden": self.hidden,
            "layers": self.layers,
            "modes": [self.modes, self.modes],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::trainable;

    #[test]
    fn networks_have_the_parameters_of_neuraloperator() {
        for (name, parameters) in [("fno-darcy", 191_881), ("fno-64", 701_281)] {
            let network = OperatorCase::find(name).unwrap().build(&Device::flex());
            assert_eq!(trainable(&network.unwrap()), parameters, "{name}");
        }
        let error = OperatorCase::find("fno").unwrap_err().to_string();
        assert!(error.ends_with("available: fno-darcy, fno-64"), "{error}");
    }
}
