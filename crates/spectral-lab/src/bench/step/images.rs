//! The step of a network on images.

use burn::tensor::{Device, Distribution, Tensor};

use super::spec::StepSpec;
use super::stepper::Stepper;
use crate::bench::error::BenchError;
use crate::model::{self, ModelInfo, Network};
use crate::train::{Classifier, Target, Task};

/// A network with one batch of images.
pub(super) struct ImageStep {
    stepper: Stepper<Network>,
    images: Tensor<4>,
    labels: Vec<u16>,
    /// Target pixels, `[batch, channels·height·width]`, if labels are not the target.
    pixels: Option<Tensor<2>>,
    task: Task,
}

impl ImageStep {
    /// Draws the weights and a batch of standard normal images.
    pub(super) fn new(info: &ModelInfo, spec: &StepSpec) -> Result<Self, BenchError> {
        let device = Device::flex();
        let network = model::build(info.name, &info.input, &device)?;
        let learning = device.autodiff();
        let (shape, classes) = (spec.shape(), info.input.classes);
        let images = Tensor::random(shape, Distribution::Normal(0.0, 1.0), &learning);
        let [batch, channels, height, width] = shape;
        let pixels = [batch, channels * height * width];
        let pixels = (spec.config.target == Target::Image)
            .then(|| Tensor::random(pixels, Distribution::Uniform(0.0, 1.0), &learning));
        let labels = (0..batch).map(|image| (image % classes) as u16).collect();
        Ok(Self {
            stepper: Stepper::new(network, &spec.config),
            images,
            labels,
            pixels,
            task: Task {
                target: spec.config.target,
                loss: spec.config.loss,
                classes,
            },
        })
    }

    pub(super) fn step(&mut self) -> [f64; 4] {
        let (images, pixels) = (self.images.clone(), self.pixels.clone());
        let (task, labels) = (&self.task, &self.labels);
        self.stepper.step(
            |model| model.forward(images),
            |outputs: Tensor<2>| task.loss(outputs, labels, pixels),
        )
    }

    pub(super) fn parameters(&self) -> usize {
        self.stepper.parameters()
    }
}

#[cfg(test)]
mod tests {
    use burn::module::Module;
    use burn::store::ModuleSnapshot;

    use super::*;
    use crate::data::{Batches, DataSet, Images, Normalize, fill_batch};
    use crate::train::{TrainConfig, fit};

    /// Every parameter and running statistic, by name.
    fn values(network: &Network) -> Vec<(String, Vec<u8>)> {
        let tensors = network.valid().collect(None, None, false);
        let tensors = tensors.into_iter();
        tensors
            .map(|tensor| (tensor.name.clone(), tensor.to_bytes().unwrap().to_vec()))
            .collect()
    }

    #[test]
    fn a_step_changes_the_weights_as_a_step_of_training_does() {
        for name in ["lenet", "kk2", "autoencoder-spatial"] {
            let spec = StepSpec::new(name, Some(6)).unwrap();
            let info = model::find(name).unwrap();
            let network = model::build(name, &info.input, &Device::flex()).unwrap();
            let images = Images {
                pixels: (0..6 * 28 * 28).map(|i| (i * 37 % 251) as u8).collect(),
                channels: 1,
                height: 28,
                width: 28,
                labels: (0..6).collect(),
            };
            let config = TrainConfig {
                epochs: 1,
                normalize: Normalize::ZeroOne,
                ..spec.config.clone()
            };
            let data = DataSet {
                name: "six".into(),
                classes: (0..10).map(|class| class.to_string()).collect(),
                train: images.clone(),
                test: images.clone(),
                list: None,
            };
            let trained = fit(network.clone(), &data, &config, None, &mut ()).unwrap();

            let batches = Batches::shuffled(6, 6, config.seed, 1).unwrap();
            let order = batches.into_iter().next().unwrap();
            let mut pixels = Vec::new();
            fill_batch(&images, order, &config.normalize, &mut pixels).unwrap();
            let device = Device::flex().autodiff();
            let batch = Tensor::<1>::from_data(&pixels[..], &device);
            let mut step = ImageStep::new(info, &spec).unwrap();
            let before = values(&network);
            step.stepper = Stepper::new(network, &config);
            step.labels = order.iter().map(|&index| index as u16).collect();
            step.pixels = step.pixels.map(|_| batch.clone().reshape([6, 28 * 28]));
            step.images = batch.reshape([6, 1, 28, 28]);
            step.step();

            let after = values(&step.stepper.learner.as_ref().unwrap().model);
            assert_eq!(after, values(&trained.model), "{name}");
            assert_ne!(after, before, "{name}");
        }
    }
}
