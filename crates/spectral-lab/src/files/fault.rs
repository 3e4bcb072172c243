//! Fault injection for file operations in tests.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// An operation on a file or folder that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A file or folder is created.
    Create,
    /// A lock is acquired.
    Lock,
    /// A file is read.
    Read,
    /// A file or folder is removed.
    Remove,
    /// A file is renamed.
    Rename,
    /// A file is flushed to the disk.
    Sync,
}

/// Called before every file operation; fails only if a test requests it.
#[cfg(not(test))]
#[inline]
pub(super) fn point(_: Fault, _: &Path) -> io::Result<()> {
    Ok(())
}

/// Writes everything; only half of it if a test requests it.
#[cfg(not(test))]
pub(super) fn write(file: &mut File, _: &Path, contents: &[u8]) -> io::Result<()> {
    file.write_all(contents)
}

#[cfg(test)]
pub(super) use injected::{point, write};

#[cfg(test)]
pub use injected::{Kind, calls, inject};

#[cfg(test)]
mod injected {
    use std::cell::Cell;

    use super::*;

    /// What happens at the chosen call.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Kind {
        /// It fails, a write after half of it is done; later calls do not.
        Once,
        /// It and all later ones fail, as on a disk that was pulled out.
        FromThen,
        /// The process ends on the spot, in a write after half of it is done.
        Abort,
    }

    thread_local! {
        static COUNT: Cell<usize> = const { Cell::new(0) };
        static PLAN: Cell<Option<(usize, Kind)>> = const { Cell::new(None) };
    }

    /// Makes the call of that number fail, counted from 1 on this thread; none no more.
    pub fn inject(plan: Option<(usize, Kind)>) {
        COUNT.set(0);
        PLAN.set(plan);
    }

    /// The calls on this thread since [`inject`].
    pub fn calls() -> usize {
        COUNT.get()
    }

    /// Whether this call is to fail.
    fn is_due() -> bool {
        COUNT.set(COUNT.get() + 1);
        match PLAN.get() {
            None => false,
            Some((at, Kind::FromThen)) => COUNT.get() >= at,
            Some((at, _)) => COUNT.get() == at,
        }
    }

    fn fail(path: &Path) -> io::Error {
        if let Some((_, Kind::Abort)) = PLAN.get() {
            std::process::abort();
        }
        io::Error::other(format!("injected at {}", path.display()))
    }

    pub(in super::super) fn point(_: Fault, path: &Path) -> io::Result<()> {
        match is_due() {
            true => Err(fail(path)),
            false => Ok(()),
        }
    }

    pub(in super::super) fn write(file: &mut File, path: &Path, contents: &[u8]) -> io::Result<()> {
        if is_due() {
            file.write_all(&contents[..contents.len() / 2])?;
            return Err(fail(path));
        }
        file.write_all(contents)
    }
}
