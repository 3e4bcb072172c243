//! The training data of a network, recorded in the metadata of its weights, so that a file of
//! weights alone is never tested on its training images.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::error::TrainError;
use super::tensors::Header;
use crate::data::{DataSet, KnownImages};

/// The metadata key.
pub(super) const KEY: &str = "trained_on";

/// Maximum number of images to list, since the header of a safetensors file is limited.
const MOST: usize = 1_000_000;

/// The training data of a network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainedOn {
    /// The name of the data set.
    pub data: String,
    /// The seed of the split of a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The first 48 bits of the SHA-256 of each training image of a folder, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    images: Option<String>,
}

impl TrainedOn {
    /// Records the training part of `data`.
    pub fn of(data: &DataSet) -> Self {
        let list = data.list.as_ref();
        let images = list
            .map(|list| KnownImages::of(list).trained_bytes())
            .filter(|bytes| bytes.len() <= 6 * MOST)
            .map(|bytes| STANDARD.encode(bytes));
        Self {
            data: data.name.clone(),
            seed: list.map(|list| list.seed),
            images,
        }
    }

    /// Records the name of a data set alone.
    pub(super) fn named(data: &str) -> Self {
        Self {
            data: data.into(),
            ..Self::default()
        }
    }

    /// The images that it was trained on; none if they are not listed, as for data sets with a
    /// fixed split.
    ///
    /// # Errors
    ///
    /// [`TrainError::Damaged`] naming `path`, the file this was read from, if the list cannot be
    /// read.
    pub fn known_images(&self, path: &Path) -> Result<Option<KnownImages>, TrainError> {
        let Some(text) = &self.images else {
            return Ok(None);
        };
        STANDARD
            .decode(text)
            .ok()
            .and_then(|bytes| KnownImages::from_trained_bytes(&bytes))
            .map(Some)
            .ok_or_else(|| TrainError::damaged(path, "the list of training images cannot be read"))
    }

    /// Formatted for the metadata.
    pub(super) fn text(&self, path: &Path) -> Result<String, TrainError> {
        serde_json::to_string(self).map_err(|error| TrainError::save(path, error))
    }
}

/// The training data recorded in a file of weights; `None` in files of other origin and in those
/// written before this was recorded.
///
/// # Errors
///
/// [`TrainError::Io`] if the file cannot be read, [`TrainError::Damaged`] if it is not a
/// safetensors file or this entry cannot be read.
pub fn read_trained_on(path: &Path) -> Result<Option<TrainedOn>, TrainError> {
    let header = Header::read(path)?;
    header
        .metadata
        .get(KEY)
        .map(|text| {
            serde_json::from_str(text)
                .map_err(|error| TrainError::damaged(path, format!("{KEY}: {error}")))
        })
        .transpose()
}
