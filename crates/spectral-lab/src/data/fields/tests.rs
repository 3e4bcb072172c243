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

/// A file that NumPy wrote: `tests/numpy/make.py`.
fn numpy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/numpy")
        .join(name)
}

/// The values of that script.
fn ramp(count: usize) -> Vec<f32> {
    (0..count).map(|at| at as f32 / 8.0 - 1.0).collect()
}

#[test]
fn pairs_that_numpy_wrote_are_read_in_any_type_and_order() {
    let set = load(&numpy("pairs.npz"), &FieldOptions::default()).unwrap();
    let Samples::Pairs { inputs, targets } = &set.train else {
        panic!("{:?}", set.train)
    };
    assert_eq!(
        (inputs.shape.as_slice(), targets.shape.as_slice()),
        (&[3, 2, 4][..], &[3, 1, 4][..])
    );
    assert_eq!((&inputs.values, &targets.values), (&ramp(24), &ramp(12)));
    assert_eq!(
        (set.tests[0].name.as_str(), set.boundary, set.lengths),
        ("test-8", Boundary::Other, None)
    );
    let Samples::Pairs { inputs, targets } = &set.tests[0].samples else {
        panic!("{:?}", set.tests)
    };
    assert_eq!(
        (inputs.shape.as_slice(), targets.shape.as_slice()),
        (&[2, 2, 8][..], &[2, 1, 8][..])
    );
    assert_eq!((&inputs.values, targets.values[15]), (&ramp(32), 15.0));

    let set = load(&numpy("fortran.npz"), &FieldOptions::default()).unwrap();
    assert_eq!(
        (set.train.input_shape(), set.train.target_shape()),
        (vec![2, 4, 5], vec![1, 4, 5])
    );
    let (x, y) = set.tests[0].samples.pair(0);
    assert_eq!((x, y), (&ramp(120)[80..], &ramp(60)[40..]));
}

#[test]
fn trajectories_that_numpy_wrote_are_read() {
    for (name, train) in [("big-endian.npz", 4), ("half.npy", 3)] {
        let set = load(&numpy(name), &FieldOptions::default()).unwrap();
        assert_eq!((set.train.count(), set.train.steps()), (train, 2), "{name}");
        assert_eq!(set.train.state(1, 2), &ramp(72)[30..36], "{name}");
    }
    let set = load(&numpy("big-endian.npz"), &FieldOptions::default()).unwrap();
    assert_eq!(set.tests[0].samples.state(1, 0)[..2], [18.0, 19.0]);
}

#[test]
fn files_that_do_not_hold_fields_are_refused_with_the_reason() {
    for (name, parts) in [
        (
            "object.npz",
            ["object.npz: 'x': type object", "astype('float32')"],
        ),
        ("complex.npz", ["'x': type complex64", "as two channels"]),
        (
            "bare.npz",
            ["found: a, b; accepted: x and y (pairs)", "u (trajectories)"],
        ),
        ("unpaired.npz", ["x without y", "found: x, u"]),
        ("gap.npz", ["'u': the value at [1, 2, 0] is NaN", "finite"]),
        (
            "cut-half.npy",
            [
                "cut-half.npy: truncated",
                "shape [4, 3, 1, 6] of float16 needs 144 bytes",
            ],
        ),
        ("cut-pairs.npz", ["cut-pairs.npz: damaged or truncated", ""]),
        ("none.npz", ["none.npz", "No such file"]),
        (
            "make.py",
            [
                "make.py: accepted: a .npz file",
                ".npy file of trajectories",
            ],
        ),
    ] {
        let error = load(&numpy(name), &FieldOptions::default()).unwrap_err();
        for part in parts {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
}

#[test]
fn the_darcy_set_is_found_through_the_data_folder() {
    let root = tempfile::tempdir().unwrap();
    let options = FieldOptions {
        data_dir: Some(root.path().into()),
        ..FieldOptions::default()
    };
    let folder = root.path().join("darcy");
    fs::create_dir(&folder).unwrap();
    for (name, points, count) in [("train_16", 16, 3), ("test_16", 16, 2)] {
        let request = Request {
            points: Some(points),
            ..Request::new("darcy", count)
        };
        fs::rename(
            solved(root.path(), &request),
            folder.join(format!("darcy_{name}.npz")),
        )
        .unwrap();
    }
    let request = Request {
        points: Some(32),
        ..Request::new("darcy", 2)
    };
    fs::rename(
        solved(root.path(), &request),
        folder.join("darcy_test_32.npz"),
    )
    .unwrap();
    let set = load_fields("darcy", &options).unwrap();
    let names: Vec<&str> = set.tests.iter().map(|test| test.name.as_str()).collect();
    assert_eq!((set.train.count(), names), (3, vec!["test", "test-32"]));
    assert_eq!(
        (set.boundary, set.train.input_shape()),
        (Boundary::Other, vec![1, 16, 16])
    );
    assert_eq!(set.tests[1].samples.sizes(), [32, 32]);
    let options = FieldOptions {
        axes: Some(1),
        ..options
    };
    assert!(
        load_fields("darcy", &options)
            .unwrap_err()
            .to_string()
            .contains("1 for 'darcy'")
    );
}
