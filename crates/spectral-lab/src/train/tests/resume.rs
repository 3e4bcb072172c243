use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn create(path: &Path, train: TrainConfig) -> RunFolder {
    RunFolder::create(path, run_config(train)).unwrap()
}

/// Trains in a fresh folder, is ended after `stop` epochs, drops everything and goes on with
/// another network to the end.
fn interrupted(path: &Path, model: Small, train: &TrainConfig, stop: usize) -> TrainOutcome<Small> {
    let run = create(path, train.clone());
    let outcome = fit(model, &data(), train, Some(&run), &mut StopAfter(stop)).unwrap();
    assert_eq!(outcome.ending, Ending::Stopped { epoch: stop });
    drop((run, outcome));
    let run = RunFolder::resume(path, run_config(train.clone())).unwrap();
    fit(Small::new(3), &data(), train, Some(&run), &mut ()).unwrap()
}

#[track_caller]
fn assert_resumes_bit_by_bit(train: TrainConfig) {
    let folder = tempfile::tempdir().unwrap();
    let model = Small::new(3);
    let straight = fit(model.clone(), &data(), &train, None, &mut ()).unwrap();
    let resumed = interrupted(folder.path(), model, &train, 2);
    assert_eq!(bits(&straight.model), bits(&resumed.model));
    assert_same_history(&straight.history, &resumed.history);
    assert_eq!(straight.best, resumed.best);
    assert_eq!(
        straight.evaluation.unwrap().confusion,
        resumed.evaluation.unwrap().confusion
    );
}

#[test]
fn a_resumed_run_with_adam_and_a_schedule_agrees_bit_by_bit() {
    assert_resumes_bit_by_bit(config(4));
}

#[test]
fn a_resumed_run_with_momentum_and_a_plateau_agrees_bit_by_bit() {
    assert_resumes_bit_by_bit(TrainConfig {
        optimizer: OptimizerConfig::Sgd(SgdSettings {
            momentum: 0.9,
            ..SgdSettings::default()
        }),
        schedule: ScheduleConfig {
            warmup: None,
            // A threshold that no epoch meets: the rate falls after each but the first.
            decay: Decay::Plateau(PlateauSettings {
                patience: 0,
                threshold: 0.999,
                factor: 0.7,
                ..PlateauSettings::default()
            }),
        },
        ..config(4)
    });
}

#[test]
fn a_resumed_run_with_centered_rmsprop_agrees_bit_by_bit() {
    assert_resumes_bit_by_bit(TrainConfig {
        optimizer: OptimizerConfig::RmsProp(RmsPropSettings {
            momentum: 0.5,
            centered: true,
            epsilon: 1e-3,
            ..RmsPropSettings::default()
        }),
        ..config(4)
    });
}

#[test]
fn a_resumed_run_sees_the_same_changed_images_bit_by_bit() {
    let changed = TrainConfig {
        augment: crate::data::Augment {
            rotation: 20.0,
            shift_height: 0.2,
            shift_width: 0.2,
            flip_horizontal: true,
            crop_padding: 1,
            brightness: 0.2,
            contrast: 0.2,
            ..crate::data::Augment::default()
        },
        ..config(4)
    };
    assert_resumes_bit_by_bit(changed.clone());
    let model = Small::new(3);
    let with = fit(model.clone(), &data(), &changed, None, &mut ()).unwrap();
    let without = fit(model, &data(), &config(4), None, &mut ()).unwrap();
    assert_ne!(bits(&with.model), bits(&without.model));
}

#[test]
fn a_resumed_run_that_rebuilds_images_agrees_bit_by_bit() {
    let train = TrainConfig {
        target: Target::Image,
        loss: Loss::BinaryCrossEntropy,
        keep_best: true,
        ..config(4)
    };
    let folder = tempfile::tempdir().unwrap();
    let model = Linear64::new(4);
    let straight = fit(model.clone(), &data(), &train, None, &mut ()).unwrap();
    let run = create(folder.path(), train.clone());
    fit(model, &data(), &train, Some(&run), &mut StopAfter(2)).unwrap();
    let resumed = fit(Linear64::new(4), &data(), &train, Some(&run), &mut ()).unwrap();
    assert_eq!(bits(&straight.model), bits(&resumed.model));
    assert_same_history(&straight.history, &resumed.history);
    assert_eq!(straight.best, resumed.best);
    assert_eq!(run.metrics().unwrap().len(), 4);
}

#[test]
fn frozen_parameters_stay_frozen_in_a_resumed_run() {
    let folder = tempfile::tempdir().unwrap();
    let frozen = || {
        let mut model = Small::new(3);
        model.conv = model.conv.no_grad();
        model
    };
    let model = frozen();
    let filters = |model: &Small| bits(&model.conv);
    let run = create(folder.path(), config(2));
    let first = fit(
        model.clone(),
        &data(),
        &config(2),
        Some(&run),
        &mut StopAfter(1),
    )
    .unwrap();
    let second = fit(frozen(), &data(), &config(2), Some(&run), &mut ()).unwrap();
    assert_eq!(filters(&model), filters(&first.model));
    assert_eq!(filters(&model), filters(&second.model));
    assert_ne!(bits(&first.model.linear), bits(&second.model.linear));
}

#[test]
fn a_finished_run_can_be_given_more_epochs() {
    let folder = tempfile::tempdir().unwrap();
    let model = Small::new(3);
    let straight = fit(model.clone(), &data(), &config(3), None, &mut ()).unwrap();

    let run = create(folder.path(), config(2));
    fit(model, &data(), &config(2), Some(&run), &mut ()).unwrap();
    drop(run);
    let run = RunFolder::resume(folder.path(), run_config(config(3))).unwrap();
    let longer = fit(Small::new(3), &data(), &config(3), Some(&run), &mut ()).unwrap();
    assert_eq!(bits(&straight.model), bits(&longer.model));
    let config = RunFolder::open(folder.path()).unwrap().config().clone();
    assert_eq!(config.train.epochs, 3);
}

#[test]
fn resuming_a_finished_run_trains_nothing_and_evaluates_again() {
    let folder = tempfile::tempdir().unwrap();
    let run = create(folder.path(), config(2));
    let first = fit(Small::new(3), &data(), &config(2), Some(&run), &mut ()).unwrap();
    let again = fit(Small::new(3), &data(), &config(2), Some(&run), &mut ()).unwrap();
    assert_eq!(bits(&first.model), bits(&again.model));
    assert_eq!(first.history, again.history);
    assert_eq!(
        first.evaluation.unwrap().confusion,
        again.evaluation.unwrap().confusion
    );
}

#[test]
fn a_run_cut_off_between_two_files_resumes_from_its_whole_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let model = Small::new(3);
    let straight = fit(model.clone(), &data(), &config(3), None, &mut ()).unwrap();

    let run = create(folder.path(), config(3));
    fit(model, &data(), &config(3), Some(&run), &mut StopAfter(2)).unwrap();
    drop(run);
    // What a crash in the third epoch may leave: a line of metrics, half a line, an unfinished
    // checkpoint, foreign weights.
    let metrics = folder.path().join("metrics.jsonl");
    let text = fs::read_to_string(&metrics).unwrap();
    let last = text.lines().last().unwrap();
    fs::write(&metrics, format!("{text}{last}\n{{\"epo")).unwrap();
    let unfinished = folder.path().join("checkpoint-00003.tmp");
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("model.safetensors"), "half").unwrap();
    fs::write(folder.path().join("model.safetensors"), "half").unwrap();

    let run = RunFolder::resume(folder.path(), run_config(config(3))).unwrap();
    let resumed = fit(Small::new(3), &data(), &config(3), Some(&run), &mut ()).unwrap();
    assert_eq!(bits(&straight.model), bits(&resumed.model));
    assert_same_history(&straight.history, &resumed.history);
    let written = straight.history.iter().map(through_json);
    assert_same_history(&written.collect::<Vec<_>>(), &run.metrics().unwrap());
    let names = names_in(folder.path());
    assert_eq!(
        names,
        [
            ".lock",
            "checkpoint-00003",
            "config.toml",
            "metrics.jsonl",
            "model.safetensors"
        ]
    );
}

#[test]
fn a_run_cut_off_before_its_first_checkpoint_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    create(folder.path(), config(1));
    fs::write(folder.path().join("metrics.jsonl"), "{\"epo").unwrap();
    let run = RunFolder::resume(folder.path(), run_config(config(1))).unwrap();
    let outcome = fit(Small::new(3), &data(), &config(1), Some(&run), &mut ()).unwrap();
    assert_eq!(run.metrics().unwrap().len(), outcome.history.len());
}

#[test]
fn checkpoints_are_written_as_often_as_asked_and_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let train = TrainConfig {
        checkpoint_every: 2,
        ..config(3)
    };
    struct Names(PathBuf, Vec<Vec<String>>);
    impl Observer for Names {
        fn epoch_started(&mut self, _: EpochProgress) {
            let mut names = names_in(&self.0);
            names.retain(|name| name.starts_with("checkpoint"));
            self.1.push(names);
        }
    }
    let run = create(folder.path(), train.clone());
    let mut names = Names(folder.path().into(), Vec::new());
    fit(Small::new(3), &data(), &train, Some(&run), &mut names).unwrap();
    assert_eq!(names.1, [vec![], vec![], vec!["checkpoint-00002"]]);
    assert!(names_in(folder.path()).contains(&"checkpoint-00003".into()));
}

#[test]
fn the_best_weights_are_kept_if_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let train = TrainConfig {
        keep_best: true,
        ..config(4)
    };
    let run = create(folder.path(), train.clone());
    let outcome = fit(Small::new(3), &data(), &train, Some(&run), &mut ()).unwrap();
    let model = load_model_weights(&run.best_weights_path(), Small::new(3)).unwrap();
    let feeding = Feeding {
        normalize: &train.normalize,
        batch_size: 10,
    };
    let evaluation = evaluate(&model, &data().test, labels(train.loss), feeding).unwrap();
    let best = outcome.best.unwrap();
    let accuracy = evaluation.scores().map(|scores| scores.accuracy);
    assert_eq!(accuracy, best.test_accuracy);
    assert_eq!(evaluation.loss, outcome.history[best.epoch - 1].test_loss);
}

#[test]
fn resuming_with_another_setting_names_it() {
    let folder = tempfile::tempdir().unwrap();
    create(folder.path(), config(2));
    let refused = |change: fn(&mut RunConfig)| {
        let mut config = run_config(config(2));
        change(&mut config);
        RunFolder::resume(folder.path(), config)
            .unwrap_err()
            .to_string()
    };
    let message = refused(|c| c.train.batch_size = 8);
    assert!(
        message.contains("train.batch_size is 8, but the run was started with 16"),
        "{message}"
    );
    assert!(refused(|c| c.model.name = "other".into()).contains("model.name"));
    assert!(refused(|c| c.train.optimizer = OptimizerConfig::default()).contains("weight_decay"));
    assert!(refused(|c| c.data.train_images = 7).contains("data.train_images"));

    let run = RunFolder::open(folder.path()).unwrap();
    let other = TrainConfig {
        seed: 9,
        ..config(2)
    };
    let error = fit(Small::new(3), &data(), &other, Some(&run), &mut ()).unwrap_err();
    assert!(error.to_string().contains("train.seed is 9"), "{error}");
}

#[test]
fn a_folder_with_a_run_is_not_begun_anew_and_one_without_is_not_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let error = RunFolder::open(folder.path()).unwrap_err();
    assert!(matches!(error, TrainError::NoRun(_)), "{error}");
    create(folder.path(), config(1));
    let error = RunFolder::create(folder.path(), run_config(config(1))).unwrap_err();
    assert!(matches!(error, TrainError::RunExists(_)), "{error}");
}

#[test]
fn a_run_has_one_owner_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let run = RunFolder::create_new(&path, run_config(config(2))).unwrap();
    let resume = || RunFolder::resume(&path, run_config(config(2)));
    let again = RunFolder::create_new(&path, run_config(config(2)));
    assert!(matches!(again, Err(TrainError::RunExists(_))));
    for error in [
        resume().unwrap_err(),
        RunFolder::create(&path, run_config(config(2))).unwrap_err(),
    ] {
        assert!(matches!(error, TrainError::InUse { .. }), "{error}");
        assert!(error.to_string().contains("in use by process "), "{error}");
    }
    // To read it is no work on it; to train it is.
    let opened = RunFolder::open(&path).unwrap();
    let trained = fit(Small::new(3), &data(), &config(2), Some(&opened), &mut ());
    assert!(matches!(trained, Err(TrainError::InUse { .. })));
    drop(run);
    fit(Small::new(3), &data(), &config(2), Some(&opened), &mut ()).unwrap();
    resume().unwrap();
}

#[test]
fn only_a_rescheduled_run_may_have_another_schedule() {
    let folder = tempfile::tempdir().unwrap();
    create(folder.path(), config(2));
    let mut changed = run_config(config(4));
    changed.train.schedule.decay = Decay::Constant;
    let error = RunFolder::resume(folder.path(), changed.clone()).unwrap_err();
    assert!(error.to_string().contains("train.schedule"), "{error}");
    RunFolder::resume_rescheduled(folder.path(), changed.clone()).unwrap();
    assert_eq!(RunFolder::open(folder.path()).unwrap().config(), &changed);
    changed.train.batch_size = 8;
    let error = RunFolder::resume_rescheduled(folder.path(), changed).unwrap_err();
    assert!(error.to_string().contains("batch_size"), "{error}");
}

#[test]
fn damaged_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let run = create(folder.path(), config(1));
    fit(Small::new(3), &data(), &config(1), Some(&run), &mut ()).unwrap();
    let checkpoint = folder.path().join("checkpoint-00001");
    for name in ["model.safetensors", "optimizer.bpk", "state.toml"] {
        let path = checkpoint.join(name);
        let whole = fs::read(&path).unwrap();
        for damaged in [&whole[..whole.len() / 2], &[]] {
            fs::write(&path, damaged).unwrap();
            let error = fit(Small::new(3), &data(), &config(1), Some(&run), &mut ()).unwrap_err();
            let message = error.to_string();
            assert!(matches!(error, TrainError::Damaged { .. }), "{message}");
            assert!(message.contains(name), "{message}");
        }
        fs::write(&path, whole).unwrap();
    }
    let path = folder.path().join("config.toml");
    fs::write(&path, "[model").unwrap();
    let error = RunFolder::open(folder.path()).unwrap_err();
    assert!(
        error.to_string().contains("config.toml: damaged"),
        "{error}"
    );
}

#[test]
fn a_run_folder_gives_back_the_network_and_the_metrics() {
    let folder = tempfile::tempdir().unwrap();
    let run = create(&folder.path().join("a/b"), config(2));
    let outcome = fit(Small::new(3), &data(), &config(2), Some(&run), &mut ()).unwrap();
    let run = RunFolder::open(run.path()).unwrap();
    assert_eq!(run.config(), &run_config(config(2)));
    let loaded = run.load_model(Small::new(3)).unwrap();
    assert_eq!(bits(&loaded), bits(&outcome.model));
    let lines = run.metrics().unwrap();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1].step, outcome.history[1].step);
    assert_eq!(lines[1].test, outcome.history[1].test);
}

/// What a line of `metrics.jsonl` gives back: reading JSON may round differently in the last bit.
fn through_json(metrics: &EpochMetrics) -> EpochMetrics {
    serde_json::from_str(&serde_json::to_string(metrics).unwrap()).unwrap()
}

fn names_in(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
