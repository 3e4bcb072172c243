//! The simplest classifier of the same images: closed-form ridge regression on small thumbnails.

use serde::{Deserialize, Serialize};

use spectral_lab::data::{DataSet, Images, resized};

use crate::StudyError;
use crate::kit::closed_form::{Rows, classify};

/// Sides of the thumbnails.
pub(super) const SIDES: [usize; 3] = [4, 8, 16];

/// Test accuracy of ridge regression on square thumbnails of all color channels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Thumbnails {
    pub(super) side: usize,
    /// Weights per class, without the offset.
    pub(super) weights: usize,
    /// A fraction.
    pub(super) accuracy: f64,
}

/// Fits the training images as they are, without augmentation, and evaluates on the test images.
pub(super) fn thumbnails(data: &DataSet, side: usize) -> Result<Thumbnails, StudyError> {
    let rows = |images: &Images| -> Result<Rows, StudyError> {
        let small = resized(images, (side, side))?;
        Ok(Rows {
            width: small.channels * side * side,
            values: small.pixels.iter().map(|&byte| f64::from(byte)).collect(),
            labels: small.labels.iter().map(|&label| label.into()).collect(),
        })
    };
    let found = classify(rows(&data.train)?, rows(&data.test)?, data.classes.len());
    Ok(Thumbnails {
        side,
        weights: data.train.channels * side * side,
        accuracy: found.ridge,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(count: usize) -> Images {
        // Class 1 is brighter in its second channel.
        let pixel = |index: usize| {
            let (image, channel) = (index / 128, index / 64 % 2);
            let noise = (index * 7919 % 61) as u8;
            noise
                + if image % 2 == 1 && channel == 1 {
                    60
                } else {
                    0
                }
        };
        Images {
            pixels: (0..count * 128).map(pixel).collect(),
            channels: 2,
            height: 8,
            width: 8,
            labels: (0..count).map(|image| (image % 2) as u16).collect(),
        }
    }

    #[test]
    fn a_difference_in_color_is_found_in_closed_form() {
        let data = DataSet {
            name: "made".into(),
            classes: vec!["dark".into(), "bright".into()],
            train: images(40),
            test: images(20),
            list: None,
        };
        let found = thumbnails(&data, 2).unwrap();
        assert_eq!((found.side, found.weights, found.accuracy), (2, 8, 1.0));
    }
}
