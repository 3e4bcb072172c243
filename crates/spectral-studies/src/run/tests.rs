use std::cell::{Cell, RefCell};
use std::fs;

use super::*;
use spectral_lab::report::Provenance;

/// Trains nothing, and remembers what was said.
#[derive(Default)]
struct Silent(RefCell<Vec<String>>);

impl Lab for Silent {
    fn train(&self, _job: &Job<'_>) -> Result<ModelReport, StudyError> {
        Err(StudyError::Failed("nothing is trained here".into()))
    }

    fn describe(&self, _data: &DataSet) -> DataSetReport {
        DataSetReport::default()
    }

    fn provenance(&self) -> Provenance {
        Provenance::default()
    }

    fn say(&self, line: &str) {
        self.0.borrow_mut().push(line.into());
    }
}

thread_local! {
    /// After how many steps the study of this thread fails.
    static ALLOWED: Cell<usize> = const { Cell::new(usize::MAX) };
}

const STEPS: usize = 5;

/// A chain of numbers with no short decimal form, each from the one before.
fn chain(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let mut value = 1.0 + run.seed() as f64;
    for step in 0..STEPS {
        value = run.step(&format!("link-{step}"), value, |_| {
            let left = ALLOWED.get();
            ALLOWED.set(left.saturating_sub(1));
            match left {
                0 => Err(StudyError::Failed("cut off".into())),
                _ => Ok((value * std::f64::consts::PI).sin() + 0.1),
            }
        })?;
    }
    Ok(Report {
        title: "Chain".into(),
        summary: vec![format!("{value:?}")],
        ..Report::default()
    })
}

const CHAIN: StudyInfo = StudyInfo {
    name: "chain",
    summary: "numbers",
    question: "Which?",
    source: "none",
    budget: None,
    make: chain,
};

fn run(folder: &Path, steps: usize) -> (Result<StudyOutcome, StudyError>, Vec<String>) {
    ALLOWED.set(steps);
    let lab = Silent::default();
    let outcome = CHAIN.run(folder, &StudyOptions::default(), &Device::flex(), &lab);
    (outcome, lab.0.into_inner())
}

#[test]
fn a_study_cut_off_after_any_step_ends_with_the_same_figures() {
    let whole = tempfile::tempdir().unwrap();
    let expected = run(whole.path(), usize::MAX).0.unwrap();
    for steps in 0..STEPS {
        let folder = tempfile::tempdir().unwrap();
        let (cut, _) = run(folder.path(), steps);
        assert!(matches!(cut, Err(StudyError::Failed(_))), "{steps}");
        assert!(!folder.path().join("report.json").exists());
        let (outcome, said) = run(folder.path(), usize::MAX);
        let outcome = outcome.unwrap();
        assert_eq!(
            said.len(),
            STEPS - steps,
            "finished steps are not made again"
        );
        assert_eq!(outcome.results, expected.results);
        assert_eq!(outcome.report.summary, expected.report.summary);
    }
}

#[test]
fn a_finished_study_makes_nothing_but_its_page_again() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), usize::MAX).0.unwrap();
    fs::remove_file(folder.path().join("report.html")).unwrap();
    let (outcome, said) = run(folder.path(), 0);
    outcome.unwrap();
    assert!(said.is_empty());
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.contains("<h1>Chain</h1>"));
}

#[test]
fn a_step_under_other_settings_is_made_again_with_all_that_follow_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let expected = run(folder.path(), usize::MAX).0.unwrap();
    let path = folder.path().join("steps/link-2.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replace("\"fingerprint\":\"", "\"fingerprint\":\"0"),
    )
    .unwrap();
    let (outcome, said) = run(folder.path(), usize::MAX);
    assert_eq!(said, ["chain: link-2"]);
    assert_eq!(outcome.unwrap().results, expected.results);
}

#[test]
fn every_step_has_a_seed_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Silent::default();
    let header = Header {
        study: "chain".into(),
        quick: false,
        seed: 0,
    };
    let run = StudyRun {
        info: &CHAIN,
        options: StudyOptions::default(),
        device: Device::flex(),
        lab: &lab,
        ledger: Ledger::open(folder.path(), header).unwrap(),
        results: Map::new(),
        makings: Vec::new(),
        sets: BTreeMap::new(),
    };
    assert_eq!(run.step_seed("a"), run.step_seed("a"));
    assert_ne!(run.step_seed("a"), run.step_seed("b"));
}

#[test]
fn a_set_that_is_not_there_gives_way_to_an_embedded_one() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Silent::default();
    const CHOICE: StudyInfo = StudyInfo {
        name: "choice",
        make: |run| {
            let title = run.choose("set", &["no-such-set", "glyphs"])?;
            let present = run.present("sets", &["no-such-set", "textures"])?;
            assert_eq!(present, ["textures"]);
            Ok(Report {
                title,
                ..Report::default()
            })
        },
        ..CHAIN
    };
    let outcome = CHOICE.run(
        folder.path(),
        &StudyOptions::default(),
        &Device::flex(),
        &lab,
    );
    assert_eq!(outcome.unwrap().report.title, "glyphs");
}

#[test]
fn a_budget_is_refused_where_none_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Silent::default();
    let options = StudyOptions {
        budget: Some(2.5),
        ..StudyOptions::default()
    };
    let error = CHAIN.run(folder.path(), &options, &Device::flex(), &lab);
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("2.5 hours") && error.contains("takes none"),
        "{error}"
    );
    let with_budget = StudyInfo {
        budget: Some(1.0),
        ..CHAIN
    };
    for hours in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let options = StudyOptions {
            budget: Some(hours),
            ..StudyOptions::default()
        };
        let error = with_budget.run(folder.path(), &options, &Device::flex(), &lab);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("above 0"), "{error}");
    }
}
