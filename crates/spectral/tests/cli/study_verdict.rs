//! The study that settles what spectral networks are worth, small.

use std::fs;

use super::Lab;
use super::study::{cut_off, is_whole, results};

#[test]
fn spectral_networks_meet_twins_of_equal_parameters_and_a_plan_is_kept() {
    let lab = Lab::new();
    lab.ok("study verdict --quick --out whole");
    is_whole(&lab, "whole");
    let whole = results(&lab.path("whole"));
    let params = |model: &str| {
        whole[format!("pace-textures-{model}")]["params"]
            .as_f64()
            .unwrap()
    };
    for (spectral, spatial) in [
        ("spectral-best", "spectral-best-spatial"),
        ("free2", "cnn-like-free2"),
        ("polynomial2", "cnn"),
        ("fft-local", "cnn-like-fft-local"),
    ] {
        let ratio = params(spectral) / params(spatial);
        assert!((ratio - 1.0).abs() < 0.005, "{spectral}: {ratio}");
    }
    // The faster network of a pair is trained for as long as the plan says.
    for longer in whole["plan"]["longer"].as_array().unwrap() {
        let model = longer["model"].as_str().unwrap();
        let run = &whole[format!("textures-{model}-longer-seed-0")];
        let epochs = longer["epochs"].as_u64().unwrap();
        assert_eq!(
            run["history"].as_array().unwrap().len() as u64,
            epochs,
            "{model}"
        );
    }

    // Paces differ from run to run, and what follows from them is the same.
    let steps = lab.path("cut/steps");
    fs::create_dir_all(&steps).unwrap();
    let mut kept = 0;
    for file in fs::read_dir(lab.path("whole/steps")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if name.starts_with("pace-") || name == "plan.json" {
            fs::copy(lab.path(&format!("whole/steps/{name}")), steps.join(name)).unwrap();
            kept += 1;
        }
    }
    cut_off(&lab, "verdict", "cut", kept + 8);
    assert_eq!(results(&lab.path("cut")), whole);

    let said = lab.fails("study verdict --quick --budget 0", 1);
    assert!(
        said.contains("0 hours") && said.contains("above 0"),
        "{said}"
    );
    let said = lab.fails("study commute --quick --budget 3", 1);
    assert!(
        said.contains("3 hours") && said.contains("takes none"),
        "{said}"
    );
}
