//! How much can be trained in the time there is.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use spectral_lab::data::DataSet;
use spectral_lab::model::{self, InputSpec, trainable};
use spectral_lab::train::{Recipe, fit};

use super::{BATCH, MOST_LONGER, PAIRS, Set};
use crate::kit::run::Part;
use crate::{StudyError, StudyRun};

/// What a plan chooses from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    /// Sets of images at most.
    pub(super) sets: usize,
    /// Training and test images that a pace is measured on.
    pub(super) pilot: [usize; 2],
    /// From the most to the least.
    pub(super) extents: &'static [Extent],
    /// What is trained where none of them fits.
    pub(super) least: Extent,
}

/// Test images at most.
const TEST: usize = 5_000;

/// Hours that are planned for of every hour there is.
const RESERVE: f64 = 0.85;

/// How fast a network is on a set of images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Pace {
    /// The set.
    pub(super) set: String,
    /// The network.
    pub(super) model: String,
    /// Trainable parameters.
    pub(super) params: usize,
    /// Seconds to train on an image, and to name one.
    pub(super) seconds: [f64; 2],
}

/// How much is trained on each set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Extent {
    /// Training images at most.
    pub(super) train: usize,
    /// Test images at most.
    pub(super) test: usize,
    pub(super) seeds: u64,
    pub(super) epochs: usize,
}

/// So much of training images, seeds and epochs.
pub(super) const fn extent(train: usize, seeds: u64, epochs: usize) -> Extent {
    Extent {
        train,
        test: TEST,
        seeds,
        epochs,
    }
}

/// What is going to be trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) extent: Extent,
    /// Networks that have time for more epochs than their twins.
    pub(super) longer: Vec<Longer>,
    /// What that should take.
    pub(super) hours: f64,
}

/// A network that has time for more epochs than its twin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Longer {
    pub(super) set: String,
    pub(super) model: String,
    pub(super) epochs: usize,
}

impl Plan {
    /// The largest plan that fits into a number of hours, or the smallest one.
    pub(super) fn within(hours: f64, sets: &[&Set], paces: &[Pace], choice: &Choice) -> Self {
        let extents = choice.extents.iter();
        let mut plans = extents.map(|extent| Self::of(*extent, sets, paces));
        let fitting = plans.find(|plan| plan.hours <= RESERVE * hours);
        fitting.unwrap_or_else(|| Self::of(choice.least, sets, paces))
    }

    fn of(extent: Extent, sets: &[&Set], paces: &[Pace]) -> Self {
        let mut longer = Vec::new();
        let mut seconds = 0.0;
        for set in sets {
            let of_set = |model: &str| {
                let mut found = paces.iter();
                found.find(|pace| pace.set == set.name && pace.model == model)
            };
            let images = extent.train.min(set.train) as f64;
            let epoch = |pace: &Pace| {
                images * pace.seconds[0] + extent.test.min(set.test) as f64 * pace.seconds[1]
            };
            for pair in &PAIRS {
                let (Some(spectral), Some(spatial)) = (of_set(pair.spectral), of_set(pair.spatial))
                else {
                    continue;
                };
                seconds += extent.epochs as f64 * (epoch(spectral) + epoch(spatial));
                let (slow, fast) = match spectral.seconds[0] > spatial.seconds[0] {
                    true => (spectral, spatial),
                    false => (spatial, spectral),
                };
                let times = (slow.seconds[0] / fast.seconds[0]).min(MOST_LONGER);
                let epochs = (times * extent.epochs as f64).round() as usize;
                if epochs > extent.epochs {
                    seconds += epochs as f64 * epoch(fast);
                    longer.push(Longer {
                        set: set.name.into(),
                        model: fast.model.clone(),
                        epochs,
                    });
                }
            }
        }
        Self {
            extent,
            longer,
            hours: seconds * extent.seeds as f64 / 3600.0,
        }
    }
}

/// How fast a network trains and names images: the second epoch of a short run.
pub(super) fn pace(run: &mut StudyRun<'_>, part: &Part, model: &str) -> Result<Pace, StudyError> {
    let data = run.data(part)?;
    measured(&data, model, run.device())
}

fn measured(data: &DataSet, model: &str, device: &Device) -> Result<Pace, StudyError> {
    let images = &data.train;
    let size = [images.height, images.width];
    let input = InputSpec::new(images.channels, size, data.classes.len());
    let network = model::build(model, &input, device)?;
    let params = trainable(&network);
    let mut config = Recipe::find("lab")?.config();
    config.epochs = 2;
    config.batch_size = BATCH;
    let outcome = fit(network, data, &config, None, &mut ())?;
    let timing = outcome.history.last().map(|epoch| epoch.timing);
    let timing = timing.ok_or_else(|| StudyError::Failed(format!("{model} diverged at once")))?;
    Ok(Pace {
        set: data.name.clone(),
        model: model.into(),
        params,
        seconds: [
            timing.train_seconds / images.len().max(1) as f64,
            timing.test_seconds / data.test.len().max(1) as f64,
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::super::{CHOICES, SETS};
    use super::*;

    fn paces(spectral: f64, spatial: f64) -> Vec<Pace> {
        let pace = |model: &str, seconds| Pace {
            set: SETS[2].name.into(),
            model: model.into(),
            params: 1,
            seconds: [seconds, 0.0],
        };
        let pairs = PAIRS.iter();
        pairs
            .flat_map(|pair| [pace(pair.spectral, spectral), pace(pair.spatial, spatial)])
            .collect()
    }

    #[test]
    fn a_plan_fits_into_its_hours_and_a_larger_budget_trains_no_less() {
        let mut before = 0;
        for hours in [0.5, 1.0, 4.0, 100.0] {
            let plan = Plan::within(hours, &[&SETS[2]], &paces(2e-3, 1e-3), &CHOICES.full);
            assert!(plan.hours <= hours, "{hours}: {plan:?}");
            let extent = plan.extent;
            let work = extent.train.min(SETS[2].train) * extent.epochs * extent.seeds as usize;
            assert!(work >= before, "{hours}: {plan:?}");
            before = work;
        }
        // Too little for anything: the least there is.
        let plan = Plan::within(1e-9, &[&SETS[2]], &paces(1.0, 1.0), &CHOICES.full);
        assert_eq!(plan.extent, CHOICES.full.least);
    }

    #[test]
    fn the_faster_network_gets_the_epochs_that_the_slower_one_has_time_for() {
        let plan = Plan::of(extent(1000, 1, 4), &[&SETS[2]], &paces(3e-3, 1e-3));
        assert_eq!(plan.longer.len(), PAIRS.len());
        for (longer, pair) in plan.longer.iter().zip(&PAIRS) {
            assert_eq!((longer.model.as_str(), longer.epochs), (pair.spatial, 12));
        }
        // 4 epochs of both, and as many seconds as the slower one's once more, for eight pairs.
        let seconds = 8.0 * (4.0 * 4.0 + 12.0);
        assert!((plan.hours - seconds / 3600.0).abs() < 1e-9, "{plan:?}");
        let plan = Plan::of(extent(1000, 1, 4), &[&SETS[2]], &paces(1e-3, 1.1e-3));
        assert!(plan.longer.is_empty(), "{plan:?}");
        let plan = Plan::of(extent(1000, 1, 4), &[&SETS[2]], &paces(1e-3, 1.0));
        assert!(plan.longer.iter().all(|longer| longer.epochs == 40));
    }
}
