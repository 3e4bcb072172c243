//! Single steps of training, in the hands of whoever measures them.

use std::time::Instant;

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use spectral_lab::data::{Augmenter, DataError, Images, Normalize, batch_labels, fill_augmented};
use spectral_lab::model::Network;
use spectral_lab::train::{Classifier, Learner, TrainConfig};

/// Images with their labels, on the host.
pub(super) struct Batch {
    pixels: Vec<f32>,
    dims: [usize; 4],
    labels: Vec<u16>,
}

impl Batch {
    /// The images at `indices`, changed as `augmenter` says.
    pub(super) fn new(
        images: &Images,
        indices: &[u32],
        augmenter: Augmenter<'_>,
        normalize: &Normalize,
    ) -> Result<Self, DataError> {
        let mut pixels = Vec::new();
        fill_augmented(images, indices, augmenter, normalize, &mut pixels)?;
        let [channels, height, width] = images.shape();
        Ok(Self {
            pixels,
            dims: [indices.len(), channels, height, width],
            labels: batch_labels(images, indices)?,
        })
    }

    fn tensor(&self, device: &Device) -> Tensor<4> {
        Tensor::from_data(TensorData::new(self.pixels.clone(), self.dims), device)
    }
}

/// A network that classifies, on its way, at a constant rate.
pub(super) struct Stepper {
    /// None only within a step.
    learner: Option<Learner<Network>>,
    config: TrainConfig,
    device: Device,
}

impl Stepper {
    pub(super) fn new(network: Network, config: &TrainConfig, device: &Device) -> Self {
        let learner = Learner {
            model: network.train(),
            optimizer: config.optimizer.build(),
        };
        Self {
            learner: Some(learner),
            config: config.clone(),
            device: device.clone(),
        }
    }

    /// A step on these images, and the seconds that it took; to make the images counts for nothing.
    pub(super) fn step(&mut self, batch: &Batch) -> f64 {
        let images = batch.tensor(&self.device.clone().autodiff());
        self.step_on(images, &batch.labels)
    }

    /// A step on images of a device that learns, and the seconds that it took.
    pub(super) fn step_on(&mut self, images: Tensor<4>, labels: &[u16]) -> f64 {
        let learner = self.learner.take().expect("a step gives the network back");
        let start = Instant::now();
        let loss = self
            .config
            .loss
            .of_labels(learner.model.forward(images), labels);
        let gradients = learner.objective(loss).backward();
        let learner = learner.update(gradients, self.config.learning_rate, self.config.clipping);
        let seconds = start.elapsed().as_secs_f64();
        self.learner = Some(learner);
        seconds
    }

    /// The network as it stands, for use alone.
    pub(super) fn network(&self) -> Network {
        let learner = self.learner.as_ref();
        learner
            .expect("a step gives the network back")
            .model
            .valid()
    }

    /// The mean loss over all of these batches, which must be of one size; none if it is no number.
    pub(super) fn loss(&self, batches: &[Batch]) -> Option<f64> {
        let network = self.network();
        let losses = batches.iter().map(|batch| {
            let outputs = network.forward(batch.tensor(&self.device));
            let loss = self.config.loss.of_labels(outputs, &batch.labels);
            f64::from(loss.into_scalar::<f32>())
        });
        let mean = losses.sum::<f64>() / batches.len().max(1) as f64;
        mean.is_finite().then_some(mean)
    }
}
