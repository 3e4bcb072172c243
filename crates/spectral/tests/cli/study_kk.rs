//! The study of KKLayer, small.

use super::Lab;
use super::study::{cut_off, is_whole, results};

#[test]
fn kklayer_is_compared_and_seen_through() {
    let lab = Lab::new();
    cut_off(&lab, "kk", "cut", 12);
    is_whole(&lab, "cut");
    let cut = results(&lab.path("cut"));
    for set in ["glyphs", "textures"] {
        let layer = |model: &str| cut[format!("{set}-{model}-layer")].clone();
        let kk = layer("kk1");
        assert_eq!(kk["equivalent"], "flip, then 1x1 convolution");
        assert!(kk["residual"].as_f64().unwrap() < 1e-5, "{kk}");
        // β of every pair of channels, of gray images.
        assert_eq!(kk["dead"], 16, "{kk}");
        assert_eq!(layer("cnn")["dead"], 0);
        assert!(layer("cnn")["by_three"].as_f64().unwrap() < 1e-5);
        assert!(layer("free1")["by_three"].as_f64().unwrap() > 0.1);
        for seed in 0..2 {
            let run = &cut[format!("{set}-kk2-seed-{seed}")];
            assert_eq!(run["history"].as_array().unwrap().len(), 1);
        }
        // Those that are sure of a mistake first.
        let mistakes = cut[format!("{set}-kk2-mistakes")].as_array().unwrap();
        assert!(!mistakes.is_empty());
        for mistake in mistakes {
            let label = mistake["picture"]["label"].as_str().unwrap();
            let (truth, named) = label.split_once(", predicted as ").unwrap();
            assert!(!named.starts_with(&format!("{truth} (")), "{label}");
        }
    }
    for loops in ["loops-1-16", "loops-16-32"] {
        assert!(cut[loops]["difference"].as_f64().unwrap() < 1e-5);
    }
}
