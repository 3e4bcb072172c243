//! The studies of emulators, small.

use std::fs;

use serde_json::Value;

use super::Lab;
use super::study::{cut_off, is_whole, results};

fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array().unwrap_or_else(|| panic!("{value}"));
    values.iter().map(|value| value.as_f64().unwrap()).collect()
}

/// The same study goes on where a step is gone, and comes to the same figures.
fn a_step_is_made_again(lab: &Lab, study: &str, step: &str) {
    let before = results(&lab.path("cut"));
    fs::remove_file(lab.path(&format!("cut/steps/{step}.json"))).unwrap();
    let said = lab.ok(&format!("study {study} --quick --out cut"));
    let made = said.stderr.lines();
    let made: Vec<&str> = made
        .filter(|line| line.starts_with(&format!("{study}: ")))
        .collect();
    assert_eq!(made, [format!("{study}: {step}")]);
    assert_eq!(results(&lab.path("cut")), before);
    for line in said.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn networks_of_equal_size_emulate_flows_beside_a_linear_propagator() {
    let lab = Lab::new();
    cut_off(&lab, "reach", "cut", 9);
    is_whole(&lab, "cut");
    let cut = results(&lab.path("cut"));
    for cells in ["0.5", "10.5"] {
        let baselines = &cut[format!("advection-{cells}-baselines")];
        let linear = numbers(&baselines["linear"]["mean"]);
        assert!(linear[11] < 1e-4, "{cells}: {linear:?}");
        let still = numbers(&baselines["persistence"]["mean"]);
        assert!(still[11] > 0.1, "{cells}: {still:?}");
        for network in ["resnet", "dilated-resnet", "unet", "fno", "fno-local"] {
            for seed in 0..2 {
                let of = &cut[format!("advection-{cells}-{network}-seed-{seed}")];
                let parameters = of["parameters"].as_f64().unwrap();
                assert!((parameters / 32.5e3 - 1.0).abs() <= 0.03, "{network}: {of}");
                assert_eq!(of["updates"], 6, "{network}");
                assert_eq!(numbers(&of["errors"]["mean"]).len(), 12, "{network}");
            }
        }
    }
    a_step_is_made_again(&lab, "reach", "kdv-fno-seed-1");
}

#[test]
fn networks_of_equal_size_emulate_two_dimensional_turbulence() {
    let lab = Lab::new();
    cut_off(&lab, "navier-stokes", "cut", 4);
    is_whole(&lab, "cut");
    let cut = results(&lab.path("cut"));
    let truth = &cut["baselines"]["truth"]["frames"];
    for network in ["resnet", "unet", "fno"] {
        for seed in 0..2 {
            let of = &cut[format!("{network}-seed-{seed}")];
            let frames = of["record"]["frames"].as_array().unwrap();
            assert_eq!(frames.len(), 2, "{network}");
            assert_eq!(numbers(&frames[1]["spectrum"]).len(), 9);
            assert_ne!(frames[0]["field"], truth[0]["field"]);
            assert_eq!(numbers(&of["emulated"]["errors"]["mean"]).len(), 4);
        }
    }
    a_step_is_made_again(&lab, "navier-stokes", "unet-seed-0");
}
