//! The images that a network misclassifies with the highest probability.

use serde::{Deserialize, Serialize};

use spectral_lab::report::Picture;
use spectral_lab::train::{Feeding, Probabilities, predict};

use crate::StudyError;
use crate::kit::comparison::Subject;
use crate::kit::images::images;
use crate::kit::shown::{Shown, is_shown};

/// Mistakes that are shown.
const SHOWN: usize = 8;

/// An image under a wrong name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Mistake {
    /// Which test image.
    pub(super) image: usize,
    /// What it is, and what it was named.
    pub(super) classes: [String; 2],
    /// The probability of the wrong name.
    pub(super) probability: f32,
    /// The image, where it may be shown.
    pub(super) picture: Option<Picture>,
}

/// The test images that the network misclassifies with the highest probability, the worst first.
pub(super) fn mistakes(subject: &Subject, shown: &Shown) -> Result<Vec<Mistake>, StudyError> {
    let data = &subject.data;
    let feeding = Feeding {
        normalize: &subject.normalize,
        batch_size: 250,
    };
    let probabilities = predict(&subject.network, &data.test, feeding)?;
    let mut found = Vec::new();
    for (image, class, probability) in worst(&probabilities, &data.test.labels) {
        let truth = usize::from(data.test.labels[image]);
        let classes = [truth, class].map(|class| data.classes[class].clone());
        let [is, named] = &classes;
        let label = format!("{is}, predicted as {named} ({:.0} %)", 100.0 * probability);
        let picture = match is_shown(&data.name) {
            true => {
                let of = images(&shown.data().test, image..image + 1, &subject.device)?;
                Some(shown.picture(&label, &of)?)
            }
            false => None,
        };
        found.push(Mistake {
            image,
            classes,
            probability,
            picture,
        });
    }
    Ok(found)
}

/// Image, class named and its probability of the wrong answers with the highest probability.
fn worst(probabilities: &Probabilities, labels: &[u16]) -> Vec<(usize, usize, f32)> {
    let tops = (0..labels.len()).filter_map(|image| {
        let (class, probability) = *probabilities.top(image, 1).first()?;
        (class != usize::from(labels[image])).then_some((image, class, probability))
    });
    let mut wrong: Vec<(usize, usize, f32)> = tops.collect();
    wrong.sort_by(|a, b| b.2.total_cmp(&a.2));
    wrong.truncate(SHOWN);
    wrong
}
