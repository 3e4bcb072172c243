//! Sections as data for the page template.

use serde::Serialize;

use super::super::view::{ImageView, images};
use super::super::{ReportError, palette};
use super::{ChartKind, Section, chart};

#[derive(Serialize)]
pub(in crate::report) struct SectionView<'a> {
    heading: &'a str,
    text: &'a [String],
    tables: Vec<TableView<'a>>,
    charts: Vec<ChartView<'a>>,
    strips: Vec<StripView<'a>>,
}

#[derive(Serialize)]
struct TableView<'a> {
    title: &'a str,
    columns: Vec<ColumnView<'a>>,
    rows: Vec<Vec<CellView>>,
    note: &'a str,
}

#[derive(Serialize)]
struct ColumnView<'a> {
    name: &'a str,
    numeric: bool,
}

#[derive(Serialize)]
struct CellView {
    text: String,
    numeric: bool,
}

#[derive(Serialize)]
struct ChartView<'a> {
    title: &'a str,
    note: &'a str,
    svg: String,
    /// Whether the labels are inside the drawing and need space.
    wide: bool,
    legend: Vec<LegendView<'a>>,
}

#[derive(Serialize)]
struct LegendView<'a> {
    model: &'a str,
    color: usize,
    dashed: bool,
}

#[derive(Serialize)]
struct StripView<'a> {
    title: &'a str,
    pictures: Vec<ImageView>,
}

/// Prepares a section.
pub(in crate::report) fn view(section: &Section) -> Result<SectionView<'_>, ReportError> {
    let tables = section.tables.iter().map(|table| TableView {
        title: &table.title,
        columns: (table.columns.iter().enumerate())
            .map(|(column, name)| ColumnView {
                name,
                numeric: table.is_numeric(column),
            })
            .collect(),
        rows: (table.rows.iter())
            .map(|row| {
                let cells = row.iter().enumerate();
                cells
                    .map(|(column, value)| CellView {
                        text: value.shown(),
                        numeric: table.is_numeric(column),
                    })
                    .collect()
            })
            .collect(),
        note: &table.note,
    });
    let mut charts = Vec::new();
    for item in &section.charts {
        let Some(svg) = chart::draw(item)? else {
            continue;
        };
        let legend = match &item.kind {
            ChartKind::Bars { .. } => Vec::new(),
            ChartKind::Lines { lines, .. } => (lines.iter())
                .map(|line| LegendView {
                    model: &line.name,
                    color: line.group % palette::SERIES.len(),
                    dashed: line.dashed || palette::series(line.group).1,
                })
                .collect(),
        };
        charts.push(ChartView {
            title: &item.title,
            note: &item.note,
            svg,
            wide: legend.is_empty(),
            legend,
        });
    }
    let strips = section.strips.iter().map(|strip| {
        Ok(StripView {
            title: &strip.title,
            pictures: images(&strip.pictures)?,
        })
    });
    Ok(SectionView {
        heading: &section.heading,
        text: &section.text,
        tables: tables.collect(),
        charts,
        strips: strips.collect::<Result<_, ReportError>>()?,
    })
}
