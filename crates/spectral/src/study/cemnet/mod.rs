//! CEMNet beside its spatial twins: accuracy, weight fixation, gradients by depth, widths.

mod depth;
mod gradients;
mod page;
mod widths;

use serde_json::json;

use crate::data::Normalise;
use crate::report::{DataSetReport, ModelReport, Report};
use crate::train::{Decay, Recipe, Span, TrainConfig};

use super::run::Part;
use super::{StudyError, StudyInfo, StudyRun};
use gradients::{LayerGradient, gradients};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "cemnet",
    summary: "networks on spectra beside their twins: accuracy, weight fixation, depth, width",
    question: "Do networks that live on spectra, as published and repaired, do as well as the image \
               networks they stand for, and does weight fixation keep them from over-fitting?",
    source: "Pan et al., Learning Convolutional Neural Networks in the Frequency Domain, 2022",
    make,
};

/// The recipe. That of the source needs its hundreds of epochs: over ten of them the baseline itself stays behind.
const RECIPE: &str = "lab";

/// Networks for digits, the twin first.
const DIGITS: [&str; 3] = ["lenet", "cemnet-mnist", "cemnet-mnist-repaired"];

/// The same network for digits under projection, reparameterisation, penalty, and nothing.
const DIGIT_FIXATION: [&str; 4] = [
    "cemnet-mnist",
    "cemnet-mnist-taps",
    "cemnet-mnist-penalty",
    "cemnet-mnist-unfixed",
];

/// The same for colour images; [`COLOUR_WIDTH`] is added to each name.
const COLOUR_FIXATION: [&str; 4] = [
    "cemnet-cifar-projected",
    "cemnet-cifar",
    "cemnet-cifar-penalty",
    "cemnet-cifar-unfixed",
];

/// Networks for colour images beside them, the twin first.
const COLOURS: [&str; 2] = ["vgg", "cemnet-cifar-repaired"];

/// What ends the names of the colour networks that are compared.
const COLOUR_WIDTH: &str = "-quarter";

/// What ends the names of the networks of the sweep of widths.
const WIDTHS: [&str; 2] = ["-quarter", "-half"];

/// Networks whose widths are swept.
const SWEPT: [&str; 3] = ["vgg", "cemnet-cifar", "cemnet-cifar-repaired"];

/// Networks whose gradients are measured layer by layer.
const DIGIT_GRADIENTS: [&str; 3] = DIGITS;
const COLOUR_GRADIENTS: [&str; 4] = [
    "vgg",
    "cemnet-cifar",
    "cemnet-cifar-projected",
    "cemnet-cifar-repaired",
];

/// How much is trained.
#[derive(Clone, Copy, Debug)]
struct Extent {
    /// Training and test images of digits, and epochs.
    digits: [usize; 3],
    /// Of colour images.
    colours: [usize; 3],
    /// Seeds of the digits, from the study's own on.
    digit_seeds: u64,
    /// Seeds of the colour images.
    colour_seeds: u64,
    /// Images that a gradient is averaged over.
    gradient_images: usize,
}

const FULL: Extent = Extent {
    digits: [60_000, 10_000, 10],
    colours: [10_000, 10_000, 20],
    digit_seeds: 3,
    colour_seeds: 1,
    gradient_images: 500,
};

const QUICK: Extent = Extent {
    digits: [300, 200, 2],
    colours: [100, 100, 1],
    digit_seeds: 2,
    colour_seeds: 1,
    gradient_images: 50,
};

/// What one set of images showed.
struct Group {
    data: DataSetReport,
    seeds: Vec<u64>,
    /// Each network with what every seed gave.
    models: Vec<Trained>,
    /// The networks of the comparison of fixations, by name.
    fixation: Vec<String>,
    /// Gradients of the first seed's networks.
    gradients: Vec<Gradients>,
}

/// A network trained from several seeds.
struct Trained {
    model: String,
    runs: Vec<ModelReport>,
}

/// Gradients of a network before and after training.
struct Gradients {
    model: String,
    fresh: Vec<LayerGradient>,
    trained: Vec<LayerGradient>,
}

/// What is trained on one set of images.
struct Plan {
    part: Part,
    epochs: usize,
    seeds: Vec<u64>,
    batch_size: usize,
    normalise: Normalise,
    /// The twin first.
    models: Vec<String>,
    /// Those that are trained from every seed, the others from the first.
    repeated: Vec<String>,
    fixation: Vec<String>,
    gradients: Vec<String>,
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let extent = if run.quick() { QUICK } else { FULL };
    let names = |names: &[&str], width: &str| -> Vec<String> {
        names.iter().map(|name| format!("{name}{width}")).collect()
    };
    let first = run.seed();
    let seeds = |count| (first..first.saturating_add(count)).collect();
    let set = run.choose("digits", &["mnist", "glyphs"])?;
    let digits = Plan::new(set, extent.digits, seeds(extent.digit_seeds))
        .with_batches(100, Normalise::default())
        .with_models([names(&DIGITS, ""), names(&DIGIT_FIXATION, "")])
        .with_repeated(names(&DIGITS, ""))
        .with_fixation(names(&DIGIT_FIXATION, ""))
        .with_gradients(names(&DIGIT_GRADIENTS, ""));
    let set = run.choose("colours", &["cifar-10", "textures"])?;
    let mut swept = Vec::new();
    for width in WIDTHS {
        swept.extend(names(&SWEPT, width));
    }
    let colours = Plan::new(set, extent.colours, seeds(extent.colour_seeds))
        .with_batches(64, Normalise::PerChannelOfTraining)
        .with_models([
            names(&COLOURS, COLOUR_WIDTH),
            names(&COLOUR_FIXATION, COLOUR_WIDTH),
        ])
        .with_fixation(names(&COLOUR_FIXATION, COLOUR_WIDTH))
        .with_gradients(names(&COLOUR_GRADIENTS, COLOUR_WIDTH));
    let digits = digits.run(run, &extent)?;
    let mut colours = colours.with_models([swept]).run(run, &extent)?;
    // The twin stays first; the sweep has a table of its own.
    let widths = widths::take_widths(&mut colours, &SWEPT, &WIDTHS, COLOUR_WIDTH);
    Ok(page::page(&STUDY, digits, colours, &widths))
}

impl Plan {
    fn new(name: String, [train, test, epochs]: [usize; 3], seeds: Vec<u64>) -> Self {
        Self {
            part: Part { name, train, test },
            epochs,
            seeds,
            batch_size: 64,
            normalise: Normalise::default(),
            models: Vec::new(),
            repeated: Vec::new(),
            fixation: Vec::new(),
            gradients: Vec::new(),
        }
    }

    fn with_batches(self, batch_size: usize, normalise: Normalise) -> Self {
        Self {
            batch_size,
            normalise,
            ..self
        }
    }

    fn with_repeated(mut self, models: Vec<String>) -> Self {
        self.repeated = models;
        self
    }

    /// Adds networks, those that are there already left out.
    fn with_models<const N: usize>(mut self, lists: [Vec<String>; N]) -> Self {
        for model in lists.into_iter().flatten() {
            if !self.models.contains(&model) {
                self.models.push(model);
            }
        }
        self
    }

    fn with_fixation(mut self, models: Vec<String>) -> Self {
        self.fixation = models;
        self
    }

    fn with_gradients(mut self, models: Vec<String>) -> Self {
        self.gradients = models;
        self
    }

    /// The recipe, along a cosine over the epochs.
    fn config(&self, seed: u64) -> Result<TrainConfig, StudyError> {
        let mut config = Recipe::find(RECIPE)?.config();
        config.seed = seed;
        config.epochs = self.epochs;
        config.batch_size = self.batch_size;
        config.normalise = self.normalise.clone();
        config.schedule.decay = Decay::Cosine {
            over: Span::Epochs(self.epochs as u64),
            floor: 0.0,
        };
        Ok(config)
    }

    fn run(self, run: &mut StudyRun<'_>, extent: &Extent) -> Result<Group, StudyError> {
        let data = run.describe(&self.part)?;
        let mut models: Vec<Trained> = (self.models.iter())
            .map(|model| Trained {
                model: model.clone(),
                runs: Vec::new(),
            })
            .collect();
        // Seed by seed and not network by network, so that what disturbs the machine meets all alike.
        for &seed in &self.seeds {
            let config = self.config(seed)?;
            let is_first = self.seeds.first() == Some(&seed);
            for trained in &mut models {
                if !(is_first || self.repeated.contains(&trained.model)) {
                    continue;
                }
                let name = self.run_name(&trained.model, seed);
                let report = run.train(&name, &trained.model, &self.part, &config)?;
                trained.runs.push(report);
            }
        }
        let mut measured = Vec::new();
        for model in &self.gradients {
            let [fresh, trained] =
                [false, true].map(|trained| self.gradients_of(run, model, trained, extent));
            measured.push(Gradients {
                model: model.clone(),
                fresh: fresh?,
                trained: trained?,
            });
        }
        Ok(Group {
            data,
            seeds: self.seeds,
            models,
            fixation: self.fixation,
            gradients: measured,
        })
    }

    fn run_name(&self, model: &str, seed: u64) -> String {
        format!("{}-{model}-seed-{seed}", self.part.name)
    }

    /// Gradients of the network of the first seed, fresh or trained.
    fn gradients_of(
        &self,
        run: &mut StudyRun<'_>,
        model: &str,
        trained: bool,
        extent: &Extent,
    ) -> Result<Vec<LayerGradient>, StudyError> {
        let seed = self.seeds.first().copied().unwrap_or_default();
        let config = self.config(seed)?;
        let state = if trained { "trained" } else { "fresh" };
        let name = format!("{}-{model}-gradients-{state}", self.part.name);
        let count = extent.gradient_images;
        let settings = json!({"data": self.part, "train": config, "images": count});
        let folder = self.run_name(model, seed);
        run.step(&name, settings, |run| {
            let data = run.data(&self.part)?;
            let weights = trained.then(|| run.run_folder(&folder));
            gradients(run, model, &data, &config, weights.as_deref(), count)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model;

    #[test]
    fn every_network_of_the_study_is_in_the_registry() {
        let digits = DIGITS
            .iter()
            .chain(&DIGIT_FIXATION)
            .map(ToString::to_string);
        let colours = COLOURS
            .iter()
            .chain(&COLOUR_FIXATION)
            .chain(&COLOUR_GRADIENTS);
        let colours = colours.map(|name| format!("{name}{COLOUR_WIDTH}"));
        let swept = WIDTHS
            .iter()
            .flat_map(|width| SWEPT.map(|name| format!("{name}{width}")));
        for name in digits.chain(colours).chain(swept) {
            assert!(model::find(&name).is_ok(), "{name}");
        }
    }

    #[test]
    fn the_rate_falls_over_all_epochs() {
        for epochs in [1, 2, 10, 30] {
            let plan = Plan::new("mnist".into(), [1, 1, epochs], vec![4])
                .with_batches(100, Normalise::default());
            let config = plan.config(4).unwrap();
            config.validate().unwrap();
            assert_eq!(
                (config.epochs, config.seed, config.batch_size),
                (epochs, 4, 100)
            );
            let Decay::Cosine { over, .. } = config.schedule.decay else {
                panic!("{config:?}")
            };
            assert_eq!(over, Span::Epochs(epochs as u64));
        }
    }

    #[test]
    fn a_network_named_twice_is_trained_once() {
        let names = |names: [&str; 2]| names.map(String::from).to_vec();
        let plan = Plan::new("mnist".into(), [1, 1, 1], vec![0]);
        let plan = plan.with_models([names(["a", "b"]), names(["b", "c"])]);
        assert_eq!(plan.models, ["a", "b", "c"]);
    }
}
