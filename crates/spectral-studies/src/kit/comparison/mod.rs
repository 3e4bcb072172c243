//! Networks trained alike on one data set, from several seeds, beside a baseline.

mod network;
mod per_seed;
mod score;
mod standing;
mod subject;

use spectral_lab::report::{DataSetReport, EpochReport, ModelReport, Spread, combine_seeds};
use spectral_lab::train::{Decay, Recipe, Span, TrainConfig};

use super::run::Part;
use crate::{StudyError, StudyRun};

pub(crate) use per_seed::{Mean, PerSeed};
pub(crate) use score::{percent, points};
pub(crate) use standing::{Difference, Standing};
pub(crate) use subject::Subject;

/// What is to be trained.
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    /// On what.
    pub(crate) part: Part,
    /// How; the seed is replaced by each of [`seeds`](Self::seeds).
    pub(crate) config: TrainConfig,
    /// Networks of the registry, the baseline first.
    pub(crate) models: Vec<String>,
    /// Those that are trained from the first seed alone.
    pub(crate) once: Vec<String>,
    /// The seeds.
    pub(crate) seeds: Vec<u64>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Compared {
    /// The data, without models.
    pub(crate) data: DataSetReport,
    /// The seeds.
    pub(crate) seeds: Vec<u64>,
    /// The networks, the baseline first.
    pub(crate) models: Vec<Trained>,
}

/// A network trained from several seeds.
#[derive(Clone, Debug)]
pub(crate) struct Trained {
    /// Its name in the registry.
    pub(crate) model: String,
    /// What each seed gave, in the order of the seeds.
    pub(crate) runs: Vec<ModelReport>,
}

/// So many seeds, from the study's own on.
pub(crate) fn seeds(run: &StudyRun<'_>, count: u64) -> Vec<u64> {
    (run.seed()..run.seed().saturating_add(count)).collect()
}

/// The lab's recipe in so many epochs, along a cosine over them.
pub(crate) fn along_cosine(epochs: usize, batch_size: usize) -> Result<TrainConfig, StudyError> {
    let mut config = Recipe::find("lab")?.config();
    config.epochs = epochs;
    config.batch_size = batch_size;
    config.schedule.decay = Decay::Cosine {
        over: Span::Epochs(epochs as u64),
        floor: 0.0,
    };
    Ok(config)
}

/// Names as owned strings.
pub(crate) fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

impl Comparison {
    /// Trains every network from every seed; each training is a step.
    pub(crate) fn run(&self, run: &mut StudyRun<'_>) -> Result<Compared, StudyError> {
        let data = run.describe(&self.part)?;
        let mut models: Vec<Trained> = (self.models.iter())
            .map(|model| Trained {
                model: model.clone(),
                runs: Vec::new(),
            })
            .collect();
        // Seed by seed and not network by network, so that what disturbs the machine meets all alike.
        for &seed in &self.seeds {
            let is_first = self.seeds.first() == Some(&seed);
            for trained in &mut models {
                if !is_first && self.once.contains(&trained.model) {
                    continue;
                }
                let name = self.run_name(&trained.model, seed);
                let config = self.config(seed);
                let report = run.train(&name, &trained.model, &self.part, &config)?;
                trained.runs.push(report);
            }
        }
        Ok(Compared {
            data,
            seeds: self.seeds.clone(),
            models,
        })
    }

    /// How a network is trained from that seed.
    pub(crate) fn config(&self, seed: u64) -> TrainConfig {
        TrainConfig {
            seed,
            ..self.config.clone()
        }
    }

    /// The name of the step, and of the run folder, of a training.
    pub(crate) fn run_name(&self, model: &str, seed: u64) -> String {
        format!("{}-{model}-seed-{seed}", self.part.name)
    }

    /// The first seed.
    pub(crate) fn first_seed(&self) -> u64 {
        self.seeds.first().copied().unwrap_or_default()
    }
}

impl Compared {
    /// The network of that name.
    pub(crate) fn find(&self, model: &str) -> Option<&Trained> {
        self.models.iter().find(|trained| trained.model == model)
    }

    /// The comparison as every other one is shown: table, curves, confusion matrices.
    pub(crate) fn into_data_set(self) -> DataSetReport {
        let seeds = &self.seeds;
        let models = (self.models.into_iter())
            .map(|trained| combine_seeds(seeds.iter().copied().zip(trained.runs).collect()));
        DataSetReport {
            models: models.collect(),
            ..self.data
        }
    }
}

impl Trained {
    /// The mean of a figure over the seeds.
    pub(crate) fn mean(&self, figure: fn(&ModelReport) -> f64) -> f64 {
        self.runs.iter().map(figure).sum::<f64>() / self.runs.len().max(1) as f64
    }

    /// Mean and spread over the seeds, where there are several.
    pub(crate) fn spread(&self, figure: fn(&ModelReport) -> f64) -> Option<Spread> {
        Spread::of(self.runs.iter().map(figure))
    }

    /// The mean of a figure over the seeds by epoch, counted from 1.
    pub(crate) fn curve(&self, figure: fn(&EpochReport) -> f64) -> Vec<(f64, f64)> {
        let epochs = self.runs.iter().map(|run| run.history.len());
        let mean = |epoch: usize| {
            let figures = self.runs.iter().map(|run| figure(&run.history[epoch]));
            figures.sum::<f64>() / self.runs.len() as f64
        };
        (0..epochs.min().unwrap_or(0))
            .map(|epoch| ((epoch + 1) as f64, mean(epoch)))
            .collect()
    }

    /// The mean as a cell of a table, with the standard deviation where there are several seeds.
    pub(crate) fn mean_and_std(
        &self,
        figure: fn(&ModelReport) -> f64,
        form: impl Fn(f64) -> String,
    ) -> String {
        let mean = form(self.mean(figure));
        match self.spread(figure) {
            Some(spread) => format!("{mean} ± {}", form(spread.std)),
            None => mean,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn run(accuracy: f64, train_accuracy: f64) -> ModelReport {
        ModelReport {
            accuracy,
            params: 10,
            history: vec![EpochReport {
                epoch: 1,
                train_accuracy,
                test_accuracy: accuracy,
                ..EpochReport::default()
            }],
            ..ModelReport::default()
        }
    }

    /// Three seeds of `twin`, `net` and `net-half`.
    pub(crate) fn compared() -> Compared {
        let trained = |model: &str, accuracies: [f64; 3]| Trained {
            model: model.into(),
            runs: accuracies.map(|accuracy| run(accuracy, 1.0)).to_vec(),
        };
        Compared {
            data: DataSetReport {
                name: "mnist".into(),
                ..DataSetReport::default()
            },
            seeds: vec![0, 1, 2],
            models: vec![
                trained("twin", [0.90, 0.92, 0.94]),
                trained("net", [0.89, 0.91, 0.93]),
                trained("net-half", [0.8, 0.8, 0.8]),
            ],
        }
    }

    #[test]
    fn a_data_set_has_the_means_over_the_seeds() {
        let set = compared().into_data_set();
        assert_eq!(set.models.len(), 3);
        assert!((set.models[0].accuracy - 0.92).abs() < 1e-12);
        assert_eq!(set.models[0].seeds.len(), 3);
    }

    #[test]
    fn curves_are_means_over_the_seeds() {
        let curve = compared().models[0].curve(|epoch| epoch.test_accuracy);
        assert_eq!(curve.len(), 1);
        assert_eq!(curve[0].0, 1.0);
        assert!((curve[0].1 - 0.92).abs() < 1e-12);
    }

    #[test]
    fn a_mean_has_its_deviation_where_there_are_several_seeds() {
        let mut trained = compared().models.swap_remove(0);
        let cell = |of: &Trained| of.mean_and_std(|run| run.accuracy, percent);
        assert_eq!(cell(&trained), "92.00 ± 2.00");
        trained.runs.truncate(1);
        assert_eq!(cell(&trained), "90.00");
    }
}
