use super::*;
use spectral_lab::data::Normalize;
use spectral_lab::train::{Clipping, Decay, OptimizerConfig, SgdSettings, Span, Target};

fn set(settings: &[&str]) -> Result<TrainConfig, String> {
    let args = TrainingArgs {
        set: settings.iter().map(ToString::to_string).collect(),
        ..TrainingArgs::default()
    };
    args.over(&defaults(), 0).map_err(|error| error.to_string())
}

#[test]
fn without_arguments_the_defaults_stay() {
    let config = TrainingArgs::default().over(&defaults(), 7).unwrap();
    assert_eq!(
        config,
        TrainConfig {
            seed: 7,
            ..defaults()
        }
    );
}

#[test]
fn networks_bring_their_recipe_if_it_is_one() {
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let settings = |args: &TrainingArgs, models: &[&str]| {
        let config = args.over_recipe_of(&names(models), 0);
        config.map_err(|error| error.to_string())
    };
    let args = TrainingArgs::default();
    let cats = Recipe::find("cats-vs-dogs").unwrap().config();
    assert_eq!(settings(&args, &["cats-linear", "cats-spatial"]), Ok(cats));
    assert_eq!(settings(&args, &["cnn", "kk1"]), Ok(defaults()));
    let error = settings(&args, &["cnn", "cats-linear"]).unwrap_err();
    for part in ["'cnn'", "lab", "'cats-linear'", "cats-vs-dogs", "--recipe"] {
        assert!(error.contains(part), "{error}");
    }
    let named = TrainingArgs {
        recipe: Some("lab".into()),
        ..args
    };
    assert_eq!(settings(&named, &["cnn", "cats-linear"]), Ok(defaults()));
}

#[test]
fn every_constant_can_be_set_by_name() {
    let config = set(&["optimizer.epsilon=1e-7", "optimizer.amsgrad=true"]).unwrap();
    let OptimizerConfig::Adam(adam) = config.optimizer else {
        panic!("{config:?}")
    };
    assert_eq!(
        (adam.epsilon, adam.amsgrad, adam.weight_decay),
        (1e-7, true, 5e-4)
    );
    let config = set(&["optimizer.kind=rmsprop", "optimizer.alpha=0.9"]).unwrap();
    let OptimizerConfig::RmsProp(rmsprop) = config.optimizer else {
        panic!("{config:?}")
    };
    assert_eq!(rmsprop.alpha, 0.9);
    assert_eq!(
        set(&["normalize=zero-one"]).unwrap().normalize,
        Normalize::ZeroOne
    );
}

#[test]
fn a_recipe_lies_below_flags_and_settings() {
    let args = TrainingArgs {
        recipe: Some("cats-vs-dogs".into()),
        epochs: Some(7),
        set: vec!["augment.rotation=5".into()],
        ..TrainingArgs::default()
    };
    let config = args.over(&defaults(), 3).unwrap();
    let recipe = Recipe::find("cats-vs-dogs").unwrap().config();
    let expected = TrainConfig {
        epochs: 7,
        seed: 3,
        augment: Augment {
            rotation: 5.0,
            ..recipe.augment.clone()
        },
        ..recipe
    };
    assert_eq!(config, expected);
}

#[test]
fn images_are_prepared_as_the_flags_say() {
    let args = TrainingArgs {
        recipe: Some("cats-vs-dogs".into()),
        target: Some(TargetName::Image),
        normalize: Some(NormalizeName::ZeroOne),
        augment: Some("none".into()),
        ..TrainingArgs::default()
    };
    let config = args.over(&defaults(), 0).unwrap();
    assert!(config.augment.is_none());
    assert_eq!(
        (config.target, config.normalize),
        (Target::Image, Normalize::ZeroOne)
    );
    let args = TrainingArgs {
        normalize: Some(NormalizeName::PerChannel),
        ..TrainingArgs::default()
    };
    // Constants of another run give way to those still to be fitted.
    let base = TrainConfig {
        normalize: Normalize::PerChannel {
            mean: vec![0.5],
            std: vec![0.5],
        },
        ..defaults()
    };
    let config = args.over(&base, 0).unwrap();
    assert_eq!(config.normalize, Normalize::PerChannelOfTraining);
    let kept = TrainingArgs::default().over(&base, 0).unwrap();
    assert_eq!(kept.normalize, base.normalize);
}

#[test]
fn another_optimizer_begins_with_its_own_constants() {
    let args = TrainingArgs {
        optimizer: Some(OptimizerName::Sgd),
        momentum: Some(0.9),
        clip_norm: Some(1.0),
        ..TrainingArgs::default()
    };
    let config = args.over(&defaults(), 0).unwrap();
    let sgd = SgdSettings {
        momentum: 0.9,
        ..SgdSettings::default()
    };
    assert_eq!(config.optimizer, OptimizerConfig::Sgd(sgd));
    assert_eq!(config.clipping, Clipping::GlobalNorm { limit: 1.0 });
}

#[test]
fn a_cosine_takes_the_epochs_after_the_warm_up() {
    let args = TrainingArgs {
        epochs: Some(10),
        schedule: Some(DecayName::Cosine),
        warmup: Some(2),
        ..TrainingArgs::default()
    };
    let schedule = args.over(&defaults(), 0).unwrap().schedule;
    assert_eq!(
        schedule.decay,
        Decay::Cosine {
            over: Span::Epochs(8),
            floor: 0.0
        }
    );
    assert_eq!(schedule.warmup.unwrap().over, Span::Epochs(2));
}

#[test]
fn a_printed_file_reads_back_as_the_same_settings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    let args = TrainingArgs {
        schedule: Some(DecayName::Plateau),
        optimizer: Some(OptimizerName::Rmsprop),
        loss: Some(LossName::BinaryCrossEntropy),
        epochs: Some(3),
        ..TrainingArgs::default()
    };
    let config = args.over(&defaults(), 0).unwrap();
    fs::write(&path, file(&config).unwrap()).unwrap();
    let again = TrainingArgs {
        config: Some(path),
        ..TrainingArgs::default()
    };
    assert_eq!(again.over(&defaults(), 0).unwrap(), config);
}

#[test]
fn wrong_settings_are_named() {
    for (setting, part) in [
        ("optimizer.momentum=0.9", "momentum"),
        ("epochs=0", "epochs"),
        ("optimizer.kind=lion", "lion"),
        ("epochs", "NAME=VALUE"),
        ("=3", "not a setting name"),
        ("learning_rate=-1", "learning_rate"),
        ("augment.rotation=200", "augment.rotation"),
        ("augment.zoom=1", "zoom"),
        ("normalize=batch", "per-channel"),
        ("target=image", "loss.kind"),
    ] {
        let error = set(&[setting]).unwrap_err();
        assert!(error.contains(part), "{setting}: {error}");
    }
}
