//! A process that answers requests, one line of JSON each.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;

use crate::bench::error::BenchError;

/// An answer of the process.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    pub(super) ready: Option<String>,
    pub(super) ms: Option<Vec<f64>>,
    pub(super) parts: Option<Vec<[f64; 4]>>,
    pub(super) params: Option<usize>,
    pub(super) mb: Option<f64>,
    pub(super) error: Option<String>,
    pub(super) missing: Option<String>,
}

impl Answer {
    /// Why an answer is not the expected one.
    pub(super) fn reason(self) -> String {
        match (self.error, self.missing) {
            (Some(error), _) => error,
            (_, Some(package)) => format!("has no package '{package}'"),
            _ => "gave an unexpected answer".into(),
        }
    }
}

/// A process that answers requests; it ends when this value is dropped.
pub(super) struct Process {
    program: String,
    child: Child,
    /// None once it should end.
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    log: PathBuf,
}

impl Process {
    /// Starts a command with additional environment variables and stderr redirected to a file.
    pub(super) fn start(
        command: &[PathBuf],
        environment: &[(&str, &str)],
        log: &Path,
    ) -> Result<Self, BenchError> {
        let program = command[0].display().to_string();
        let failed = |reason: String| BenchError::Peer {
            program: program.clone(),
            reason,
        };
        let stderr = File::create(log).map_err(BenchError::Scripts)?;
        let mut child = Command::new(&command[0])
            .args(&command[1..])
            .envs(environment.iter().copied())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .map_err(|error| failed(format!("cannot be started: {error}")))?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (requests, answers) = pipes.ok_or_else(|| failed("has no pipes".into()))?;
        Ok(Self {
            program,
            child,
            requests: Some(requests),
            answers: BufReader::new(answers),
            log: log.to_path_buf(),
        })
    }

    /// The program's name.
    pub(super) fn program(&self) -> &str {
        &self.program
    }

    /// Waits for the first line and returns the version in it.
    pub(super) fn ready(&mut self) -> Result<String, BenchError> {
        match self.answer()? {
            Answer {
                ready: Some(version),
                ..
            } => Ok(version),
            Answer {
                missing: Some(package),
                ..
            } => Err(BenchError::Package {
                program: self.program.clone(),
                package,
            }),
            answer => Err(self.failure(answer.reason())),
        }
    }

    /// Sends a request and waits for the answer.
    pub(super) fn ask(&mut self, request: &serde_json::Value) -> Result<Answer, BenchError> {
        let line = format!("{request}\n");
        let sent = self.requests.as_mut().map(|requests| {
            requests
                .write_all(line.as_bytes())
                .and_then(|()| requests.flush())
        });
        match sent {
            Some(Ok(())) => self.answer(),
            _ => Err(self.ended()),
        }
    }

    /// Formats an error.
    pub(super) fn failure(&self, reason: String) -> BenchError {
        BenchError::Peer {
            program: self.program.clone(),
            reason,
        }
    }

    fn answer(&mut self) -> Result<Answer, BenchError> {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(0) | Err(_) => Err(self.ended()),
            Ok(_) => serde_json::from_str(&line).map_err(|error| {
                let line = line.trim_end();
                self.failure(format!("gave an invalid answer '{line}': {error}"))
            }),
        }
    }

    /// How it ended, and its last line on stderr.
    fn ended(&mut self) -> BenchError {
        let mut reason = String::from("ended early");
        // It may have closed its pipe a moment earlier.
        self.requests = None;
        if let Ok(status) = self.child.wait() {
            reason += &format!(" ({status})");
        }
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        if let Some(line) = said.lines().rfind(|line| !line.trim().is_empty()) {
            reason += &format!("; last output: {}", line.trim());
        }
        self.failure(reason)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Closing its stdin lets it end by itself; a running computation is not waited for.
        self.requests = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
