//! Fourier filters that are given and not trained: what that costs and saves, and whether it must be so.

mod controls;
mod cost;
mod example;
mod page;

use serde::{Deserialize, Serialize};
use serde_json::json;

use spectral_lab::model::{InputSpec, Network, trainable};
use spectral_lab::report::Report;
use spectral_lab::train::{Recipe, fit};

use crate::kit::Extents;
use crate::kit::comparison::{Compared, Comparison, names, seeds};
use crate::kit::run::Part;
use crate::kit::shown::shown_name;
use crate::{StudyError, StudyInfo, StudyRun};
use controls::{Control, ControlNet};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "fixed",
    summary: "fixed Fourier filters compared with trainable and random ones",
    question: "Must a Fourier convolution be without trainable parameters? What do fixed filters cost in \
               accuracy, what do they save in time, and what does the published filter do?",
    source: "Why are there no trainable parameters in a Keras Fourier convolution layer?, an article of \
             2025",
    budget: None,
    make,
};

/// The published networks, the baseline first.
const MODELS: [&str; 4] = [
    "fixed-conv",
    "fixed-sinc",
    "fixed-sine",
    "fixed-sinc-planes",
];

/// How much is trained on a set.
#[derive(Clone, Copy, Debug, Serialize)]
struct Extent {
    train: usize,
    test: usize,
    epochs: usize,
    seeds: u64,
}

const EXTENT: Extents<Extent> = Extents {
    // Half of Fashion-MNIST: there are ten networks.
    full: Extent {
        train: 30_000,
        test: 10_000,
        epochs: 5,
        seeds: 3,
    },
    quick: Extent {
        train: 300,
        test: 200,
        epochs: 2,
        seeds: 2,
    },
};

/// Color images, of which the filters make 96 channels; none in a quick run.
const COLOR: Extent = Extent {
    train: 5_000,
    test: 2_000,
    epochs: 5,
    seeds: 1,
};

/// Height and width, images at once and rounds of the times.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Timing {
    size: usize,
    batch: usize,
    rounds: usize,
}

const TIMING: Extents<Timing> = Extents {
    full: Timing {
        size: example::SIDE,
        batch: 8,
        rounds: 15,
    },
    quick: Timing {
        size: example::SIDE,
        batch: 2,
        rounds: 3,
    },
};

/// A training of a control.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ControlRun {
    /// Test accuracy.
    accuracy: f64,
    /// Parameters that learn.
    parameters: usize,
    /// Those of them in the filters.
    filter_parameters: usize,
    /// How far training moved the filters, relative to their norm.
    moved: f64,
}

/// A control, trained from each seed.
struct Controlled {
    control: Control,
    runs: Vec<ControlRun>,
}

/// All of a set.
struct Group {
    extent: Extent,
    compared: Compared,
    /// Parameters in the filters of each published network.
    filters: Vec<usize>,
    controls: Vec<Controlled>,
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let gray = run.choose("set", &["fashion-mnist", "glyphs"])?;
    let color = run.present("color", &["cifar-10"])?;
    let mut groups = vec![group(run, &gray, EXTENT.of(run))?];
    if !run.quick() {
        for set in &color {
            groups.push(group(run, set, COLOR)?);
        }
    }
    let part = part(&gray, &groups[0].extent);
    let example = run.step("example", (&part, shown_name(&part.name)), |run| {
        let (data, shown) = (run.data(&part)?, run.shown(&part)?);
        example::example(&data.test, &shown, example::SIDE, run.device())
    })?;
    let timing = TIMING.of(run);
    let timed = run.step("cost", timing, |run| {
        let size = [timing.size; 2];
        cost::timed(run.device(), size, timing.batch, timing.rounds)
    })?;
    page::page(run, groups, example, (timing, &timed))
}

fn part(set: &str, extent: &Extent) -> Part {
    Part {
        name: set.into(),
        train: extent.train,
        test: extent.test,
        ..Part::default()
    }
}

fn group(run: &mut StudyRun<'_>, set: &str, extent: Extent) -> Result<Group, StudyError> {
    let mut config = Recipe::find("lab")?.config();
    config.epochs = extent.epochs;
    let comparison = Comparison {
        part: part(set, &extent),
        config,
        models: names(&MODELS),
        once: Vec::new(),
        seeds: seeds(run, extent.seeds),
    };
    let compared = comparison.run(run)?;
    let filters = run.step(&format!("{set}-filters"), &comparison.part, |run| {
        let data = run.data(&comparison.part)?;
        let seed = comparison.first_seed();
        let networks = comparison.models.iter();
        networks
            .map(|model| match comparison.fresh(run, &data, model, seed)? {
                Network::Fixed(network) => Ok(trainable(&network.first)),
                _ => Err(StudyError::Failed(format!("{model} has no first layer"))),
            })
            .collect::<Result<Vec<usize>, _>>()
    })?;
    let mut controls = Vec::new();
    for control in Control::ALL {
        let mut runs = Vec::new();
        for &seed in &comparison.seeds {
            runs.push(trained(run, &comparison, control, seed)?);
        }
        controls.push(Controlled { control, runs });
    }
    Ok(Group {
        extent,
        compared,
        filters,
        controls,
    })
}

/// Trains a control as the published networks are, in a step.
fn trained(
    run: &mut StudyRun<'_>,
    comparison: &Comparison,
    control: Control,
    seed: u64,
) -> Result<ControlRun, StudyError> {
    let mut config = comparison.config(seed);
    let step = format!("{}-{}-seed-{seed}", comparison.part.name, control.step());
    let settings = json!({"data": comparison.part, "train": config});
    run.step(&step, settings, |run| {
        let data = run.data(&comparison.part)?;
        let size = [data.train.height, data.train.width];
        let input = InputSpec::new(data.train.channels, size, data.classes.len());
        config.normalize = config.normalize.fitted(&data.train);
        run.device().seed(seed);
        let start = ControlNet::new(control, &input, run.device())?;
        let outcome = fit(start.clone(), &data, &config, None, &mut ())?;
        let scores = outcome.evaluation.as_ref().and_then(|found| found.scores());
        let scores = scores.ok_or_else(|| {
            StudyError::Failed(format!(
                "{} on {}: the loss is not finite",
                control.name(),
                data.name
            ))
        })?;
        Ok(ControlRun {
            accuracy: scores.accuracy,
            parameters: trainable(&start),
            filter_parameters: trainable(&start.first),
            moved: outcome.model.moved(&start)?,
        })
    })
}
