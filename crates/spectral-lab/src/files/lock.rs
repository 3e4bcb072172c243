//! Locks on folders.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use super::fault::{self, Fault};

/// The lock file; it remains after unlocking.
const NAME: &str = ".lock";

/// A lock on a folder: no other process, and nothing else in this one, can hold it until this is
/// dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why a folder could not be locked.
#[derive(Debug)]
pub enum LockError {
    /// Held by another: a description of the holder.
    Held(String),
    /// The system's error.
    Io(io::Error),
}

/// How long to wait for a held lock. A process that starts another shares its open files with it
/// until the new one begins, so a lock just released may persist for some milliseconds.
const PATIENCE: Duration = Duration::from_millis(500);

fn try_for_a_moment(file: &File) -> Result<(), TryLockError> {
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                thread::sleep(Duration::from_millis(10));
            }
            outcome => return outcome,
        }
    }
}

impl Lock {
    /// Locks an existing folder.
    pub fn folder(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(NAME);
        fault::point(Fault::Lock, &path).map_err(LockError::Io)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(LockError::Io)?;
        match try_for_a_moment(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read_to_string(&path).unwrap_or_default();
                let holder = match holder.trim() {
                    "" => "another process",
                    holder => holder,
                };
                return Err(LockError::Held(holder.into()));
            }
            // A file system without locks: better to work without one than not at all.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
        }
        // The holder is informative only: the lock works without it.
        let holder = format!("process {}\n", process::id());
        let _ = file
            .set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(holder.as_bytes()));
        Ok(Self { _file: file })
    }
}
