//! Text for people and JSON for machines.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};
use serde::Serialize;

use super::error::CliError;
use super::layout;
use spectral_lab::data::{DataOptions, notes};

/// One line under the header and one at the end.
const STYLE: TableStyle = TableStyle::new()
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// An empty table that fits the current [width](layout::width).
pub(super) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(layout::width() as u16)
        .set_header(header);
    table
}

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

/// Prints notes on stderr about how a data set was read, where that may be surprising.
pub(super) fn tell_notes(name: &str, options: &DataOptions) {
    for note in notes(name, options) {
        say(&note);
    }
}

/// Prints a line on stderr; a closed stderr is not an error.
pub(super) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
