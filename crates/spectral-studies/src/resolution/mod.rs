//! Networks trained at one size and run at others.

mod commute;
mod composed;
mod handover;
mod page;
mod sizes;

use serde_json::json;

use spectral_lab::data::DataSet;
use spectral_lab::model::InputSpec;
use spectral_lab::report::Report;
use spectral_lab::train::{Recipe, fit};

use crate::kit::Extents;
use crate::kit::comparison::{Compared, Comparison, PerSeed, names, seeds};
use crate::kit::run::Part;
use crate::{StudyError, StudyInfo, StudyRun};
use commute::{Apart, apart};
use composed::{Composed, Counting};
use handover::{After, handovers};
use sizes::{AtSize, BySize, Presented, Route, at_sizes};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "resolution",
    summary: "networks trained at one size and evaluated at others, beside resampling to the training size",
    question: "Can a network whose filters are functions of frequency be trained at one size and \
               evaluated at others, and is that better than resampling the image to the training \
               size? Where a network cannot, which of its layers is the cause?",
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

/// How much is measured.
struct Extent {
    train: usize,
    test: usize,
    epochs: usize,
    seeds: u64,
    /// Heights and widths that networks run at.
    sizes: &'static [[usize; 2]],
    /// Those at which layers hand over.
    handovers: &'static [[usize; 2]],
    /// Test images that are shown to layers.
    shown: usize,
}

const EXTENT: Extents<Extent> = Extents {
    full: Extent {
        train: 60_000,
        test: 10_000,
        epochs: 5,
        seeds: 3,
        sizes: &[
            [14, 14],
            [20, 20],
            [24, 24],
            OWN,
            [32, 32],
            [41, 37],
            [42, 42],
            [56, 56],
        ],
        handovers: &[[20, 20], [42, 42], [56, 56]],
        shown: 2_000,
    },
    quick: Extent {
        train: 300,
        test: 100,
        epochs: 2,
        seeds: 2,
        sizes: &[[20, 20], OWN, [41, 37], [56, 56]],
        handovers: &[[56, 56]],
        shown: 50,
    },
};

/// All figures.
struct Figures {
    extent: Extent,
    batch_size: usize,
    compared: Compared,
    by_size: Vec<BySize>,
    /// Networks that run at their training size alone, and why.
    bound: Vec<(String, String)>,
    apart: Vec<PerSeed<Vec<Apart>>>,
    /// By size and network.
    handovers: Vec<([usize; 2], PerSeed<Vec<After>>)>,
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let extent = EXTENT.of(run);
    let set = run.choose("set", &["fashion-mnist", "glyphs"])?;
    let mut config = Recipe::find("lab")?.config();
    config.epochs = extent.epochs;
    let comparison = Comparison {
        part: Part {
            name: set,
            train: extent.train,
            test: extent.test,
            ..Part::default()
        },
        config,
        models: names(&MODELS),
        once: Vec::new(),
        seeds: seeds(run, extent.seeds),
    };
    let compared = comparison.run(run)?;
    let bound = run.step("bound", (&comparison.part, extent.sizes), |run| {
        let data = run.data(&comparison.part)?;
        bound(run, &comparison, &data, &extent)
    })?;
    let mut by_size = Vec::new();
    for model in MODELS {
        let is_bound = bound.iter().any(|(name, _)| name == model);
        for presented in Presented::ALL.into_iter().chain([Presented::CUT_OFF]) {
            let sizes: &[[usize; 2]] = match is_bound && presented.route == Route::Direct {
                true => &[OWN],
                false => extent.sizes,
            };
            let step = format!("{}-{model}", presented.step());
            let of = comparison.each_seed(run, (&step, model), sizes, |of| {
                let data = (&*of.data, &of.normalize);
                at_sizes(&of.network, data, presented, sizes, &of.device)
            })?;
            by_size.push(BySize { presented, of });
        }
    }
    for counting in Counting::ALL {
        by_size.extend(composed(run, &comparison, counting, extent.sizes)?);
    }
    let mut commuting = Vec::new();
    for model in MODELS {
        let settings = (extent.sizes, extent.shown);
        let step = format!("commute-{model}");
        commuting.push(comparison.each_seed(run, (&step, model), settings, |of| {
            let found = apart(of, extent.shown, extent.sizes)?;
            found.ok_or_else(|| StudyError::Failed(format!("{model} has no first filter")))
        })?);
    }
    let mut by_layer = Vec::new();
    for &size in extent.handovers {
        for model in LAYERED {
            let step = format!("handover-{model}-{}x{}", size[0], size[1]);
            let settings = (size, extent.shown);
            let of = comparison.each_seed(run, (&step, model), settings, |of| {
                let found = handovers(of, size, extent.shown)?;
                found.ok_or_else(|| StudyError::Failed(format!("{model} has other layers")))
            })?;
            by_layer.push((size, of));
        }
    }
    let figures = Figures {
        extent,
        batch_size: comparison.config.batch_size,
        compared,
        by_size,
        bound,
        apart: commuting,
        handovers: by_layer,
    };
    page::page(run, figures)
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
        for size in extent.sizes {
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
            let images = (&*data, &config.normalize);
            let all = Presented::ALL
                .map(|presented| at_sizes(&network, images, presented, sizes, run.device()));
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
            presented,
            of: PerSeed {
                model: counting.name().into(),
                seeds,
            },
        })
        .collect())
}
