//! Errors of reports.

use std::{
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// Why a report could not be created or written.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The file could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Path of the file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A grid with the wrong number of values.
    #[error(
        "grid `{label}`: {rows}×{cols} needs {} values (at least 1), got {values}",
        rows.saturating_mul(*cols)
    )]
    Grid {
        /// The grid's label.
        label: String,
        /// Its rows.
        rows: usize,
        /// Its columns.
        cols: usize,
        /// Its number of values.
        values: usize,
    },
    /// A picture with the wrong number of bytes or channels.
    #[error(
        "picture `{label}`: {rows}×{cols} pixels of {channels} channels (accepted: 1 or 3) need {} \
         bytes (at least 1), got {bytes}",
        rows.saturating_mul(*cols).saturating_mul(*channels)
    )]
    Picture {
        /// The picture's label.
        label: String,
        /// Its height.
        rows: usize,
        /// Its width.
        cols: usize,
        /// Its channels.
        channels: usize,
        /// Its number of bytes.
        bytes: usize,
    },
    /// A confusion matrix without one row and one column per class.
    #[error(
        "`{model}`: the confusion matrix must be {classes}×{classes}, one row and column per class \
         (or empty); row {row} of {rows} has {cols} columns"
    )]
    Confusion {
        /// The model.
        model: String,
        /// The number of classes.
        classes: usize,
        /// Its number of rows.
        rows: usize,
        /// The first row of a wrong length, from 0 (or 0 if only the number of rows is wrong).
        row: usize,
        /// The number of columns of that row.
        cols: usize,
    },
    /// A chart could not be drawn.
    #[error("cannot draw the chart by {chart}: {message}")]
    Chart {
        /// The label of its horizontal axis.
        chart: String,
        /// The plotting library's error.
        message: String,
    },
    /// An image could not be encoded.
    #[error("cannot encode image `{label}`: {source}")]
    Image {
        /// The image's label.
        label: String,
        /// The encoder's error.
        source: image::ImageError,
    },
    /// The page template could not be rendered.
    #[error("cannot render the page: {0}")]
    Template(#[from] minijinja::Error),
    /// A template of sections is malformed.
    #[error("template of sections, line `{line}`: {message}")]
    Fill {
        /// The line at fault.
        line: String,
        /// The problem.
        message: String,
    },
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
