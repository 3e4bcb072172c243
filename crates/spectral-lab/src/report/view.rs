//! The report as data for the page template: every number is already text.

use serde::Serialize;

use super::{
    ColorMap, DataSetReport, FilterReport, Goal, Grid, ModelReport, Picture, Provenance, Report,
    ReportError, charts,
    confusion::{self, Confusion},
    format, palette, pictures, rank,
    section::{self, SectionView},
};

/// The template's data.
#[derive(Serialize)]
pub(super) struct Page<'a> {
    title: &'a str,
    summary: &'a [String],
    style: &'static str,
    script: &'static str,
    inks: Vec<InkView>,
    axis: InkView,
    grid: InkView,
    diverging: String,
    sequential: String,
    cyclic: String,
    sections: Vec<SectionView<'a>>,
    data_sets: Vec<DataSetView<'a>>,
    provenance: &'a Provenance,
    elapsed: String,
}

#[derive(Serialize)]
struct InkView {
    light: String,
    dark: String,
}

#[derive(Serialize)]
struct DataSetView<'a> {
    name: &'a str,
    description: &'a str,
    classes: usize,
    train_count: String,
    test_count: String,
    samples: Vec<ImageView>,
    baseline: &'a str,
    /// What the models are for, which decides the words: `classify`, `rebuild` or `predict`.
    goal: Goal,
    /// What the examples are called.
    examples: &'static str,
    /// The main metric.
    metric: &'static str,
    /// The true outputs of the samples.
    targets: Vec<ImageView>,
    /// The number of seeds, if there are several.
    seeds: Option<usize>,
    best: Option<BestView<'a>>,
    scale: Option<ScaleView>,
    rows: Vec<RowView<'a>>,
    charts: Vec<ChartView>,
    /// One entry per model, in the order given, for the legend.
    legend: Vec<LegendView<'a>>,
    confusions: Vec<ConfusionView<'a>>,
    filters: Vec<FiltersView<'a>>,
    rebuilt: Vec<RebuiltView<'a>>,
    phases: bool,
    any_notes: bool,
}

/// The best model and the baseline.
#[derive(Serialize)]
struct BestView<'a> {
    model: &'a str,
    score: String,
    is_baseline: bool,
    baseline_score: String,
    ratio: String,
}

/// The ends of the score scale.
#[derive(Serialize)]
struct ScaleView {
    low: String,
    high: String,
}

#[derive(Serialize)]
struct RowView<'a> {
    model: &'a str,
    summary: &'a str,
    color: usize,
    dashed: bool,
    best: bool,
    is_baseline: bool,
    diverged: Option<String>,
    params: String,
    dead: Option<String>,
    score: String,
    interval: Option<String>,
    /// Left end, right end and position of the score's mark, in percent of the cell.
    mark: Option<[String; 3]>,
    /// F1 or the relative H1 error.
    second: Option<String>,
    epoch: String,
    ratio: String,
    /// Length of the time bar, in percent of the cell.
    bar: Option<String>,
    images_per_s: String,
    notes: &'a [String],
    /// Sort keys: score, second metric, parameters, time, examples per second. Empty if unknown.
    keys: [String; 5],
}

#[derive(Serialize)]
struct ChartView {
    title: String,
    note: &'static str,
    svg: String,
}

#[derive(Serialize)]
struct LegendView<'a> {
    model: &'a str,
    color: usize,
    dashed: bool,
    diverged: Option<String>,
}

#[derive(Serialize)]
struct ConfusionView<'a> {
    model: &'a str,
    color: usize,
    dashed: bool,
    #[serde(flatten)]
    matrix: Confusion,
}

#[derive(Serialize)]
struct FiltersView<'a> {
    model: &'a str,
    summary: &'a str,
    color: usize,
    dashed: bool,
    filters: Vec<FilterView<'a>>,
}

/// A model's reconstructions of the samples, or its predictions of the targets.
#[derive(Serialize)]
struct RebuiltView<'a> {
    model: &'a str,
    color: usize,
    dashed: bool,
    images: Vec<ImageView>,
    /// Predictions minus targets.
    differences: Vec<ImageView>,
}

#[derive(Serialize)]
struct FilterView<'a> {
    label: &'a str,
    kernel: ImageView,
    magnitude: ImageView,
    phase: Option<ImageView>,
}

#[derive(Serialize)]
pub(super) struct ImageView {
    uri: String,
    label: String,
    rows: usize,
    cols: usize,
    /// Whether it has so few pixels that they are shown as squares.
    coarse: bool,
    /// The largest magnitude in it, for grids.
    largest: String,
}

/// Prepares a report.
///
/// # Errors
/// [`ReportError`] naming the grid, picture, matrix or chart that is wrong.
pub(super) fn page(report: &Report) -> Result<Page<'_>, ReportError> {
    Ok(Page {
        title: &report.title,
        summary: &report.summary,
        style: include_str!("style.css"),
        script: include_str!("sort.js"),
        inks: palette::SERIES.iter().map(InkView::new).collect(),
        axis: InkView::new(&palette::AXIS),
        grid: InkView::new(&palette::GRID),
        diverging: ColorMap::Diverging.gradient(),
        sequential: ColorMap::Sequential.gradient(),
        cyclic: ColorMap::Cyclic.gradient(),
        sections: (report.sections.iter())
            .map(section::view)
            .collect::<Result<_, _>>()?,
        data_sets: report
            .data_sets
            .iter()
            .map(data_set)
            .collect::<Result<_, _>>()?,
        provenance: &report.provenance,
        elapsed: format::duration(report.provenance.elapsed_s),
    })
}

impl InkView {
    fn new(ink: &palette::Ink) -> Self {
        Self {
            light: palette::css(ink.light),
            dark: palette::css(ink.dark),
        }
    }
}

/// The color index and whether the line is dashed.
fn color(index: usize) -> (usize, bool) {
    (index % palette::SERIES.len(), palette::series(index).1)
}

fn data_set(data: &DataSetReport) -> Result<DataSetView<'_>, ReportError> {
    let samples = images(&data.samples)?;
    let charts = (charts::curves(data)?.into_iter())
        .map(|chart| ChartView {
            title: chart.title,
            note: chart.note,
            svg: chart.svg,
        })
        .collect();
    let mut confusions = Vec::new();
    let mut filters = Vec::new();
    let mut rebuilt = Vec::new();
    for (index, model) in data.models.iter().enumerate() {
        let (color, dashed) = color(index);
        if let Some(matrix) = confusion::confusion(data, model)? {
            confusions.push(ConfusionView {
                model: &model.model,
                color,
                dashed,
                matrix,
            });
        }
        if !model.rebuilt.is_empty() {
            rebuilt.push(RebuiltView {
                model: &model.model,
                color,
                dashed,
                images: images(&model.rebuilt)?,
                differences: images(&model.differences)?,
            });
        }
        if !model.filters.is_empty() {
            let seen = model.filters.iter().map(filter).collect::<Result<_, _>>()?;
            filters.push(FiltersView {
                model: &model.model,
                summary: &model.summary,
                color,
                dashed,
                filters: seen,
            });
        }
    }
    let rows = rank::rows(data);
    let scale = scale(&rows);
    Ok(DataSetView {
        name: &data.name,
        description: &data.description,
        classes: data.classes.len(),
        train_count: format::count(data.train_count),
        test_count: format::count(data.test_count),
        samples,
        baseline: data.models.first().map_or("", |model| &model.model),
        goal: data.goal(),
        examples: data.goal().examples(),
        metric: data.goal().metric(),
        targets: images(&data.targets)?,
        seeds: data
            .models
            .iter()
            .map(|model| model.seeds.len())
            .max()
            .filter(|&seeds| seeds > 1),
        best: best(data, &rows),
        rows: rows
            .iter()
            .map(|row| row_view(data, row, scale, slowest(data)))
            .collect(),
        scale: scale.map(|(low, high)| ScaleView {
            low: ends(low, data.goal()),
            high: ends(high, data.goal()),
        }),
        charts,
        legend: (data.models.iter().enumerate())
            .map(|(index, model)| {
                let (color, dashed) = color(index);
                LegendView {
                    model: &model.model,
                    color,
                    dashed,
                    diverged: diverged(model),
                }
            })
            .collect(),
        confusions,
        filters,
        rebuilt,
        phases: data
            .models
            .iter()
            .flat_map(|model| &model.filters)
            .any(|filter| filter.phase.is_some()),
        any_notes: data.models.iter().any(|model| !model.notes.is_empty()),
    })
}

fn best<'a>(data: &'a DataSetReport, rows: &[rank::Row<'a>]) -> Option<BestView<'a>> {
    let (best, baseline) = (rows.iter().find(|row| row.best)?, data.models.first()?);
    let decimals = rank::decimals(data);
    Some(BestView {
        model: &best.model.model,
        score: with_unit(best.model, decimals),
        is_baseline: best.index == 0,
        baseline_score: with_unit(baseline, decimals),
        ratio: format::ratio(best.time_ratio),
    })
}

/// A score with its unit.
fn with_unit(model: &ModelReport, decimals: usize) -> String {
    let score = rank::score(model, decimals);
    match model.goal {
        Goal::Classify => format!("{score} %"),
        Goal::Rebuild | Goal::Predict => score,
    }
}

/// An end of the score scale.
fn ends(value: f64, goal: Goal) -> String {
    match goal {
        Goal::Classify => format!("{} %", format::percent(value, 0)),
        Goal::Rebuild | Goal::Predict => format::significant(value),
    }
}

/// The range of all scores with their intervals; that of accuracies is rounded out to whole
/// percents.
fn scale(rows: &[rank::Row<'_>]) -> Option<(f64, f64)> {
    let ends = rows.iter().filter_map(|row| row.interval);
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), ends| {
        (low.min(ends.0), high.max(ends.1))
    });
    let (low, high) = match rows.first()?.model.goal {
        Goal::Classify => ((low * 100.0).floor() / 100.0, (high * 100.0).ceil() / 100.0),
        Goal::Rebuild | Goal::Predict => (low, high),
    };
    (low < high).then_some((low, high))
}

pub(super) fn images(pictures: &[Picture]) -> Result<Vec<ImageView>, ReportError> {
    let view = |picture: &Picture| {
        Ok(ImageView {
            uri: pictures::picture_uri(picture)?,
            label: picture.label.clone(),
            rows: picture.rows,
            cols: picture.cols,
            coarse: picture.rows.max(picture.cols) <= 64,
            largest: String::new(),
        })
    };
    pictures.iter().map(view).collect()
}

fn slowest(data: &DataSetReport) -> f64 {
    data.models
        .iter()
        .map(|model| model.epoch_s)
        .filter(|time| time.is_finite())
        .fold(0.0, f64::max)
}

/// That and when a model diverged, in words.
fn diverged(model: &ModelReport) -> Option<String> {
    match model.diverged_at() {
        Some(epoch) => Some(format!("diverged in epoch {epoch}")),
        None => model.diverged().then(|| "diverged".into()),
    }
}

fn row_view<'a>(
    data: &DataSetReport,
    row: &rank::Row<'a>,
    scale: Option<(f64, f64)>,
    slowest: f64,
) -> RowView<'a> {
    let model = row.model;
    let decimals = rank::decimals(data);
    let (color, dashed) = color(row.index);
    let place = |value: f64| {
        scale.map_or_else(String::new, |(low, high)| {
            format!("{:.2}", (value - low) / (high - low) * 100.0)
        })
    };
    let key = |value: f64| {
        if value.is_finite() {
            value.to_string()
        } else {
            String::new()
        }
    };
    RowView {
        model: &model.model,
        summary: &model.summary,
        color,
        dashed,
        best: row.best,
        is_baseline: row.index == 0,
        diverged: diverged(model),
        params: format::count(model.params),
        dead: (model.dead_params > 0).then(|| format::count(model.dead_params)),
        score: match rank::deviation(model, decimals) {
            Some(std) => format!("{} ± {std}", rank::score(model, decimals)),
            None => rank::score(model, decimals),
        },
        interval: row.interval.map(|(low, high)| {
            let shown = |end| rank::shown(end, model.goal, decimals);
            format!("{}–{}", shown(low), shown(high))
        }),
        mark: row
            .interval
            .map(|(low, high)| [place(low), place(high), place(model.score())]),
        second: rank::second(model, decimals),
        epoch: format::significant(model.epoch_s),
        ratio: format::ratio(row.time_ratio),
        bar: (model.epoch_s.is_finite() && slowest > 0.0)
            .then(|| format!("{:.1}", (model.epoch_s / slowest * 100.0).clamp(0.0, 100.0))),
        images_per_s: format::significant(model.images_per_s),
        notes: &model.notes,
        keys: [
            key(model.score()),
            key(rank::second_value(model)),
            model.params.to_string(),
            key(model.epoch_s),
            key(model.images_per_s),
        ],
    }
}

fn filter(filter: &FilterReport) -> Result<FilterView<'_>, ReportError> {
    let view = |grid: &Grid, map, kind: &str| {
        let label = format!("{}, {kind}", filter.label);
        Ok::<_, ReportError>(ImageView {
            uri: pictures::grid_uri(grid, map, &label)?,
            rows: grid.rows,
            cols: grid.cols,
            coarse: true,
            largest: format::significant(f64::from(pictures::largest(grid))),
            label,
        })
    };
    Ok(FilterView {
        label: &filter.label,
        kernel: view(&filter.kernel, ColorMap::Diverging, "in space")?,
        magnitude: view(
            &filter.magnitude,
            ColorMap::Sequential,
            "magnitude by frequency",
        )?,
        phase: (filter.phase.as_ref())
            .map(|grid| view(grid, ColorMap::Cyclic, "phase by frequency"))
            .transpose()?,
    })
}
