//! Sections as data for the page template.

use serde::Serialize;

use super::super::view::{ImageView, images};
use super::super::{ReportError, format, palette};
use super::{Block, ChartKind, PictureTable, Section, SectionChart, SectionTable, Strip, chart};

#[derive(Serialize)]
pub(in crate::report) struct SectionView<'a> {
    heading: &'a str,
    blocks: Vec<BlockView<'a>>,
}

/// What the template finds under the name of the kind.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum BlockView<'a> {
    Text(&'a str),
    Table(TableView<'a>),
    /// Charts that follow one another stand side by side.
    Charts(Vec<ChartView<'a>>),
    Strip(StripView<'a>),
    Pictures(PicturesView<'a>),
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

#[derive(Serialize)]
struct PicturesView<'a> {
    title: &'a str,
    columns: &'a [String],
    rows: Vec<PictureRowView<'a>>,
    note: &'a str,
}

#[derive(Serialize)]
struct PictureRowView<'a> {
    name: &'a str,
    scale: Option<ScaleView>,
    pictures: Vec<ImageView>,
}

#[derive(Serialize)]
struct ScaleView {
    /// The name of the color map.
    map: &'static str,
    low: String,
    high: String,
}

/// Prepares a section.
pub(in crate::report) fn view(section: &Section) -> Result<SectionView<'_>, ReportError> {
    let mut blocks = Vec::new();
    for block in &section.blocks {
        match block {
            Block::Text(text) => blocks.push(BlockView::Text(text)),
            Block::Table(table) => blocks.push(BlockView::Table(table_view(table))),
            Block::Chart(item) => {
                let Some(chart) = chart_view(item)? else {
                    continue;
                };
                match blocks.last_mut() {
                    Some(BlockView::Charts(charts)) => charts.push(chart),
                    _ => blocks.push(BlockView::Charts(vec![chart])),
                }
            }
            Block::Strip(strip) => blocks.push(BlockView::Strip(strip_view(strip)?)),
            Block::Pictures(table) => blocks.push(BlockView::Pictures(pictures_view(table)?)),
        }
    }
    Ok(SectionView {
        heading: &section.heading,
        blocks,
    })
}

fn table_view(table: &SectionTable) -> TableView<'_> {
    let row = |row: &Vec<super::Value>| {
        let cells = row.iter().enumerate();
        cells
            .map(|(column, value)| CellView {
                text: value.shown(),
                numeric: table.is_numeric(column),
            })
            .collect()
    };
    TableView {
        title: &table.title,
        columns: (table.columns.iter().enumerate())
            .map(|(column, name)| ColumnView {
                name,
                numeric: table.is_numeric(column),
            })
            .collect(),
        rows: table.rows.iter().map(row).collect(),
        note: &table.note,
    }
}

/// None of a chart without a finite number.
fn chart_view(item: &SectionChart) -> Result<Option<ChartView<'_>>, ReportError> {
    let Some(svg) = chart::draw(item)? else {
        return Ok(None);
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
    Ok(Some(ChartView {
        title: &item.title,
        note: &item.note,
        svg,
        wide: legend.is_empty(),
        legend,
    }))
}

fn pictures_view(table: &PictureTable) -> Result<PicturesView<'_>, ReportError> {
    let end = |value: f32| format::significant(f64::from(value));
    let rows = table.rows.iter().map(|item| {
        Ok(PictureRowView {
            name: &item.name,
            scale: item.scale.map(|scale| ScaleView {
                map: scale.map.variable(),
                low: end(scale.low),
                high: end(scale.high),
            }),
            pictures: images(&item.pictures)?,
        })
    });
    Ok(PicturesView {
        title: &table.title,
        columns: &table.columns,
        rows: rows.collect::<Result<_, ReportError>>()?,
        note: &table.note,
    })
}

fn strip_view(strip: &Strip) -> Result<StripView<'_>, ReportError> {
    Ok(StripView {
        title: &strip.title,
        pictures: images(&strip.pictures)?,
    })
}
