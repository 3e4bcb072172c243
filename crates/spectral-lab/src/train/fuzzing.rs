//! Parsers of a run's files, for fuzzing.

use std::path::Path;

use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};

use super::checkpoint::{is_state, restored};
use super::optimizer::OptimizerConfig;
use super::run_folder::RunConfig;
use super::tensors::check_finite_weights;
use super::weights::{
    ModelDescription, load_model_weights, read_model_description, save_model_weights,
};

/// A network with one layer of each kind that has its own weight layout.
#[derive(Module, Debug)]
struct Tiny {
    conv: Conv2d,
    norm: BatchNorm,
    linear: Linear,
    scale: Param<Tensor<1>>,
}

impl Tiny {
    fn new(device: &Device) -> Self {
        Self {
            conv: Conv2dConfig::new([1, 2], [3, 3]).init(device),
            norm: BatchNormConfig::new(2).init(device),
            linear: LinearConfig::new(2, 3).init(device),
            scale: Param::from_data([1.0f32, 2.0], device),
        }
    }
}

/// `config.toml`.
pub fn config(text: &str) -> Option<RunConfig> {
    let config: RunConfig = toml::from_str(text).ok()?;
    config.train.validate().ok()?;
    let _ = config.train.optimizer.build();
    Some(config)
}

/// `state.toml`.
pub fn state(text: &str) -> bool {
    is_state(text)
}

/// A file of weights: header, metadata and values.
pub fn weights(path: &Path) -> (bool, Option<ModelDescription>) {
    let description = read_model_description(path);
    let loaded = load_model_weights(path, Tiny::new(&Device::flex()));
    let accepted = check_finite_weights(path).is_ok() && loaded.is_ok() && description.is_ok();
    (accepted, description.ok().flatten())
}

/// A record of an optimizer.
pub fn optimizer(path: &Path) -> bool {
    std::fs::read(path)
        .is_ok_and(|bytes| restored(path, bytes, OptimizerConfig::default().build()).is_ok())
}

fn step(mut optimizer: ModuleOptimizer) -> ModuleOptimizer {
    let model = Tiny::new(&Device::flex().autodiff());
    let weight = model.linear.weight.val();
    let gradients = (weight * 2.0).sum().backward();
    let gradients = GradientsParams::from_grads(gradients, &model);
    optimizer.step(1e-3, model, gradients);
    optimizer
}

/// A valid file of weights.
pub fn write_weights(path: &Path, description: &ModelDescription) {
    // Weights that cannot be written give no seed file.
    let _ = save_model_weights(path, &Tiny::new(&Device::flex()), description);
}

/// A valid record of an optimizer.
pub fn write_optimizer(path: &Path) {
    // As above.
    let _ = step(OptimizerConfig::default().build()).save(path);
}
