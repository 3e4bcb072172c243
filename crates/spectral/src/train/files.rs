//! Files that are whole or not there, and know when they were changed.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::error::TrainError;

/// Writes a file beside `path` and renames it into place.
pub(super) fn write_atomically(path: &Path, contents: &[u8]) -> Result<(), TrainError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(contents)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(TrainError::io(path, "write"))
}

/// Copies a file, replacing what was there at once. A copy and no link: whoever writes into the
/// one must not change the other.
pub(super) fn copy_atomically(from: &Path, to: &Path) -> Result<(), TrainError> {
    let scratch = to.with_extension("tmp");
    fs::copy(from, &scratch)
        .and_then(|_| fs::rename(&scratch, to))
        .map_err(TrainError::io(to, "write"))
}

/// Waits until a file has reached the disk.
pub(super) fn sync_file(path: &Path) -> Result<(), TrainError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(TrainError::io(path, "sync"))
}

/// Length and hash of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fingerprint {
    bytes: u64,
    sha256: String,
}

impl Fingerprint {
    pub(super) fn of(path: &Path) -> Result<Self, TrainError> {
        let contents = fs::read(path).map_err(TrainError::io(path, "read"))?;
        let digest = Sha256::digest(&contents);
        Ok(Self {
            bytes: contents.len() as u64,
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }

    /// Refuses a file that is not the one the fingerprint was taken of.
    pub(super) fn check(&self, path: &Path) -> Result<(), TrainError> {
        let found = Self::of(path)?;
        if found.bytes != self.bytes {
            let reason = format!("{} bytes instead of {}", found.bytes, self.bytes);
            return Err(TrainError::damaged(path, reason));
        }
        if found.sha256 != self.sha256 {
            return Err(TrainError::damaged(path, "the contents have changed"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_or_shortened_file_does_not_pass() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_atomically(&path, b"abc").unwrap();
        let fingerprint = Fingerprint::of(&path).unwrap();
        // The SHA-256 of "abc" in FIPS 180-2.
        assert!(
            fingerprint
                .sha256
                .starts_with("ba7816bf8f01cfea414140de5dae2223")
        );
        fingerprint.check(&path).unwrap();
        write_atomically(&path, b"abd").unwrap();
        let message = fingerprint.check(&path).unwrap_err().to_string();
        assert!(message.contains("the contents have changed"), "{message}");
        write_atomically(&path, b"ab").unwrap();
        let message = fingerprint.check(&path).unwrap_err().to_string();
        assert!(message.contains("2 bytes instead of 3"), "{message}");
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
