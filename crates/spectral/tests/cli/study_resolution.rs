//! The study of other sizes, small.

use serde_json::Value;

use super::Lab;
use super::study::{cut_off, is_whole, results};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

/// What every seed found in a step, one after the other.
fn found<'a>(results: &'a Value, step: &str) -> Vec<&'a Value> {
    let seeds = results[step].as_array();
    let seeds = seeds.unwrap_or_else(|| panic!("{step} in {results}"));
    seeds
        .iter()
        .flat_map(|seed| seed.as_array().unwrap())
        .collect()
}

#[test]
fn other_sizes_are_run_and_a_study_cut_off_ends_with_the_same_figures() {
    let lab = Lab::new();
    cut_off(&lab, "resolution", "cut", 5);
    is_whole(&lab, "cut");
    let cut = results(&lab.path("cut"));
    let said = lab.ok("study resolution --quick --out whole");
    for line in said.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let whole = results(&lab.path("whole"));
    assert_eq!(whole, cut);

    let bound: Vec<&str> = (whole["bound"].as_array().unwrap().iter())
        .map(|pair| pair[0].as_str().unwrap())
        .collect();
    assert!(
        bound.contains(&"free2") && !bound.contains(&"cnn"),
        "{bound:?}"
    );
    // A size of one's own is no change, however images are resampled.
    for model in ["cnn", "free2", "gaussian-modes"] {
        let own = |way: &str| -> Vec<f64> {
            let all = found(&whole, &format!("{way}-{model}"));
            let own = all
                .iter()
                .filter(|at| at["size"] == serde_json::json!([28, 28]));
            own.map(|at| number(&at["accuracy"])).collect()
        };
        let trained: Vec<f64> = (0..2)
            .map(|seed| number(&whole[format!("glyphs-{model}-seed-{seed}")]["accuracy"]))
            .collect();
        for way in [
            "bilinear",
            "band-limited",
            "bilinear-to-training-size",
            "band-limited-to-training-size",
            "bilinear-to-training-size-band-limited",
        ] {
            for (got, wanted) in own(way).iter().zip(&trained) {
                assert!((got - wanted).abs() < 1e-9, "{model} {way}: {got} {wanted}");
            }
        }
    }
    // Resampling to the training size serves every network, at every size.
    for model in ["cnn", "free2"] {
        let all = found(&whole, &format!("bilinear-to-training-size-{model}"));
        assert_eq!(all.len(), 8, "{model}");
    }
    // Filters on modes commute with resampling to finer grids, those on samples do not.
    let errors = |model: &str| -> Vec<f64> {
        let all = found(&whole, &format!("commute-{model}"));
        let finer = all
            .iter()
            .filter(|apart| apart["size"][0].as_u64() > Some(28));
        finer.filter_map(|apart| apart["error"].as_f64()).collect()
    };
    for model in ["free-modes", "gaussian-modes"] {
        let errors = errors(model);
        assert!(
            errors.len() == 4 && errors.iter().all(|error| *error < 1e-4),
            "{errors:?}"
        );
    }
    for model in ["cnn", "polynomial2"] {
        assert!(errors(model).iter().all(|error| *error > 1e-2), "{model}");
    }
    assert!(errors("free2").is_empty());
    // The image itself is handed over as it was: it grew by its spectrum.
    for model in ["cnn", "free-modes"] {
        for seed in whole[format!("handover-{model}-56x56")].as_array().unwrap() {
            assert!(number(&seed[0]["error"]) < 1e-5, "{model}: {seed}");
            assert!(number(&seed[1]["error"]) > 1e-3, "{model}: {seed}");
        }
    }
    for step in ["spectral-pool-samples-seed-1", "spectral-pool-modes-seed-0"] {
        assert_eq!(found(&whole, step).len(), 16, "{step}");
    }
}
