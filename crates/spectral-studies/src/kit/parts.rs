//! A section in the order of text, tables, charts, pictures: of studies whose page is not a template yet.

use spectral_lab::report::{Block, Section, SectionChart, SectionTable, Strip};

/// A section by kinds of blocks.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Parts {
    pub(crate) heading: String,
    pub(crate) text: Vec<String>,
    pub(crate) tables: Vec<SectionTable>,
    pub(crate) charts: Vec<SectionChart>,
    pub(crate) strips: Vec<Strip>,
}

impl From<Parts> for Section {
    fn from(parts: Parts) -> Self {
        let text = parts.text.into_iter().map(Block::Text);
        let tables = parts.tables.into_iter().map(Block::Table);
        let charts = parts.charts.into_iter().map(Block::Chart);
        let strips = parts.strips.into_iter().map(Block::Strip);
        Self {
            heading: parts.heading,
            blocks: text.chain(tables).chain(charts).chain(strips).collect(),
        }
    }
}
