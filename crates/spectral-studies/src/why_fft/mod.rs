//! Five complaints about a Fourier transform as a layer, each as something to measure.

mod complaints;
mod cost;
mod gradients;
mod locality;
mod oracle;
mod page;
mod phase;
mod sections;
mod zero;

use serde_json::json;

use spectral_lab::data::{DataSet, Normalize};
use spectral_lab::model::Network;
use spectral_lab::report::{Picture, Report};
use spectral_lab::train::Recipe;

use super::comparison::{Compared, Comparison, names, seeds};
use super::run::Part;
use super::shown::shown_name;
use super::{StudyError, StudyInfo, StudyRun};
use cost::Timed;
use gradients::{Exactness, Operation};
use locality::{Kernels, Reach};
use phase::{Exchanged, Kept};
use zero::{Gain, Steepness};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "why-fft",
    summary: "five complaints about a Fourier transform as a layer: what is lost, what it costs",
    question: "Is a Fourier transform ineffective as a layer of a network: for want of parameters, of \
               phase, of speed, of good gradients, of locality? And what mends it?",
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

/// How much is made.
#[derive(Clone, Debug)]
struct Extent {
    /// Training and test images, and epochs.
    images: [usize; 3],
    seeds: u64,
    /// Test images that are taken apart and moved.
    shown: usize,
    /// Pixels they are moved by.
    shifts: Vec<usize>,
    /// Sizes that are timed, and how often.
    timed: Vec<usize>,
    rounds: usize,
    /// Sizes of gradients.
    sizes: Vec<usize>,
}

fn full() -> Extent {
    Extent {
        images: [60_000, 10_000, 5],
        seeds: 3,
        shown: 5_000,
        shifts: vec![0, 1, 2, 4, 7, 14],
        timed: vec![28, 32, 64, 97, 128, 150, 224],
        rounds: 15,
        sizes: vec![8, 9, 16, 27, 28, 31, 32, 64, 97, 127, 128, 150, 224, 256],
    }
}

fn quick() -> Extent {
    Extent {
        images: [300, 200, 2],
        seeds: 2,
        shown: 200,
        shifts: vec![0, 2, 7],
        timed: vec![28, 31],
        rounds: 3,
        sizes: vec![8, 9, 28, 31, 64],
    }
}

/// A figure of every seed of a network.
struct OfModel<T> {
    model: String,
    seeds: Vec<T>,
}

/// All figures.
struct Figures {
    extent: Extent,
    set: String,
    batch_size: usize,
    learning_rate: f64,
    compared: Compared,
    exchanged: Vec<OfModel<Exchanged>>,
    shifted: Vec<OfModel<Vec<f64>>>,
    kept: Kept,
    pictures: Vec<Vec<Picture>>,
    timed: Vec<Timed>,
    exactness: Vec<Exactness>,
    steepness: Vec<Steepness>,
    gains: Vec<Gain>,
    reaches: Vec<Reach>,
    kernels: Vec<OfModel<Kernels>>,
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
    let (shown, shifts) = (extent.shown, extent.shifts.clone());
    let exchanged = each_seed(run, &comparison, "exchange", shown, &MODELS, {
        |run, network, data, normalize| phase::shown(network, data, normalize, shown, run.device())
    })?;
    let shifted = each_seed(run, &comparison, "shifts", (shown, &shifts), &MODELS, {
        |run, network, data, normalize| {
            phase::shifted(network, data, normalize, (shown, &shifts), run.device())
        }
    })?;
    let kernels = each_seed(run, &comparison, "kernels", "first layer", &LOCAL, {
        |run, network, data, _| {
            let size = [data.test.height, data.test.width];
            let found = locality::kernels(network, size, run.device())?;
            found.ok_or_else(|| StudyError::Failed("the first layer has no kernels".into()))
        }
    })?;
    let part = comparison.part.clone();
    let kept = run.step("kept", (&part, shown), |run| {
        phase::kept(&run.data(&part)?.test, shown.min(1_000), run.device())
    })?;
    let pictures = run.step("pictures", (&part, shown_name(&part.name)), |run| {
        phase::pictures(&run.shown(&part)?, run.device())
    })?;
    let mut timed = Vec::new();
    for &size in &extent.timed {
        let rounds = extent.rounds;
        let step = format!("cost-{size}");
        timed.push(run.step(&step, (size, rounds), |run| {
            cost::timed(run.device(), size, rounds)
        })?);
    }
    let mut exactness: Vec<Exactness> = Vec::new();
    for operation in Operation::ALL {
        let sizes = &extent.sizes;
        exactness.extend(
            run.step(operation.step(), sizes, |run| -> Result<Vec<_>, _> {
                let sizes = sizes.iter();
                sizes
                    .map(|size| gradients::exactness(operation, *size, run.device()))
                    .collect()
            })?,
        );
    }
    let steepness = run.step("zero", MAGNITUDES, |run| {
        zero::steepness(&MAGNITUDES, run.device())
    })?;
    let sizes = &extent.sizes;
    let gains = run.step("norms", sizes, |run| {
        let found = sizes.iter().map(|size| zero::gains(*size, run.device()));
        Ok(found.collect::<Result<Vec<_>, _>>()?.concat())
    })?;
    let reaches = run.step("reach", &part, |run| {
        let data = run.data(&part)?;
        locality::reaches([data.test.height, data.test.width], run.device())
    })?;
    Ok(page::page(
        &STUDY,
        Figures {
            extent,
            set,
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
        },
    ))
}

/// Measures the networks that the trainings left, each in a step of its own.
fn each_seed<T: serde::Serialize + serde::de::DeserializeOwned>(
    run: &mut StudyRun<'_>,
    comparison: &Comparison,
    name: &str,
    of: impl serde::Serialize,
    models: &[&str],
    work: impl Fn(&StudyRun<'_>, &Network, &DataSet, &Normalize) -> Result<T, StudyError>,
) -> Result<Vec<OfModel<T>>, StudyError> {
    let mut all = Vec::new();
    for &model in models {
        let settings = json!({
            "data": comparison.part,
            "train": comparison.config,
            "seeds": comparison.seeds,
            "of": of,
        });
        let seeds = run.step(&format!("{name}-{model}"), settings, |run| {
            let data = run.data(&comparison.part)?;
            let normalize = comparison.config.normalize.clone().fitted(&data.train);
            let seeds = comparison.seeds.iter();
            seeds
                .map(|&seed| {
                    let network = comparison.trained(run, &data, model, seed)?;
                    work(run, &network, &data, &normalize)
                })
                .collect::<Result<Vec<T>, _>>()
        })?;
        all.push(OfModel {
            model: model.into(),
            seeds,
        });
    }
    Ok(all)
}

impl<T> OfModel<T> {
    /// The mean of a figure over the seeds.
    fn mean(&self, figure: impl Fn(&T) -> f64) -> f64 {
        self.seeds.iter().map(figure).sum::<f64>() / self.seeds.len().max(1) as f64
    }
}
