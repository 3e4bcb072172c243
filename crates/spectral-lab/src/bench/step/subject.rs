//! A step ready to be timed.

use std::time::Instant;

use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};

use super::spec::StepSpec;
use crate::bench::error::BenchError;
use crate::model::{self, Network, trainable};
use crate::train::{Classifier, Learner, Target, Task, TrainConfig};

/// A training network with one batch, the same in every step.
pub struct StepSubject {
    /// None only during a step.
    learner: Option<Learner<Network>>,
    images: Tensor<4>,
    labels: Vec<u16>,
    /// Target pixels, `[batch, channels·height·width]`, if labels are not the target.
    pixels: Option<Tensor<2>>,
    task: Task,
    config: TrainConfig,
}

impl StepSubject {
    /// Draws the weights and a batch of standard normal images.
    ///
    /// # Errors
    /// If the network cannot be built.
    pub fn new(spec: &StepSpec) -> Result<Self, BenchError> {
        let device = Device::flex();
        let network = model::build(spec.model.name, &spec.model.input, &device)?;
        let learning = device.autodiff();
        let (shape, classes) = (spec.shape(), spec.model.input.classes);
        let images = Tensor::random(shape, Distribution::Normal(0.0, 1.0), &learning);
        let [batch, channels, height, width] = shape;
        let pixels = [batch, channels * height * width];
        let pixels = (spec.config.target == Target::Image)
            .then(|| Tensor::random(pixels, Distribution::Uniform(0.0, 1.0), &learning));
        let labels = (0..batch).map(|image| (image % classes) as u16).collect();
        Ok(Self {
            learner: Some(Learner {
                model: network.train(),
                optimizer: spec.config.optimizer.build(),
            }),
            images,
            labels,
            pixels,
            task: Task {
                target: spec.config.target,
                loss: spec.config.loss,
                classes,
            },
            config: spec.config.clone(),
        })
    }

    /// Runs a step and returns the milliseconds of its four parts: forward, loss, backward, and
    /// optimizer.
    pub fn step(&mut self) -> [f64; 4] {
        let learner = self.learner.take().expect("a step returns the network");
        let mut clock = Clock::default();
        let (images, pixels) = (self.images.clone(), self.pixels.clone());
        let outputs = learner.model.forward(images);
        clock.part();
        let loss = self.task.loss(outputs.clone(), &self.labels, pixels);
        let loss = learner.objective(loss);
        clock.part();
        let gradients = loss.backward();
        clock.part();
        let rate = self.config.learning_rate;
        self.learner = Some(learner.update(gradients, rate, self.config.clipping));
        clock.part();
        clock.parts
    }

    /// Number of trainable parameters.
    pub fn parameters(&self) -> usize {
        self.learner
            .as_ref()
            .map_or(0, |learner| trainable(&learner.model))
    }
}

/// Milliseconds of consecutive parts.
struct Clock {
    parts: [f64; 4],
    index: usize,
    since: Instant,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            parts: [0.0; 4],
            index: 0,
            since: Instant::now(),
        }
    }
}

impl Clock {
    /// Ends a part and starts the next.
    fn part(&mut self) {
        let now = Instant::now();
        self.parts[self.index] = (now - self.since).as_secs_f64() * 1e3;
        self.index += 1;
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use burn::store::ModuleSnapshot;

    use super::*;
    use crate::data::{Batches, DataSet, Images, Normalize, fill_batch};
    use crate::train::fit;

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
            let network = model::build(name, &spec.model.input, &Device::flex()).unwrap();
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
            let mut subject = StepSubject::new(&spec).unwrap();
            let before = values(&network);
            subject.learner = Some(Learner {
                model: network.train(),
                optimizer: config.optimizer.build(),
            });
            subject.labels = order.iter().map(|&index| index as u16).collect();
            subject.pixels = subject.pixels.map(|_| batch.clone().reshape([6, 28 * 28]));
            subject.images = batch.reshape([6, 1, 28, 28]);
            subject.step();

            let after = values(&subject.learner.as_ref().unwrap().model);
            assert_eq!(after, values(&trained.model), "{name}");
            assert_ne!(after, before, "{name}");
        }
    }

    #[test]
    fn every_part_takes_time() {
        let mut subject = StepSubject::new(&StepSpec::new("cnn", Some(2)).unwrap()).unwrap();
        assert_eq!(subject.parameters(), 24_170);
        for _ in 0..2 {
            let parts = subject.step();
            assert!(parts.iter().all(|ms| *ms > 0.0), "{parts:?}");
        }
    }
}
