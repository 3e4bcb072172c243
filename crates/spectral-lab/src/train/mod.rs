//! Training and evaluation of networks that classify or reconstruct images or map fields to fields,
//! with resumable runs.
//!
//! [`fit`] trains any [`Classifier`] on a [`DataSet`](crate::data::DataSet) with a [`TrainConfig`],
//! reports to an [`Observer`], and keeps the run in a [`RunFolder`] if it is given one; [`fit_fields`]
//! does the same for an [`Operator`] on a [`FieldSet`](crate::data::fields::FieldSet).
//! [`evaluate`], [`predict`] and [`reconstruct`] use a trained network. A [`Recipe`] holds the
//! settings of a published experiment.

mod checkpoint;
mod classifier;
mod clipping;
mod config;
mod error;
mod evaluate;
mod feed;
mod fields;
mod files;
mod fit;
mod fused;
pub mod fuzzing;
mod history;
mod image_list;
mod images;
mod learner;
mod loss;
mod metrics;
mod observer;
mod optimizer;
mod param_ids;
mod plateau;
mod problem;
mod progress;
mod recipe;
mod run_folder;
mod schedule;
mod settings;
mod tally;
mod target;
mod tensors;
mod trainable;
mod trained_on;
mod weights;

#[cfg(test)]
mod tests;

pub use checkpoint::BestEpoch;
pub use classifier::Classifier;
pub use clipping::Clipping;
pub use config::{ScalingConfig, TrainConfig};
pub use error::TrainError;
pub use evaluate::{Evaluation, Feeding, Probabilities, evaluate, predict, reconstruct};
pub use fields::{Operator, Scaled, Scaling, evaluate_fields, fit_fields};
pub use fit::{Ending, TrainOutcome, fit};
pub use history::{EpochMetrics, EpochTiming};
pub use learner::Learner;
pub use loss::{DerivativeKind, Loss};
pub use metrics::{ConfusionMatrix, FieldErrors, Scores};
pub use observer::{EpochProgress, Observer};
pub use optimizer::{AdamSettings, AdamWSettings, OptimizerConfig, RmsPropSettings, SgdSettings};
pub use plateau::{Monitor, PlateauSettings, PlateauState};
pub use progress::ProgressReporter;
pub use recipe::{Recipe, recipes};
pub use run_folder::{DataDescription, FieldDescription, RunConfig, RunFolder};
pub use schedule::{Decay, ScheduleConfig, Scheduler, Span, Warmup};
pub use target::{Target, Task};
pub use tensors::{check_finite_weights, converted_precisions};
pub use trainable::Trainable;
pub use trained_on::{TrainedOn, read_trained_on};
pub use weights::{
    ModelDescription, load_model_weights, read_model_description, save_model_weights,
    save_trained_weights,
};
