//! The study of fixed filters, small.

use serde_json::{Value, json};

use super::Lab;
use super::study::{cut_off, is_whole, results};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

#[test]
fn fixed_filters_are_held_against_controls_and_a_study_cut_off_ends_with_the_same_figures() {
    let lab = Lab::new();
    cut_off(&lab, "fixed", "cut", 12);
    is_whole(&lab, "cut");
    let cut = results(&lab.path("cut"));
    let said = lab.ok("study fixed --quick --out whole");
    for line in said.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let whole = results(&lab.path("whole"));
    assert_eq!(whole, cut);

    // 32 kernels of nine taps and an offset; the others have none.
    assert_eq!(whole["glyphs-filters"], json!([320, 0, 0, 0]));
    for seed in 0..2 {
        let control = |name: &str| &whole[format!("glyphs-{name}-seed-{seed}")];
        for fixed in ["control-pixels", "control-untrained", "control-random"] {
            let found = control(fixed);
            assert_eq!(found["filter_parameters"], 0, "{fixed}");
            assert_eq!(number(&found["moved"]), 0.0, "{fixed}");
            assert!((0.0..=1.0).contains(&number(&found["accuracy"])), "{fixed}");
        }
        for (released, filters) in [
            ("released-sinc", 32),
            ("released-sine", 32),
            ("released-planes", 2),
        ] {
            let found = control(released);
            assert_eq!(
                found["filter_parameters"],
                filters * 2 * 28 * 15,
                "{released}"
            );
            assert!(number(&found["moved"]) > 1e-4, "{released}: {found}");
        }
    }
    let example = &whole["example"];
    assert!(
        number(&example["moved_by_half"]) < 1e-4,
        "{}",
        example["moved_by_half"]
    );
    assert!(
        number(&example["as_published"]) > 1e-2,
        "{}",
        example["as_published"]
    );
    assert!(number(&example["along_constant"]) < 1e-6);
    assert_eq!(
        example["shapes"],
        json!([[128, 128], [2, 128, 128], [2, 128, 128]])
    );
    // Times are kept apart from what must be equal.
    assert!(whole["cost"][0].get("seconds").is_none());
}
