//! `images.jsonl`: the images of a run's folder, each with its part.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::TrainError;
use super::files::{read_if_there, write_atomically};
use crate::data::{Division, ImageList, ListedImage};

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    division: Division,
    seed: u64,
}

/// Writes the list: a header line on how the images were split, then one line per image.
pub(super) fn write(path: &Path, list: &ImageList) -> Result<(), TrainError> {
    let failed = |error: serde_json::Error| TrainError::save(path, error);
    let header = Header {
        division: list.division,
        seed: list.seed,
    };
    let mut text = serde_json::to_string(&header).map_err(failed)? + "\n";
    for image in &list.images {
        text += &serde_json::to_string(image).map_err(failed)?;
        text.push('\n');
    }
    write_atomically(path, text.as_bytes())
}

/// The list; none if there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<ImageList>, TrainError> {
    let Some(text) = read_if_there(path)? else {
        return Ok(None);
    };
    let damaged = |line: usize, error: serde_json::Error| {
        TrainError::damaged(path, format!("line {line}: {error}"))
    };
    let mut lines = text.lines();
    let header: Header =
        serde_json::from_str(lines.next().unwrap_or("")).map_err(|error| damaged(1, error))?;
    let images: Result<Vec<ListedImage>, TrainError> = lines
        .enumerate()
        .map(|(index, line)| serde_json::from_str(line).map_err(|error| damaged(index + 2, error)))
        .collect();
    Ok(Some(ImageList {
        division: header.division,
        seed: header.seed,
        images: images?,
        left_out: 0,
    }))
}
