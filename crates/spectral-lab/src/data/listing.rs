//! The images of a folder, identified by content, and their parts.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::DataError;

/// Files are hashed up to here; for longer ones the length counts as well. 64 MiB.
const LONGEST: u64 = 1 << 26;

/// The part of a data set that an image belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImagePart {
    /// Training.
    Train,
    /// Testing.
    Test,
}

/// How a folder was split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Division {
    /// By the content of each image and the seed: independent of the image's name and of other
    /// images.
    #[default]
    ByContent,
    /// By the position of each image in the sorted folder and the seed, as in runs from before
    /// image lists were kept.
    ByPosition,
    /// By its folders `train/` and `test/`.
    Given,
}

/// The identity of an image file: the SHA-256 of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// Hashes a file.
    ///
    /// # Errors
    ///
    /// [`DataError::Io`] if it cannot be read.
    pub fn of(path: &Path) -> Result<Self, DataError> {
        let read = || -> std::io::Result<Self> {
            let file = File::open(path)?;
            let length = file.metadata()?.len();
            let mut file = file.take(LONGEST);
            let mut hasher = Sha256::new();
            let mut buffer = vec![0; 1 << 16];
            loop {
                match file.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(count) => hasher.update(&buffer[..count]),
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            if length > LONGEST {
                hasher.update(length.to_le_bytes());
            }
            Ok(Self(hasher.finalize().into()))
        };
        read().map_err(DataError::io(path))
    }

    /// A number below 2^64 that depends only on content and seed; for many images these are as good
    /// as random.
    pub(super) fn rank(&self, seed: u64) -> u64 {
        let digest = Sha256::new()
            .chain_update(b"spectral division")
            .chain_update(seed.to_le_bytes())
            .chain_update(self.0)
            .finalize();
        digest
            .iter()
            .take(8)
            .fold(0, |rank, byte| rank << 8 | u64::from(*byte))
    }

    /// The first 48 bits.
    fn prefix(&self) -> [u8; 6] {
        let mut prefix = [0; 6];
        prefix.copy_from_slice(&self.0[..6]);
        prefix
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl From<ContentHash> for String {
    fn from(hash: ContentHash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for ContentHash {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("'{text}' is not a SHA-256 in hexadecimal");
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(hash))
    }
}

/// An image of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedImage {
    /// Its part.
    pub part: ImagePart,
    /// Its class.
    pub class: String,
    /// Its hash.
    pub sha256: ContentHash,
    /// Its path in the folder of the data set, for display.
    pub path: String,
}

/// All images of a folder, including those beyond a requested number of images: first the training
/// part, then the test part, each in the order in which images are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageList {
    /// How they were split.
    pub division: Division,
    /// The seed of the split.
    pub seed: u64,
    /// The images.
    pub images: Vec<ListedImage>,
    /// The number of images of a `test/` folder left out because they are copies of training images
    /// or [known](super::DataOptions::known) to have been trained on.
    pub left_out: usize,
}

/// The changes of a folder, as numbers of images.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Images that were added.
    pub added: Vec<String>,
    /// Images that are missing.
    pub missing: Vec<String>,
    /// Images that changed their class.
    pub relabeled: Vec<String>,
    /// Images that changed their part.
    pub moved: Vec<String>,
}

impl Changes {
    /// Whether all images are there, in their class and part, and no others; names do not matter.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Changes {
    /// Formatted as `2 images added (cat/7.png, …), 1 missing (dog/1.png)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (what, paths) in [
            ("added", &self.added),
            ("missing", &self.missing),
            ("in another class", &self.relabeled),
            ("in the other part", &self.moved),
        ] {
            if let [first, rest @ ..] = &paths[..] {
                let more = if rest.is_empty() { "" } else { ", …" };
                let images = match (separator, paths.len()) {
                    ("", 1) => " image",
                    ("", _) => " images",
                    _ => "",
                };
                write!(
                    f,
                    "{separator}{}{images} {what} ({first}{more})",
                    paths.len()
                )?;
                separator = ", ";
            }
        }
        Ok(())
    }
}

impl ImageList {
    /// The changes since an earlier list of the same folder.
    pub fn changes_since(&self, then: &Self) -> Changes {
        let by_content = |list: &Self| -> HashMap<ContentHash, (HashSet<String>, ImagePart)> {
            let mut found: HashMap<_, (HashSet<String>, ImagePart)> = HashMap::new();
            for image in &list.images {
                let entry = found
                    .entry(image.sha256)
                    .or_insert_with(|| (HashSet::new(), image.part));
                entry.0.insert(image.class.clone());
            }
            found
        };
        let (before, now) = (by_content(then), by_content(self));
        let mut changes = Changes::default();
        let mut seen = HashSet::new();
        for image in &self.images {
            if !seen.insert(image.sha256) {
                continue;
            }
            let path = || image.path.clone();
            match before.get(&image.sha256) {
                None => changes.added.push(path()),
                Some((classes, _)) if *classes != now[&image.sha256].0 => {
                    changes.relabeled.push(path());
                }
                Some((_, part)) if *part != image.part => changes.moved.push(path()),
                Some(_) => {}
            }
        }
        let mut seen = HashSet::new();
        for image in &then.images {
            if !now.contains_key(&image.sha256) && seen.insert(image.sha256) {
                changes.missing.push(image.path.clone());
            }
        }
        changes
    }

    /// Whether training uses the same images in the same order.
    pub fn trains_as(&self, then: &Self) -> bool {
        let order = |list: &Self| -> Vec<(ImagePart, String, ContentHash)> {
            let images = list.images.iter();
            images
                .map(|image| (image.part, image.class.clone(), image.sha256))
                .collect()
        };
        order(self) == order(then)
    }

    /// The number of images in a part.
    pub fn count(&self, part: ImagePart) -> usize {
        self.images
            .iter()
            .filter(|image| image.part == part)
            .count()
    }
}

/// Images whose part is fixed: a network must not be tested on its training images.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownImages {
    trained: HashSet<[u8; 6]>,
    tested: HashSet<[u8; 6]>,
}

impl KnownImages {
    /// The images of a list.
    pub fn of(list: &ImageList) -> Self {
        let of = |part| {
            let images = list.images.iter().filter(move |image| image.part == part);
            images.map(|image| image.sha256.prefix()).collect()
        };
        Self {
            trained: of(ImagePart::Train),
            tested: of(ImagePart::Test),
        }
    }

    /// The part of an image, if it is fixed.
    pub(super) fn part(&self, content: &ContentHash) -> Option<ImagePart> {
        let prefix = content.prefix();
        if self.trained.contains(&prefix) {
            Some(ImagePart::Train)
        } else if self.tested.contains(&prefix) {
            Some(ImagePart::Test)
        } else {
            None
        }
    }

    /// The training images as bytes, six each, in ascending order.
    pub fn trained_bytes(&self) -> Vec<u8> {
        let mut prefixes: Vec<[u8; 6]> = self.trained.iter().copied().collect();
        prefixes.sort_unstable();
        prefixes.concat()
    }

    /// Parses what [`trained_bytes`](Self::trained_bytes) returned; none if the length is wrong.
    pub fn from_trained_bytes(bytes: &[u8]) -> Option<Self> {
        let (prefixes, rest) = bytes.as_chunks::<6>();
        rest.is_empty().then(|| Self {
            trained: prefixes.iter().copied().collect(),
            tested: HashSet::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(part: ImagePart, class: &str, content: u8, path: &str) -> ListedImage {
        ListedImage {
            part,
            class: class.into(),
            sha256: ContentHash([content; 32]),
            path: path.into(),
        }
    }

    fn list(images: Vec<ListedImage>) -> ImageList {
        ImageList {
            division: Division::ByContent,
            seed: 0,
            images,
            left_out: 0,
        }
    }

    #[test]
    fn a_hash_is_the_sha256_of_the_file_and_comes_back_from_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "abc").unwrap();
        let hash = ContentHash::of(&path).unwrap();
        // FIPS 180-2.
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.to_string(), text);
        assert_eq!(ContentHash::try_from(text.to_string()), Ok(hash));
        for bad in ["", "ba78", &text.replace('b', "g"), &"é".repeat(32)] {
            assert!(ContentHash::try_from(bad.to_string()).is_err(), "{bad}");
        }
    }

    #[test]
    fn changes_are_told_by_kind_and_names_do_not_count() {
        use ImagePart::{Test, Train};
        let then = list(vec![
            image(Train, "a", 1, "a/1"),
            image(Train, "a", 2, "a/2"),
            image(Train, "a", 3, "a/3"),
            image(Test, "b", 4, "b/4"),
        ]);
        assert!(then.changes_since(&then).is_none());
        let renamed = list(vec![
            image(Train, "a", 1, "a/other"),
            image(Train, "a", 2, "a/2"),
            image(Train, "a", 3, "a/3"),
            image(Test, "b", 4, "b/4"),
        ]);
        assert!(renamed.changes_since(&then).is_none() && renamed.trains_as(&then));
        let changed = list(vec![
            image(Train, "b", 2, "b/2"),
            image(Test, "a", 3, "a/3"),
            image(Test, "b", 4, "b/4"),
            image(Test, "b", 5, "b/5"),
            image(Test, "b", 6, "b/6"),
        ]);
        assert_eq!(
            changed.changes_since(&then).to_string(),
            "2 images added (b/5, …), 1 missing (a/1), 1 in another class (b/2), \
             1 in the other part (a/3)"
        );
        assert!(!changed.trains_as(&then));
    }

    #[test]
    fn known_images_come_back_from_their_bytes() {
        let known = KnownImages::of(&list(vec![
            image(ImagePart::Train, "a", 9, "a/9"),
            image(ImagePart::Train, "a", 1, "a/1"),
            image(ImagePart::Test, "a", 2, "a/2"),
        ]));
        assert_eq!(known.part(&ContentHash([2; 32])), Some(ImagePart::Test));
        let bytes = known.trained_bytes();
        assert_eq!(bytes, [[1; 6], [9; 6]].concat());
        let back = KnownImages::from_trained_bytes(&bytes).unwrap();
        assert_eq!(back.part(&ContentHash([9; 32])), Some(ImagePart::Train));
        assert_eq!(back.part(&ContentHash([2; 32])), None);
        assert_eq!(KnownImages::from_trained_bytes(&bytes[1..]), None);
    }
}
