//! Fields on grids, to learn operators between them: pairs of an input and a target, or trajectories in time.
//!
//! [`load_fields`] reads
//!
//! - `npz:FILE.npz` with pairs `x` and `y`, `[sample, channel, space…]`, or trajectories `u`,
//!   `[sample, time, channel, space…]`; for testing also `x_test` and `y_test`, or `u_test`
//! - `npz:FILE.npy` with trajectories
//! - the named sets of [`field_sets`]
//!
//! Numbers may be float16, float32, float64, integers or booleans, in C or Fortran order, stored or deflated; they become
//! float32. There are 1 to 3 spatial axes, and inputs and targets are on the same grid.
//!
//! **The axis of channels** may be missing where there is one channel. Where a shape allows two readings (`[1000, 16, 16]`
//! is 16 channels on 16 points or one channel on 16×16), the number of spatial axes decides: [`FieldOptions::axes`], else
//! the settings beside the file. Without either, the grid of `x` and `y` must be the same in the reading, and an axis of
//! size 1 is one channel; if both readings remain, that is an error that names them.
//!
//! **Settings beside the file.** `FILE.toml`, as `spectral data make` writes it, tells the equation, the boundary and the
//! size of the domain.
//!
//! ```no_run
//! use spectral_lab::data::fields::{FieldOptions, FieldScaling, ScalingKind, load_fields};
//!
//! let set = load_fields("npz:burgers.npz", &FieldOptions::default())?;
//! let [inputs, targets] = FieldScaling::fit([ScalingKind::Channel; 2], &set.train);
//! let (mut x, mut y) = (Vec::new(), Vec::new());
//! set.train.fill(&[0, 5, 9], &mut x, &mut y)?;
//! # Ok::<(), spectral_lab::data::DataError>(())
//! ```

mod catalog;
mod error;
pub(super) mod file;
mod layout;
mod npy;
mod npz;
mod samples;
mod scaling;
mod settings;
mod statistics;
mod symmetry;

use std::path::{Path, PathBuf};

pub use catalog::{FieldInfo, field_sets, locate_fields};
pub use error::FieldError;
pub use samples::{Fields, Samples};
pub use scaling::{FieldScaling, ScalingKind};
pub use settings::{Boundary, FieldEquation};
pub use statistics::FieldStatistics;
pub use symmetry::{FieldSymmetry, Move};

use super::DataError;

/// The prefix of a name for a file of arrays.
pub(super) const FILE_PREFIX: &str = "npz:";

/// Fields for training and testing.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldSet {
    /// The name it was loaded by.
    pub name: String,
    /// Training samples.
    pub train: Samples,
    /// Test samples, at least one set; each of the kind, channels and number of axes of the training samples. The first is
    /// the main one; others may be on other grids.
    pub tests: Vec<NamedSamples>,
    /// The boundary of the domain.
    pub boundary: Boundary,
    /// Length of the domain along each axis, if known.
    pub lengths: Option<Vec<f64>>,
    /// The equation, if known.
    pub equation: Option<FieldEquation>,
}

/// Samples with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedSamples {
    /// `test`, with the grid where it is another than of training (`test-32`, `test-32x64`); or the name of the test file.
    pub name: String,
    /// The samples.
    pub samples: Samples,
}

/// Options of loading fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldOptions {
    /// A folder with one subfolder per named set, searched first; see [`DataOptions`](super::DataOptions::data_dir).
    pub data_dir: Option<PathBuf>,
    /// The first samples (pairs or trajectories) that are used for training; by default all.
    pub train_count: Option<usize>,
    /// The number of test samples (pairs or trajectories): of a file without test arrays the last ones, by default a
    /// tenth; of test arrays the first ones, by default all.
    pub test_count: Option<usize>,
    /// Further files of test samples, with `x_test` and `y_test`, `x` and `y`, `u_test` or `u`. With one of them, no
    /// training samples are split off.
    pub test_files: Vec<PathBuf>,
    /// The boundary; by default from the settings beside the file, else [`Boundary::Other`].
    pub boundary: Option<Boundary>,
    /// The number of spatial axes, 1 to 3, where shapes allow two readings. For files only.
    pub axes: Option<usize>,
}

/// Whether a name means fields: `npz:FILE` or one of [`field_sets`].
pub fn is_field_set(name: &str) -> bool {
    name.starts_with(FILE_PREFIX) || catalog::info(name).is_some()
}

/// Loads fields by name; see the [module](self).
///
/// # Errors
/// [`DataError::UnknownSet`]; [`DataError::MissingFiles`] with the folders searched and a remedy; [`DataError::BadOption`];
/// and [`DataError::Field`] with the file, the array and what is accepted.
pub fn load_fields(name: &str, options: &FieldOptions) -> Result<FieldSet, DataError> {
    let zero = |option, value| match value {
        Some(0) => Err(DataError::BadOption {
            option,
            value: "0".into(),
            accepted: "at least 1",
        }),
        _ => Ok(()),
    };
    zero("number of training samples", options.train_count)?;
    zero("number of test samples", options.test_count)?;
    if let Some(axes) = options.axes.filter(|axes| !(1..=3).contains(axes)) {
        return Err(DataError::BadOption {
            option: "number of spatial axes",
            value: axes.to_string(),
            accepted: "1 to 3",
        });
    }
    let mut set = match name.strip_prefix(FILE_PREFIX) {
        Some(path) => file::load(name, Path::new(path), options)?,
        None => catalog::load(name, options)?,
    };
    for path in &options.test_files {
        file::add_test(&mut set, path, options)?;
    }
    if set.tests.is_empty() {
        let samples = set.train.split_test(options.test_count, name)?;
        let name = "test".into();
        set.tests.push(NamedSamples { name, samples });
    }
    if let Some(count) = options.test_count {
        let tests = set.tests.iter_mut();
        tests.for_each(|test| test.samples.truncate(count));
    }
    set.train
        .truncate(options.train_count.unwrap_or(usize::MAX));
    Ok(set)
}

impl FieldSet {
    /// Adds test samples; a name that is taken gets a number.
    fn push_test(&mut self, name: String, samples: Samples) {
        let taken = |name: &str| self.tests.iter().any(|test| test.name == name);
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let mut names = std::iter::once(name.clone()).chain(numbered);
        let name = names.find(|name| !taken(name)).unwrap_or(name);
        self.tests.push(NamedSamples { name, samples });
    }

    /// The name of test samples of the training file: `test`, and the grid if it is another.
    fn test_name(&self, samples: &Samples) -> String {
        let sizes = samples.sizes();
        if sizes == self.train.sizes() {
            return "test".into();
        }
        let equal = sizes.iter().all(|size| *size == sizes[0]);
        let shown: Vec<String> = sizes.iter().map(usize::to_string).collect();
        match equal {
            true => format!("test-{}", shown[0]),
            false => format!("test-{}", shown.join("x")),
        }
    }
}

#[cfg(test)]
mod tests;
