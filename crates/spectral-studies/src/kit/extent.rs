//! How much is measured in a full run and in a quick one.

use crate::StudyRun;

/// The sizes of a study: of all of it, and of a quick look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extents<T> {
    pub(crate) full: T,
    pub(crate) quick: T,
}

impl<T> Extents<T> {
    /// The one that the run asks for.
    pub(crate) fn of(self, run: &StudyRun<'_>) -> T {
        match run.quick() {
            true => self.quick,
            false => self.full,
        }
    }
}
