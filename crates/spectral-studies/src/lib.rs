//! Published results measured again: a study is a question, steps that give figures, and a page.
//!
//! A [`StudyInfo`] says what a study asks and where the question comes from. [`StudyInfo::run`] makes it
//! in a folder: every step leaves its result there as soon as it is done, trainings are runs that
//! resume, and so a study that was cut off goes on where it was and ends with the same figures.
//!
//! | file | holds |
//! |---|---|
//! | `study.json` | what was asked for: the study, the extent, the seed |
//! | `steps/NAME.json` | the result of a step, with the settings it was made under |
//! | `runs/NAME/` | a training |
//! | `report.html`, `report.md`, `report.json`, `pictures/` | the page, from the same figures |
//!
//! A new study is a file with a `StudyInfo` and a function from a [`StudyRun`] to a
//! [`Report`](spectral_lab::report::Report).

mod autoencoder;
mod boundary;
mod cemnet;
mod closed_form;
mod commute;
mod comparison;
mod crossover;
mod error;
mod filters;
mod fixed;
mod images;
mod kk;
mod lab;
mod ledger;
mod parametric;
mod pooling;
mod rate;
mod registry;
mod resolution;
mod run;
mod scene;
mod shown;
mod verdict;
mod why_fft;

pub use error::StudyError;
pub use lab::{Job, Lab};
pub use registry::{StudyInfo, find, studies};
pub use run::{StudyOptions, StudyOutcome, StudyRun};
