//! What can go wrong between a data set's name and its pixels.

use std::io;
use std::path::{Path, PathBuf};

/// An error that names the offending file or value and says what is accepted.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// No data set goes by this name.
    #[error(
        "unknown data set '{name}': accepted are {}",
        .accepted.join(", ")
    )]
    UnknownSet {
        /// The name asked for.
        name: String,
        /// The names that are known.
        accepted: Vec<&'static str>,
    },
    /// An option's value lies outside what is accepted.
    #[error("{option} = {value}: accepted is {accepted}")]
    BadOption {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// The accepted values, in words.
        accepted: &'static str,
    },
    /// A known set whose files are not on this machine.
    #[error(
        "data set '{set}': missing {}; looked in {}. {hint}",
        .files.join(", "),
        join_paths(.looked_in)
    )]
    MissingFiles {
        /// The data set.
        set: String,
        /// Every file or folder that is missing.
        files: Vec<String>,
        /// The folders searched, in order.
        looked_in: Vec<PathBuf>,
        /// How to get them.
        hint: String,
    },
    /// The operating system refused to read or write a file.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A gzip, xz or tar stream that cannot be unpacked.
    #[error("{}: cannot be unpacked: {source}", .path.display())]
    Unpack {
        /// The compressed file.
        path: PathBuf,
        /// The decoder's reason.
        source: io::Error,
    },
    /// The first four bytes do not announce the expected format.
    #[error("{}: magic number {found:#010x}, expected {expected:#010x}", .path.display())]
    WrongMagic {
        /// The file.
        path: PathBuf,
        /// The number read.
        found: u32,
        /// The number of the format.
        expected: u32,
    },
    /// The content ends before what the format or the header promises.
    #[error("{}: truncated: {found} bytes of content, expected {expected}", .path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes of (uncompressed) content promised.
        expected: u64,
        /// Bytes of (uncompressed) content there.
        found: u64,
    },
    /// The content goes on after what the format or the header promises.
    #[error("{}: more content than the {expected} bytes its format promises", .path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Bytes of (uncompressed) content promised.
        expected: u64,
    },
    /// A header whose counts cannot be true.
    #[error("{}: impossible header: {detail}", .path.display())]
    ImpossibleCount {
        /// The file.
        path: PathBuf,
        /// The counts, and what is accepted.
        detail: String,
    },
    /// A label that stands for no class.
    #[error(
        "{}: label {label} of record {record} is out of range: the set has classes 0 to {}",
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
    /// Images and labels that do not pair up.
    #[error(
        "{} holds {images} images but {} holds {labels} labels",
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
    /// Training and test part have images of different sizes.
    #[error(
        "{} holds {}x{} images but {} holds {}x{}",
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
        /// The decoder's reason.
        reason: String,
    },
    /// A class folder with too few images.
    #[error(
        "{}: {found} JPEG or PNG images in this class (and {others} other entries), at least {needed} \
         needed",
        .path.display()
    )]
    EmptyClass {
        /// The folder of the class.
        path: PathBuf,
        /// Images found.
        found: usize,
        /// Images needed.
        needed: usize,
        /// Files and folders that are no such images.
        others: usize,
    },
    /// A class whose images are all copies of one, so that none is left for the other part.
    #[error(
        "{}: the images of this class are copies of one; 2 or more different ones are needed, one to \
         train and one to test on", .path.display()
    )]
    OneImage {
        /// The folder of the class.
        path: PathBuf,
    },
    /// A folder whose test images were all trained on.
    #[error("{}: no test image is left that was not trained on", .path.display())]
    NothingUnseen {
        /// The folder.
        path: PathBuf,
    },
    /// A folder that does not divide into classes.
    #[error("{}: {found} class folders, accepted are 2 to 65,536", .path.display())]
    NotClasses {
        /// The folder.
        path: PathBuf,
        /// Class folders found.
        found: usize,
    },
    /// Images that take too much memory together.
    #[error(
        "{images} images of {}x{} take {memory}; at most {most} is accepted: ask for fewer or \
         smaller ones",
        size.0, size.1
    )]
    TooLarge {
        /// How many.
        images: usize,
        /// Their height and width.
        size: (usize, usize),
        /// The memory they would take.
        memory: String,
        /// The most that is accepted.
        most: String,
    },
    /// A training part without a test part, or the other way round.
    #[error("{}: is one part of a divided set; beside it is no {missing}", .path.display())]
    MissingPart {
        /// The folder of the part that is there.
        path: PathBuf,
        /// The accepted names of the other.
        missing: &'static str,
    },
    /// A class folder whose name is not Unicode.
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
        "{}: class '{class}' is in only one of the training and the test part",
        .path.display()
    )]
    ClassesDiffer {
        /// The folder above both.
        path: PathBuf,
        /// The first class without a counterpart.
        class: String,
    },
    /// An index past the end of a set of images.
    #[error("image index {index} is out of range: there are {len} images")]
    IndexOutOfRange {
        /// The index.
        index: usize,
        /// The number of images.
        len: usize,
    },
    /// A set that is not to be had by download.
    #[error("'{set}' cannot be fetched: {reason}")]
    NotFetchable {
        /// The data set.
        set: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The download program could not be started.
    #[error("cannot start '{}', which downloads the files: {source}. Install curl, or put the files there by hand", .program.display())]
    Downloader {
        /// The program.
        program: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The download program ended with an error.
    #[error("download of {url} failed ({status}): {stderr}")]
    Download {
        /// What was asked for.
        url: String,
        /// The program's exit status, in words.
        status: String,
        /// What the program wrote on standard error.
        stderr: String,
    },
    /// A downloaded file with other content than the published one.
    #[error("{url}: sha256 of its content is {found}, expected {expected}; the file was discarded")]
    WrongChecksum {
        /// Where it came from.
        url: String,
        /// The published sum, hexadecimal.
        expected: String,
        /// The sum of what arrived, hexadecimal.
        found: String,
    },
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
            hint: "Get them with: spectral data fetch mnist".into(),
        };
        assert_eq!(
            error.to_string(),
            "data set 'mnist': missing a.gz, b.gz; looked in here, there. \
             Get them with: spectral data fetch mnist"
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
