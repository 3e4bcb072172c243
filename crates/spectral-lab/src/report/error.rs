//! What can go wrong with a report.

use std::{
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// Why a report could not be made or written.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The file could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file that was to be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A grid's values do not fill its rows and columns.
    #[error(
        "`{label}`: {rows} rows of {cols} need {} values (at least 1), got {values}",
        rows.saturating_mul(*cols)
    )]
    Grid {
        /// What the grid shows.
        label: String,
        /// Its rows.
        rows: usize,
        /// Its columns.
        cols: usize,
        /// The number of values it came with.
        values: usize,
    },
    /// A picture's bytes do not fill its shape, or its channels are neither gray nor color.
    #[error(
        "picture `{label}`: {rows}×{cols} pixels of {channels} channels (accepted: 1 or 3) need {} bytes (at least 1), \
         got {bytes}",
        rows.saturating_mul(*cols).saturating_mul(*channels)
    )]
    Picture {
        /// What the picture shows.
        label: String,
        /// Its height.
        rows: usize,
        /// Its width.
        cols: usize,
        /// Its channels.
        channels: usize,
        /// The number of bytes it came with.
        bytes: usize,
    },
    /// A confusion matrix that is not one row and one column a class.
    #[error(
        "`{model}`: the confusion matrix must be {classes}×{classes}, one row and column a class (or empty); \
         row {row} of {rows} has {cols} columns"
    )]
    Confusion {
        /// The model it belongs to.
        model: String,
        /// The number of classes.
        classes: usize,
        /// The number of rows it came with.
        rows: usize,
        /// The first row of a wrong length, from 0 (or 0 when only the number of rows is wrong).
        row: usize,
        /// That row's number of columns.
        cols: usize,
    },
    /// A chart could not be drawn.
    #[error("cannot draw the chart by {chart}: {message}")]
    Chart {
        /// What its horizontal axis shows.
        chart: String,
        /// What the plotting library said.
        message: String,
    },
    /// An image could not be encoded.
    #[error("cannot encode the image `{label}`: {source}")]
    Image {
        /// What the image shows.
        label: String,
        /// What the encoder said.
        source: image::ImageError,
    },
    /// The page's template could not be filled in.
    #[error("cannot fill in the page: {0}")]
    Template(#[from] minijinja::Error),
    /// The report could not be written as JSON.
    #[error("cannot write the report as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl ReportError {
    /// Attaches a path to an I/O error.
    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Write { path, source }
    }
}
