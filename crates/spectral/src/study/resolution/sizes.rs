//! How a network does on images of other sizes than it was trained at.

use burn::tensor::Device;
use burn_spectral::pool::spectral_resize2d;
use serde::{Deserialize, Serialize};

use crate::data::{DataSet, Normalise, resized};
use crate::train::Classifier;

use super::super::StudyError;
use super::super::rate::{hits, named, seen};

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

/// What a network names rightly at a size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct AtSize {
    pub(super) size: [usize; 2],
    /// A share.
    pub(super) accuracy: f64,
}

/// Shares of the first `count` test images named rightly at each size.
pub(super) fn at_sizes<M: Classifier>(
    network: &M,
    data: &DataSet,
    (way, count): (Way, usize),
    (sizes, normalise): (&[[usize; 2]], &Normalise),
    device: &Device,
) -> Result<Vec<AtSize>, StudyError> {
    let mut found = Vec::new();
    for &size in sizes {
        let images = match way {
            Way::Bilinear => resized(&data.test, size.into())?,
            Way::BandLimited => data.test.clone(),
        };
        let (mut right, mut total) = (0, 0);
        for batch in seen(&images, count, normalise, device) {
            let (batch, labels) = batch?;
            let batch = match way {
                Way::Bilinear => batch,
                Way::BandLimited => spectral_resize2d(batch, size),
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
    use crate::data::{DataOptions, load};
    use crate::model::{InputSpec, build};

    #[test]
    fn both_ways_are_the_same_at_the_images_own_size() {
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
        let sizes = [size, [20, 33]];
        let normalise = Normalise::default();
        let [one, two] = Way::ALL.map(|way| {
            at_sizes(&network, &data, (way, 50), (&sizes, &normalise), &device).unwrap()
        });
        assert_eq!(one[0], two[0]);
        assert_eq!((one[1].size, two[1].size), ([20, 33], [20, 33]));
    }
}
