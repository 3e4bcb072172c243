//! The width of the terminal, and text that fits it.

use std::ffi::OsStr;

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table};
use console::Term;

use super::output;

/// The environment variable that limits the width of tables.
const COLUMNS: &str = "COLUMNS";

/// Default width: stdout is a file or a pipe.
const DEFAULT: usize = 80;

/// Minimum width of a table.
const LEAST: usize = 20;

/// Maximum length of lines of prose.
const PROSE: usize = 80;

/// From this width on, names are not wrapped.
const ROOMY: usize = 60;

/// Width of a table on stdout: `$COLUMNS`, else that of the terminal, else 80.
pub(super) fn width() -> usize {
    let terminal = Term::stdout();
    let columns = terminal.size_checked().map(|(_, columns)| columns.into());
    chosen(std::env::var_os(COLUMNS).as_deref(), columns)
}

fn chosen(variable: Option<&OsStr>, terminal: Option<usize>) -> usize {
    variable
        .and_then(|text| text.to_str()?.trim().parse().ok())
        .filter(|columns| *columns > 0)
        .or(terminal.filter(|columns| *columns > 0))
        .unwrap_or(DEFAULT)
        .clamp(LEAST, usize::from(u16::MAX))
}

/// Width of a line of prose on stdout.
pub(super) fn prose_width() -> usize {
    width().min(PROSE)
}

/// Wraps text at `width` characters, between words.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is a line");
        let length = line.chars().count() + 1 + word.chars().count();
        match line.is_empty() {
            true => line.push_str(word),
            false if length <= width => line.push_str(&format!(" {word}")),
            false => lines.push(word.into()),
        }
    }
    lines.join("\n")
}

/// Keeps the names of a table's first column unwrapped where there is room, so that they can be
/// copied.
pub(super) fn keep_names_whole(table: &mut Table) {
    if width() >= ROOMY
        && let Some(names) = table.column_mut(0)
    {
        names.set_constraint(ColumnConstraint::ContentWidth);
    }
}

/// A row of numbers as text, under its name.
pub(super) type NumberRow = (String, Vec<String>);

/// Rows of numbers, each under an unwrapped name: as many columns side by side as fit `width` (one
/// at least), the others in tables below. Lines of a header are separated by `\n`.
pub(super) fn number_tables(
    corner: &str,
    headers: &[&str],
    rows: &[NumberRow],
    width: usize,
) -> String {
    let widest = |texts: &mut dyn Iterator<Item = &str>| {
        let lines = texts.flat_map(str::lines);
        lines.map(|line| line.chars().count()).max().unwrap_or(0)
    };
    let mut names = rows.iter().map(|(name, _)| name.as_str()).chain([corner]);
    let first = widest(&mut names);
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut taken = 0;
    for (column, header) in headers.iter().enumerate() {
        let numbers = rows.iter().map(|(_, numbers)| numbers[column].as_str());
        // The style separates columns by a space.
        let needed = 1 + widest(&mut numbers.chain([*header]));
        match parts.last_mut() {
            Some(part) if taken + needed <= width => {
                part.push(column);
                taken += needed;
            }
            _ => {
                parts.push(vec![column]);
                taken = first + needed;
            }
        }
    }
    let tables = parts.iter().map(|part| {
        let mut table = output::table([corner]);
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.set_header([corner].into_iter().chain(part.iter().map(|&c| headers[c])));
        for (name, numbers) in rows {
            let cells = part
                .iter()
                .map(|&column| Cell::new(&numbers[column]).set_alignment(CellAlignment::Right));
            table.add_row([Cell::new(name)].into_iter().chain(cells));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 0));
        }
        table.to_string()
    });
    tables.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_width_is_that_of_the_variable_then_of_the_terminal_then_eighty() {
        let width = |variable: &str, terminal| chosen(Some(OsStr::new(variable)), terminal);
        assert_eq!(width("40", Some(100)), 40);
        assert_eq!(chosen(None, Some(100)), 100);
        assert_eq!(chosen(None, None), 80);
        for nonsense in ["", "wide", "0", "-3"] {
            assert_eq!(width(nonsense, None), 80, "{nonsense}");
        }
        assert_eq!(width("1", None), LEAST);
        assert_eq!(width("99999999", None), usize::from(u16::MAX));
    }

    #[test]
    fn lines_break_between_words_alone() {
        assert_eq!(wrapped("one two  three", 7), "one two\nthree");
        assert_eq!(wrapped("unbreakable a", 3), "unbreakable\na");
    }

    #[test]
    fn columns_that_do_not_fit_stand_in_a_table_below() {
        let rows: Vec<NumberRow> = vec![
            (
                "a-long-name".into(),
                vec!["1.00".into(), "22.0".into(), "333".into()],
            ),
            ("b".into(), vec!["4".into(), "–".into(), "6".into()]),
        ];
        let headers = ["fwd", "their\nfwd", "×"];
        let shown = |width| number_tables("case", &headers, &rows, width);
        let widest = |text: &str| text.lines().map(|l| l.chars().count()).max().unwrap();
        let whole = shown(80);
        assert_eq!(whole.matches("a-long-name").count(), 1, "{whole}");
        for (width, tables) in [(widest(&whole), 1), (24, 2), (17, 3), (3, 3)] {
            let text = shown(width);
            assert_eq!(
                text.matches("a-long-name").count(),
                tables,
                "{width}\n{text}"
            );
            assert!(width < 17 || widest(&text) <= width, "{width}\n{text}");
            for number in ["1.00", "22.0", "333", "–"] {
                assert!(text.contains(number), "{width}\n{text}");
            }
        }
    }
}
