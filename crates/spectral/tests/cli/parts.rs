//! A network is never judged by images that it was trained on.

use std::fs;
use std::path::Path;

use image::{Rgb, RgbImage};
use serde_json::Value;

use super::Lab;

/// Noise: nothing to be learned from it but the images themselves.
fn noise(path: &Path, seed: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    RgbImage::from_fn(16, 16, |_, _| Rgb([next(), next(), next()]))
        .save(path)
        .unwrap();
}

/// Two classes of noise.
fn photos(folder: &Path, each: u32) {
    for (class, name) in ["cat", "dog"].iter().enumerate() {
        for number in 0..each {
            let path = folder.join(name).join(format!("{number:03}.png"));
            noise(&path, 1000 * class as u32 + number);
        }
    }
}

/// A run that knows its training images by heart.
fn lab() -> (Lab, Value) {
    let lab = Lab::new();
    photos(&lab.path("photos"), 30);
    let trained = lab.json(
        "train --model cnn --data folder:photos --size 16x16 --epochs 12 --batch-size 8 --lr 0.003 \
         --seed 3 --run run --json",
    );
    (lab, trained)
}

/// The figure must be that of a network which has not seen the images: it has learned nothing.
fn accuracy(result: &Value) -> f64 {
    result["accuracy"].as_f64().unwrap()
}

#[test]
fn a_folder_spelled_in_another_way_is_divided_as_it_was_in_training() {
    let (lab, trained) = lab();
    let absolute = lab.path("photos");
    let weights = "run/model.safetensors";
    for line in [
        "evaluate run".to_string(),
        "evaluate run --data folder:photos/".into(),
        "evaluate run --data folder:./photos".into(),
        "evaluate run --data folder:photos/../photos".into(),
        format!("evaluate run --data folder:{}", absolute.display()),
        format!("evaluate {weights} --data folder:photos --size 16x16"),
    ] {
        let result = lab.json(&format!("{line} --json"));
        for figure in ["accuracy", "loss"] {
            assert_eq!(result[figure], trained[figure], "{line}");
        }
    }
    // By heart: what was trained on would be told apart.
    let history = trained["history"].as_array().unwrap();
    let learned = history.last().unwrap()["train_accuracy"].as_f64().unwrap();
    assert!(learned > 0.9, "{learned}");
    assert!(accuracy(&trained) < 0.85, "{trained}");
}

#[test]
fn after_images_come_go_and_are_renamed_none_is_tested_that_was_trained_on() {
    let (lab, trained) = lab();
    let at = |name: &str| lab.path("photos").join(name);
    // Renamed alone: the same images in the same parts.
    fs::rename(at("cat/000.png"), at("cat/zzz.png")).unwrap();
    fs::rename(at("dog/007.png"), at("dog/000a.png")).unwrap();
    for source in [
        "run",
        "run/model.safetensors --data folder:photos --size 16x16",
    ] {
        let said = lab.ok(&format!("evaluate {source} --json"));
        let result: Value = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!(result["loss"], trained["loss"], "{source}");
        assert_eq!(result["notes"], Value::Array(Vec::new()), "{source}");
    }
    // One added, one removed, one moved to the other class, one there twice.
    noise(&at("cat/new.png"), 77_777);
    fs::remove_file(at("dog/010.png")).unwrap();
    fs::rename(at("cat/011.png"), at("dog/moved.png")).unwrap();
    fs::copy(at("cat/012.png"), at("cat/copy.png")).unwrap();
    let listed = fs::read_to_string(lab.path("run/images.jsonl")).unwrap();
    let tested = listed.matches("\"test\"").count();
    for source in [
        "run",
        "run/model.safetensors --data folder:photos --size 16x16",
    ] {
        let result = lab.json(&format!("evaluate {source} --json"));
        assert!(accuracy(&result) < 0.85, "{source}: {result}");
        let images = result["images"].as_u64().unwrap() as usize;
        assert!(
            (tested - 2..=tested + 2).contains(&images),
            "{source}: {result}"
        );
    }
    let said = lab.ok("evaluate run").stderr;
    for part in [
        "1 image added (cat/new.png)",
        "1 missing (dog/010.png)",
        "1 in another class",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    let said = lab.fails("train --resume run --epochs 13", 1);
    assert!(said.contains("1 image added (cat/new.png)"), "{said}");
}

#[test]
fn the_training_images_given_as_a_folder_of_their_own_are_not_tested() {
    let lab = Lab::new();
    for (part, seed) in [("train", 0), ("test", 10_000)] {
        for (class, name) in ["cat", "dog"].iter().enumerate() {
            for number in 0..10 {
                let path = lab.path("photos").join(part).join(name);
                let path = path.join(format!("{number}.png"));
                noise(&path, seed + 1000 * class as u32 + number);
            }
        }
    }
    lab.ok("train --model cnn --data folder:photos --size 16x16 --epochs 1 --run run");
    for source in ["run", "run/model.safetensors"] {
        let said = lab.fails(
            &format!("evaluate {source} --data folder:photos/train --size 16x16"),
            1,
        );
        assert!(said.contains("also training images"), "{said}");
    }
    // An image that changed sides since is left out.
    let at = |name: &str| lab.path("photos").join(name);
    fs::rename(at("train/cat/3.png"), at("test/cat/moved.png")).unwrap();
    for source in [
        "run",
        "run/model.safetensors --data folder:photos --size 16x16",
    ] {
        let result = lab.json(&format!("evaluate {source} --json"));
        assert_eq!(result["images"], 20, "{source}: {result}");
        let notes = result["notes"].to_string();
        assert!(notes.contains("1 test image is left out"), "{notes}");
    }
}

#[test]
fn classes_of_other_names_are_refused() {
    let (lab, _) = lab();
    fs::rename(lab.path("photos/cat"), lab.path("photos/chat")).unwrap();
    let said = lab.fails("evaluate run", 1);
    assert!(said.contains("'cat'") && said.contains("'chat'"), "{said}");
    // Two of ten classes, but not these.
    let said = lab.fails("evaluate run --data glyphs", 1);
    assert!(said.contains("error: "), "{said}");
}

/// A run as it was kept before lists of images were: by position, and weights that say nothing.
fn made_old(lab: &Lab) {
    fs::remove_file(lab.path("run/images.jsonl")).unwrap();
    let files = [
        "run/model.safetensors",
        "run/checkpoint-00001/model.safetensors",
    ];
    for path in files.map(|name| lab.path(name)) {
        let bytes = fs::read(&path).unwrap();
        let end = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let mut header: Value = serde_json::from_slice(&bytes[8..end]).unwrap();
        header["__metadata__"]
            .as_object_mut()
            .unwrap()
            .remove("trained_on")
            .unwrap();
        let mut header = header.to_string().into_bytes();
        header.resize(header.len().next_multiple_of(8), b' ');
        let length = (header.len() as u64).to_le_bytes();
        fs::write(&path, [&length[..], &header, &bytes[end..]].concat()).unwrap();
    }
}

#[test]
fn a_run_that_keeps_no_list_is_divided_by_position_as_long_as_the_numbers_agree() {
    let lab = Lab::new();
    photos(&lab.path("photos"), 10);
    lab.ok("train --model cnn --data folder:photos --size 16x16 --epochs 1 --run run");
    made_old(&lab);
    let config = lab.path("run/config.toml");
    let text = fs::read_to_string(&config).unwrap();
    let counts = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.contains("_images = "));
        lines.map(str::to_string).collect()
    };
    let [train, test] = &counts(&text)[..] else {
        panic!("{text}")
    };
    let text = text
        .replace(train, "train_images = 16")
        .replace(test, "test_images = 4");
    fs::write(&config, text).unwrap();
    let said = lab.ok("evaluate run --json");
    let result: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(result["images"], 4);
    assert!(
        said.stderr.contains("splitting by position"),
        "{}",
        said.stderr
    );
    // The weights alone do not know.
    let said = lab.ok("evaluate run/model.safetensors --data folder:photos --size 16x16");
    assert!(
        said.stderr.contains("do not record their training images"),
        "{}",
        said.stderr
    );
    noise(&lab.path("photos/cat/new.png"), 5);
    noise(&lab.path("photos/cat/newer.png"), 6);
    let said = lab.fails("evaluate run", 1);
    assert!(said.contains("has no image list"), "{said}");
}
