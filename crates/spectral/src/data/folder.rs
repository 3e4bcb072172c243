//! A folder of photographs, one sub-folder a class.
//!
//! Either `train/CLASS/…` and `test/CLASS/…`, or `CLASS/…` alone, which is then divided by the
//! seed: in each class one photograph in five, drawn at random and at least one, is for testing.
//! `val/`, `valid/` or `validation/` may stand for `test/`.
//! Files ending in `.jpg`, `.jpeg`, `.jfif` or `.png` count, in any case; [notes](super::notes) tell
//! of others, hidden ones do not count.
//! Photographs are turned upright as their EXIF data says, cropped around the centre to the shape
//! asked for, resized, and turned to RGB.

use std::path::{Path, PathBuf};

use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::class_folders::{check_names, class_name, entries, escaped, is_photograph, parts};
use super::error::DataError;
use super::images::Images;
use super::photo;
use super::stream::{Purpose, stream};
use crate::limits;

/// Height and width unless asked otherwise.
pub(crate) const DEFAULT_SIZE: (usize, usize) = (150, 150);

/// The largest accepted height or width.
pub(crate) const MAX_SIDE: usize = 4096;

/// One photograph in this many is for testing where the folder does not say.
const TEST_SHARE: usize = 5;

/// What to read of a folder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Height and width of the images.
    pub size: (usize, usize),
    /// Seed of the division into training and test part.
    pub seed: u64,
    /// At most so many training images, taken in turn from each class.
    pub train_count: Option<usize>,
    /// At most so many test images, taken in turn from each class.
    pub test_count: Option<usize>,
}

/// A folder's classes, training and test part.
pub(crate) type Loaded = (Vec<String>, Images, Images);

/// Photographs with the class of each.
type Listing = Vec<(PathBuf, u16)>;

/// Reads a folder of classes.
pub(crate) fn load(folder: &Path, wanted: Wanted) -> Result<Loaded, DataError> {
    let (names, train, test) = if let Some([train, test]) = parts(folder)? {
        given_parts(folder, &train, &test)?
    } else {
        divided(folder, wanted.seed)?
    };
    let train = decode(&in_turn(train, wanted.train_count), wanted.size)?;
    let test = decode(&in_turn(test, wanted.test_count), wanted.size)?;
    Ok((names, train, test))
}

/// Class names, and the photographs of each class for training and for testing.
type Parts = (Vec<String>, Vec<Vec<PathBuf>>, Vec<Vec<PathBuf>>);

/// A class folder's name and its photographs.
struct Class {
    name: String,
    files: Vec<PathBuf>,
}

fn given_parts(folder: &Path, train: &Path, test: &Path) -> Result<Parts, DataError> {
    let (train, test) = (classes(train, 1)?, classes(test, 1)?);
    let names = |classes: &[Class]| -> Vec<String> {
        classes.iter().map(|class| class.name.clone()).collect()
    };
    let (left, right) = (names(&train), names(&test));
    check_names(folder, left.iter().chain(&right).map(String::as_str))?;
    let lonely = left
        .iter()
        .find(|name| !right.contains(name))
        .or_else(|| right.iter().find(|name| !left.contains(name)));
    if let Some(class) = lonely {
        return Err(DataError::ClassesDiffer {
            path: folder.to_path_buf(),
            class: escaped(class),
        });
    }
    let files = |classes: Vec<Class>| classes.into_iter().map(|class| class.files).collect();
    Ok((left, files(train), files(test)))
}

fn divided(folder: &Path, seed: u64) -> Result<Parts, DataError> {
    let (mut names, mut train, mut test) = (Vec::new(), Vec::new(), Vec::new());
    for (index, class) in classes(folder, 2)?.into_iter().enumerate() {
        let mut files = class.files;
        files.shuffle(&mut stream(seed, Purpose::Split, index as u64));
        let kept = files.split_off((files.len() / TEST_SHARE).max(1));
        // Sorted again, so that what is taken first does not depend on the shuffle as well.
        files.sort();
        test.push(files);
        train.push(kept);
        names.push(class.name);
    }
    for files in &mut train {
        files.sort();
    }
    Ok((names, train, test))
}

/// The class folders in a folder, sorted by name, each with `least` photographs or more.
fn classes(folder: &Path, least: usize) -> Result<Vec<Class>, DataError> {
    let mut classes = Vec::new();
    for path in entries(folder)? {
        if !path.is_dir() {
            continue;
        }
        let (files, others): (Vec<_>, Vec<_>) = entries(&path)?
            .into_iter()
            .partition(|path| is_photograph(path));
        if files.len() < least {
            return Err(DataError::EmptyClass {
                path,
                found: files.len(),
                needed: least,
                others: others.len(),
            });
        }
        let name = class_name(&path)?;
        classes.push(Class { name, files });
    }
    check_names(folder, classes.iter().map(|class| class.name.as_str()))?;
    if (2..=usize::from(u16::MAX) + 1).contains(&classes.len()) {
        Ok(classes)
    } else {
        Err(DataError::NotClasses {
            path: folder.to_path_buf(),
            found: classes.len(),
        })
    }
}

/// The first of each class, then the second of each, and so on, `count` at most: so that any
/// beginning is as balanced as the classes allow.
fn in_turn(classes: Vec<Vec<PathBuf>>, count: Option<usize>) -> Listing {
    let mut ordered: Vec<(usize, u16, PathBuf)> = Vec::new();
    for (label, files) in classes.into_iter().enumerate() {
        let label = label as u16;
        ordered.extend(
            files
                .into_iter()
                .enumerate()
                .map(|(i, file)| (i, label, file)),
        );
    }
    ordered.sort_by_key(|(turn, label, _)| (*turn, *label));
    ordered.truncate(count.unwrap_or(usize::MAX));
    ordered
        .into_iter()
        .map(|(_, label, file)| (file, label))
        .collect()
}

fn decode(listing: &Listing, size: (usize, usize)) -> Result<Images, DataError> {
    let (height, width) = size;
    // Sides are at most 4096.
    let len = 3 * height * width;
    let bytes = limits::product([listing.len(), len]);
    if bytes > limits::SET {
        return Err(DataError::TooLarge {
            images: listing.len(),
            size,
            memory: limits::memory(bytes),
            most: limits::memory(limits::SET),
        });
    }
    let mut pixels = vec![0; listing.len() * len];
    pixels
        .par_chunks_exact_mut(len)
        .zip(listing)
        .try_for_each(|(planes, (path, _))| {
            planes.copy_from_slice(&photo::read_photo(path, 3, size)?);
            Ok(())
        })?;
    Ok(Images {
        pixels,
        channels: 3,
        height,
        width,
        labels: listing.iter().map(|(_, label)| *label).collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use image::{Rgb, RgbImage};

    use super::*;

    const SMALL: Wanted = Wanted {
        size: (8, 8),
        seed: 1,
        train_count: None,
        test_count: None,
    };

    /// A PNG of one colour.
    fn plain(path: PathBuf, width: u32, height: u32, colour: [u8; 3]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        RgbImage::from_pixel(width, height, Rgb(colour))
            .save(path)
            .unwrap();
    }

    fn two_classes(counts: [u8; 2]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (class, count) in ["apple", "pear"].iter().zip(counts) {
            for i in 0..count {
                let path = folder.path().join(class).join(format!("{i:03}.png"));
                plain(path, 9, 8, [i, class.len() as u8, 7]);
            }
        }
        folder
    }

    #[test]
    fn a_given_division_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        for (i, (part, class)) in [("train", "b"), ("train", "a"), ("test", "a"), ("test", "b")]
            .iter()
            .enumerate()
        {
            plain(
                folder.path().join(part).join(class).join("x.PNG"),
                8,
                8,
                [i as u8, 0, 9],
            );
        }
        let (names, train, test) = load(folder.path(), SMALL).unwrap();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(
            (train.labels.clone(), test.labels.clone()),
            (vec![0, 1], vec![0, 1])
        );
        assert_eq!([train.image(0)[0], train.image(1)[0]], [1, 0]);
        assert_eq!([test.image(0)[0], test.image(1)[0]], [2, 3]);
        assert_eq!([train.image(0)[64], train.image(0)[128]], [0, 9]);
    }

    #[test]
    fn a_division_by_seed_is_complete_repeatable_and_disjoint() {
        let folder = two_classes([20, 10]);
        let shades = |images: &Images| -> Vec<(u16, u8)> {
            let shade = |i: usize| (images.labels[i], images.image(i)[0]);
            (0..images.len()).map(shade).collect()
        };
        let (_, train, test) = load(folder.path(), SMALL).unwrap();
        assert_eq!(
            (train.class_counts(2), test.class_counts(2)),
            (vec![16, 8], vec![4, 2])
        );
        let mut all = [shades(&train), shades(&test)].concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 30);
        let (_, again, _) = load(folder.path(), SMALL).unwrap();
        assert_eq!(train, again);
        let (_, other, _) = load(folder.path(), Wanted { seed: 2, ..SMALL }).unwrap();
        assert_ne!(shades(&train), shades(&other));
    }

    #[test]
    fn a_part_of_the_photographs_is_taken_in_turn_from_each_class() {
        let folder = two_classes([20, 10]);
        let wanted = Wanted {
            train_count: Some(5),
            test_count: Some(2),
            ..SMALL
        };
        let (_, train, test) = load(folder.path(), wanted).unwrap();
        assert_eq!(train.labels, vec![0, 1, 0, 1, 0]);
        assert_eq!(test.labels, vec![0, 1]);
    }

    #[test]
    fn an_unreadable_picture_is_named() {
        let folder = two_classes([3, 3]);
        let bad = folder.path().join("pear/001.png");
        let good = fs::read(&bad).unwrap();
        for bytes in [&b""[..], b"not a picture", &good[..good.len() / 2]] {
            fs::write(&bad, bytes).unwrap();
            let error = load(folder.path(), SMALL).unwrap_err();
            assert!(
                matches!(error, DataError::UnreadableImage { .. }),
                "{error}"
            );
            assert!(error.to_string().contains("001.png"), "{error}");
        }
    }

    #[test]
    fn a_picture_whose_header_promises_gigabytes_is_refused() {
        let folder = two_classes([3, 3]);
        let path = folder.path().join("pear/001.png");
        for side in [1u32 << 30, 20_000] {
            let mut bytes = fs::read(&path).unwrap();
            // Width and height in the PNG header, and the checksum that covers them.
            bytes[16..24].copy_from_slice(&[side.to_be_bytes(), side.to_be_bytes()].concat());
            let mut crc = flate2::Crc::new();
            crc.update(&bytes[12..29]);
            bytes[29..33].copy_from_slice(&crc.sum().to_be_bytes());
            fs::write(&path, bytes).unwrap();
            let error = load(folder.path(), SMALL).unwrap_err();
            assert!(
                matches!(error, DataError::UnreadableImage { .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn an_empty_class_is_named() {
        let folder = two_classes([5, 0]);
        fs::create_dir(folder.path().join("pear")).unwrap();
        fs::write(folder.path().join("pear/notes.txt"), "none").unwrap();
        let error = load(folder.path(), SMALL).unwrap_err();
        assert!(matches!(error, DataError::EmptyClass { found: 0, .. }));
        assert!(error.to_string().contains("pear"));
    }

    #[test]
    fn a_folder_without_at_least_two_classes_is_refused() {
        let error = load(two_classes([5, 0]).path(), SMALL).unwrap_err();
        assert!(matches!(error, DataError::NotClasses { found: 1, .. }));
        let error = load(Path::new("no/such/folder"), SMALL).unwrap_err();
        assert!(matches!(error, DataError::Io { .. }));
    }

    #[test]
    fn parts_with_different_classes_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            "train/a/x.png",
            "train/b/x.png",
            "test/a/x.png",
            "test/c/x.png",
        ] {
            plain(folder.path().join(path), 8, 8, [0; 3]);
        }
        let error = load(folder.path(), SMALL).unwrap_err();
        assert!(matches!(&error, DataError::ClassesDiffer { class, .. } if class == "b"));
    }
}
