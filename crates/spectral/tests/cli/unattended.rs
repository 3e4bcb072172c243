//! Outputs that nobody reads, that cannot be written, and folders that several want.

use std::fs::{self, File};
use std::process::Stdio;

use super::{Lab, weights};

const SMALL: &str = "--data glyphs --train-count 64 --test-count 20 --epochs 2";

/// A pipe that nobody reads any more.
fn broken() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

#[test]
fn a_training_whose_progress_nobody_reads_ends_with_its_checkpoint() {
    let lab = Lab::new();
    let line = |run: &str| format!("train --model cnn {SMALL} --run {run}");
    lab.ok(&line("read"));
    let mut outputs = vec![("broken", broken(), broken())];
    if let Ok(full) = File::options().write(true).open("/dev/full") {
        let stdout = Stdio::null();
        outputs.push(("full", stdout, full.into()));
    }
    for (run, stdout, stderr) in outputs {
        let status = lab
            .command()
            .args(line(run).split_whitespace())
            .stdout(stdout)
            .stderr(stderr)
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(0), "{run}");
        let file = |run: &str| weights(&lab.path(run).join("model.safetensors"));
        assert_eq!(file(run), file("read"));
        assert!(lab.path(run).join("checkpoint-00002/state.toml").is_file());
        assert!(lab.path(run).join("report.html").is_file());
    }
}

#[test]
fn a_list_that_nobody_reads_ends_quietly() {
    let lab = Lab::new();
    for line in [
        "models",
        "models --json",
        "data",
        "study --list",
        "--help",
        "train --help",
    ] {
        let output = lab
            .command()
            .args(line.split_whitespace())
            .stdout(broken())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{line}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{line}");
    }
}

#[test]
fn trainings_started_at_once_each_have_a_folder_of_their_own() {
    let lab = Lab::new();
    let children: Vec<_> = (0..4)
        .map(|_| {
            let mut command = lab.command();
            command.args(format!("train --model cnn {SMALL} --threads 1").split_whitespace());
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    for number in 1..=4 {
        let name = match number {
            1 => "cnn-glyphs-0".to_string(),
            _ => format!("cnn-glyphs-0-{number}"),
        };
        let metrics = lab.path("runs").join(&name).join("metrics.jsonl");
        let lines = fs::read_to_string(metrics).unwrap();
        assert_eq!(lines.lines().count(), 2, "{name}");
    }
    assert_eq!(fs::read_dir(lab.path("runs")).unwrap().count(), 4);
}

#[test]
fn a_run_that_is_being_trained_is_not_resumed_by_another_process() {
    let lab = Lab::new();
    lab.ok(&format!("train --model cnn {SMALL} --run run"));
    let lock = File::options()
        .write(true)
        .open(lab.path("run/.lock"))
        .unwrap();
    lock.try_lock().unwrap();
    let said = lab.fails("train --resume run --epochs 3", 1);
    assert!(said.contains("in use by process "), "{said}");
    lab.ok("evaluate run");
    drop(lock);
    lab.ok("train --resume run --epochs 3");
    let lines = fs::read_to_string(lab.path("run/metrics.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 3);
}

#[test]
fn nothing_is_left_behind_by_what_is_refused() {
    let lab = Lab::new();
    fs::create_dir_all(lab.path("photos/a")).unwrap();
    for class in ["a", "b"] {
        for number in 0..3u8 {
            let path = lab.path("photos").join(class).join(format!("{number}.png"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let shade = image::Rgb([number, class.as_bytes()[0], 0]);
            image::RgbImage::from_pixel(8, 8, shade).save(path).unwrap();
        }
    }
    for line in [
        "train --model cnn --data folder:photos --size 1x1",
        "compare --models cnn,kk1 --data folder:photos --size 1x1",
        // The first takes images of this size, the second does not.
        "compare --models cnn,vgg-quarter --data folder:photos --size 9x9",
        "train --model cnn --data glyphs --epochs 4 --set schedule.decay.kind=cosine \
         --set schedule.decay.over.epochs=2",
    ] {
        lab.fails(line, 1);
        assert!(!lab.path("runs").exists(), "{line}");
    }
}

#[test]
fn a_run_resumed_past_the_end_of_its_cosine_is_refused_or_stretched() {
    let lab = Lab::new();
    lab.ok(&format!(
        "train --model cnn {SMALL} --schedule cosine --run run"
    ));
    let said = lab.fails("train --resume run --epochs 4", 1);
    assert!(
        said.contains("epochs 3 to 4 would change nothing"),
        "{said}"
    );
    let said = lab.ok("train --resume run --epochs 1").stderr;
    assert!(
        said.contains("2 epochs are finished and 1 requested"),
        "{said}"
    );
    lab.ok("train --resume run --epochs 4 --schedule cosine");
    let text = fs::read_to_string(lab.path("run/metrics.jsonl")).unwrap();
    let rates: Vec<f64> = text
        .lines()
        .map(|line| {
            let epoch: serde_json::Value = serde_json::from_str(line).unwrap();
            epoch["learning_rate"].as_f64().unwrap()
        })
        .collect();
    // A cosine over 2 epochs and, from epoch 3 on, one over 4.
    let expected = [1.0, 0.5, 0.5, 0.146_446_609_406_726_3].map(|share| 1e-3 * share);
    for (rate, expected) in rates.iter().zip(expected) {
        assert!((rate - expected).abs() < 1e-12, "{rates:?}");
    }
}

#[test]
fn an_output_that_cannot_be_written_is_refused_before_the_work() {
    let lab = Lab::new();
    fs::write(lab.path("file"), "").unwrap();
    lab.ok(&format!("train --model kk1 {SMALL} --run run"));
    for line in [
        "demo --quick --out file/report",
        "inspect --layer kk --html file/page.html",
        "inspect run --bake 3 --save file/weights.safetensors",
        "advise --crossover file/crossover.svg",
        "advise --crossover none/crossover.svg",
        "data show glyphs --out file/sheet.png",
        "compare --models cnn,kk1 --data glyphs --out file/here",
    ] {
        let said = lab.fails(line, 1);
        let lines: Vec<&str> = said.lines().collect();
        assert!(
            lines.len() == 1 && said.contains("file") || said.contains("none"),
            "{line}\n{said}"
        );
    }
}

#[cfg(unix)]
#[test]
fn an_output_that_is_a_link_or_no_file_is_followed_or_refused() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    use std::os::unix::net::UnixListener;
    let lab = Lab::new();
    fs::write(lab.path("target.png"), "old").unwrap();
    symlink("target.png", lab.path("link.png")).unwrap();
    // Nothing outside of the lab's folder is named: as root, a failing program would replace it.
    let _listener = UnixListener::bind(lab.path("socket")).unwrap();
    symlink("socket", lab.path("to-socket")).unwrap();
    symlink("/proc/self/fd/1", lab.path("stdout")).unwrap();
    lab.ok("data show glyphs --out link.png");
    assert!(
        fs::symlink_metadata(lab.path("link.png"))
            .unwrap()
            .is_symlink()
    );
    assert!(fs::metadata(lab.path("target.png")).unwrap().len() > 100);
    for out in ["socket", "to-socket", "stdout"] {
        let said = lab.fails(&format!("data show glyphs --out {out}"), 1);
        assert!(said.contains("regular file"), "{said}");
        let said = lab.fails(&format!("inspect --layer kk --html {out}"), 1);
        assert!(said.contains("regular file"), "{said}");
    }
    assert!(
        fs::metadata(lab.path("socket"))
            .unwrap()
            .file_type()
            .is_socket()
    );
    assert!(
        fs::symlink_metadata(lab.path("to-socket"))
            .unwrap()
            .is_symlink()
    );
}

#[cfg(unix)]
#[test]
fn the_files_of_a_run_have_the_permissions_of_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let lab = Lab::new();
    fs::write(lab.path("plain"), "").unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let expected = mode(&lab.path("plain"));
    lab.ok(&format!(
        "train --model cnn {SMALL} --run run --set keep_best=true"
    ));
    let mut folders = vec![lab.path("run")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => assert_eq!(mode(&path), expected, "{}", path.display()),
            }
        }
    }
}
