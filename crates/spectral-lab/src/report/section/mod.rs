//! Sections of a report other than comparisons of networks: text, tables, charts and pictures.

mod chart;
mod files;
mod fill;
mod markdown;
mod view;

use serde::{Deserialize, Serialize};

use super::{ColorScale, Picture, json};

pub(super) use markdown::section as markdown;
pub(super) use view::{SectionView, view};

pub use files::write_section_files;
pub use fill::fill_sections;

/// A section of a report, with its heading.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Section {
    /// The heading.
    pub heading: String,
    /// The content from top to bottom.
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
    /// Aligned rows of pictures.
    Pictures(PictureTable),
}

/// A table of text and numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SectionTable {
    /// The title.
    pub title: String,
    /// The names of the columns, with units.
    pub columns: Vec<String>,
    /// The rows, one cell per column.
    pub rows: Vec<Vec<Value>>,
    /// An explanation.
    pub note: String,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Text.
    Text(String),
    /// A number, shown with three significant digits; none if it is missing.
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
    /// As shown in a table.
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
    /// The title with its unit: the text before ` by ` or a comma becomes the label of the vertical
    /// axis.
    pub title: String,
    /// An explanation.
    pub note: String,
    /// The drawing.
    pub kind: ChartKind,
    /// The path of its file, relative to the page; none until it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// The contents of a chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChartKind {
    /// One bar per name, optionally on a logarithmic scale.
    Bars {
        /// Whether the scale is logarithmic; then numbers that are not above zero have no bar.
        logarithmic: bool,
        /// The bars from top to bottom.
        bars: Vec<Bar>,
    },
    /// Lines with a common horizontal axis.
    Lines {
        /// Label of the horizontal axis, with its unit.
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
    /// Its label, some 30 characters at most.
    pub name: String,
    /// Its length.
    #[serde(deserialize_with = "json::number")]
    pub value: f64,
    /// Index of its color; bars of the same group share a color.
    pub group: usize,
}

/// A line of a chart.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Line {
    /// Its label.
    pub name: String,
    /// Index of its color.
    pub group: usize,
    /// Whether it is dashed.
    pub dashed: bool,
    /// Its points; the line is interrupted where one is not finite.
    pub points: Vec<Point>,
}

/// A point of a line.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Point {
    /// Its horizontal coordinate.
    #[serde(deserialize_with = "json::number")]
    pub x: f64,
    /// Its vertical coordinate.
    #[serde(deserialize_with = "json::number")]
    pub y: f64,
}

/// A row of pictures of equal height, captioned by their labels.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Strip {
    /// The title.
    pub title: String,
    /// The pictures from left to right.
    pub pictures: Vec<Picture>,
    /// The path of their combined file, relative to the page; none until it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// Aligned rows of pictures, such as truth, prediction and difference over time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PictureTable {
    /// The title.
    pub title: String,
    /// The captions of the columns.
    pub columns: Vec<String>,
    /// The rows, each with one picture per column.
    pub rows: Vec<PictureRow>,
    /// An explanation.
    pub note: String,
    /// The path of its combined file, relative to the page; none until it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// A row of a table of pictures.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PictureRow {
    /// What it shows.
    pub name: String,
    /// The values of the colors of all its pictures, if they have any.
    pub scale: Option<ColorScale>,
    /// The pictures from left to right.
    pub pictures: Vec<Picture>,
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
