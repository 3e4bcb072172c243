//! Sections as Markdown.

use super::super::markdown::{cell, escape, push};
use super::{Block, PictureTable, Section, SectionChart, SectionTable, Strip, Value};

/// Heading, text, tables, and links to charts and pictures written as files.
pub(in crate::report) fn section(text: &mut String, section: &Section) {
    push(text, format_args!("\n## {}\n", escape(&section.heading)));
    for block in &section.blocks {
        match block {
            Block::Text(paragraph) => push(text, format_args!("\n{}\n", escape(paragraph))),
            Block::Table(table) => push_table(text, table),
            Block::Chart(chart) => push_chart(text, chart),
            Block::Strip(strip) => push_strip(text, strip),
            Block::Pictures(table) => push_pictures(text, table),
        }
    }
}

fn push_table(text: &mut String, table: &SectionTable) {
    if !table.title.is_empty() {
        push(text, format_args!("\n**{}**\n", escape(&table.title)));
    }
    let names: Vec<String> = table.columns.iter().map(|name| cell(name)).collect();
    let rule = (0..table.columns.len()).map(|column| match table.is_numeric(column) {
        true => "--:",
        false => ":--",
    });
    let rule: Vec<&str> = rule.collect();
    push(
        text,
        format_args!("\n| {} |\n|{}|\n", names.join(" | "), rule.join("|")),
    );
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|value| cell(&value.shown())).collect();
        push(text, format_args!("| {} |\n", cells.join(" | ")));
    }
    if !table.note.is_empty() {
        push(text, format_args!("\n{}\n", escape(&table.note)));
    }
}

fn push_chart(text: &mut String, chart: &SectionChart) {
    let Some(file) = &chart.file else { return };
    let (title, note) = (escape(&chart.title), escape(&chart.note));
    push(
        text,
        format_args!("\n![{title}]({file})\n\n{title}. {note}\n"),
    );
}

fn push_strip(text: &mut String, strip: &Strip) {
    let Some(file) = &strip.file else { return };
    let title = escape(&strip.title);
    let captions = strip.pictures.iter().map(|picture| escape(&picture.label));
    let captions: Vec<String> = captions.collect();
    push(
        text,
        format_args!(
            "\n![{title}]({file})\n\n{title}. From left to right: {}.\n",
            captions.join("; ")
        ),
    );
}

fn push_pictures(text: &mut String, table: &PictureTable) {
    let Some(file) = &table.file else { return };
    let title = escape(&table.title);
    let rows = table.rows.iter().map(|row| match row.scale {
        Some(scale) => format!("{} ({})", escape(&row.name), escape(&scale.describe())),
        None => escape(&row.name),
    });
    let columns = table.columns.iter().map(|name| escape(name));
    push(
        text,
        format_args!(
            "\n![{title}]({file})\n\n{title}. From top to bottom: {}. From left to right: {}. {}\n",
            rows.collect::<Vec<_>>().join("; "),
            columns.collect::<Vec<_>>().join("; "),
            escape(&table.note),
        ),
    );
}

impl SectionTable {
    /// Whether a column contains only numbers, with their units.
    pub(super) fn is_numeric(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.all(|cell| match cell {
            Value::Number(_) => true,
            Value::Text(text) => {
                text.starts_with(|c: char| c.is_ascii_digit() || "+−–".contains(c))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::PictureRow;
    use super::*;
    use crate::report::ColorScale;

    #[test]
    fn numbers_with_their_spread_are_numbers() {
        let table = |cells: [&str; 2]| SectionTable {
            rows: cells.map(|cell| vec![cell.into()]).to_vec(),
            ..SectionTable::default()
        };
        assert!(table(["+1.00 ± 0.10", "–"]).is_numeric(0));
        assert!(!table(["+1.00", "conv 1"]).is_numeric(0));
    }

    #[test]
    fn rows_of_pictures_are_told_with_their_scales() {
        let mut table = PictureTable {
            title: "Sample 1".into(),
            columns: vec!["t = 0".into(), "t = 9".into()],
            rows: vec![
                PictureRow {
                    name: "truth".into(),
                    scale: Some(ColorScale::symmetric([&[2.0f32][..]])),
                    pictures: Vec::new(),
                },
                PictureRow::default(),
            ],
            note: "Gray is unknown.".into(),
            file: None,
        };
        let mut text = String::new();
        push_pictures(&mut text, &table);
        assert_eq!(text, "", "no file, no link");
        table.file = Some("pictures/strip-1.png".into());
        push_pictures(&mut text, &table);
        assert_eq!(
            text,
            "\n![Sample 1](pictures/strip-1.png)\n\nSample 1. From top to bottom: truth (−2.00 to \
             2.00); . From left to right: t = 0; t = 9. Gray is unknown.\n"
        );
    }

    #[test]
    fn numbers_stand_to_the_right_and_bars_in_cells_break_no_table() {
        let table = SectionTable {
            title: "Errors".into(),
            columns: vec!["what".into(), "error".into()],
            rows: vec![vec!["a|b".into(), 0.5.into()]],
            note: "Less is better.".into(),
        };
        let part = Section {
            heading: "Part".into(),
            blocks: vec![Block::Table(table), Block::Text("Read *on*.".into())],
        };
        let mut text = String::new();
        section(&mut text, &part);
        assert!(
            text.contains("\n| what | error |\n|:--|--:|\n| a\\|b | 0.500 |\n"),
            "{text}"
        );
        assert!(text.starts_with("\n## Part\n") && text.contains("Less is better."));
        assert!(text.ends_with("\nRead \\*on\\*.\n"), "{text}");
    }
}
