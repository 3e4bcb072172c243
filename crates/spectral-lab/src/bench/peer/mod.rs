//! The same layers in PyTorch, run in separate processes.
//!
//! The processes take requests from stdin and sleep between them, so that PyTorch is imported once
//! and does not disturb other measurements. `serve.py` documents the requests.

mod form;
mod process;
mod rollout;
mod scripts;
mod step;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::error::BenchError;
pub use form::Form;
use process::{Answer, Process};
pub use rollout::ROLLOUT_FORMS;
pub use step::{StepForm, StepSamples};

/// Keeps glibc from returning large buffers to the system: on release it trims no less than this,
/// and it maps no smaller one on its own.
const RETAIN: [(&str, &str); 2] = [
    ("MALLOC_TRIM_THRESHOLD_", "4000000000"),
    ("MALLOC_MMAP_THRESHOLD_", "4000000000"),
];

/// After an answer the peer's threads spin for some milliseconds, waiting for more work.
const SETTLE: Duration = Duration::from_millis(20);

/// Which passes to time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Forward alone.
    Forward,
    /// Forward and backward.
    Both,
}

/// PyTorch, once with the system's malloc and once with one that keeps freed pages.
pub struct Peers {
    version: String,
    /// Runs layers: with the default malloc, and with pages retained.
    runners: [Process; 2],
    /// Measures memory. It has never run a layer itself, so it can fork.
    observer: Process,
    /// Missing packages already reported.
    missing: BTreeSet<String>,
    _scripts: TempDir,
}

/// Names of the two malloc settings, in the order of [`Peers`].
pub const ALLOCATORS: [&str; 2] = ["default malloc", "pages retained"];

impl Peers {
    /// Starts PyTorch in `python` with `threads` threads.
    ///
    /// # Errors
    /// If the program cannot be started or has no PyTorch.
    pub fn start(python: &Path, threads: usize) -> Result<Self, BenchError> {
        let scripts = scripts::write()?;
        let command = vec![
            python.to_path_buf(),
            scripts.path().join(scripts::SERVER),
            PathBuf::from(threads.to_string()),
        ];
        Self::of_command(&command, scripts)
    }

    /// Starts any program that understands the requests.
    fn of_command(command: &[PathBuf], scripts: TempDir) -> Result<Self, BenchError> {
        let start = |retain: &[(&str, &str)], log: &str| {
            Process::start(command, retain, &scripts.path().join(log))
        };
        // Started side by side, as most of the time is spent importing.
        let mut runners = [start(&[], "plain.log")?, start(&RETAIN, "retained.log")?];
        let mut observer = start(&[], "observer.log")?;
        let version = runners[0].ready()?;
        runners[1].ready()?;
        observer.ready()?;
        Ok(Self {
            version,
            runners,
            observer,
            missing: BTreeSet::new(),
            _scripts: scripts,
        })
    }

    /// The program and its version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Builds a variant under a key in both processes and warms it up. Returns none, or why the
    /// variant is not available.
    ///
    /// # Errors
    /// If a process ended.
    pub fn prepare(&mut self, key: usize, form: &Form) -> Result<Option<String>, BenchError> {
        Ok(self.build(key, form.request())?.err())
    }

    /// Builds something under a key in both processes and warms it up: returns the last answer, or
    /// why it is not available; an empty reason if that was already reported.
    fn build(
        &mut self,
        key: usize,
        mut request: serde_json::Value,
    ) -> Result<Result<Answer, String>, BenchError> {
        request["do"] = "prepare".into();
        request["key"] = key.into();
        let mut last = Answer::default();
        for runner in &mut self.runners {
            let reason = match runner.ask(&request)? {
                Answer {
                    error: Some(error), ..
                } => error,
                Answer {
                    missing: Some(package),
                    ..
                } => match self.missing.insert(package.clone()) {
                    true => format!("{} has no package '{package}'", runner.program()),
                    false => String::new(),
                },
                answer => {
                    last = answer;
                    continue;
                }
            };
            return Ok(Err(reason));
        }
        Ok(Ok(last))
    }

    /// Milliseconds of calls of a prepared variant, as many as fit into `seconds` but at least one,
    /// in process number `runner`.
    ///
    /// # Errors
    /// If the process ended or the variant failed.
    pub fn samples(
        &mut self,
        runner: usize,
        key: usize,
        pass: Pass,
        seconds: f64,
        most: usize,
    ) -> Result<Vec<f64>, BenchError> {
        let pass = match pass {
            Pass::Forward => "forward",
            Pass::Both => "both",
        };
        let request = serde_json::json!({
            "do": "time", "key": key, "pass": pass, "seconds": seconds, "most": most,
        });
        Ok(self.time(runner, &request)?.0)
    }

    /// The samples in the answer of process number `runner` to a request, and the answer.
    fn time(
        &mut self,
        runner: usize,
        request: &serde_json::Value,
    ) -> Result<(Vec<f64>, Answer), BenchError> {
        let runner = &mut self.runners[runner];
        let mut answer = runner.ask(request)?;
        thread::sleep(SETTLE);
        match answer.ms.take() {
            Some(ms) if !ms.is_empty() => Ok((ms, answer)),
            _ => Err(runner.failure(answer.reason())),
        }
    }

    /// Drops all variants.
    ///
    /// # Errors
    /// If a process ended.
    pub fn forget(&mut self) -> Result<(), BenchError> {
        for runner in &mut self.runners {
            runner.ask(&serde_json::json!({ "do": "forget" }))?;
        }
        Ok(())
    }

    /// Peak megabytes of a variant, counted as in [`peak_of`](super::peak_of); none if unknown.
    ///
    /// # Errors
    /// If the process ended.
    pub fn peak(&mut self, form: &Form) -> Result<Option<f64>, BenchError> {
        self.peak_of(form.request())
    }

    fn peak_of(&mut self, mut request: serde_json::Value) -> Result<Option<f64>, BenchError> {
        request["do"] = "peak".into();
        Ok(self.observer.ask(&request)?.mb)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// A program that answers every request by a line of shell.
    fn peers(answer: &str) -> Result<Peers, BenchError> {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("peer.sh");
        let text =
            format!("echo '{{\"ready\": \"Fake 1\"}}'\nwhile read -r line; do {answer}; done\n");
        std::fs::write(&script, text).unwrap();
        Peers::of_command(&[PathBuf::from("sh"), script], folder)
    }

    fn form() -> Form {
        Form {
            name: "any".into(),
            arguments: vec![1],
            shape: vec![2, 3],
        }
    }

    #[test]
    fn answers_are_taken_from_each_process() {
        // The second process is told apart by what keeps its pages.
        let mut peers = peers(
            r#"case "$line" in
               *'"time"'*) echo "{\"ms\": [1.5, ${MALLOC_TRIM_THRESHOLD_:-2}]}";;
               *'"peak"'*) echo '{"mb": 12.5}';;
               *) echo '{}';; esac"#,
        )
        .unwrap();
        assert_eq!(peers.version(), "Fake 1");
        assert_eq!(peers.prepare(0, &form()).unwrap(), None);
        let mut samples = |runner| peers.samples(runner, 0, Pass::Both, 0.1, 9).unwrap();
        assert_eq!(samples(0), [1.5, 2.0]);
        assert_eq!(samples(1), [1.5, 4e9]);
        assert_eq!(peers.peak(&form()).unwrap(), Some(12.5));
        peers.forget().unwrap();
    }

    #[test]
    fn a_missing_package_is_told_once_and_is_no_failure() {
        let mut peers = peers(r#"echo '{"missing": "fft_conv_pytorch"}'"#).unwrap();
        let told = peers.prepare(0, &form()).unwrap().unwrap();
        assert_eq!(told, "sh has no package 'fft_conv_pytorch'");
        assert_eq!(peers.prepare(1, &form()).unwrap().unwrap(), "");
    }

    #[test]
    fn a_form_that_fails_says_why() {
        let mut peers = peers(r#"echo '{"error": "RuntimeError: no"}'"#).unwrap();
        assert_eq!(
            peers.prepare(0, &form()).unwrap().unwrap(),
            "RuntimeError: no"
        );
        let error = peers.samples(0, 0, Pass::Forward, 0.1, 1).unwrap_err();
        assert_eq!(error.to_string(), "sh: RuntimeError: no");
    }

    #[test]
    fn a_process_that_ends_gives_its_last_words() {
        let mut peers = peers("echo gone wrong >&2; exit 3").unwrap();
        let error = peers.prepare(0, &form()).unwrap_err().to_string();
        assert_eq!(
            error,
            "sh: ended early (exit status: 3); last output: gone wrong"
        );
    }

    #[test]
    fn nonsense_is_told_as_it_came() {
        let mut peers = peers("echo nonsense").unwrap();
        let error = peers.forget().unwrap_err().to_string();
        assert!(error.contains("'nonsense'"), "{error}");
    }

    #[test]
    fn a_python_that_is_not_there_or_has_no_torch_is_named() {
        let error = Peers::start(Path::new("no-such-python"), 1).err().unwrap();
        assert!(
            error
                .to_string()
                .starts_with("no-such-python: cannot be started"),
            "{error}"
        );

        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("peer.sh");
        std::fs::write(&script, "echo '{\"missing\": \"torch\"}'").unwrap();
        let error = Peers::of_command(&[PathBuf::from("sh"), script], folder)
            .err()
            .unwrap();
        assert!(
            error.to_string().starts_with("sh has no package 'torch'"),
            "{error}"
        );
    }

    /// Runs where TORCH_PYTHON names a Python with PyTorch.
    #[test]
    fn pytorch_builds_and_times_every_form() {
        let Some(python) = std::env::var_os("TORCH_PYTHON") else {
            eprintln!("skipped: TORCH_PYTHON names no Python with PyTorch");
            return;
        };
        let mut peers = Peers::start(Path::new(&python), 1).unwrap();
        let small = |case: &crate::bench::Case| {
            let mut spec = case.spec.clone();
            spec.shape[0] = 1;
            spec
        };
        for case in crate::bench::cases() {
            for form in &case.forms {
                let form = Form::named(&form.name, &small(&case));
                match peers.prepare(0, &form).unwrap() {
                    None => {
                        let samples = peers.samples(1, 0, Pass::Both, 0.0, 1).unwrap();
                        assert!(samples.len() == 1 && samples[0] > 0.0, "{form:?}");
                    }
                    Some(reason) => assert!(
                        reason.is_empty() || reason.contains("has no package"),
                        "{form:?}: {reason}"
                    ),
                }
                peers.forget().unwrap();
            }
        }
        let form = Form::named(
            "dense_filter",
            &crate::bench::case("dense_64x16-32_28").unwrap().spec,
        );
        #[cfg(target_os = "linux")]
        assert!(peers.peak(&form).unwrap().unwrap() > 4.0);
    }
}
