//! Line charts as SVG.

use plotters::prelude::*;

use super::{
    ReportError,
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

/// One model's line in data units, interrupted where a value is missing.
pub(super) struct Series {
    /// Index of its color.
    pub(super) index: usize,
    /// Whether it is dashed whatever its color.
    pub(super) dashed: bool,
    pub(super) points: Vec<(f64, f64)>,
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
