//! The binary version of CIFAR-10: five training files and a test file of 10,000 records each. A
//! record is a label byte, then 32×32 red, green and blue bytes.

use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use rayon::prelude::*;

use super::error::DataError;
use super::images::Images;
use super::unpack::Content;

/// Height and width in pixels.
pub(crate) const SIDE: usize = 32;

/// Bytes of an image.
const IMAGE: usize = 3 * SIDE * SIDE;

/// Bytes of a record.
const RECORD: usize = IMAGE + 1;

/// The names of the six files, without `.gz` or `.xz`, the test file last.
pub(crate) const FILES: [&str; 6] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
    "test_batch.bin",
];

/// The official archive of all six.
pub(crate) const ARCHIVE: &str = "cifar-10-binary.tar.gz";

/// The folder inside the archive.
pub(crate) const ARCHIVE_FOLDER: &str = "cifar-10-batches-bin";

/// The class names, in the order of `batches.meta.txt`.
pub(crate) const CLASSES: [&str; 10] = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
];

/// Records in each official file.
const RECORDS: usize = 10_000;

/// Where the records are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// The files of [`FILES`], in that order.
    Files([PathBuf; 6]),
    /// The official archive.
    Archive(PathBuf),
}

/// How much of the set to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// Records per file.
    pub(super) records: usize,
    /// Number of training files to read.
    pub(super) train_files: usize,
}

impl Extent {
    /// As many files as the first `train_count` training images need.
    pub(crate) fn of(train_count: Option<usize>) -> Self {
        let needed = train_count.unwrap_or(usize::MAX).div_ceil(RECORDS);
        Self {
            records: RECORDS,
            train_files: needed.clamp(1, FILES.len() - 1),
        }
    }
}

/// Reads the training and the test set.
pub(crate) fn load(location: &Location, extent: Extent) -> Result<(Images, Images), DataError> {
    let mut batches: Vec<Images> = match location {
        Location::Files(paths) => {
            let wanted = paths[..extent.train_files].iter().chain(&paths[5..]);
            wanted
                .collect::<Vec<_>>()
                .into_par_iter()
                .map(|path| parse(Content::open(path)?, extent.records))
                .collect::<Result<_, _>>()?
        }
        Location::Archive(path) => read_archive(path, extent)?,
    };
    let test = batches.pop().unwrap_or_default();
    let mut train = Images {
        pixels: Vec::with_capacity(batches.len() * extent.records * IMAGE),
        labels: Vec::with_capacity(batches.len() * extent.records),
        channels: 3,
        height: SIDE,
        width: SIDE,
    };
    for batch in batches {
        train.pixels.extend_from_slice(&batch.pixels);
        train.labels.extend_from_slice(&batch.labels);
    }
    Ok((train, test))
}

/// The requested files of the archive, in the order of [`FILES`].
fn read_archive(path: &Path, extent: Extent) -> Result<Vec<Images>, DataError> {
    let unpack = |source| DataError::Unpack {
        path: path.to_path_buf(),
        source,
    };
    let file = std::fs::File::open(path).map_err(DataError::io(path))?;
    let file = std::io::BufReader::with_capacity(1 << 16, file);
    let mut archive = tar::Archive::new(MultiGzDecoder::new(file));
    let mut found: [Option<Images>; 6] = Default::default();
    let wanted = |slot: usize| slot < extent.train_files || slot == 5;
    for entry in archive.entries().map_err(unpack)? {
        let entry = entry.map_err(unpack)?;
        let name = entry.path().map_err(unpack)?.into_owned();
        let slot = FILES
            .iter()
            .position(|file| name.file_name().is_some_and(|n| n == *file));
        if let Some(slot) = slot.filter(|&slot| wanted(slot)) {
            let within = path.join(&name);
            // Ignores the length that the entry claims: the parser checks the contents.
            let entry: Box<dyn Read> = Box::new(entry);
            found[slot] = Some(parse(Content::unpacked(&within, entry), extent.records)?);
        }
    }
    let missing: Vec<String> = (0..6)
        .filter(|&slot| wanted(slot) && found[slot].is_none())
        .map(|slot| format!("{ARCHIVE_FOLDER}/{}", FILES[slot]))
        .collect();
    if missing.is_empty() {
        Ok(found.into_iter().flatten().collect())
    } else {
        Err(DataError::MissingFiles {
            set: "cifar-10".into(),
            files: missing,
            looked_in: vec![path.to_path_buf()],
            hint: "The archive is not the official one; run: spectral data fetch cifar-10".into(),
        })
    }
}

/// Reads the `records` records of one file.
pub(super) fn parse(content: Content<'_>, records: usize) -> Result<Images, DataError> {
    let path = content.path().to_path_buf();
    let bytes = content.rest((records * RECORD) as u64)?;
    let mut images = Images {
        pixels: Vec::with_capacity(records * IMAGE),
        labels: Vec::with_capacity(records),
        channels: 3,
        height: SIDE,
        width: SIDE,
    };
    for (index, record) in bytes.chunks_exact(RECORD).enumerate() {
        let label = record[0];
        if usize::from(label) >= CLASSES.len() {
            return Err(DataError::LabelOutOfRange {
                path,
                record: index,
                label: usize::from(label),
                classes: CLASSES.len(),
            });
        }
        images.labels.push(u16::from(label));
        images.pixels.extend_from_slice(&record[1..]);
    }
    Ok(images)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::data::unpack::tests::gzip;

    const SMALL: Extent = Extent {
        records: 3,
        train_files: 5,
    };

    /// Three records; the pixels tell file, record and channel.
    fn batch(file: u8) -> Vec<u8> {
        (0..3u8)
            .flat_map(|record| {
                let planes = (0..3u8).flat_map(move |c| [file * 20 + record * 4 + c; SIDE * SIDE]);
                std::iter::once((file + record) % 10).chain(planes)
            })
            .collect()
    }

    fn files(folder: &Path, suffix: &str) -> [PathBuf; 6] {
        FILES.map(|name| folder.join(format!("{name}{suffix}")))
    }

    fn archive(path: &Path, files: usize) {
        let mut builder = tar::Builder::new(Vec::new());
        for (i, name) in FILES.iter().enumerate().take(files) {
            let data = batch(i as u8);
            let mut header = tar::Header::new_gnu();
            header.set_size(data.len() as u64);
            header.set_mode(0o644);
            let name = format!("{ARCHIVE_FOLDER}/{name}");
            builder.append_data(&mut header, name, &data[..]).unwrap();
        }
        fs::write(path, gzip(&builder.into_inner().unwrap())).unwrap();
    }

    fn check(train: &Images, test: &Images) {
        assert_eq!((train.len(), test.len()), (15, 3));
        assert_eq!(train.shape(), [3, 32, 32]);
        assert_eq!(train.labels[..6], [0, 1, 2, 1, 2, 3]);
        assert_eq!(test.labels, vec![5, 6, 7]);
        // File 2, record 1: red, green, blue planes.
        let image = train.image(2 * 3 + 1);
        assert_eq!([image[0], image[1024], image[3071]], [44, 45, 46]);
    }

    #[test]
    fn plain_and_gzipped_files_and_the_archive_give_the_same_set() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, gz) = (files(folder.path(), ""), files(folder.path(), ".gz"));
        for i in 0..6u8 {
            fs::write(&plain[usize::from(i)], batch(i)).unwrap();
            fs::write(&gz[usize::from(i)], gzip(&batch(i))).unwrap();
        }
        let tar = folder.path().join(ARCHIVE);
        archive(&tar, 6);
        for location in [
            Location::Files(plain),
            Location::Files(gz),
            Location::Archive(tar),
        ] {
            let (train, test) = load(&location, SMALL).unwrap();
            check(&train, &test);
        }
    }

    #[test]
    fn no_more_files_are_read_than_the_training_images_asked_for_take() {
        let folder = tempfile::tempdir().unwrap();
        let paths = files(folder.path(), "");
        for i in [0, 5u8] {
            fs::write(&paths[usize::from(i)], batch(i)).unwrap();
        }
        let extent = Extent {
            train_files: 1,
            ..SMALL
        };
        let (train, test) = load(&Location::Files(paths), extent).unwrap();
        assert_eq!((train.len(), test.len()), (3, 3));
        let files = |count| Extent::of(count).train_files;
        assert_eq!(
            [Some(1), Some(10_000), Some(10_001), Some(99_999), None].map(files),
            [1, 1, 2, 5, 5]
        );
    }

    #[test]
    fn an_archive_without_a_file_says_which_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let tar = folder.path().join(ARCHIVE);
        archive(&tar, 5);
        let error = load(&Location::Archive(tar), SMALL).unwrap_err();
        assert!(error.to_string().contains("test_batch.bin"), "{error}");
    }

    #[test]
    fn a_damaged_archive_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let tar = folder.path().join(ARCHIVE);
        archive(&tar, 6);
        let bytes = fs::read(&tar).unwrap();
        for len in [0, 10, bytes.len() / 2, bytes.len() - 4] {
            fs::write(&tar, &bytes[..len]).unwrap();
            let loaded = load(&Location::Archive(tar.clone()), SMALL);
            if let Err(error) = loaded {
                assert!(error.to_string().contains(ARCHIVE), "{len}: {error}");
            } else {
                // Only the checksum behind the last record may be lost unnoticed.
                assert_eq!(len, bytes.len() - 4);
            }
        }
    }

    #[test]
    fn a_file_cut_between_two_records_is_truncated() {
        let whole = batch(0);
        for len in [0, 1, RECORD, 3 * RECORD - 1] {
            let error = parse(Content::unpacked(Path::new("x"), &whole[..len]), 3).unwrap_err();
            assert!(matches!(error, DataError::Truncated { .. }), "{error}");
        }
        let long = [&whole[..], &[0]].concat();
        let error = parse(Content::unpacked(Path::new("x"), &long[..]), 3).unwrap_err();
        assert!(matches!(error, DataError::TooLong { .. }), "{error}");
    }

    #[test]
    fn a_label_without_a_class_is_named_with_its_record() {
        let mut bytes = batch(0);
        bytes[2 * RECORD] = 200;
        let error = parse(Content::unpacked(Path::new("x"), &bytes[..]), 3).unwrap_err();
        assert!(matches!(
            error,
            DataError::LabelOutOfRange {
                record: 2,
                label: 200,
                ..
            }
        ));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..7000)) {
            if let Ok(images) = parse(Content::unpacked(Path::new("x"), &bytes[..]), 2) {
                prop_assert_eq!(images.len(), 2);
            }
        }

        #[test]
        fn an_arbitrary_archive_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..1500)) {
            let folder = tempfile::tempdir().unwrap();
            let tar = folder.path().join(ARCHIVE);
            fs::write(&tar, gzip(&bytes)).unwrap();
            prop_assert!(load(&Location::Archive(tar), SMALL).is_err());
        }
    }
}
