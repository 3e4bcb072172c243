//! Operators: trained on fields, compared, evaluated and rolled out.

use std::fs;

use serde_json::Value;

use super::{Lab, weights};

/// A lab with trajectories of a wave that moves by 2.5 points per step.
fn waves() -> Lab {
    let lab = Lab::new();
    lab.ok("data make advection --points 20 --count 12 --frames 6 --dt 0.125 --out waves.npz");
    lab
}

const TRAIN: &str = "train --model fno --data npz:waves.npz --width 4 --layers 2 --modes 5 --lr 0.02 --batch-size 4";

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

#[test]
fn a_network_learns_is_resumed_evaluated_and_rolled_out() {
    let lab = waves();
    let trained = lab.json(&format!("{TRAIN} --epochs 4 --run straight --json"));
    assert_eq!(trained["model"], "fno");
    let history = trained["history"].as_array().unwrap();
    let errors: Vec<f64> = history
        .iter()
        .map(|epoch| number(&epoch["relative_l2"]))
        .collect();
    assert_eq!(errors.len(), 4);
    assert!(errors[3] < 0.9 * errors[0], "{errors:?}");

    // Interrupted after two of four epochs, it ends with the same weights.
    let schedule = "--set schedule.decay.over.epochs=4";
    lab.ok(&format!("{TRAIN} --epochs 2 --run again {schedule}"));
    lab.ok("train --resume again --epochs 4");
    let file = |run: &str| lab.path(run).join("model.safetensors");
    assert!(weights(&file("straight")) == weights(&file("again")));
    let refused = lab.fails("train --resume again --epochs 5 --width 8", 2);
    assert!(refused.contains("--width"), "{refused}");

    let found = lab.json("evaluate straight --json");
    let test = &found["tests"][0];
    assert!(
        (number(&test["relative_l2"]) - errors[3]).abs() < 1e-6,
        "{found}"
    );
    assert_eq!(test["samples"], 6);
    let shown = lab.ok("evaluate straight").stdout;
    assert!(
        shown.contains("relative L2 error") && shown.contains("20 points"),
        "{shown}"
    );

    // The first step of a rollout from the first state is the prediction; the page has its pictures.
    let rolled = lab.json("rollout straight --json");
    let steps = rolled["results"]["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 6);
    let mean = rolled["results"]["prediction"]["mean"].as_array().unwrap();
    assert!(number(&mean[5]) > number(&mean[0]), "{mean:?}");
    let page = fs::read_to_string(lab.path("straight").join("rollout/report.html")).unwrap();
    assert!(page.contains("data:image/png") && page.contains("persistence"));
    // Advection is linear: the fitted map solves it.
    assert!(page.contains("fitted linear map"));
    let linear = rolled["results"]["reference"]["mean"].as_array().unwrap();
    assert!(number(&linear[5]) < 1e-5, "{linear:?}");

    // A file of weights alone carries what its network needs.
    let alone = lab.json("evaluate straight/model.safetensors --data npz:waves.npz --json");
    assert_eq!(alone["tests"][0]["relative_l2"], test["relative_l2"]);
    let error = lab.fails("rollout straight/model.safetensors --data npz:waves.npz", 2);
    assert!(error.contains("--out"), "{error}");
}

#[test]
fn networks_of_about_as_many_parameters_are_compared() {
    let lab = waves();
    let line = "compare --models resnet,unet,fno,uno,ffno --data npz:waves.npz --parameters 2000 \
                --modes 4 --epochs 1 --out here --json";
    let compared = lab.json(line);
    let compared = compared.as_array().unwrap();
    assert_eq!(compared.len(), 5);
    for model in compared {
        assert!(number(&model["relative_l2"]) > 0.0, "{model}");
        assert!(model["accuracy"].is_null(), "{model}");
        let params = number(&model["params"]);
        assert!((800.0..4000.0).contains(&params), "{model}");
    }
    let page = fs::read_to_string(lab.path("here/report.html")).unwrap();
    assert!(page.contains("relative L2 error") && !page.contains("accuracy"));
}

#[test]
fn other_grids_are_evaluated_where_the_network_has_their_modes() {
    let lab = waves();
    lab.ok(&format!("{TRAIN} --epochs 1 --run run"));
    let make = |points: usize| {
        lab.ok(&format!(
            "data make advection --points {points} --count 3 --frames 2 --dt 0.125 \
             --initial fourier:2,1 --out at{points}.npz"
        ));
    };
    make(27);
    let found = lab.json("evaluate run --test-file at27.npz --json");
    let tests = found["tests"].as_array().unwrap();
    assert!(
        tests
            .iter()
            .any(|test| test["size"] == serde_json::json!([27])),
        "{found}"
    );
    make(6);
    let error = lab.fails("evaluate run --test-file at6.npz", 1);
    assert!(error.contains("[6]") && error.contains("modes"), "{error}");
}

#[test]
fn what_does_not_fit_is_told_with_what_does() {
    let lab = waves();
    let mixed = lab.fails("train --model fno --data glyphs", 2);
    assert!(mixed.contains("npz:FILE"), "{mixed}");
    let mixed = lab.fails("train --model cnn --data npz:waves.npz", 2);
    assert!(mixed.contains("spectral models"), "{mixed}");
    let modes = lab.fails("train --model fno --data npz:waves.npz --modes 11", 1);
    assert!(
        modes.contains("1 to 10 modes") && modes.contains("got 11"),
        "{modes}"
    );
    let loss = lab.fails(
        "train --model fno --data npz:waves.npz --loss cross-entropy",
        2,
    );
    assert!(loss.contains("relative-l2"), "{loss}");
    lab.ok("data make advection --points 20 --count 12 --frames 1 --out pairs.npz");
    lab.ok("train --model resnet --data npz:pairs.npz --width 2 --layers 1 --epochs 1 --run pairs");
    let pairs = lab.fails("rollout pairs", 1);
    assert!(pairs.contains("trajectories"), "{pairs}");
    let wrong = lab.fails("predict pairs image.png", 2);
    assert!(wrong.contains("spectral rollout"), "{wrong}");
    let wrong = lab.fails("inspect pairs", 2);
    assert!(wrong.contains("spectral evaluate"), "{wrong}");
    let missing = lab.fails("train --model fno --data npz:none.npz", 1);
    assert!(missing.contains("none.npz"), "{missing}");
}

#[test]
fn operator_networks_are_listed() {
    let lab = Lab::new();
    let shown = lab.ok("models").stdout;
    assert!(
        shown.contains("dilated-resnet") && shown.contains("ffno"),
        "{shown}"
    );
    let card = lab.ok("models uno").stdout;
    assert!(card.contains("Rahman"), "{card}");
    let entries = lab.json("models --json");
    let fno = entries
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["name"] == "fno");
    assert!(number(&fno.unwrap()["params"]) > 0.0);
}
