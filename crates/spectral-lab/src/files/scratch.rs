//! Temporary files that are renamed into place.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use super::fault::{self, Fault};

const PREFIX: &str = ".spectral-";
const SUFFIX: &str = ".tmp";

/// A file with a unique name, locked while this process works on it and removed unless it is
/// renamed into place.
pub(super) struct Scratch {
    pub(super) file: File,
    path: Option<PathBuf>,
}

impl Scratch {
    /// Creates one in a folder; leftovers of killed processes are removed.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        remove_stale(folder, PREFIX, SUFFIX);
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{PREFIX}{}-{number}{SUFFIX}", process::id()));
            fault::point(Fault::Create, &path)?;
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => {
                    // A file system without locks cannot check for leftovers either.
                    let _ = file.lock();
                    // Another process may have taken it for a leftover before it was locked.
                    if path.exists() {
                        let path = Some(path);
                        return Ok(Self { file, path });
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new(""))
    }

    /// Renames it into place.
    pub(super) fn persist(mut self, to: &Path) -> io::Result<()> {
        fs::rename(self.path(), to)?;
        self.path = None;
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // If it cannot be removed now, the next writer to this folder will try again.
            let _ = fs::remove_file(path);
        }
    }
}

/// Removes leftover files that no process works on. Failure to remove one is ignored.
pub fn remove_stale(folder: &Path, prefix: &str, suffix: &str) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if !(is_file && name.starts_with(prefix) && name.ends_with(suffix)) {
            continue;
        }
        let path = entry.path();
        let file = OpenOptions::new().write(true).open(&path);
        if file.is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(&path);
        }
    }
}
