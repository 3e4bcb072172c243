//! How a network does on images of other sizes than it was trained at.

use burn::tensor::Device;
use burn_spectral::pool::spectral_resize2d;
use serde::{Deserialize, Serialize};

use spectral_lab::data::{DataSet, Normalize, resized};
use spectral_lab::report::Line;
use spectral_lab::train::Classifier;

use super::OWN;
use crate::StudyError;
use crate::kit::comparison::{Mean, PerSeed};
use crate::kit::line;
use crate::kit::rate::{hits, named, seen};

/// How images come to another size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Way {
    /// As `evaluate --size` does it: bilinear, and an average where they shrink.
    Bilinear,
    /// By their spectra, which holds what was there and no more.
    BandLimited,
}

impl Way {
    pub(super) const ALL: [Self; 2] = [Self::Bilinear, Self::BandLimited];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bilinear => "bilinear",
            Self::BandLimited => "band-limited",
        }
    }
}

/// What a network is given of images of another size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Route {
    /// The images at that size.
    Direct,
    /// The same images resampled back to the training size: the baseline that any network can use.
    ToTrainingSize,
    /// The same, but back by their spectra, which blurs less than an average over neighbors.
    ToTrainingSizeBandLimited,
}

/// How the test images are resampled, and which of them a network is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Presented {
    pub(super) way: Way,
    pub(super) route: Route,
}

impl Presented {
    pub(super) const ALL: [Self; 4] = {
        const fn of(way: Way, route: Route) -> Presented {
            Presented { way, route }
        }
        [
            of(Way::Bilinear, Route::Direct),
            of(Way::BandLimited, Route::Direct),
            of(Way::Bilinear, Route::ToTrainingSize),
            of(Way::BandLimited, Route::ToTrainingSize),
        ]
    };

    /// Bilinear images whose spectra are cut off at the training size.
    pub(super) const CUT_OFF: Self = Self {
        way: Way::Bilinear,
        route: Route::ToTrainingSizeBandLimited,
    };

    /// The start of the names of its steps.
    pub(super) fn step(self) -> String {
        match self.route {
            Route::Direct => self.way.name().into(),
            Route::ToTrainingSize => format!("{}-to-training-size", self.way.name()),
            Route::ToTrainingSizeBandLimited => {
                format!("{}-to-training-size-band-limited", self.way.name())
            }
        }
    }
}

/// Test accuracy at a size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct AtSize {
    pub(super) size: [usize; 2],
    /// A fraction.
    pub(super) accuracy: f64,
}

/// Accuracies of a network by size; at its training size alone where it runs at no other.
pub(super) struct BySize {
    pub(super) presented: Presented,
    pub(super) of: PerSeed<Vec<AtSize>>,
}

impl BySize {
    /// The accuracy of each seed at a size.
    pub(super) fn each_at(&self, size: [usize; 2]) -> Vec<f64> {
        let all = self.of.seeds.iter().flatten();
        let there = all.filter(|at| at.size == size);
        there.map(|at| at.accuracy).collect()
    }

    /// The mean accuracy at a size; none where it was not run there.
    pub(super) fn at(&self, size: [usize; 2]) -> Option<f64> {
        let all = self.each_at(size);
        (!all.is_empty()).then(|| Mean::of(&all).mean)
    }

    /// What is lost from the own size to another, seed by seed.
    pub(super) fn lost(&self, size: [usize; 2]) -> Vec<f64> {
        minus(&self.each_at(OWN), &self.each_at(size))
    }

    /// The mean accuracy in per cent by size, where it was run.
    pub(super) fn line(&self, name: String, group: usize) -> Line {
        let sizes = self.of.seeds.first().into_iter().flatten();
        let points = sizes.filter_map(|at| Some((side(at.size), 100.0 * self.at(at.size)?)));
        line(name, group, points)
    }
}

/// Seed by seed.
pub(super) fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// The side of a square with as many pixels.
pub(super) fn side([height, width]: [usize; 2]) -> f64 {
    ((height * width) as f64).sqrt()
}

/// Accuracy on the test images at each size.
pub(super) fn at_sizes<M: Classifier>(
    network: &M,
    (data, normalize): (&DataSet, &Normalize),
    presented: Presented,
    sizes: &[[usize; 2]],
    device: &Device,
) -> Result<Vec<AtSize>, StudyError> {
    let Presented { way, route } = presented;
    let mut found = Vec::new();
    for &size in sizes {
        // 8-bit pixels in between: images of another size are stored like that.
        let images = match (way, route) {
            (Way::Bilinear, Route::Direct | Route::ToTrainingSizeBandLimited) => {
                resized(&data.test, size.into())?
            }
            (Way::Bilinear, Route::ToTrainingSize) => {
                resized(&resized(&data.test, size.into())?, OWN.into())?
            }
            (Way::BandLimited, _) => data.test.clone(),
        };
        let (mut right, mut total) = (0, 0);
        for batch in seen(&images, images.len(), normalize, device) {
            let (batch, labels) = batch?;
            let batch = match (way, route) {
                (Way::Bilinear, Route::ToTrainingSizeBandLimited) => spectral_resize2d(batch, OWN),
                (Way::Bilinear, _) => batch,
                (Way::BandLimited, Route::Direct) => spectral_resize2d(batch, size),
                (Way::BandLimited, _) => spectral_resize2d(spectral_resize2d(batch, size), OWN),
            };
            right += hits(&named(network, batch)?, &labels);
            total += labels.len();
        }
        found.push(AtSize {
            size,
            accuracy: right as f64 / total.max(1) as f64,
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectral_lab::data::{DataOptions, load};
    use spectral_lab::model::{InputSpec, build};

    #[test]
    fn every_way_is_the_same_at_the_training_size_and_band_limited_growth_can_be_undone() {
        let options = DataOptions {
            train_count: Some(1),
            test_count: Some(50),
            ..DataOptions::default()
        };
        let data = load("glyphs", &options).unwrap();
        let (images, device) = (&data.test, Device::flex());
        let size = [images.height, images.width];
        let input = InputSpec::new(images.channels, size, data.classes.len());
        let network = build("cnn", &input, &device).unwrap();
        let sizes = [size, [33, 41]];
        let normalize = Normalize::default();
        let all = [&Presented::ALL[..], &[Presented::CUT_OFF]].concat();
        let found = all.into_iter().map(|presented| {
            at_sizes(&network, (&data, &normalize), presented, &sizes, &device).unwrap()
        });
        let found: Vec<_> = found.collect();
        for other in &found {
            assert_eq!(other[0], found[0][0]);
            assert_eq!(other[1].size, [33, 41]);
        }
        // What grows by its spectrum and shrinks by it is what it was.
        assert_eq!(found[3][1].accuracy, found[3][0].accuracy);
    }

    #[test]
    fn a_network_bound_to_its_size_runs_on_images_resampled_back() {
        let options = DataOptions {
            train_count: Some(1),
            test_count: Some(20),
            ..DataOptions::default()
        };
        let data = load("glyphs", &options).unwrap();
        let device = Device::flex();
        let input = InputSpec::new(data.test.channels, OWN, data.classes.len());
        let network = build("free2", &input, &device).unwrap();
        for way in Way::ALL {
            let presented = Presented {
                way,
                route: Route::ToTrainingSize,
            };
            let sizes = [[56, 56], [20, 20]];
            let normalize = Normalize::default();
            let found = at_sizes(&network, (&data, &normalize), presented, &sizes, &device);
            assert_eq!(found.unwrap().len(), 2);
        }
    }
}
