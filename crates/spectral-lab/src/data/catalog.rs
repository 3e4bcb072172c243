//! The data sets known by name.

use serde::Serialize;

use super::{License, cifar, glyphs, textures};

/// Where the images of a set come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Made from a seed; nothing to download.
    Embedded,
    /// IDX files.
    Idx,
    /// CIFAR-10 binary files.
    Cifar,
    /// Photographs in class folders.
    Folder,
}

/// What there is to know about a data set before it is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DataInfo {
    /// The name to load it by.
    pub name: &'static str,
    /// What it shows, in a line.
    pub summary: &'static str,
    /// Where the images come from.
    pub origin: Origin,
    /// Channels per image.
    pub channels: usize,
    /// Rows per image (the default, where it can be chosen).
    pub height: usize,
    /// Columns per image (the default, where it can be chosen).
    pub width: usize,
    /// The class names, in the order of the labels.
    pub classes: &'static [&'static str],
    /// Training images: the default of embedded sets, the number in the files of others.
    pub train: usize,
    /// Test images, likewise.
    pub test: usize,
    /// Whether [`fetch`](super::fetch) can download it.
    pub fetchable: bool,
    /// Who made it.
    pub source: &'static str,
    /// Under what license its images are.
    pub license: License,
}

const FASHION_CLASSES: [&str; 10] = [
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
];

const SETS: [DataInfo; 6] = [
    DataInfo {
        name: "glyphs",
        summary: "ten digits drawn as pen strokes, randomly deformed",
        origin: Origin::Embedded,
        channels: 1,
        height: glyphs::SIDE,
        width: glyphs::SIDE,
        classes: &glyphs::CLASSES,
        train: 10_000,
        test: 2_000,
        fetchable: false,
        source: "part of this program, made from the seed",
        license: License::Project,
    },
    DataInfo {
        name: "textures",
        summary: "ten patterns apart in orientation, frequency or phase only",
        origin: Origin::Embedded,
        channels: 1,
        height: textures::SIDE,
        width: textures::SIDE,
        classes: &textures::CLASSES,
        train: 10_000,
        test: 2_000,
        fetchable: false,
        source: "part of this program, made from the seed",
        license: License::Project,
    },
    DataInfo {
        name: "mnist",
        summary: "handwritten digits",
        origin: Origin::Idx,
        channels: 1,
        height: 28,
        width: 28,
        classes: &glyphs::CLASSES,
        train: 60_000,
        test: 10_000,
        fetchable: true,
        source: "LeCun, Cortes and Burges",
        license: License::NotStated,
    },
    DataInfo {
        name: "fashion-mnist",
        summary: "articles of clothing",
        origin: Origin::Idx,
        channels: 1,
        height: 28,
        width: 28,
        classes: &FASHION_CLASSES,
        train: 60_000,
        test: 10_000,
        fetchable: true,
        source: "Zalando SE, 2017",
        license: License::Mit,
    },
    DataInfo {
        name: "cifar-10",
        summary: "small color photographs of ten kinds of object",
        origin: Origin::Cifar,
        channels: 3,
        height: cifar::SIDE,
        width: cifar::SIDE,
        classes: &cifar::CLASSES,
        train: 50_000,
        test: 10_000,
        fetchable: true,
        source: "Krizhevsky, Nair and Hinton, 2009",
        license: License::NotStated,
    },
    DataInfo {
        name: "cats-vs-dogs",
        summary: "photographs of cats and of dogs, in folders cat/ and dog/",
        origin: Origin::Folder,
        channels: 3,
        height: 150,
        width: 150,
        classes: &["cat", "dog"],
        train: 2_965,
        test: 999,
        fetchable: false,
        source: "Asirra (Microsoft Research, Petfinder); for research, see its terms",
        license: License::NotStated,
    },
];

/// The data sets that can be loaded by name. `folder:PATH` loads any other folder of classes.
pub fn catalog() -> &'static [DataInfo] {
    &SETS
}

/// The entry of a name.
pub fn info(name: &str) -> Option<&'static DataInfo> {
    SETS.iter().find(|set| set.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_to_their_entry() {
        for set in catalog() {
            assert_eq!(info(set.name), Some(set));
        }
        assert_eq!(info("imagenet"), None);
    }

    #[test]
    fn the_catalog_serialises() {
        let json = serde_json::to_value(catalog()).unwrap();
        assert_eq!(json[0]["name"], "glyphs");
        assert_eq!(json[2]["origin"], "idx");
        assert_eq!(json[0]["license"], "MIT OR Apache-2.0");
        assert_eq!(json[2]["license"], "none stated");
    }
}
