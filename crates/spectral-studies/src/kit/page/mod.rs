//! The page of a study: a template of its words, filled with its figures and exhibits.

mod exhibits;
mod filters;
mod markdown;
mod template;

use std::sync::Arc;

use minijinja::value::{Serde, Value};
use serde::Serialize;

use spectral_lab::report::{DataSetReport, Picture, Report, Value as Cell};

use super::comparison::{Compared, Standing};
use crate::{StudyError, StudyInfo, StudyRun};
use exhibits::{Exhibit, Exhibits};

pub(crate) use exhibits::{Chart, Table, line, row, spread};

/// What a template places: tables, charts and rows of pictures by name.
#[derive(Debug, Default)]
pub(crate) struct Page {
    exhibits: Exhibits,
    /// Names given more than once to the same kind.
    repeated: Vec<String>,
    data_sets: Vec<DataSetReport>,
}

impl Page {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn add(&mut self, name: impl Into<String>, exhibit: Exhibit) {
        let key = (exhibit.function(), name.into());
        if self.exhibits.contains_key(&key) {
            self.repeated.push(format!("{}(\"{}\")", key.0, key.1));
        }
        self.exhibits.insert(key, exhibit);
    }

    /// A table, placed by `table("name")`.
    pub(crate) fn table(
        &mut self,
        name: impl Into<String>,
        rows: impl IntoIterator<Item = Vec<Cell>>,
    ) {
        self.add(name, Exhibit::Table(rows.into_iter().collect()));
    }

    /// A chart, placed by `chart("name")`.
    pub(crate) fn chart(&mut self, name: impl Into<String>, chart: Chart) {
        self.add(name, Exhibit::Chart(chart));
    }

    /// A row of pictures, placed by `strip("name")`; without pictures it leaves no trace on the page.
    pub(crate) fn strip(&mut self, name: impl Into<String>, pictures: Vec<Picture>) {
        self.add(name, Exhibit::Strip(pictures));
    }

    /// Networks compared on a data set. The table of their differences is `NAME/differences`, which
    /// the macro `comparison.differences` places; the whole comparison follows after the sections,
    /// those of one data set together.
    pub(crate) fn comparison(&mut self, name: impl Into<String>, compared: Compared) -> Standing {
        let name = name.into();
        let standing = compared.standing(&name);
        self.table(&standing.table, compared.table());
        let set = compared.into_data_set();
        match self.data_sets.iter_mut().find(|of| of.name == set.name) {
            Some(known) => known.models.extend(set.models),
            None => self.data_sets.push(set),
        }
        standing
    }

    /// Networks of a data set without a baseline, shown after the sections.
    pub(crate) fn data_set(&mut self, set: DataSetReport) {
        self.data_sets.push(set);
    }

    /// Fills the template, or the file that [`StudyOptions`](crate::StudyOptions) gives in its place,
    /// with the figures: the fields of a struct.
    ///
    /// # Errors
    /// [`StudyError::Page`] for a template that does not fit the figures and exhibits.
    pub(crate) fn render(
        self,
        run: &StudyRun<'_>,
        template: &str,
        figures: &impl Serialize,
    ) -> Result<Report, StudyError> {
        let template = run.template(template)?;
        self.fill(run.info(), run.quick(), &template, figures)
    }

    /// The same for tests, without a run.
    pub(crate) fn fill(
        self,
        study: &StudyInfo,
        quick: bool,
        template: &str,
        figures: &impl Serialize,
    ) -> Result<Report, StudyError> {
        let failed = |reason: String| StudyError::Page {
            study: study.name,
            reason,
        };
        if let Some(name) = self.repeated.first() {
            return Err(failed(format!("given twice: {name}")));
        }
        let names: Vec<_> = self.exhibits.keys().cloned().collect();
        let context = minijinja::context! {
            study => Value::from(Serde(study)),
            quick,
            ..Value::from(Serde(figures))
        };
        let text = template::render(study.name, template, Arc::new(names), context)
            .map_err(|error| failed(template::explain(&error)))?;
        let report = markdown::report(&text, self.exhibits).map_err(failed)?;
        Ok(Report {
            data_sets: self.data_sets,
            ..report
        })
    }
}

#[cfg(test)]
mod tests;
