//! File operations of a run, with errors that name the file.

use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::TrainError;
use crate::files;

/// Writes a file to a temporary path and renames it into place.
pub(super) fn write_atomically(path: &Path, contents: &[u8]) -> Result<(), TrainError> {
    files::write(path, contents).map_err(TrainError::io(path, "write"))
}

/// Copies a file, atomically replacing the target. A copy rather than a link, since writing to one
/// must not change the other.
pub(super) fn copy_atomically(from: &Path, to: &Path) -> Result<(), TrainError> {
    write_atomically(to, &read(from)?)
}

/// The contents of a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, TrainError> {
    files::read(path).map_err(TrainError::io(path, "read"))
}

/// The text of a file; none if there is no such file.
pub(super) fn read_if_there(path: &Path) -> Result<Option<String>, TrainError> {
    let contents = files::read_if_there(path).map_err(TrainError::io(path, "read"))?;
    let text = |bytes| String::from_utf8(bytes).map_err(|_| TrainError::damaged(path, "not UTF-8"));
    contents.map(text).transpose()
}

/// Length and hash of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fingerprint {
    bytes: u64,
    sha256: String,
}

impl Fingerprint {
    pub(super) fn of(contents: &[u8]) -> Self {
        let digest = Sha256::digest(contents);
        Self {
            bytes: contents.len() as u64,
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }

    /// The contents of a file; an error if they do not match the fingerprint.
    pub(super) fn read(&self, path: &Path) -> Result<Vec<u8>, TrainError> {
        let contents = read(path)?;
        let found = Self::of(&contents);
        if found.bytes != self.bytes {
            let reason = format!("{} bytes, expected {}", found.bytes, self.bytes);
            return Err(TrainError::damaged(path, reason));
        }
        if found.sha256 != self.sha256 {
            return Err(TrainError::damaged(path, "the contents changed"));
        }
        Ok(contents)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_changed_or_shortened_file_does_not_pass() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_atomically(&path, b"abc").unwrap();
        let fingerprint = Fingerprint::of(b"abc");
        // The SHA-256 of "abc" in FIPS 180-2.
        assert!(
            fingerprint
                .sha256
                .starts_with("ba7816bf8f01cfea414140de5dae2223")
        );
        assert_eq!(fingerprint.read(&path).unwrap(), b"abc");
        write_atomically(&path, b"abd").unwrap();
        let message = fingerprint.read(&path).unwrap_err().to_string();
        assert!(message.contains("the contents changed"), "{message}");
        write_atomically(&path, b"ab").unwrap();
        let message = fingerprint.read(&path).unwrap_err().to_string();
        assert!(message.contains("2 bytes, expected 3"), "{message}");
    }

    #[test]
    fn a_copy_replaces_what_was_there_and_is_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        write_atomically(&from, b"new").unwrap();
        write_atomically(&to, b"old").unwrap();
        copy_atomically(&from, &to).unwrap();
        fs::write(&from, b"changed").unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
