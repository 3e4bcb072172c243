//! Training targets.

use burn::Tensor;
use serde::{Deserialize, Serialize};

use super::error::{TrainError, require};
use super::loss::Loss;
use crate::data::Images;

/// What the outputs of a network are compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The class of the image: one logit per class.
    #[default]
    Label,
    /// The image itself, its pixels scaled to 0..1 and flattened, whatever the normalization of the
    /// input: one output per pixel and channel, as in an autoencoder. With augmentation, the
    /// augmented image.
    Image,
    /// A field on the grid of the input: the network is an operator.
    Field,
}

/// The task of a network: target and loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Task {
    /// The target.
    pub target: Target,
    /// The loss.
    pub loss: Loss,
    /// The number of classes of the data.
    pub classes: usize,
}

impl Task {
    /// Whether labels are used.
    pub(super) fn has_classes(&self) -> bool {
        self.target == Target::Label
    }

    /// Rejects a loss that does not fit the target.
    ///
    /// # Errors
    ///
    /// [`TrainError::BadOption`] for the cross-entropy of pixels, which are not a distribution, and
    /// for the losses of fields with images or of images with fields.
    pub(super) fn check_loss(target: Target, loss: Loss) -> Result<(), TrainError> {
        let (name, accepted) = match target {
            Target::Label => (
                "label",
                "cross-entropy, mean-squared-error and binary-cross-entropy",
            ),
            Target::Image => ("image", "mean-squared-error and binary-cross-entropy"),
            Target::Field => ("field", "relative-l2, relative-h1 and mean-squared-error"),
        };
        let (loss, fits) = match loss {
            Loss::CrossEntropy { .. } => ("cross-entropy", target == Target::Label),
            Loss::MeanSquaredError => ("mean-squared-error", true),
            Loss::BinaryCrossEntropy => ("binary-cross-entropy", target != Target::Field),
            Loss::RelativeL2 => ("relative-l2", target == Target::Field),
            Loss::RelativeH1 { .. } => ("relative-h1", target == Target::Field),
        };
        require(
            fits,
            "train.loss.kind",
            format!("{loss} with train.target = \"{name}\""),
            accepted,
        )
    }

    /// Rejects outputs `[batch, outputs]` whose number differs from that of the targets.
    pub(super) fn check_outputs(
        &self,
        [_, outputs]: [usize; 2],
        images: &Images,
    ) -> Result<(), TrainError> {
        let pixels = images.image_len();
        match self.target {
            Target::Label if outputs != self.classes => Err(TrainError::WrongOutputs {
                outputs,
                classes: self.classes,
            }),
            Target::Image if outputs != pixels => Err(TrainError::WrongReconstruction {
                outputs,
                shape: images.shape(),
                pixels,
            }),
            _ => Ok(()),
        }
    }

    /// The loss `[1]` of outputs `[batch, outputs]`: against `pixels` if the batch has them, else
    /// against the labels.
    pub fn loss(&self, outputs: Tensor<2>, labels: &[u16], pixels: Option<Tensor<2>>) -> Tensor<1> {
        match pixels {
            Some(pixels) => self.loss.of_targets(outputs, pixels),
            None => self.loss.of_labels(outputs, labels),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images() -> Images {
        Images {
            channels: 3,
            height: 4,
            width: 5,
            ..Images::default()
        }
    }

    #[test]
    fn outputs_are_counted_by_class_or_by_pixel() {
        let task = |target| Task {
            target,
            loss: Loss::MeanSquaredError,
            classes: 10,
        };
        let check = |target, outputs| task(target).check_outputs([2, outputs], &images());
        assert!(check(Target::Label, 10).is_ok() && check(Target::Image, 60).is_ok());
        let message = check(Target::Label, 60).unwrap_err().to_string();
        assert!(message.contains("60 outputs") && message.contains("10 classes"));
        let message = check(Target::Image, 10).unwrap_err().to_string();
        assert!(
            message.contains("10 outputs") && message.contains("3x4x5") && message.contains("60"),
            "{message}"
        );
    }

    #[test]
    fn pixels_are_no_distribution() {
        let refused = Task::check_loss(Target::Image, Loss::default()).unwrap_err();
        assert!(refused.to_string().contains("binary-cross-entropy"));
        Task::check_loss(Target::Label, Loss::default()).unwrap();
        Task::check_loss(Target::Image, Loss::BinaryCrossEntropy).unwrap();
    }
}
