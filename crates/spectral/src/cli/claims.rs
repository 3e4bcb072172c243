//! Locks on folders, and checks of output paths before any work starts.

use std::path::{Path, PathBuf};

use super::error::CliError;
use spectral_lab::files::{self, Lock, LockError};

/// A folder and the lock on it.
pub(super) struct Claim {
    pub(super) folder: PathBuf,
    _lock: Lock,
}

/// Locks a folder, which is created if missing.
pub(super) fn claim(folder: &Path) -> Result<Claim, CliError> {
    files::create_folders(folder).map_err(CliError::io(folder))?;
    locked(folder)
}

/// Creates and locks the first of the folders that does not exist yet: of several processes that
/// look for one at once, each gets its own.
pub(super) fn claim_first_new(
    folders: impl IntoIterator<Item = PathBuf>,
) -> Result<Claim, CliError> {
    for folder in folders {
        if let Some(parent) = folder.parent() {
            files::create_folders(parent).map_err(CliError::io(parent))?;
        }
        match files::create_new_folder(&folder) {
            Ok(()) => return locked(&folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(CliError::io(&folder)(error)),
        }
    }
    Err(CliError::Failed("no free name left for the folder".into()))
}

fn locked(folder: &Path) -> Result<Claim, CliError> {
    match Lock::folder(folder) {
        Ok(lock) => Ok(Claim {
            folder: folder.into(),
            _lock: lock,
        }),
        Err(LockError::Held(holder)) => Err(CliError::file(
            folder,
            format!("in use by {holder}; wait until it finishes or choose another folder"),
        )),
        Err(LockError::Io(error)) => Err(CliError::io(folder)(error)),
    }
}

/// Rejects a path that cannot be written to.
pub(super) fn check_output(path: &Path) -> Result<(), CliError> {
    files::check_writable(path).map_err(CliError::io(path))
}
