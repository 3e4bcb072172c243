//! Five complaints about a Fourier transform as a layer, each as something to measure.

mod complaints;
mod cost;
mod gradients;
mod locality;
mod oracle;
mod page;
mod phase;
mod zero;

use spectral_lab::report::{Picture, Report};
use spectral_lab::train::Recipe;

use crate::kit::Extents;
use crate::kit::comparison::{Compared, Comparison, PerSeed, names, seeds};
use crate::kit::run::Part;
use crate::kit::shown::shown_name;
use crate::{StudyError, StudyInfo, StudyRun};
use cost::Timed;
use gradients::{Exactness, Operation};
use locality::{Kernels, Reach};
use phase::{Exchanged, Kept};
use zero::{Gain, Steepness};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "why-fft",
    summary: "five complaints about a Fourier transform as a layer: what is lost, what it costs",
    question: "Is a Fourier transform ineffective as a layer of a network because it lacks \
               parameters, phase, speed, good gradients or locality? And what fixes each?",
    source: "Why is the Keras FFT layer ineffective?, an article of 2025",
    budget: None,
    make,
};

/// The networks, the baseline first.
const MODELS: [&str; 8] = [
    "fft-cnn-small",
    "fft-only",
    "fft-magnitude",
    "fft-gate",
    "fft-only-repaired",
    "fft-magnitude-repaired",
    "fft-gate-repaired",
    "fft-local",
];

/// Those whose first layer has kernels.
const LOCAL: [&str; 3] = ["fft-cnn-small", "fft-gate-repaired", "fft-local"];

/// Magnitudes of the numbers near zero. The square of the last but one is none in f32.
const MAGNITUDES: [f64; 6] = [1.0, 1e-2, 1e-4, 1e-6, 1e-30, 0.0];

/// How much is measured.
struct Extent {
    train: usize,
    test: usize,
    epochs: usize,
    seeds: u64,
    /// Test images that are taken apart and moved.
    shown: usize,
    /// Pixels they are moved by.
    shifts: &'static [usize],
    /// Sizes that are timed, and how often.
    timed: &'static [usize],
    rounds: usize,
    /// Sizes of gradients.
    sizes: &'static [usize],
}

const EXTENT: Extents<Extent> = Extents {
    full: Extent {
        train: 60_000,
        test: 10_000,
        epochs: 5,
        seeds: 3,
        shown: 5_000,
        shifts: &[0, 1, 2, 4, 7, 14],
        timed: &[28, 32, 64, 97, 128, 150, 224],
        rounds: 15,
        sizes: &[8, 9, 16, 27, 28, 31, 32, 64, 97, 127, 128, 150, 224, 256],
    },
    quick: Extent {
        train: 300,
        test: 200,
        epochs: 2,
        seeds: 2,
        shown: 200,
        shifts: &[0, 2, 7],
        timed: &[28, 31],
        rounds: 3,
        sizes: &[8, 9, 28, 31, 64],
    },
};

/// All figures.
struct Figures {
    extent: Extent,
    batch_size: usize,
    learning_rate: f64,
    compared: Compared,
    exchanged: Vec<PerSeed<Exchanged>>,
    shifted: Vec<PerSeed<Vec<f64>>>,
    kept: Kept,
    pictures: Vec<Vec<Picture>>,
    timed: Vec<Timed>,
    exactness: Vec<Exactness>,
    steepness: Vec<Steepness>,
    gains: Vec<Gain>,
    reaches: Vec<Reach>,
    kernels: Vec<PerSeed<Kernels>>,
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let extent = EXTENT.of(run);
    let mut config = Recipe::find("lab")?.config();
    config.epochs = extent.epochs;
    let comparison = Comparison {
        part: Part {
            name: run.choose("set", &["fashion-mnist", "glyphs"])?,
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
    let (shown, shifts) = (extent.shown, extent.shifts);
    let (mut exchanged, mut shifted, mut kernels) = (Vec::new(), Vec::new(), Vec::new());
    for model in MODELS {
        let step = format!("exchange-{model}");
        exchanged
            .push(comparison.each_seed(run, (&step, model), shown, |of| phase::shown(of, shown))?);
        let step = format!("shifts-{model}");
        shifted.push(
            comparison.each_seed(run, (&step, model), (shown, shifts), |of| {
                phase::shifted(of, shown, shifts)
            })?,
        );
    }
    for model in LOCAL {
        let step = format!("kernels-{model}");
        kernels.push(
            comparison.each_seed(run, (&step, model), "first layer", |of| {
                let size = [of.data.test.height, of.data.test.width];
                let found = locality::kernels(&of.network, size, &of.device)?;
                found.ok_or_else(|| StudyError::Failed("the first layer has no kernels".into()))
            })?,
        );
    }
    let part = comparison.part.clone();
    let kept = run.step("kept", (&part, shown), |run| {
        phase::kept(&run.data(&part)?.test, shown.min(1_000), run.device())
    })?;
    let pictures = run.step("pictures", (&part, shown_name(&part.name)), |run| {
        phase::pictures(&run.shown(&part)?, run.device())
    })?;
    let mut timed = Vec::new();
    for &size in extent.timed {
        let rounds = extent.rounds;
        let step = format!("cost-{size}");
        timed.push(run.step(&step, (size, rounds), |run| {
            cost::timed(run.device(), size, rounds)
        })?);
    }
    let sizes = extent.sizes;
    let mut exactness: Vec<Exactness> = Vec::new();
    for operation in Operation::ALL {
        let of_sizes = run.step(operation.step(), sizes, |run| {
            let sizes = sizes.iter();
            let each = sizes.map(|size| gradients::exactness(operation, *size, run.device()));
            each.collect::<Result<Vec<_>, _>>()
        })?;
        exactness.extend(of_sizes);
    }
    let steepness = run.step("zero", MAGNITUDES, |run| {
        zero::steepness(&MAGNITUDES, run.device())
    })?;
    let gains = run.step("norms", sizes, |run| {
        let found = sizes.iter().map(|size| zero::gains(*size, run.device()));
        Ok(found.collect::<Result<Vec<_>, _>>()?.concat())
    })?;
    let reaches = run.step("reach", &part, |run| {
        let data = run.data(&part)?;
        locality::reaches([data.test.height, data.test.width], run.device())
    })?;
    let figures = Figures {
        extent,
        batch_size: comparison.config.batch_size,
        learning_rate: comparison.config.learning_rate,
        compared,
        exchanged,
        shifted,
        kept,
        pictures,
        timed,
        exactness,
        steepness,
        gains,
        reaches,
        kernels,
    };
    page::page(run, figures)
}
