//! Which data sets a study measures on, and steps on one of them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::run::Part;
use crate::{StudyError, StudyRun};

/// The data sets of a study that measures on several.
pub(crate) struct Sets {
    /// Measured on where their files are there.
    pub(crate) wanted: &'static [&'static str],
    /// Embedded ones, where no file is.
    pub(crate) embedded: &'static [&'static str],
    /// How many a quick run takes.
    pub(crate) quick: usize,
}

impl Sets {
    /// The names, in order; kept as the step `sets`.
    pub(crate) fn choose(&self, run: &mut StudyRun<'_>) -> Result<Vec<String>, StudyError> {
        let mut sets = run.present("sets", self.wanted)?;
        if sets.is_empty() {
            sets = self.embedded.iter().map(ToString::to_string).collect();
        }
        if run.quick() {
            sets.truncate(self.quick);
        }
        Ok(sets)
    }
}

/// Steps on one data set. Each is named after the set and depends on the part of it that is loaded, on
/// the extent, and on what it is given.
pub(crate) struct SetSteps<'a, 'b, E> {
    pub(crate) run: &'a mut StudyRun<'b>,
    pub(crate) part: Part,
    pub(crate) extent: E,
}

impl<E: Serialize> SetSteps<'_, '_, E> {
    /// The result of the step `SET-NAME`.
    pub(crate) fn step<T: Serialize + DeserializeOwned>(
        &mut self,
        name: &str,
        of: impl Serialize,
        work: impl FnOnce(&mut StudyRun<'_>, &Part, &E) -> Result<T, StudyError>,
    ) -> Result<T, StudyError> {
        let Self { run, part, extent } = self;
        let settings = json!({"data": part, "extent": extent, "of": of});
        run.step(&format!("{}-{name}", part.name), settings, |run| {
            work(run, part, extent)
        })
    }
}
