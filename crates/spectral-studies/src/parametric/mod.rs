//! Parametric spectral filters compared with convolutions: accuracy, convergence, cost by size, and what
//! networks can see.

mod pace;
mod page;
mod scale;
mod sight;
mod stepper;
mod thumbnails;

use serde_json::json;

use spectral_lab::report::{Picture, Report};
use spectral_lab::train::{Recipe, TrainConfig};

use crate::kit::Extents;
use crate::kit::comparison::{Compared, Comparison, PerSeed, names, seeds};
use crate::kit::run::Part;
use crate::kit::shown::shown_name;
use crate::{StudyError, StudyInfo, StudyRun};
use pace::{Pace, Probing, pace};
use scale::{Cost, costs};
use sight::{Sight, sight};
use thumbnails::{SIDES, Thumbnails, thumbnails};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "parametric",
    summary: "filters of few parameters on spectra: pace, cost by size, what they see",
    question: "Do networks of parametric spectral filters converge faster than a convolutional \
               network, and do they scale, as the title of their paper says? And what can they see of \
               an image?",
    source: "Wood and Larson, Parametric Spectral Filters for Fast Converging, Scalable \
             Convolutional Neural Networks, 2021",
    budget: None,
    make,
};

/// The recipe of the source's benchmark.
const RECIPE: &str = "cats-vs-dogs";

/// The networks of the source that are built alike, the baseline first.
const PUBLISHED: [&str; 4] = [
    "cats-spatial",
    "cats-fourier",
    "cats-linear",
    "cats-gaussian",
];

/// The spectral ones repaired.
const REPAIRED: [&str; 3] = [
    "cats-fourier-repaired",
    "cats-linear-repaired",
    "cats-gaussian-repaired",
];

/// The source's deeper network, its own baseline first.
const DEEP: [&str; 3] = [
    "cats-spatial-deep",
    "cats-gaussian-deep",
    "cats-gaussian-deep-repaired",
];

/// The deeper networks that are trained from one seed alone: they take longest.
const DEEP_ONCE: [&str; 2] = ["cats-spatial-deep", "cats-gaussian-deep-repaired"];

/// Networks whose steps are timed by the size of the image.
const SCALED: [&str; 5] = [
    "cats-spatial",
    "cats-fourier",
    "cats-linear",
    "cats-gaussian",
    "cats-gaussian-repaired",
];

/// Losses to be reached, over the loss of the one answer that is best for all images. Chosen before
/// anything was trained in full.
const LEVELS: [f64; 6] = [1.2, 1.0, 0.98, 0.95, 0.9, 0.8];

/// Which of [`LEVELS`] is that answer's own.
const NOTHING_LEARNED: usize = 1;

/// How much is trained and measured.
struct Extent {
    train: usize,
    test: usize,
    epochs: usize,
    /// Seeds, from the study's own on.
    seeds: u64,
    /// Networks that are trained from the first seed alone.
    once: &'static [&'static str],
    /// Training images that the loss is read on, and steps between two readings.
    probing: [usize; 2],
    /// Sides of the images of the timed steps.
    sides: &'static [usize],
    /// Images of a timed step.
    batch: usize,
    /// Timed steps of each network.
    rounds: usize,
    /// Test images that waves are added to.
    seen: usize,
}

const EXTENT: Extents<Extent> = Extents {
    full: Extent {
        train: 100_000,
        test: 100_000,
        epochs: 3,
        seeds: 3,
        once: &[],
        probing: [256, 2],
        // An odd one and a prime one, and that of the source.
        sides: &[32, 64, 97, 128, 150, 175, 256],
        batch: 16,
        rounds: 15,
        seen: 16,
    },
    quick: Extent {
        train: 128,
        test: 64,
        epochs: 1,
        seeds: 2,
        once: &REPAIRED,
        probing: [64, 1],
        sides: &[16, 31, 45],
        batch: 4,
        rounds: 5,
        seen: 4,
    },
};

/// All figures.
struct Figures {
    extent: Extent,
    thumbnails: Vec<Thumbnails>,
    compared: Compared,
    deep: Compared,
    paced: Vec<PerSeed<Pace>>,
    costs: Vec<Cost>,
    sights: Vec<Sight>,
    /// Whether images have colors of their own, and not those of three gray ones.
    has_colors: bool,
    /// One image in its own and in other colors.
    pictures: Vec<Picture>,
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let extent = EXTENT.of(run);
    let name = run.choose("images", &["cats-vs-dogs", "textures"])?;
    let config = TrainConfig {
        epochs: extent.epochs,
        ..Recipe::find(RECIPE)?.config()
    };
    let own = Comparison {
        part: Part {
            name,
            train: extent.train,
            test: extent.test,
            ..Part::default()
        },
        config,
        models: names(&[&PUBLISHED[..], &REPAIRED[..]].concat()),
        once: names(extent.once),
        seeds: seeds(run, extent.seeds),
    };
    let deep = Comparison {
        models: names(&DEEP),
        once: names(&DEEP_ONCE),
        ..own.clone()
    };
    let part = &own.part;
    let thumbnails = SIDES.map(|side| {
        let step = format!("{}-thumbnails-{side}", part.name);
        run.step(&step, part, |run| thumbnails(&*run.data(part)?, side))
    });
    let thumbnails = thumbnails.into_iter().collect::<Result<_, _>>()?;
    let compared = own.run(run)?;
    let paced = paced(run, &own, &extent)?;
    let deep = deep.run(run)?;
    let costs = scaled(run, &extent, &own.config)?;
    let sights = own.models.iter().map(|model| {
        let step = format!("{}-{model}-sight", part.name);
        let config = own.config(own.first_seed());
        let settings = json!({"data": part, "train": config, "images": extent.seen});
        run.step(&step, settings, |run| {
            sight(&own.subject(run, model)?, extent.seen)
        })
    });
    let sights = sights.collect::<Result<_, _>>()?;
    let settings = json!({"data": part, "shown": shown_name(&part.name)});
    let (has_colors, pictures) = run.step(&format!("{}-colors", part.name), settings, |run| {
        let has_colors = run.data(part)?.test.channels == 3;
        let shown = run.shown(part)?;
        Ok((has_colors, sight::pictures(&shown, run.device())?))
    })?;
    let figures = Figures {
        extent,
        thumbnails,
        compared,
        deep,
        paced,
        costs,
        sights,
        has_colors,
        pictures,
    };
    page::page(run, figures)
}

/// The training of the source's networks by step, seed by seed.
fn paced(
    run: &mut StudyRun<'_>,
    comparison: &Comparison,
    extent: &Extent,
) -> Result<Vec<PerSeed<Pace>>, StudyError> {
    let [images, every] = extent.probing;
    let seed = run.seed();
    let probing = Probing {
        images,
        every,
        seed,
    };
    let mut all: Vec<PerSeed<Pace>> = PUBLISHED
        .map(|model| PerSeed {
            model: model.into(),
            seeds: Vec::new(),
        })
        .into();
    for &seed in &comparison.seeds {
        for of in &mut all {
            let config = comparison.config(seed);
            let name = format!("{}-{}-pace-seed-{seed}", comparison.part.name, of.model);
            let settings = json!({"data": comparison.part, "train": config, "probing": probing});
            of.seeds.push(run.step(&name, settings, |run| {
                let data = run.data(&comparison.part)?;
                let network = comparison.fresh(run, &data, &of.model, seed)?;
                pace(network, &data, &config, probing, run.device())
            })?);
        }
    }
    Ok(all)
}

/// Steps by the size of the image, the smallest first.
fn scaled(
    run: &mut StudyRun<'_>,
    extent: &Extent,
    config: &TrainConfig,
) -> Result<Vec<Cost>, StudyError> {
    let config = TrainConfig {
        batch_size: extent.batch,
        ..config.clone()
    };
    let mut all = Vec::new();
    for &side in extent.sides {
        let settings = json!({"models": SCALED, "train": config, "rounds": extent.rounds});
        all.extend(run.step(&format!("side-{side}"), settings, |run| {
            costs(&SCALED, side, extent.rounds, &config, run.device())
        })?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_of_the_best_answer_for_all_is_a_level() {
        assert_eq!(LEVELS[NOTHING_LEARNED], 1.0);
        assert!(LEVELS.is_sorted_by(|a, b| a > b));
    }
}
