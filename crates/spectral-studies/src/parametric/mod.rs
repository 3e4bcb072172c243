//! Parametric spectral filters beside convolutions: accuracy, pace, cost by size, and what is seen.

mod pace;
mod pace_page;
mod page;
mod scale;
mod scale_page;
mod sight;
mod sight_page;
mod stepper;
mod thumbnails;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use serde_json::json;

use spectral_lab::data::DataSet;
use spectral_lab::model::{self, InputSpec, Network};
use spectral_lab::report::{Picture, Report};
use spectral_lab::train::{Recipe, TrainConfig};

use super::comparison::{Compared, Comparison, names, seeds};
use super::images::images;
use super::run::Part;
use super::shown::shown_name;
use super::{StudyError, StudyInfo, StudyRun};
use pace::{Pace, Probing, pace};
use scale::{Cost, costs};
use sight::{Colors, Leak};
use thumbnails::{SIDES, Thumbnails, thumbnails};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "parametric",
    summary: "filters of few parameters on spectra: pace, cost by size, what they see",
    question: "Do networks of parametric spectral filters converge faster than a convolutional one, \
               and do they scale, as their title says; and what can they see of an image?",
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
#[derive(Clone, Copy, Debug)]
struct Extent {
    /// Training and test images, and epochs.
    images: [usize; 3],
    /// Seeds, from the study's own on.
    seeds: u64,
    /// Whether the repaired networks are trained from the first seed alone.
    is_repaired_once: bool,
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

const FULL: Extent = Extent {
    images: [100_000, 100_000, 3],
    seeds: 3,
    is_repaired_once: false,
    probing: [256, 2],
    // An odd one and a prime one, and that of the source.
    sides: &[32, 64, 97, 128, 150, 175, 256],
    batch: 16,
    rounds: 15,
    seen: 16,
};

const QUICK: Extent = Extent {
    images: [128, 64, 1],
    seeds: 2,
    is_repaired_once: true,
    probing: [64, 1],
    sides: &[16, 31, 45],
    batch: 4,
    rounds: 5,
    seen: 4,
};

/// The training of one network from one seed, by step.
struct Paced {
    model: &'static str,
    paces: Vec<Pace>,
}

/// What a network can tell apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sight {
    model: String,
    /// Of the trained network, one for each frequency.
    leaks: Vec<Leak>,
    /// Of the trained network: how far it is from answering as much more as the contrast is.
    contrast: f64,
    colors: Colors,
    /// What it answers for the first class, of the images that are shown.
    answers: Vec<f32>,
}

/// All figures.
struct Figures {
    thumbnails: Vec<Thumbnails>,
    compared: Compared,
    deep: Compared,
    /// The classes of the set.
    classes: usize,
    paced: Vec<Paced>,
    probing: Probing,
    costs: Vec<Cost>,
    batch: usize,
    rounds: usize,
    sights: Vec<Sight>,
    /// Whether images have colors of their own, and not those of three gray ones.
    has_colors: bool,
    /// One image in its own and in other colors.
    pictures: Vec<Picture>,
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let extent = if run.quick() { QUICK } else { FULL };
    let name = run.choose("images", &["cats-vs-dogs", "textures"])?;
    let [train, test, epochs] = extent.images;
    let config = TrainConfig {
        epochs,
        ..Recipe::find(RECIPE)?.config()
    };
    let own = Comparison {
        part: Part {
            name,
            train,
            test,
            ..Part::default()
        },
        config,
        models: names(&[&PUBLISHED[..], &REPAIRED[..]].concat()),
        once: names(if extent.is_repaired_once {
            &REPAIRED
        } else {
            &[]
        }),
        seeds: seeds(run, extent.seeds),
    };
    let deep = Comparison {
        models: names(&DEEP),
        once: names(&DEEP_ONCE),
        ..own.clone()
    };
    let probing = Probing {
        images: extent.probing[0],
        every: extent.probing[1],
        seed: run.seed(),
    };
    let thumbnails = SIDES.map(|side| {
        let step = format!("{}-thumbnails-{side}", own.part.name);
        run.step(&step, &own.part, |run| {
            thumbnails(&*run.data(&own.part)?, side)
        })
    });
    let thumbnails = thumbnails.into_iter().collect::<Result<_, _>>()?;
    let compared = own.run(run)?;
    let paced = paced(run, &own, probing)?;
    let deep = deep.run(run)?;
    let costs = scaled(run, &extent, &own.config)?;
    let sights = sights(run, &own, extent.seen)?;
    let (has_colors, pictures) = pictures(run, &own.part)?;
    Ok(page::page(
        &STUDY,
        Figures {
            thumbnails,
            classes: compared.data.classes.len(),
            compared,
            deep,
            paced,
            probing,
            costs,
            batch: extent.batch,
            rounds: extent.rounds,
            sights,
            has_colors,
            pictures,
        },
    ))
}

/// The training of the source's networks by step, seed by seed.
fn paced(
    run: &mut StudyRun<'_>,
    comparison: &Comparison,
    probing: Probing,
) -> Result<Vec<Paced>, StudyError> {
    let mut all: Vec<Paced> = PUBLISHED
        .map(|model| Paced {
            model,
            paces: Vec::new(),
        })
        .into();
    for &seed in &comparison.seeds {
        for paced in &mut all {
            let config = comparison.config(seed);
            let name = format!("{}-{}-pace-seed-{seed}", comparison.part.name, paced.model);
            let settings = json!({"data": comparison.part, "train": config, "probing": probing});
            paced.paces.push(run.step(&name, settings, |run| {
                let data = run.data(&comparison.part)?;
                let network = comparison.fresh(run, &data, paced.model, seed)?;
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

/// What each network of the first seed can tell apart.
fn sights(
    run: &mut StudyRun<'_>,
    comparison: &Comparison,
    count: usize,
) -> Result<Vec<Sight>, StudyError> {
    let seed = comparison.first_seed();
    let config = comparison.config(seed);
    let part = &comparison.part;
    let sights = comparison.models.iter().map(|model| {
        let settings = json!({"data": part, "train": config, "images": count});
        run.step(&format!("{}-{model}-sight", part.name), settings, |run| {
            let data = run.data(part)?;
            let network = comparison.trained(run, &data, model, seed)?;
            let normalize = config.normalize.clone().fitted(&data.train);
            let indices: Vec<u32> = (0..count.min(data.test.len()) as u32).collect();
            let seen = sight::seen(&data.test, &indices, &normalize, run.device())?;
            let frequencies = sight::frequencies([data.test.height, data.test.width]);
            let leaks = frequencies.map(|frequency| sight::leak(&network, &seen, frequency));
            let colored = colored(&seen);
            let eye = match data.test.channels {
                3 => network.clone(),
                _ => fresh_in_color(run, &data, model, seed)?,
            };
            let shown = Tensor::cat(in_other_colors(&colored), 0);
            let answers = sight::answers(&eye, shown)?;
            Ok(Sight {
                model: model.clone(),
                leaks: leaks.into_iter().collect::<Result<_, _>>()?,
                contrast: sight::contrast(&network, &seen)?,
                colors: sight::colors(&eye, &colored)?,
                answers: answers.iter().map(|row| row[0]).collect(),
            })
        })
    });
    sights.collect()
}

/// A network of three colors for images of the set's size.
fn fresh_in_color(
    run: &StudyRun<'_>,
    data: &DataSet,
    model: &str,
    seed: u64,
) -> Result<Network, StudyError> {
    let size = [data.test.height, data.test.width];
    let input = InputSpec::new(3, size, data.classes.len());
    run.device().seed(seed);
    Ok(model::build(model, &input, run.device())?)
}

/// Images of three colors: as they are, or three gray ones for each, the first with the two after
/// it.
fn colored(images: &Tensor<4>) -> Tensor<4> {
    let [_, channels, ..] = images.dims();
    if channels == 3 {
        return images.clone();
    }
    let gray = images.clone().narrow(1, 0, 1);
    Tensor::cat([0, 1, 2].map(|by| sight::turned(&gray, by)).to_vec(), 1)
}

/// The first image as it is, with its colors in another order, and with others of the same sum.
fn in_other_colors(images: &Tensor<4>) -> Vec<Tensor<4>> {
    let reordered = sight::reordered(images, [1, 2, 0]);
    [images.clone(), reordered, sight::exchanged(images)]
        .map(|images| images.narrow(0, 0, 1))
        .into()
}

/// Whether the images have colors, and the first image to be shown in others.
fn pictures(run: &mut StudyRun<'_>, part: &Part) -> Result<(bool, Vec<Picture>), StudyError> {
    let settings = json!({"data": part, "shown": shown_name(&part.name)});
    run.step(&format!("{}-colors", part.name), settings, |run| {
        let data = run.data(part)?;
        let source = run.shown(part)?;
        let images = colored(&images(&source.data().test, 0..3, run.device())?);
        let labels = ["as it is", "green, blue, red", "others, same sum"];
        let shown = in_other_colors(&images);
        let shown = labels.iter().zip(&shown);
        let shown = shown.map(|(label, image)| source.picture(label, image));
        Ok((
            data.test.channels == 3,
            shown.collect::<Result<Vec<_>, _>>()?,
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn three_gray_images_stand_for_colors() {
        let images = Tensor::<4>::from_data([[[[1.0f32]]], [[[2.0]]], [[[3.0]]]], &Device::flex());
        let colored = super::super::images::values(colored(&images)).unwrap();
        assert_eq!(colored, [1.0, 2.0, 3.0, 2.0, 3.0, 1.0, 3.0, 1.0, 2.0]);
    }

    #[test]
    fn the_loss_of_the_best_answer_for_all_is_a_level() {
        assert_eq!(LEVELS[NOTHING_LEARNED], 1.0);
        assert!(LEVELS.is_sorted_by(|a, b| a > b));
    }
}
