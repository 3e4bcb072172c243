//! Files that are whole or not there.
//!
//! A file is written beside its place, reaches the disk, and is renamed into place; then the folder
//! reaches the disk too. What a killed process leaves behind is removed by the next that writes to
//! the folder. Every call goes through [`fault`], where tests make it fail.

pub mod fault;
mod lock;
mod scratch;
mod target;

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

pub use lock::{Lock, LockError};
pub use scratch::remove_stale;

use fault::Fault;
use scratch::Scratch;

/// Writes a file, replacing what was there at once: a reader sees the old file or the new one. A
/// link is followed. An existing file keeps its permissions, a new one has those of the umask.
///
/// # Errors
///
/// The system's, and [`io::ErrorKind::InvalidInput`] for what is no regular file: a device, a pipe
/// or a socket is left as it is.
pub fn write(path: &Path, contents: &[u8]) -> io::Result<()> {
    let target = target::resolve(path)?;
    let folder = parent(&target);
    let mut scratch = Scratch::create(folder)?;
    fault::write(&mut scratch.file, &target, contents)?;
    fault::point(Fault::Sync, &target)?;
    scratch.file.sync_all()?;
    if let Ok(existing) = fs::metadata(&target) {
        scratch.file.set_permissions(existing.permissions())?;
    }
    fault::point(Fault::Rename, &target)?;
    scratch.persist(&target)?;
    sync_folder(folder)
}

/// The same, and the folders above are made if they are missing.
pub fn write_with_folders(path: &Path, contents: &[u8]) -> io::Result<()> {
    create_folders(parent(path))?;
    write(path, contents)
}

/// Refuses a path that [`write`] would refuse, before there is anything to write.
///
/// # Errors
///
/// Those of [`write`].
pub fn check_writable(path: &Path) -> io::Result<()> {
    let target = target::resolve(path)?;
    Scratch::create(parent(&target)).map(drop)
}

/// Adds to the end of a file, which is created if need be.
pub fn append(path: &Path, contents: &[u8]) -> io::Result<()> {
    fault::point(Fault::Create, path)?;
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    fault::write(&mut file, path, contents)?;
    fault::point(Fault::Sync, path)?;
    file.sync_data()
}

/// Creates a folder, and those above it.
pub fn create_folders(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    fault::point(Fault::Create, path)?;
    fs::create_dir_all(path)
}

/// Creates a folder that must not be there yet; of several processes that try, one does.
pub fn create_new_folder(path: &Path) -> io::Result<()> {
    fault::point(Fault::Create, path)?;
    fs::create_dir(path)
}

/// Gives a folder its name; it is on the disk under that name afterwards.
pub fn rename_folder(from: &Path, to: &Path) -> io::Result<()> {
    sync_folder(from)?;
    fault::point(Fault::Rename, to)?;
    fs::rename(from, to)?;
    sync_folder(parent(to))
}

/// Removes a folder and all in it, if it is there.
pub fn remove_folder(path: &Path) -> io::Result<()> {
    fault::point(Fault::Remove, path)?;
    absent_is_fine(fs::remove_dir_all(path))
}

/// What a file holds; none if there is none.
pub fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    fault::point(Fault::Read, path)?;
    match fs::read(path) {
        Ok(contents) => Ok(Some(contents)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a file holds.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    fault::point(Fault::Read, path)?;
    fs::read(path)
}

/// The names in a folder, and whether each is a folder itself.
pub fn list(path: &Path) -> io::Result<Vec<(OsString, bool)>> {
    fault::point(Fault::Read, path)?;
    fs::read_dir(path)?
        .map(|entry| {
            let entry = entry?;
            Ok((entry.file_name(), entry.file_type()?.is_dir()))
        })
        .collect()
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The folder that a path lies in.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Waits until the names in a folder are on the disk, where the system can do that.
fn sync_folder(path: &Path) -> io::Result<()> {
    fault::point(Fault::Sync, path)?;
    let unsupported = |error: &io::Error| {
        matches!(
            error.kind(),
            io::ErrorKind::InvalidInput
                | io::ErrorKind::Unsupported
                | io::ErrorKind::PermissionDenied
                | io::ErrorKind::IsADirectory
        )
    };
    match File::open(path).and_then(|folder| folder.sync_all()) {
        Err(error) if !unsupported(&error) => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
