//! Sections from a template of their words.

use std::collections::BTreeMap;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, syntax::SyntaxConfig, value::Serde};
use serde::Serialize;

use super::super::{ReportError, format};
use super::{Block, Section};

/// Fills a template and splits it into sections. Its text consists of pieces with blank lines between:
///
/// * `# Heading` begins a section;
/// * `@name` places an exhibit, a chart, table or row of pictures; lines `title:`, `columns:` (separated
///   by `|`) and `note:` may follow and replace those of the exhibit;
/// * anything else is a paragraph.
///
/// Templates have minijinja's syntax with the filters `significant` (three digits) and `count`
/// (thousands separated). Text from the context cannot begin a piece of another kind as long as words
/// of the template precede it. Exhibits that are not placed are left out, so that a template decides
/// what is shown.
///
/// # Errors
/// [`ReportError::Template`] for a malformed template or an undefined value, [`ReportError::Fill`] for
/// an unknown exhibit or line.
pub fn fill_sections(
    template: &str,
    context: &impl Serialize,
    mut exhibits: BTreeMap<String, Block>,
) -> Result<Vec<Section>, ReportError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // Sections are escaped where they are rendered.
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?,
    );
    environment.add_filter("significant", |value: Option<f64>| {
        format::significant(value.unwrap_or(f64::NAN))
    });
    environment.add_filter("count", |value: usize| format::count(value));
    let text = environment.render_str(template, Serde(context))?;

    let mut sections: Vec<Section> = Vec::new();
    for piece in text.split("\n\n") {
        let lines: Vec<&str> = piece.lines().map(str::trim).collect();
        let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        let Some((&first, rest)) = lines.split_first() else {
            continue;
        };
        if let Some(heading) = first.strip_prefix("# ") {
            sections.push(Section {
                heading: heading.into(),
                blocks: Vec::new(),
            });
            continue;
        }
        let block = match first.strip_prefix('@') {
            Some(name) => {
                let block = exhibits.remove(name);
                let mut block = block.ok_or_else(|| problem(first, "no such exhibit"))?;
                for line in rest {
                    describe(&mut block, line)?;
                }
                block
            }
            None => Block::Text(lines.join(" ")),
        };
        let section = sections.last_mut();
        let section = section.ok_or_else(|| problem(first, "a heading must precede it"))?;
        section.blocks.push(block);
    }
    Ok(sections)
}

/// Sets the title, the columns or the note of an exhibit.
fn describe(block: &mut Block, line: &str) -> Result<(), ReportError> {
    let (key, words) = line.split_once(':').unwrap_or((line, ""));
    let words = words.trim();
    let (title, columns, note) = match block {
        Block::Text(_) => (None, None, None),
        Block::Table(table) => (
            Some(&mut table.title),
            Some(&mut table.columns),
            Some(&mut table.note),
        ),
        Block::Chart(chart) => (Some(&mut chart.title), None, Some(&mut chart.note)),
        Block::Strip(strip) => (Some(&mut strip.title), None, None),
        Block::Pictures(table) => (
            Some(&mut table.title),
            Some(&mut table.columns),
            Some(&mut table.note),
        ),
    };
    match (key, title, columns, note) {
        ("title", Some(title), ..) => *title = words.into(),
        ("columns", _, Some(columns), _) => {
            *columns = words.split('|').map(|name| name.trim().into()).collect();
        }
        ("note", .., Some(note)) => *note = words.into(),
        _ => return Err(problem(line, "expected title:, columns: or note:")),
    }
    Ok(())
}

fn problem(line: &str, message: &str) -> ReportError {
    ReportError::Fill {
        line: line.into(),
        message: message.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::report::{SectionTable, Strip};

    fn exhibits() -> BTreeMap<String, Block> {
        let table = SectionTable {
            rows: vec![vec!["a".into(), 0.5.into()]],
            note: "as given".into(),
            ..SectionTable::default()
        };
        BTreeMap::from([
            ("errors".to_string(), Block::Table(table)),
            ("fields".to_string(), Block::Strip(Strip::default())),
        ])
    }

    #[test]
    fn pieces_become_headings_paragraphs_and_exhibits() {
        let template = "# One\n\n{% if error %}\nThe error is\n{{ error | significant }} of {{ n | count }}.\n\
                        {% endif %}\n\n@errors\ntitle: Errors by step\ncolumns: what | error\n\n# Two\n";
        let context = json!({ "error": 0.123_456, "n": 1000 });
        let sections = fill_sections(template, &context, exhibits()).unwrap();
        assert_eq!(sections.len(), 2);
        assert_eq!(
            (&*sections[0].heading, &*sections[1].heading),
            ("One", "Two")
        );
        let [Block::Text(text), Block::Table(table)] = sections[0].blocks.as_slice() else {
            panic!("{sections:?}")
        };
        assert_eq!(text, "The error is 0.123 of 1,000.");
        assert_eq!(
            (&*table.title, &*table.note),
            ("Errors by step", "as given")
        );
        assert_eq!(table.columns, ["what", "error"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (template, expected) in [
            ("Text.", "a heading must precede it"),
            ("# A\n\n@other", "`@other`: no such exhibit"),
            ("# A\n\n@fields\nnote: x", "expected title:"),
            ("# A\n\n@errors\nTitel: x", "`Titel: x`"),
            ("# A\n\n{{ missing }}", "undefined"),
        ] {
            let error = fill_sections(template, &json!({}), exhibits()).unwrap_err();
            assert!(error.to_string().contains(expected), "{template}: {error}");
        }
    }
}
