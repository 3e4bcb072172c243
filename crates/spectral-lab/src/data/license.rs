//! Licenses of the images of data sets.

use serde::{Serialize, Serializer};

use super::{FOLDER_PREFIX, info};

/// The license of the images of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum License {
    /// Generated images: under this program's own license.
    Project,
    /// The MIT license.
    Mit,
    /// The authors state none, or none that allows redistribution of the images.
    NotStated,
    /// The user's own images, whose license this program does not know.
    UserOwn,
}

impl License {
    /// The license in a few words, an SPDX expression where there is one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Project => env!("CARGO_PKG_LICENSE"),
            Self::Mit => "MIT",
            Self::NotStated => "none stated",
            Self::UserOwn => "the user's own",
        }
    }

    /// Whether a page for publication may show these images.
    pub fn may_be_published(self) -> bool {
        match self {
            Self::Project | Self::Mit => true,
            Self::NotStated | Self::UserOwn => false,
        }
    }
}

impl Serialize for License {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The license of the data set of that name; [`License::NotStated`] for an unknown name.
pub fn license(name: &str) -> License {
    match info(name) {
        Some(set) => set.license,
        None if name.starts_with(FOLDER_PREFIX) => License::UserOwn,
        None => License::NotStated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sets_whose_license_is_known_may_be_published() {
        for (name, expected) in [
            ("glyphs", true),
            ("textures", true),
            ("fashion-mnist", true),
            ("mnist", false),
            ("cifar-10", false),
            ("cats-vs-dogs", false),
            ("folder:photos", false),
            ("imagenet", false),
        ] {
            assert_eq!(license(name).may_be_published(), expected, "{name}");
        }
    }

    #[test]
    fn a_license_is_written_as_its_name() {
        let json = serde_json::to_value([License::Project, License::Mit, License::NotStated]);
        assert_eq!(
            json.unwrap(),
            serde_json::json!(["MIT OR Apache-2.0", "MIT", "none stated"])
        );
    }
}
