//! The results of a study on disk.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use spectral_lab::files::{self, Lock, LockError};
use spectral_lab::report::{Provenance, write_text};

use crate::StudyError;

const HEADER: &str = "study.json";
const STEPS: &str = "steps";

/// The page as JSON.
pub(crate) const PAGE: &str = "report.json";

/// `study.json`: what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    pub(crate) study: String,
    pub(crate) quick: bool,
    pub(crate) seed: u64,
}

/// `steps/NAME.json`.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Of study, step and settings.
    fingerprint: String,
    settings: Value,
    #[serde(flatten)]
    making: Making,
    result: Value,
}

/// How a result came to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Making {
    /// Wall-clock time, in seconds.
    pub(crate) seconds: f64,
    /// The commit of the source tree, where known.
    pub(crate) commit: Option<String>,
}

/// The folder of a study.
#[derive(Debug)]
pub(crate) struct Ledger {
    folder: PathBuf,
    header: Header,
    _lock: Lock,
}

impl Ledger {
    /// Opens or begins a study in `folder`, which no other process works in until this is dropped.
    pub(crate) fn open(folder: &Path, header: Header) -> Result<Self, StudyError> {
        let lock = locked(folder)?;
        let path = folder.join(HEADER);
        match read::<Header>(&path)? {
            None => {
                let text = serde_json::to_string_pretty(&header);
                let text = text.map_err(|error| StudyError::damaged(&path, error))?;
                write_text(&path, &(text + "\n"))?;
            }
            Some(then) => {
                for (setting, then, now) in [
                    ("study", then.study, header.study.clone()),
                    ("quick", then.quick.to_string(), header.quick.to_string()),
                    ("seed", then.seed.to_string(), header.seed.to_string()),
                ] {
                    if then != now {
                        return Err(StudyError::Changed {
                            path: folder.into(),
                            setting: setting.into(),
                            then,
                            now,
                        });
                    }
                }
            }
        }
        Ok(Self {
            folder: folder.into(),
            header,
            _lock: lock,
        })
    }

    /// Opens a study that was begun in `folder`.
    pub(crate) fn reopen(folder: &Path, study: &'static str) -> Result<Self, StudyError> {
        let Some(header) = read::<Header>(&folder.join(HEADER))? else {
            return Err(StudyError::NoStudy {
                path: folder.into(),
                study,
            });
        };
        let study = study.into();
        Self::open(folder, Header { study, ..header })
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// How the page that lies in the folder came to be.
    pub(crate) fn provenance(&self) -> Option<Provenance> {
        let text = fs::read_to_string(self.folder.join(PAGE)).ok()?;
        let page: Value = serde_json::from_str(&text).ok()?;
        serde_json::from_value(page["report"]["provenance"].clone()).ok()
    }

    /// Whether a step left a result, whatever its settings.
    pub(crate) fn has(&self, step: &str) -> bool {
        self.path(step).is_file()
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self, step: &str) -> PathBuf {
        self.folder.join(STEPS).join(format!("{step}.json"))
    }

    fn fingerprint(&self, step: &str, settings: &Value) -> String {
        let key = serde_json::json!([self.header, step, settings]);
        let digest = Sha256::digest(key.to_string());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The result that a step left under these settings; none if there is none or it was made under
    /// others.
    pub(crate) fn find<T: DeserializeOwned>(
        &self,
        step: &str,
        settings: &Value,
    ) -> Result<Option<(T, Value, Making)>, StudyError> {
        let path = self.path(step);
        let Some(kept) = read::<Kept>(&path)? else {
            return Ok(None);
        };
        let is_own = kept.fingerprint == self.fingerprint(step, &kept.settings);
        if !is_own || with_new_names(kept.settings) != *settings {
            return Ok(None);
        }
        let result = serde_json::from_value(kept.result.clone());
        let result = result.map_err(|error| StudyError::damaged(&path, error))?;
        Ok(Some((result, kept.result, kept.making)))
    }

    /// Keeps the result of a step.
    pub(crate) fn keep(
        &self,
        step: &str,
        settings: Value,
        result: Value,
        making: Making,
    ) -> Result<(), StudyError> {
        let kept = Kept {
            fingerprint: self.fingerprint(step, &settings),
            settings,
            making,
            result,
        };
        let text = serde_json::to_string(&kept).map_err(|error| StudyError::Result {
            step: step.into(),
            reason: error.to_string(),
        })?;
        Ok(write_text(&self.path(step), &(text + "\n"))?)
    }
}

/// Settings under the names that they have now: a renamed setting is no other one.
fn with_new_names(settings: Value) -> Value {
    const RENAMED: [(&str, &str); 1] = [("normalise", "normalize")];
    let now = |name: String| {
        let renamed = RENAMED.iter().find(|(then, _)| *then == name);
        renamed.map_or(name, |(_, now)| now.to_string())
    };
    match settings {
        Value::Object(object) => (object.into_iter())
            .map(|(name, value)| (now(name), with_new_names(value)))
            .collect(),
        Value::Array(values) => values.into_iter().map(with_new_names).collect(),
        other => other,
    }
}

/// Locks a folder, which is created if need be.
fn locked(folder: &Path) -> Result<Lock, StudyError> {
    let failed = |source| StudyError::Folder {
        path: folder.into(),
        source,
    };
    files::create_folders(folder).map_err(failed)?;
    Lock::folder(folder).map_err(|error| match error {
        LockError::Held(holder) => StudyError::InUse {
            path: folder.into(),
            holder,
        },
        LockError::Io(source) => failed(source),
    })
}

/// What a file holds; none if there is no file.
fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StudyError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(StudyError::Read {
                path: path.into(),
                source,
            });
        }
    };
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| StudyError::damaged(path, error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn header() -> Header {
        Header {
            study: "sums".into(),
            quick: true,
            seed: 3,
        }
    }

    fn making() -> Making {
        Making {
            seconds: 1.5,
            commit: None,
        }
    }

    #[test]
    fn a_result_comes_back_under_its_own_settings_alone() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), header()).unwrap();
        assert!(ledger.find::<f64>("a", &json!(1)).unwrap().is_none());
        ledger.keep("a", json!(1), json!(0.1), making()).unwrap();
        let taken = Ledger::open(folder.path(), header()).unwrap_err();
        assert!(matches!(taken, StudyError::InUse { .. }), "{taken}");
        drop(ledger);
        let again = Ledger::open(folder.path(), header()).unwrap();
        let (result, _, made) = again.find::<f64>("a", &json!(1)).unwrap().unwrap();
        assert_eq!((result, made), (0.1, making()));
        assert!(again.find::<f64>("a", &json!(2)).unwrap().is_none());
        assert!(again.find::<f64>("b", &json!(1)).unwrap().is_none());
    }

    #[test]
    fn a_renamed_setting_is_no_other_one() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), header()).unwrap();
        let then = json!({"train": [{"normalise": "zero-one", "epochs": 2}]});
        ledger.keep("a", then, json!(1.0), making()).unwrap();
        let now = json!({"train": [{"normalize": "zero-one", "epochs": 2}]});
        assert!(ledger.find::<f64>("a", &now).unwrap().is_some());
        let other = json!({"train": [{"normalize": "zero-one", "epochs": 3}]});
        assert!(ledger.find::<f64>("a", &other).unwrap().is_none());
    }

    #[test]
    fn another_study_in_the_folder_is_refused_by_name_of_what_differs() {
        let folder = tempfile::tempdir().unwrap();
        Ledger::open(folder.path(), header()).unwrap();
        let other = Header {
            seed: 4,
            ..header()
        };
        let error = Ledger::open(folder.path(), other).unwrap_err().to_string();
        assert!(
            error.contains("seed is 4, but the study was started with 3"),
            "{error}"
        );
    }

    #[test]
    fn a_damaged_result_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path(), header()).unwrap();
        ledger.keep("a", json!(1), json!("x"), making()).unwrap();
        let error = ledger.find::<f64>("a", &json!(1)).unwrap_err().to_string();
        assert!(error.contains("a.json: damaged"), "{error}");
        fs::write(ledger.path("a"), "{").unwrap();
        assert!(matches!(
            ledger.find::<f64>("a", &json!(1)),
            Err(StudyError::Damaged { .. })
        ));
    }
}
