//! The study of autoencoders, small.

use serde_json::Value;

use super::Lab;
use super::study::{cut_off, is_whole, results};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

#[test]
fn the_published_code_is_one_number_a_frequency_and_a_study_cut_off_ends_alike() {
    let lab = Lab::new();
    cut_off(&lab, "autoencoder", "cut", 4);
    is_whole(&lab, "cut");
    let cut = results(&lab.path("cut"));
    let said = lab.ok("study autoencoder --quick --out whole");
    for line in said.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(said.stdout.contains("a test loss of"), "{}", said.stdout);
    assert_eq!(results(&lab.path("whole")), cut);
    for model in [
        "autoencoder-spatial",
        "autoencoder-gaussian",
        "autoencoder-gaussian-repaired",
    ] {
        for seed in 0..2 {
            let run = &cut[format!("glyphs-{model}-seed-{seed}")];
            assert_eq!(run["goal"], "rebuild");
            assert!(number(&run["loss"]) > 0.0, "{model}");
            assert!(!run["rebuilt"].as_array().unwrap().is_empty(), "{model}");
        }
        let stages = cut[format!("glyphs-{model}-code")].as_array().unwrap();
        assert_eq!(stages.len(), 6, "{model}");
        let filtered: Vec<&Value> = (stages.iter())
            .filter(|stage| stage["place"] == "filtered")
            .collect();
        let numbers = number(&filtered[1]["numbers"]);
        match model {
            "autoencoder-gaussian" => {
                assert!((numbers - 1.0).abs() < 1e-3, "{numbers}");
                assert!(number(&filtered[1]["beyond"]) < 1e-6);
            }
            _ => assert!(numbers > 1.05, "{model}: {numbers}"),
        }
    }
    // Only the spectral encoder rectifies what is no image.
    let dropped = |model: &str| number(&cut[format!("glyphs-{model}-code")][1]["dropped"]);
    assert!(dropped("autoencoder-gaussian") > 0.01);
    assert!(dropped("autoencoder-spatial") < 1e-6);
}
