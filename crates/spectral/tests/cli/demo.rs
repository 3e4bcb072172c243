//! The demo, small.

use std::fs;

use serde_json::Value;

use super::Lab;

#[test]
fn the_demo_writes_a_report_that_needs_nothing_else() {
    let lab = Lab::new();
    let said = lab.ok("--quick --train-count 128 --epochs 1 --seed 3");
    assert!(
        said.stdout.contains("kk2-repaired") && said.stdout.contains("textures"),
        "{}",
        said.stdout
    );
    assert!(
        said.stderr.ends_with("report: report/report.html\n"),
        "{}",
        said.stderr
    );
    for line in said.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }

    let page = fs::read_to_string(lab.path("report/report.html")).unwrap();
    for outside in ["src=\"http", "href=\"http", "<link", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(
        fs::read_to_string(lab.path("report/report.md"))
            .unwrap()
            .contains("kk2-repaired")
    );

    let report: Value =
        serde_json::from_str(&fs::read_to_string(lab.path("report/report.json")).unwrap()).unwrap();
    let provenance = &report["provenance"];
    assert_eq!(
        provenance["command"],
        "spectral --quick --train-count 128 --epochs 1 --seed 3"
    );
    assert_eq!(provenance["seed"], 3);
    assert!(provenance["date"].as_str().unwrap().ends_with(" UTC"));
    let sets = report["data_sets"].as_array().unwrap();
    assert_eq!(sets.len(), 3);
    let (fields, images) = sets.split_first().unwrap();
    for model in fields["models"].as_array().unwrap() {
        assert!(model["relative_l2"].as_f64().unwrap() < 1.0, "{model}");
    }
    assert!(page.contains("persistence") && page.contains("data:image/png"));
    for set in images {
        assert_eq!(set["train_count"], 128);
        assert_eq!(set["samples"].as_array().unwrap().len(), 10);
        for model in set["models"].as_array().unwrap() {
            assert!(!model["filters"].as_array().unwrap().is_empty());
            assert_eq!(model["history"].as_array().unwrap().len(), 1);
            let counted: u64 = model["confusion"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|row| row.as_array().unwrap())
                .map(|count| count.as_u64().unwrap())
                .sum();
            assert_eq!(counted, set["test_count"]);
        }
    }
    // The published layer and free weights have parameters that cannot act, and the text says why.
    let summary = report["summary"].to_string();
    for part in [
        "parameters of kk2",
        "parameters of free2 are dead",
        "imaginary part β",
        "their own negative",
    ] {
        assert!(summary.contains(part), "{part}: {summary}");
    }
}

#[test]
fn the_demo_prints_json_alone_when_asked() {
    let lab = Lab::new();
    let list = lab.json("demo --quick --train-count 64 --epochs 1 --out elsewhere --json");
    assert_eq!(list.as_array().unwrap().len(), 10);
    assert!(lab.path("elsewhere/report.html").is_file());
}
