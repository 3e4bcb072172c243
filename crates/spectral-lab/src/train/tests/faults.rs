//! Every file call of a training fails once, or is the last that the process makes; the run that
//! goes on afterwards ends like one that was never disturbed.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use super::*;
use crate::data::{ContentHash, Division, ImageList, ImagePart, ListedImage};
use crate::files::fault::{Kind, calls, inject};

/// Names the folder of the run in the process that is to be killed, and the call at which it is.
const FOLDER: &str = "SPECTRAL_FAULT_FOLDER";
const CALL: &str = "SPECTRAL_FAULT_CALL";

fn train_config() -> TrainConfig {
    TrainConfig {
        keep_best: true,
        ..config(2)
    }
}

/// Stripes that say to have come from a folder, so that a run keeps a list of them.
fn listed() -> DataSet {
    let content = |number: usize| ContentHash::try_from(format!("{number:064x}")).unwrap();
    let images = (0..121).map(|number| ListedImage {
        part: if number < 90 {
            ImagePart::Train
        } else {
            ImagePart::Test
        },
        class: "dark".into(),
        sha256: content(number),
        path: format!("dark/{number}.png"),
    });
    DataSet {
        list: Some(ImageList {
            division: Division::ByContent,
            seed: 5,
            images: images.collect(),
            left_out: 0,
        }),
        ..data()
    }
}

/// Begins the run, or goes on with what is there, to its end.
fn train(path: &Path, model: Small) -> Result<TrainOutcome<Small>, TrainError> {
    let wanted = run_config(train_config());
    let run = match RunFolder::resume(path, wanted.clone()) {
        Err(TrainError::NoRun(_)) => RunFolder::create(path, wanted)?,
        run => run?,
    };
    fit(model, &listed(), &train_config(), Some(&run), &mut ())
}

/// What a run keeps: the files, and in each what does not differ from time to time.
fn kept(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![path.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().path();
            if file.is_dir() {
                folders.push(file);
                continue;
            }
            let name = file.strip_prefix(path).unwrap().display().to_string();
            let contents = match name.as_str() {
                // Times and the numbers of parameters.
                _ if name.ends_with("state.toml") || name == ".lock" => Vec::new(),
                "metrics.jsonl" => {
                    let run = RunFolder::open(path).unwrap();
                    let mut metrics = run.metrics().unwrap();
                    for epoch in &mut metrics {
                        epoch.timing = EpochTiming::default();
                    }
                    format!("{metrics:?}").into_bytes()
                }
                // The order of the metadata is drawn anew.
                _ if name.ends_with(".safetensors") => {
                    let weights = load_model_weights(&file, Small::new(3)).unwrap();
                    assert!(read_trained_on(&file).unwrap().is_some());
                    format!("{:?}", bits(&weights)).into_bytes()
                }
                // Parameters are numbered anew.
                _ if name.ends_with("optimizer.bpk") => Vec::new(),
                _ => fs::read(&file).unwrap(),
            };
            files.push((name, contents));
        }
    }
    files.sort();
    files
}

/// The same initial weights for every run.
fn model(folder: &Path) -> Small {
    load_model_weights(&folder.join("initial.safetensors"), Small::new(3)).unwrap()
}

/// A folder with the initial weights and an undisturbed run in it; the calls that it made.
fn undisturbed() -> (tempfile::TempDir, usize, Vec<(String, Vec<u8>)>) {
    let folder = tempfile::tempdir().unwrap();
    let initial = folder.path().join("initial.safetensors");
    save_model_weights(&initial, &Small::new(3), &run_config(config(2)).model).unwrap();
    let path = folder.path().join("undisturbed");
    inject(None);
    train(&path, model(folder.path())).unwrap();
    let (calls, kept) = (calls(), kept(&path));
    assert!(calls > 60, "{calls}");
    (folder, calls, kept)
}

#[test]
fn a_training_whose_file_call_fails_goes_on_to_the_same_end() {
    let (folder, calls, expected) = undisturbed();
    for kind in [Kind::Once, Kind::FromThen] {
        let mut failures = 0;
        for call in 1..=calls {
            let path = folder.path().join("disturbed");
            inject(Some((call, kind)));
            let outcome = train(&path, model(folder.path()));
            inject(None);
            failures += usize::from(outcome.is_err());
            let message = outcome
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default();
            train(&path, model(folder.path()))
                .unwrap_or_else(|error| panic!("{kind:?} at {call} ({message}): {error}"));
            assert!(kept(&path) == expected, "{kind:?} at {call}: {message}");
            fs::remove_dir_all(&path).unwrap();
        }
        // Every call is needed.
        assert_eq!(failures, calls, "{kind:?}");
    }
}

#[test]
fn a_training_killed_at_any_file_call_goes_on_to_the_same_end() {
    let (folder, calls, expected) = undisturbed();
    for call in 1..=calls {
        let status = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "train::tests::faults::the_process_that_is_killed",
                "--ignored",
            ])
            .env(FOLDER, folder.path())
            .env(CALL, call.to_string())
            .output()
            .unwrap()
            .status;
        assert!(!status.success(), "{call}");
        let path = folder.path().join("killed");
        train(&path, model(folder.path()))
            .unwrap_or_else(|error| panic!("killed at {call}: {error}"));
        assert!(kept(&path) == expected, "killed at {call}");
        fs::remove_dir_all(&path).unwrap();
    }
}

#[test]
#[ignore = "a process of the test above"]
fn the_process_that_is_killed() {
    let folder = env::var_os(FOLDER).map(std::path::PathBuf::from);
    let folder = folder.expect("run by the test above");
    let call = env::var(CALL).unwrap().parse().unwrap();
    let model = model(&folder);
    inject(Some((call, Kind::Abort)));
    train(&folder.join("killed"), model).unwrap();
}
