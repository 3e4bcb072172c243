//! The filters of networks on spectra, before and after training, and what they do to an image.

mod measure;
mod page;
mod pictures;
mod responses;

use serde_json::json;

use spectral_lab::report::{Report, Strip};
use spectral_lab::train::{Recipe, TrainConfig};

use crate::kit::Extents;
use crate::kit::comparison::{Comparison, names, seeds};
use crate::kit::run::Part;
use crate::kit::shown::shown_name;
use crate::{StudyError, StudyInfo, StudyRun};
use measure::{Filters, measure};
use responses::Responses;

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "filters",
    summary: "filters on spectra before and after training, and what they do to an image",
    question: "How far does training move the responses of spectral filters, what do they look like \
               before and after, and what does such a filter do to an image?",
    source: "Wood and Larson, Parametric Spectral Filters for Fast Converging, Scalable \
             Convolutional Neural Networks, 2021",
    budget: None,
    make,
};

/// The recipe of the source's benchmark.
const RECIPE: &str = "cats-vs-dogs";

/// One network for each kind of response, the freest first.
const MODELS: [&str; 3] = ["cats-fourier", "cats-linear", "cats-gaussian"];

/// How much is trained.
#[derive(Clone, Copy, Debug)]
struct Extent {
    /// Training and test images, and epochs.
    images: [usize; 3],
    /// Seeds, from the study's own on.
    seeds: u64,
}

const EXTENT: Extents<Extent> = Extents {
    full: Extent {
        images: [100_000, 100_000, 3],
        seeds: 3,
    },
    quick: Extent {
        images: [128, 64, 1],
        seeds: 2,
    },
};

/// The filters of one network.
struct Kind {
    model: String,
    /// Of each seed.
    seeds: Vec<Filters>,
    /// Of the first seed, before and after.
    pictures: Vec<Strip>,
    /// From an image through the first filter and back.
    overview: Strip,
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let extent = EXTENT.of(run);
    let name = run.choose("images", &["cats-vs-dogs", "textures"])?;
    let [train, test, epochs] = extent.images;
    let comparison = Comparison {
        part: Part {
            name,
            train,
            test,
            ..Part::default()
        },
        config: TrainConfig {
            epochs,
            ..Recipe::find(RECIPE)?.config()
        },
        models: names(&MODELS),
        once: Vec::new(),
        seeds: seeds(run, extent.seeds),
    };
    let compared = comparison.run(run)?;
    let kinds = MODELS.map(|model| kind(run, &comparison, model));
    let kinds = kinds.into_iter().collect::<Result<Vec<_>, _>>()?;
    page::page(run, &extent, compared, kinds)
}

fn kind(run: &mut StudyRun<'_>, comparison: &Comparison, model: &str) -> Result<Kind, StudyError> {
    let part = &comparison.part;
    let settings = |seed| json!({"data": part, "train": comparison.config(seed)});
    let mut of_seeds = Vec::new();
    for &seed in &comparison.seeds {
        let name = format!("{}-{model}-filters-seed-{seed}", part.name);
        of_seeds.push(run.step(&name, settings(seed), |run| {
            let [fresh, trained] = responses(run, comparison, model, seed)?;
            measure(&fresh, &trained)
        })?);
    }
    let seed = comparison.first_seed();
    let name = format!("{}-{model}-pictures", part.name);
    let pictures = run.step(&name, settings(seed), |run| {
        let [fresh, trained] = responses(run, comparison, model, seed)?;
        pictures::before_and_after(&fresh, &trained)
    })?;
    let name = format!("{}-{model}-overview", part.name);
    let shown = json!({
        "data": part,
        "train": comparison.config(seed),
        "shown": shown_name(&part.name),
    });
    let overview = run.step(&name, shown, |run| {
        let [_, trained] = responses(run, comparison, model, seed)?;
        let data = run.data(part)?;
        let normalize = comparison.config.normalize.clone().fitted(&data.train);
        let shown = run.shown(part)?;
        pictures::overview(model, &trained, &shown, &normalize, run.device())
    })?;
    Ok(Kind {
        model: model.into(),
        seeds: of_seeds,
        pictures,
        overview,
    })
}

/// The responses of a network before and after training.
fn responses(
    run: &mut StudyRun<'_>,
    comparison: &Comparison,
    model: &str,
    seed: u64,
) -> Result<[Responses; 2], StudyError> {
    let data = run.data(&comparison.part)?;
    let size = [data.train.height, data.train.width];
    Ok([
        Responses::of(&comparison.fresh(run, &data, model, seed)?, size)?,
        Responses::of(&comparison.trained(run, &data, model, seed)?, size)?,
    ])
}
