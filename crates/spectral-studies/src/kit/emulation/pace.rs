//! How long an update takes, and what fits into equal times.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use serde_json::json;

use spectral_lab::data::fields::{FieldSet, NamedSamples};
use spectral_lab::operate::{FieldNetwork, fit};
use spectral_lab::train::Scaling;

use super::errors::median;
use super::flow::Flow;
use super::network::{Sized, emulator};
use crate::{StudyError, StudyRun};

/// What the time per update is measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Rounds {
    /// Trajectories that are trained on in a round, twice, of which the second time is taken.
    pub(crate) trajectories: usize,
    /// Pairs of a mini-batch.
    pub(crate) batch: usize,
    pub(crate) rounds: usize,
}

/// Time per update of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pace {
    network: String,
    seconds: f64,
}

/// Seconds per update of each network, as the step `pace`; see [`paces`].
pub(crate) fn paced(
    run: &mut StudyRun<'_>,
    flow: &Flow,
    networks: &[Sized],
    rounds: Rounds,
) -> Result<Vec<f64>, StudyError> {
    let specs = networks.iter().map(|network| (network.name, &network.spec));
    let specs: Vec<_> = specs.collect();
    let settings = json!({"flow": flow.settings(), "networks": specs, "of": rounds});
    let found: Vec<Pace> = run.step("pace", settings, |run| {
        let seconds = paces(networks, flow.set()?, rounds, run.device())?;
        let found = networks.iter().zip(seconds).map(|(network, seconds)| Pace {
            network: network.name.into(),
            seconds,
        });
        Ok(found.collect())
    })?;
    Ok(found.into_iter().map(|pace| pace.seconds).collect())
}

/// Seconds per update of each network: the median over rounds in which they take turns, so that what else the machine
/// does meets all of them.
fn paces(
    networks: &[Sized],
    data: &FieldSet,
    rounds: Rounds,
    device: &Device,
) -> Result<Vec<f64>, StudyError> {
    let mut train = data.train.clone();
    train.truncate(rounds.trajectories);
    let mut samples = data.tests[0].samples.clone();
    samples.truncate(1);
    let test = NamedSamples {
        name: data.tests[0].name.clone(),
        samples,
    };
    let pairs = train.len();
    let data = FieldSet {
        train,
        tests: vec![test],
        ..data.clone()
    };
    let config = emulator(2, pairs, rounds.batch, 0)?;
    let updates = pairs.div_ceil(rounds.batch) as f64;
    let mut seconds = vec![Vec::new(); networks.len()];
    for _ in 0..rounds.rounds {
        for (network, seconds) in networks.iter().zip(&mut seconds) {
            let model = FieldNetwork::build(network.name, &network.spec, device)?;
            let outcome = fit(model, (&data, &Scaling::default()), &config, None, &mut ())?;
            let epoch = outcome.history.last().filter(|epoch| epoch.epoch == 2);
            let epoch = epoch
                .ok_or_else(|| StudyError::Failed(format!("{} diverged at once", network.name)))?;
            seconds.push(epoch.timing.train_seconds / updates);
        }
    }
    Ok(seconds.iter_mut().map(|of| median(of)).collect())
}

/// Which of two networks takes more time per update, and how many whole epochs it gets in the time that the other one
/// takes for `epochs`: at least one.
pub(crate) fn equal_time(seconds: [f64; 2], epochs: usize) -> (usize, usize) {
    let slower = usize::from(seconds[1] > seconds[0]);
    let share = seconds[1 - slower] / seconds[slower];
    (slower, ((epochs as f64 * share) as usize).clamp(1, epochs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slower_network_gets_the_epochs_that_the_faster_one_leaves_time_for() {
        assert_eq!(equal_time([2.0, 1.0], 80), (0, 40));
        assert_eq!(equal_time([1.0, 3.0], 80), (1, 26));
        assert_eq!(equal_time([1.0, 1.0], 80), (0, 80));
        assert_eq!(equal_time([1.0, 1e3], 80), (1, 1));
    }
}
