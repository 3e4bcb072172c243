//! The training loop.

use std::thread;
use std::time::Instant;

use burn::tensor::Device;

use super::checkpoint::{BestEpoch, RunState};
use super::classifier::Classifier;
use super::config::TrainConfig;
use super::error::TrainError;
use super::evaluate::{Evaluation, device_of, evaluate_problem};
use super::feed::feed_with;
use super::history::{EpochMetrics, EpochTiming};
use super::images::ImageProblem;
use super::learner::Learner;
use super::observer::{EpochProgress, Observer};
use super::problem::{Part, Problem};
use super::run_folder::RunFolder;
use super::schedule::Scheduler;
use super::tally::{NotFinite, Tally};
use super::trainable::Trainable;
use super::trained_on::TrainedOn;
use crate::data::{Batches, DataSet};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ending {
    /// All epochs completed.
    Completed,
    /// The observer stopped it after this epoch.
    Stopped {
        /// Its number, from 1.
        epoch: usize,
    },
    /// The loss became infinite or NaN. A run folder keeps the last checkpoint before.
    Diverged {
        /// The epoch, from 1.
        epoch: usize,
        /// The mini-batch with that loss, counted from 1 over the whole run, or the last one before
        /// the test loss.
        step: u64,
        /// The loss.
        loss: f64,
    },
}

/// The result of a run.
#[derive(Clone, Debug)]
pub struct TrainOutcome<M> {
    /// The network after the last step, in evaluation mode.
    pub model: M,
    /// One entry per finished epoch, including those before a resume.
    pub history: Vec<EpochMetrics>,
    /// The epoch with the highest test accuracy, or the lowest test loss without classes; the first
    /// of equals; none if none finished.
    pub best: Option<BestEpoch>,
    /// The evaluation after the last epoch; none if the run diverged.
    pub evaluation: Option<Evaluation>,
    /// How it ended.
    pub ending: Ending,
}

/// Trains `model` on the training part of `data`, evaluating it on the test part after each epoch.
///
/// With a run folder the run is recorded there, and continues from its latest checkpoint if it has
/// one: the initial weights of `model` do not matter then, and weights and metrics are bitwise the
/// same as without the interruption. The device's random number generator is seeded for each epoch
/// from the seed and the epoch; on a backend with one generator for all, as on the CPU, nothing
/// else may draw from it meanwhile.
///
/// # Errors
///
/// [`TrainError::BadOption`] for bad settings; [`TrainError::NoSamples`], [`TrainError::BadLabel`],
/// [`TrainError::WrongOutputs`], [`TrainError::WrongReconstruction`] or a data error if data and
/// network do not fit; [`TrainError::Changed`] if `config` is not that of the run folder;
/// [`TrainError::ImagesChanged`] if `data` is a folder of other images than the run's;
/// [`TrainError::InUse`] if another process trains it; [`TrainError::Damaged`] if the folder cannot
/// be resumed; [`TrainError::Io`] or [`TrainError::Save`] if it cannot be written to. A loss that
/// is not finite is not an error but an [`Ending`].
pub fn fit<M: Classifier>(
    model: M,
    data: &DataSet,
    config: &TrainConfig,
    run: Option<&RunFolder>,
    observer: &mut dyn Observer,
) -> Result<TrainOutcome<M>, TrainError> {
    config.validate()?;
    let problem = ImageProblem::new(data, config);
    fit_problem(model, &problem, config, run, observer)
}

/// Trains `model` on any problem.
pub(super) fn fit_problem<M: Trainable, P: Problem<M>>(
    model: M,
    problem: &P,
    config: &TrainConfig,
    run: Option<&RunFolder>,
    observer: &mut dyn Observer,
) -> Result<TrainOutcome<M>, TrainError> {
    problem.check()?;
    let mut _lock = None;
    if let Some(run) = run {
        run.check_train_config(config)?;
        _lock = Some(run.hold()?);
        problem.keep(run)?;
    }
    let mut training = Training::begin(model, problem, config, run)?;
    let mut evaluation = None;
    let mut ending = Ending::Completed;
    for epoch in training.state.history.len() + 1..=config.epochs {
        let outcome;
        (training, outcome) = training.epoch(epoch, observer)?;
        match outcome {
            EpochOutcome::Diverged(found) => {
                evaluation = None;
                ending = Ending::Diverged {
                    epoch,
                    step: found.batch,
                    loss: found.loss,
                };
                break;
            }
            EpochOutcome::Finished { after, stop } => {
                evaluation = Some(after);
                training.save(stop || epoch == config.epochs)?;
                if stop && epoch < config.epochs {
                    ending = Ending::Stopped { epoch };
                    break;
                }
            }
        }
    }
    if evaluation.is_none() && ending == Ending::Completed {
        // A run resumed after its last epoch.
        evaluation = Some(training.evaluate()?);
    }
    Ok(TrainOutcome {
        model: training.learner.model.valid(),
        best: training.state.best,
        history: training.state.history,
        evaluation,
        ending,
    })
}

/// The state that changes from step to step, and its inputs.
struct Training<'a, M, P> {
    learner: Learner<M>,
    scheduler: Scheduler,
    state: RunState,
    problem: &'a P,
    config: &'a TrainConfig,
    run: Option<&'a RunFolder>,
    trained_on: TrainedOn,
    device: Device,
}

enum EpochOutcome {
    Finished { after: Evaluation, stop: bool },
    Diverged(NotFinite),
}

impl<'a, M: Trainable, P: Problem<M>> Training<'a, M, P> {
    /// Starts fresh, or from the checkpoint of `run`.
    fn begin(
        model: M,
        problem: &'a P,
        config: &'a TrainConfig,
        run: Option<&'a RunFolder>,
    ) -> Result<Self, TrainError> {
        let device = device_of(&model).autodiff();
        let samples = problem.samples(Part::Train { epoch: 1 });
        let steps_per_epoch = batches(samples, config, 1)?.len() as u64;
        let mut scheduler = Scheduler::new(config.schedule, config.learning_rate, steps_per_epoch);
        let restored = match run {
            Some(run) => run.restore(model.clone(), config.optimizer.build())?,
            None => None,
        };
        let (model, optimizer, state) = match restored {
            Some(restored) => (restored.model, restored.optimizer, restored.state),
            None => (model, config.optimizer.build(), RunState::default()),
        };
        if let Some(plateau) = state.plateau {
            scheduler.restore(plateau);
        }
        Ok(Self {
            learner: Learner {
                model: model.train(),
                optimizer,
            },
            scheduler,
            state,
            problem,
            config,
            run,
            trained_on: problem.trained_on(),
            device,
        })
    }

    /// One epoch of training and the evaluation after it.
    fn epoch(
        self,
        epoch: usize,
        observer: &mut dyn Observer,
    ) -> Result<(Self, EpochOutcome), TrainError> {
        let first_step = self.state.step;
        let start = Instant::now();
        let (mut training, tally, diverged) = self.steps(epoch, observer)?;
        if let Some(found) = diverged {
            return Ok((training, EpochOutcome::Diverged(found)));
        }
        // Never 0, so that images per second are finite.
        let train_seconds = start.elapsed().as_secs_f64().max(1e-9);

        observer.evaluation_started(epoch);
        let after = training.evaluate()?;
        if !after.loss.is_finite() {
            let found = NotFinite {
                batch: training.state.step,
                loss: after.loss,
            };
            return Ok((training, EpochOutcome::Diverged(found)));
        }

        let metrics = EpochMetrics {
            epoch,
            step: training.state.step,
            learning_rate: training
                .scheduler
                .rate(training.state.step.saturating_sub(1)),
            train_loss: tally.mean_loss(),
            train_accuracy: tally.accuracy(),
            test_loss: after.loss,
            test: after.scores(),
            errors: after.errors,
            timing: EpochTiming {
                train_seconds,
                test_seconds: after.seconds,
                images_per_second: tally.images() as f64 / train_seconds,
            },
        };
        let stop = training.record(first_step, metrics, observer)?;
        Ok((training, EpochOutcome::Finished { after, stop }))
    }

    /// The steps of one epoch: the tally, and the first loss that was not finite, if any, with its
    /// step counted over the whole run.
    fn steps(
        mut self,
        epoch: usize,
        observer: &mut dyn Observer,
    ) -> Result<(Self, Tally, Option<NotFinite>), TrainError> {
        let (problem, config) = (self.problem, self.config);
        let part = Part::Train { epoch };
        let batches = batches(problem.samples(part), config, epoch)?;
        let first_step = self.state.step;
        let mut tally = problem.tally();
        let mut progress = EpochProgress {
            epoch,
            epochs: config.epochs,
            images: 0,
            images_in_epoch: batches.images(),
            loss: 0.0,
        };
        observer.epoch_started(progress);
        self.device.seed(epoch_seed(config.seed, epoch));
        let (training, not_finite) = thread::scope(|scope| {
            let load = move |indices: &[u32]| problem.load(part, indices);
            for batch in feed_with(scope, &batches, load) {
                let rate = self.scheduler.rate(self.state.step);
                let outputs = problem.run(&self.learner.model, part, batch?, &self.device)?;
                let objective = self.learner.objective(outputs.loss.clone());
                self.learner = self
                    .learner
                    .update(objective.backward(), rate, config.clipping);
                self.state.step += 1;
                progress.images += outputs.samples;
                let not_finite = tally.push(outputs)?;
                if not_finite.is_some() {
                    return Ok((self, not_finite));
                }
                progress.loss = tally.mean_loss();
                observer.batch_finished(progress);
            }
            let not_finite = tally.read()?;
            self.device
                .sync()
                .map_err(|error| TrainError::Device(format!("{error:?}")))?;
            Ok::<_, TrainError>((self, not_finite))
        })?;
        let not_finite = not_finite.map(|found| NotFinite {
            batch: first_step + found.batch + 1,
            ..found
        });
        Ok((training, tally, not_finite))
    }

    fn evaluate(&self) -> Result<Evaluation, TrainError> {
        let batch_size = self.config.eval_batch_size;
        evaluate_problem(&self.learner.model, self.problem, batch_size)
    }

    /// Records the results of an epoch. Returns whether the observer stops the run.
    fn record(
        &mut self,
        first_step: u64,
        metrics: EpochMetrics,
        observer: &mut dyn Observer,
    ) -> Result<bool, TrainError> {
        self.scheduler
            .epoch_finished(first_step, metrics.train_loss, metrics.test_loss);
        self.state.plateau = Some(self.scheduler.state());
        let best = self.state.best;
        let best = best.and_then(|best| self.state.history.get(best.epoch - 1));
        if best.is_none_or(|best| metrics.better_than(best)) {
            self.state.best = Some(BestEpoch {
                epoch: metrics.epoch,
                test_accuracy: metrics.test_accuracy(),
            });
            if let Some(run) = self.run
                && self.config.keep_best
            {
                run.save_best(&self.trained_on, &self.learner.model)?;
            }
        }
        if let Some(run) = self.run {
            run.add_metrics(&metrics)?;
        }
        let stop = observer.epoch_finished(&metrics).is_break();
        self.state.history.push(metrics);
        Ok(stop)
    }

    /// Writes a checkpoint if one is due; after the last epoch it always is.
    fn save(&self, last: bool) -> Result<(), TrainError> {
        let due = self
            .state
            .history
            .len()
            .is_multiple_of(self.config.checkpoint_every);
        match self.run {
            Some(run) if due || last => run.save_checkpoint(
                &self.trained_on,
                &self.learner.model,
                &self.learner.optimizer,
                &self.state,
            ),
            _ => Ok(()),
        }
    }
}

/// The mini-batches of an epoch.
fn batches(samples: usize, config: &TrainConfig, epoch: usize) -> Result<Batches, TrainError> {
    let batches = Batches::shuffled(samples, config.batch_size, config.seed, epoch as u64)?;
    Ok(if config.drop_last {
        batches.drop_last()
    } else {
        batches
    })
}

/// A separate seed for each epoch (the finalizer of SplitMix64; Steele, Lea and Flood, 2014).
fn epoch_seed(seed: u64, epoch: usize) -> u64 {
    let mut z = seed.wrapping_add((epoch as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
