//! Training on images.

use burn::Tensor;
use burn::tensor::Device;

use super::classifier::Classifier;
use super::config::TrainConfig;
use super::error::TrainError;
use super::evaluate::check_labels;
use super::feed::{HostBatch, Preparation};
use super::problem::{Outputs, Part, Problem};
use super::run_folder::RunFolder;
use super::tally::Tally;
use super::target::{Target, Task};
use super::trained_on::TrainedOn;
use crate::data::{Augmenter, DataError, DataSet, Images};

/// A data set of images, and how they are prepared.
pub(super) struct ImageProblem<'a> {
    data: &'a DataSet,
    config: &'a TrainConfig,
    task: Task,
}

impl<'a> ImageProblem<'a> {
    pub(super) fn new(data: &'a DataSet, config: &'a TrainConfig) -> Self {
        let task = Task {
            target: config.target,
            loss: config.loss,
            classes: data.classes.len(),
        };
        Self { data, config, task }
    }

    fn images(&self, part: Part) -> &'a Images {
        match part {
            Part::Train { .. } => &self.data.train,
            Part::Test => &self.data.test,
        }
    }
}

impl<M: Classifier> Problem<M> for ImageProblem<'_> {
    type Batch = HostBatch;

    fn check(&self) -> Result<(), TrainError> {
        let data = self.data;
        for (part, images) in [("training", &data.train), ("test", &data.test)] {
            if images.is_empty() {
                return Err(TrainError::NoSamples {
                    data: data.name.clone(),
                    part,
                });
            }
            if self.task.target == Target::Label {
                check_labels(images, part, data.classes.len())?;
            }
        }
        Ok(())
    }

    fn keep(&self, run: &RunFolder) -> Result<(), TrainError> {
        run.keep_images(self.data)
    }

    fn trained_on(&self) -> TrainedOn {
        TrainedOn::of(self.data)
    }

    fn samples(&self, part: Part) -> usize {
        self.images(part).len()
    }

    fn load(&self, part: Part, indices: &[u32]) -> Result<HostBatch, DataError> {
        let (config, target) = (self.config, self.task.target);
        let augmenter = match part {
            Part::Train { epoch } if !config.augment.is_none() => Some(Augmenter {
                augment: &config.augment,
                seed: config.seed,
                epoch: epoch as u64,
            }),
            _ => None,
        };
        let preparation = Preparation {
            augmenter,
            ..Preparation::plain(&config.normalize, target)
        };
        HostBatch::new(self.images(part), indices, &preparation)
    }

    fn run(
        &self,
        model: &M,
        part: Part,
        batch: HostBatch,
        device: &Device,
    ) -> Result<Outputs, TrainError> {
        run_images(model, self.images(part), &self.task, batch, device)
    }

    fn tally(&self) -> Tally {
        Tally::of(&self.task)
    }
}

/// Loss and predictions of one mini-batch of `images`.
pub(super) fn run_images<M: Classifier>(
    model: &M,
    images: &Images,
    task: &Task,
    mut batch: HostBatch,
    device: &Device,
) -> Result<Outputs, TrainError> {
    let targets = batch.take_targets(device);
    let outputs = model.forward(batch.take_images(device));
    task.check_outputs(outputs.dims(), images)?;
    let loss = task.loss(outputs.clone(), &batch.labels, targets);
    let classify = |outputs: Tensor<2>| outputs.without_autodiff().argmax(1).flatten(0, 1);
    Ok(Outputs {
        loss,
        samples: batch.labels.len(),
        classes: task
            .has_classes()
            .then(|| (classify(outputs), batch.labels)),
        errors: None,
    })
}
