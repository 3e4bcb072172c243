//! The best spectral networks beside their spatial twins, at equal parameters and at equal time.

mod page;
mod plan;
mod reach;

use serde_json::json;

use spectral_lab::report::{ModelReport, Report};
use spectral_lab::train::TrainConfig;

use crate::kit::Extents;
use crate::kit::comparison::{Compared, Comparison, Trained, along_cosine, names, seeds};
use crate::kit::run::Part;
use crate::{StudyError, StudyInfo, StudyRun};
use plan::{Choice, Extent, Plan, extent, pace};
use reach::{Reach, reach};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "verdict",
    summary: "the best spectral networks beside spatial twins, at equal parameters and time",
    question: "Is there a task on which a spectral network is better than a spatial one with as many \
               parameters or as much training time? By how much, and why?",
    source: "all published networks implemented here, and our own",
    budget: Some(1.0),
    make,
};

/// A spectral network and its spatial twin of as many parameters.
#[derive(Clone, Copy, Debug)]
struct Pair {
    spectral: &'static str,
    spatial: &'static str,
}

const fn pair(spectral: &'static str, spatial: &'static str) -> Pair {
    Pair { spectral, spatial }
}

/// The plain network.
const PLAIN: &str = "cnn";

const PAIRS: [Pair; 8] = [
    pair("spectral-best", "spectral-best-spatial"),
    pair("free2", "cnn-like-free2"),
    pair("kk2-repaired", "cnn-like-kk2-repaired"),
    pair("gaussian2", "cnn-like-gaussian2"),
    pair("polynomial2", PLAIN),
    pair("free-modes", "cnn-like-free-modes"),
    pair("gaussian-modes", "cnn-like-gaussian-modes"),
    pair("fft-local", "cnn-like-fft-local"),
];

/// A set of images, how many of them there are to train on and to test, and the size of photographs.
struct Set {
    name: &'static str,
    train: usize,
    test: usize,
    size: Option<(usize, usize)>,
}

const SETS: [Set; 4] = [
    Set {
        name: "fashion-mnist",
        train: 60_000,
        test: 10_000,
        size: None,
    },
    Set {
        name: "cifar-10",
        train: 50_000,
        test: 10_000,
        size: None,
    },
    Set {
        name: "textures",
        train: 10_000,
        test: 2_000,
        size: None,
    },
    Set {
        name: "cats-vs-dogs",
        train: 2_965,
        test: 999,
        // At 150×150 the spatial twin of a free response has a million parameters.
        size: Some((64, 64)),
    },
];

/// How much can be trained, and how the pace is measured by which that is chosen.
const CHOICES: Extents<Choice> = Extents {
    full: Choice {
        sets: SETS.len(),
        pilot: [16 * BATCH, 4 * BATCH],
        extents: &[
            extent(60_000, 3, 10),
            extent(60_000, 3, 5),
            extent(20_000, 3, 10),
            extent(20_000, 3, 5),
            extent(10_000, 3, 5),
            extent(10_000, 3, 4),
            extent(5_000, 3, 5),
            extent(5_000, 3, 3),
            extent(2_000, 3, 3),
            extent(2_000, 1, 3),
        ],
        least: extent(500, 1, 2),
    },
    quick: Choice {
        sets: 2,
        pilot: [2 * BATCH, BATCH],
        extents: &[],
        least: Extent {
            train: 192,
            test: 128,
            seeds: 2,
            epochs: 1,
        },
    },
};

/// Images of a batch.
const BATCH: usize = 64;

/// The most times as many epochs that the faster network of a pair is given at equal time.
const MOST_LONGER: f64 = 10.0;

/// What one set of images showed.
struct Group {
    part: Part,
    /// Every network after as many epochs.
    compared: Compared,
    /// The faster network of each pair after as much time as the slower one took; none where that
    /// makes no whole epoch more.
    longer: Vec<Option<Longer>>,
    /// How far the first filters of the spectral networks reach.
    reach: Vec<Option<Reach>>,
}

/// The faster network of a pair, trained for longer.
struct Longer {
    epochs: usize,
    trained: Trained,
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let names: Vec<&str> = SETS.iter().map(|set| set.name).collect();
    let choice = CHOICES.of(run);
    let present = run.present("sets", &names)?;
    let sets: Vec<&Set> = (SETS.iter())
        .filter(|set| present.iter().any(|name| name == set.name))
        .take(choice.sets)
        .collect();
    let [train, test] = choice.pilot;
    let mut paces = Vec::new();
    for set in &sets {
        for model in models() {
            let part = part(set, train, test);
            let settings = json!({"data": part, "batch": BATCH});
            let name = format!("pace-{}-{model}", set.name);
            paces.push(run.step(&name, settings, |run| pace(run, &part, model))?);
        }
    }
    let hours = run.budget();
    // Kept, so that a study which goes on does what it began with, however fast it is now.
    let settings = json!({"hours": hours.is_finite().then_some(hours), "models": models()});
    let plan = run.step("plan", settings, |_| {
        Ok(Plan::within(hours, &sets, &paces, &choice))
    })?;
    let mut groups = Vec::new();
    for set in &sets {
        groups.push(group(run, set, &plan)?);
    }
    page::page(run, &plan, groups)
}

/// The networks of all pairs.
fn models() -> Vec<&'static str> {
    PAIRS
        .iter()
        .flat_map(|pair| [pair.spectral, pair.spatial])
        .collect()
}

fn part(set: &Set, train: usize, test: usize) -> Part {
    Part {
        name: set.name.into(),
        train: train.min(set.train),
        test: test.min(set.test),
        size: set.size,
    }
}

fn group(run: &mut StudyRun<'_>, set: &Set, plan: &Plan) -> Result<Group, StudyError> {
    let Extent {
        train,
        test,
        seeds: count,
        epochs,
    } = plan.extent;
    let comparison = Comparison {
        part: part(set, train, test),
        config: along_cosine(epochs, BATCH)?,
        models: names(&models()),
        once: Vec::new(),
        seeds: seeds(run, count),
    };
    let compared = comparison.run(run)?;
    let mut longer = Vec::new();
    let mut reached = Vec::new();
    for pair in &PAIRS {
        let wanted = plan.longer.iter().find(|longer| {
            longer.set == set.name && [pair.spectral, pair.spatial].contains(&longer.model.as_str())
        });
        longer.push(match wanted {
            Some(wanted) => Some(Longer {
                epochs: wanted.epochs,
                trained: Trained {
                    model: wanted.model.clone(),
                    runs: train_longer(run, &comparison, &wanted.model, wanted.epochs)?,
                },
            }),
            None => None,
        });
        let seed = comparison.first_seed();
        let settings = json!({"data": comparison.part, "train": comparison.config(seed)});
        let name = format!("{}-{}-reach", set.name, pair.spectral);
        reached.push(run.step(&name, settings, |run| {
            reach(&comparison.subject(run, pair.spectral)?)
        })?);
    }
    Ok(Group {
        part: comparison.part,
        compared,
        longer,
        reach: reached,
    })
}

/// The network trained for so many epochs from every seed.
fn train_longer(
    run: &mut StudyRun<'_>,
    comparison: &Comparison,
    model: &str,
    epochs: usize,
) -> Result<Vec<ModelReport>, StudyError> {
    let mut runs = Vec::new();
    for &seed in &comparison.seeds {
        let config = TrainConfig {
            seed,
            ..along_cosine(epochs, BATCH)?
        };
        let name = format!("{}-{model}-longer-seed-{seed}", comparison.part.name);
        runs.push(run.train(&name, model, &comparison.part, &config)?);
    }
    Ok(runs)
}
