//! The study of filters before and after training, small.

use serde_json::Value;

use super::Lab;
use super::study::{cut_off, is_whole, results};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

#[test]
fn every_filter_is_seen_to_move_and_a_study_cut_off_ends_alike() {
    let lab = Lab::new();
    cut_off(&lab, "filters", "cut", 7);
    is_whole(&lab, "cut");
    let cut = results(&lab.path("cut"));
    let said = lab.ok("study filters --quick --out whole");
    for line in said.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert_eq!(results(&lab.path("whole")), cut);
    for (model, surfaces) in [
        ("cats-fourier", 0),
        ("cats-linear", 0),
        ("cats-gaussian", 48),
    ] {
        for seed in 0..2 {
            let found = &cut[format!("textures-{model}-filters-seed-{seed}")];
            let filters = found["filters"].as_array().unwrap();
            assert_eq!(filters.len(), 24, "{model}");
            // A filter whose every output ReLU takes away has no gradient, but few are such.
            let moved = filters
                .iter()
                .filter(|filter| number(&filter["moved"]) > 0.0);
            assert!(moved.count() > 12, "{model}");
            for filter in filters {
                for when in 0..2 {
                    assert!(number(&filter["energy"][when]) > 0.0, "{model}: {filter}");
                    // In cycles per sample no frequency is higher than the corner's.
                    let frequency = number(&filter["frequency"][when]);
                    assert!((0.0..=0.7072).contains(&frequency), "{model}: {filter}");
                }
            }
            assert_eq!(
                found["bumps"].as_array().unwrap().len(),
                surfaces,
                "{model}"
            );
        }
        let strips = cut[format!("textures-{model}-pictures")]
            .as_array()
            .unwrap();
        assert_eq!(strips.len(), 2);
        for strip in strips {
            let pictures = strip["pictures"].as_array().unwrap();
            // A half-spectrum of 32×32, and an impulse response.
            assert_eq!(
                (&pictures[0]["rows"], &pictures[0]["cols"]),
                (&32.into(), &17.into())
            );
            assert_eq!(
                (&pictures[5]["rows"], &pictures[5]["cols"]),
                (&31.into(), &31.into())
            );
        }
        let overview = &cut[format!("textures-{model}-overview")]["pictures"];
        assert_eq!(overview.as_array().unwrap().len(), 6);
    }
}
