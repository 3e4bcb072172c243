//! The results of a study on disk.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use spectral_lab::files::{self, Lock, LockError};
use spectral_lab::report::write_text;

use super::StudyError;

const HEADER: &str = "study.json";
const STEPS: &str = "steps";

/// `study.json`: what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) study: String,
    pub(super) quick: bool,
    pub(super) seed: u64,
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
pub(super) struct Making {
    /// Wall-clock time, in seconds.
    pub(super) seconds: f64,
    /// The commit of the source tree, where known.
    pub(super) commit: Option<String>,
}

/// The folder of a study.
#[derive(Debug)]
pub(super) struct Ledger {
    folder: PathBuf,
    header: Header,
    _lock: Lock,
}

impl Ledger {
    /// Opens or begins a study in `folder`, which no other process works in until this is dropped.
    pub(super) fn open(folder: &Path, header: Header) -> Result<Self, StudyError> {
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

    pub(super) fn folder(&self) -> &Path {
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
    pub(super) fn find<T: DeserializeOwned>(
        &self,
        step: &str,
        settings: &Value,
    ) -> Result<Option<(T, Value, Making)>, StudyError> {
        let path = self.path(step);
        let Some(kept) = read::<Kept>(&path)? else {
            return Ok(None);
        };
        if kept.fingerprint != self.fingerprint(step, settings) {
            return Ok(None);
        }
        let result = serde_json::from_value(kept.result.clone());
        let result = result.map_err(|error| StudyError::damaged(&path, error))?;
        Ok(Some((result, kept.result, kept.making)))
    }

    /// Keeps the result of a step.
    pub(super) fn keep(
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
