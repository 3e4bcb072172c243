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
//! How to add a study is said in `kit/mod.rs`.

mod error;
mod kit;
mod lab;
mod registry;

mod autoencoder;
mod boundary;
mod burgers;
mod cemnet;
mod commute;
mod crossover;
mod darcy;
mod filters;
mod fixed;
mod kk;
mod navier_stokes;
mod parametric;
mod pooling;
mod reach;
mod resolution;
mod verdict;
mod why_fft;

pub use error::StudyError;
pub use kit::run::{StudyOptions, StudyOutcome, StudyRun};
pub use lab::{Job, Lab};
pub use registry::{StudyInfo, find, studies};

/// All studies, in the order of their list.
const STUDIES: &[StudyInfo] = &[
    kk::STUDY,
    parametric::STUDY,
    filters::STUDY,
    autoencoder::STUDY,
    why_fft::STUDY,
    commute::STUDY,
    cemnet::STUDY,
    fixed::STUDY,
    crossover::STUDY,
    pooling::STUDY,
    resolution::STUDY,
    boundary::STUDY,
    darcy::STUDY,
    burgers::STUDY,
    verdict::STUDY,
    reach::STUDY,
    navier_stokes::STUDY,
];
