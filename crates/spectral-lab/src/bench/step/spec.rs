//! The network and batch of a step.

use crate::bench::error::BenchError;
use crate::bench::operator::OperatorCase;
use crate::limits;
use crate::model::{self, ModelInfo};
use crate::train::{Recipe, TrainConfig};

/// The default selection of steps: the spatial baselines, and the published networks.
pub const STEPS: [&str; 12] = [
    "cnn",
    "lenet",
    "vgg",
    "kk2",
    "free2",
    "cats-spatial",
    "cats-fourier",
    "cats-linear",
    "cats-gaussian",
    "cats-gaussian-deep",
    "cifar-spatial",
    "cifar-residual-spatial",
];

/// The recipe of the neural operators.
const OPERATOR_RECIPE: &str = "darcy";

/// A network with its recipe, on a batch of its source's size.
#[derive(Clone, Debug)]
pub struct StepSpec {
    /// The network.
    pub network: StepNetwork,
    /// Its recipe, with the batch size to time.
    pub config: TrainConfig,
}

/// The network of a step.
#[derive(Clone, Copy, Debug)]
pub enum StepNetwork {
    /// A network on images.
    Images(&'static ModelInfo),
    /// A neural operator.
    Fields(&'static OperatorCase),
}

impl StepNetwork {
    /// The network of that name.
    ///
    /// # Errors
    /// If the name is unknown, with the names of the networks on images.
    pub fn find(name: &str) -> Result<Self, BenchError> {
        match OperatorCase::find(name) {
            Ok(case) => Ok(Self::Fields(case)),
            Err(_) => Ok(Self::Images(model::find(name)?)),
        }
    }

    /// The name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Images(info) => info.name,
            Self::Fields(case) => case.name,
        }
    }

    /// The name of the recipe that loss and optimizer are taken from.
    pub fn recipe(&self) -> &'static str {
        match self {
            Self::Images(info) => info.recipe,
            Self::Fields(_) => OPERATOR_RECIPE,
        }
    }

    /// The shape of `batch` samples.
    fn shape(&self, batch: usize) -> [usize; 4] {
        match self {
            Self::Images(info) => {
                let [channels, height, width] = info.input.shape();
                [batch, channels, height, width]
            }
            Self::Fields(case) => case.shape(batch),
        }
    }
}

impl StepSpec {
    /// The step of a network by name, with its source's batch size or another one.
    ///
    /// # Errors
    /// If the name is unknown, with the available names, or the batch size is zero.
    pub fn new(name: &str, batch: Option<usize>) -> Result<Self, BenchError> {
        let network = StepNetwork::find(name)?;
        let mut config = Recipe::find(network.recipe())?.config();
        if let StepNetwork::Fields(case) = network {
            config.batch_size = case.batch;
        }
        config.batch_size = batch.unwrap_or(config.batch_size);
        config.validate()?;
        let most = limits::BATCH / limits::product(network.shape(1));
        if config.batch_size as u64 > most {
            return Err(BenchError::Sizes {
                layer: network.name(),
                needs: format!("accepts batches of at most {most} samples"),
                got: config.batch_size.to_string(),
            });
        }
        Ok(Self { network, config })
    }

    /// The network's name.
    pub fn name(&self) -> &'static str {
        self.network.name()
    }

    /// Batch, channels, height and width.
    pub fn shape(&self) -> [usize; 4] {
        self.network.shape(self.config.batch_size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_those_of_the_recipe() {
        let cats = StepSpec::new("cats-linear", None).unwrap();
        assert_eq!(cats.shape(), [64, 3, 150, 150]);
        assert_eq!(cats.config.loss, crate::train::Loss::MeanSquaredError);
        let cnn = StepSpec::new("cnn", Some(3)).unwrap();
        assert_eq!(cnn.shape(), [3, 1, 28, 28]);
        for name in STEPS {
            assert!(StepSpec::new(name, None).is_ok(), "{name}");
        }
        let fields = StepSpec::new("fno-64", None).unwrap();
        assert_eq!(fields.shape(), [16, 1, 64, 64]);
        let darcy = StepSpec::new("fno-darcy", None).unwrap();
        assert_eq!(darcy.shape(), [64, 1, 16, 16]);
        assert!(matches!(
            darcy.config.loss,
            crate::train::Loss::RelativeH1 { .. }
        ));
    }

    #[test]
    fn an_unknown_network_and_an_empty_batch_are_refused() {
        let refused = |name, batch| StepSpec::new(name, batch).unwrap_err().to_string();
        assert!(refused("resnet", None).contains("vgg"));
        assert!(refused("cnn", Some(0)).contains("train.batch_size is 0"));
        for batch in [1_000_000, usize::MAX] {
            assert!(refused("cnn", Some(batch)).contains("at most 21399 samples"));
        }
    }
}
