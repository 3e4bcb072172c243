//! Official URLs and checksums of the downloadable data sets.

use super::cifar;

/// What a checksum covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Covers {
    /// The file as it is.
    File,
    /// The content of the gzip file, which stays the same when mirrors recompress it.
    Unpacked,
}

/// A file to download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteFile {
    /// Its name, at the base URL and in the data folder.
    pub name: &'static str,
    /// What `sha256` and `bytes` refer to.
    pub covers: Covers,
    /// Length in bytes.
    pub bytes: u64,
    /// The checksum, in hexadecimal.
    pub sha256: &'static str,
}

/// The files of a data set and their URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// The data set.
    pub set: &'static str,
    /// The official base URL, ending in a slash.
    pub base: &'static str,
    /// Its files.
    pub files: &'static [RemoteFile],
}

const fn idx(name: &'static str, bytes: u64, sha256: &'static str) -> RemoteFile {
    RemoteFile {
        name,
        covers: Covers::Unpacked,
        bytes,
        sha256,
    }
}

/// All data sets that can be downloaded.
pub(crate) static SOURCES: [Source; 3] = [
    Source {
        set: "mnist",
        base: "https://ossci-datasets.s3.amazonaws.com/mnist/",
        files: &[
            idx(
                "train-images-idx3-ubyte.gz",
                47_040_016,
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            ),
            idx(
                "train-labels-idx1-ubyte.gz",
                60_008,
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            ),
            idx(
                "t10k-images-idx3-ubyte.gz",
                7_840_016,
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            ),
            idx(
                "t10k-labels-idx1-ubyte.gz",
                10_008,
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
        ],
    },
    Source {
        set: "fashion-mnist",
        base: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        files: &[
            idx(
                "train-images-idx3-ubyte.gz",
                47_040_016,
                "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            ),
            idx(
                "train-labels-idx1-ubyte.gz",
                60_008,
                "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            ),
            idx(
                "t10k-images-idx3-ubyte.gz",
                7_840_016,
                "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            ),
            idx(
                "t10k-labels-idx1-ubyte.gz",
                10_008,
                "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            ),
        ],
    },
    Source {
        set: "cifar-10",
        base: "https://www.cs.toronto.edu/~kriz/",
        files: &[RemoteFile {
            name: cifar::ARCHIVE,
            covers: Covers::File,
            bytes: 170_052_171,
            sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        }],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{catalog, idx};

    #[test]
    fn every_set_called_fetchable_has_a_source_and_no_other() {
        for set in catalog() {
            let source = SOURCES.iter().any(|source| source.set == set.name);
            assert_eq!(source, set.fetchable, "{}", set.name);
        }
    }

    #[test]
    fn the_lengths_are_those_of_the_formats() {
        for source in &SOURCES[..2] {
            for (file, name) in source.files.iter().zip(idx::FILES) {
                assert_eq!(file.name, format!("{name}.gz"));
                let count = if name.starts_with("train") {
                    60_000
                } else {
                    10_000
                };
                let images = name.contains("images");
                let expected = if images { 16 + count * 784 } else { 8 + count };
                assert_eq!(file.bytes, expected);
            }
        }
    }

    #[test]
    fn sums_are_64_lower_case_hexadecimal_digits() {
        for file in SOURCES.iter().flat_map(|source| source.files) {
            assert_eq!(file.sha256.len(), 64);
            let hexadecimal = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
            assert!(file.sha256.bytes().all(hexadecimal));
        }
    }
}
