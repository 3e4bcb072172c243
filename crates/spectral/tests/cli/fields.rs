//! `data inspect`: what files of fields hold.

use std::fs;

use super::Lab;

#[test]
fn what_the_solver_made_is_described() {
    let lab = Lab::new();
    lab.ok("data make kdv --count 20 --points 16 --frames 3 --out a.npz");
    let said = lab.json("data inspect npz:a.npz --json");
    assert_eq!(
        (&said["kind"], &said["boundary"]),
        (&"trajectories".into(), &"periodic".into())
    );
    assert_eq!(said["equation"]["name"], "kdv");
    let parts = said["parts"].as_array().unwrap();
    let counts: Vec<_> = parts
        .iter()
        .map(|part| (part["name"].as_str(), part["pairs"].as_u64()))
        .collect();
    assert_eq!(counts, [(Some("train"), Some(54)), (Some("test"), Some(6))]);
    assert_eq!(parts[0]["sides"][0]["shape"], serde_json::json!([1, 16]));
    let text = lab.ok("data inspect npz:a.npz --test-count 5").stdout;
    for part in [
        "npz:a.npz: trajectories, periodic boundary",
        "kdv",
        "15 x 4",
        "5 x 4",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{text}");
    let said = lab.json("data inspect npz:a.npz --boundary other --json");
    assert_eq!(said["boundary"], "other");
}

#[test]
fn another_file_is_for_testing_at_its_resolution() {
    let lab = Lab::new();
    lab.ok("data make darcy --count 4 --points 8 --out a.npz");
    lab.ok("data make darcy --count 3 --points 16 --out fine.npz");
    let said = lab.json("data inspect npz:a.npz --test-file fine.npz --json");
    let parts = said["parts"].as_array().unwrap();
    assert_eq!(
        (&parts[0]["samples"], &parts[1]["name"]),
        (&4.into(), &"fine".into())
    );
    assert_eq!(
        parts[1]["sides"][1]["shape"],
        serde_json::json!([1, 16, 16])
    );
    assert_eq!(said["boundary"], "other");
}

#[test]
fn what_cannot_be_read_is_told_with_what_is_accepted() {
    let lab = Lab::new();
    fs::write(lab.path("a.npz"), b"no archive").unwrap();
    lab.ok("data make darcy --count 1 --points 8 --out one.npz");
    for (line, code, parts) in [
        ("data inspect glyphs", 2, ["'glyphs'", "darcy, npz:FILE"]),
        (
            "data inspect npz:a.npz",
            1,
            ["a.npz: damaged or truncated", "Zip"],
        ),
        ("data inspect npz:none.npz", 1, ["none.npz", "No such file"]),
        (
            "data inspect npz:one.npz",
            1,
            ["number of samples: 1", "at least one for training"],
        ),
        (
            "data inspect npz:one.npz --axes 4",
            1,
            ["axes = 4", "1 to 3"],
        ),
        (
            "data inspect darcy --data-dir here",
            1,
            ["darcy_train_16.npz", "spectral data make darcy"],
        ),
    ] {
        let said = lab.fails(line, code);
        for part in parts {
            assert!(said.contains(part), "{line}: {part}\n{said}");
        }
    }
}
