//! A study on its way.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;

use burn::tensor::Device;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use spectral_lab::data::{self, DataOptions, DataSet};
use spectral_lab::report::{
    DataSetReport, ModelReport, Provenance, Report, to_html, to_markdown, write_section_files,
    write_text,
};
use spectral_lab::train::TrainConfig;

use super::ledger::{Header, Ledger, Making, PAGE};
use super::shown::{Shown, is_shown, without_unlicensed};
use crate::{Job, Lab, StudyError, StudyInfo};

/// How a study is to be made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StudyOptions {
    /// A look at all of it in two minutes, from fewer images and epochs.
    pub quick: bool,
    /// What weights, noise and order are drawn from.
    pub seed: u64,
    /// A folder with one folder a data set, searched first.
    pub data_dir: Option<PathBuf>,
    /// Hours to plan for, for a study that takes a [budget](StudyInfo::budget).
    pub budget: Option<f64>,
    /// A page template in place of the study's own.
    pub template: Option<PathBuf>,
}

/// What a study came to.
#[derive(Debug)]
pub struct StudyOutcome {
    /// The page.
    pub report: Report,
    /// The result of each step, by name.
    pub results: Map<String, Value>,
}

/// A study on its way: what its steps are made with.
pub struct StudyRun<'a> {
    info: &'a StudyInfo,
    options: StudyOptions,
    device: Device,
    lab: &'a dyn Lab,
    ledger: Ledger,
    results: Map<String, Value>,
    makings: Vec<Making>,
    /// Whether steps are taken from the folder alone.
    is_replay: bool,
    sets: BTreeMap<String, Rc<DataSet>>,
}

/// Some of a data set, as a step's settings name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// The name of the set.
    pub(crate) name: String,
    /// Training images at most.
    pub(crate) train: usize,
    /// Test images at most.
    pub(crate) test: usize,
    /// Height and width that photographs are resized to; their own of a set that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<(usize, usize)>,
}

impl StudyInfo {
    /// Makes the study in `folder`, or goes on with it there, and writes its page.
    ///
    /// # Errors
    /// [`StudyError::Budget`] for one that is not above zero, or for a study that takes none,
    /// [`StudyError::Changed`] if the folder holds a study made otherwise, [`StudyError::Damaged`] if
    /// a result there cannot be read, and whatever goes wrong in a step; finished steps are kept.
    pub fn run(
        &self,
        folder: &Path,
        options: &StudyOptions,
        device: &Device,
        lab: &dyn Lab,
    ) -> Result<StudyOutcome, StudyError> {
        if let Some(hours) = options.budget {
            let reason = match self.budget {
                None => "it takes none",
                Some(_) if hours > 0.0 && hours.is_finite() => "",
                Some(_) => "it must be above 0",
            };
            if !reason.is_empty() {
                return Err(StudyError::Budget {
                    study: self.name,
                    hours,
                    reason,
                });
            }
        }
        let header = Header {
            study: self.name.into(),
            quick: options.quick,
            seed: options.seed,
        };
        let ledger = Ledger::open(folder, header)?;
        let mut run = StudyRun::new(self, options.clone(), device, lab, ledger);
        let report = (self.make)(&mut run)?;
        run.finish(report, lab.provenance())
    }

    /// Writes the page of the study in `folder` again from the results that its steps left there,
    /// and measures nothing. The extent and the seed are those that the study was started with.
    ///
    /// # Errors
    /// [`StudyError::NoStudy`] if the folder holds none, [`StudyError::NotMeasured`] naming a step
    /// without a result, and [`StudyError::Page`] for a template that does not fit the figures.
    pub fn render(
        &self,
        folder: &Path,
        options: &StudyOptions,
        device: &Device,
        lab: &dyn Lab,
    ) -> Result<StudyOutcome, StudyError> {
        let ledger = Ledger::reopen(folder, self.name)?;
        let options = StudyOptions {
            quick: ledger.header().quick,
            seed: ledger.header().seed,
            ..options.clone()
        };
        // How the figures came to be, and not how they came to be shown.
        let provenance = ledger.provenance().unwrap_or_else(|| lab.provenance());
        let mut run = StudyRun {
            is_replay: true,
            ..StudyRun::new(self, options, device, lab, ledger)
        };
        let report = (self.make)(&mut run)?;
        run.finish(report, provenance)
    }
}

impl<'a> StudyRun<'a> {
    fn new(
        info: &'a StudyInfo,
        options: StudyOptions,
        device: &Device,
        lab: &'a dyn Lab,
        ledger: Ledger,
    ) -> Self {
        Self {
            info,
            options,
            device: device.clone(),
            lab,
            ledger,
            results: Map::new(),
            makings: Vec::new(),
            is_replay: false,
            sets: BTreeMap::new(),
        }
    }
}

impl StudyRun<'_> {
    /// Whether a quick look is asked for.
    pub fn quick(&self) -> bool {
        self.options.quick
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.options.seed
    }

    /// The hours to plan for, or those that the study plans for by itself.
    pub fn budget(&self) -> f64 {
        let hours = self.options.budget.or(self.info.budget);
        hours.unwrap_or(f64::INFINITY)
    }

    /// The folder of data sets that is searched first.
    pub(crate) fn data_dir(&self) -> Option<&Path> {
        self.options.data_dir.as_deref()
    }

    /// The study.
    pub(crate) fn info(&self) -> &StudyInfo {
        self.info
    }

    /// The template given in place of the study's own, or that.
    pub(crate) fn template<'t>(&self, own: &'t str) -> Result<Cow<'t, str>, StudyError> {
        let Some(path) = &self.options.template else {
            return Ok(own.into());
        };
        let text = fs::read_to_string(path).map_err(|source| StudyError::Read {
            path: path.clone(),
            source,
        })?;
        Ok(text.into())
    }

    /// Where tensors are.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The result of a step: the one it left in the folder under these settings, or that of `work`,
    /// which is kept there. The device's random numbers are seeded by the study's seed and the step's
    /// name, so that no step depends on which others were made before it in this process.
    ///
    /// # Errors
    /// What `work` fails with, and [`StudyError`] for files that cannot be read or written.
    pub fn step<T: Serialize + DeserializeOwned>(
        &mut self,
        name: &str,
        settings: impl Serialize,
        work: impl FnOnce(&mut Self) -> Result<T, StudyError>,
    ) -> Result<T, StudyError> {
        let failed = |error: serde_json::Error| StudyError::Result {
            step: name.into(),
            reason: error.to_string(),
        };
        let settings = serde_json::to_value(settings).map_err(failed)?;
        let (result, value, making) = match self.ledger.find(name, &settings)? {
            Some(found) => found,
            None if self.is_replay => {
                return Err(StudyError::NotMeasured {
                    path: self.ledger.folder().into(),
                    study: self.info.name,
                    step: name.into(),
                    reason: match self.ledger.has(name) {
                        true => "was measured with other settings",
                        false => "was not measured yet",
                    },
                });
            }
            None => {
                self.lab.say(&format!("{}: {name}", self.info.name));
                self.seed_device(name);
                let start = Instant::now();
                let result = work(self)?;
                let making = Making {
                    seconds: start.elapsed().as_secs_f64(),
                    commit: self.lab.provenance().commit,
                };
                let value = serde_json::to_value(result).map_err(failed)?;
                self.ledger.keep(name, settings.clone(), value, making)?;
                // Read back, so that a result is the same to the last bit whether it was just made or
                // found.
                let found = self.ledger.find(name, &settings)?;
                found.ok_or_else(|| StudyError::Result {
                    step: name.into(),
                    reason: "it is gone".into(),
                })?
            }
        };
        self.results.insert(name.into(), value);
        self.makings.push(making);
        Ok(result)
    }

    /// The first of the named sets whose files are there, or that is embedded; kept as a step, so
    /// that a study goes on with what it began with.
    pub(crate) fn choose(&mut self, step: &str, names: &[&str]) -> Result<String, StudyError> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        self.step(step, names.clone(), |run| {
            let found = names.iter().find(|name| run.has(name));
            found.cloned().ok_or_else(|| {
                StudyError::Failed(format!(
                    "none of the data sets {} is there",
                    names.join(", ")
                ))
            })
        })
    }

    /// Those of the named sets whose files are there; kept as a step.
    pub(crate) fn present(
        &mut self,
        step: &str,
        names: &[&str],
    ) -> Result<Vec<String>, StudyError> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        self.step(step, names.clone(), |run| {
            Ok(names.into_iter().filter(|name| run.has(name)).collect())
        })
    }

    fn has(&self, name: &str) -> bool {
        let directory = self.options.data_dir.as_deref();
        data::info(name).is_some_and(|set| {
            set.origin == data::Origin::Embedded || data::locate(set, directory).is_some()
        })
    }

    fn data_options(&self, part: &Part) -> DataOptions {
        DataOptions {
            data_dir: self.options.data_dir.clone(),
            seed: self.options.seed,
            train_count: Some(part.train),
            test_count: Some(part.test),
            size: part.size,
            ..DataOptions::default()
        }
    }

    /// Images, loaded once.
    pub(crate) fn data(&mut self, part: &Part) -> Result<Rc<DataSet>, StudyError> {
        let key = format!("{part:?}");
        if let Some(set) = self.sets.get(&key) {
            return Ok(set.clone());
        }
        let set = Rc::new(data::load(&part.name, &self.data_options(part))?);
        // One at a time: a study goes from set to set, and some are large.
        self.sets.clear();
        self.sets.insert(key, set.clone());
        Ok(set)
    }

    /// Images of a set that the page may show, or others in their place.
    pub(crate) fn shown(&mut self, part: &Part) -> Result<Shown, StudyError> {
        Shown::of(part, || self.data(part))
    }

    /// A set as a report shows it, without models; a step.
    pub(crate) fn describe(&mut self, part: &Part) -> Result<DataSetReport, StudyError> {
        let step = format!("data-{}-{}", part.name, part.train);
        self.step(&step, part, |run| {
            let data = run.data(part)?;
            let mut report = run.lab.describe(&data);
            without_unlicensed(&mut report, &part.name);
            Ok(report)
        })
    }

    /// A training; a step and a run folder of the same name.
    pub(crate) fn train(
        &mut self,
        name: &str,
        model: &str,
        part: &Part,
        config: &TrainConfig,
    ) -> Result<ModelReport, StudyError> {
        let settings = json!({"model": model, "data": part, "train": config});
        self.step(name, settings, |run| {
            let data = run.data(part)?;
            let options = run.data_options(part);
            let mut report = run.lab.train(&Job {
                model,
                data: &data,
                options: &options,
                config,
                folder: &run.run_folder(name),
            })?;
            if !is_shown(&part.name) {
                report.rebuilt.clear();
            }
            Ok(report)
        })
    }

    /// Where the training of that name is.
    pub(crate) fn run_folder(&self, name: &str) -> PathBuf {
        self.ledger.folder().join("runs").join(name)
    }

    /// Seeds the device's random numbers by the study's seed and a name.
    pub(crate) fn seed_device(&self, name: &str) {
        self.device.seed(self.step_seed(name));
    }

    /// A seed of its own for each step.
    fn step_seed(&self, name: &str) -> u64 {
        let digest = Sha256::digest(format!("{} {name}", self.options.seed));
        digest
            .iter()
            .take(8)
            .fold(0, |seed, byte| seed << 8 | u64::from(*byte))
    }

    /// Writes the page.
    fn finish(
        self,
        mut report: Report,
        provenance: Provenance,
    ) -> Result<StudyOutcome, StudyError> {
        report.provenance = provenance;
        // What was computed before this invocation counts as well.
        report.provenance.elapsed_s = self.makings.iter().map(|making| making.seconds).sum();
        report.provenance.commit = commits(&self.makings).or(report.provenance.commit);
        // Steps may have been made before images were left out.
        for data in &mut report.data_sets {
            let set = data.name.clone();
            without_unlicensed(data, &set);
        }
        let folder = self.ledger.folder();
        write_section_files(&mut report, folder)?;
        write_text(&folder.join("report.html"), &to_html(&report)?)?;
        write_text(&folder.join("report.md"), &to_markdown(&report))?;
        let whole = json!({
            "study": self.info,
            "quick": self.options.quick,
            "report": report,
            "results": self.results,
        });
        write_text(&folder.join(PAGE), &format!("{whole}\n"))?;
        Ok(StudyOutcome {
            report,
            results: self.results,
        })
    }
}

/// The commits that steps were made at, each once; what the source tree has come to since is left to
/// the steps' own files.
fn commits(makings: &[Making]) -> Option<String> {
    let commits = makings.iter().filter_map(|m| m.commit.as_deref());
    let commits: Vec<&str> = commits
        .map(|commit| commit.split(" (").next().unwrap_or(commit))
        .collect();
    let mut seen: Vec<&str> = Vec::new();
    for commit in commits {
        if !seen.contains(&commit) {
            seen.push(commit);
        }
    }
    (!seen.is_empty()).then(|| seen.join(", "))
}

#[cfg(test)]
mod tests;
