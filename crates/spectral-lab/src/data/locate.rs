//! Finds the files of a data set.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::catalog::{DataInfo, Origin};
use super::cifar;
use super::error::DataError;
use super::idx;
use super::unpack::SUFFIXES;

/// The environment variable that names a folder with one subfolder per data set.
pub const DATA_VARIABLE: &str = "SPECTRAL_DATA";

/// The user's cache folder for data: `$XDG_CACHE_HOME/spectral`, else `~/.cache/spectral`; `None`
/// if neither is known.
pub fn cache_dir() -> Option<PathBuf> {
    cache_from(std::env::var_os("XDG_CACHE_HOME"), std::env::home_dir())
}

fn cache_from(xdg: Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    // The XDG specification says to ignore relative paths.
    let base = xdg
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| home.filter(|h| h.is_absolute()).map(|h| h.join(".cache")));
    base.map(|base| base.join("spectral"))
}

/// The folder with all files of a data set of the [`catalog`](super::catalog), or `None`;
/// `data_dir` is searched first. Generated data sets have none.
pub fn locate(set: &DataInfo, data_dir: Option<&Path>) -> Option<PathBuf> {
    let roots = Roots::new(data_dir);
    let parent = |path: &PathBuf| path.parent().map(Path::to_path_buf);
    match set.origin {
        Origin::Embedded => None,
        Origin::Idx => roots.idx(set.name).ok().and_then(|files| parent(&files[0])),
        Origin::Cifar => match roots.cifar(set.name).ok()? {
            cifar::Location::Files(files) => parent(&files[0]),
            cifar::Location::Archive(archive) => parent(&archive),
        },
        Origin::Folder => roots.folder(set.name, "").ok(),
    }
}

/// The folders that may hold data sets, one subfolder each, in search order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Roots(Vec<PathBuf>);

impl Roots {
    /// The folder given by the user, then the environment's, then the cache.
    pub(crate) fn new(data_dir: Option<&Path>) -> Self {
        let variable = std::env::var_os(DATA_VARIABLE).filter(|v| !v.is_empty());
        Self(
            data_dir
                .map(Path::to_path_buf)
                .into_iter()
                .chain(variable.map(PathBuf::from))
                .chain(cache_dir())
                .collect(),
        )
    }

    /// The folder for a data set in each root.
    fn folders(&self, set: &str) -> Vec<PathBuf> {
        self.0.iter().map(|root| root.join(set)).collect()
    }

    /// The four IDX files of a set, plain or compressed, all from the first folder that has them.
    pub(crate) fn idx(&self, set: &str) -> Result<[PathBuf; 4], DataError> {
        let folders = self.folders(set);
        folders
            .iter()
            .find_map(|folder| all_in(folder, &idx::FILES).ok())
            .ok_or_else(|| missing(set, &folders, |folder| absent(folder, &idx::FILES)))
    }

    /// The CIFAR-10 files, or else the official archive, from the first folder that has either.
    pub(crate) fn cifar(&self, set: &str) -> Result<cifar::Location, DataError> {
        let folders = self.folders(set);
        let find = |folder: &PathBuf| {
            let unpacked = folder.join(cifar::ARCHIVE_FOLDER);
            let archive = folder.join(cifar::ARCHIVE);
            all_in(folder, &cifar::FILES)
                .or_else(|_| all_in(&unpacked, &cifar::FILES))
                .map(cifar::Location::Files)
                .ok()
                .or_else(|| {
                    archive
                        .is_file()
                        .then_some(cifar::Location::Archive(archive))
                })
        };
        folders.iter().find_map(find).ok_or_else(|| {
            missing(set, &folders, |folder| {
                let mut files = absent(folder, &cifar::FILES);
                if let Some(last) = files.last_mut() {
                    last.push_str(&format!(" (or {} instead of all of them)", cifar::ARCHIVE));
                }
                files
            })
        })
    }

    /// The named files of a set, all from the first folder that has them. `hint` says how to get them.
    pub(crate) fn files(
        &self,
        set: &str,
        names: &[&str],
        hint: &str,
    ) -> Result<Vec<PathBuf>, DataError> {
        let folders = self.folders(set);
        let absent = |folder: &Path| -> Vec<String> {
            let names = names.iter().filter(|name| !folder.join(name).is_file());
            names.map(ToString::to_string).collect()
        };
        if let Some(folder) = folders.iter().find(|folder| absent(folder).is_empty()) {
            return Ok(names.iter().map(|name| folder.join(name)).collect());
        }
        let started = folders.iter().find(|folder| folder.is_dir());
        Err(DataError::MissingFiles {
            set: set.into(),
            files: absent(started.map_or(Path::new(""), |folder| folder)),
            looked_in: folders,
            hint: hint.into(),
        })
    }

    /// The first folder found for a data set of photographs. `hint` says how to create one.
    pub(crate) fn folder(&self, set: &str, hint: &str) -> Result<PathBuf, DataError> {
        let folders = self.folders(set);
        folders
            .iter()
            .find(|folder| folder.is_dir())
            .cloned()
            .ok_or_else(|| DataError::MissingFiles {
                set: set.into(),
                files: vec![format!("the folder {set}/")],
                looked_in: folders,
                hint: hint.into(),
            })
    }
}

/// The path of every named file in a folder, plain or compressed.
fn all_in<const N: usize>(folder: &Path, names: &[&str; N]) -> Result<[PathBuf; N], ()> {
    let found: Vec<PathBuf> = names
        .iter()
        .filter_map(|name| one_in(folder, name))
        .collect();
    found.try_into().map_err(|_| ())
}

fn one_in(folder: &Path, name: &str) -> Option<PathBuf> {
    // Some copies have a dot where the original names have a hyphen: train-images.idx3-ubyte.
    let spellings = [name.to_string(), name.replacen("-idx", ".idx", 1)];
    let files = spellings.iter().flat_map(|name| {
        let file = move |suffix| folder.join(format!("{name}{suffix}"));
        SUFFIXES.iter().map(file)
    });
    files.into_iter().find(|path| path.is_file())
}

/// The named files that are missing in a folder.
fn absent(folder: &Path, names: &[&str]) -> Vec<String> {
    names
        .iter()
        .filter(|name| one_in(folder, name).is_none())
        .map(|name| format!("{name}[.gz|.xz]"))
        .collect()
}

/// The error for a data set that was not found: the files missing in the first folder that exists
/// for it, or else all files.
fn missing(set: &str, folders: &[PathBuf], absent: impl Fn(&Path) -> Vec<String>) -> DataError {
    let started = folders.iter().find(|folder| folder.is_dir());
    DataError::MissingFiles {
        set: set.into(),
        files: absent(started.map_or(Path::new(""), |folder| folder)),
        looked_in: folders.to_vec(),
        hint: format!(
            "Run: spectral data fetch {set} (or pass the folder that contains {set}/ with \
             --data-dir or {DATA_VARIABLE})"
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn touch(path: PathBuf) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"").unwrap();
    }

    #[test]
    fn the_first_root_that_has_every_file_is_taken() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let roots = Roots(vec![a.path().into(), b.path().into()]);
        touch(a.path().join("mnist").join(idx::FILES[0]));
        for name in idx::FILES {
            touch(b.path().join("mnist").join(format!("{name}.gz")));
        }
        let found = roots.idx("mnist").unwrap();
        assert!(found.iter().all(|path| path.starts_with(b.path())));
        for name in &idx::FILES[1..] {
            touch(a.path().join("mnist").join(name));
        }
        let found = roots.idx("mnist").unwrap();
        assert!(found.iter().all(|path| path.starts_with(a.path())));
    }

    #[test]
    fn idx_files_with_a_dot_in_their_names_are_found() {
        let root = tempfile::tempdir().unwrap();
        let roots = Roots(vec![root.path().into()]);
        for (name, suffix) in idx::FILES.iter().zip(["", ".gz", "", ".xz"]) {
            let name = name.replace("-idx", ".idx");
            touch(root.path().join("mnist").join(format!("{name}{suffix}")));
        }
        let found = roots.idx("mnist").unwrap();
        assert!(found[0].ends_with("train-images.idx3-ubyte"));
        assert!(found[3].ends_with("t10k-labels.idx1-ubyte.xz"));
    }

    #[test]
    fn missing_files_are_listed_with_the_folders_searched_and_the_remedy() {
        let root = tempfile::tempdir().unwrap();
        let roots = Roots(vec![root.path().into(), PathBuf::from("elsewhere")]);
        touch(root.path().join("mnist/train-images-idx3-ubyte.gz"));
        let text = roots.idx("mnist").unwrap_err().to_string();
        assert!(!text.contains("train-images"), "{text}");
        for expected in [
            "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte",
            "t10k-labels-idx1-ubyte",
            &root.path().join("mnist").display().to_string(),
            "elsewhere",
            "spectral data fetch mnist",
        ] {
            assert!(text.contains(expected), "'{expected}' not in: {text}");
        }
    }

    #[test]
    fn cifar_is_found_as_files_in_their_own_folder_or_as_the_archive() {
        let root = tempfile::tempdir().unwrap();
        let roots = Roots(vec![root.path().into()]);
        let folder = root.path().join("cifar-10");
        let text = roots.cifar("cifar-10").unwrap_err().to_string();
        assert!(
            text.contains("data_batch_1.bin") && text.contains(cifar::ARCHIVE),
            "{text}"
        );
        touch(folder.join(cifar::ARCHIVE));
        assert_eq!(
            roots.cifar("cifar-10").unwrap(),
            cifar::Location::Archive(folder.join(cifar::ARCHIVE))
        );
        for name in cifar::FILES {
            touch(
                folder
                    .join(cifar::ARCHIVE_FOLDER)
                    .join(format!("{name}.xz")),
            );
        }
        assert!(matches!(
            roots.cifar("cifar-10").unwrap(),
            cifar::Location::Files(_)
        ));
    }

    #[test]
    fn named_files_come_from_one_folder_or_are_named_with_the_hint() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let roots = Roots(vec![a.path().into(), b.path().into()]);
        let names = ["one.npz", "two.npz"];
        touch(a.path().join("set/one.npz"));
        let text = roots
            .files("set", &names, "Make it")
            .unwrap_err()
            .to_string();
        assert!(
            text.starts_with("data set 'set': two.npz not found in"),
            "{text}"
        );
        assert!(text.contains(&b.path().display().to_string()) && text.ends_with("Make it"));
        touch(b.path().join("set/one.npz"));
        touch(b.path().join("set/two.npz"));
        let found = roots.files("set", &names, "").unwrap();
        assert_eq!(found, names.map(|name| b.path().join("set").join(name)));
    }

    #[test]
    fn the_cache_follows_the_xdg_rules() {
        let home = || Some(PathBuf::from("/home/someone"));
        assert_eq!(
            cache_from(Some("/caches".into()), home()),
            Some(PathBuf::from("/caches/spectral"))
        );
        assert_eq!(
            cache_from(Some("relative".into()), home()),
            Some(PathBuf::from("/home/someone/.cache/spectral"))
        );
        assert_eq!(cache_from(None, None), None);
    }
}
