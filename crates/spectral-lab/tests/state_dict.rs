//! Networks of neuraloperator, read from files and written to them.

use std::path::{Path, PathBuf};
use std::process::Command;

use burn::tensor::{Device, Tensor, TensorData};
use burn_spectral::operator::state_dict::{Argument, Entry, StateDictError, Values, axes};
use burn_spectral::operator::{Fno, Fno2d, FnoConfig};
use spectral_lab::state_dict::{StateFile, StateFileError};

const NAMES: [&str; 13] = [
    "fno_1d",
    "fno_2d",
    "fno_2d_odd",
    "fno_3d",
    "fno_batch_norm",
    "fno_gated",
    "fno_no_skips",
    "fno_padded",
    "fno_plain",
    "tfno_1d_cp",
    "tfno_2d_tt",
    "tfno_2d_tucker",
    "tfno_3d_tucker",
];

fn path(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/state_dict");
    folder.join(name)
}

fn read(name: &str) -> StateFile {
    StateFile::read(&path(&format!("{name}.safetensors"))).unwrap()
}

fn real(entry: &Entry) -> &[f32] {
    match &entry.values {
        Values::Real(values) => values,
        other => panic!("{} values", other.kind()),
    }
}

/// What a network makes of an input.
fn prediction<const D: usize>(fno: &Fno<D>, input: &Entry) -> Entry {
    let data = TensorData::new(real(input).to_vec(), input.shape.clone());
    let output = fno.forward(Tensor::<D>::from_data(data, &Device::flex()));
    Entry::real(output.dims(), output.try_into_vec_as().unwrap())
}

/// The largest difference, relative to the largest value.
fn difference(got: &Entry, expected: &Entry) -> f32 {
    assert_eq!(got.shape, expected.shape);
    let largest = real(expected)
        .iter()
        .fold(0f32, |most, value| most.max(value.abs()));
    let pairs = real(got).iter().zip(real(expected));
    let worst = pairs
        .map(|(a, b)| (a - b).abs())
        .fold(0f32, |worst, difference| {
            if difference.is_nan() {
                f32::NAN
            } else {
                worst.max(difference)
            }
        });
    worst / largest
}

/// Calls a generic function with the rank of a state dict's tensors.
macro_rules! with_rank {
    ($file:expr, $function:ident($($argument:expr),*)) => {
        match axes(&$file.tensors).unwrap() {
            1 => $function::<3>($($argument),*),
            2 => $function::<4>($($argument),*),
            _ => $function::<5>($($argument),*),
        }
    };
}

fn predict_from<const D: usize>(file: &StateFile, input: &Entry) -> Entry {
    let fno = Fno::<D>::from_state_dict(&file.tensors, &file.arguments, &Device::flex());
    prediction(&fno.unwrap(), input)
}

#[test]
fn predictions_are_those_of_neuraloperator() {
    for name in NAMES {
        let (file, example) = (read(name), read(&format!("{name}_example")));
        let got = with_rank!(file, predict_from(&file, &example.tensors["input"]));
        let difference = difference(&got, &example.tensors["prediction"]);
        assert!(difference <= 1e-5, "{name}: {difference:e}");
    }
}

#[test]
fn pt_files_hold_the_same_tensors_and_tell_the_arguments() {
    for name in ["fno_2d", "tfno_1d_cp"] {
        let pt = StateFile::read(&path(&format!("{name}.pt"))).unwrap();
        let file = read(name);
        assert_eq!(pt.tensors, file.tensors, "{name}");
        for argument in ["n_modes", "hidden_channels"] {
            assert_eq!(pt.arguments[argument], file.arguments[argument], "{name}");
        }
        let example = read(&format!("{name}_example"));
        let got = with_rank!(pt, predict_from(&pt, &example.tensors["input"]));
        let difference = difference(&got, &example.tensors["prediction"]);
        assert!(difference <= 1e-5, "{name}: {difference:e}");
    }
}

fn export<const D: usize>(file: &StateFile) -> StateFile {
    let fno = Fno::<D>::from_state_dict(&file.tensors, &file.arguments, &Device::flex());
    let (tensors, arguments) = fno.unwrap().to_state_dict().unwrap();
    StateFile { tensors, arguments }
}

#[test]
fn what_was_read_is_written_again() {
    for name in NAMES {
        let file = read(name);
        let mut again = with_rank!(file, export(&file));
        if name.starts_with("tfno") {
            let convolution = |name: &String| name.contains(".weight.") && name.contains("convs");
            let dense = again
                .tensors
                .keys()
                .filter(|name| convolution(name))
                .cloned();
            assert!(dense.clone().all(|name| name.ends_with(".weight.tensor")));
            assert!(dense.count() > 0);
            continue;
        }
        // Not kept here.
        again
            .tensors
            .retain(|name, _| !name.ends_with("num_batches_tracked"));
        let mut expected = file.tensors.clone();
        expected.retain(|name, _| !name.ends_with("num_batches_tracked"));
        assert_eq!(again.tensors, expected, "{name}");
        for (argument, value) in &again.arguments {
            // Several ratios round to the same channels, and an odd number of modes of the last axis keeps
            // what the even one below does.
            let is_rounded = ["n_modes", "channel_mlp_expansion"].contains(&argument.as_str());
            if !is_rounded && !argument.ends_with("ratio") {
                assert_eq!(value, &file.arguments[argument], "{name}: {argument}");
            }
        }
    }
}

#[test]
fn shapes_tell_what_is_not_told_otherwise() {
    let mut file = read("fno_2d");
    file.arguments.clear();
    let example = read("fno_2d_example");
    let got = predict_from::<4>(&file, &example.tensors["input"]);
    assert!(difference(&got, &example.tensors["prediction"]) <= 1e-5);

    let mut file = read("fno_no_skips");
    file.arguments.clear();
    let error = refused(&file);
    assert!(error.contains("fno_skip ('identity' or None)"), "{error}");
}

fn refused(file: &StateFile) -> String {
    let fno = Fno2d::from_state_dict(&file.tensors, &file.arguments, &Device::flex());
    fno.unwrap_err().to_string()
}

#[test]
fn arguments_without_an_equivalent_are_named() {
    let text = |text: &str| Argument::Text(text.into());
    for (name, value) in [
        ("separable", Argument::Bool(true)),
        ("complex_data", Argument::Bool(true)),
        ("preactivation", Argument::Bool(true)),
        ("use_channel_mlp", Argument::Bool(false)),
        ("stabilizer", text("tanh")),
        ("norm", text("ada_in")),
        ("fno_block_precision", text("mixed")),
        ("non_linearity", text("relu")),
        ("positional_embedding", text("GridEmbedding2D")),
        ("conv_module", text("SphericalConv")),
        ("resolution_scaling_factor", Argument::Number(2.0)),
        (
            "max_n_modes",
            Argument::List(vec![Argument::Number(8.0); 2]),
        ),
        ("conv_bias_kernel", Argument::Number(3.0)),
        ("hidden_channels", Argument::Number(5.0)),
        ("n_modes", Argument::List(vec![Argument::Number(6.0); 2])),
        ("fno_skip", text("soft-gating")),
        ("attention", Argument::Bool(true)),
    ] {
        let mut file = read("fno_2d");
        file.arguments.insert(name.into(), value.clone());
        let error = refused(&file);
        assert!(
            error.contains(&format!("{name} = {value}")) || error.contains(name),
            "{error}"
        );
    }
}

#[test]
fn tensors_that_do_not_fit_are_named() {
    let changed = |change: fn(&mut StateFile)| {
        let mut file = read("fno_2d");
        change(&mut file);
        refused(&file)
    };
    let error = changed(|file| {
        file.tensors.remove("projection.fcs.1.bias");
    });
    assert_eq!(
        error,
        "the state dict has no tensor 'projection.fcs.1.bias'"
    );
    let error = changed(|file| {
        file.tensors
            .insert("head.weight".into(), Entry::real([1], vec![0.0]));
    });
    assert_eq!(error, "the network has no tensor 'head.weight'");
    let error = changed(|file| {
        let entry = Entry::real([2, 3], vec![0.0; 6]);
        file.tensors
            .insert("fno_blocks.channel_mlp.1.fcs.0.weight".into(), entry);
    });
    assert!(
        error.ends_with("has shape [2, 3], expected [2, 3, 1]"),
        "{error}"
    );
    let error = changed(|file| {
        let name = "fno_blocks.convs.1.weight.tensor";
        let count = file.tensors[name].values.len();
        let entry = Entry::real(file.tensors[name].shape.clone(), vec![0.0; count]);
        file.tensors.insert(name.into(), entry);
    });
    assert!(error.ends_with("is real, expected complex"), "{error}");
    let error = changed(|file| file.tensors.clear());
    assert!(error.contains("fno_blocks.convs.0.bias"), "{error}");

    let file = read("fno_3d");
    let error = Fno2d::from_state_dict(&file.tensors, &file.arguments, &Device::flex());
    let expected = StateDictError::Axes {
        expected: 2,
        got: 3,
    };
    assert_eq!(error.unwrap_err(), expected);
}

#[test]
fn networks_without_an_equivalent_say_what_there_is_not() {
    let error = |config: FnoConfig| {
        let fno: Fno2d = config.init(&Device::flex());
        fno.to_state_dict().unwrap_err().to_string()
    };
    let error = [
        error(FnoConfig::new([1, 1], [4, 4], 4, 2)),
        error(FnoConfig::published([1, 1], [4, 4], 4)),
    ];
    assert!(error[0].contains("without a channel MLP"), "{}", error[0]);
    assert!(
        error[1].starts_with("neuraloperator's FNO has no"),
        "{}",
        error[1]
    );
}

#[test]
fn damaged_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [
        ("fno_2d.pt", 4000),
        ("fno_2d.safetensors", 4000),
        ("tfno_1d_cp.pt", 20),
    ] {
        let whole = std::fs::read(path(name)).unwrap();
        let cut = folder.path().join(name);
        std::fs::write(&cut, &whole[..bytes]).unwrap();
        let error = StateFile::read(&cut).unwrap_err();
        assert!(matches!(error, StateFileError::Format { .. }), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
    let error = StateFile::read(&folder.path().join("missing.pt")).unwrap_err();
    assert!(matches!(error, StateFileError::Io { .. }), "{error}");
}

/// Writes a network read from `name`, an input and what it predicts.
fn write_example(folder: &Path, name: &str) {
    let (file, example) = (read(name), read(&format!("{name}_example")));
    let ours = with_rank!(file, export(&file));
    let input = &example.tensors["input"];
    let prediction = with_rank!(ours, predict_from(&ours, input));
    ours.write(&folder.join(format!("{name}.safetensors")))
        .unwrap();
    let mut example = StateFile::default();
    example.tensors.insert("input".into(), input.clone());
    example.tensors.insert("prediction".into(), prediction);
    example
        .write(&folder.join(format!("{name}_example.safetensors")))
        .unwrap();
}

/// Runs where TORCH_PYTHON names a Python with neuraloperator.
#[test]
fn neuraloperator_loads_what_is_written_and_predicts_the_same() {
    let Some(python) = std::env::var_os("TORCH_PYTHON") else {
        eprintln!("skipped: TORCH_PYTHON names no Python with neuraloperator");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for name in NAMES {
        write_example(folder.path(), name);
    }
    let config = FnoConfig::neuraloperator([2, 3], [6, 7], 5, 2);
    let fno: Fno2d = config.init(&Device::flex());
    let (tensors, arguments) = fno.to_state_dict().unwrap();
    let input = Entry::real([1, 2, 8, 9], (0..144).map(|i| (i as f32).sin()).collect());
    let fresh = StateFile { tensors, arguments };
    fresh
        .write(&folder.path().join("fresh.safetensors"))
        .unwrap();
    let mut example = StateFile::default();
    example
        .tensors
        .insert("prediction".into(), prediction(&fno, &input));
    example.tensors.insert("input".into(), input);
    example
        .write(&folder.path().join("fresh_example.safetensors"))
        .unwrap();

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/check_neuraloperator.py");
    let output = Command::new(python)
        .arg(script)
        .arg(folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    println!("{told}");
    assert!(output.status.success(), "{told}{errors}");
    assert_eq!(told.lines().count(), NAMES.len() + 1, "{told}");
}
