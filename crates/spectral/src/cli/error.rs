//! Errors of the command, and how they are printed.

use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use thiserror::Error;

use spectral_lab::assemble::ShowError;
use spectral_lab::bench::BenchError;
use spectral_lab::data::DataError;
use spectral_lab::model::ModelError;
use spectral_lab::operate::RollOutError;
use spectral_lab::report::ReportError;
use spectral_lab::simulate::SimulateError;
use spectral_lab::train::TrainError;
use spectral_studies::StudyError;

/// Why a command failed.
#[derive(Debug, Error)]
pub(super) enum CliError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Train(#[from] TrainError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error(transparent)]
    Show(#[from] ShowError),
    #[error(transparent)]
    RollOut(#[from] RollOutError),
    #[error(transparent)]
    Bench(#[from] BenchError),
    #[error(transparent)]
    Simulate(#[from] SimulateError),
    #[error(transparent)]
    Study(#[from] StudyError),
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("cannot write to stdout: {0}")]
    Stdout(io::Error),
    #[error("{}: {reason}", path.display())]
    File { path: PathBuf, reason: String },
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Failed(String),
}

impl CliError {
    /// Attaches a path to an I/O error.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Io { path, source }
    }

    /// A file with invalid contents.
    pub(super) fn file(path: &Path, reason: impl ToString) -> Self {
        Self::File {
            path: path.to_path_buf(),
            reason: reason.to_string(),
        }
    }

    /// The error and its causes on one line; none if nobody reads it.
    pub(super) fn message(&self) -> Option<String> {
        if self.reader_left() {
            return None;
        }
        let mut message = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Many errors include the text of their cause.
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = error.source();
        }
        Some(
            message
                .trim()
                .lines()
                .map(str::trim)
                .collect::<Vec<_>>()
                .join("; "),
        )
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            _ if self.reader_left() => ExitCode::SUCCESS,
            Self::Usage(_) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }

    /// The reader of stdout has closed it, as in `spectral models | head -1`.
    fn reader_left(&self) -> bool {
        matches!(self, Self::Stdout(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_was_told_is_not_told_again() {
        let source = io::Error::other("disk on fire");
        let error = CliError::io(Path::new("x.png"))(source);
        assert_eq!(error.message().unwrap(), "x.png: disk on fire");
    }

    #[test]
    fn a_message_of_several_lines_becomes_one() {
        let error = CliError::Failed("first\n  second\n".into());
        assert_eq!(error.message().unwrap(), "first; second");
    }

    #[test]
    fn a_reader_who_left_is_no_failure() {
        let error = CliError::Stdout(io::ErrorKind::BrokenPipe.into());
        assert_eq!(error.message(), None);
        assert_eq!(error.exit_code(), ExitCode::SUCCESS);
    }
}
