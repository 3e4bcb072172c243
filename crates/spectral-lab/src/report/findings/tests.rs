use super::*;
use crate::report::SeedReport;

fn model(name: &str, accuracy: f64) -> ModelReport {
    ModelReport {
        model: name.into(),
        accuracy,
        epoch_s: 2.0,
        images_per_s: 5000.0,
        params: 1000,
        ..ModelReport::default()
    }
}

fn data(models: Vec<ModelReport>) -> DataSetReport {
    DataSetReport {
        name: "glyphs".into(),
        train_count: 10_000,
        test_count: 2000,
        models,
        ..DataSetReport::default()
    }
}

#[test]
fn the_text_follows_the_figures() {
    let with = |other| accuracies(&data(vec![model("cnn", 0.9), model("free2", other)]));
    for (accuracy, part) in [
        (0.95, "Better: free2 (95.0 %, +5.0 points)."),
        (0.8, "Worse: free2 (80.0 %, −10.0 points)."),
        (
            0.901,
            "with 2,000 test images: free2 (90.1 %, +0.1 points).",
        ),
        (f64::NAN, "Diverged: free2."),
    ] {
        assert!(with(accuracy).contains(part), "{}", with(accuracy));
    }
}

#[test]
fn losses_are_told_where_there_is_no_accuracy() {
    let rebuilding = |name: &str, loss| ModelReport {
        goal: Goal::Rebuild,
        loss,
        ..model(name, f64::NAN)
    };
    let text = accuracies(&data(vec![
        rebuilding("cnn", 0.0623),
        rebuilding("free2", 0.0809),
        rebuilding("kk2", 0.06),
    ]));
    assert_eq!(
        text,
        "On glyphs, cnn reconstructs 2,000 test images with a mean loss of 0.0623. \
         Better: kk2 (0.0600). Worse: free2 (0.0809)."
    );
}

#[test]
fn relative_errors_are_told_of_networks_that_predict_fields() {
    let predicting = |name: &str, l2| ModelReport {
        goal: Goal::Predict,
        l2: Some(l2),
        ..model(name, f64::NAN)
    };
    let networks = vec![
        predicting("fno", 0.084),
        predicting("resnet", 0.21),
        predicting("unet", 0.042),
        predicting("ffno", f64::NAN),
    ];
    let report = Report {
        data_sets: vec![data(networks)],
        ..Report::default()
    };
    let told = findings(&report);
    assert_eq!(
        told[0],
        "On glyphs, fno has a mean relative L2 error of 0.0840 on 2,000 test samples. \
         Better: unet (0.0420, 0.50×). Worse: resnet (0.210, 2.5×). Diverged: ffno."
    );
    assert!(told[1].contains("for 10,000 samples"), "{told:?}");
}

#[test]
fn errors_within_the_scatter_of_the_seeds_do_not_differ() {
    let seeds = |name: &str, errors: [f64; 3]| ModelReport {
        goal: Goal::Predict,
        l2: Some(errors.iter().sum::<f64>() / 3.0),
        seeds: errors
            .map(|l2| SeedReport {
                l2: Some(l2),
                ..SeedReport::default()
            })
            .to_vec(),
        ..model(name, f64::NAN)
    };
    let text = accuracies(&data(vec![
        seeds("fno", [0.08, 0.09, 0.1]),
        seeds("ffno", [0.081, 0.093, 0.099]),
        seeds("unet", [0.2, 0.21, 0.22]),
    ]));
    assert!(
        text.contains("No significant difference with 3 seeds: ffno (0.0910, 1.0×)."),
        "{text}"
    );
    assert!(text.contains("Worse: unet (0.210, 2.3×)."), "{text}");
}

#[test]
fn a_difference_smaller_than_the_scatter_of_the_seeds_is_chance() {
    let seeds = |name: &str, accuracies: [f64; 2]| ModelReport {
        seeds: accuracies
            .map(|accuracy| SeedReport {
                accuracy,
                ..SeedReport::default()
            })
            .to_vec(),
        ..model(name, (accuracies[0] + accuracies[1]) / 2.0)
    };
    let text = accuracies(&data(vec![
        seeds("cnn", [0.9, 0.9]),
        seeds("free2", [0.8, 0.9]),
    ]));
    assert!(text.contains("over 2 seeds"), "{text}");
    assert!(
        text.contains("No significant difference with 2 seeds: free2 (85.0 %, −5.0 points)"),
        "{text}"
    );
}

#[test]
fn nothing_is_compared_with_a_diverged_network() {
    let text = accuracies(&data(vec![model("cnn", f64::NAN), model("free2", 0.9)]));
    assert_eq!(
        text,
        "On glyphs, cnn diverged, so there is no baseline to compare with."
    );
}

#[test]
fn a_repair_is_compared_with_what_it_repairs() {
    let text = |models| {
        repairs(&Report {
            data_sets: vec![data(models)],
            ..Report::default()
        })
    };
    let pair = |repaired| text(vec![model("kk2", 0.5), model("kk2-repaired", repaired)]);
    assert!(
        pair(0.7)
            .unwrap()
            .contains("kk2 on glyphs gains (+20.0 points)")
    );
    assert!(
        pair(0.3)
            .unwrap()
            .contains("kk2 on glyphs loses (−20.0 points)")
    );
    assert!(pair(0.505).unwrap().contains("shows no significant change"));
    assert_eq!(pair(f64::NAN), None);
    assert_eq!(text(vec![model("kk2-repaired", 0.5)]), None);
}

#[test]
fn times_are_multiples_of_the_first_networks() {
    let mut slow = model("free2", 0.9);
    slow.epoch_s = 5.0;
    let report = Report {
        data_sets: vec![data(vec![model("cnn", 0.9), slow])],
        ..Report::default()
    };
    let text = times(&report).unwrap();
    assert!(
        text.contains("relative to cnn: on glyphs free2 2.50 (cnn 2.00 s"),
        "{text}"
    );
}

#[test]
fn dead_parameters_are_told_only_if_there_are_any() {
    let mut report = Report {
        data_sets: vec![data(vec![model("kk2", 0.5)])],
        ..Report::default()
    };
    assert_eq!(dead(&report), None);
    report.data_sets[0].models[0].dead_params = 528;
    assert!(
        dead(&report)
            .unwrap()
            .starts_with("528 of the 1,000 parameters of kk2 are dead")
    );
}

#[test]
fn effective_pixels_count_what_is_lit_evenly() {
    let grid = |values: &[f32]| Grid {
        rows: 1,
        cols: values.len(),
        values: values.to_vec(),
    };
    assert_eq!(effective_pixels(&grid(&[0.0, -3.0, 0.0])), 1.0);
    assert_eq!(effective_pixels(&grid(&[2.0, -2.0, 2.0, 0.0])), 3.0);
    assert!(effective_pixels(&grid(&[0.0])).is_nan());
}

#[test]
fn thousands_are_set_apart() {
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (1000, "1,000"),
        (1_234_567, "1,234,567"),
    ] {
        assert_eq!(count(number), text);
    }
}
