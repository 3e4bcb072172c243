//! The study of parametric filters, small.

use serde_json::Value;

use super::Lab;
use super::study::{cut_off, is_whole, results};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

#[test]
fn published_networks_are_seen_to_keep_frequencies_apart_and_a_study_cut_off_ends_alike() {
    let lab = Lab::new();
    cut_off(&lab, "parametric", "cut", 9);
    is_whole(&lab, "cut");
    let cut = results(&lab.path("cut"));
    let said = lab.ok("study parametric --quick --out whole");
    for line in said.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert_eq!(results(&lab.path("whole")), cut);

    for model in ["cats-fourier", "cats-linear", "cats-gaussian"] {
        let sight = &cut[format!("textures-{model}-sight")];
        for leak in sight["leaks"].as_array().unwrap() {
            assert!(number(&leak["elsewhere"]) < 1e-5, "{model}: {leak}");
            assert!(leak["changed"].as_u64().unwrap() <= 1, "{model}: {leak}");
        }
        for colors in ["permuted", "exchanged"] {
            assert!(number(&sight["colors"][colors]) < 1e-3, "{model}: {colors}");
        }
        assert!(number(&sight["contrast"]) < 1e-3, "{model}");
        let repaired = &cut[format!("textures-{model}-repaired-sight")];
        for leak in repaired["leaks"].as_array().unwrap() {
            assert!(number(&leak["elsewhere"]) > 1e-3, "{model}: {leak}");
        }
        assert!(number(&repaired["colors"]["permuted"]) > 1e-3, "{model}");
    }
    // Read before the first step and after each of the two.
    for seed in 0..2 {
        let pace = &cut[format!("textures-cats-spatial-pace-seed-{seed}")];
        assert_eq!(pace["steps"], serde_json::json!([0, 1, 2]));
        assert!(
            pace["losses"]
                .as_array()
                .unwrap()
                .iter()
                .all(|loss| number(loss) > 0.0)
        );
    }
    for (side, bins) in [(16, 16 * 9), (31, 31 * 16), (45, 45 * 23)] {
        let costs = cut[format!("side-{side}")].as_array().unwrap();
        let filters = |model: &str| {
            let mut found = costs.iter().filter(|cost| cost["model"] == model);
            found.next().unwrap()["filter_params"].as_u64().unwrap()
        };
        assert_eq!(
            (filters("cats-linear"), filters("cats-gaussian")),
            (192, 288)
        );
        assert_eq!(filters("cats-fourier"), 48 * bins);
    }
}
