//! Studies that measure without training, small.

use serde_json::Value;

use super::Lab;
use super::study::{cut_off, is_whole, results};

fn rows(results: &Value, step: &str) -> Vec<Value> {
    let rows = results[step].as_array();
    rows.unwrap_or_else(|| panic!("{step} in {results}"))
        .clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

#[test]
fn pooling_is_measured_and_a_study_cut_off_ends_with_the_same_figures() {
    let lab = Lab::new();
    cut_off(&lab, "pooling", "cut", 4);
    is_whole(&lab, "cut");
    let cut = results(&lab.path("cut"));
    let said = lab.ok("study pooling --quick --out whole");
    for line in said.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert_eq!(results(&lab.path("whole")), cut);

    let halves = rows(&cut, "textures-factor-2");
    let error = |pool: &str, up: &str| {
        let mut found = halves
            .iter()
            .filter(|row| row["pool"] == pool && row["up"] == up);
        number(&found.next().unwrap_or_else(|| panic!("{pool} {up}"))["error"])
    };
    assert!(error("spectral", "fourier") < error("max", "nearest"));
    // The fitted way is no worse than the others but for what other images differ.
    assert!(error("mean", "fitted") < 1.05 * error("mean", "nearest"));
    let sizes = rows(&cut, "textures-spectral");
    let whole = sizes.last().unwrap();
    assert!(number(&whole["error"]) < 1e-5, "{whole}");
    for told in rows(&cut, "textures-classes") {
        assert!((0.0..=1.0).contains(&number(&told["ridge"])), "{told}");
    }
    for shifted in rows(&cut, "textures-shifts") {
        let side = shifted["size"][0].as_u64().unwrap();
        if shifted["pool"] == "spectral" && side % 2 == 1 && side > 1 {
            assert!(number(&shifted["unexplained"]) < 1e-3, "{shifted}");
        }
    }
}

#[test]
fn borders_are_measured_against_zeros_and_true_pixels() {
    let lab = Lab::new();
    lab.ok("study boundary --quick --out whole");
    is_whole(&lab, "whole");
    let whole = results(&lab.path("whole"));
    let steps = whole.as_object().unwrap().keys();
    let wrapped: Vec<Value> = (steps.filter(|step| step.starts_with("textures-wrap-")))
        .flat_map(|step| rows(&whole, step))
        .collect();
    assert!(wrapped.len() > 10);
    for row in wrapped {
        let kernel = row["kernel"].as_u64().unwrap() as usize;
        let by_distance = row["by_distance"].as_array().unwrap();
        for (distance, error) in by_distance.iter().enumerate() {
            if distance >= kernel / 2 {
                assert!(number(error) < 1e-4, "{row}");
            }
        }
        assert!(
            number(&row["differ"]) <= number(&row["touched"]) + 1e-9,
            "{row}"
        );
        if let Some(mended) = row["mended"].as_f64() {
            assert!(mended < 1e-4, "{row}");
        }
        if kernel == 1 {
            assert_eq!(number(&row["differ"]), 0.0, "{row}");
        }
    }
    assert!(!rows(&whole, "times").is_empty());
}

#[test]
fn the_crossover_is_measured_and_kept() {
    let lab = Lab::new();
    lab.ok("study crossover --quick --out whole");
    is_whole(&lab, "whole");
    let whole = results(&lab.path("whole"));
    let families = whole.as_object().unwrap();
    assert_eq!(families.len(), 2);
    for family in families.values() {
        let cases = family["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 4, "{family}");
        for way in cases
            .iter()
            .flat_map(|case| case["ways"].as_array().unwrap())
        {
            assert!(number(&way["predicted_fwdbwd_ms"]) > 0.0, "{way}");
            assert!(way["fwdbwd_ms"].as_f64().is_none_or(|ms| ms > 0.0), "{way}");
        }
    }
    // Times that were measured stay.
    lab.ok("study crossover --quick --out whole");
    assert_eq!(results(&lab.path("whole")), whole);
}
