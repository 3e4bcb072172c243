//! What wrap-around does at the border of an image, compared with zero padding and the true pixels.

mod borders;
mod measure;
mod page;
mod time;

use burn::tensor::Tensor;
use serde::Serialize;
use serde_json::json;

use spectral_lab::report::Report;

use crate::kit::images::images;
use crate::kit::run::Part;
use crate::kit::shown::shown_name;
use crate::kit::{Extents, SetSteps, Sets};
use crate::{StudyError, StudyInfo, StudyRun};
use borders::{Taps, middle};
use measure::{Continued, Shown, Wrapped};
use time::{Timed, timed};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "boundary",
    summary: "error of wrap-around at the border, and what zero padding repairs and costs",
    question: "How much of a convolution through the spectrum is wrong because the image wraps around, \
               and what does zero padding repair and cost?",
    source: "Rippel, Snoek and Adams, Spectral Representations for Convolutional Neural Networks, \
             2015, and every layer that multiplies spectra since",
    budget: None,
    make,
};

const SETS: Sets = Sets {
    wanted: &["cifar-10", "cats-vs-dogs", "fashion-mnist", "mnist"],
    embedded: &["textures", "glyphs"],
    quick: 1,
};

/// Images with a longer side are photographs, of which fewer are taken.
const SMALL_SIDE: usize = 64;

/// Smaller images are not cut out.
const LEAST_SIDE: usize = 12;

/// How much is measured.
#[derive(Clone, Debug, Serialize)]
struct Extent {
    /// Test images.
    images: usize,
    /// Kernels beside the largest odd one that the image holds.
    kernels: &'static [usize],
    /// Pixels around the middle of the image that a convolution may reach into.
    margin: usize,
    /// The image to be shown.
    shown: usize,
    /// Kernels to show it under; 0 stands for the largest.
    shown_kernels: &'static [(Taps, usize)],
}

/// Layers to be timed.
#[derive(Clone, Debug, Serialize)]
struct Timing {
    /// Batch, channels in and out, and side of the image.
    layers: &'static [[usize; 3]],
    kernels: &'static [usize],
    /// Runs of each, after one to warm up.
    rounds: usize,
}

const TIMING: Extents<Timing> = Extents {
    full: Timing {
        layers: &[[8, 16, 32], [8, 16, 64], [2, 16, 128]],
        kernels: &[3, 7, 15, 31],
        rounds: 25,
    },
    quick: Timing {
        layers: &[[2, 8, 32]],
        kernels: &[3, 15],
        rounds: 5,
    },
};

/// What is measured on images of that side.
fn extents(side: usize) -> Extents<Extent> {
    let full = match side <= SMALL_SIDE {
        true => Extent {
            images: 500,
            kernels: &[1, 3, 5, 7, 11, 15],
            margin: side / 8,
            shown: 1,
            shown_kernels: &[(Taps::Smooth, 7), (Taps::Random, 7), (Taps::Smooth, 0)],
        },
        false => Extent {
            images: 50,
            kernels: &[1, 3, 7, 15, 31, 63],
            margin: 25,
            shown: 1,
            shown_kernels: &[(Taps::Smooth, 31)],
        },
    };
    let quick = Extent {
        images: 50,
        ..full.clone()
    };
    Extents { full, quick }
}

/// All figures of one set of images.
struct Figures {
    set: String,
    size: [usize; 2],
    channels: usize,
    extent: Extent,
    /// By kernel, of every size of image, the whole one last.
    wrapped: Vec<Wrapped>,
    continued: Vec<Continued>,
    shown: Vec<Shown>,
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let sets = SETS.choose(run)?;
    let figures = sets.iter().map(|set| measured(run, set));
    let figures = figures.collect::<Result<Vec<_>, _>>()?;
    let timing = TIMING.of(run);
    let times = run.step("times", &timing, |run| {
        let layers = timing.layers.iter();
        let layers = layers.flat_map(|layer| timing.kernels.iter().map(|kernel| (*layer, *kernel)));
        layers
            .filter(|(layer, kernel)| *kernel <= layer[2])
            .map(|(layer, kernel)| timed(run.device(), layer, kernel, timing.rounds))
            .collect::<Result<Vec<Timed>, _>>()
    })?;
    page::page(run, figures, &timing, &times)
}

/// The largest odd number up to `side`.
fn odd(side: usize) -> usize {
    side - usize::from(side.is_multiple_of(2))
}

fn measured(run: &mut StudyRun<'_>, set: &str) -> Result<Figures, StudyError> {
    let info = spectral_lab::data::info(set);
    let (size, channels) = info.map_or(([0, 0], 0), |info| {
        ([info.height, info.width], info.channels)
    });
    let side = size[0].min(size[1]);
    let extent = extents(side).of(run);
    let mut steps = SetSteps {
        run,
        part: Part {
            name: set.into(),
            train: 1,
            test: extent.images,
            ..Part::default()
        },
        extent,
    };
    let mut wrapped = Vec::new();
    // As much is left out on both sides.
    let crops = [4, 2, 1].map(|part| side - (side - side / part) / 2 * 2);
    for crop in crops.into_iter().filter(|crop| *crop >= LEAST_SIDE) {
        let kernels = steps.extent.kernels.iter().copied();
        let kernels: Vec<usize> = kernels
            .filter(|kernel| *kernel < odd(crop))
            .chain([odd(crop)])
            .collect();
        wrapped.extend(
            steps.step(&format!("wrap-{crop}"), &kernels, |run, part, _| {
                let images = middle(all(run, part)?, (side - crop) / 2);
                every(&kernels, |taps, kernel| {
                    Ok(vec![measure::wrapped(&images, taps, kernel)?])
                })
            })?,
        );
    }
    let margin = steps.extent.margin;
    let reaching = steps.extent.kernels.iter().copied();
    let reaching: Vec<usize> = reaching
        .filter(|kernel| (3..2 * margin).contains(kernel))
        .chain([2 * margin + 1])
        .collect();
    let continued = steps.step("true-pixels", &reaching, |run, part, _| {
        let images = all(run, part)?;
        every(&reaching, |taps, kernel| {
            measure::continued(&images, margin, taps, kernel)
        })
    })?;
    let SetSteps { run, part, extent } = steps;
    let settings = json!({"data": part, "extent": extent, "shown": shown_name(set)});
    let shown = run.step(&format!("{set}-pictures"), settings, |run| {
        let source = run.shown(&part)?;
        let at = extent.shown..extent.shown + 1;
        let image = images(&source.data().test, at, run.device())?;
        let kernels = extent.shown_kernels.iter();
        let shown = kernels.map(|(taps, kernel)| {
            let kernel = if *kernel == 0 { odd(side) } else { *kernel };
            measure::shown(&source, &image, *taps, kernel.min(odd(side)))
        });
        shown.collect::<Result<Vec<_>, _>>()
    })?;
    Ok(Figures {
        set: set.into(),
        size,
        channels,
        extent,
        wrapped,
        continued,
        shown,
    })
}

/// The test images of a part.
fn all(run: &mut StudyRun<'_>, part: &Part) -> Result<Tensor<4>, StudyError> {
    let data = run.data(part)?;
    images(&data.test, 0..part.test, run.device())
}

/// What `work` gives for every kind of kernel of every size.
fn every<T>(
    kernels: &[usize],
    work: impl Fn(Taps, usize) -> Result<Vec<T>, StudyError>,
) -> Result<Vec<T>, StudyError> {
    let mut all = Vec::new();
    for taps in Taps::ALL {
        for kernel in kernels {
            all.extend(work(taps, *kernel)?);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_kernel_is_odd_and_fits() {
        assert_eq!([odd(32), odd(31), odd(1)], [31, 31, 1]);
    }

    #[test]
    fn kernels_are_given_in_order_for_each_kind() {
        let all = every(&[3, 5], |taps, kernel| Ok(vec![(taps, kernel)])).unwrap();
        let (random, smooth) = (Taps::Random, Taps::Smooth);
        assert_eq!(all, [(random, 3), (random, 5), (smooth, 3), (smooth, 5)]);
    }

    #[test]
    fn margins_leave_most_of_the_image() {
        for side in [28, 32, 150] {
            let Extents { full, quick } = extents(side);
            for extent in [full, quick] {
                assert!(extent.margin > 1 && 4 * extent.margin < 3 * side);
                assert!(extent.shown < extent.images);
            }
        }
    }
}
