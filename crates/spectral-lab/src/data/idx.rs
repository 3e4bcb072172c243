//! IDX files, the format of MNIST and Fashion-MNIST: big-endian 32-bit magic number and sizes,
//! then bytes.

use std::path::{Path, PathBuf};

use super::error::DataError;
use super::images::Images;
use super::unpack::Content;

/// Three dimensions of unsigned bytes: count, rows, columns.
const IMAGES_MAGIC: u32 = 0x0803;

/// One dimension of unsigned bytes: count.
const LABELS_MAGIC: u32 = 0x0801;

/// The largest accepted number of rows or columns.
const MAX_SIDE: u32 = 1 << 14;

/// The largest accepted content of a file in bytes: 4 GiB.
const MAX_CONTENT: u64 = 1 << 32;

/// The names of the four files, without `.gz` or `.xz`: training images and labels, test images
/// and labels.
pub(crate) const FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// Reads the training and the test set from the files of [`FILES`], in that order.
pub(crate) fn load(paths: &[PathBuf; 4], classes: usize) -> Result<(Images, Images), DataError> {
    let [train_images, train_labels, test_images, test_labels] = paths;
    let (train, test) = rayon::join(
        || read_pair(train_images, train_labels, classes),
        || read_pair(test_images, test_labels, classes),
    );
    let (train, test) = (train?, test?);
    if (train.height, train.width) != (test.height, test.width) {
        return Err(DataError::SizeMismatch {
            train_path: train_images.clone(),
            train_size: (train.height, train.width),
            test_path: test_images.clone(),
            test_size: (test.height, test.width),
        });
    }
    Ok((train, test))
}

/// Reads a file of images and its file of labels.
fn read_pair(images_path: &Path, labels_path: &Path, classes: usize) -> Result<Images, DataError> {
    let labels = parse_labels(Content::open(labels_path)?, classes)?;
    let (pixels, [count, height, width]) = parse_images(Content::open(images_path)?)?;
    if count != labels.len() {
        return Err(DataError::CountMismatch {
            images_path: images_path.to_path_buf(),
            images: count,
            labels_path: labels_path.to_path_buf(),
            labels: labels.len(),
        });
    }
    Ok(Images {
        pixels,
        channels: 1,
        height,
        width,
        labels,
    })
}

/// The pixels and `[count, rows, columns]`.
pub(super) fn parse_images(mut content: Content<'_>) -> Result<(Vec<u8>, [usize; 3]), DataError> {
    check_magic(&mut content, IMAGES_MAGIC)?;
    let sizes: [u32; 3] = content.header()?;
    let [count, rows, columns] = sizes;
    let image = u64::from(rows) * u64::from(columns);
    let total = image
        .checked_mul(u64::from(count))
        .filter(|&t| t <= MAX_CONTENT);
    let sides = 1..=MAX_SIDE;
    match total {
        Some(total) if count > 0 && sides.contains(&rows) && sides.contains(&columns) => {
            let pixels = content.rest(total)?;
            Ok((pixels, sizes.map(|size| size as usize)))
        }
        _ => Err(DataError::ImpossibleCount {
            path: content.path().to_path_buf(),
            detail: format!(
                "{count} images of {rows}x{columns}: accepted are at least one image, sides of 1 \
                 to {MAX_SIDE} and at most {MAX_CONTENT} bytes in all"
            ),
        }),
    }
}

pub(super) fn parse_labels(
    mut content: Content<'_>,
    classes: usize,
) -> Result<Vec<u16>, DataError> {
    check_magic(&mut content, LABELS_MAGIC)?;
    let [count]: [u32; 1] = content.header()?;
    let path = content.path().to_path_buf();
    if count == 0 {
        return Err(DataError::ImpossibleCount {
            path,
            detail: "0 labels: at least one is needed".into(),
        });
    }
    let bytes = content.rest(u64::from(count))?;
    if let Some(record) = bytes.iter().position(|&b| usize::from(b) >= classes) {
        return Err(DataError::LabelOutOfRange {
            path,
            record,
            label: usize::from(bytes[record]),
            classes,
        });
    }
    Ok(bytes.into_iter().map(u16::from).collect())
}

fn check_magic(content: &mut Content<'_>, expected: u32) -> Result<(), DataError> {
    let [found] = content.header()?;
    if found == expected {
        Ok(())
    } else {
        Err(DataError::WrongMagic {
            path: content.path().to_path_buf(),
            found,
            expected,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::data::unpack::tests::gzip;

    fn numbers(values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_be_bytes()).collect()
    }

    fn images_file(count: u32, rows: u32, columns: u32, pixels: &[u8]) -> Vec<u8> {
        [
            numbers(&[IMAGES_MAGIC, count, rows, columns]),
            pixels.to_vec(),
        ]
        .concat()
    }

    fn labels_file(labels: &[u8]) -> Vec<u8> {
        [
            numbers(&[LABELS_MAGIC, labels.len() as u32]),
            labels.to_vec(),
        ]
        .concat()
    }

    /// Writes images and labels into a folder and reads them back.
    fn read(images: &[u8], labels: &[u8], suffix: &str) -> Result<Images, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["images", "labels"].map(|n| folder.path().join(format!("{n}{suffix}")));
        fs::write(&a, images).unwrap();
        fs::write(&b, labels).unwrap();
        read_pair(&a, &b, 10)
    }

    fn parse(bytes: &[u8]) -> Result<(Vec<u8>, [usize; 3]), DataError> {
        parse_images(Content::unpacked(Path::new("bytes"), bytes))
    }

    #[test]
    fn images_and_labels_come_back_as_written_plain_or_gzipped() {
        let pixels: Vec<u8> = (0..12).collect();
        let (images, labels) = (images_file(2, 2, 3, &pixels), labels_file(&[9, 0]));
        for found in [
            read(&images, &labels, ""),
            read(&gzip(&images), &gzip(&labels), ".gz"),
        ] {
            let found = found.unwrap();
            assert_eq!(found.pixels, pixels);
            assert_eq!(found.shape(), [1, 2, 3]);
            assert_eq!(found.labels, vec![9, 0]);
        }
    }

    #[test]
    fn a_wrong_magic_number_is_named() {
        let error = parse(&images_file(1, 1, 1, &[0])[1..]).unwrap_err();
        assert!(matches!(
            error,
            DataError::WrongMagic { found: 0x80300, .. }
        ));
        let error = read(&images_file(1, 1, 1, &[0]), &images_file(1, 1, 1, &[0]), "").unwrap_err();
        assert!(error.to_string().contains("labels"));
        assert!(error.to_string().contains("0x00000801"));
    }

    #[test]
    fn a_file_cut_anywhere_is_truncated() {
        let whole = images_file(2, 2, 2, &[1; 8]);
        for len in 0..whole.len() {
            let error = parse(&whole[..len]).unwrap_err();
            assert!(
                matches!(error, DataError::Truncated { .. }),
                "{len}: {error}"
            );
        }
        assert!(parse(&whole).is_ok());
    }

    #[test]
    fn a_file_with_bytes_to_spare_is_refused() {
        let error = parse(&images_file(1, 1, 1, &[1, 2])).unwrap_err();
        assert!(matches!(error, DataError::TooLong { expected: 17, .. }));
    }

    #[test]
    fn impossible_counts_are_refused_without_allocating_them() {
        let most = u32::MAX;
        for (count, rows, columns) in [
            (most, most, most),
            (most, 1 << 14, 1 << 14),
            (0, 28, 28),
            (1, 0, 28),
            (1, 28, 0),
            (1, MAX_SIDE + 1, 1),
        ] {
            let error = parse(&images_file(count, rows, columns, &[0; 64])).unwrap_err();
            assert!(
                matches!(error, DataError::ImpossibleCount { .. }),
                "{error}"
            );
        }
        // Within the limits, but not in the file.
        let error = parse(&images_file(4_000_000, 32, 32, &[0; 64])).unwrap_err();
        assert!(matches!(error, DataError::Truncated { .. }), "{error}");
        let none = read(&images_file(1, 1, 1, &[0]), &labels_file(&[]), "").unwrap_err();
        assert!(matches!(none, DataError::ImpossibleCount { .. }), "{none}");
    }

    #[test]
    fn a_label_without_a_class_is_named_with_its_record() {
        let error = read(&images_file(2, 1, 1, &[0, 0]), &labels_file(&[9, 10]), "").unwrap_err();
        assert!(matches!(
            error,
            DataError::LabelOutOfRange {
                record: 1,
                label: 10,
                classes: 10,
                ..
            }
        ));
    }

    #[test]
    fn unequal_numbers_of_images_and_labels_are_refused() {
        let error = read(&images_file(2, 1, 1, &[0, 0]), &labels_file(&[1, 2, 3]), "").unwrap_err();
        assert!(matches!(
            error,
            DataError::CountMismatch {
                images: 2,
                labels: 3,
                ..
            }
        ));
    }

    #[test]
    fn parts_of_different_image_size_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let paths = FILES.map(|name| folder.path().join(name));
        fs::write(&paths[0], images_file(1, 1, 2, &[0, 0])).unwrap();
        fs::write(&paths[1], labels_file(&[1])).unwrap();
        fs::write(&paths[2], images_file(1, 2, 1, &[0, 0])).unwrap();
        fs::write(&paths[3], labels_file(&[1])).unwrap();
        let error = load(&paths, 10).unwrap_err();
        assert!(matches!(error, DataError::SizeMismatch { .. }), "{error}");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
            let _ = parse_labels(Content::unpacked(Path::new("bytes"), &bytes[..]), 10);
        }

        #[test]
        fn an_arbitrary_header_never_panics(
            sizes in any::<[u32; 3]>(),
            bytes in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let file = images_file(sizes[0], sizes[1], sizes[2], &bytes);
            if let Ok((pixels, [count, rows, columns])) = parse(&file) {
                prop_assert_eq!(pixels.len(), count * rows * columns);
            }
        }

        #[test]
        fn arbitrary_compressed_files_never_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            suffix in prop::sample::select(vec!["", ".gz", ".xz"]),
        ) {
            prop_assert!(read(&bytes, &bytes, suffix).is_err());
        }
    }
}
