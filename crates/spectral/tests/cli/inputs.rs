//! Files and sizes that are not what they should be.

use std::fs;
use std::path::Path;

use image::{Rgb, RgbImage};
use serde_json::Value;

use super::Lab;

const TRAIN: &str =
    "train --model kk1 --data glyphs --train-count 64 --test-count 32 --epochs 1 --run run";

/// A safetensors file taken apart: its header, and the bytes behind it.
fn parts(path: &Path) -> (Value, Vec<u8>) {
    let bytes = fs::read(path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    (header, bytes[8 + length..].to_vec())
}

fn write(path: &Path, header: &Value, data: &[u8]) {
    let header = header.to_string();
    let length = (header.len() as u64).to_le_bytes();
    fs::write(path, [&length[..], header.as_bytes(), data].concat()).unwrap();
}

/// The file with every number in another precision.
fn converted(from: &Path, to: &Path, dtype: &str, convert: impl Fn(f32) -> Vec<u8>) {
    let (mut header, data) = parts(from);
    let mut tensors: Vec<_> = header.as_object().unwrap().clone().into_iter().collect();
    tensors.retain(|(name, _)| name != "__metadata__");
    tensors.sort_by_key(|(_, tensor)| tensor["data_offsets"][0].as_u64());
    let mut out = Vec::new();
    for (name, tensor) in tensors {
        let offset = |at: usize| tensor["data_offsets"][at].as_u64().unwrap() as usize;
        let start = out.len();
        for number in data[offset(0)..offset(1)].chunks_exact(4) {
            out.extend(convert(f32::from_le_bytes(number.try_into().unwrap())));
        }
        header[&name]["dtype"] = dtype.into();
        header[&name]["data_offsets"] = serde_json::json!([start, out.len()]);
    }
    write(to, &header, &out);
}

#[test]
fn weights_of_another_precision_are_converted_and_that_is_said() {
    let lab = Lab::new();
    lab.ok(TRAIN);
    RgbImage::from_fn(28, 28, |x, y| Rgb([(x * y) as u8; 3]))
        .save(lab.path("a.png"))
        .unwrap();
    let own = lab.path("run/model.safetensors");
    let class = |file: &str| {
        let said = lab.ok(&format!("predict {file} a.png --json"));
        let predictions: Value = serde_json::from_str(&said.stdout).unwrap();
        (predictions[0]["probability"].as_f64().unwrap(), said.stderr)
    };
    let (expected, quiet) = class("run/model.safetensors");
    assert!(!quiet.contains("converting"), "{quiet}");
    let double = |value: f32| f64::from(value).to_le_bytes().to_vec();
    let brain = |value: f32| {
        let rounded = value.to_bits().wrapping_add(0x8000) >> 16;
        (rounded as u16).to_le_bytes().to_vec()
    };
    converted(&own, &lab.path("f64.safetensors"), "F64", double);
    converted(&own, &lab.path("bf16.safetensors"), "BF16", brain);
    for (file, dtype, tolerance) in [
        ("f64.safetensors", "F64", 1e-6),
        ("bf16.safetensors", "BF16", 0.1),
    ] {
        let (probability, said) = class(file);
        assert!(
            (probability - expected).abs() <= tolerance,
            "{dtype}: {probability}"
        );
        assert!(
            said.contains(&format!("{file}: converting {dtype} weights")),
            "{said}"
        );
    }
    converted(&own, &lab.path("i32.safetensors"), "I32", |value| {
        (value as i32).to_le_bytes().to_vec()
    });
    let said = lab.fails("predict i32.safetensors a.png", 1);
    for part in ["i32.safetensors", "is I32", "accepted are F32", "tensor '"] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[test]
fn weights_that_are_not_finite_are_refused_wherever_they_are_used() {
    let lab = Lab::new();
    lab.ok(TRAIN);
    RgbImage::new(28, 28).save(lab.path("a.png")).unwrap();
    let path = lab.path("run/model.safetensors");
    let (header, mut data) = parts(&path);
    for value in [f32::NAN, f32::INFINITY] {
        let end = data.len();
        data[end - 4..].copy_from_slice(&value.to_le_bytes());
        write(&path, &header, &data);
        for line in [
            "predict run a.png",
            "evaluate run",
            "inspect run",
            "inspect run --bake 3",
            "predict run/model.safetensors a.png --json",
        ] {
            let said = lab.fails(line, 1);
            assert!(
                said.contains("model.safetensors") && said.contains("NaN or infinite"),
                "{line}: {said}"
            );
        }
    }
}

#[test]
fn sizes_in_files_that_no_memory_holds_are_refused_by_their_numbers() {
    let lab = Lab::new();
    lab.ok(TRAIN);
    RgbImage::new(28, 28).save(lab.path("a.png")).unwrap();
    let config = fs::read_to_string(lab.path("run/config.toml")).unwrap();
    let (header, data) = parts(&lab.path("run/model.safetensors"));
    let settings = header["__metadata__"]["settings"]
        .as_str()
        .unwrap()
        .to_string();
    for (field, was) in [
        ("channels", 1),
        ("height", 28),
        ("width", 28),
        ("classes", 10),
    ] {
        for value in [
            9_223_372_036_854_775_807u64,
            4_000_000_000_000_000_000,
            9_000_000,
        ] {
            let line = |text: &str| {
                let (from, to) = (format!("{field} = {was}"), format!("{field} = {value}"));
                assert!(text.contains(&from), "{field}: {text}");
                text.replacen(&from, &to, 1)
            };
            fs::write(lab.path("run/config.toml"), line(&config)).unwrap();
            let mut changed = header.clone();
            changed["__metadata__"]["settings"] = line(&settings).into();
            write(&lab.path("changed.safetensors"), &changed, &data);
            for source in ["run", "changed.safetensors"] {
                let said = lab.fails(&format!("predict {source} a.png"), 1);
                assert!(
                    said.contains("at most") || said.contains("do not fit"),
                    "{field} = {value}: {said}"
                );
            }
        }
    }
}

#[test]
fn sizes_on_the_command_line_that_no_memory_holds_are_refused() {
    let lab = Lab::new();
    let most = u64::MAX.to_string();
    for line in [
        "advise --shape 1x1x8x8 --kernel 4096",
        "advise --shape MOSTx1x8x8 --kernel 3",
        "advise --shape 1x1xMOSTxMOST --kernel 3",
        "advise --shape 1x1x8x8 --kernel MOST",
        "advise --shape 1x1x8x8 --kernel 3 --out MOST",
        "bench --layer conv --shape 1xMOSTx8x8",
        "bench --layer dense --shape 1x4000x1000x1000 --out MOST",
        "bench --layer longconv --shape 1x1xMOST",
        "bench --layer conv --shape 1x1x8x8 --kernel MOST",
        "bench --sweep MOST",
        "inspect --layer kk --shape 1xMOSTx8",
        "inspect --layer free --shape 1x8x8 --out MOST",
    ] {
        let said = lab.fails(&line.replace("MOST", &most), 2);
        assert!(!said.contains("panicked"), "{line}: {said}");
    }
    let line = format!("bench --step cnn --batch {most}");
    assert!(lab.fails(&line, 1).contains("batches of at most"));
}

fn photo(path: &Path, shade: u8) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    RgbImage::from_fn(12, 12, |x, y| Rgb([shade, (x * 20) as u8, (y * 20) as u8]))
        .save(path)
        .unwrap();
}

#[test]
fn a_folder_says_what_it_skips_and_which_part_tests() {
    let lab = Lab::new();
    for (index, class) in ["cat", "dog"].iter().enumerate() {
        for shade in 0..4u8 {
            let shade = 40 * shade + index as u8;
            photo(
                &lab.path(&format!("photos/train/{class}/{shade}.png")),
                shade,
            );
            photo(
                &lab.path(&format!("photos/val/{class}/{shade}.png")),
                shade + 10,
            );
        }
    }
    fs::write(lab.path("photos/train/cat/a.webp"), "none").unwrap();
    fs::rename(
        lab.path("photos/train/dog/1.png"),
        lab.path("photos/train/dog/1.jfif"),
    )
    .unwrap();
    let line = "data show folder:photos --size 8x8 --out sheet.png --json";
    let said = lab.ok(line);
    assert!(
        said.stderr.contains("val: used as the test part"),
        "{}",
        said.stderr
    );
    assert!(
        said.stderr.contains("skipped 1 file (1 .webp)"),
        "{}",
        said.stderr
    );
    let shown: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(shown["classes"], serde_json::json!(["cat", "dog"]));

    fs::rename(lab.path("photos/val"), lab.path("photos/other")).unwrap();
    let said = lab.fails(line, 1);
    assert!(
        said.contains("train: this is one part") && said.contains("validation/"),
        "{said}"
    );
}

#[test]
fn a_jpeg_cut_short_is_refused_by_name() {
    let lab = Lab::new();
    lab.ok(TRAIN);
    let path = lab.path("photo.jpg");
    photo(&path, 7);
    lab.ok("predict run photo.jpg");
    let whole = fs::read(&path).unwrap();
    for length in [whole.len() / 2, whole.len() - 2] {
        fs::write(&path, &whole[..length]).unwrap();
        let said = lab.fails("predict run photo.jpg", 1);
        assert!(
            said.contains("photo.jpg") && said.contains("truncated"),
            "{said}"
        );
    }
}

#[test]
fn a_tilde_at_the_start_of_a_path_is_the_home_folder() {
    let lab = Lab::new();
    fs::create_dir(lab.path("home")).unwrap();
    let home = lab.path("home");
    let variables = [("HOME", home.to_str().unwrap())];
    let said = lab.run_with(&variables, "data show glyphs --out=~/sheet.png");
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(home.join("sheet.png").is_file() && !lab.path("~").exists());
}

#[test]
#[cfg(unix)]
fn a_name_that_is_no_unicode_ends_no_work_in_vain() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let lab = Lab::new();
    let name = OsStr::from_bytes(b"caf\xe9");
    let run = |words: &[&str]| {
        let mut command = lab.command();
        for word in words {
            match *word {
                "NAME" => command.arg(name),
                word => command.arg(word),
            };
        }
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!stderr.contains("panicked"), "{stderr}");
        (output.status.code(), output.stdout, stderr)
    };
    if fs::create_dir(lab.path("x").with_file_name(name)).is_err() {
        eprintln!("skipped: this file system takes Unicode names alone");
        return;
    }
    let mut words: Vec<&str> = TRAIN.split(' ').collect();
    *words.last_mut().unwrap() = "NAME";
    words.push("--json");
    let (code, stdout, stderr) = run(&words);
    assert_eq!(code, Some(0), "{stderr}");
    let result: Value = serde_json::from_slice(&stdout).unwrap();
    assert_eq!(result["run"], "caf\\xE9");
    let (code, stdout, stderr) = run(&["evaluate", "NAME", "--json"]);
    assert_eq!(code, Some(0), "{stderr}");
    let result: Value = serde_json::from_slice(&stdout).unwrap();
    assert_eq!(result["source"], "caf\\xE9");
    // config.toml is text.
    let (code, _, stderr) = run(&[
        "data",
        "show",
        "glyphs",
        "--out",
        "a.png",
        "--data-dir",
        "NAME",
    ]);
    assert_eq!(code, Some(2), "{stderr}");
}
