//! A folder of photographs, one subfolder per class.
//!
//! Either `train/CLASS/…` and `test/CLASS/…`, or `CLASS/…` alone, which is then
//! [split](super::division) by content and seed: about one photograph in five, and at least one of
//! each class, is for testing. `val/`, `valid/` or `validation/` may take the place of `test/`.
//! Files ending in `.jpg`, `.jpeg`, `.jfif` or `.png` are read, in any case; [notes](super::notes)
//! list others, except hidden ones. Photographs are rotated upright according to their EXIF data,
//! center-cropped to the requested shape, resized, and converted to RGB.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::class_folders::{check_names, class_name, entries, escaped, is_photograph, parts};
use super::division::{Parted, Photo, by_content, by_position, photos, within};
use super::error::DataError;
use super::images::Images;
use super::listing::{ContentHash, Division, ImageList, ImagePart, KnownImages, ListedImage};
use super::photo;
use crate::limits;

/// Default height and width.
pub(crate) const DEFAULT_SIZE: (usize, usize) = (150, 150);

/// The largest accepted height or width.
pub(crate) const MAX_SIDE: usize = 4096;

/// Options of reading a folder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// Height and width of the images.
    pub size: (usize, usize),
    /// Seed of the split into training and test part.
    pub seed: u64,
    /// Maximum number of training images, taken in turn from each class.
    pub train_count: Option<usize>,
    /// Maximum number of test images, taken in turn from each class.
    pub test_count: Option<usize>,
    /// How to split the folder if it is not split already.
    pub division: Division,
    /// Images whose part is fixed.
    pub known: Option<&'a KnownImages>,
}

/// A folder's classes, its training and test part, and all its images.
pub(crate) type Loaded = (Vec<String>, Images, Images, ImageList);

/// Photographs with their class.
type Listing = Vec<(Photo, u16)>;

/// Reads a folder of classes.
pub(crate) fn load(folder: &Path, wanted: Wanted<'_>) -> Result<Loaded, DataError> {
    let own_parts = parts(folder)?;
    let given = own_parts.is_some();
    let (names, mut parts) = if let Some([train, test]) = own_parts {
        given_parts(folder, &train, &test)?
    } else {
        divided(folder, wanted)?
    };
    let left_out = match given {
        true => leave_out_trained(&mut parts, wanted.known),
        false => 0,
    };
    if parts.iter().all(|parted| parted.test.is_empty()) {
        return Err(DataError::NothingUnseen {
            path: folder.to_path_buf(),
        });
    }
    let (train, test) = parts.into_iter().map(|p| (p.train, p.test)).unzip();
    let (mut train, mut test) = (in_turn(train), in_turn(test));
    let listed = |part, listing: &Listing| -> Vec<ListedImage> {
        let image = |(photo, label): &(Photo, u16)| ListedImage {
            part,
            class: names[usize::from(*label)].clone(),
            sha256: photo.content,
            path: within(folder, &photo.path),
        };
        listing.iter().map(image).collect()
    };
    let division = match wanted.division {
        _ if given => Division::Given,
        Division::Given => Division::ByContent,
        division => division,
    };
    let list = ImageList {
        division,
        seed: wanted.seed,
        images: [
            listed(ImagePart::Train, &train),
            listed(ImagePart::Test, &test),
        ]
        .concat(),
        left_out,
    };
    train.truncate(wanted.train_count.unwrap_or(usize::MAX));
    test.truncate(wanted.test_count.unwrap_or(usize::MAX));
    let train = decode(&train, wanted.size)?;
    let test = decode(&test, wanted.size)?;
    Ok((names, train, test, list))
}

/// Removes test images that are also training images or known to have been trained on; returns how
/// many.
fn leave_out_trained(parts: &mut [Parted], known: Option<&KnownImages>) -> usize {
    let train = parts.iter().flat_map(|parted| &parted.train);
    let trained: HashSet<ContentHash> = train.map(|photo| photo.content).collect();
    let is_trained = |photo: &Photo| {
        let known = known.and_then(|known| known.part(&photo.content));
        trained.contains(&photo.content) || known == Some(ImagePart::Train)
    };
    let mut left_out = 0;
    for parted in parts {
        let before = parted.test.len();
        parted.test.retain(|photo| !is_trained(photo));
        left_out += before - parted.test.len();
    }
    left_out
}

/// Class names, and the training and test photographs of each class.
type Parts = (Vec<String>, Vec<Parted>);

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
    let parted = |(train, test): (Class, Class)| -> Result<Parted, DataError> {
        Ok(Parted {
            train: photos(train.files)?,
            test: photos(test.files)?,
        })
    };
    let parts: Result<_, _> = train.into_iter().zip(test).map(parted).collect();
    Ok((left, parts?))
}

fn divided(folder: &Path, wanted: Wanted<'_>) -> Result<Parts, DataError> {
    let (mut names, mut classes_of) = (Vec::new(), Vec::new());
    for class in classes(folder, 2)? {
        classes_of.push((folder.join(&class.name), photos(class.files)?));
        names.push(class.name);
    }
    let parts = match wanted.division {
        Division::ByPosition => by_position(classes_of, wanted.seed, wanted.known),
        Division::ByContent | Division::Given => by_content(classes_of, wanted.seed, wanted.known)?,
    };
    Ok((names, parts))
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

/// The first of each class, then the second of each, and so on, so that any prefix is as balanced
/// as the classes allow.
fn in_turn(classes: Vec<Vec<Photo>>) -> Listing {
    let mut ordered: Vec<(usize, u16, Photo)> = Vec::new();
    for (label, photos) in classes.into_iter().enumerate() {
        let label = label as u16;
        let turns = photos.into_iter().enumerate();
        ordered.extend(turns.map(|(turn, photo)| (turn, label, photo)));
    }
    ordered.sort_by_key(|(turn, label, _)| (*turn, *label));
    ordered
        .into_iter()
        .map(|(_, label, photo)| (photo, label))
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
        .try_for_each(|(planes, (photo, _))| {
            planes.copy_from_slice(&photo::read_photo(&photo.path, 3, size)?);
            Ok::<(), DataError>(())
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

    const SMALL: Wanted<'_> = Wanted {
        size: (8, 8),
        seed: 1,
        train_count: None,
        test_count: None,
        division: Division::ByContent,
        known: None,
    };

    /// A PNG of one color.
    fn plain(path: PathBuf, width: u32, height: u32, color: [u8; 3]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        RgbImage::from_pixel(width, height, Rgb(color))
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
        let (names, train, test, _) = load(folder.path(), SMALL).unwrap();
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
        let (_, train, test, _) = load(folder.path(), SMALL).unwrap();
        let by_position = Wanted {
            division: Division::ByPosition,
            ..SMALL
        };
        let (_, one, other, _) = load(folder.path(), by_position).unwrap();
        assert_eq!(
            (one.class_counts(2), other.class_counts(2)),
            (vec![16, 8], vec![4, 2])
        );
        assert!(test.class_counts(2).iter().all(|&count| count > 0));
        let mut all = [shades(&train), shades(&test)].concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 30);
        let (_, again, ..) = load(folder.path(), SMALL).unwrap();
        assert_eq!(train, again);
        let (_, other, ..) = load(folder.path(), Wanted { seed: 2, ..SMALL }).unwrap();
        assert_ne!(shades(&train), shades(&other));
    }

    #[test]
    fn a_test_image_that_is_a_copy_of_a_training_image_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let paths = [
            "train/a/1.png",
            "train/b/2.png",
            "test/a/3.png",
            "test/b/4.png",
        ];
        for (shade, path) in paths.iter().enumerate() {
            plain(folder.path().join(path), 8, 8, [shade as u8; 3]);
        }
        let at = |path: &str| folder.path().join(path);
        fs::copy(at("train/b/2.png"), at("test/a/copy.png")).unwrap();
        let (_, train, test, list) = load(folder.path(), SMALL).unwrap();
        assert_eq!((train.len(), test.len(), list.left_out), (2, 2, 1));
        for test in ["test/a/3.png", "test/b/4.png"] {
            fs::copy(at("train/a/1.png"), at(test)).unwrap();
        }
        let error = load(folder.path(), SMALL).unwrap_err();
        assert!(matches!(error, DataError::NothingUnseen { .. }), "{error}");
    }

    #[test]
    fn an_image_stays_in_its_part_when_it_is_renamed_and_others_come_and_go() {
        let folder = two_classes([40, 40]);
        let parts = || -> Vec<(ContentHash, ImagePart)> {
            let (.., list) = load(folder.path(), SMALL).unwrap();
            let mut parts: Vec<_> = list.images.iter().map(|i| (i.sha256, i.part)).collect();
            parts.sort_by_key(|(content, _)| *content);
            parts
        };
        let before = parts();
        assert_eq!(before.len(), 80);
        let at = |path: &str| folder.path().join(path);
        fs::rename(at("apple/000.png"), at("apple/zzz.png")).unwrap();
        fs::rename(at("apple/001.png"), at("pear/moved.png")).unwrap();
        fs::remove_file(at("apple/002.png")).unwrap();
        plain(at("apple/0000.png"), 9, 8, [200, 200, 200]);
        let after = parts();
        let common: Vec<_> = after
            .iter()
            .filter(|image| before.contains(image))
            .collect();
        assert_eq!((after.len(), common.len()), (80, 79));
    }

    #[test]
    fn copies_of_an_image_are_in_one_part_even_in_different_classes() {
        let folder = two_classes([30, 30]);
        for name in 0..30 {
            let from = folder.path().join(format!("apple/{name:03}.png"));
            fs::copy(&from, folder.path().join(format!("pear/copy{name:03}.png"))).unwrap();
            fs::copy(
                &from,
                folder.path().join(format!("apple/copy{name:03}.png")),
            )
            .unwrap();
        }
        let (_, train, test, list) = load(folder.path(), SMALL).unwrap();
        assert_eq!(train.len() + test.len(), 120);
        let of = |part| -> HashSet<ContentHash> {
            let images = list.images.iter().filter(move |image| image.part == part);
            images.map(|image| image.sha256).collect()
        };
        assert!(of(ImagePart::Train).is_disjoint(&of(ImagePart::Test)));
    }

    #[test]
    fn every_class_has_an_image_in_either_part_whatever_the_seed() {
        let folder = two_classes([2, 3]);
        for seed in 0..20 {
            let (_, train, test, _) = load(folder.path(), Wanted { seed, ..SMALL }).unwrap();
            for images in [&train, &test] {
                assert!(
                    images.class_counts(2).iter().all(|&count| count > 0),
                    "{seed}"
                );
            }
        }
        let copies = two_classes([3, 3]);
        for name in ["apple/001.png", "apple/002.png"] {
            fs::copy(
                copies.path().join("apple/000.png"),
                copies.path().join(name),
            )
            .unwrap();
        }
        let error = load(copies.path(), SMALL).unwrap_err();
        assert!(
            matches!(&error, DataError::OneImage { path } if path.ends_with("apple")),
            "{error}"
        );
    }

    #[test]
    fn what_is_known_keeps_its_part_under_any_seed() {
        let folder = two_classes([20, 10]);
        let (.., list) = load(folder.path(), SMALL).unwrap();
        let known = KnownImages::of(&list);
        let wanted = Wanted {
            seed: 7,
            known: Some(&known),
            ..SMALL
        };
        let (.., again) = load(folder.path(), wanted).unwrap();
        assert!(again.changes_since(&list).is_none());
        let (.., other) = load(folder.path(), Wanted { seed: 7, ..SMALL }).unwrap();
        assert!(!other.changes_since(&list).moved.is_empty());
    }

    #[test]
    fn a_part_of_the_photographs_is_taken_in_turn_from_each_class() {
        let folder = two_classes([20, 10]);
        let wanted = Wanted {
            train_count: Some(5),
            test_count: Some(2),
            ..SMALL
        };
        let (_, train, test, _) = load(folder.path(), wanted).unwrap();
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
