//! The Markdown of a filled template as a report.

use spectral_lab::report::{
    Block, ChartKind, Report, Section, SectionChart, SectionTable, Strip, Value,
};

use super::exhibits::{Exhibit, Exhibits, Table};
use super::template::{MARK, PART, readable};

/// Reads the text line by line and puts each exhibit in its place.
pub(super) fn report(text: &str, exhibits: Exhibits) -> Result<Report, String> {
    let mut reader = Reader {
        exhibits,
        ..Reader::default()
    };
    for line in text.lines() {
        reader.line(line.trim())?;
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    exhibits: Exhibits,
    report: Report,
    /// Lines of the paragraph, or of the note, that is being read.
    lines: Vec<String>,
    is_note: bool,
    /// For the next exhibit.
    title: Option<String>,
    columns: Option<Vec<String>>,
    /// Of a table that the template writes itself.
    rows: Table,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        if !line.starts_with('|') {
            self.end_rows()?;
        }
        let note = line.strip_prefix('>');
        if !self.lines.is_empty() && (line.is_empty() || note.is_some() != self.is_note) {
            self.end_paragraph()?;
        }
        if let Some(note) = note {
            self.is_note = true;
            self.lines.push(note.into());
        } else if let Some(title) = line.strip_prefix("# ") {
            self.end_paragraph()?;
            self.title(title)?;
        } else if let Some(heading) = line.strip_prefix("## ") {
            self.end_paragraph()?;
            self.exhibit_expected()?;
            self.report.sections.push(Section {
                heading: readable(heading),
                ..Section::default()
            });
        } else if let Some(title) = line.strip_prefix("### ") {
            self.end_paragraph()?;
            self.exhibit_expected()?;
            self.title = Some(readable(title));
        } else if line.starts_with('|') {
            self.end_paragraph()?;
            match self.columns {
                None => self.columns = Some(cells(line)),
                Some(_) => self
                    .rows
                    .push(cells(line).into_iter().map(Value::from).collect()),
            }
        } else if line.contains(MARK) {
            self.end_paragraph()?;
            self.place(line)?;
        } else if is_unknown(line) {
            return Err(format!(
                "`{}` is no line of a page: paragraphs, `#`, `##`, `###`, `|` and `>` are",
                readable(line)
            ));
        } else if !line.is_empty() {
            self.is_note = false;
            self.lines.push(line.into());
        }
        Ok(())
    }

    fn title(&mut self, title: &str) -> Result<(), String> {
        if !self.report.title.is_empty() || !self.report.summary.is_empty() {
            return Err("the title is not the first line, or there are two".into());
        }
        self.report.title = readable(title);
        Ok(())
    }

    /// Puts away what was read of a paragraph or a note.
    fn end_paragraph(&mut self) -> Result<(), String> {
        let text = readable(&std::mem::take(&mut self.lines).join(" "));
        if text.is_empty() {
            return Ok(());
        }
        if self.is_note {
            return self.note(text);
        }
        self.exhibit_expected()?;
        if self.report.title.is_empty() {
            return Err("the page does not begin with `# ` and its title".into());
        }
        match self.report.sections.last_mut() {
            Some(section) => section.blocks.push(Block::Text(text)),
            None => self.report.summary.push(text),
        }
        Ok(())
    }

    fn note(&mut self, text: String) -> Result<(), String> {
        let section = self.report.sections.last_mut();
        let note = match section.and_then(|section| section.blocks.last_mut()) {
            Some(Block::Table(table)) => &mut table.note,
            Some(Block::Chart(chart)) => &mut chart.note,
            _ => {
                return Err(format!(
                    "the note `{text}` does not follow a table or a chart"
                ));
            }
        };
        if !note.is_empty() {
            return Err(format!("the note `{text}` is a second one"));
        }
        *note = text;
        Ok(())
    }

    /// Puts away the rows that the template wrote.
    fn end_rows(&mut self) -> Result<(), String> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        let title = self.title.take().unwrap_or_default();
        let columns = fitting(&title, self.columns.take(), &rows)?;
        let section = self.report.sections.last_mut();
        let section = section.ok_or("a table stands before the first section")?;
        section.blocks.push(Block::Table(SectionTable {
            title,
            columns,
            rows,
            note: String::new(),
        }));
        Ok(())
    }

    /// A title and names of columns belong to what follows at once.
    fn exhibit_expected(&self) -> Result<(), String> {
        match (&self.title, &self.columns) {
            (Some(title), _) => Err(format!("nothing follows the title `{title}`")),
            (None, Some(columns)) => Err(format!(
                "no table follows the columns `{}`",
                columns.join(" | ")
            )),
            (None, None) => Ok(()),
        }
    }

    fn place(&mut self, line: &str) -> Result<(), String> {
        let mark = line
            .strip_prefix(MARK)
            .and_then(|line| line.strip_suffix(MARK));
        let parts: Vec<&str> = mark.unwrap_or_default().split(PART).collect();
        let &[function, name, axis] = parts.as_slice() else {
            let line = line.split(MARK).map(|text| match text.split(PART).nth(1) {
                Some(name) => format!("`{name}`"),
                None => text.to_string(),
            });
            return Err(format!(
                "an exhibit stands on a line of its own: {}",
                readable(&line.collect::<String>())
            ));
        };
        let mut keys = self.exhibits.keys();
        let key = keys.find(|(own, known)| *own == function && known == name);
        let exhibit = key.cloned().and_then(|key| self.exhibits.remove(&key));
        let exhibit = exhibit.ok_or_else(|| format!("placed twice: {function}(\"{name}\")"))?;
        let title = self.title.take().unwrap_or_default();
        let columns = self.columns.take();
        let block = match exhibit {
            Exhibit::Table(table) => Block::Table(SectionTable {
                title,
                columns: fitting(name, columns, &table)?,
                rows: table,
                note: String::new(),
            }),
            _ if columns.is_some() => return Err(format!("`{name}` has no columns to name")),
            Exhibit::Chart(_) if title.is_empty() => {
                return Err(format!(
                    "the chart `{name}` has no `###` line with its title"
                ));
            }
            Exhibit::Chart(mut chart) => {
                if let ChartKind::Lines { x, .. } = &mut chart.kind {
                    if axis.is_empty() {
                        return Err(format!("the chart `{name}` has no axis: give it x=\"…\""));
                    }
                    *x = axis.into();
                }
                Block::Chart(SectionChart {
                    title,
                    note: String::new(),
                    kind: chart.kind,
                    file: None,
                })
            }
            Exhibit::Strip(pictures) if pictures.is_empty() => return Ok(()),
            Exhibit::Strip(pictures) => Block::Strip(Strip {
                title,
                pictures,
                file: None,
            }),
        };
        let section = self.report.sections.last_mut();
        let section = section.ok_or_else(|| format!("`{name}` stands before the first section"))?;
        section.blocks.push(block);
        Ok(())
    }

    fn finish(mut self) -> Result<Report, String> {
        self.end_rows()?;
        self.end_paragraph()?;
        self.exhibit_expected()?;
        if self.report.title.is_empty() {
            return Err("the page has no title".into());
        }
        let never: Vec<String> = (self.exhibits.keys())
            .map(|(function, name)| format!("{function}(\"{name}\")"))
            .collect();
        match never.is_empty() {
            true => Ok(self.report),
            false => Err(format!("never placed: {}", never.join(", "))),
        }
    }
}

/// Lists, deeper headings and rules, which a report has no room for.
fn is_unknown(line: &str) -> bool {
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    ["#", "- ", "* ", "+ ", "---", "```"]
        .iter()
        .any(|start| line.starts_with(start))
        || (number.len() < line.len() && number.starts_with(". "))
}

/// The cells of a line of names; `\|` is a bar within one.
fn cells(line: &str) -> Vec<String> {
    let line = line.replace("\\|", &MARK.to_string());
    let line = line.trim_matches('|');
    let cell = |cell: &str| readable(cell).replace(MARK, "|");
    line.split('|').map(cell).collect()
}

/// The names of the columns, one per cell of each row.
fn fitting(name: &str, columns: Option<Vec<String>>, rows: &Table) -> Result<Vec<String>, String> {
    let columns = columns.ok_or_else(|| {
        format!("the table `{name}` has no `|` line with the names of its columns")
    })?;
    match rows.iter().find(|row| row.len() != columns.len()) {
        None => Ok(columns),
        Some(row) => Err(format!(
            "the table `{name}` has rows of {} cells, but {} columns are named: {}",
            row.len(),
            columns.len(),
            columns.join(" | ")
        )),
    }
}
