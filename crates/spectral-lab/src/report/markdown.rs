//! Reports as Markdown.

use std::{fmt::Write, path::Path};

use super::{DataSetReport, Goal, ModelReport, Report, ReportError, format, rank, section, write};

/// The findings, one table per data set, the notes and the provenance.
pub fn to_markdown(report: &Report) -> String {
    let mut text = format!("# {}\n", escape(&report.title));
    for paragraph in &report.summary {
        push(&mut text, format_args!("\n{}\n", escape(paragraph)));
    }
    for part in &report.sections {
        section::markdown(&mut text, part);
    }
    for data in &report.data_sets {
        data_set(&mut text, data);
    }
    provenance(&mut text, report);
    text
}

/// Writes [`to_markdown`] to a file, atomically.
///
/// # Errors
/// [`ReportError::Write`].
pub fn write_markdown(report: &Report, path: impl AsRef<Path>) -> Result<(), ReportError> {
    write::write(path.as_ref(), &to_markdown(report))
}

pub(super) fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments)
        .expect("writing to a String cannot fail");
}

fn data_set(text: &mut String, data: &DataSetReport) {
    push(text, format_args!("\n## {}\n\n", escape(&data.name)));
    if !data.description.is_empty() {
        push(text, format_args!("{}\n", escape(&data.description)));
    }
    let goal = data.goal();
    let classes = match goal {
        Goal::Predict => String::new(),
        _ => format!(", {} classes", data.classes.len()),
    };
    push(
        text,
        format_args!(
            "{} training and {} test {}{classes}.\n",
            format::count(data.train_count),
            format::count(data.test_count),
            goal.examples(),
        ),
    );
    let Some(baseline) = data.models.first() else {
        return;
    };
    let decimals = rank::decimals(data);
    let (score, rule) = match goal {
        Goal::Classify => ("accuracy (%) | F1 (%)", "--:|--:"),
        Goal::Rebuild => ("loss", "--:"),
        Goal::Predict => ("relative L2 error | relative H1 error", "--:|--:"),
    };
    push(
        text,
        format_args!(
            "\n| model | description | parameters | dead | {score} | epoch time (s) | × {} | \
             {}/s |\n|:--|:--|--:|--:|{rule}|--:|--:|--:|\n",
            cell(&baseline.model),
            goal.examples(),
        ),
    );
    for row in rank::rows(data) {
        let model = row.model;
        let mut score = score_cell(&row, decimals);
        if let Some(second) = rank::second(model, decimals) {
            score.push_str(&format!(" | {second}"));
        }
        push(
            text,
            format_args!(
                "| {} | {} | {} | {} | {score} | {} | {} | {} |\n",
                cell(&model.model),
                cell(&model.summary),
                format::count(model.params),
                format::count(model.dead_params),
                format::significant(model.epoch_s),
                format::ratio(row.time_ratio),
                format::significant(model.images_per_s),
            ),
        );
    }
    if let Some(seeds) = several_seeds(&data.models) {
        push(
            text,
            format_args!(
                "\nMean ± standard deviation (min–max) over seeds {}.\n",
                seeds.join(", ")
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

/// The accuracy, loss or error, with its spread over the seeds.
fn score_cell(row: &rank::Row<'_>, decimals: usize) -> String {
    let model = row.model;
    if model.diverged() {
        return "diverged".into();
    }
    let mut text = rank::score(model, decimals);
    if row.best {
        text = format!("**{text}**");
    }
    if let (Some(std), Some((low, high))) = (rank::deviation(model, decimals), row.interval) {
        let shown = |end| rank::shown(end, model.goal, decimals);
        text.push_str(&format!(" ± {std} ({}–{})", shown(low), shown(high)));
    }
    text
}

/// The seeds, if there are several.
fn several_seeds(models: &[ModelReport]) -> Option<Vec<String>> {
    let seeds = &models.first()?.seeds;
    (seeds.len() > 1).then(|| seeds.iter().map(|seed| seed.seed.to_string()).collect())
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

/// Text on one line with all markup escaped.
pub(super) fn escape(text: &str) -> String {
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

pub(super) fn cell(text: &str) -> String {
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
    fn models_that_rebuild_have_a_loss_and_no_accuracy() {
        let text = to_markdown(&fixture::reconstruction());
        assert!(text.contains("| **0.0623** |"), "{text}");
        assert!(!text.contains("accuracy") && !text.contains("F1"), "{text}");
        for row in text.lines().filter(|line| line.starts_with('|')) {
            assert_eq!(row.matches('|').count(), 9, "{row}");
        }
    }

    #[test]
    fn models_that_predict_have_relative_errors_of_samples() {
        let text = to_markdown(&fixture::prediction());
        assert!(text.contains("| **0.0842** | 0.168 |"), "{text}");
        assert!(
            text.contains("1,000 training and 100 test samples.\n"),
            "{text}"
        );
        assert!(
            text.contains("| relative L2 error | relative H1 error |"),
            "{text}"
        );
        for word in ["accuracy", "F1", "image", "classes"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
        for row in text.lines().filter(|line| line.starts_with('|')) {
            assert_eq!(row.matches('|').count(), 10, "{row}");
        }
    }

    #[test]
    fn several_seeds_show_their_spread() {
        let mut report = fixture::report();
        for model in &mut report.data_sets[0].models {
            model.seeds = fixture::seeds(&[0.9, 0.92, 0.91]);
        }
        let text = to_markdown(&report);
        assert!(text.contains(" ± 1.0 (90.0–92.0) |"), "{text}");
        assert!(text.contains("over seeds 0, 1, 2."), "{text}");
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
