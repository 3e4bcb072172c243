//! Evaluation and prediction.

use std::thread;
use std::time::Instant;

use burn::module::Module;
use burn::tensor::Device;
use burn::tensor::activation::{sigmoid, softmax};

use super::classifier::Classifier;
use super::error::TrainError;
use super::feed::{Preparation, feed, feed_with};
use super::images::run_images;
use super::loss::Loss;
use super::metrics::{ConfusionMatrix, FieldErrors, Scores};
use super::problem::{Part, Problem};
use super::tally::{NotFinite, Tally, values};
use super::target::{Target, Task};
use crate::data::{Batches, Images, Normalize};

/// Results of a network on a set of images.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean loss per image; not finite if that of any batch is not.
    pub loss: f64,
    /// The confusion matrix; none without classes.
    pub confusion: Option<ConfusionMatrix>,
    /// Relative errors; none without fields.
    pub errors: Option<FieldErrors>,
    /// Wall-clock time.
    pub seconds: f64,
}

impl Evaluation {
    fn of(tally: Tally, not_finite: Option<NotFinite>, start: Instant) -> Self {
        Self {
            loss: not_finite.map_or_else(|| tally.mean_loss(), |found| found.loss),
            errors: tally.errors(),
            confusion: tally.into_confusion(),
            seconds: start.elapsed().as_secs_f64(),
        }
    }

    /// Accuracy, precision, recall and F1; none without classes.
    pub fn scores(&self) -> Option<Scores> {
        self.confusion.as_ref().map(ConfusionMatrix::scores)
    }
}

/// How images are fed to a network in evaluation.
#[derive(Clone, Copy, Debug)]
pub struct Feeding<'a> {
    /// Normalization of pixel values, as in training.
    pub normalize: &'a Normalize,
    /// Batch size; 1 or more.
    pub batch_size: usize,
}

/// Loss of `model` on `images`, and the confusion matrix if it classifies, in evaluation mode.
///
/// # Errors
///
/// [`TrainError::BadLabel`] for a label out of range, [`TrainError::WrongOutputs`] or
/// [`TrainError::WrongReconstruction`] if the number of outputs does not fit the task; a data error
/// if the images do not fit `feeding`.
pub fn evaluate<M: Classifier>(
    model: &M,
    images: &Images,
    task: Task,
    feeding: Feeding<'_>,
) -> Result<Evaluation, TrainError> {
    let start = Instant::now();
    if task.has_classes() {
        check_labels(images, "evaluated", task.classes)?;
    }
    let model = model.valid();
    let device = device_of(&model);
    let batches = Batches::in_order(images.len(), feeding.batch_size)?;
    let preparation = Preparation::plain(feeding.normalize, task.target);
    let mut tally = Tally::of(&task);
    let not_finite = thread::scope(|scope| {
        for batch in feed(scope, images, &batches, preparation) {
            let outputs = run_images(&model, images, &task, batch?, &device)?;
            let not_finite = tally.push(outputs)?;
            if not_finite.is_some() {
                return Ok(not_finite);
            }
        }
        tally.read()
    })?;
    Ok(Evaluation::of(tally, not_finite, start))
}

/// Loss and errors of `model` on the test samples of a problem, in evaluation mode.
pub(super) fn evaluate_problem<M: Module, P: Problem<M>>(
    model: &M,
    problem: &P,
    batch_size: usize,
) -> Result<Evaluation, TrainError> {
    let start = Instant::now();
    let model = model.valid();
    let device = device_of(&model);
    let batches = Batches::in_order(problem.samples(Part::Test), batch_size)?;
    let mut tally = problem.tally();
    let not_finite = thread::scope(|scope| {
        let load = |indices: &[u32]| problem.load(Part::Test, indices);
        for batch in feed_with(scope, &batches, load) {
            let outputs = problem.run(&model, Part::Test, batch?, &device)?;
            let not_finite = tally.push(outputs)?;
            if not_finite.is_some() {
                return Ok(not_finite);
            }
        }
        tally.read()
    })?;
    Ok(Evaluation::of(tally, not_finite, start))
}

/// Class probabilities of a list of images.
#[derive(Clone, Debug, PartialEq)]
pub struct Probabilities {
    classes: usize,
    values: Vec<f32>,
}

impl Probabilities {
    /// One row per image, one column per class.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.classes.max(1))
    }

    /// The `count` most likely classes of one image with their probabilities, most likely first;
    /// none past the last image.
    pub fn top(&self, image: usize, count: usize) -> Vec<(usize, f32)> {
        let row = self.rows().nth(image).unwrap_or_default();
        let mut ranked: Vec<(usize, f32)> = row.iter().copied().enumerate().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked.truncate(count);
        ranked
    }
}

/// Class probabilities (softmax of the logits) of each image, in evaluation mode. Labels are
/// ignored.
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
    let preparation = Preparation::plain(feeding.normalize, Target::Label);
    thread::scope(|scope| {
        for batch in feed(scope, images, &batches, preparation) {
            let logits = model.forward(batch?.take_images(&device));
            probabilities.classes = logits.dims()[1];
            let rows: Vec<f32> = values(softmax(logits, 1).try_into_vec_as())?;
            probabilities.values.extend(rows);
        }
        Ok::<_, TrainError>(())
    })?;
    Ok(probabilities)
}

/// Reconstructions of `images` by `model`, trained on that loss, in evaluation mode: its outputs
/// (after a sigmoid, if the loss takes logits) times 255, rounded, within 0 to 255.
///
/// # Errors
///
/// [`TrainError::WrongReconstruction`] if the network does not give one output per pixel and
/// channel; a data error if the images do not fit `feeding`.
pub fn reconstruct<M: Classifier>(
    model: &M,
    images: &Images,
    loss: Loss,
    feeding: Feeding<'_>,
) -> Result<Images, TrainError> {
    let model = model.valid();
    let device = device_of(&model);
    let task = Task {
        target: Target::Image,
        loss,
        classes: 0,
    };
    let batches = Batches::in_order(images.len(), feeding.batch_size)?;
    let preparation = Preparation::plain(feeding.normalize, Target::Label);
    let mut pixels = Vec::with_capacity(images.pixels.len());
    thread::scope(|scope| {
        for batch in feed(scope, images, &batches, preparation) {
            let outputs = model.forward(batch?.take_images(&device));
            task.check_outputs(outputs.dims(), images)?;
            let outputs = match loss {
                Loss::BinaryCrossEntropy | Loss::CrossEntropy { .. } => sigmoid(outputs),
                _ => outputs,
            };
            let rows: Vec<f32> = values(outputs.try_into_vec_as())?;
            // The cast clamps to 0..255.
            pixels.extend(rows.into_iter().map(|value| (255.0 * value).round() as u8));
        }
        Ok::<_, TrainError>(())
    })?;
    Ok(Images {
        pixels,
        ..images.clone()
    })
}

/// The device of a module's parameters, without autodiff.
pub(super) fn device_of<M: Module>(model: &M) -> Device {
    let device = model.devices().into_iter().next().unwrap_or_default();
    device.without_autodiff()
}

/// Rejects labels out of range.
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
