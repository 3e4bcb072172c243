//! Named sets of fields.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::FieldError;
use super::layout::{check_same_kind, pairs};
use super::npz::Arrays;
use super::samples::Samples;
use super::settings::{Boundary, FieldEquation};
use super::{FILE_PREFIX, FieldOptions, FieldSet};
use crate::data::locate::Roots;
use crate::data::{DATA_VARIABLE, DataError, License};

/// What is known about a set before it is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FieldInfo {
    /// Its name.
    pub name: &'static str,
    /// A one-line description.
    pub summary: &'static str,
    /// The shape of an input, `[channel, space…]`.
    pub input: &'static [usize],
    /// The shape of a target.
    pub target: &'static [usize],
    /// Training samples.
    pub train: usize,
    /// The sets of test samples, by name, with their number.
    pub tests: &'static [(&'static str, usize)],
    /// The boundary of the domain.
    pub boundary: Boundary,
    /// Its files: the training file, then a file for each set of test samples.
    pub files: &'static [&'static str],
    /// The authors.
    pub source: &'static str,
    /// License of the data.
    pub license: License,
}

const SETS: [FieldInfo; 1] = [FieldInfo {
    name: "darcy",
    summary: "Darcy flow on the unit square: two-valued permeability to pressure",
    input: &[1, 16, 16],
    target: &[1, 16, 16],
    train: 1000,
    tests: &[("test", 50), ("test-32", 50)],
    boundary: Boundary::Other,
    files: &[
        "darcy_train_16.npz",
        "darcy_test_16.npz",
        "darcy_test_32.npz",
    ],
    source: "neuraloperator's small Darcy set, Zenodo record 12784353",
    license: License::Mit,
}];

/// The named sets of fields.
pub fn field_sets() -> &'static [FieldInfo] {
    &SETS
}

/// The set of that name.
pub(super) fn info(name: &str) -> Option<&'static FieldInfo> {
    SETS.iter().find(|set| set.name == name)
}

/// The folder with all files of a set, or `None`; `data_dir` is searched first.
pub fn locate_fields(set: &FieldInfo, data_dir: Option<&Path>) -> Option<PathBuf> {
    let files = Roots::new(data_dir).files(set.name, set.files, "").ok()?;
    files.first()?.parent().map(Path::to_path_buf)
}

/// Loads a named set.
pub(super) fn load(name: &str, options: &FieldOptions) -> Result<FieldSet, DataError> {
    let info = info(name).ok_or_else(|| DataError::UnknownSet {
        name: name.into(),
        accepted: (SETS.iter().map(|set| set.name))
            .chain(["npz:FILE"])
            .collect(),
    })?;
    if let Some(axes) = options.axes {
        return Err(DataError::BadOption {
            option: "number of spatial axes",
            value: format!("{axes} for '{name}'"),
            accepted: "none, since only npz:FILE can be read in two ways",
        });
    }
    let hint = format!(
        "Save the arrays x and y of {} in these files, and pass the folder that contains {name}/ with --data-dir or \
         {DATA_VARIABLE}. Or make similar data: spectral data make {name} --out {name}.npz, and use \
         {FILE_PREFIX}{name}.npz",
        info.source
    );
    let files = Roots::new(options.data_dir.as_deref()).files(name, info.files, &hint)?;
    let axes = info.input.len() - 1;
    let mut all = files.iter().map(|path| read(path, axes));
    let train = all.next().expect("a set has a training file")?;
    let mut set = FieldSet {
        name: name.into(),
        boundary: options.boundary.unwrap_or(info.boundary),
        lengths: Some(vec![1.0; axes]),
        equation: Some(FieldEquation {
            name: "darcy",
            length: 1.0,
            interval: None,
            parameters: Default::default(),
        }),
        train,
        tests: Vec::new(),
    };
    for (samples, path) in all.zip(&files[1..]) {
        let samples = samples?;
        check_same_kind(&set.train, &samples, [name, &path.display().to_string()])?;
        set.push_test(set.test_name(&samples), samples);
    }
    Ok(set)
}

/// Reads the pairs of a file.
fn read(path: &Path, axes: usize) -> Result<Samples, DataError> {
    let mut arrays = Arrays::open(path, &["x", "y"])?;
    match (arrays.take("x"), arrays.take("y")) {
        (Some(x), Some(y)) => Ok(pairs(x, y, Some(axes))?),
        _ => Err(DataError::Field(FieldError::Keys {
            path: path.to_path_buf(),
            problem: "not both x and y".into(),
            found: arrays.names,
        })),
    }
}
