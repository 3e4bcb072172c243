//! Files of the kinds that people have, from names to samples.

use std::fs;

use super::*;
use crate::simulate::{Request, Simulation, write_npz};

/// Pairs and settings as `spectral data make` writes them.
fn solved(folder: &Path, request: &Request) -> PathBuf {
    let simulation = Simulation::new(request).unwrap();
    let path = folder.join(format!("{}.npz", request.equation));
    write_npz(&path, &simulation.run(&|_| {}).unwrap()).unwrap();
    let text = toml::to_string(simulation.settings()).unwrap();
    fs::write(path.with_extension("toml"), text).unwrap();
    path
}

fn load(path: &Path, options: &FieldOptions) -> Result<FieldSet, String> {
    load_fields(&format!("npz:{}", path.display()), options).map_err(|error| error.to_string())
}

#[test]
fn what_the_solver_writes_is_read_with_its_settings() {
    let folder = tempfile::tempdir().unwrap();
    let request = Request {
        points: Some(32),
        frames: Some(3),
        dt: Some(0.01),
        every: Some(2),
        ..Request::new("advection", 12)
    };
    let path = solved(folder.path(), &request);
    let set = load(&path, &FieldOptions::default()).unwrap();
    assert_eq!((set.train.count(), set.tests[0].samples.count()), (11, 1));
    assert_eq!(
        (set.train.len(), set.train.input_shape()),
        (33, vec![1, 32])
    );
    assert_eq!((set.tests.len(), set.tests[0].name.as_str()), (1, "test"));
    assert_eq!(set.boundary, Boundary::Periodic);
    let equation = set.equation.unwrap();
    assert_eq!(
        (equation.name, equation.interval),
        ("advection", Some(0.02))
    );
    assert_eq!(set.lengths, Some(vec![equation.length]));
    let options = FieldOptions {
        boundary: Some(Boundary::Other),
        train_count: Some(4),
        test_count: Some(3),
        ..FieldOptions::default()
    };
    let set = load(&path, &options).unwrap();
    assert_eq!((set.train.count(), set.tests[0].samples.count()), (4, 3));
    assert_eq!(set.boundary, Boundary::Other);
}

#[test]
fn a_test_file_takes_the_place_of_the_split_and_may_be_of_another_grid() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let request = |points| Request {
        points: Some(points),
        ..Request::new("burgers", 3)
    };
    let train = solved(folder.path(), &request(16));
    let test = solved(other.path(), &request(32));
    let options = FieldOptions {
        test_files: vec![test.clone(), test],
        ..FieldOptions::default()
    };
    let set = load(&train, &options).unwrap();
    assert_eq!(set.train.count(), 3);
    let names: Vec<&str> = set.tests.iter().map(|test| test.name.as_str()).collect();
    assert_eq!(names, ["burgers", "burgers-2"]);
    assert_eq!(set.tests[0].samples.sizes(), [32]);
    let darcy = solved(
        other.path(),
        &Request {
            points: Some(8),
            ..Request::new("darcy", 2)
        },
    );
    let options = FieldOptions {
        test_files: vec![darcy],
        ..FieldOptions::default()
    };
    assert!(load(&train, &options).unwrap_err().contains("darcy.npz"));
}

#[test]
fn options_out_of_range_and_unknown_names_are_refused() {
    for (options, part) in [
        (
            FieldOptions {
                axes: Some(4),
                ..Default::default()
            },
            "1 to 3",
        ),
        (
            FieldOptions {
                train_count: Some(0),
                ..Default::default()
            },
            "at least 1",
        ),
        (
            FieldOptions {
                test_count: Some(0),
                ..Default::default()
            },
            "at least 1",
        ),
    ] {
        let error = load_fields("darcy", &options).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let error = load_fields("wave", &FieldOptions::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("darcy, npz:FILE"), "{error}");
    for (name, known) in [
        ("darcy", true),
        ("npz:a.npz", true),
        ("mnist", false),
        ("folder:a", false),
    ] {
        assert_eq!(is_field_set(name), known);
    }
}
