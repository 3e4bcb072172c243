//! Recipes, changed images, images as targets, and several seeds.

use std::fs;

use super::{Lab, weights};

const SMALL: &str = "--data glyphs --train-count 120 --test-count 60";

#[test]
fn a_recipe_lies_below_a_file_flags_and_names() {
    let lab = Lab::new();
    let printed = lab
        .ok("train --print-config --recipe cats-vs-dogs --epochs 9 --set augment.rotation=3")
        .stdout;
    for line in [
        "epochs = 9",
        "rotation = 3",
        "shift_width = 0.2",
        "kind = \"mean-squared-error\"",
        "normalize = \"per-channel\"",
        "weight_decay = 0.0",
    ] {
        assert!(printed.contains(line), "{line}\n{printed}");
    }
    fs::write(lab.path("mine.toml"), &printed).unwrap();
    let again = lab.ok("train --print-config --config mine.toml").stdout;
    assert_eq!(again, printed);
    for (line, part) in [
        ("--recipe soup", "autoencoder"),
        ("--augment soup", "cats-vs-dogs, cifar"),
        ("--normalize soup", "normalize"),
        ("--target image", "binary-cross-entropy"),
        ("--set augment.hue=2", "augment.hue"),
    ] {
        let said = lab.fails(&format!("train --print-config {line}"), 2);
        assert!(said.contains(part), "{line}\n{said}");
    }
}

#[test]
fn a_resumed_run_under_a_recipe_ends_as_a_straight_one() {
    let lab = Lab::new();
    let line = format!("train --model kk1 {SMALL} --recipe cats-vs-dogs --seed 2 --json");
    let straight = lab.json(&format!("{line} --epochs 3 --run straight"));
    lab.json(&format!("{line} --epochs 1 --run parts"));
    let config = fs::read_to_string(lab.path("parts/config.toml")).unwrap();
    assert!(config.contains("[train.normalize.per-channel]"), "{config}");
    assert!(config.contains("[model.settings.normalize.per-channel]"));
    let resumed = lab.json("train --resume parts --epochs 3 --json");
    assert_eq!(resumed["loss"], straight["loss"]);
    assert_eq!(resumed["accuracy"], straight["accuracy"]);
    let file = |run: &str| weights(&lab.path(run).join("model.safetensors"));
    assert!(file("parts") == file("straight"));
    // The constants of the training images are used on others too.
    assert_eq!(lab.json("evaluate parts --json")["loss"], straight["loss"]);
    let said = lab.fails("train --resume parts --set augment.rotation=1", 1);
    assert!(said.contains("train.augment.rotation"), "{said}");
}

#[test]
fn a_network_that_rebuilds_images_has_losses_and_no_accuracy() {
    let lab = Lab::new();
    let line = format!("train --model cnn {SMALL} --recipe autoencoder --epochs 2 --run run");
    let result = lab.json(&format!("{line} --json"));
    assert!(result["accuracy"].is_null() && result["f1"].is_null());
    assert_eq!(
        (&result["goal"], &result["diverged"]),
        (&"rebuild".into(), &false.into())
    );
    let loss = result["loss"].as_f64().unwrap();
    assert!(loss > 0.0 && loss < 1.0);

    let metrics = fs::read_to_string(lab.path("run/metrics.jsonl")).unwrap();
    assert_eq!(metrics.lines().count(), 2);
    assert!(
        !metrics.contains("accuracy") && !metrics.contains("null"),
        "{metrics}"
    );
    let page = fs::read_to_string(lab.path("run/report.html")).unwrap();
    assert!(page.contains("Reconstructed images") && !page.contains("Accuracy"));
    assert_eq!(page.matches(" reconstructed by cnn").count(), 10);
    let text = fs::read_to_string(lab.path("run/report.md")).unwrap();
    assert!(
        text.contains("mean loss") && !text.contains("accuracy"),
        "{text}"
    );

    let again = lab.json("evaluate run --json");
    assert_eq!(again["loss"], result["loss"]);
    assert!(again["accuracy"].is_null());
    let said = lab.ok("evaluate run").stdout;
    assert!(
        said.contains("loss") && !said.contains("accuracy"),
        "{said}"
    );
    let said = lab.fails("predict run x.png", 1);
    assert!(said.contains("reconstruct"), "{said}");
    let said = lab.fails("evaluate run --size 32x32", 1);
    assert!(said.contains("784") && said.contains("1x32x32"), "{said}");
}

#[test]
fn several_seeds_give_mean_and_spread_and_can_be_resumed() {
    let lab = Lab::new();
    let line = |seeds: &str| {
        format!("compare --models cnn,kk1 {SMALL} --epochs 1 --out here --seeds {seeds} --json")
    };
    let list = lab.json(&line("4,7"));
    for (object, model) in list.as_array().unwrap().iter().zip(["cnn", "kk1"]) {
        assert_eq!(object["model"], model);
        let seeds = object["seeds"].as_array().unwrap();
        let figures: Vec<f64> = seeds.iter().map(|s| s["loss"].as_f64().unwrap()).collect();
        assert_eq!(
            (&seeds[0]["seed"], &seeds[1]["seed"]),
            (&4.into(), &7.into())
        );
        let [a, b] = figures[..] else {
            panic!("{object}")
        };
        let close = |name: &str, expected: f64| {
            let found = object[name].as_f64().unwrap();
            assert!(
                (found - expected).abs() < 1e-12,
                "{name}: {found} {expected}"
            );
        };
        close("loss", (a + b) / 2.0);
        close("loss_std", (a - b).abs() / 2f64.sqrt());
        close("loss_min", a.min(b));
        close("loss_max", a.max(b));
        assert!(object["accuracy_std"].is_number());
        // Each as it would come out alone, on the same data.
        let config = lab
            .path("here/runs")
            .join(format!("{model}-seed-7/config.toml"));
        let config = fs::read_to_string(config).unwrap();
        assert!(config.contains("[data.settings]\nseed = 0"), "{config}");
    }
    let said = lab.ok(&format!("{} --resume", line("4,7")));
    assert!(!said.stderr.contains("epoch 1/1"), "{}", said.stderr);
    assert!(said.stderr.contains('±') && said.stderr.contains("over 2 seeds"));
    let more = lab.json(&format!("{} --resume", line("4,7,9")));
    assert_eq!(more[0]["seeds"].as_array().unwrap().len(), 3);
    assert_eq!(more[0]["seeds"][1], list[0]["seeds"][1]);
    assert!(lab.fails(&line("4,4"), 2).contains("twice"));
    assert!(lab.fails(&line("-1"), 2).contains("error: "));
}
