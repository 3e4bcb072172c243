//! What spectral pooling keeps of an image, compared with max pooling, average pooling and striding.

mod measure;
mod page;
mod ways;

use serde::{Deserialize, Serialize};

use spectral_lab::report::Report;

use crate::kit::run::Part;
use crate::kit::shown::shown_name;
use crate::kit::{Extents, SetSteps, Sets};
use crate::{StudyError, StudyInfo, StudyRun};
use measure::{Gallery, Kept, Shifted, Source, Told, factors};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "pooling",
    summary: "what spectral pooling keeps of an image, compared with max, mean and stride",
    question: "How much of an image, and of the information about its class, does spectral pooling \
               keep, compared with max pooling to the same number of values?",
    source: "Rippel, Snoek and Adams, Spectral Representations for Convolutional Neural Networks, \
             2015",
    budget: None,
    make,
};

const SETS: Sets = Sets {
    wanted: &["cifar-10", "cats-vs-dogs", "fashion-mnist", "mnist"],
    embedded: &["textures", "glyphs"],
    quick: 1,
};

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

const EXTENT: Extents<Extent> = Extents {
    full: Extent {
        images: 1000,
        fitted_on: 2000,
        classes: [10_000, 10_000],
        numbers: 1024,
        sizes: 32,
    },
    quick: QUICK,
};

const PHOTOGRAPHS: Extents<Extent> = Extents {
    full: Extent {
        images: 100,
        fitted_on: 200,
        classes: [200, 100],
        numbers: 1024,
        sizes: 32,
    },
    quick: QUICK,
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
    let sets = SETS.choose(run)?;
    let figures = sets.iter().map(|set| measured(run, set));
    let figures = figures.collect::<Result<Vec<_>, _>>()?;
    page::page(run, figures)
}

fn measured(run: &mut StudyRun<'_>, set: &str) -> Result<Figures, StudyError> {
    let info = spectral_lab::data::info(set);
    let (size, channels) = info.map_or(([0, 0], 0), |info| {
        ([info.height, info.width], info.channels)
    });
    let is_small = size[0].max(size[1]) <= SMALL_SIDE;
    let extent = match is_small {
        true => EXTENT.of(run),
        false => PHOTOGRAPHS.of(run),
    };
    let factors: Vec<usize> = (factors(size).into_iter())
        .filter(|factor| size.iter().all(|side| side / factor >= LEAST_SIDE))
        .collect();
    let mut steps = SetSteps {
        run,
        part: Part {
            name: set.into(),
            train: extent.classes[0].max(extent.fitted_on),
            test: extent.classes[1].max(extent.images),
            ..Part::default()
        },
        extent,
    };
    let mut by_factor = Vec::new();
    for &factor in &factors {
        let name = format!("factor-{factor}");
        by_factor.extend(steps.step(&name, factor, |run, part, extent| {
            source(run, part, extent)?.by_factor(factor)
        })?);
    }
    let rows = spectral_sizes(size[0], extent.sizes);
    let spectral = steps.step("spectral", &rows, |run, part, extent| {
        let source = source(run, part, extent)?;
        rows.iter().map(|rows| source.spectral(*rows)).collect()
    })?;
    let told = match is_small {
        true => steps.step("classes", &factors, |run, part, extent| {
            source(run, part, extent)?.classes(&factors)
        })?,
        false => Vec::new(),
    };
    let shifted = steps.step("shifts", &factors, |run, part, extent| {
        source(run, part, extent)?.shifts(&factors)
    })?;
    let mut pictured = Vec::new();
    for (image, factor) in galleries(size, &factors) {
        let name = format!("pictures-{image}-{factor}");
        let of = (image, factor, shown_name(set));
        pictured.push(steps.step(&name, of, |run, part, extent| {
            let shown = run.shown(part)?;
            source(run, part, extent)?.gallery(&shown, image, factor)
        })?);
    }
    Ok(Figures {
        set: set.into(),
        size,
        channels,
        extent,
        by_factor,
        spectral,
        told,
        shifted,
        galleries: pictured,
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

fn source(run: &mut StudyRun<'_>, part: &Part, extent: &Extent) -> Result<Source, StudyError> {
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
