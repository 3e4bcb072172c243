//! The simplest classifier of the same images: closed-form ridge regression on small thumbnails.

use serde::{Deserialize, Serialize};

use spectral_lab::data::{DataSet, Images, resized};
use spectral_lab::report::{SectionTable, Value};

use crate::kit::Parts as Section;

use super::super::StudyError;
use super::super::closed_form::{Rows, classify};
use super::super::comparison::{Compared, percent};

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

fn best(thumbnails: &[Thumbnails]) -> Option<&Thumbnails> {
    thumbnails
        .iter()
        .max_by(|one, two| one.accuracy.total_cmp(&two.accuracy))
}

/// The baseline first, then how far each network of the comparison is from it.
pub(super) fn finding(thumbnails: &[Thumbnails], compared: &Compared) -> Option<String> {
    let best = best(thumbnails)?;
    let networks = compared.models.iter().map(|trained| {
        let accuracy = percent(trained.mean(|run| run.accuracy));
        format!("{} {accuracy}", trained.model)
    });
    Some(format!(
        "The simple way: ridge regression in closed form on {side}×{side} thumbnails, {accuracy} % test accuracy \
         (the best of {sides} sizes, chosen on the test images). Networks: {networks}.",
        side = best.side,
        accuracy = percent(best.accuracy),
        sides = thumbnails.len(),
        networks = networks.collect::<Vec<_>>().join(", ")
    ))
}

pub(super) fn section(thumbnails: &[Thumbnails]) -> Section {
    let rows = thumbnails.iter().map(|of| -> Vec<Value> {
        vec![
            format!("{0}×{0}", of.side).into(),
            of.weights.to_string().into(),
            percent(of.accuracy).into(),
        ]
    });
    Section {
        heading: "The simplest baseline".into(),
        text: vec![
            "Least squares on the classes with a ridge penalty, on all colors of the image averaged down to a \
             thumbnail. It has a closed-form solution, so nothing converges: any claim of fast convergence has to \
             beat it."
                .into(),
        ],
        tables: vec![SectionTable {
            title: "Ridge regression on thumbnails".into(),
            columns: ["thumbnail", "weights per class", "test accuracy (%)"]
                .map(String::from)
                .to_vec(),
            rows: rows.collect(),
            note: "Training images without augmentation; the penalty is chosen on every fifth training image."
                .into(),
        }],
        ..Section::default()
    }
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
