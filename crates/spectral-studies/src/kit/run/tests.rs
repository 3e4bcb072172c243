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

fn rendered(folder: &Path) -> Result<StudyOutcome, StudyError> {
    let lab = Silent::default();
    let outcome = CHAIN.render(folder, &StudyOptions::default(), &Device::flex(), &lab);
    assert!(lab.0.into_inner().is_empty());
    outcome
}

#[test]
fn a_page_is_rendered_from_what_was_kept_or_names_the_step_that_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let error = rendered(folder.path()).unwrap_err().to_string();
    assert!(error.contains("no study here"), "{error}");
    assert!(error.contains("`spectral study chain`"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

    let (_, said) = run(folder.path(), 3);
    assert_eq!(said.len(), 4);
    let error = rendered(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("step link-3 was not measured yet"),
        "{error}"
    );
    assert!(!folder.path().join("steps/link-3.json").exists());

    let expected = run(folder.path(), usize::MAX).0.unwrap();
    // What is known of the measurement outlives the page.
    let page = folder.path().join("report.json");
    let text = fs::read_to_string(&page).unwrap();
    fs::write(
        &page,
        text.replace("\"machine\":\"\"", "\"machine\":\"abacus\""),
    )
    .unwrap();
    fs::remove_file(folder.path().join("report.html")).unwrap();
    let outcome = rendered(folder.path()).unwrap();
    assert_eq!(outcome.results, expected.results);
    assert_eq!(outcome.report.summary, expected.report.summary);
    assert_eq!(outcome.report.provenance.machine, "abacus");
    assert!(folder.path().join("report.html").exists());

    let path = folder.path().join("steps/link-1.json");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace("\"fingerprint\":\"", "\"fingerprint\":\"0");
    fs::write(&path, text).unwrap();
    let error = rendered(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("step link-1 was measured with other settings"),
        "{error}"
    );
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
    let options = StudyOptions::default();
    let ledger = Ledger::open(folder.path(), header).unwrap();
    let run = StudyRun::new(&CHAIN, options, &Device::flex(), &lab, ledger);
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
