//! What spectral pooling keeps of an image, beside pooling over blocks.

mod measure;
mod page;
mod ways;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use spectral_lab::report::Report;

use super::run::Part;
use super::shown::{Shown, shown_name};
use super::{StudyError, StudyInfo, StudyRun};
use measure::{Gallery, Kept, Shifted, Source, Told, factors};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "pooling",
    summary: "what spectral pooling keeps of an image, beside max, mean and stride",
    question: "How much of an image and of its class is left after spectral pooling, and how much \
               after max-pooling, at the same number of values kept?",
    source: "Rippel, Snoek and Adams, Spectral Representations for Convolutional Neural Networks, \
             2015",
    budget: None,
    make,
};

/// Sets measured on where their files are there; of a quick look, the first.
const SETS: [&str; 4] = ["cifar-10", "cats-vs-dogs", "fashion-mnist", "mnist"];

/// Sets in their place where none is.
const EMBEDDED: [&str; 2] = ["textures", "glyphs"];

/// Images with a longer side are photographs: fewer are taken, and no classes are told apart.
const SMALL_SIDE: usize = 64;

/// Fewer values than this a side are not measured.
const LEAST_SIDE: usize = 2;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Extent {
    /// Test images to pool and bring back.
    images: usize,
    /// Training images to fit ways back on.
    fitted_on: usize,
    /// Training and test images to tell classes apart.
    classes: [usize; 2],
    /// The most numbers an image to tell them apart by.
    numbers: usize,
    /// The most sizes of spectral pooling.
    sizes: usize,
}

const FULL: Extent = Extent {
    images: 1000,
    fitted_on: 2000,
    classes: [10_000, 10_000],
    numbers: 1024,
    sizes: 32,
};

const FULL_PHOTOGRAPHS: Extent = Extent {
    images: 100,
    fitted_on: 200,
    classes: [200, 100],
    numbers: 1024,
    sizes: 32,
};

const QUICK: Extent = Extent {
    images: 100,
    fitted_on: 200,
    classes: [500, 500],
    numbers: 256,
    sizes: 8,
};

/// All figures of one set of images.
struct Figures {
    set: String,
    /// Height and width.
    size: [usize; 2],
    channels: usize,
    extent: Extent,
    /// By whole factors, the least first.
    by_factor: Vec<Kept>,
    /// Spectral pooling at other sizes.
    spectral: Vec<Kept>,
    /// None of photographs.
    told: Vec<Told>,
    shifted: Vec<Shifted>,
    galleries: Vec<Gallery>,
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let mut sets = run.present("sets", &SETS)?;
    if sets.is_empty() {
        sets = EMBEDDED.map(String::from).to_vec();
    }
    if run.quick() {
        sets.truncate(1);
    }
    let figures = sets.iter().map(|set| measured(run, set));
    let figures = figures.collect::<Result<Vec<_>, _>>()?;
    Ok(page::page(&STUDY, &figures))
}

fn measured(run: &mut StudyRun<'_>, set: &str) -> Result<Figures, StudyError> {
    let info = spectral_lab::data::info(set);
    let (size, channels) = info.map_or(([0, 0], 0), |info| {
        ([info.height, info.width], info.channels)
    });
    let is_small = size[0].max(size[1]) <= SMALL_SIDE;
    let extent = match (run.quick(), is_small) {
        (true, _) => QUICK,
        (false, true) => FULL,
        (false, false) => FULL_PHOTOGRAPHS,
    };
    let factors: Vec<usize> = (factors(size).into_iter())
        .filter(|factor| size.iter().all(|side| side / factor >= LEAST_SIDE))
        .collect();
    let mut step = Stepper { run, set, extent };
    let mut by_factor = Vec::new();
    for &factor in &factors {
        let name = format!("factor-{factor}");
        by_factor.extend(step.step(&name, factor, |source| source.by_factor(factor))?);
    }
    let rows = spectral_sizes(size[0], extent.sizes);
    let spectral = step.step("spectral", &rows, |source| {
        rows.iter().map(|rows| source.spectral(*rows)).collect()
    })?;
    let told = match is_small {
        true => step.step("classes", &factors, |source| source.classes(&factors))?,
        false => Vec::new(),
    };
    let shifted = step.step("shifts", &factors, |source| source.shifts(&factors))?;
    let galleries = galleries(size, &factors)
        .into_iter()
        .map(|(image, factor)| {
            let name = format!("pictures-{image}-{factor}");
            step.shown(&name, (image, factor, shown_name(set)), |source, shown| {
                source.gallery(shown, image, factor)
            })
        });
    Ok(Figures {
        set: set.into(),
        size,
        channels,
        extent,
        by_factor,
        spectral,
        told,
        shifted,
        galleries: galleries.collect::<Result<_, _>>()?,
    })
}

/// So many heights at most up to all of `height`, evenly spaced.
fn spectral_sizes(height: usize, most: usize) -> Vec<usize> {
    let count = most.min(height);
    (1..=count)
        .map(|step| (step * height).div_ceil(count))
        .collect()
}

/// Test images to show, with the factors to pool them by: two of small ones, one of a photograph.
fn galleries(size: [usize; 2], factors: &[usize]) -> Vec<(usize, usize)> {
    let near = |wanted: usize| {
        let mut all = factors.iter().copied();
        all.find(|factor| *factor >= wanted)
            .or(factors.last().copied())
    };
    let wanted = match size[0].max(size[1]) <= SMALL_SIDE {
        true => vec![(1, 2), (1, 4)],
        false => vec![(1, 5)],
    };
    (wanted.into_iter())
        .filter_map(|(image, factor)| Some((image, near(factor)?)))
        .collect()
}

/// Steps on one set of images.
struct Stepper<'a, 'b> {
    run: &'a mut StudyRun<'b>,
    set: &'a str,
    extent: Extent,
}

impl Stepper<'_, '_> {
    fn step<T: Serialize + DeserializeOwned>(
        &mut self,
        name: &str,
        of: impl Serialize,
        work: impl FnOnce(&Source) -> Result<T, StudyError>,
    ) -> Result<T, StudyError> {
        self.made(name, of, |run, part, extent| {
            work(&source(run, part, extent)?)
        })
    }

    /// A step that shows images as well.
    fn shown<T: Serialize + DeserializeOwned>(
        &mut self,
        name: &str,
        of: impl Serialize,
        work: impl FnOnce(&Source, &Shown) -> Result<T, StudyError>,
    ) -> Result<T, StudyError> {
        self.made(name, of, |run, part, extent| {
            let shown = run.shown(part)?;
            work(&source(run, part, extent)?, &shown)
        })
    }

    fn made<T: Serialize + DeserializeOwned>(
        &mut self,
        name: &str,
        of: impl Serialize,
        work: impl FnOnce(&mut StudyRun<'_>, &Part, Extent) -> Result<T, StudyError>,
    ) -> Result<T, StudyError> {
        let name = format!("{}-{name}", self.set);
        let extent = self.extent;
        let part = Part {
            name: self.set.into(),
            train: extent.classes[0].max(extent.fitted_on),
            test: extent.classes[1].max(extent.images),
            ..Part::default()
        };
        let settings = json!({"data": part, "extent": extent, "of": of});
        self.run
            .step(&name, settings, |run| work(run, &part, extent))
    }
}

fn source(run: &mut StudyRun<'_>, part: &Part, extent: Extent) -> Result<Source, StudyError> {
    Ok(Source {
        data: run.data(part)?,
        device: run.device().clone(),
        images: extent.images,
        fitted_on: extent.fitted_on,
        numbers: extent.numbers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_spread_up_to_the_whole_image() {
        assert_eq!(spectral_sizes(4, 9), [1, 2, 3, 4]);
        assert_eq!(spectral_sizes(150, 3), [50, 100, 150]);
        assert_eq!(spectral_sizes(10, 4), [3, 5, 8, 10]);
    }

    #[test]
    fn pictures_take_the_next_factor_there_is() {
        assert_eq!(galleries([28, 28], &[2, 4, 7]), [(1, 2), (1, 4)]);
        assert_eq!(galleries([150, 150], &[2, 3, 6, 10]), [(1, 6)]);
        assert_eq!(galleries([9, 9], &[3]), [(1, 3), (1, 3)]);
        assert!(galleries([7, 7], &[]).is_empty());
    }
}
