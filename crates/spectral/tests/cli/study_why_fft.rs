//! The study of five complaints, small.

use serde_json::Value;

use super::Lab;
use super::study::{cut_off, is_whole, results};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}

fn rows<'a>(results: &'a Value, step: &str) -> &'a [Value] {
    let rows = results[step].as_array();
    rows.unwrap_or_else(|| panic!("{step} in {results}"))
}

#[test]
fn complaints_are_measured_and_a_study_cut_off_ends_with_the_same_figures() {
    let lab = Lab::new();
    cut_off(&lab, "why-fft", "cut", 6);
    is_whole(&lab, "cut");
    let cut = results(&lab.path("cut"));
    let said = lab.ok("study why-fft --quick --out whole");
    for line in said.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let whole = results(&lab.path("whole"));
    assert_eq!(whole, cut);

    // A network of magnitudes sees the magnitude alone, wherever the image is.
    for seed in rows(&whole, "exchange-fft-magnitude") {
        let magnitude = number(&seed["magnitude_alone"]);
        assert!((number(&seed["whole"]) - magnitude).abs() < 0.02, "{seed}");
    }
    for seed in rows(&whole, "shifts-fft-magnitude") {
        let shares: Vec<f64> = seed.as_array().unwrap().iter().map(number).collect();
        for share in &shares {
            assert!((share - shares[0]).abs() < 0.02, "{seed}");
        }
    }
    let kept = &whole["kept"];
    for exact in ["round_trip", "polar_round_trip", "magnitude_moved"] {
        assert!(number(&kept[exact]) < 1e-5, "{kept}");
    }
    assert!(number(&kept["spectrum_moved"]) > 0.1, "{kept}");

    let steps = whole.as_object().unwrap();
    let gradients = steps.keys().filter(|step| step.starts_with("gradients-"));
    let gradients: Vec<&Value> = gradients.flat_map(|step| rows(&whole, step)).collect();
    assert_eq!(gradients.len(), 25);
    for row in gradients {
        let error = number(&row["error"]);
        assert!(error > 0.0 && error < 1e-5, "{row}");
        assert!(number(&row["by_differences"]) < 1e-5, "{row}");
    }
    for row in rows(&whole, "norms") {
        let (side, gain) = (number(&row["size"]), number(&row["transform"]));
        let scale = match row["norm"].as_str().unwrap() {
            "backward" => side,
            "forward" => 1.0 / side,
            _ => 1.0,
        };
        assert!((gain / scale - 0.5_f64.sqrt()).abs() < 0.2, "{row}");
    }
    let whole_image = &rows(&whole, "reach")[0];
    let [by_pixel, outputs] = ["by_pixel", "outputs"].map(|key| number(&whole_image[key]));
    assert_eq!(by_pixel, outputs);
    for seed in rows(&whole, "kernels-fft-cnn-small") {
        assert!(number(&seed["within_three"]) > 0.999, "{seed}");
    }
    // Times are kept apart from what must be equal.
    assert!(whole["cost-28"].get("seconds").is_none());
}
