//! Plots the crossovers.

use std::error::Error;

use plotters::prelude::*;

use super::{Crossover, Way};

const COLUMNS: usize = 3;
const PANEL: (u32, u32) = (330, 250);
const DIRECT: RGBColor = RGBColor(0xD5, 0x5E, 0x00);
const FFT: RGBColor = RGBColor(0x00, 0x72, 0xB2);
const TEXT: RGBColor = RGBColor(0x5A, 0x64, 0x72);

/// Measured (dots) and predicted (lines) milliseconds by kernel size, one panel per family, as SVG:
/// direct in orange, the fastest FFT algorithm in blue, both axes logarithmic.
///
/// # Errors
/// If the plotting library fails.
pub fn plot(crossovers: &[Crossover]) -> Result<String, Box<dyn Error>> {
    let rows = crossovers.len().div_ceil(COLUMNS).max(1);
    let size = (PANEL.0 * COLUMNS as u32, PANEL.1 * rows as u32);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&WHITE)?;
        for (panel, crossover) in area.split_evenly((rows, COLUMNS)).iter().zip(crossovers) {
            draw(panel, crossover)?;
        }
        area.present()?;
    }
    Ok(svg)
}

/// The minimum of `value` over the direct or the FFT algorithms, by kernel size, as logarithms.
fn line(crossover: &Crossover, is_direct: bool, value: fn(&Way) -> Option<f64>) -> Vec<(f64, f64)> {
    let point = |case: &super::Case| {
        let ways = case.ways.iter();
        let ways = ways.filter(|way| (way.algorithm == "direct") == is_direct);
        let least = ways.filter_map(value).min_by(f64::total_cmp)?;
        Some(((case.kernel as f64).log2(), least.log10()))
    };
    crossover.cases.iter().filter_map(point).collect()
}

fn draw(
    panel: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    crossover: &Crossover,
) -> Result<(), Box<dyn Error>> {
    let measured = [true, false].map(|direct| line(crossover, direct, |way| way.fwdbwd_ms));
    let predicted =
        [true, false].map(|direct| line(crossover, direct, |way| Some(way.predicted_fwdbwd_ms)));
    let values = measured
        .iter()
        .chain(&predicted)
        .flatten()
        .map(|point| point.1);
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    });
    let kernels = crossover
        .cases
        .iter()
        .map(|case| (case.kernel as f64).log2());
    let most = kernels.fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(panel)
        .margin(8)
        .x_label_area_size(32)
        .y_label_area_size(44)
        .caption(
            &crossover.family.name,
            ("sans-serif", 14).into_font().color(&TEXT),
        )
        .build_cartesian_2d(1.5..most + 0.1, low.floor()..high.ceil())?;
    let font = ("sans-serif", 11).into_font().color(&TEXT);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .x_labels(6)
        .y_labels(4)
        .x_label_formatter(&|x| format!("{:.0}", x.exp2()))
        .y_label_formatter(&|y| format!("{}", 10_f64.powf(*y)))
        .x_desc("kernel")
        .y_desc("ms")
        .label_style(font.clone())
        .axis_desc_style(font)
        .axis_style(TEXT)
        .draw()?;
    for ((measured, predicted), color) in measured.into_iter().zip(predicted).zip([DIRECT, FFT]) {
        chart.draw_series(LineSeries::new(predicted, color.stroke_width(1)))?;
        let dots = measured
            .into_iter()
            .map(|at| Circle::new(at, 3, color.filled()));
        chart.draw_series(dots)?;
    }
    Ok(())
}
