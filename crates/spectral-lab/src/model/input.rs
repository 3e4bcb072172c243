//! Input shape and number of classes of a network.

use serde::{Deserialize, Serialize};

use super::ModelError;
use crate::limits;

/// Input shape and number of classes of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputSpec {
    /// Channels of the images.
    pub channels: usize,
    /// Rows of the images.
    pub height: usize,
    /// Columns of the images.
    pub width: usize,
    /// Number of classes; ignored by autoencoders.
    pub classes: usize,
}

impl Default for InputSpec {
    /// Gray images of 28×28, ten classes.
    fn default() -> Self {
        Self::new(1, [28, 28], 10)
    }
}

impl InputSpec {
    /// Images with `channels` channels of the given height and width, and `classes` classes.
    pub const fn new(channels: usize, size: [usize; 2], classes: usize) -> Self {
        Self {
            channels,
            height: size[0],
            width: size[1],
            classes,
        }
    }

    /// Channels, height and width.
    pub fn shape(&self) -> [usize; 3] {
        [self.channels, self.height, self.width]
    }

    /// Height and width.
    pub fn size(&self) -> [usize; 2] {
        [self.height, self.width]
    }
}

/// The input a network was built for, and the network's name.
#[derive(Clone, Debug)]
pub(super) struct Domain {
    pub(super) model: &'static str,
    pub(super) input: InputSpec,
    /// The minimum height and width.
    pub(super) smallest: usize,
}

impl Domain {
    /// Checks that a network can be built for the input.
    pub(super) fn check(&self) -> Result<(), ModelError> {
        for (what, count) in [
            ("the number of channels", self.input.channels),
            ("the number of classes", self.input.classes),
        ] {
            if count == 0 {
                return Err(ModelError::Zero { what });
            }
        }
        self.check_smallest(self.input.size())?;
        let [channels, height, width] = self.input.shape();
        let values = limits::product(self.input.shape());
        if values > limits::IMAGE {
            return Err(ModelError::TooLarge {
                what: format!("images of {channels}x{height}x{width}"),
                memory: limits::floats(values),
                most: limits::floats(limits::IMAGE),
            });
        }
        let outputs = limits::product([self.input.classes]);
        match outputs > limits::OUTPUTS {
            true => Err(ModelError::TooLarge {
                what: format!("{} classes", self.input.classes),
                memory: limits::floats(outputs),
                most: limits::floats(limits::OUTPUTS),
            }),
            false => Ok(()),
        }
    }

    /// Checks that the numbers of channels and classes match those of `other`.
    pub(super) fn check_channels(&self, other: &InputSpec) -> Result<(), ModelError> {
        self.check_count("channels", self.input.channels, other.channels)
    }

    /// Checks that the number of classes matches that of `other`.
    pub(super) fn check_classes(&self, other: &InputSpec) -> Result<(), ModelError> {
        self.check_count("classes", self.input.classes, other.classes)
    }

    fn check_count(&self, what: &'static str, built: usize, got: usize) -> Result<(), ModelError> {
        match built == got {
            true => Ok(()),
            false => Err(ModelError::Count {
                model: self.model,
                what,
                built,
                got,
            }),
        }
    }

    /// Checks that images of that height and width are large enough.
    pub(super) fn check_smallest(&self, size: [usize; 2]) -> Result<(), ModelError> {
        match size.iter().any(|side| *side < self.smallest) {
            true => Err(ModelError::TooSmall {
                model: self.model,
                smallest: self.smallest,
                got: size,
            }),
            false => Ok(()),
        }
    }

    /// The error of a network that only runs at the size it was built for.
    pub(super) fn other_size(&self, got: [usize; 2]) -> ModelError {
        ModelError::Size {
            model: self.model,
            built: self.input.size(),
            got,
        }
    }
}
