//! Splitting a folder into training and test part.
//!
//! The part of an image follows from the bytes of its file and the seed, similar to `which_set` of
//! Speech Commands (Warden, 2018), which uses the file name. Since it depends on the content, an
//! image stays in its part when it is renamed or moved and when others are added or removed, and
//! copies of an image are always in the same part.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::error::DataError;
use super::listing::{ContentHash, KnownImages};
use super::stream::{Purpose, stream};

/// About one photograph in this many is for testing if the folder is not split.
const TEST_SHARE: u64 = 5;

/// Images with a rank below this are for testing.
const TEST_BELOW: u64 = u64::MAX / TEST_SHARE;

/// A photograph and the hash of its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Photo {
    pub(super) path: PathBuf,
    pub(super) content: ContentHash,
}

/// The photographs of one class, by part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parted {
    pub(super) train: Vec<Photo>,
    pub(super) test: Vec<Photo>,
}

/// The photographs with their hashes, in the same order.
pub(super) fn photos(paths: Vec<PathBuf>) -> Result<Vec<Photo>, DataError> {
    paths
        .into_par_iter()
        .map(|path| {
            let content = ContentHash::of(&path)?;
            Ok(Photo { path, content })
        })
        .collect()
}

/// Splits classes by content. About one image in five is for testing. Each class has at least one
/// image in each part: if chance leaves one empty, the image nearest to the threshold moves.
/// `known` images keep their part. Parts are sorted by rank, so that any prefix of one is a random
/// sample.
pub(super) fn by_content(
    classes: Vec<(PathBuf, Vec<Photo>)>,
    seed: u64,
    known: Option<&KnownImages>,
) -> Result<Vec<Parted>, DataError> {
    let ranked: Vec<(PathBuf, Vec<(u64, Photo)>)> = classes
        .into_iter()
        .map(|(folder, photos)| {
            let rank = |photo: Photo| (photo.content.rank(seed), photo);
            let mut photos: Vec<_> = photos.into_iter().map(rank).collect();
            photos.sort_by(|a, b| (a.0, &a.1.path).cmp(&(b.0, &b.1.path)));
            (folder, photos)
        })
        .collect();
    let mut moved: HashSet<ContentHash> = HashSet::new();
    for (_, photos) in &ranked {
        let is_test = |(rank, _): &&(u64, Photo)| *rank < TEST_BELOW;
        let exception = match photos.iter().filter(is_test).count() {
            0 => photos.first(),
            all if all == photos.len() => photos.last(),
            _ => None,
        };
        moved.extend(exception.map(|(_, photo)| photo.content));
    }
    ranked
        .into_iter()
        .map(|(folder, photos)| {
            let mut parted = Parted::default();
            for (rank, photo) in photos {
                let by_rule = (rank < TEST_BELOW) != moved.contains(&photo.content);
                parted.put(photo, by_rule, known);
            }
            // Only known images can leave the test part empty; the evaluation reports it.
            if known.is_none() && (parted.train.is_empty() || parted.test.is_empty()) {
                return Err(DataError::OneImage { path: folder });
            }
            Ok(parted)
        })
        .collect()
}

/// Splits classes by the position of their sorted images: one in five and at least one for testing.
/// `known` images keep their part.
pub(super) fn by_position(
    classes: Vec<(PathBuf, Vec<Photo>)>,
    seed: u64,
    known: Option<&KnownImages>,
) -> Vec<Parted> {
    let parted = |(index, (_, mut photos)): (usize, (PathBuf, Vec<Photo>))| {
        photos.shuffle(&mut stream(seed, Purpose::Split, index as u64));
        let kept = photos.split_off((photos.len() / TEST_SHARE as usize).max(1));
        let mut parted = Parted::default();
        for (photo, is_test) in (photos.into_iter().map(|photo| (photo, true)))
            .chain(kept.into_iter().map(|photo| (photo, false)))
        {
            parted.put(photo, is_test, known);
        }
        // Sorted again, so that the images read first do not depend on the shuffle.
        parted.train.sort_by(|a, b| a.path.cmp(&b.path));
        parted.test.sort_by(|a, b| a.path.cmp(&b.path));
        parted
    };
    classes.into_iter().enumerate().map(parted).collect()
}

impl Parted {
    fn put(&mut self, photo: Photo, is_test: bool, known: Option<&KnownImages>) {
        use super::listing::ImagePart::Test;
        let is_test = match known.and_then(|known| known.part(&photo.content)) {
            Some(part) => part == Test,
            None => is_test,
        };
        if is_test {
            self.test.push(photo);
        } else {
            self.train.push(photo);
        }
    }
}

/// A path within a folder, for display.
pub(super) fn within(folder: &Path, path: &Path) -> String {
    let path = path.strip_prefix(folder).unwrap_or(path);
    path.display().to_string()
}
