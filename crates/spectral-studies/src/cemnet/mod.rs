//! CEMNet beside its spatial twins: accuracy, weight fixation, gradients by depth, widths.

mod gradients;
mod page;
mod widths;

use serde_json::json;

use spectral_lab::data::Normalize;
use spectral_lab::report::{ModelReport, Report};
use spectral_lab::train::TrainConfig;

use crate::kit::Extents;
use crate::kit::comparison::{Compared, Comparison, along_cosine, seeds};
use crate::kit::run::Part;
use crate::{StudyError, StudyInfo, StudyRun};
use gradients::{LayerGradient, gradients};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "cemnet",
    summary: "networks on spectra beside their twins: accuracy, weight fixation, depth, width",
    question: "Are networks that operate on spectra, as published and repaired, as accurate as their \
               spatial twins, and does weight fixation keep them from overfitting?",
    source: "Pan et al., Learning Convolutional Neural Networks in the Frequency Domain, 2022",
    budget: None,
    make,
};

/// Networks for digits, the twin first.
const DIGITS: [&str; 3] = ["lenet", "cemnet-mnist", "cemnet-mnist-repaired"];

/// The same network for digits under projection, reparameterization, penalty, and nothing.
const DIGIT_FIXATION: [&str; 4] = [
    "cemnet-mnist",
    "cemnet-mnist-taps",
    "cemnet-mnist-penalty",
    "cemnet-mnist-unfixed",
];

/// The same for color images; [`COLOR_WIDTH`] is added to each name.
const COLOR_FIXATION: [&str; 4] = [
    "cemnet-cifar-projected",
    "cemnet-cifar",
    "cemnet-cifar-penalty",
    "cemnet-cifar-unfixed",
];

/// Networks for color images beside them, the twin first.
const COLORS: [&str; 2] = ["vgg", "cemnet-cifar-repaired"];

/// What ends the names of the color networks that are compared.
const COLOR_WIDTH: &str = "-quarter";

/// What ends the names of the networks of the sweep of widths.
const WIDTHS: [&str; 2] = ["-quarter", "-half"];

/// Networks whose widths are swept.
const SWEPT: [&str; 3] = ["vgg", "cemnet-cifar", "cemnet-cifar-repaired"];

/// Color networks whose gradients are measured layer by layer.
const COLOR_GRADIENTS: [&str; 4] = [
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
    /// Of color images.
    colors: [usize; 3],
    /// Seeds of the digits, from the study's own on.
    digit_seeds: u64,
    /// Seeds of the color images.
    color_seeds: u64,
    /// Images that a gradient is averaged over.
    gradient_images: usize,
}

const EXTENT: Extents<Extent> = Extents {
    full: Extent {
        digits: [60_000, 10_000, 10],
        colors: [10_000, 10_000, 20],
        digit_seeds: 3,
        color_seeds: 1,
        gradient_images: 500,
    },
    quick: Extent {
        digits: [300, 200, 2],
        colors: [100, 100, 1],
        digit_seeds: 2,
        color_seeds: 1,
        gradient_images: 50,
    },
};

/// What one set of images showed.
struct Group {
    compared: Compared,
    epochs: usize,
    batch_size: usize,
    /// The networks of the comparison of fixations, by name.
    fixation: Vec<String>,
    /// Gradients of the first seed's networks.
    gradients: Vec<Gradients>,
}

/// Gradients of a network before and after training.
struct Gradients {
    model: String,
    fresh: Vec<LayerGradient>,
    trained: Vec<LayerGradient>,
}

/// What is done on one set of images.
struct Plan {
    comparison: Comparison,
    fixation: Vec<String>,
    gradients: Vec<String>,
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let extent = EXTENT.of(run);
    let names = |names: &[&str], width: &str| -> Vec<String> {
        names.iter().map(|name| format!("{name}{width}")).collect()
    };
    let set = run.choose("digits", &["mnist", "glyphs"])?;
    let digits = Plan {
        comparison: Comparison {
            part: part(set, extent.digits),
            config: config(extent.digits, 100, Normalize::default())?,
            models: distinct([names(&DIGITS, ""), names(&DIGIT_FIXATION, "")]),
            once: names(&DIGIT_FIXATION[1..], ""),
            seeds: seeds(run, extent.digit_seeds),
        },
        fixation: names(&DIGIT_FIXATION, ""),
        gradients: names(&DIGITS, ""),
    };
    let set = run.choose("colors", &["cifar-10", "textures"])?;
    let swept = WIDTHS.map(|width| names(&SWEPT, width)).concat();
    let colors = Plan {
        comparison: Comparison {
            part: part(set, extent.colors),
            config: config(extent.colors, 64, Normalize::PerChannelOfTraining)?,
            models: distinct([
                names(&COLORS, COLOR_WIDTH),
                names(&COLOR_FIXATION, COLOR_WIDTH),
                swept,
            ]),
            once: Vec::new(),
            seeds: seeds(run, extent.color_seeds),
        },
        fixation: names(&COLOR_FIXATION, COLOR_WIDTH),
        gradients: names(&COLOR_GRADIENTS, COLOR_WIDTH),
    };
    let digits = digits.run(run, &extent)?;
    let mut colors = colors.run(run, &extent)?;
    // The twin stays first; the sweep has a table of its own.
    let widths = widths::take_widths(&mut colors.compared, &SWEPT, &WIDTHS, COLOR_WIDTH);
    page::page(run, [digits, colors], &widths)
}

/// The accuracy on the training images in the last epoch, as seen while the weights moved.
fn train_accuracy(run: &ModelReport) -> f64 {
    let last = run.history.last();
    last.map_or(f64::NAN, |epoch| epoch.train_accuracy)
}

fn part(name: String, [train, test, _]: [usize; 3]) -> Part {
    Part {
        name,
        train,
        test,
        ..Part::default()
    }
}

/// The lab's recipe. That of the source needs its hundreds of epochs: over ten of them the baseline itself
/// stays behind.
fn config(
    [.., epochs]: [usize; 3],
    batch_size: usize,
    normalize: Normalize,
) -> Result<TrainConfig, StudyError> {
    Ok(TrainConfig {
        normalize,
        ..along_cosine(epochs, batch_size)?
    })
}

/// The names of all lists, each once.
fn distinct<const N: usize>(lists: [Vec<String>; N]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for name in lists.into_iter().flatten() {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

impl Plan {
    fn run(self, run: &mut StudyRun<'_>, extent: &Extent) -> Result<Group, StudyError> {
        let compared = self.comparison.run(run)?;
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
            compared,
            epochs: self.comparison.config.epochs,
            batch_size: self.comparison.config.batch_size,
            fixation: self.fixation,
            gradients: measured,
        })
    }

    /// Gradients of the network of the first seed, fresh or trained.
    fn gradients_of(
        &self,
        run: &mut StudyRun<'_>,
        model: &str,
        is_trained: bool,
        extent: &Extent,
    ) -> Result<Vec<LayerGradient>, StudyError> {
        let comparison = &self.comparison;
        let seed = comparison.first_seed();
        let config = comparison.config(seed);
        let state = if is_trained { "trained" } else { "fresh" };
        let name = format!("{}-{model}-gradients-{state}", comparison.part.name);
        let count = extent.gradient_images;
        let settings = json!({"data": comparison.part, "train": config, "images": count});
        run.step(&name, settings, |run| {
            let data = run.data(&comparison.part)?;
            let network = match is_trained {
                true => comparison.trained(run, &data, model, seed)?,
                false => comparison.fresh(run, &data, model, seed)?,
            };
            gradients(network, &data, &config, count, run.device())
        })
    }
}
