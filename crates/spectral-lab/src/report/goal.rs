//! What a model is for, and with it what its results are called.

use serde::{Deserialize, Serialize};

/// The goal of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// Classify images; evaluated by accuracy.
    #[default]
    Classify,
    /// Reconstruct images; evaluated by the loss, without an accuracy.
    Rebuild,
    /// Predict fields, such as solutions of a PDE; evaluated by the relative L2 error.
    Predict,
}

impl Goal {
    /// What the examples are called, in the plural.
    pub fn examples(self) -> &'static str {
        match self {
            Self::Classify | Self::Rebuild => "images",
            Self::Predict => "samples",
        }
    }

    /// The main metric as a phrase for "the lowest …".
    pub(super) fn metric(self) -> &'static str {
        match self {
            Self::Classify => "accuracy",
            Self::Rebuild => "loss",
            Self::Predict => "relative L2 error",
        }
    }

    /// Whether a larger score is better.
    pub fn rewards_large(self) -> bool {
        self == Self::Classify
    }
}
