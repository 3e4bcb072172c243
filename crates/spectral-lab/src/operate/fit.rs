//! Training and evaluation.

use super::network::{FieldNetwork, each};
use crate::data::fields::{FieldSet, Samples};
use crate::train::{
    Evaluation, Observer, RunFolder, Scaling, TrainConfig, TrainError, TrainOutcome,
    evaluate_fields, fit_fields,
};

/// Trains a network on fields; see [`fit_fields`].
///
/// # Errors
/// Those of [`fit_fields`].
pub fn fit(
    network: FieldNetwork,
    data: (&FieldSet, &Scaling),
    config: &TrainConfig,
    run: Option<&RunFolder>,
    observer: &mut dyn Observer,
) -> Result<TrainOutcome<FieldNetwork>, TrainError> {
    Ok(match network {
        FieldNetwork::Line(net) => with_model(
            fit_fields(net, data, config, run, observer)?,
            FieldNetwork::Line,
        ),
        FieldNetwork::Plane(net) => with_model(
            fit_fields(net, data, config, run, observer)?,
            FieldNetwork::Plane,
        ),
        FieldNetwork::Volume(net) => with_model(
            fit_fields(net, data, config, run, observer)?,
            FieldNetwork::Volume,
        ),
    })
}

fn with_model<A, B>(outcome: TrainOutcome<A>, change: impl FnOnce(A) -> B) -> TrainOutcome<B> {
    TrainOutcome {
        model: change(outcome.model),
        history: outcome.history,
        best: outcome.best,
        evaluation: outcome.evaluation,
        ending: outcome.ending,
    }
}

/// Loss and relative errors on samples of `data`; see [`evaluate_fields`].
///
/// # Errors
/// Those of [`evaluate_fields`].
pub fn evaluate(
    network: &FieldNetwork,
    data: (&FieldSet, &Samples),
    scaling: &Scaling,
    config: &TrainConfig,
) -> Result<Evaluation, TrainError> {
    each!(network, model => evaluate_fields(model, data, scaling, config))
}
