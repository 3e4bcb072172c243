//! Which studies there are.

use serde::Serialize;

use spectral_lab::report::Report;

use super::{STUDIES, StudyError, StudyRun};

/// A study.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StudyInfo {
    /// The name to start it by.
    pub name: &'static str,
    /// What it measures, in a line.
    pub summary: &'static str,
    /// What it answers.
    pub question: &'static str,
    /// Where the question comes from.
    pub source: &'static str,
    /// Hours that it plans for unless it is given others; none for a study that takes what it takes.
    pub budget: Option<f64>,
    /// Makes the steps, and the page of their results.
    #[serde(skip)]
    pub(super) make: fn(&mut StudyRun<'_>) -> Result<Report, StudyError>,
}

/// All studies.
pub fn studies() -> &'static [StudyInfo] {
    STUDIES
}

/// The study of that name.
///
/// # Errors
/// [`StudyError::Unknown`] with the names there are.
pub fn find(name: &str) -> Result<&'static StudyInfo, StudyError> {
    let names = || STUDIES.iter().map(|study| study.name);
    STUDIES
        .iter()
        .find(|study| study.name == name)
        .ok_or_else(|| StudyError::Unknown {
            name: name.into(),
            known: names().collect::<Vec<_>>().join(", "),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_to_their_study() {
        for (index, study) in studies().iter().enumerate() {
            assert_eq!(find(study.name).unwrap().name, study.name);
            assert!(studies()[..index].iter().all(|s| s.name != study.name));
            assert!(study.question.ends_with('?'), "{}", study.name);
        }
    }

    #[test]
    fn an_unknown_study_is_told_the_known_ones() {
        let error = find("soup").unwrap_err().to_string();
        assert!(error.contains("'soup'"), "{error}");
        for study in studies() {
            assert!(error.contains(study.name), "{error}");
        }
    }
}
