//! `evaluate`.

use super::Lab;

const TRAIN: &str = "--data glyphs --train-count 200 --test-count 100 --epochs 1 --json";

#[test]
fn a_saved_network_scores_as_it_did_after_training_and_runs_at_other_sizes() {
    let lab = Lab::new();
    let trained = lab.json(&format!("train --model cnn {TRAIN} --run run --seed 3"));
    let same = lab.json("evaluate run --json");
    for figure in ["accuracy", "precision", "recall", "f1", "loss"] {
        assert_eq!(same[figure], trained[figure], "{figure}");
    }
    assert_eq!(
        (&same["images"], &same["model"]),
        (&100.into(), &"cnn".into())
    );
    // The file knows nothing of the data: their seed and number have to be told.
    let file = "evaluate run/model.safetensors --data glyphs --seed 3 --test-count 100 --json";
    let from_file = lab.json(file);
    assert_eq!(from_file["accuracy"], same["accuracy"]);
    for size in ["56x56", "41x37"] {
        let other = lab.json(&format!("evaluate run --size {size} --json"));
        let accuracy = other["accuracy"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&accuracy));
        assert!(other["loss"].as_f64().unwrap() > 0.0);
        assert_ne!(other["loss"], same["loss"]);
        let said = lab.ok(&format!("evaluate run --size {size}")).stdout;
        assert!(said.contains(size) && said.contains("accuracy"), "{said}");
    }
}

#[test]
fn images_of_another_size_can_be_resampled_back_for_any_network() {
    let lab = Lab::new();
    // One that runs at its training size only.
    lab.json(&format!("train --model free1 {TRAIN} --run run"));
    let own = lab.json("evaluate run --json");
    let back = "evaluate run --size 56x56 --resample-to-training-size";
    let resampled = lab.json(&format!("{back} --json"));
    assert_eq!(resampled["size"], serde_json::json!([56, 56]));
    assert_eq!(resampled["run_at"], serde_json::json!([28, 28]));
    let [own, resampled] = [own, resampled].map(|scores| scores["loss"].as_f64().unwrap());
    assert!(
        own != resampled && (own - resampled).abs() < 0.05 * own,
        "{own} {resampled}"
    );
    let said = lab.ok(back).stdout;
    assert!(said.contains("56x56") && said.contains("28x28"), "{said}");
    let said = lab.fails("evaluate run --resample-to-training-size", 2);
    assert!(said.contains("--size"), "{said}");
}

#[test]
fn what_a_network_cannot_take_is_told_before_it_runs() {
    let lab = Lab::new();
    lab.json(&format!("train --model free1 {TRAIN} --run run"));
    let said = lab.fails("evaluate run --size 56x56", 1);
    assert!(said.contains("28x28") && said.contains("56x56"), "{said}");
    let said = lab.fails("evaluate run --size 4x4", 1);
    assert!(said.contains("at least 8x8"), "{said}");
    assert!(
        lab.fails("evaluate run --size 5000x28", 1)
            .contains("error: ")
    );
    for (line, code, part) in [
        ("evaluate run --size 3", 2, "HEIGHTxWIDTH"),
        ("evaluate run/model.safetensors", 2, "--data"),
        (
            "evaluate run/model.safetensors --data glyphs --best",
            2,
            "--best",
        ),
        ("evaluate nowhere --data glyphs", 1, "nowhere"),
        ("evaluate run --data mnist", 1, "mnist"),
    ] {
        let said = lab.fails(line, code);
        assert!(said.contains(part), "{line}\n{said}");
    }
}
