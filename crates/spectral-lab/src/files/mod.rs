//! Atomic and durable file operations.
//!
//! A file is written to a temporary path, flushed to disk, and renamed into place; then the folder
//! is flushed too. Leftovers of a killed process are removed by the next one that writes to the
//! folder. Every operation goes through [`fault`], where tests can make it fail.

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

/// Writes a file, replacing an existing one atomically: a reader sees the old file or the new one.
/// Links are followed. An existing file keeps its permissions, a new one follows the umask.
///
/// # Errors
///
/// The system's, and [`io::ErrorKind::InvalidInput`] for anything but a regular file: a device, a
/// pipe or a socket is left alone.
pub fn write(path: &Path, contents: &[u8]) -> io::Result<()> {
    replace(path, |file, target| fault::write(file, target, contents))
}

/// The same for contents that `fill` writes, so that they need not be in memory as a whole.
///
/// # Errors
///
/// Those of [`write()`] and of `fill`.
pub fn write_with(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    replace(path, |file, _| fill(file))
}

fn replace(path: &Path, fill: impl FnOnce(&mut File, &Path) -> io::Result<()>) -> io::Result<()> {
    let target = target::resolve(path)?;
    let folder = parent(&target);
    let mut scratch = Scratch::create(folder)?;
    fill(&mut scratch.file, &target)?;
    fault::point(Fault::Sync, &target)?;
    scratch.file.sync_all()?;
    if let Ok(existing) = fs::metadata(&target) {
        scratch.file.set_permissions(existing.permissions())?;
    }
    fault::point(Fault::Rename, &target)?;
    scratch.persist(&target)?;
    sync_folder(folder)
}

/// The same, creating missing parent folders.
pub fn write_with_folders(path: &Path, contents: &[u8]) -> io::Result<()> {
    create_folders(parent(path))?;
    write(path, contents)
}

/// Rejects a path that [`write()`] would reject, before there is anything to write.
///
/// # Errors
///
/// The errors of [`write()`].
pub fn check_writable(path: &Path) -> io::Result<()> {
    let target = target::resolve(path)?;
    Scratch::create(parent(&target)).map(drop)
}

/// Appends to a file, which is created if missing.
pub fn append(path: &Path, contents: &[u8]) -> io::Result<()> {
    fault::point(Fault::Create, path)?;
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    fault::write(&mut file, path, contents)?;
    fault::point(Fault::Sync, path)?;
    file.sync_data()
}

/// Creates a folder and its parents.
pub fn create_folders(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    fault::point(Fault::Create, path)?;
    fs::create_dir_all(path)
}

/// Creates a folder that must not exist yet; of several processes that try, one succeeds.
pub fn create_new_folder(path: &Path) -> io::Result<()> {
    fault::point(Fault::Create, path)?;
    fs::create_dir(path)
}

/// Renames a folder durably.
pub fn rename_folder(from: &Path, to: &Path) -> io::Result<()> {
    sync_folder(from)?;
    fault::point(Fault::Rename, to)?;
    fs::rename(from, to)?;
    sync_folder(parent(to))
}

/// Removes a folder and its contents, if it exists.
pub fn remove_folder(path: &Path) -> io::Result<()> {
    fault::point(Fault::Remove, path)?;
    absent_is_fine(fs::remove_dir_all(path))
}

/// The contents of a file; none if it does not exist.
pub fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    fault::point(Fault::Read, path)?;
    match fs::read(path) {
        Ok(contents) => Ok(Some(contents)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The contents of a file.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    fault::point(Fault::Read, path)?;
    fs::read(path)
}

/// The entries of a folder, and whether each is a folder.
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

/// The parent folder of a path.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Flushes the entries of a folder to disk, where the system supports it.
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
