//! How soon a network reaches given losses.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use spectral_lab::bench::median;
use spectral_lab::data::{Augmenter, Batches, DataSet};
use spectral_lab::model::Network;
use spectral_lab::report::Line;
use spectral_lab::train::TrainConfig;

use super::stepper::{Batch, Stepper};
use crate::StudyError;
use crate::kit::comparison::PerSeed;
use crate::kit::line;

/// The epoch that changes the images that the loss is read on; no training has it.
const UNSEEN_CHANGES: u64 = 0;

/// How often the loss is read, and on what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Probing {
    /// Training images, in batches of training's size; a rest is left out.
    pub(super) images: usize,
    /// Steps between two readings.
    pub(super) every: usize,
    /// What the changes of these images are drawn from.
    pub(super) seed: u64,
}

/// The loss of one training by step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Pace {
    /// Steps before each reading.
    pub(super) steps: Vec<usize>,
    /// The loss on the same training images each time; none where it is no number.
    pub(super) losses: Vec<Option<f64>>,
    /// The time of the steps before each reading.
    pub(super) seconds: Vec<f64>,
}

/// A loss reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reached {
    pub(super) steps: usize,
    pub(super) seconds: f64,
}

impl Pace {
    /// The first reading of that loss or less.
    pub(super) fn reaches(&self, loss: f64) -> Option<Reached> {
        let is_there = |got: &Option<f64>| got.is_some_and(|got| got <= loss);
        let at = self.losses.iter().position(is_there)?;
        Some(Reached {
            steps: self.steps[at],
            seconds: self.seconds[at],
        })
    }
}

impl PerSeed<Pace> {
    /// When each seed reaches a loss.
    pub(super) fn reaches(&self, loss: f64) -> Vec<Option<Reached>> {
        self.seeds.iter().map(|pace| pace.reaches(loss)).collect()
    }

    /// The median of a figure over the seeds, none unless every seed reaches the loss.
    pub(super) fn middle(&self, loss: f64, figure: fn(Reached) -> f64) -> Option<f64> {
        let all: Option<Vec<f64>> = (self.reaches(loss).into_iter())
            .map(|reached| reached.map(figure))
            .collect();
        median(&all?)
    }

    /// The last loss, the median over the seeds.
    pub(super) fn last(&self) -> Option<f64> {
        let last: Option<Vec<f64>> = (self.seeds.iter())
            .map(|pace| pace.losses.last().copied().flatten())
            .collect();
        median(&last?)
    }

    /// The time of a step, the median over the seeds.
    pub(super) fn step_seconds(&self) -> Option<f64> {
        let all = self.seeds.iter().filter_map(|pace| {
            let steps = *pace.steps.last()?;
            (steps > 0).then_some(pace.seconds.last()? / steps as f64)
        });
        median(&all.collect::<Vec<_>>())
    }

    /// The mean loss by step.
    pub(super) fn line(&self, group: usize) -> Line {
        let readings = self.seeds.iter().map(|pace| pace.steps.len()).min();
        let points = (0..readings.unwrap_or(0)).map(|at| {
            let loss = self.mean(|pace| pace.losses[at].unwrap_or(f64::NAN));
            (self.seeds[0].steps[at] as f64, loss)
        });
        line(&self.model, group, points)
    }
}

/// Trains as [`fit`](spectral_lab::train::fit) does, and reads the loss on the way.
pub(super) fn pace(
    network: Network,
    data: &DataSet,
    config: &TrainConfig,
    probing: Probing,
    device: &Device,
) -> Result<Pace, StudyError> {
    Ok(trained(network, data, config, probing, device)?.0)
}

fn trained(
    network: Network,
    data: &DataSet,
    config: &TrainConfig,
    probing: Probing,
    device: &Device,
) -> Result<(Pace, Network), StudyError> {
    let images = &data.train;
    let normalize = config.normalize.clone().fitted(images);
    let changes = |seed, epoch| Augmenter {
        augment: &config.augment,
        seed,
        epoch,
    };
    let size = config.batch_size.min(images.len()).max(1);
    let count = (probing.images / size).clamp(1, images.len() / size);
    let all: Vec<u32> = (0..(count * size) as u32).collect();
    let read: Vec<Batch> = all
        .chunks(size)
        .map(|indices| {
            Batch::new(
                images,
                indices,
                changes(probing.seed, UNSEEN_CHANGES),
                &normalize,
            )
        })
        .collect::<Result<_, _>>()?;
    let mut stepper = Stepper::new(network, config, device);
    let mut pace = Pace::default();
    let (mut step, mut seconds) = (0, 0.0);
    let mut note = |stepper: &Stepper, step: usize, seconds: f64| {
        pace.steps.push(step);
        pace.losses.push(stepper.loss(&read));
        pace.seconds.push(seconds);
    };
    note(&stepper, step, seconds);
    for epoch in 1..=config.epochs as u64 {
        let batches = Batches::shuffled(images.len(), config.batch_size, config.seed, epoch)?;
        for indices in &batches {
            let batch = Batch::new(images, indices, changes(config.seed, epoch), &normalize)?;
            seconds += stepper.step(&batch);
            step += 1;
            if step.is_multiple_of(probing.every.max(1)) {
                note(&stepper, step, seconds);
            }
        }
    }
    Ok((pace, stepper.network()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Distribution, Tensor};
    use spectral_lab::data::{DataOptions, load};
    use spectral_lab::model::{InputSpec, build};
    use spectral_lab::train::{Classifier, Recipe, fit};

    #[test]
    fn it_is_the_training_that_fit_runs() {
        let options = DataOptions {
            train_count: Some(20),
            test_count: Some(8),
            ..DataOptions::default()
        };
        let data = load("textures", &options).unwrap();
        let config = TrainConfig {
            epochs: 2,
            batch_size: 8,
            ..Recipe::find("cats-vs-dogs").unwrap().config()
        };
        let config = TrainConfig {
            normalize: config.normalize.clone().fitted(&data.train),
            ..config
        };
        let device = Device::flex();
        let input = InputSpec::new(1, [32, 32], 10);
        let network = build("cats-gaussian", &input, &device).unwrap();
        let probing = Probing {
            images: 8,
            every: 2,
            seed: 0,
        };
        let (pace, ours) = trained(network.clone(), &data, &config, probing, &device).unwrap();
        let fitted = fit(network, &data, &config, None, &mut ()).unwrap().model;
        let images = Tensor::<4>::random([2, 1, 32, 32], Distribution::Default, &device);
        let outputs = |network: &Network| network.forward(images.clone()).into_data();
        assert_eq!(outputs(&ours), outputs(&fitted));
        assert_eq!(pace.steps, [0, 2, 4, 6]);
        assert!(pace.seconds.is_sorted() && pace.seconds[3] > 0.0);
        assert!(pace.losses.iter().all(Option::is_some), "{pace:?}");
    }

    #[test]
    fn a_loss_counts_from_where_it_is_first_read() {
        let pace = Pace {
            steps: vec![0, 5, 10, 15],
            losses: vec![Some(2.0), None, Some(0.5), Some(0.4)],
            seconds: vec![0.0, 1.0, 2.0, 3.0],
        };
        let reached = pace.reaches(0.5).unwrap();
        assert_eq!((reached.steps, reached.seconds), (10, 2.0));
        assert_eq!(pace.reaches(0.3), None);
    }

    fn paced() -> PerSeed<Pace> {
        let pace = |losses: [f64; 3]| Pace {
            steps: vec![0, 2, 4],
            losses: losses.map(Some).to_vec(),
            seconds: vec![0.0, 1.0, 2.0],
        };
        PerSeed {
            model: "net".into(),
            seeds: vec![pace([0.5, 0.3, 0.2]), pace([0.5, 0.2, 0.1])],
        }
    }

    #[test]
    fn a_median_needs_every_seed() {
        let paced = paced();
        assert_eq!(paced.middle(0.2, |at| at.steps as f64), Some(3.0));
        assert_eq!(paced.middle(0.1, |at| at.seconds), None);
        assert_eq!(paced.step_seconds(), Some(0.5));
        assert!((paced.last().unwrap() - 0.15).abs() < 1e-12);
    }

    #[test]
    fn a_line_has_the_means_over_the_seeds() {
        let line = paced().line(1);
        assert!((line.points[1].y - 0.25).abs() < 1e-12);
        assert_eq!(line.points.len(), 3);
    }
}
