//! `data make`: data sets of solutions of partial differential equations.

use std::fs::{self, File};
use std::path::Path;

use serde_json::Value;

use super::Lab;

/// An array of an `.npz` file: shape, type and values.
fn array(path: &Path, name: &str) -> (Vec<u64>, String, Vec<f64>) {
    let mut zip = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
    let entry = zip.by_name(&format!("{name}.npy")).unwrap();
    let npy = npyz::NpyFile::new(entry).unwrap();
    let (shape, dtype) = (npy.shape().to_vec(), npy.dtype().descr());
    assert_eq!(npy.order(), npyz::Order::C);
    let values = match dtype.as_str() {
        "'<f4'" => {
            let values: Vec<f32> = npy.into_vec().unwrap();
            values.into_iter().map(f64::from).collect()
        }
        _ => npy.into_vec().unwrap(),
    };
    (shape, dtype, values)
}

fn text<'a>(settings: &'a toml::Table, name: &str) -> &'a str {
    settings[name].as_str().unwrap()
}

#[test]
fn every_equation_makes_the_same_file_with_one_thread_and_with_three() {
    let lab = Lab::new();
    let list = lab.json("data make --list --json");
    let equations = list.as_array().unwrap();
    assert_eq!(equations.len(), 10);
    for equation in equations {
        let name = equation["name"].as_str().unwrap();
        let steady = equation["time"].is_null();
        let steps = if steady { "" } else { " --frames 3 --every 2" };
        let line =
            |out: &str| format!("data make {name} --count 9 --points 16{steps} --out {out}.npz");
        let mut files = Vec::new();
        for threads in ["1", "3"] {
            let said = lab.run_with(&[("RAYON_NUM_THREADS", threads)], &line(threads));
            assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{name}");
            files.push(fs::read(lab.path(&format!("{threads}.npz"))).unwrap());
        }
        assert!(files[0] == files[1], "{name}");
        let dimensions = equation["dimensions"][0].as_u64().unwrap() as usize;
        let space = vec![16; dimensions];
        let arrays: &[(&str, &[u64])] = match steady {
            true => &[("x", &[9, 1]), ("y", &[9, 1])],
            false => &[("u", &[9, 4, 1])],
        };
        for (array_name, leading) in arrays {
            let (shape, dtype, values) = array(&lab.path("1.npz"), array_name);
            assert_eq!(shape, [leading, &space[..]].concat(), "{name}");
            assert_eq!(dtype, "'<f4'", "{name}");
            assert_eq!(values.len() as u64, shape.iter().product::<u64>());
            assert!(values.iter().all(|value| value.is_finite()), "{name}");
            let first = values[0];
            assert!(values.iter().any(|&value| value != first), "{name}");
        }
        let settings: toml::Table = fs::read_to_string(lab.path("1.toml"))
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(text(&settings, "equation"), name);
        assert_eq!(
            text(&settings, "command"),
            format!("spectral {}", line("1"))
        );
        assert_eq!(text(&settings, "version"), env!("CARGO_PKG_VERSION"));
        assert_eq!(settings["seed"].as_integer(), Some(0));
    }
}

#[test]
fn pairs_follow_the_seed_and_the_parameters_and_may_be_float64() {
    let lab = Lab::new();
    let line = "data make burgers --count 3 --points 32 --every 4 --dtype f64 --json --out";
    let report = lab.json(&format!("{line} a.npz --seed 5"));
    let shapes: Vec<&Value> = report["arrays"].as_array().unwrap().iter().collect();
    assert_eq!(shapes[1]["name"], "y");
    assert_eq!(shapes[1]["shape"], serde_json::json!([3, 1, 32]));
    assert_eq!(
        shapes[1]["axes"],
        serde_json::json!(["sample", "channel", "x"])
    );
    assert_eq!(report["settings"]["parameters"]["viscosity"], 0.1);
    let (shape, dtype, x) = array(&lab.path("a.npz"), "x");
    assert_eq!((shape, dtype.as_str()), (vec![3, 1, 32], "'<f8'"));
    let made = |options: &str, name: &str| {
        lab.ok(&format!("{line} b.npz {options}"));
        array(&lab.path("b.npz"), name).2
    };
    let y = array(&lab.path("a.npz"), "y").2;
    assert_eq!(made("--seed 5", "y"), y);
    assert_ne!(made("--seed 6", "x"), x);
    assert_eq!(made("--seed 5 --viscosity 0.2", "x"), x);
    assert_ne!(made("--seed 5 --viscosity 0.2", "y"), y);
    assert_eq!(made("--seed 5 --dimensions 2", "y").len(), 3 * 2 * 32 * 32);
}

#[test]
fn what_cannot_be_made_is_told_before_the_work_and_leaves_no_file() {
    let lab = Lab::new();
    for (line, code, parts) in [
        ("data make heat --out a.npz", 2, ["'heat'", "diffusion"]),
        ("data make kdv", 2, ["--out", "required"]),
        ("data make kdv --out a.npy", 2, ["a.npy", "ends in .npz"]),
        (
            "data make kdv --out a.npz --initial noise",
            2,
            ["noise", "fourier:MODES"],
        ),
        (
            "data make kdv --out a.npz --count 0",
            2,
            ["count", "at least 1"],
        ),
        (
            "data make kdv --out none/a.npz",
            1,
            ["none/a.npz", "No such file"],
        ),
        (
            "data make kdv --out a.npz --viscosity 1",
            1,
            ["viscosity = 1", "convection"],
        ),
        (
            "data make kdv --out a.npz --dimensions 2",
            1,
            ["dimensions = 2", "'kdv'"],
        ),
        (
            "data make burgers --out a.npz --viscosity -1",
            1,
            ["viscosity is -1", "from 0 on"],
        ),
        (
            "data make darcy --out a.npz --dt 0.1",
            1,
            ["dt = 0.1", "steady"],
        ),
        (
            "data make kdv --out a.npz --points 1",
            1,
            ["1 points", "2 to"],
        ),
        (
            "data make kdv --out a.npz --count 9000000",
            1,
            ["9000000, 51, 1, 256", "16.0 GB"],
        ),
        (
            "data make kdv --out a.npz --count 2 --dt 1 --initial fourier:5,100",
            1,
            ["diverged", "smaller time step"],
        ),
    ] {
        let said = lab.fails(line, code);
        for part in parts {
            assert!(said.contains(part), "{line}: {part}\n{said}");
        }
    }
    let left: Vec<_> = fs::read_dir(lab.path(".")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_equations_are_listed_with_their_defaults() {
    let lab = Lab::new();
    for said in [lab.ok("data make --list"), lab.ok("data make --help")] {
        for part in [
            "kuramoto-sivashinsky",
            "viscosity ν = 0.1",
            "u_t + c u_x = 0",
        ] {
            assert!(said.stdout.contains(part), "{part}\n{}", said.stdout);
        }
        let widest = said.stdout.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(80), "{widest:?}\n{}", said.stdout);
    }
}
