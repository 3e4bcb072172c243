//! Parts of a report that are no comparison of networks: text, tables, charts and pictures.

mod chart;
mod files;
mod markdown;
mod view;

use serde::{Deserialize, Serialize};

use super::{Picture, json};

pub(super) use markdown::section as markdown;
pub(super) use view::{SectionView, view};

pub use files::write_section_files;

/// A part of a report under a heading of its own.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Section {
    /// The heading.
    pub heading: String,
    /// What stands below it, from top to bottom.
    pub blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Block {
    /// A paragraph of plain text.
    Text(String),
    /// A table.
    Table(SectionTable),
    /// A chart.
    Chart(SectionChart),
    /// A row of pictures.
    Strip(Strip),
}

/// A table of text and numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SectionTable {
    /// What it shows.
    pub title: String,
    /// The names of the columns, with units.
    pub columns: Vec<String>,
    /// The rows, one cell a column.
    pub rows: Vec<Vec<Value>>,
    /// How to read it.
    pub note: String,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Words.
    Text(String),
    /// A number, shown with three significant digits; none where there is none.
    Number(Option<f64>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number.is_finite().then_some(number))
    }
}

impl From<Option<f64>> for Value {
    fn from(number: Option<f64>) -> Self {
        Self::Number(number.filter(|number| number.is_finite()))
    }
}

impl Value {
    /// As it stands in a table.
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => super::format::significant(number.unwrap_or(f64::NAN)),
        }
    }
}

/// A chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SectionChart {
    /// What is drawn, with its unit: what comes before ` by ` or a comma is the name of a vertical axis.
    pub title: String,
    /// How to read it.
    pub note: String,
    /// The drawing.
    pub kind: ChartKind,
    /// Where the drawing lies as a file, from the page; none until it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// What a chart is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChartKind {
    /// One bar a name, the numbers on a logarithmic scale if so wished.
    Bars {
        /// Whether the scale is logarithmic; numbers not above zero have no bar then.
        logarithmic: bool,
        /// The bars from top to bottom.
        bars: Vec<Bar>,
    },
    /// Lines over a common axis.
    Lines {
        /// What the horizontal axis shows, with its unit.
        x: String,
        /// Whether the vertical scale is logarithmic.
        logarithmic: bool,
        /// The lines, the first one drawn on top.
        lines: Vec<Line>,
    },
}

/// A bar of a chart.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Bar {
    /// What it stands for, some 30 characters at most.
    pub name: String,
    /// Its length.
    #[serde(deserialize_with = "json::number")]
    pub value: f64,
    /// Which color it has; equal groups have equal colors.
    pub group: usize,
}

/// A line of a chart.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Line {
    /// What it stands for.
    pub name: String,
    /// Which color it has.
    pub group: usize,
    /// Whether it is drawn with dashes.
    pub dashed: bool,
    /// Its points; where one is not finite the line is broken.
    pub points: Vec<Point>,
}

/// A point of a line.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Point {
    /// Its place on the horizontal axis.
    #[serde(deserialize_with = "json::number")]
    pub x: f64,
    /// Its place on the vertical axis.
    #[serde(deserialize_with = "json::number")]
    pub y: f64,
}

/// A row of pictures of one height; the label of each is its caption.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Strip {
    /// What is shown.
    pub title: String,
    /// The pictures from left to right.
    pub pictures: Vec<Picture>,
    /// Where they lie as one file, from the page; none until it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_say_words_as_they_are_and_numbers_in_three_digits() {
        assert_eq!(Value::from("2.50 ± 1").shown(), "2.50 ± 1");
        assert_eq!(Value::from(0.123_456).shown(), "0.123");
        assert_eq!(Value::from(f64::NAN).shown(), "–");
        let json = serde_json::to_string(&[Value::from(1.5), Value::from("a"), None.into()]);
        let json = json.unwrap();
        assert_eq!(json, r#"[1.5,"a",null]"#);
        let back: Vec<Value> = serde_json::from_str(&json).unwrap();
        assert_eq!(back[2], Value::Number(None));
    }
}
