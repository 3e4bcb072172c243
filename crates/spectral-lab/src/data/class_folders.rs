//! Finds parts, classes and images in a folder of photographs.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use super::error::DataError;

/// Extensions of JPEG and PNG files, case-insensitive.
const ENDINGS: [&str; 6] = ["jpg", "jpeg", "jpe", "jfif", "jif", "png"];

/// The folder of the training part, case-insensitive.
const TRAIN: [&str; 1] = ["train"];

/// The folders of the test part, case-insensitive; the first one found counts.
const TEST: [&str; 4] = ["test", "val", "valid", "validation"];

/// Whether a file name is that of an image.
pub(crate) fn is_photograph(path: &Path) -> bool {
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or("");
    let known = ENDINGS
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known));
    known && path.is_file()
}

/// The entries of a folder, sorted, without hidden ones.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(DataError::io(folder))? {
        let entry = entry.map_err(DataError::io(folder))?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

/// The folders of the training and the test part, if the folder is split.
///
/// # Errors
///
/// [`DataError::MissingPart`] if there is only one of the two.
pub(crate) fn parts(folder: &Path) -> Result<Option<[PathBuf; 2]>, DataError> {
    let folders: Vec<PathBuf> = entries(folder)?
        .into_iter()
        .filter(|p| p.is_dir())
        .collect();
    let named = |names: &[&str]| {
        let is = |path: &&PathBuf, name: &str| {
            let file = path.file_name().and_then(OsStr::to_str);
            file.is_some_and(|file| file.eq_ignore_ascii_case(name))
        };
        names
            .iter()
            .find_map(|name| folders.iter().find(|path| is(path, name)))
    };
    let missing = |there: &Path, missing| DataError::MissingPart {
        path: there.to_path_buf(),
        missing,
    };
    match (named(&TRAIN), named(&TEST)) {
        (Some(train), Some(test)) => Ok(Some([train.clone(), test.clone()])),
        // A class may have this name; a part contains folders.
        (Some(train), None) if holds_folders(train) => {
            Err(missing(train, "test/, val/, valid/ or validation/"))
        }
        (None, Some(test)) if holds_folders(test) => Err(missing(test, "train/")),
        _ => Ok(None),
    }
}

fn holds_folders(folder: &Path) -> bool {
    let entries = entries(folder).unwrap_or_default();
    let images = entries.iter().any(|path| is_photograph(path));
    !images && entries.iter().any(|path| path.is_dir())
}

/// The name of a class folder.
///
/// # Errors
///
/// [`DataError::ClassName`] if it is not valid Unicode: two such names could look the same.
pub(crate) fn class_name(path: &Path) -> Result<String, DataError> {
    let name = path.file_name().unwrap_or_default();
    match name.to_str() {
        Some(name) => Ok(name.to_string()),
        None => Err(DataError::ClassName {
            path: path.parent().unwrap_or(Path::new("")).to_path_buf(),
            name: format!("{name:?}"),
        }),
    }
}

/// Checks that no two class names look the same.
///
/// # Errors
///
/// [`DataError::AlikeClasses`] with two that differ only in their Unicode form.
pub(crate) fn check_names<'a>(
    folder: &Path,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<(), DataError> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for name in names {
        if let Some(other) = seen.insert(name.nfc().collect(), name)
            && other != name
        {
            return Err(DataError::AlikeClasses {
                path: folder.to_path_buf(),
                names: [escaped(other), escaped(name)],
            });
        }
    }
    Ok(())
}

/// A name with every non-ASCII character replaced by its code point.
pub(crate) fn escaped(name: &str) -> String {
    let shown = |c: char| match c {
        ' '..='~' => c.to_string(),
        _ => c.escape_default().to_string(),
    };
    name.chars().map(shown).collect()
}

/// Notes about a folder that was read: which part is used for testing if it is not called `test`,
/// and what was skipped.
pub(crate) fn notes(folder: &Path) -> Result<Vec<String>, DataError> {
    let mut notes = Vec::new();
    let mut skipped = Skipped::default();
    let tops = match parts(folder)? {
        Some([train, test]) => {
            let name = |path: &Path| path.file_name().unwrap_or_default().display().to_string();
            if !name(&test).eq_ignore_ascii_case(TEST[0]) {
                notes.push(format!("{}: used as the test part", test.display()));
            }
            for path in entries(folder)? {
                if path != train && path != test {
                    skipped.add(&path);
                }
            }
            vec![train, test]
        }
        None => vec![folder.to_path_buf()],
    };
    for top in &tops {
        for class in entries(top)? {
            match class.is_dir() {
                false => skipped.add(&class),
                true => entries(&class)?
                    .iter()
                    .filter(|path| !is_photograph(path))
                    .for_each(|path| skipped.add(path)),
            }
        }
    }
    notes.extend(skipped.note(folder));
    Ok(notes)
}

/// The entries that were skipped.
#[derive(Default)]
struct Skipped {
    folders: Vec<PathBuf>,
    /// Files by extension.
    files: BTreeMap<String, usize>,
}

impl Skipped {
    fn add(&mut self, path: &Path) {
        if path.is_dir() {
            return self.folders.push(path.to_path_buf());
        }
        let ending = path.extension().map(|ending| ending.display().to_string());
        let kind = match ending {
            _ if is_photograph(path) => "images outside the class folders".into(),
            Some(ending) => format!(".{}", ending.to_lowercase()),
            None => "without an extension".into(),
        };
        *self.files.entry(kind).or_default() += 1;
    }

    fn note(&self, folder: &Path) -> Option<String> {
        let mut parts = Vec::new();
        let files: usize = self.files.values().sum();
        if files > 0 {
            let kinds = self
                .files
                .iter()
                .map(|(kind, count)| format!("{count} {kind}"));
            let kinds: Vec<String> = kinds.collect();
            let plural = if files == 1 { "" } else { "s" };
            parts.push(format!("{files} file{plural} ({})", kinds.join(", ")));
        }
        if let Some(first) = self.folders.first() {
            let within = first.strip_prefix(folder).unwrap_or(first).display();
            parts.push(match self.folders.len() {
                1 => format!("the folder {within}"),
                count => format!("{count} folders (the first is {within})"),
            });
        }
        if parts.is_empty() {
            return None;
        }
        let what = parts.join(" and ");
        Some(format!(
            "{}: skipped {what}; only JPEG and PNG files in class folders are read",
            folder.display()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(folder: &Path, names: &[&str]) {
        for name in names {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"").unwrap();
        }
    }

    #[test]
    fn what_is_skipped_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        touch(
            folder.path(),
            &[
                "a/1.jpg",
                "a/2.WEBP",
                "a/3.webp",
                "b/4.jfif",
                "b/5.txt",
                "b/more/6.png",
                "notes",
                "b/.hidden",
            ],
        );
        let notes = notes(folder.path()).unwrap();
        let [note] = notes.as_slice() else {
            panic!("{notes:?}")
        };
        for part in [
            "4 files (2 .webp, 1 .txt, 1 without an extension)",
            "the folder b/more",
        ] {
            let sorted = note.replace("1 .txt, 2 .webp", "2 .webp, 1 .txt");
            assert!(sorted.contains(part), "{part} in {note}");
        }
        let tidy = tempfile::tempdir().unwrap();
        touch(tidy.path(), &["a/1.jpg", "b/2.JFIF", "b/3.PNG"]);
        assert!(super::notes(tidy.path()).unwrap().is_empty());
    }

    #[test]
    fn val_valid_and_validation_are_test_parts_and_said_to_be() {
        for (test, said) in [("test", 0), ("val", 1), ("valid", 1), ("Validation", 1)] {
            let folder = tempfile::tempdir().unwrap();
            touch(
                folder.path(),
                &["train/a/1.jpg", &format!("{test}/a/1.jpg")],
            );
            let [train, found] = parts(folder.path()).unwrap().unwrap();
            assert!(train.ends_with("train") && found.ends_with(test));
            let notes = notes(folder.path()).unwrap();
            assert_eq!(notes.len(), said, "{notes:?}");
            assert!(notes.iter().all(|note| note.contains(test)), "{notes:?}");
        }
    }

    #[test]
    fn of_several_test_parts_the_first_is_taken_and_the_others_are_told() {
        let folder = tempfile::tempdir().unwrap();
        touch(
            folder.path(),
            &["train/a/1.jpg", "val/a/1.jpg", "test/a/1.jpg"],
        );
        let [_, test] = parts(folder.path()).unwrap().unwrap();
        assert!(test.ends_with("test"));
        let notes = notes(folder.path()).unwrap();
        assert!(notes[0].contains("skipped the folder val"), "{notes:?}");
    }

    #[test]
    fn a_part_without_the_other_is_refused_and_a_class_of_its_name_is_not() {
        for (there, missing) in [("train", "test/, val/"), ("val", "train/")] {
            let folder = tempfile::tempdir().unwrap();
            touch(
                folder.path(),
                &[&format!("{there}/a/1.jpg"), "other/b/1.jpg"],
            );
            let error = parts(folder.path()).unwrap_err().to_string();
            assert!(error.contains(there) && error.contains(missing), "{error}");
        }
        let vehicles = tempfile::tempdir().unwrap();
        touch(vehicles.path(), &["train/1.jpg", "plane/1.jpg"]);
        assert_eq!(parts(vehicles.path()).unwrap(), None);
    }

    #[test]
    fn class_names_that_look_the_same_are_refused_with_both_escaped() {
        let names = ["caf\u{e9}", "cafe", "cafe\u{301}"];
        let error = check_names(Path::new("x"), names).unwrap_err().to_string();
        assert!(
            error.contains(r"'caf\u{e9}'") && error.contains(r"'cafe\u{301}'"),
            "{error}"
        );
        assert!(check_names(Path::new("x"), ["caf\u{e9}", "cafe"]).is_ok());
        // The same name in both parts is one class.
        assert!(check_names(Path::new("x"), ["caf\u{e9}", "caf\u{e9}"]).is_ok());
    }

    #[test]
    #[cfg(unix)]
    fn a_class_name_that_is_not_unicode_is_refused_and_shown_escaped() {
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new("photos").join(OsStr::from_bytes(b"caf\xe9"));
        let error = class_name(&path).unwrap_err().to_string();
        assert!(
            error.contains(r"caf\xE9") && error.contains("photos"),
            "{error}"
        );
    }
}
