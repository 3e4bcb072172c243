//! The `spectral` command: a thin layer over [`spectral_lab`] and [`spectral_studies`].

pub mod cli;
#[doc(hidden)]
pub mod fuzz;
