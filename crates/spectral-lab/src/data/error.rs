//! Errors of loading data.

use std::io;
use std::path::{Path, PathBuf};

use super::fields::FieldError;

/// An error that names the file or value and what is accepted.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// An unknown data set.
    #[error(
        "unknown data set '{name}'; available: {}",
        .accepted.join(", ")
    )]
    UnknownSet {
        /// The name given.
        name: String,
        /// The available names.
        accepted: Vec<&'static str>,
    },
    /// An option out of range.
    #[error("{option} = {value}: accepted: {accepted}")]
    BadOption {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// The accepted values, in words.
        accepted: &'static str,
    },
    /// A known data set whose files were not found.
    #[error(
        "data set '{set}': {} not found in {}. {hint}",
        .files.join(", "),
        join_paths(.looked_in)
    )]
    MissingFiles {
        /// The data set.
        set: String,
        /// The files or folders that are missing.
        files: Vec<String>,
        /// The folders searched, in order.
        looked_in: Vec<PathBuf>,
        /// How to get them.
        hint: String,
    },
    /// A file operation failed.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A gzip, xz or tar stream that cannot be decompressed.
    #[error("{}: cannot decompress: {source}", .path.display())]
    Unpack {
        /// The compressed file.
        path: PathBuf,
        /// The decoder's error.
        source: io::Error,
    },
    /// The first four bytes are not those of the format.
    #[error("{}: magic number {found:#010x}, expected {expected:#010x}", .path.display())]
    WrongMagic {
        /// The file.
        path: PathBuf,
        /// The number read.
        found: u32,
        /// The number of the format.
        expected: u32,
    },
    /// The content is shorter than the format or the header says.
    #[error("{}: truncated: {found} bytes of content, expected {expected}", .path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Expected bytes of (uncompressed) content.
        expected: u64,
        /// Bytes of (uncompressed) content found.
        found: u64,
    },
    /// The content is longer than the format or the header says.
    #[error("{}: more content than the expected {expected} bytes", .path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Expected bytes of (uncompressed) content.
        expected: u64,
    },
    /// An invalid header.
    #[error("{}: invalid header: {detail}", .path.display())]
    ImpossibleCount {
        /// The file.
        path: PathBuf,
        /// The values, and what is accepted.
        detail: String,
    },
    /// A label out of range.
    #[error(
        "{}: label {label} of record {record} is out of range: the classes are 0 to {}",
        .path.display(),
        .classes.saturating_sub(1)
    )]
    LabelOutOfRange {
        /// The file.
        path: PathBuf,
        /// Index of the record, from zero.
        record: usize,
        /// The label read.
        label: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// Different numbers of images and labels.
    #[error(
        "{} has {images} images but {} has {labels} labels",
        .images_path.display(),
        .labels_path.display()
    )]
    CountMismatch {
        /// The file of images.
        images_path: PathBuf,
        /// Its count.
        images: usize,
        /// The file of labels.
        labels_path: PathBuf,
        /// Its count.
        labels: usize,
    },
    /// Training and test images of different sizes.
    #[error(
        "{} has {}x{} images but {} has {}x{}",
        .train_path.display(), .train_size.0, .train_size.1,
        .test_path.display(), .test_size.0, .test_size.1
    )]
    SizeMismatch {
        /// The file of training images.
        train_path: PathBuf,
        /// Their height and width.
        train_size: (usize, usize),
        /// The file of test images.
        test_path: PathBuf,
        /// Their height and width.
        test_size: (usize, usize),
    },
    /// A photograph that cannot be decoded.
    #[error("{}: unreadable image: {reason}", .path.display())]
    UnreadableImage {
        /// The image file.
        path: PathBuf,
        /// The decoder's error.
        reason: String,
    },
    /// A class folder with too few images.
    #[error(
        "{}: this class has {found} JPEG or PNG images (and {others} other entries), at least \
         {needed} needed",
        .path.display()
    )]
    EmptyClass {
        /// The folder of the class.
        path: PathBuf,
        /// Images found.
        found: usize,
        /// Images needed.
        needed: usize,
        /// Other files and folders.
        others: usize,
    },
    /// A class whose images are all copies of one, so that it cannot be split.
    #[error(
        "{}: all images of this class are copies of one; at least 2 different ones are needed, one \
         for training and one for testing", .path.display()
    )]
    OneImage {
        /// The folder of the class.
        path: PathBuf,
    },
    /// A folder whose test images are all training images.
    #[error("{}: no test images are left: all of them are also training images", .path.display())]
    NothingUnseen {
        /// The folder.
        path: PathBuf,
    },
    /// A folder with an invalid number of classes.
    #[error("{}: found {found} class folders; accepted: 2 to 65,536", .path.display())]
    NotClasses {
        /// The folder.
        path: PathBuf,
        /// Class folders found.
        found: usize,
    },
    /// Images that need too much memory.
    #[error(
        "{images} images of {}x{} need {memory}; at most {most} is accepted: load fewer or smaller \
         ones",
        size.0, size.1
    )]
    TooLarge {
        /// How many.
        images: usize,
        /// Their height and width.
        size: (usize, usize),
        /// The memory required.
        memory: String,
        /// The limit.
        most: String,
    },
    /// A training part without a test part, or the other way around.
    #[error("{}: this is one part of a split data set, but {missing} is missing beside it", .path.display())]
    MissingPart {
        /// The folder of the part that is there.
        path: PathBuf,
        /// The accepted names of the other part.
        missing: &'static str,
    },
    /// A class folder whose name is not valid Unicode.
    #[error("{}: the name of the class folder {name} is not valid Unicode; rename it", .path.display())]
    ClassName {
        /// The folder above it.
        path: PathBuf,
        /// The name, escaped.
        name: String,
    },
    /// Two class names that look the same.
    #[error(
        "{}: the class names '{}' and '{}' differ only in their Unicode form; rename one",
        .path.display(),
        .names[0],
        .names[1]
    )]
    AlikeClasses {
        /// The folder above them.
        path: PathBuf,
        /// Both names, escaped.
        names: [String; 2],
    },
    /// `train/` and `test/` do not hold the same classes.
    #[error(
        "{}: class '{class}' is in only one of the training and test parts",
        .path.display()
    )]
    ClassesDiffer {
        /// The folder that contains both.
        path: PathBuf,
        /// The first class in only one part.
        class: String,
    },
    /// An image index out of range.
    #[error("image index {index} is out of range: there are {len} images")]
    IndexOutOfRange {
        /// The index.
        index: usize,
        /// The number of images.
        len: usize,
    },
    /// Fields that cannot be loaded.
    #[error(transparent)]
    Field(Box<FieldError>),
    /// A data set that cannot be downloaded.
    #[error("'{set}' cannot be fetched: {reason}")]
    NotFetchable {
        /// The data set.
        set: String,
        /// Why, and what to do instead.
        reason: String,
    },
    /// The download program could not be started.
    #[error("cannot start '{}', which downloads the files: {source}. Install curl, or put the \
        files there by hand", .program.display())]
    Downloader {
        /// The program.
        program: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The download program failed.
    #[error("download of {url} failed ({status}): {stderr}")]
    Download {
        /// The URL.
        url: String,
        /// The program's exit status.
        status: String,
        /// The program's standard error.
        stderr: String,
    },
    /// A downloaded file with a wrong checksum.
    #[error("{url}: SHA-256 is {found}, expected {expected}; the file was discarded")]
    WrongChecksum {
        /// The URL.
        url: String,
        /// The published checksum, in hexadecimal.
        expected: String,
        /// The checksum of the download, in hexadecimal.
        found: String,
    },
}

impl From<FieldError> for DataError {
    fn from(error: FieldError) -> Self {
        Self::Field(Box::new(error))
    }
}

impl DataError {
    /// An adapter for `map_err` on file operations.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, source }
    }
}

fn join_paths(paths: &[PathBuf]) -> String {
    let shown: Vec<_> = paths.iter().map(|p| p.display().to_string()).collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_set_says_which_files_where_and_what_to_do() {
        let error = DataError::MissingFiles {
            set: "mnist".into(),
            files: vec!["a.gz".into(), "b.gz".into()],
            looked_in: vec![PathBuf::from("here"), PathBuf::from("there")],
            hint: "Run: spectral data fetch mnist".into(),
        };
        assert_eq!(
            error.to_string(),
            "data set 'mnist': a.gz, b.gz not found in here, there. \
             Run: spectral data fetch mnist"
        );
    }

    #[test]
    fn a_wrong_magic_is_shown_in_hexadecimal() {
        let error = DataError::WrongMagic {
            path: PathBuf::from("x"),
            found: 1,
            expected: 0x803,
        };
        assert_eq!(
            error.to_string(),
            "x: magic number 0x00000001, expected 0x00000803"
        );
    }
}
