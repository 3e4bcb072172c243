//! Reports as Markdown.

use std::{fmt::Write, path::Path};

use super::{DataSetReport, Report, ReportError, format, rank, write};

/// The findings, one table a data set, the remarks and how the report was made.
pub fn to_markdown(report: &Report) -> String {
    let mut text = format!("# {}\n", escape(&report.title));
    for paragraph in &report.summary {
        push(&mut text, format_args!("\n{}\n", escape(paragraph)));
    }
    for data in &report.data_sets {
        data_set(&mut text, data);
    }
    provenance(&mut text, report);
    text
}

/// Writes [`to_markdown`] to a file, whole or not at all.
///
/// # Errors
/// [`ReportError::Write`].
pub fn write_markdown(report: &Report, path: impl AsRef<Path>) -> Result<(), ReportError> {
    write::write(path.as_ref(), &to_markdown(report))
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments)
        .expect("a String takes all that is written to it");
}

fn data_set(text: &mut String, data: &DataSetReport) {
    push(text, format_args!("\n## {}\n\n", escape(&data.name)));
    if !data.description.is_empty() {
        push(text, format_args!("{}\n", escape(&data.description)));
    }
    push(
        text,
        format_args!(
            "{} training and {} test images, {} classes.\n",
            format::count(data.train_count),
            format::count(data.test_count),
            data.classes.len()
        ),
    );
    let Some(baseline) = data.models.first() else {
        return;
    };
    let decimals = rank::decimals(data);
    push(
        text,
        format_args!(
            "\n| model | what it is | parameters | dead | accuracy (%) | F1 (%) | time of an epoch (s) | × {} | images/s |\n\
             |:--|:--|--:|--:|--:|--:|--:|--:|--:|\n",
            cell(&baseline.model)
        ),
    );
    for row in rank::rows(data) {
        let model = row.model;
        let mut accuracy = format::percent(model.accuracy, decimals);
        if model.diverged() {
            accuracy = "diverged".into();
        } else if row.best {
            accuracy = format!("**{accuracy}**");
        }
        push(
            text,
            format_args!(
                "| {} | {} | {} | {} | {accuracy} | {} | {} | {} | {} |\n",
                cell(&model.model),
                cell(&model.summary),
                format::count(model.params),
                format::count(model.dead_params),
                format::percent(model.f1, decimals),
                format::significant(model.epoch_s),
                format::ratio(row.time_ratio),
                format::significant(model.images_per_s),
            ),
        );
    }
    let notes: Vec<_> = data
        .models
        .iter()
        .flat_map(|model| model.notes.iter().map(move |note| (model, note)))
        .collect();
    if !notes.is_empty() {
        text.push('\n');
    }
    for (model, note) in notes {
        push(
            text,
            format_args!("- {}: {}\n", escape(&model.model), escape(note)),
        );
    }
}

fn provenance(text: &mut String, report: &Report) {
    let made = &report.provenance;
    push(
        text,
        format_args!(
            "\n## How this was made\n\n- command: {}\n",
            code(&made.command)
        ),
    );
    if let Some(commit) = &made.commit {
        push(text, format_args!("- commit: {}\n", code(commit)));
    }
    push(
        text,
        format_args!(
            "- seed: {}\n- machine: {}, {} threads\n- date: {}\n- time taken: {}\n",
            made.seed,
            escape(&made.machine),
            made.threads,
            escape(&made.date),
            format::duration(made.elapsed_s)
        ),
    );
    for (name, version) in &made.versions {
        push(
            text,
            format_args!("- {}: {}\n", escape(name), escape(version)),
        );
    }
}

/// Text on one line in which no character is markup.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' => {
                escaped.extend(['\\', character])
            }
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\n' | '\r' => escaped.push(' '),
            _ => escaped.push(character),
        }
    }
    escaped
}

fn cell(text: &str) -> String {
    escape(text.trim())
}

/// Text as code: fenced by more backticks than it holds in a row.
fn code(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for character in text.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let text = text.replace(['\n', '\r'], " ");
    let space = if longest > 0 { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn every_model_has_a_row_of_as_many_cells_as_the_header() {
        for report in [fixture::report(), fixture::hostile()] {
            let text = to_markdown(&report);
            let rows: Vec<_> = text.lines().filter(|line| line.starts_with('|')).collect();
            let models: usize = report.data_sets.iter().map(|data| data.models.len()).sum();
            assert_eq!(rows.len(), models + 2 * report.data_sets.len());
            for row in rows {
                assert_eq!(row.replace("\\|", "").matches('|').count(), 10, "{row}");
            }
        }
    }

    #[test]
    fn the_most_accurate_is_bold_and_the_diverged_is_named() {
        let text = to_markdown(&fixture::report());
        assert_eq!(text.matches("**").count(), 4, "one a data set");
        assert!(to_markdown(&fixture::hostile()).contains("| diverged |"));
    }

    #[test]
    fn markup_in_names_stays_text() {
        let text = to_markdown(&fixture::hostile());
        let outside_code = text.lines().filter(|line| !line.starts_with("- command"));
        for line in outside_code {
            assert!(!line.contains("<script"), "{line}");
        }
        assert!(!text.contains("NaN") && !text.contains("inf"));
    }

    #[test]
    fn code_is_fenced_whatever_it_holds() {
        assert_eq!(code("cargo run"), "`cargo run`");
        assert_eq!(code("a``b"), "``` a``b ```");
    }
}
