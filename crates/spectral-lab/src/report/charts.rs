//! Learning curves as SVG.

use plotters::prelude::*;

use super::{
    DataSetReport, EpochReport, Goal, ModelReport, ReportError,
    axis::Axis,
    legend::{self, Key},
    palette::{self, AXIS, GRID},
};

/// Width and height of a chart in its own units; coordinates are integers, finer than a screen's
/// pixels.
const SIZE: (u32, u32) = (720, 500);
const TEXT: i32 = 29;

/// Lines with more points than this have no dots.
const DOTS: usize = 24;

/// A loss that spans more than this ratio is drawn on a logarithmic scale.
const LOG_FROM: f64 = 10.0;

/// A finished chart.
pub(super) struct Chart {
    /// What is plotted against what, with units.
    pub title: String,
    /// One sentence on how to read it.
    pub note: &'static str,
    /// The SVG, without any text from the caller.
    pub svg: String,
}

/// One model's line in data units, interrupted where a value is missing.
pub(super) struct Series {
    /// Index of its color.
    pub(super) index: usize,
    /// Whether it is dashed whatever its color.
    pub(super) dashed: bool,
    pub(super) points: Vec<(f64, f64)>,
}

/// The learning curves of a data set: accuracy by epoch, loss by epoch, accuracy by time; those
/// without any value are left out. Models that reconstruct images have a test loss instead of the
/// accuracy.
///
/// # Errors
/// [`ReportError::Chart`] if the plotting library fails.
pub(super) fn curves(data: &DataSetReport) -> Result<Vec<Chart>, ReportError> {
    let accuracy = by_epoch(data, |epoch| epoch.test_accuracy * 100.0);
    let timed = series(data, |model| {
        let mut elapsed = 0.0;
        let timed = model.history.iter().map(|epoch| {
            elapsed += epoch.seconds;
            (elapsed, epoch.test_accuracy * 100.0)
        });
        timed.collect()
    });

    let mut charts = Vec::new();
    if any(&accuracy) {
        charts.push(Chart {
            title: "Test accuracy (%) by epoch".into(),
            note: "Accuracy on the test images; higher is better.",
            svg: draw(
                "epoch",
                &accuracy,
                Axis::whole(x_extent(&accuracy)),
                Axis::linear(y_extent(&accuracy)),
            )?,
        });
    }
    if data.goal() == Goal::Rebuild {
        let note = "Loss on the test images (no unit); lower is better.";
        charts.extend(losses(data, "Test loss", note, |epoch| epoch.test_loss)?);
    }
    let note = "Loss on the training images (no unit); lower is better.";
    charts.extend(losses(data, "Training loss", note, |epoch| {
        epoch.train_loss
    })?);
    if any(&timed) {
        let (_, longest) = x_extent(&timed);
        let (unit, seconds) = match longest {
            t if t < 180.0 => ("seconds", 1.0),
            t if t < 10_800.0 => ("minutes", 60.0),
            _ => ("hours", 3600.0),
        };
        let timed: Vec<_> = (timed.into_iter())
            .map(|line| Series {
                points: line
                    .points
                    .into_iter()
                    .map(|(t, a)| (t / seconds, a))
                    .collect(),
                ..line
            })
            .collect();
        charts.push(Chart {
            title: "Test accuracy (%) by training time".into(),
            note: "The same accuracy over wall-clock training time; lines toward the upper left \
                learn fastest.",
            svg: draw(
                &format!("{unit} of training"),
                &timed,
                Axis::linear((0.0, longest / seconds)),
                Axis::linear(y_extent(&timed)),
            )?,
        });
    }
    Ok(charts)
}

/// A loss by epoch, on a logarithmic scale if it spans a large range; none without any value.
fn losses(
    data: &DataSetReport,
    name: &str,
    note: &'static str,
    value: fn(&EpochReport) -> f64,
) -> Result<Option<Chart>, ReportError> {
    let loss = by_epoch(data, value);
    if !any(&loss) {
        return Ok(None);
    }
    let (low, high) = y_extent(&loss);
    let log = low > 0.0 && high / low > LOG_FROM;
    let (axis, loss, scale) = if log {
        let scaled = by_epoch(data, |epoch| value(epoch).log10());
        (Axis::logarithmic((low, high)), scaled, ", logarithmic")
    } else {
        (Axis::linear((low.min(0.0), high)), loss, "")
    };
    Ok(Some(Chart {
        title: format!("{name} by epoch{scale}"),
        note,
        svg: draw("epoch", &loss, Axis::whole(x_extent(&loss)), axis)?,
    }))
}

fn by_epoch(data: &DataSetReport, value: impl Fn(&EpochReport) -> f64) -> Vec<Series> {
    series(data, |model| {
        let epochs = model.history.iter();
        epochs.map(|e| (e.epoch as f64, value(e))).collect()
    })
}

fn series(data: &DataSetReport, points: impl Fn(&ModelReport) -> Vec<(f64, f64)>) -> Vec<Series> {
    (data.models.iter().enumerate())
        .map(|(index, model)| Series {
            index,
            dashed: false,
            points: points(model),
        })
        .collect()
}

fn finite(series: &Series) -> impl Iterator<Item = (f64, f64)> + '_ {
    series
        .points
        .iter()
        .copied()
        .filter(|(x, y)| x.is_finite() && y.is_finite())
}

pub(super) fn any(series: &[Series]) -> bool {
    series.iter().any(|line| finite(line).next().is_some())
}

/// The minimum and maximum of `value` over all points.
fn extent(series: &[Series], value: fn((f64, f64)) -> f64) -> (f64, f64) {
    let values = series.iter().flat_map(finite).map(value);
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    })
}

pub(super) fn x_extent(series: &[Series]) -> (f64, f64) {
    extent(series, |point| point.0)
}

pub(super) fn y_extent(series: &[Series]) -> (f64, f64) {
    extent(series, |point| point.1)
}

/// The frame of a chart.
#[derive(Default)]
pub(super) struct Frame<'a> {
    /// Label of the horizontal axis, with its unit.
    pub(super) x: &'a str,
    /// Label of the vertical axis, if the page does not show it.
    pub(super) y: Option<&'a str>,
    /// The names of the lines, if the page does not show them.
    pub(super) names: Vec<&'a str>,
}

/// Draws a chart and returns it as an SVG element.
pub(super) fn draw(
    x_name: &str,
    series: &[Series],
    x: Axis,
    y: Axis,
) -> Result<String, ReportError> {
    let frame = Frame {
        x: x_name,
        ..Frame::default()
    };
    draw_framed(&frame, series, x, y)
}

/// Draws a chart with its frame, as an SVG element.
pub(super) fn draw_framed(
    frame: &Frame,
    series: &[Series],
    x: Axis,
    y: Axis,
) -> Result<String, ReportError> {
    let mut svg = String::new();
    plot(&mut svg, frame, series, x, y).map_err(|error| ReportError::Chart {
        chart: frame.x.into(),
        message: error.to_string(),
    })?;
    Ok(without_name_space(&svg))
}

/// A drawing to embed in a page, where the namespace is implied and its address would look like a
/// link.
pub(super) fn without_name_space(svg: &str) -> String {
    svg.replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1)
}

fn plot(
    svg: &mut String,
    frame: &Frame,
    series: &[Series],
    x: Axis,
    y: Axis,
) -> Result<(), Box<dyn std::error::Error>> {
    let keys = series.iter().zip(&frame.names).map(|(line, name)| Key {
        name,
        ink: palette::series(line.index).0.light,
        dashed: is_dashed(line),
    });
    let keys = legend::lay_out(keys, SIZE.0);
    let above = legend::height(&keys);
    let whole = SVGBackend::with_string(svg, (SIZE.0, SIZE.1 + above)).into_drawing_area();
    let (top, area) = whole.split_vertically(above);
    legend::draw(&top, &keys)?;
    let text = ("sans-serif", TEXT).into_font().color(&AXIS.light);
    let mut chart = ChartBuilder::on(&area)
        .margin_top(20)
        .margin_right(30)
        .margin_left(if frame.y.is_some() { 8 } else { 0 })
        .x_label_area_size(84)
        .y_label_area_size(if frame.y.is_some() { 116 } else { 76 })
        .build_cartesian_2d(x, y)?;
    let mut mesh = chart.configure_mesh();
    if let Some(name) = frame.y {
        mesh.y_desc(name);
    }
    mesh.disable_x_mesh()
        .bold_line_style(GRID.light.stroke_width(2))
        .axis_style(AXIS.light.stroke_width(2))
        .label_style(text.clone())
        .axis_desc_style(text)
        .x_desc(frame.x)
        .draw()?;
    // The baseline, first in the list, is drawn last so that the others do not hide it.
    for line in series.iter().rev() {
        let (ink, _) = palette::series(line.index);
        let dashed = is_dashed(line);
        let style = ink.light.stroke_width(3);
        for part in line.points.split(|(x, y)| !x.is_finite() || !y.is_finite()) {
            if dashed {
                let (dash, gap) = legend::DASHES;
                chart.draw_series(DashedLineSeries::new(
                    part.iter().copied(),
                    dash,
                    gap,
                    style,
                ))?;
            } else {
                chart.draw_series(LineSeries::new(part.iter().copied(), style))?;
            }
        }
        if line.points.len() <= DOTS {
            let dots = finite(line).map(|point| Circle::new(point, 5, ink.light.filled()));
            chart.draw_series(dots)?;
        }
        // A line that ends because its values are not finite ends in a cross.
        let lost = line
            .points
            .iter()
            .position(|(x, y)| !x.is_finite() || !y.is_finite());
        if let Some(&last) = lost.and_then(|at| line.points[..at].last()) {
            chart.draw_series([Cross::new(last, 13, ink.light.stroke_width(4))])?;
        }
    }
    whole.present()?;
    Ok(())
}

/// Whether a line is dashed: by request, or because its color is already in use.
fn is_dashed(line: &Series) -> bool {
    line.dashed || palette::series(line.index).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn each_model_has_its_color_in_every_chart() {
        let report = fixture::report();
        for chart in curves(&report.data_sets[0]).unwrap() {
            for index in 0..report.data_sets[0].models.len() {
                assert!(
                    chart
                        .svg
                        .contains(&palette::css(palette::series(index).0.light)),
                    "{} {index}",
                    chart.title
                );
            }
            assert!(!chart.svg.contains("http"), "no address of any kind");
        }
    }

    #[test]
    fn a_diverged_model_leaves_the_others_drawn() {
        let mut data = fixture::report().data_sets.remove(0);
        for epoch in &mut data.models[1].history[1..] {
            epoch.train_loss = f64::NAN;
            epoch.test_accuracy = f64::NAN;
            epoch.seconds = f64::INFINITY;
        }
        data.models[2].history[1].train_loss = 1e30;
        for chart in curves(&data).unwrap() {
            assert!(
                !chart.svg.contains("NaN") && !chart.svg.contains("inf"),
                "{}",
                chart.title
            );
            assert!(chart.svg.matches("<circle").count() > 5, "{}", chart.title);
        }
    }

    #[test]
    fn without_any_finite_value_there_is_no_chart() {
        let mut data = fixture::report().data_sets.remove(0);
        for epoch in data.models.iter_mut().flat_map(|model| &mut model.history) {
            epoch.train_loss = f64::NAN;
            epoch.test_accuracy = f64::NAN;
        }
        assert!(curves(&data).unwrap().is_empty());
        assert!(curves(&DataSetReport::default()).unwrap().is_empty());
    }

    #[test]
    fn models_that_rebuild_have_losses_alone() {
        let report = fixture::reconstruction();
        let titles: Vec<String> = curves(&report.data_sets[0])
            .unwrap()
            .into_iter()
            .map(|chart| chart.title)
            .collect();
        assert_eq!(titles.len(), 2, "{titles:?}");
        assert!(titles[0].starts_with("Test loss") && titles[1].starts_with("Training loss"));
    }
}
