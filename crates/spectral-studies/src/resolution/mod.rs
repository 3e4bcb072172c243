//! Networks trained at one size and run at others.

mod commute;
mod composed;
mod handover;
mod page;
mod sections;
mod sizes;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use spectral_lab::data::{DataSet, Normalize};
use spectral_lab::model::{InputSpec, Network};
use spectral_lab::report::Report;
use spectral_lab::train::{Recipe, fit};

use super::comparison::{Compared, Comparison, names, seeds};
use super::run::Part;
use super::{StudyError, StudyInfo, StudyRun};
use commute::Apart;
use composed::{Composed, Counting};
use handover::After;
use sizes::{AtSize, Presented, Route};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "resolution",
    summary: "networks trained at one size and evaluated at others, beside resampling to the training size",
    question: "Can a network whose filters are functions of frequency be trained at one size and run at \
               others, and is that better than resampling the image to the training size? Where a network \
               cannot, which of its layers is the cause?",
    source: "Li et al., Fourier Neural Operator for Parametric Partial Differential Equations, 2021",
    budget: None,
    make,
};

/// The networks, the baseline first.
const MODELS: [&str; 7] = [
    "cnn",
    "free2",
    "polynomial2",
    "gaussian2",
    "kk2-repaired",
    "free-modes",
    "gaussian-modes",
];

/// Those whose layers hand over one by one.
const LAYERED: [&str; 5] = [
    "cnn",
    "polynomial2",
    "gaussian2",
    "free-modes",
    "gaussian-modes",
];

/// Height and width in training, of embedded images as of Fashion-MNIST.
const OWN: [usize; 2] = [28, 28];

/// How much is made.
#[derive(Clone, Debug)]
struct Extent {
    /// Training and test images, and epochs.
    images: [usize; 3],
    seeds: u64,
    /// Heights and widths that networks run at.
    sizes: Vec<[usize; 2]>,
    /// Those at which layers hand over.
    handovers: Vec<[usize; 2]>,
    /// Test images that are shown to layers.
    shown: usize,
}

fn full() -> Extent {
    Extent {
        images: [60_000, 10_000, 5],
        seeds: 3,
        sizes: vec![
            [14, 14],
            [20, 20],
            [24, 24],
            OWN,
            [32, 32],
            [41, 37],
            [42, 42],
            [56, 56],
        ],
        handovers: vec![[20, 20], [42, 42], [56, 56]],
        shown: 2_000,
    }
}

fn quick() -> Extent {
    Extent {
        images: [300, 100, 2],
        seeds: 2,
        sizes: vec![[20, 20], OWN, [41, 37], [56, 56]],
        handovers: vec![[56, 56]],
        shown: 50,
    }
}

/// A figure of every seed of a network.
struct OfModel<T> {
    model: String,
    seeds: Vec<T>,
}

/// Accuracies of a network by size, one list per seed; its training size alone where it is bound to that.
struct BySize {
    model: String,
    presented: Presented,
    seeds: Vec<Vec<AtSize>>,
}

/// All figures.
struct Figures {
    extent: Extent,
    set: String,
    compared: Compared,
    by_size: Vec<BySize>,
    /// Why networks are bound to their size, by name.
    bound: Vec<(String, String)>,
    apart: Vec<OfModel<Vec<Apart>>>,
    /// By size and network.
    handovers: Vec<([usize; 2], OfModel<Vec<After>>)>,
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let extent = if run.quick() { quick() } else { full() };
    let set = run.choose("set", &["fashion-mnist", "glyphs"])?;
    let [train, test, epochs] = extent.images;
    let mut config = Recipe::find("lab")?.config();
    config.epochs = epochs;
    let comparison = Comparison {
        part: Part {
            name: set.clone(),
            train,
            test,
            ..Part::default()
        },
        config,
        models: names(&MODELS),
        once: Vec::new(),
        seeds: seeds(run, extent.seeds),
    };
    let compared = comparison.run(run)?;
    let bound = run.step("bound", (&comparison.part, &extent.sizes), |run| {
        let data = run.data(&comparison.part)?;
        bound(run, &comparison, &data, &extent)
    })?;
    let mut by_size = Vec::new();
    for model in MODELS {
        let is_bound = bound.iter().any(|(name, _)| name == model);
        for presented in Presented::ALL.into_iter().chain([Presented::CUT_OFF]) {
            let sizes: Vec<[usize; 2]> = match is_bound && presented.route == Route::Direct {
                true => vec![OWN],
                false => extent.sizes.clone(),
            };
            let step = format!("{}-{model}", presented.step());
            let seeds = each_seed(run, &comparison, (&step, model), &sizes, {
                |run, network, data, normalize| {
                    let images = (presented, data.test.len());
                    sizes::at_sizes(network, data, images, (&sizes, normalize), run.device())
                }
            })?;
            by_size.push(BySize {
                model: model.into(),
                presented,
                seeds,
            });
        }
    }
    for counting in Counting::ALL {
        by_size.extend(composed(run, &comparison, counting, &extent.sizes)?);
    }
    let mut apart = Vec::new();
    for model in MODELS {
        let of = (&extent.sizes, extent.shown);
        let step = format!("commute-{model}");
        let seeds = each_seed(run, &comparison, (&step, model), of, {
            |run, network, data, normalize| {
                let images = (&data.test, data.classes.len());
                let count = (extent.shown, normalize);
                let sizes = &extent.sizes;
                let found = commute::apart(network, images, count, sizes, run.device())?;
                found.ok_or_else(|| StudyError::Failed(format!("{model} has no first filter")))
            }
        })?;
        apart.push(OfModel {
            model: model.into(),
            seeds,
        });
    }
    let mut handovers = Vec::new();
    for &size in &extent.handovers {
        for model in LAYERED {
            let step = format!("handover-{model}-{}x{}", size[0], size[1]);
            let seeds = each_seed(run, &comparison, (&step, model), (size, extent.shown), {
                |run, network, data, normalize| {
                    let count = (extent.shown, normalize);
                    let found = handover::handovers(network, data, size, count, run.device())?;
                    found.ok_or_else(|| StudyError::Failed(format!("{model} has other layers")))
                }
            })?;
            let of = OfModel {
                model: model.into(),
                seeds,
            };
            handovers.push((size, of));
        }
    }
    Ok(page::page(
        &STUDY,
        Figures {
            extent,
            set,
            compared,
            by_size,
            bound,
            apart,
            handovers,
        },
    ))
}

/// The networks that take no other size, and what they say.
fn bound(
    run: &StudyRun<'_>,
    comparison: &Comparison,
    data: &DataSet,
    extent: &Extent,
) -> Result<Vec<(String, String)>, StudyError> {
    let mut bound = Vec::new();
    for model in MODELS {
        let network = comparison.fresh(run, data, model, comparison.first_seed())?;
        for size in &extent.sizes {
            let input = InputSpec::new(data.test.channels, *size, data.classes.len());
            if let Err(error) = network.check(&input) {
                bound.push((model.to_string(), error.to_string()));
                break;
            }
        }
    }
    Ok(bound)
}

/// Trains the network with spectral pooling and runs it at all sizes, each seed a step.
fn composed(
    run: &mut StudyRun<'_>,
    comparison: &Comparison,
    counting: Counting,
    sizes: &[[usize; 2]],
) -> Result<Vec<BySize>, StudyError> {
    let mut found: [Vec<Vec<AtSize>>; Presented::ALL.len()] = Default::default();
    for &seed in &comparison.seeds {
        let config = comparison.config(seed);
        let step = format!("{}-seed-{seed}", counting.step());
        let steps = Presented::ALL.map(Presented::step);
        let settings =
            json!({"data": comparison.part, "train": config, "sizes": sizes, "images": steps});
        let all = run.step(&step, settings, |run| {
            let data = run.data(&comparison.part)?;
            let size = [data.train.height, data.train.width];
            let input = InputSpec::new(data.train.channels, size, data.classes.len());
            run.device().seed(seed);
            let network = Composed::new(counting, &input, run.device())?;
            let mut config = config;
            config.normalize = config.normalize.fitted(&data.train);
            let network = fit(network, &data, &config, None, &mut ())?.model;
            let normalize = &config.normalize;
            let all = Presented::ALL.map(|presented| {
                let images = (presented, data.test.len());
                sizes::at_sizes(&network, &data, images, (sizes, normalize), run.device())
            });
            all.into_iter().collect::<Result<Vec<_>, _>>()
        })?;
        found
            .iter_mut()
            .zip(all)
            .for_each(|(seeds, seed)| seeds.push(seed));
    }
    let found = Presented::ALL.into_iter().zip(found);
    Ok(found
        .map(|(presented, seeds)| BySize {
            model: counting.name().into(),
            presented,
            seeds,
        })
        .collect())
}

/// Measures what the trainings of a network left, in a step of its own.
fn each_seed<T: Serialize + DeserializeOwned>(
    run: &mut StudyRun<'_>,
    comparison: &Comparison,
    (step, model): (&str, &str),
    of: impl Serialize,
    work: impl Fn(&StudyRun<'_>, &Network, &DataSet, &Normalize) -> Result<T, StudyError>,
) -> Result<Vec<T>, StudyError> {
    let settings = json!({
        "data": comparison.part,
        "train": comparison.config,
        "seeds": comparison.seeds,
        "of": of,
    });
    run.step(step, settings, |run| {
        let data = run.data(&comparison.part)?;
        let normalize = comparison.config.normalize.clone().fitted(&data.train);
        let seeds = comparison.seeds.iter();
        seeds
            .map(|&seed| {
                let network = comparison.trained(run, &data, model, seed)?;
                work(run, &network, &data, &normalize)
            })
            .collect()
    })
}
