//! Training losses.

use burn::Tensor;
use burn::tensor::activation::{log_sigmoid, log_softmax};
use burn::tensor::{Device, TensorData};
use burn_spectral::operator::relative_l2;
use burn_spectral::ops::{CrossEntropySpec, cross_entropy, mean_squared_error};
use serde::{Deserialize, Serialize};

use super::error::{TrainError, require};

/// A loss, averaged over the batch as PyTorch's `reduction="mean"` does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Loss {
    /// −Σ t·log softmax(x) over the classes, averaged over the images.
    CrossEntropy {
        /// Label smoothing: spreads this share of each target's weight evenly over all classes; 0
        /// to 1.
        #[serde(default)]
        label_smoothing: f64,
    },
    /// (x − t)², averaged over images and outputs; labels become one-hot targets.
    MeanSquaredError,
    /// Binary cross-entropy of sigmoid(x) with t, averaged over images and outputs; labels become
    /// one-hot targets.
    BinaryCrossEntropy,
    /// ‖x − t‖ / ‖t‖ of each field, averaged over the samples.
    RelativeL2,
    /// ‖x − t‖ / ‖t‖ with ‖u‖² = ∫ u² + |∇u|² of each field, averaged over the samples; on a domain of
    /// length 1 along each axis if its lengths are not known.
    RelativeH1 {
        /// How gradients are computed.
        #[serde(default)]
        derivative: DerivativeKind,
    },
}

/// How the gradient of a field is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DerivativeKind {
    /// In the spectrum if the field is periodic, else by differences.
    #[default]
    Auto,
    /// In the spectrum, as of a periodic field.
    Spectral,
    /// Central differences, one-sided at the boundary.
    Differences,
    /// Central differences around the period.
    PeriodicDifferences,
}

impl Default for Loss {
    fn default() -> Self {
        Self::CrossEntropy {
            label_smoothing: 0.0,
        }
    }
}

impl Loss {
    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// [`TrainError::BadOption`] for label smoothing outside 0 to 1.
    pub fn validate(&self) -> Result<(), TrainError> {
        match *self {
            Self::CrossEntropy { label_smoothing } => require(
                (0.0..=1.0).contains(&label_smoothing),
                "train.loss.label_smoothing",
                label_smoothing,
                "0 to 1",
            ),
            _ => Ok(()),
        }
    }

    /// The loss of logits `[batch, classes]` for class indices, one per image, `[1]`.
    ///
    /// Each label must be below the number of classes.
    pub fn of_labels(&self, logits: Tensor<2>, labels: &[u16]) -> Tensor<1> {
        match *self {
            Self::CrossEntropy { label_smoothing } => {
                let labels = labels.iter().map(|&label| usize::from(label)).collect();
                let smoothing = label_smoothing;
                cross_entropy(logits, CrossEntropySpec { labels, smoothing })
            }
            _ => {
                let [_, classes] = logits.dims();
                let targets = one_hot(labels, classes, &logits.device());
                self.of_targets(logits, targets)
            }
        }
    }

    /// The loss of outputs `[batch, outputs]` for targets of the same shape, `[1]`: class
    /// probabilities for the cross-entropies, any values for the others.
    ///
    /// # Panics
    ///
    /// For [`RelativeH1`](Self::RelativeH1): a row of outputs is on no grid, so it has no gradient.
    pub fn of_targets(&self, outputs: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
        match *self {
            Self::CrossEntropy { label_smoothing } => {
                let [_, classes] = outputs.dims();
                let targets = targets * (1.0 - label_smoothing) + label_smoothing / classes as f64;
                (targets * log_softmax(outputs, 1)).sum_dim(1).mean().neg()
            }
            Self::MeanSquaredError => mean_squared_error(outputs, targets),
            // (1 − t)·x − log σ(x) is the stable form of −t·log σ(x) − (1 − t)·log(1 − σ(x)).
            Self::BinaryCrossEntropy => {
                ((targets.neg() + 1.0) * outputs.clone() - log_sigmoid(outputs)).mean()
            }
            Self::RelativeL2 => relative_l2(outputs, targets),
            Self::RelativeH1 { .. } => panic!("the relative H1 loss needs fields on a grid"),
        }
    }
}

/// One-hot rows, one per label. Built on the host, since Burn's version reads the labels back from
/// the device.
fn one_hot(labels: &[u16], classes: usize, device: &Device) -> Tensor<2> {
    let mut rows = vec![0f32; labels.len() * classes];
    for (row, &label) in rows.chunks_exact_mut(classes).zip(labels) {
        row[usize::from(label)] = 1.0;
    }
    Tensor::from_data(TensorData::new(rows, [labels.len(), classes]), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMOOTHED: Loss = Loss::CrossEntropy {
        label_smoothing: 0.1,
    };

    fn logits() -> Tensor<2> {
        Tensor::from_data([[1.0f32, -2.0, 0.5], [0.0, 3.0, -1.0]], &Device::flex())
    }

    fn soft_targets() -> Tensor<2> {
        Tensor::from_data([[0.2f32, 0.3, 0.5], [0.1, 0.9, 0.0]], &Device::flex())
    }

    #[track_caller]
    fn assert_loss(loss: Tensor<1>, expected: f64) {
        let got = f64::from(loss.into_scalar::<f32>());
        assert!((got - expected).abs() < 1e-6, "{got} instead of {expected}");
    }

    // The expected numbers are torch.nn.functional's in float64.

    #[test]
    fn losses_of_labels_are_those_of_pytorch() {
        assert_loss(
            Loss::default().of_labels(logits(), &[2, 1]),
            0.535_240_403_049_856_2,
        );
        assert_loss(
            SMOOTHED.of_labels(logits(), &[2, 1]),
            0.685_240_403_049_856_2,
        );
        assert_loss(
            Loss::MeanSquaredError.of_labels(logits(), &[2, 1]),
            1.708_333_333_333_333_3,
        );
        assert_loss(
            Loss::BinaryCrossEntropy.of_labels(logits(), &[2, 1]),
            0.494_877_150_398_868_7,
        );
    }

    #[test]
    fn losses_of_targets_are_those_of_pytorch() {
        assert_loss(
            Loss::default().of_targets(logits(), soft_targets()),
            1.010_240_403_049_856_2,
        );
        assert_loss(
            Loss::MeanSquaredError.of_targets(logits(), soft_targets()),
            1.891_666_666_666_666_6,
        );
        assert_loss(
            Loss::BinaryCrossEntropy.of_targets(logits(), soft_targets()),
            0.653_210_483_732_202,
        );
    }

    #[test]
    fn label_smoothing_means_the_same_for_labels_and_for_targets() {
        let device = Device::flex();
        let labels = SMOOTHED.of_labels(logits(), &[2, 1]);
        let targets = SMOOTHED.of_targets(logits(), one_hot(&[2, 1], 3, &device));
        let expected = labels.into_scalar::<f32>();
        assert_loss(targets, f64::from(expected));
    }

    #[test]
    fn binary_cross_entropy_stays_finite_for_large_logits() {
        let logits = Tensor::<2>::from_data([[500.0f32, -500.0]], &Device::flex());
        assert_loss(Loss::BinaryCrossEntropy.of_labels(logits, &[1]), 500.0);
    }

    #[test]
    fn a_label_smoothing_above_one_is_refused_by_name() {
        let loss = Loss::CrossEntropy {
            label_smoothing: 1.5,
        };
        let message = loss.validate().unwrap_err().to_string();
        assert!(message.contains("label_smoothing is 1.5"), "{message}");
    }
}
