//! What goes wrong, and how it is told.

use std::fs;

use super::Lab;

#[test]
fn wrong_command_lines_end_with_code_2() {
    let lab = Lab::new();
    for (line, part) in [
        ("fly", "fly"),
        ("train --model cnn", "--data"),
        (
            "train --model alexnet --data glyphs",
            "no model named 'alexnet'",
        ),
        ("train --model cnn --data imagenet", "imagenet"),
        ("train --model cnn --data glyphs --epochs 0", "at least 1"),
        (
            "train --model cnn --data glyphs --epochs many",
            "not an integer",
        ),
        ("train --model cnn --data glyphs --lr -1", "learning_rate"),
        ("train --model cnn --data glyphs --momentum 0.9", "momentum"),
        (
            "train --model cnn --data glyphs --set nothing",
            "NAME=VALUE",
        ),
        (
            "train --model cnn --data glyphs --set optimizer.beta=1",
            "beta",
        ),
        ("train --model cnn --data glyphs --size 3", "HEIGHTxWIDTH"),
        ("train --model cnn --data glyphs --threads 0", "threads"),
        ("compare --models cnn,nothing --data glyphs", "nothing"),
        ("compare --models cnn,cnn --data glyphs", "twice"),
        ("compare --models cnn --data glyphs --resume", "--out"),
        ("models alexnet", "alexnet"),
        ("--quick models", "demo"),
        ("predict run", "FILE"),
    ] {
        let said = lab.fails(line, 2);
        assert!(said.contains(part), "{line}\n{said}");
    }
}

#[test]
fn what_is_missing_or_broken_ends_with_code_1_and_one_line() {
    let lab = Lab::new();
    fs::write(lab.path("bad.toml"), "[train]\nepochs = 'two'\nspeed = 3").unwrap();
    fs::write(lab.path("torn.toml"), "[train").unwrap();
    fs::create_dir_all(lab.path("mnist/mnist")).unwrap();
    fs::write(lab.path("mnist/mnist/train-images-idx3-ubyte"), [0; 3]).unwrap();
    fs::create_dir_all(lab.path("torn")).unwrap();
    fs::write(lab.path("torn/config.toml"), "[model").unwrap();
    fs::write(lab.path("file"), "").unwrap();
    for (line, parts) in [
        (
            "train --model cnn --data mnist",
            ["train-images-idx3-ubyte", "spectral data fetch mnist"],
        ),
        (
            "train --model cnn --data mnist --data-dir mnist",
            ["train-labels-idx1-ubyte", "mnist/mnist"],
        ),
        (
            "train --model cnn --data folder:nowhere",
            ["nowhere", "No such file"],
        ),
        (
            "train --model cnn --data glyphs --size 20x20",
            ["20x20", "glyphs"],
        ),
        (
            "train --model cnn --data glyphs --config none.toml",
            ["none.toml", "No such file"],
        ),
        (
            "train --model cnn --data glyphs --config torn.toml",
            ["torn.toml", "line 1"],
        ),
        (
            "train --model cnn --data glyphs --run file/run",
            ["file", "cannot create"],
        ),
        ("train --resume nowhere", ["nowhere", "holds no run"]),
        ("train --resume torn", ["torn", "damaged"]),
        ("predict nowhere x.png", ["nowhere", "No such file"]),
        ("predict torn x.png", ["torn", "damaged"]),
        ("data fetch glyphs", ["glyphs", "cannot be fetched"]),
        (
            "data show glyphs --out none/x.png",
            ["none/x.png", "No such file"],
        ),
        (
            "demo --quick --epochs 1 --train-count 64 --out file",
            ["file", "cannot write"],
        ),
    ] {
        let said = lab.fails(line, 1);
        let errors: Vec<&str> = said
            .lines()
            .filter(|line| line.starts_with("error: "))
            .collect();
        let [error] = errors[..] else {
            panic!("{line}\n{said}")
        };
        for part in parts {
            assert!(error.contains(part), "{line}: {part}\n{said}");
        }
    }
}

#[test]
fn a_run_cannot_be_resumed_under_other_settings() {
    let lab = Lab::new();
    lab.ok("train --model cnn --data glyphs --train-count 64 --test-count 20 --epochs 1 --run run");
    for (change, field) in [
        ("--lr 0.1", "learning_rate"),
        ("--model free1", "model.name"),
        ("--train-count 50", "train"),
        ("--seed 4", "seed"),
        ("--set normalize=zero-one", "normalize"),
    ] {
        let said = lab.fails(&format!("train --resume run {change}"), 1);
        assert!(said.contains(field), "{change}\n{said}");
    }
    let said = lab.fails(
        "train --model cnn --data glyphs --train-count 64 --run run",
        1,
    );
    assert!(said.contains("already holds a run"), "{said}");
}
