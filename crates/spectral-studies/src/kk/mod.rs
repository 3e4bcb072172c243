//! KKLayer as published and repaired, compared with the convolutions it was to replace.

mod features;
mod layer;
mod literal;
mod mistakes;
mod page;

use serde_json::json;

use spectral_lab::report::{Picture, Report};
use spectral_lab::train::Recipe;

use crate::kit::Extents;
use crate::kit::comparison::{Compared, Comparison, names, seeds};
use crate::kit::run::Part;
use crate::kit::shown::shown_name;
use crate::{StudyError, StudyInfo, StudyRun};
use features::feature_maps;
use layer::{First, first_layer};
use literal::Written;
use mistakes::{Mistake, mistakes};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "kk",
    summary: "KKLayer as published and repaired: test accuracy and time per epoch",
    question: "What do accuracy and training time lose when KKLayer replaces the first convolutions of \
               a network, and is the idea or its implementation to blame?",
    source: "Pivrnec, KKLayer: A Theoretical Neural Network Layer (a repository without a paper)",
    budget: None,
    make,
};

/// Networks that differ in their first two layers alone, the spatial one first.
const MODELS: [&str; 7] = [
    "cnn",
    "kk1",
    "kk2",
    "kk1-repaired",
    "kk2-repaired",
    "free1",
    "free2",
];

/// Networks whose first layer is looked into: one of each kind.
const FIRST: [&str; 4] = ["cnn", "kk1", "kk1-repaired", "free1"];

/// Networks whose mistakes are shown.
const MISTAKEN: [&str; 4] = ["cnn", "kk2", "kk2-repaired", "free2"];

/// The layers that the source replaced: input and output channels, height and width at 28×28.
const LAYERS: [([usize; 2], [usize; 2]); 2] = [([1, 16], [14, 14]), ([16, 32], [7, 7])];

/// Images of a batch.
const BATCH: usize = 64;

/// How much is trained.
struct Extent {
    train: usize,
    test: usize,
    epochs: usize,
    seeds: u64,
    /// Runs that a time is the median of.
    rounds: usize,
}

const EXTENT: Extents<Extent> = Extents {
    full: Extent {
        train: 60_000,
        test: 10_000,
        epochs: 5,
        seeds: 3,
        rounds: 15,
    },
    quick: Extent {
        train: 300,
        test: 200,
        epochs: 1,
        seeds: 2,
        rounds: 3,
    },
};

/// What one set of images showed.
struct Group {
    compared: Compared,
    /// What the first layers turned out to be after training.
    first: Vec<First>,
    /// What they make of one image.
    features: Vec<(String, Vec<Picture>)>,
    mistakes: Vec<(String, Vec<Mistake>)>,
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let extent = EXTENT.of(run);
    let mut written = Vec::new();
    for (channels, size) in LAYERS {
        let name = format!("loops-{}-{}", channels[0], channels[1]);
        let settings = json!({
            "batch": BATCH, "channels": channels, "size": size, "rounds": extent.rounds
        });
        written.push(run.step(&name, settings, |run| {
            Written::measure(BATCH, channels, size, extent.rounds, run.device())
        })?);
    }
    let mut groups = Vec::new();
    for (step, sets) in [
        ("clothes", ["fashion-mnist", "glyphs"]),
        ("colors", ["cifar-10", "textures"]),
    ] {
        let name = run.choose(step, &sets)?;
        groups.push(group(run, name, &extent)?);
    }
    page::page(run, &written, groups)
}

fn group(run: &mut StudyRun<'_>, name: String, extent: &Extent) -> Result<Group, StudyError> {
    let mut config = Recipe::find("lab")?.config();
    config.epochs = extent.epochs;
    config.batch_size = BATCH;
    let part = Part {
        name,
        train: extent.train,
        test: extent.test,
        ..Part::default()
    };
    let comparison = Comparison {
        part,
        config,
        models: names(&MODELS),
        once: Vec::new(),
        seeds: seeds(run, extent.seeds),
    };
    let compared = comparison.run(run)?;
    let seed = comparison.first_seed();
    let set = &comparison.part.name;
    let settings =
        |what: &str| json!({"of": what, "data": comparison.part, "train": comparison.config(seed)});
    let pictured = |what: &str| json!({"settings": settings(what), "shown": shown_name(set)});
    let (mut first, mut features, mut found) = (Vec::new(), Vec::new(), Vec::new());
    for model in FIRST {
        let layer = run.step(&format!("{set}-{model}-layer"), settings(model), |run| {
            first_layer(&comparison.subject(run, model)?)
        })?;
        first.extend(layer);
        let maps = run.step(&format!("{set}-{model}-features"), pictured(model), |run| {
            let shown = run.shown(&comparison.part)?;
            feature_maps(&comparison.subject(run, model)?, &shown)
        })?;
        features.push((model.into(), maps));
    }
    for model in MISTAKEN {
        let worst = run.step(&format!("{set}-{model}-mistakes"), pictured(model), |run| {
            let shown = run.shown(&comparison.part)?;
            mistakes(&comparison.subject(run, model)?, &shown)
        })?;
        found.push((model.into(), worst));
    }
    Ok(Group {
        compared,
        first,
        features,
        mistakes: found,
    })
}
