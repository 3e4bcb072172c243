//! Evaluation and prediction: a network without training behaviour.

use std::thread;
use std::time::Instant;

use burn::tensor::Device;
use burn::tensor::activation::softmax;

use super::classifier::Classifier;
use super::error::TrainError;
use super::feed::feed;
use super::loss::Loss;
use super::metrics::{ConfusionMatrix, Scores};
use super::tally::{Tally, values};
use crate::data::{Batches, Images, Normalise};

/// How a network does on a set of images.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean loss per image; not finite if that of any batch is not.
    pub loss: f64,
    /// True against predicted classes.
    pub confusion: ConfusionMatrix,
    /// Wall-clock time.
    pub seconds: f64,
}

impl Evaluation {
    /// Accuracy, precision, recall and F1.
    pub fn scores(&self) -> Scores {
        self.confusion.scores()
    }
}

/// How images are fed to a network that is not being trained.
#[derive(Clone, Copy, Debug)]
pub struct Feeding<'a> {
    /// How bytes become numbers; as in training.
    pub normalise: &'a Normalise,
    /// Images at a time; 1 or more.
    pub batch_size: usize,
}

/// Loss and confusion matrix of `model` on `images` of `classes` classes, in evaluation mode.
///
/// # Errors
///
/// [`TrainError::BadLabel`] for a label that is no class, [`TrainError::WrongOutputs`] if the
/// network gives another number of logits; a data error if the images do not fit `feeding`.
pub fn evaluate<M: Classifier>(
    model: &M,
    images: &Images,
    classes: usize,
    loss: Loss,
    feeding: Feeding<'_>,
) -> Result<Evaluation, TrainError> {
    let start = Instant::now();
    check_labels(images, "evaluated", classes)?;
    let model = model.valid();
    let device = device_of(&model);
    let batches = Batches::in_order(images.len(), feeding.batch_size)?;
    let mut tally = Tally::new(classes);
    let not_finite = thread::scope(|scope| {
        for batch in feed(scope, images, &batches, feeding.normalise) {
            let mut batch = batch?;
            let logits = model.forward(batch.take_images(&device));
            check_outputs(logits.dims(), classes)?;
            let loss = loss.of_labels(logits.clone(), &batch.labels);
            let not_finite = tally.push(loss, logits, batch.labels)?;
            if not_finite.is_some() {
                return Ok(not_finite);
            }
        }
        tally.read()
    })?;
    Ok(Evaluation {
        loss: not_finite.map_or_else(|| tally.mean_loss(), |found| found.loss),
        confusion: tally.into_confusion(),
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// Class probabilities of a series of images.
#[derive(Clone, Debug, PartialEq)]
pub struct Probabilities {
    classes: usize,
    values: Vec<f32>,
}

impl Probabilities {
    /// One row per image, one probability per class.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.classes.max(1))
    }

    /// The `count` most likely classes of one image with their probabilities, likeliest first;
    /// none past the last image.
    pub fn top(&self, image: usize, count: usize) -> Vec<(usize, f32)> {
        let row = self.rows().nth(image).unwrap_or_default();
        let mut ranked: Vec<(usize, f32)> = row.iter().copied().enumerate().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked.truncate(count);
        ranked
    }
}

/// Class probabilities (softmax of the logits) of each image, in evaluation mode. Labels are not
/// looked at.
///
/// # Errors
///
/// A data error if the images do not fit `feeding`.
pub fn predict<M: Classifier>(
    model: &M,
    images: &Images,
    feeding: Feeding<'_>,
) -> Result<Probabilities, TrainError> {
    let model = model.valid();
    let device = device_of(&model);
    let batches = Batches::in_order(images.len(), feeding.batch_size)?;
    let mut probabilities = Probabilities {
        classes: 0,
        values: Vec::new(),
    };
    thread::scope(|scope| {
        for batch in feed(scope, images, &batches, feeding.normalise) {
            let logits = model.forward(batch?.take_images(&device));
            probabilities.classes = logits.dims()[1];
            let rows: Vec<f32> = values(softmax(logits, 1).try_into_vec_as())?;
            probabilities.values.extend(rows);
        }
        Ok::<_, TrainError>(())
    })?;
    Ok(probabilities)
}

/// Where the parameters of a module are, without automatic differentiation.
pub(super) fn device_of<M: Classifier>(model: &M) -> Device {
    let device = model.devices().into_iter().next().unwrap_or_default();
    device.without_autodiff()
}

/// Refuses a network with another number of logits than there are classes.
pub(super) fn check_outputs(dims: [usize; 2], classes: usize) -> Result<(), TrainError> {
    let [_, outputs] = dims;
    if outputs == classes {
        Ok(())
    } else {
        Err(TrainError::WrongOutputs { outputs, classes })
    }
}

/// Refuses a label that is no class.
pub(super) fn check_labels(
    images: &Images,
    part: &'static str,
    classes: usize,
) -> Result<(), TrainError> {
    let outside = |&label: &u16| usize::from(label) >= classes;
    match images.labels.iter().position(outside) {
        Some(index) => Err(TrainError::BadLabel {
            part,
            index,
            label: images.labels[index],
            classes,
        }),
        None => Ok(()),
    }
}
