//! `study`, small and cut off.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Lab;

/// How many steps a study has left.
fn steps(folder: &Path) -> usize {
    match fs::read_dir(folder.join("steps")) {
        // Half-written files have other names.
        Ok(files) => files
            .flatten()
            .filter(|file| file.path().extension().is_some_and(|kind| kind == "json"))
            .count(),
        Err(_) => 0,
    }
}

/// What the steps gave, wall-clock times left out.
pub(super) fn results(folder: &Path) -> Value {
    fn without_times(value: &mut Value) {
        match value {
            Value::Object(object) => {
                for time in ["epoch_s", "images_per_s", "seconds"] {
                    object.remove(time);
                }
                object.values_mut().for_each(without_times);
            }
            Value::Array(values) => values.iter_mut().for_each(without_times),
            _ => {}
        }
    }
    let text = fs::read_to_string(folder.join("report.json")).unwrap();
    let mut report: Value = serde_json::from_str(&text).unwrap();
    let mut results = report["results"].take();
    without_times(&mut results);
    results
}

/// Starts a study, kills it once it has left so many steps, and lets it end when started again.
pub(super) fn cut_off(lab: &Lab, name: &str, out: &str, after: usize) {
    let words = ["study", name, "--quick", "--out", out];
    let mut child = lab
        .command()
        .args(words)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while steps(&lab.path(out)) < after {
        assert!(start.elapsed() < Duration::from_secs(900), "{name}");
        sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let done = steps(&lab.path(out));
    assert!(done >= after && !lab.path(out).join("report.json").exists());
    let said = lab.ok(&words.join(" "));
    // One line for each step that was left, one for the folder and one for the report.
    let lines = said.stderr.lines();
    let made = lines.filter(|line| line.starts_with(&format!("{name}: ")));
    assert_eq!(
        made.count(),
        steps(&lab.path(out)) - done,
        "{}",
        said.stderr
    );
}

/// The page of a study that is done: it is complete, and rendering it again changes nothing.
pub(super) fn is_whole(lab: &Lab, out: &str) {
    let before =
        ["report.html", "report.md"].map(|file| fs::read(lab.path(out).join(file)).unwrap());
    let header = fs::read_to_string(lab.path(out).join("study.json")).unwrap();
    let header: Value = serde_json::from_str(&header).unwrap();
    let name = header["study"].as_str().unwrap();
    let said = lab.ok(&format!("study render {name} --out {out}"));
    assert!(
        !said.stderr.contains(&format!("{name}: ")),
        "{}",
        said.stderr
    );
    let after =
        ["report.html", "report.md"].map(|file| fs::read(lab.path(out).join(file)).unwrap());
    assert!(before == after, "the rendered page of {name} differs");
    let page = fs::read_to_string(lab.path(out).join("report.html")).unwrap();
    for outside in ["src=\"http", "href=\"http", "<link", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("prefers-color-scheme:dark") && page.contains("<svg"));
    assert!(!page.contains(">NaN") && !page.contains(">inf"));
    let text = fs::read_to_string(lab.path(out).join("report.md")).unwrap();
    for made in [
        "- command: `spectral study",
        "- seed: ",
        "- machine: ",
        "- burn: ",
    ] {
        assert!(text.contains(made), "{made} in {text}");
    }
    for file in text.split("](").skip(1) {
        let file = &file[..file.find(')').unwrap()];
        assert!(lab.path(out).join(file).is_file(), "{file}");
    }
}

#[test]
fn studies_are_listed_and_unknown_ones_refused_with_those_there_are() {
    let lab = Lab::new();
    let list = lab.json("study --list --json");
    let names: Vec<&str> = (list.as_array().unwrap().iter())
        .map(|study| study["name"].as_str().unwrap())
        .collect();
    let known = spectral_studies::studies().iter().map(|study| study.name);
    assert_eq!(names, known.collect::<Vec<_>>());
    assert!(names.len() >= 13);
    assert!(list[0]["question"].as_str().unwrap().ends_with('?'));
    let text = lab.ok("study --list").stdout;
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let said = lab.fails("study soup", 2);
    assert!(
        said.contains("soup") && said.contains("kk, parametric"),
        "{said}"
    );
    lab.fails("study", 2);
}

#[test]
fn a_page_is_rendered_without_measuring() {
    let lab = Lab::new();
    let said = lab.fails("study render crossover", 1);
    assert!(
        said.contains("runs/study-crossover: no study here"),
        "{said}"
    );
    assert!(!lab.path("runs").exists());
    let said = lab.fails("study render soup", 2);
    assert!(
        said.contains("soup") && said.contains("kk, parametric"),
        "{said}"
    );

    lab.ok("study crossover --quick --out done");
    let said = lab.fails("study render pooling --out done", 1);
    assert!(said.contains("study is pooling, but"), "{said}");
    let page = lab.path("done/report.md");
    fs::remove_file(&page).unwrap();
    let said = lab.json("study render crossover --out done --json");
    assert_eq!(said["study"]["name"], "crossover");
    let text = fs::read_to_string(&page).unwrap();
    assert!(text.contains("- command: `spectral study crossover --quick --out done`"));

    // Other words, the same figures.
    let words = concat!(
        "# Other words\n\n{{ picks.right }} of {{ picks.of }}.\n## S\n| a | b | c |\n",
        "{{ table('crossovers') }}\n{% for family in families %}\n### Times\n",
        "{{ chart(family ~ '/times', x='side') }}\n| a | b | c | d | e | f | g | h |\n",
        "{{ table(family ~ '/times') }}\n{% endfor %}\n",
    );
    fs::write(lab.path("words.md.jinja"), words).unwrap();
    lab.ok("study render crossover --out done --template words.md.jinja");
    let text = fs::read_to_string(&page).unwrap();
    assert!(
        text.starts_with("# Other words\n") && text.contains(" of 8.\n"),
        "{text}"
    );
    fs::write(lab.path("words.md.jinja"), "# T\n\n{{ picks.rihgt }}\n").unwrap();
    let said = lab.fails(
        "study render crossover --out done --template words.md.jinja",
        1,
    );
    assert!(
        said.contains("page of study crossover: undefined value"),
        "{said}"
    );
    assert!(said.contains("page.md.jinja:3"), "{said}");

    let steps = fs::read_dir(lab.path("done/steps")).unwrap();
    let step = steps.flatten().next().unwrap().path();
    fs::remove_file(&step).unwrap();
    let said = lab.fails("study render crossover --out done", 1);
    let name = step.file_stem().unwrap().to_str().unwrap();
    assert!(
        said.contains(&format!("step {name} was not measured yet")),
        "{said}"
    );
    assert!(!step.exists());
}

#[test]
fn what_commutes_is_measured_and_a_study_cut_off_ends_with_the_same_figures() {
    let lab = Lab::new();
    let said = lab.ok("study commute --quick --out whole");
    for line in said.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    is_whole(&lab, "whole");
    let whole = results(&lab.path("whole"));
    let row = |step: &str, stand_in: &str| {
        let operations = match &whole[format!("glyphs-{step}")] {
            Value::Array(operations) => operations.clone(),
            one => vec![one.clone()],
        };
        let rows = operations.iter().flat_map(|operation| {
            let rows = operation["rows"].as_array();
            rows.or(operation["operation"]["rows"].as_array()).unwrap()
        });
        let mut rows = rows.filter(|row| row["stand_in"] == stand_in);
        rows.next().unwrap_or_else(|| panic!("{stand_in}"))["error"]
            .as_f64()
            .unwrap()
    };
    // What is the operation itself.
    for (step, stand_in) in [
        ("convolution", "conj(X)·W, reversed back"),
        ("convolution", "product X·conj(W)"),
        ("convolution", "X·conj(W) of padded images"),
        ("normalization", "norm of the image"),
        ("activation", "through the image"),
        ("pooling", "pooling through the image"),
    ] {
        let error = row(step, stand_in);
        assert!(error < 5e-6, "{stand_in}: {error}");
    }
    // What only stands for it.
    for (step, stand_in) in [
        ("convolution", "product conj(X)·W"),
        ("normalization", "norm per part"),
        ("activation", "leaky ReLU per part"),
        ("activation", "noise N(1, rate/6)"),
        ("pooling", "pooling of the reversed image"),
        ("pooling", "spectral pooling"),
    ] {
        let error = row(step, stand_in);
        assert!(error > 0.05, "{stand_in}: {error}");
    }

    cut_off(&lab, "commute", "cut", 3);
    assert_eq!(results(&lab.path("cut")), whole);
    // Nothing but the page is made again.
    let said = lab.ok("study commute --quick --out cut");
    assert!(!said.stderr.contains("commute: "), "{}", said.stderr);
    let said = lab.fails("study commute --quick --out cut --seed 4", 1);
    assert!(
        said.contains("seed is 4, but the study was started with 0"),
        "{said}"
    );
}

#[test]
fn networks_on_spectra_are_compared_and_trainings_resume() {
    let lab = Lab::new();
    cut_off(&lab, "cemnet", "cut", 8);
    is_whole(&lab, "cut");
    let cut = results(&lab.path("cut"));
    for model in ["lenet", "cemnet-mnist", "cemnet-mnist-repaired"] {
        for seed in 0..2 {
            let run = &cut[format!("glyphs-{model}-seed-{seed}")];
            assert_eq!(run["history"].as_array().unwrap().len(), 2, "{model}");
        }
        let layers = cut[format!("glyphs-{model}-gradients-trained")].as_array();
        for layer in layers.unwrap() {
            assert!(
                layer["gradient"].as_f64().unwrap() > 0.0,
                "{model}: {layer}"
            );
        }
    }
    // A training that is gone is made again, the others and their gradients are found; what it gives
    // does not depend on what this process trained before.
    let name = "glyphs-cemnet-mnist-seed-1";
    fs::remove_file(lab.path(&format!("cut/steps/{name}.json"))).unwrap();
    fs::remove_dir_all(lab.path(&format!("cut/runs/{name}"))).unwrap();
    let said = lab.ok("study cemnet --quick --out cut");
    let made = said.stderr.lines();
    let made: Vec<&str> = made.filter(|line| line.starts_with("cemnet: ")).collect();
    assert_eq!(made, [format!("cemnet: {name}")]);
    assert_eq!(results(&lab.path("cut")), cut);
}
