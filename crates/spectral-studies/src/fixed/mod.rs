//! Fourier filters that are given and not learned: what is lost by that, and whether it must be so.

mod controls;
mod cost;
mod example;
mod page;
mod sections;

use serde::{Deserialize, Serialize};
use serde_json::json;

use spectral_lab::model::{InputSpec, Network, trainable};
use spectral_lab::report::Report;
use spectral_lab::train::{Recipe, fit};

use super::comparison::{Compared, Comparison, names, seeds};
use super::run::Part;
use super::shown::shown_name;
use super::{StudyError, StudyInfo, StudyRun};
use controls::{Control, ControlNet};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "fixed",
    summary: "Fourier filters that never learn, the same set free, and random ones beside them",
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

/// How much is made on a set.
#[derive(Clone, Debug)]
struct Extent {
    /// Training and test images, and epochs.
    images: [usize; 3],
    seeds: u64,
}

/// Half of Fashion-MNIST: the banks and their controls are ten networks.
const FULL: Extent = Extent {
    images: [30_000, 10_000, 5],
    seeds: 3,
};

/// Color images, of which the banks make 96 channels.
const FULL_COLOR: Extent = Extent {
    images: [5_000, 2_000, 5],
    seeds: 1,
};

const QUICK: Extent = Extent {
    images: [300, 200, 2],
    seeds: 2,
};

/// Height and width, images at once and rounds of the times.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Timing {
    size: usize,
    batch: usize,
    rounds: usize,
}

const FULL_TIMES: Timing = Timing {
    size: example::SIDE,
    batch: 8,
    rounds: 15,
};

const QUICK_TIMES: Timing = Timing {
    size: example::SIDE,
    batch: 2,
    rounds: 3,
};

/// What came of training a control.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Trained {
    /// Share of unseen images classified correctly.
    accuracy: f64,
    /// Parameters that learn.
    parameters: usize,
    /// Those of them in the filters.
    filter_parameters: usize,
    /// How far the filters moved, of their length.
    moved: f64,
}

/// A control, each seed.
struct Controlled {
    control: Control,
    seeds: Vec<Trained>,
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
    let (quick, timing) = match run.quick() {
        true => (true, QUICK_TIMES),
        false => (false, FULL_TIMES),
    };
    let mut groups = vec![group(run, &gray, if quick { QUICK } else { FULL })?];
    if !quick {
        for set in &color {
            groups.push(group(run, set, FULL_COLOR)?);
        }
    }
    let part = groups[0].part();
    let example = run.step("example", (&part, shown_name(&part.name)), |run| {
        let (data, shown) = (run.data(&part)?, run.shown(&part)?);
        example::example(&data.test, &shown, example::SIDE, run.device())
    })?;
    let timed = run.step("cost", timing, |run| {
        let size = [timing.size; 2];
        cost::timed(run.device(), size, timing.batch, timing.rounds)
    })?;
    Ok(page::page(&STUDY, groups, example, (timing, timed)))
}

impl Group {
    fn part(&self) -> Part {
        part(&self.compared.data.name, &self.extent)
    }
}

fn part(set: &str, extent: &Extent) -> Part {
    let [train, test, _] = extent.images;
    Part {
        name: set.into(),
        train,
        test,
        ..Part::default()
    }
}

fn group(run: &mut StudyRun<'_>, set: &str, extent: Extent) -> Result<Group, StudyError> {
    let mut config = Recipe::find("lab")?.config();
    config.epochs = extent.images[2];
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
        let mut seeds = Vec::new();
        for &seed in &comparison.seeds {
            seeds.push(trained(run, &comparison, control, seed)?);
        }
        controls.push(Controlled { control, seeds });
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
) -> Result<Trained, StudyError> {
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
        Ok(Trained {
            accuracy: scores.accuracy,
            parameters: trainable(&start),
            filter_parameters: trainable(&start.first),
            moved: outcome.model.moved(&start)?,
        })
    })
}

impl Controlled {
    /// The mean of a figure over the seeds.
    fn mean(&self, figure: impl Fn(&Trained) -> f64) -> f64 {
        self.seeds.iter().map(figure).sum::<f64>() / self.seeds.len().max(1) as f64
    }
}
