//! `predict`.

use std::fs;
use std::process::{Command, Stdio};

use image::{GrayImage, Luma, Rgb, RgbImage};

use super::Lab;

const TRAIN: &str =
    "train --model cnn --data textures --train-count 200 --test-count 100 --epochs 1 --run run";

#[test]
fn images_of_any_size_are_named_and_bad_ones_do_not_stop_the_others() {
    let lab = Lab::new();
    lab.ok(TRAIN);
    GrayImage::from_fn(32, 32, |x, _| Luma([(8 * x) as u8]))
        .save(lab.path("gray.png"))
        .unwrap();
    RgbImage::from_fn(90, 50, |x, y| Rgb([x as u8, y as u8, 7]))
        .save(lab.path("large.jpg"))
        .unwrap();
    fs::write(lab.path("bad.png"), "no image").unwrap();

    let good = lab.json("predict run gray.png large.jpg --json");
    assert_eq!(good.as_array().unwrap().len(), 2);
    for (prediction, file) in good
        .as_array()
        .unwrap()
        .iter()
        .zip(["gray.png", "large.jpg"])
    {
        assert_eq!(prediction["file"], file);
        let top = prediction["top"].as_array().unwrap();
        assert_eq!(top.len(), 3);
        let probabilities: Vec<f64> = top
            .iter()
            .map(|candidate| candidate["probability"].as_f64().unwrap())
            .collect();
        assert!(probabilities.is_sorted_by(|a, b| a >= b) && probabilities[0] <= 1.0);
        assert_eq!(prediction["class"], top[0]["class"]);
    }
    assert_eq!(
        lab.json("predict run/model.safetensors gray.png large.jpg --json"),
        good
    );

    let said = lab.run("predict run bad.png missing.png gray.png");
    assert_eq!(said.code, 1);
    assert!(said.stdout.starts_with("gray.png: "), "{}", said.stdout);
    assert!(
        said.stderr.contains("error: bad.png: ") && said.stderr.contains("error: missing.png: ")
    );
    assert!(said.stderr.contains("2 of 3 images"), "{}", said.stderr);
}

#[test]
fn what_a_network_learned_it_says_of_an_image_it_was_tested_on() {
    let lab = Lab::new();
    // Vertical against horizontal stripes, which a few steps tell apart.
    for (part, count, dark) in [("train", 40, 30), ("test", 4, 40)] {
        for class in ["across", "upright"] {
            let folder = lab.path("stripes").join(part).join(class);
            fs::create_dir_all(&folder).unwrap();
            for i in 0..count {
                let image = GrayImage::from_fn(16, 16, |x, y| {
                    let along = if class == "upright" { x } else { y };
                    Luma([if (along + i) % 4 < 2 { 220 } else { dark }])
                });
                image.save(folder.join(format!("{i}.png"))).unwrap();
            }
        }
    }
    lab.ok(
        "train --model cnn --data folder:stripes --size 16x16 --batch-size 8 --epochs 6 --run run",
    );
    let list = lab.json("predict run stripes/test/across/0.png stripes/test/upright/0.png --json");
    assert_eq!(list[0]["class"], "across");
    assert_eq!(list[1]["class"], "upright");
}

#[test]
fn damaged_weights_are_refused_by_name() {
    let lab = Lab::new();
    lab.ok(TRAIN);
    let path = lab.path("run/model.safetensors");
    let bytes = fs::read(&path).unwrap();
    fs::write(lab.path("short.safetensors"), &bytes[..bytes.len() - 100]).unwrap();
    fs::write(lab.path("rubbish.safetensors"), [0xff; 200]).unwrap();
    fs::write(lab.path("empty.safetensors"), []).unwrap();
    for name in ["short", "rubbish", "empty"] {
        let file = format!("{name}.safetensors");
        let said = lab.fails(&format!("predict {file} x.png"), 1);
        assert!(said.contains(&file), "{said}");
    }
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    let lab = Lab::new();
    let mut child: std::process::Child = {
        let mut command: Command = lab.command();
        command
            .args(["data", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert!(output.status.success());
}
