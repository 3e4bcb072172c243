//! Data sets as bytes: generated ones, IDX files, CIFAR-10, and folders of photographs; their
//! download, and mini-batches. [`fields`] has sets of real values on grids.
//!
//! ```no_run
//! use spectral_lab::data::{Batches, DataOptions, Normalize, fill_batch, load};
//!
//! let set = load("glyphs", &DataOptions::default())?;
//! let mut batch = Vec::new();
//! for indices in &Batches::shuffled(set.train.len(), 64, 0, 0)? {
//!     fill_batch(&set.train, indices, &Normalize::SymmetricOne, &mut batch)?;
//! }
//! # Ok::<(), spectral_lab::data::DataError>(())
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

mod augment;
mod batch;
mod catalog;
mod cifar;
mod class_folders;
mod division;
mod error;
mod fetch;
pub mod fields;
mod folder;
pub mod fuzzing;
mod glyphs;
mod idx;
mod images;
mod jpeg;
mod license;
mod listing;
mod locate;
mod normalize;
mod photo;
mod resize;
mod sources;
mod stream;
mod strokes;
mod synthetic;
mod textures;
mod unpack;

pub use augment::{Augment, Augmenter, Fill, fill_augmented};
pub use batch::{Batches, batch_labels, epoch_order, fill_batch};
pub use catalog::{DataInfo, Origin, catalog, info};
pub use error::DataError;
pub use fetch::{FetchEvent, FetchOptions, MIRROR_VARIABLE, fetch};
pub use images::{ChannelStatistics, Images};
pub use license::{License, license};
pub use listing::{Changes, ContentHash, Division, ImageList, ImagePart, KnownImages, ListedImage};
pub use locate::{DATA_VARIABLE, cache_dir, locate};
pub use normalize::Normalize;
pub use photo::read_photo;
pub use resize::resized;

use locate::Roots;
use stream::Part;

/// The prefix of a name for a folder of classes.
const FOLDER_PREFIX: &str = "folder:";

/// Labeled images in a training and a test set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSet {
    /// The name it was loaded by.
    pub name: String,
    /// The class names; a label is an index into them.
    pub classes: Vec<String>,
    /// Training images.
    pub train: Images,
    /// Test images, of the same size.
    pub test: Images,
    /// For a folder of photographs, all its images with their parts.
    pub list: Option<ImageList>,
}

/// Options of loading a data set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataOptions {
    /// A folder with one subfolder per data set, searched first. Next come the folder in the
    /// environment variable [`SPECTRAL_DATA`](DATA_VARIABLE) and the [cache](cache_dir).
    pub data_dir: Option<PathBuf>,
    /// The seed of generated images, and of the split of a folder without `train/` and `test/`.
    pub seed: u64,
    /// The number of training images: generated sets have exactly that many (by default as in the
    /// [`catalog`]); of files, the first that many are used (of photographs, taken in turn from
    /// each class; by default all), or all if there are fewer.
    pub train_count: Option<usize>,
    /// The number of test images, likewise.
    pub test_count: Option<usize>,
    /// Height and width that photographs are cropped and resized to, 150×150 by default. Not
    /// accepted for data sets with a fixed size.
    pub size: Option<(usize, usize)>,
    /// How to split a folder of photographs without `train/` and `test/`.
    pub division: Division,
    /// Photographs that were trained or tested on before: they keep their part, and with `train/`
    /// and `test/` folders the trained ones are removed from the test part.
    pub known: Option<Arc<KnownImages>>,
}

/// Loads a data set: a name of the [`catalog`], or `folder:PATH` for a folder of photographs with
/// one subfolder per class.
///
/// Such a folder holds either `train/CLASS/…` and `test/CLASS/…`, or `CLASS/…` alone; then about
/// one photograph in five, and at least one of each class, is for testing. The part follows from
/// the content of the file and the seed: a photograph stays in its part when it is renamed and when
/// others are added or removed, and copies are all in the same part. `val/`, `valid/` or
/// `validation/` may take the place of `test/`. JPEG and PNG files are read; [`notes`] lists
/// others. Each image is composited on white where it is transparent, rotated upright,
/// center-cropped to the shape of [`DataOptions::size`], resized, and converted to RGB.
///
/// # Errors
///
/// [`DataError::UnknownSet`]; [`DataError::MissingFiles`] with the missing files, the folders
/// searched and a remedy; [`DataError::BadOption`] for counts of zero and sizes that do not apply;
/// and an error with the path for every invalid file.
pub fn load(name: &str, options: &DataOptions) -> Result<DataSet, DataError> {
    for (option, count) in [
        ("number of training images", options.train_count),
        ("number of test images", options.test_count),
    ] {
        if count == Some(0) {
            return Err(DataError::BadOption {
                option,
                value: "0".into(),
                accepted: "at least 1",
            });
        }
    }
    if let Some(path) = name.strip_prefix(FOLDER_PREFIX) {
        return load_folder(name, Path::new(path), options);
    }
    let set = info(name).ok_or_else(|| DataError::UnknownSet {
        name: name.into(),
        accepted: catalog()
            .iter()
            .map(|set| set.name)
            .chain(["folder:PATH"])
            .collect(),
    })?;
    let roots = || Roots::new(options.data_dir.as_deref());
    if set.origin == Origin::Folder {
        return load_folder(name, &roots().folder(name, &folder_hint(name))?, options);
    }
    if let Some((height, width)) = options.size {
        return Err(DataError::BadOption {
            option: "image size",
            value: format!("{height}x{width} for '{name}'"),
            accepted: "no size, since only folders of photographs can be resized",
        });
    }
    let (mut train, mut test) = match set.origin {
        Origin::Idx => idx::load(&roots().idx(name)?, set.classes.len())?,
        Origin::Cifar => {
            let extent = cifar::Extent::of(options.train_count);
            cifar::load(&roots().cifar(name)?, extent)?
        }
        Origin::Embedded | Origin::Folder => generate(set, options)?,
    };
    train.truncate(options.train_count.unwrap_or(usize::MAX));
    test.truncate(options.test_count.unwrap_or(usize::MAX));
    Ok(DataSet {
        name: name.into(),
        classes: set.classes.iter().map(ToString::to_string).collect(),
        train,
        test,
        list: None,
    })
}

/// Whether two names mean the same data: equal names, or `folder:` or `npz:` with paths to the same folder or file.
pub fn same_set(one: &str, other: &str) -> bool {
    let place = |name: &str| {
        let path = [FOLDER_PREFIX, fields::FILE_PREFIX]
            .iter()
            .find_map(|prefix| name.strip_prefix(prefix))?;
        Path::new(path).canonicalize().ok()
    };
    one == other || place(one).is_some_and(|path| place(other) == Some(path))
}

/// Notes about how a folder of photographs was read: which part is used for testing if it is not
/// called `test`, and how many files and folders were skipped. Empty for other data sets and for
/// what cannot be read, which [`load`] rejects.
pub fn notes(name: &str, options: &DataOptions) -> Vec<String> {
    let folder = match name.strip_prefix(FOLDER_PREFIX) {
        Some(path) => Some(PathBuf::from(path)),
        None => info(name)
            .filter(|set| set.origin == Origin::Folder)
            .and_then(|set| locate(set, options.data_dir.as_deref())),
    };
    folder
        .and_then(|folder| class_folders::notes(&folder).ok())
        .unwrap_or_default()
}

fn generate(set: &DataInfo, options: &DataOptions) -> Result<(Images, Images), DataError> {
    let synthetic = match set.name {
        "glyphs" => glyphs::synthetic(),
        _ => textures::synthetic(),
    };
    let part = |part, count| synthetic.generate(options.seed, part, count);
    Ok((
        part(Part::Train, options.train_count.unwrap_or(set.train))?,
        part(Part::Test, options.test_count.unwrap_or(set.test))?,
    ))
}

fn load_folder(name: &str, path: &Path, options: &DataOptions) -> Result<DataSet, DataError> {
    let size = options.size.unwrap_or(folder::DEFAULT_SIZE);
    let sides = 1..=folder::MAX_SIDE;
    if !sides.contains(&size.0) || !sides.contains(&size.1) {
        return Err(DataError::BadOption {
            option: "image size",
            value: format!("{}x{}", size.0, size.1),
            accepted: "1 to 4096 pixels per side",
        });
    }
    let wanted = folder::Wanted {
        size,
        seed: options.seed,
        train_count: options.train_count,
        test_count: options.test_count,
        division: options.division,
        known: options.known.as_deref(),
    };
    let (classes, train, test, list) = folder::load(path, wanted)?;
    Ok(DataSet {
        name: name.into(),
        classes,
        train,
        test,
        list: Some(list),
    })
}

/// How to get a set of photographs without an official download.
fn folder_hint(name: &str) -> String {
    format!(
        "Its terms rule out an automatic download. Put the photographs into {name}/train/cat, \
         {name}/train/dog, {name}/test/cat and {name}/test/dog, and pass the folder that contains \
         {name}/ with --data-dir or {DATA_VARIABLE}"
    )
}

#[cfg(test)]
mod tests;
