//! `train` and `compare`.

use std::fs;

use serde_json::Value;

use super::{Lab, weights};

const SMALL: &str = "--data glyphs --train-count 200 --test-count 100";

/// A result without what differs from run to run: times, and the folder.
fn figures(mut result: Value) -> Value {
    let epochs = result["history"].as_array_mut().unwrap();
    for epoch in epochs {
        for time in ["seconds", "images_per_s"] {
            epoch[time].take();
        }
    }
    for name in ["epoch_s", "images_per_s", "run"] {
        result[name].take();
    }
    result
}

#[test]
fn a_resumed_run_ends_as_a_straight_one() {
    let lab = Lab::new();
    let model = "train --model kk1-repaired --json";
    let straight = lab.json(&format!(
        "{model} {SMALL} --epochs 3 --seed 5 --run straight"
    ));
    lab.json(&format!("{model} {SMALL} --epochs 1 --seed 5 --run parts"));
    let resumed = lab.json("train --resume parts --epochs 3 --json");
    assert_eq!(resumed["epochs"], 3);
    assert_eq!(figures(resumed), figures(straight));
    let file = |run: &str| weights(&lab.path(run).join("model.safetensors"));
    assert_eq!(file("parts"), file("straight"));
    assert!(lab.path("parts/report.html").is_file());
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let lab = Lab::new();
    for model in ["cnn", "kk2", "kk2-repaired", "free2"] {
        let with = |threads: usize| {
            let run = format!("{model}-{threads}");
            let line = format!(
                "train --model {model} {SMALL} --epochs 1 --threads {threads} --run {run} --json"
            );
            (
                figures(lab.json(&line)),
                weights(&lab.path(&run).join("model.safetensors")),
            )
        };
        assert!(with(1) == with(3), "{model}");
    }
}

#[test]
fn a_run_without_a_name_gets_one_of_its_own() {
    let lab = Lab::new();
    for _ in 0..2 {
        lab.ok(&format!("train --model cnn {SMALL} --epochs 1"));
    }
    for run in ["cnn-glyphs-0", "cnn-glyphs-0-2"] {
        assert!(
            lab.path("runs").join(run).join("metrics.jsonl").is_file(),
            "{run}"
        );
    }
}

#[test]
fn settings_come_from_a_file_flags_and_names() {
    let lab = Lab::new();
    let printed = lab.ok("train --print-config --optimizer rmsprop").stdout;
    assert!(printed.contains("alpha = 0.99"), "{printed}");
    fs::write(lab.path("mine.toml"), printed).unwrap();
    let said =
        lab.ok("train --print-config --config mine.toml --lr 0.01 --set optimizer.alpha=0.5");
    for line in ["kind = \"rmsprop\"", "alpha = 0.5", "learning_rate = 0.01"] {
        assert!(said.stdout.contains(line), "{line}\n{}", said.stdout);
    }
}

#[test]
fn a_diverged_run_says_so_and_fails() {
    let lab = Lab::new();
    let line = format!("train --model cnn {SMALL} --epochs 2 --optimizer sgd --lr 1e30 --json");
    let said = lab.run(&line);
    assert_eq!(said.code, 1, "{}", said.stderr);
    assert!(
        said.stderr.contains("error: the run diverged in epoch 1"),
        "{}",
        said.stderr
    );
    let result: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(result["diverged"], true);
    assert!(result["accuracy"].is_null());
}

#[test]
fn a_comparison_prints_one_object_a_network_and_can_be_resumed() {
    let lab = Lab::new();
    let with =
        |models: &str| format!("compare --models {models} {SMALL} --epochs 1 --out here --json");
    let first = lab.json(&with("cnn,kk1"));
    let list = first.as_array().unwrap();
    assert_eq!(list.len(), 2);
    for (object, name) in list.iter().zip(["cnn", "kk1"]) {
        assert_eq!(object["model"], name);
        assert_eq!(object["data"], "glyphs");
        assert!(object["params"].as_u64().unwrap() > 20_000);
        assert!((0.0..=1.0).contains(&object["accuracy"].as_f64().unwrap()));
        assert!(object["epoch_s"].as_f64().unwrap() > 0.0);
        assert!(object["images_per_s"].as_f64().unwrap() > 0.0);
    }
    for file in [
        "report.html",
        "report.json",
        "report.md",
        "runs/kk1/config.toml",
    ] {
        assert!(lab.path("here").join(file).is_file(), "{file}");
    }

    assert!(lab.fails(&with("cnn,kk1"), 1).contains("--resume"));
    let more = lab.json(&format!("{} --resume", with("cnn,kk1,free1")));
    assert_eq!(
        more.as_array().unwrap()[..2],
        list[..],
        "finished networks are not trained again"
    );
    assert_eq!(more[2]["model"], "free1");
}

#[test]
fn equal_seeds_give_a_network_equal_results_alone_and_among_others() {
    let lab = Lab::new();
    let list = lab.json(&format!(
        "compare --models cnn,free1 {SMALL} --epochs 1 --json"
    ));
    let alone = lab.json(&format!("train --model free1 {SMALL} --epochs 1 --json"));
    assert_eq!(list[1]["accuracy"], alone["accuracy"]);
    assert_eq!(list[1]["loss"], alone["loss"]);
}
