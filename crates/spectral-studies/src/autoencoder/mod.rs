//! Autoencoders with an encoder on spectra, and what its code can hold.

mod code;
mod page;

use serde_json::json;

use spectral_lab::report::{Picture, Report};
use spectral_lab::train::{Feeding, Recipe, TrainConfig, reconstruct};

use crate::kit::Extents;
use crate::kit::comparison::{Comparison, names, seeds};
use crate::kit::images::images;
use crate::kit::run::Part;
use crate::kit::shown::{is_shown, shown_name};
use crate::{StudyError, StudyInfo, StudyRun};
use code::{Stage, stages};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "autoencoder",
    summary: "an encoder on spectra beside a spatial one: loss, pictures, what a code can hold",
    question: "Does an encoder of Gaussian spectral filters, as published and repaired, rebuild \
               digits as well as a convolutional one, and what can its code not hold?",
    source: "Wood and Larson, Parametric Spectral Filters for Fast Converging, Scalable \
             Convolutional Neural Networks, 2021",
    budget: None,
    make,
};

/// The recipe of the source's notebook.
const RECIPE: &str = "autoencoder";

/// The networks, the baseline first.
const MODELS: [&str; 3] = [
    "autoencoder-spatial",
    "autoencoder-gaussian",
    "autoencoder-gaussian-repaired",
];

/// How much is trained and measured.
#[derive(Clone, Copy, Debug)]
struct Extent {
    /// Training and test images, and epochs.
    images: [usize; 3],
    /// Seeds, from the study's own on.
    seeds: u64,
    /// Test images whose codes are looked into.
    coded: usize,
}

const EXTENT: Extents<Extent> = Extents {
    full: Extent {
        images: [20_000, 10_000, 6],
        seeds: 2,
        coded: 500,
    },
    quick: Extent {
        images: [256, 128, 2],
        seeds: 2,
        coded: 100,
    },
};

/// Images that are rebuilt in place of some that may not be shown.
const REBUILT: usize = 8;

/// The code of one network.
struct Code {
    model: String,
    stages: Vec<Stage>,
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let extent = EXTENT.of(run);
    let name = run.choose("images", &["mnist", "glyphs"])?;
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
    let seed = comparison.first_seed();
    let mut codes = Vec::new();
    for model in MODELS {
        let part = &comparison.part;
        let config = comparison.config(seed);
        let settings = json!({"data": part, "train": config, "images": extent.coded});
        let stages = run.step(&format!("{}-{model}-code", part.name), settings, |run| {
            let of = comparison.subject(run, model)?;
            stages(
                &of.network,
                images(&of.data.test, 0..extent.coded, &of.device)?,
            )
        })?;
        codes.push(Code {
            model: model.into(),
            stages,
        });
    }
    // Images of the set itself are among its samples.
    let rebuilt = match is_shown(&comparison.part.name) {
        true => Vec::new(),
        false => rebuilt(run, &comparison)?,
    };
    page::page(run, &extent, compared, &codes, rebuilt)
}

/// Images that may be shown, and what each network of the first seed makes of them.
fn rebuilt(
    run: &mut StudyRun<'_>,
    comparison: &Comparison,
) -> Result<Vec<(String, Vec<Picture>)>, StudyError> {
    let part = &comparison.part;
    let config = comparison.config(comparison.first_seed());
    let settings = json!({"data": part, "train": config, "shown": shown_name(&part.name)});
    run.step(&format!("{}-rebuilt", part.name), settings, |run| {
        let shown = run.shown(part)?;
        let count = REBUILT.min(shown.data().test.len());
        let indices: Vec<u32> = (0..count as u32).collect();
        let originals = shown.data().test.subset(&indices)?;
        let mut rows = vec![("before".to_string(), originals.clone())];
        for model in &comparison.models {
            let of = comparison.subject(run, model)?;
            let feeding = Feeding {
                normalize: &of.normalize,
                batch_size: count,
            };
            let images = reconstruct(&of.network, &originals, config.loss, feeding)?;
            rows.push((model.clone(), images));
        }
        let rows = rows.into_iter().map(|(name, of)| {
            let pictures = (0..count).map(|index| {
                let image = images(&of, index..index + 1, run.device())?;
                shown.picture(&(index + 1).to_string(), &image)
            });
            Ok((name, pictures.collect::<Result<Vec<_>, StudyError>>()?))
        });
        rows.collect::<Result<Vec<_>, StudyError>>()
    })
}
