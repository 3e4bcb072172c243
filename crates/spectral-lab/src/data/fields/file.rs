//! Fields of a file of the user.

use std::io::Cursor;
use std::path::Path;

use super::error::FieldError;
use super::layout::{check_same_kind, pairs, trajectories};
use super::npz::Arrays;
use super::samples::Samples;
use super::settings::{Boundary, FieldSettings};
use super::{FieldOptions, FieldSet};
use crate::data::DataError;

/// The names of arrays: of pairs and of trajectories, for training and for testing.
const KEYS: [&str; 6] = ["x", "y", "u", "x_test", "y_test", "u_test"];

/// Loads a file, with its test arrays if it has any.
pub(super) fn load(name: &str, path: &Path, options: &FieldOptions) -> Result<FieldSet, DataError> {
    let mut arrays = Arrays::open(path, &KEYS)?;
    let settings = FieldSettings::beside(path)?;
    let known_axes = settings.as_ref().and_then(|settings| settings.axes);
    let axes = options.axes.or(known_axes);
    let [train, test] = parts(path, &mut arrays, axes)?;
    let Some(train) = train else {
        return Err(keys(path, &arrays, "no training samples").into());
    };
    let length = settings.as_ref().map(|settings| settings.equation.length);
    let known_boundary = settings.as_ref().map(|settings| settings.boundary);
    let mut set = FieldSet {
        name: name.into(),
        boundary: options
            .boundary
            .or(known_boundary)
            .unwrap_or(Boundary::Other),
        lengths: length.map(|length| vec![length; train.axes()]),
        equation: settings.map(|settings| settings.equation),
        train,
        tests: Vec::new(),
    };
    if let Some(test) = test {
        let place = path.display().to_string();
        check_same_kind(&set.train, &test, [&place, "its test arrays"])?;
        set.push_test(set.test_name(&test), test);
    }
    Ok(set)
}

/// Adds the samples of a file to the tests: its test arrays, or else its training arrays.
pub(super) fn add_test(
    set: &mut FieldSet,
    path: &Path,
    options: &FieldOptions,
) -> Result<(), DataError> {
    let mut arrays = Arrays::open(path, &KEYS)?;
    let axes = options.axes.unwrap_or(set.train.axes());
    let [train, test] = parts(path, &mut arrays, Some(axes))?;
    let Some(samples) = test.or(train) else {
        return Err(keys(path, &arrays, "no samples").into());
    };
    let place = path.display().to_string();
    check_same_kind(&set.train, &samples, [&set.name, &place])?;
    let stem = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    set.push_test(stem.unwrap_or(place), samples);
    Ok(())
}

/// Training and test samples of a file.
fn parts(
    path: &Path,
    arrays: &mut Arrays,
    axes: Option<usize>,
) -> Result<[Option<Samples>; 2], FieldError> {
    let train = part(path, arrays, ["x", "y", "u"], axes)?;
    // Test arrays have as many axes as training arrays, which may tell more.
    let axes = train.as_ref().map(Samples::axes).or(axes);
    let test = part(path, arrays, ["x_test", "y_test", "u_test"], axes)?;
    Ok([train, test])
}

fn part(
    path: &Path,
    arrays: &mut Arrays,
    [x, y, u]: [&str; 3],
    axes: Option<usize>,
) -> Result<Option<Samples>, FieldError> {
    let problem = |arrays: &Arrays, text: String| Err(keys(path, arrays, &text));
    match (arrays.take(x), arrays.take(y), arrays.take(u)) {
        (None, None, None) => Ok(None),
        (Some(x), Some(y), None) => Ok(Some(pairs(x, y, axes)?)),
        (None, None, Some(u)) => Ok(Some(trajectories(u, axes)?)),
        (Some(_), None, _) => problem(arrays, format!("{x} without {y}")),
        (None, Some(_), _) => problem(arrays, format!("{y} without {x}")),
        (Some(_), Some(_), Some(_)) => problem(
            arrays,
            format!("both pairs ({x}, {y}) and trajectories ({u})"),
        ),
    }
}

fn keys(path: &Path, arrays: &Arrays, problem: &str) -> FieldError {
    FieldError::Keys {
        path: path.to_path_buf(),
        problem: problem.into(),
        found: arrays.names.clone(),
    }
}

/// Whether these bytes are an archive of fields, for fuzzing.
pub(in crate::data) fn fuzz(bytes: &[u8]) -> bool {
    let path = Path::new("bytes");
    Arrays::from_archive(Cursor::new(bytes), bytes.len() as u64, "bytes", &KEYS)
        .and_then(|mut arrays| parts(path, &mut arrays, None))
        .is_ok_and(|parts| parts.iter().any(Option::is_some))
}
