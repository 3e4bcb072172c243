//! The `spectral` command from end to end: the built binary, its files, its exit codes.

mod bench;
mod demo;
mod errors;
mod evaluation;
mod fields;
mod inputs;
mod inspection;
mod lists;
mod operators;
mod parts;
mod prediction;
mod recipes;
mod simulation;
mod study;
mod study_autoencoder;
mod study_emulators;
mod study_filters;
mod study_fixed;
mod study_kk;
mod study_measured;
mod study_parametric;
mod study_resolution;
mod study_solved;
mod study_verdict;
mod study_why_fft;
mod training;
mod unattended;
mod width;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A folder of its own to run the command in, with no data sets in sight.
struct Lab {
    folder: TempDir,
}

/// What the command said, and how it ended.
struct Said {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Lab {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spectral"));
        command
            .current_dir(self.folder.path())
            .env_remove("SPECTRAL_DATA")
            .env_remove("SPECTRAL_MIRROR")
            .env_remove("TORCH_PYTHON")
            .env_remove("COLUMNS")
            .env("XDG_CACHE_HOME", self.path("cache"));
        command
    }

    /// Runs a line of words separated by spaces.
    fn run(&self, line: &str) -> Said {
        self.run_with(&[], line)
    }

    /// Runs a line with these variables in the environment.
    fn run_with(&self, variables: &[(&str, &str)], line: &str) -> Said {
        let Output {
            status,
            stdout,
            stderr,
        } = self
            .command()
            .envs(variables.iter().copied())
            .args(line.split_whitespace())
            .output()
            .unwrap();
        let said = Said {
            code: status.code().expect("ended by itself"),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        };
        assert!(!said.stderr.contains("panicked"), "{line}\n{}", said.stderr);
        said
    }

    /// Runs a line that must go well.
    fn ok(&self, line: &str) -> Said {
        let said = self.run(line);
        assert_eq!(said.code, 0, "{line}\n{}", said.stderr);
        said
    }

    /// Runs a line that must go well and print JSON, and nothing else.
    fn json(&self, line: &str) -> Value {
        let said = self.ok(line);
        serde_json::from_str(&said.stdout)
            .unwrap_or_else(|error| panic!("{line}: {error}\n{}", said.stdout))
    }

    /// Runs a line that must fail with that code; what it said on stderr.
    fn fails(&self, line: &str, code: i32) -> String {
        let said = self.run(line);
        assert_eq!(said.code, code, "{line}\n{}", said.stderr);
        assert_eq!(said.stdout, "", "{line}");
        assert!(said.stderr.contains("error: "), "{line}\n{}", said.stderr);
        said.stderr
    }
}

/// Where the rows of the safetensors file begin, and they themselves: all but the metadata.
fn weights(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    bytes[8 + header..].to_vec()
}
