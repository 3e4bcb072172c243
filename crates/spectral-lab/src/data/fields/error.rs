//! Errors of loading fields.

use std::path::PathBuf;

/// An error that names the file or array and what is accepted. An array is named as `FILE: 'KEY'`, or by its file alone.
#[derive(Debug, thiserror::Error)]
pub enum FieldError {
    /// A file name of another type.
    #[error("{}: accepted: a .npz file of pairs or trajectories, or a .npy file of trajectories", .path.display())]
    FileType {
        /// The file.
        path: PathBuf,
    },
    /// An archive or array file that cannot be read.
    #[error("{place}: damaged or truncated file: {reason}")]
    Damaged {
        /// The file or array.
        place: String,
        /// The decoder's error.
        reason: String,
    },
    /// An entry of an archive that is encrypted or packed by another method.
    #[error(
        "{array}: cannot be unpacked: {reason}; accepted: stored and deflated entries (numpy.savez and savez_compressed)"
    )]
    Packing {
        /// The array.
        array: String,
        /// The decoder's error.
        reason: String,
    },
    /// An array shorter than its header says.
    #[error(
        "{array}: truncated: shape {shape:?} of {type_name} needs {expected} bytes, found {found}"
    )]
    Truncated {
        /// The array.
        array: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Its number type.
        type_name: String,
        /// Bytes needed.
        expected: u64,
        /// Bytes found, or the most that the file can hold.
        found: u64,
    },
    /// Content after an array.
    #[error(
        "{array}: more content after the array of shape {shape:?}; accepted: one array per file"
    )]
    TooLong {
        /// The array.
        array: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// A number type that is not accepted.
    #[error("{array}: type {found}{}; accepted: float16, float32, float64, integers and booleans", advice(.found))]
    Type {
        /// The array.
        array: String,
        /// Its type.
        found: String,
    },
    /// A number of axes that is not accepted.
    #[error("{array}: shape {shape:?} has rank {}; accepted: {accepted}", .shape.len())]
    Rank {
        /// The array.
        array: String,
        /// Its shape.
        shape: Vec<usize>,
        /// The accepted axes.
        accepted: String,
    },
    /// A shape that can be read in two ways.
    #[error("{array}: shape {shape:?} can be read as {}; pass the number of spatial axes: {}", .readings.join(" or as "), .options.join(" or "))]
    Ambiguous {
        /// The array.
        array: String,
        /// Its shape.
        shape: Vec<usize>,
        /// What the readings are.
        readings: Vec<String>,
        /// The option for each of them.
        options: Vec<String>,
    },
    /// Arrays that do not belong together.
    #[error("{} of shape {:?} and {} of shape {:?}: {reason}", .arrays[0].0, .arrays[0].1, .arrays[1].0, .arrays[1].1)]
    Mismatch {
        /// Names and shapes of the arrays.
        arrays: [(String, Vec<usize>); 2],
        /// What is different.
        reason: &'static str,
    },
    /// A size of zero.
    #[error("{array}: shape {shape:?} is empty; accepted: at least 1 along every axis")]
    Empty {
        /// The array.
        array: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// Trajectories of one state.
    #[error("{array}: shape {shape:?} has one time step per trajectory; at least 2 are needed")]
    OneState {
        /// The array.
        array: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// Too few samples to keep some for testing.
    #[error(
        "{array}: number of samples: {samples}, of which {test} for testing; accepted: at least one for training and one for testing"
    )]
    TooFew {
        /// The array or data set.
        array: String,
        /// Samples found.
        samples: usize,
        /// Samples asked for testing.
        test: usize,
    },
    /// A value that is not finite.
    #[error(
        "{array}: the value at {index:?} is {value}; accepted: finite values within the range of float32"
    )]
    NotFinite {
        /// The array.
        array: String,
        /// Where the first one is.
        index: Vec<usize>,
        /// The value, in float32.
        value: f32,
    },
    /// Arrays that need too much memory.
    #[error(
        "{array}: shape {shape:?} needs {memory} as float32; at most {most} is accepted for all arrays of a file"
    )]
    TooLarge {
        /// The array.
        array: String,
        /// Its shape.
        shape: Vec<usize>,
        /// The memory needed.
        memory: String,
        /// The limit.
        most: String,
    },
    /// Arrays of other names.
    #[error(
        "{}: {problem}; found: {}; accepted: x and y (pairs) or u (trajectories), for testing also x_test and y_test or \
         u_test", .path.display(), list(.found)
    )]
    Keys {
        /// The file.
        path: PathBuf,
        /// What is missing or contradictory.
        problem: String,
        /// The names of the arrays that are there.
        found: Vec<String>,
    },
    /// Settings beside the data that cannot be read.
    #[error("{}: invalid settings of the data: {reason}", .path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is invalid.
        reason: String,
    },
    /// A scaling of other channels or points.
    #[error(
        "scaling of shape {scaling:?} cannot be applied to samples of shape {samples:?}: {accepted}"
    )]
    Scaling {
        /// Channels, or channels and sizes, that the scaling is of.
        scaling: Vec<usize>,
        /// The shape of a sample.
        samples: Vec<usize>,
        /// What is accepted.
        accepted: &'static str,
    },
}

/// How to convert types that people often have.
fn advice(found: &str) -> &'static str {
    match found {
        "object" => {
            " (pickled Python objects; stack them into one array and convert it with astype('float32'))"
        }
        _ if found.starts_with("complex") => " (save real and imaginary parts as two channels)",
        _ => "",
    }
}

fn list(names: &[String]) -> String {
    match names {
        [] => "no arrays".into(),
        names => names.join(", "),
    }
}
