//! What wrap-around does at the border of an image, beside zeros and the pixels that were really there.

mod borders;
mod measure;
mod page;
mod time;

use burn::tensor::{Device, Tensor};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use spectral_lab::report::Report;

use super::images::images;
use super::run::Part;
use super::shown::{self, shown_name};
use super::{StudyError, StudyInfo, StudyRun};
use borders::{Taps, middle};
use measure::{Continued, Shown, Wrapped};
use time::{Timed, timed};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "boundary",
    summary: "what wrap-around does at the border, and what zero padding mends and costs",
    question: "How much of a convolution through the spectrum is wrong because the image wraps around, \
               and what do zeros around it mend and cost?",
    source: "Rippel, Snoek and Adams, Spectral Representations for Convolutional Neural Networks, \
             2015, and every layer that multiplies spectra since",
    budget: None,
    make,
};

/// Sets measured on where their files are there; of a quick look, the first.
const SETS: [&str; 4] = ["cifar-10", "cats-vs-dogs", "fashion-mnist", "mnist"];

/// Sets in their place where none is.
const EMBEDDED: [&str; 2] = ["textures", "glyphs"];

/// Images with a longer side are photographs, of which fewer are taken.
const SMALL_SIDE: usize = 64;

/// Smaller images are not cut out.
const LEAST_SIDE: usize = 12;

/// How much is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Extent {
    /// Test images.
    images: usize,
    /// Kernels beside the largest odd one that the image holds.
    kernels: Vec<usize>,
    /// Pixels around the middle of the image that a convolution may reach into.
    margin: usize,
    /// The image to be shown.
    shown: usize,
    /// Kernels to show it under; 0 stands for the largest.
    shown_kernels: Vec<(Taps, usize)>,
}

/// Layers to be timed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Timing {
    /// Batch, channels in and out, and side of the image.
    layers: Vec<[usize; 3]>,
    kernels: Vec<usize>,
    /// Runs of each, after one to warm up.
    rounds: usize,
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

fn extent(side: usize, is_quick: bool) -> Extent {
    let is_small = side <= SMALL_SIDE;
    Extent {
        images: match (is_quick, is_small) {
            (true, _) => 50,
            (false, true) => 500,
            (false, false) => 50,
        },
        kernels: match is_small {
            true => vec![1, 3, 5, 7, 11, 15],
            false => vec![1, 3, 7, 15, 31, 63],
        },
        margin: match is_small {
            true => side / 8,
            false => 25,
        },
        shown: 1,
        shown_kernels: match is_small {
            true => vec![(Taps::Smooth, 7), (Taps::Random, 7), (Taps::Smooth, 0)],
            false => vec![(Taps::Smooth, 31)],
        },
    }
}

fn timing(is_quick: bool) -> Timing {
    match is_quick {
        true => Timing {
            layers: vec![[2, 8, 32]],
            kernels: vec![3, 15],
            rounds: 5,
        },
        false => Timing {
            layers: vec![[8, 16, 32], [8, 16, 64], [2, 16, 128]],
            kernels: vec![3, 7, 15, 31],
            rounds: 25,
        },
    }
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
    let timing = timing(run.quick());
    let times = run.step("times", &timing, |run| {
        let layers = timing.layers.iter();
        let layers = layers.flat_map(|layer| timing.kernels.iter().map(|kernel| (*layer, *kernel)));
        layers
            .filter(|(layer, kernel)| *kernel <= layer[2])
            .map(|(layer, kernel)| timed(run.device(), layer, kernel, timing.rounds))
            .collect::<Result<Vec<Timed>, _>>()
    })?;
    Ok(page::page(&STUDY, &figures, &timing, &times))
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
    let extent = extent(side, run.quick());
    let mut step = Stepper {
        run,
        set,
        extent: &extent,
    };
    let mut wrapped = Vec::new();
    // As much is left out on both sides.
    let crops = [4, 2, 1].map(|part| side - (side - side / part) / 2 * 2);
    for crop in crops.into_iter().filter(|crop| *crop >= LEAST_SIDE) {
        let kernels = extent
            .kernels
            .iter()
            .copied()
            .filter(|kernel| *kernel < odd(crop));
        let kernels: Vec<usize> = kernels.chain([odd(crop)]).collect();
        wrapped.extend(step.step(&format!("wrap-{crop}"), &kernels, |images| {
            let images = middle(images, (side - crop) / 2);
            every(&kernels, |taps, kernel| {
                Ok(vec![measure::wrapped(&images, taps, kernel)?])
            })
        })?);
    }
    let margin = extent.margin;
    let reaching = extent.kernels.iter().copied();
    let reaching: Vec<usize> = reaching
        .filter(|kernel| (3..2 * margin).contains(kernel))
        .chain([2 * margin + 1])
        .collect();
    let continued = step.step("true-pixels", &reaching, |images| {
        every(&reaching, |taps, kernel| {
            measure::continued(&images, margin, taps, kernel)
        })
    })?;
    let shown = step.pictures(|source, device| {
        let image = images(&source.data().test, extent.shown..extent.shown + 1, device)?;
        let kernels = extent.shown_kernels.iter();
        let shown = kernels.map(|(taps, kernel)| {
            let kernel = if *kernel == 0 { odd(side) } else { *kernel };
            measure::shown(source, &image, *taps, kernel.min(odd(side)))
        });
        shown.collect()
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

/// Steps on one set of images.
struct Stepper<'a, 'b> {
    run: &'a mut StudyRun<'b>,
    set: &'a str,
    extent: &'a Extent,
}

impl Stepper<'_, '_> {
    fn step<T: Serialize + DeserializeOwned>(
        &mut self,
        name: &str,
        of: impl Serialize,
        work: impl FnOnce(Tensor<4>) -> Result<T, StudyError>,
    ) -> Result<T, StudyError> {
        let name = format!("{}-{name}", self.set);
        let part = self.part();
        let settings = json!({"data": part, "extent": self.extent, "of": of});
        self.run.step(&name, settings, |run| {
            let data = run.data(&part)?;
            work(images(&data.test, 0..part.test, run.device())?)
        })
    }

    /// A step on images that may be shown.
    fn pictures(
        &mut self,
        work: impl FnOnce(&shown::Shown, &Device) -> Result<Vec<Shown>, StudyError>,
    ) -> Result<Vec<Shown>, StudyError> {
        let name = format!("{}-pictures", self.set);
        let part = self.part();
        let settings = json!({
            "data": part,
            "extent": self.extent,
            "shown": shown_name(self.set),
        });
        self.run.step(&name, settings, |run| {
            let source = run.shown(&part)?;
            work(&source, run.device())
        })
    }

    fn part(&self) -> Part {
        Part {
            name: self.set.into(),
            train: 1,
            test: self.extent.images,
            ..Part::default()
        }
    }
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
            for is_quick in [false, true] {
                let extent = extent(side, is_quick);
                assert!(extent.margin > 1 && 4 * extent.margin < 3 * side);
                assert!(extent.shown < extent.images);
            }
        }
    }
}
