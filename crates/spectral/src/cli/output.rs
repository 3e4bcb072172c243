//! Text for people and JSON for machines.

use std::io::{self, Write};

use serde::Serialize;

use super::error::CliError;

/// Writes text to stdout.
pub(super) fn print(text: &str) -> Result<(), CliError> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(CliError::Stdout)
}

/// Writes a value to stdout as JSON.
pub(super) fn print_json(value: &impl Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| CliError::Failed(format!("cannot write JSON: {error}")))?;
    print(&(text + "\n"))
}

/// Tells a line on stderr; that nobody listens is no failure.
pub(super) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
