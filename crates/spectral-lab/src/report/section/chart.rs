//! Bar and line charts as SVG.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::super::axis::Axis;
use super::super::lines::{self, Frame, Series};
use super::super::palette::{self, AXIS, GRID};
use super::super::{ReportError, format};
use super::{Bar, ChartKind, Line, SectionChart};

const WIDTH: u32 = 720;
/// Height of a bar with its spacing.
const ROW: u32 = 40;
/// Width of the bars' labels.
const NAMES: u32 = 330;
const TEXT: i32 = 23;

/// The chart as an SVG element for a page that shows its title; none if it has no finite number.
pub(super) fn draw(chart: &SectionChart) -> Result<Option<String>, ReportError> {
    draw_with(chart, false)
}

/// The chart as a stand-alone one, with legend and label of the vertical axis.
pub(super) fn draw_alone(chart: &SectionChart) -> Result<Option<String>, ReportError> {
    draw_with(chart, true)
}

fn draw_with(chart: &SectionChart, is_alone: bool) -> Result<Option<String>, ReportError> {
    match &chart.kind {
        ChartKind::Bars { logarithmic, bars } => draw_bars(&chart.title, *logarithmic, bars),
        ChartKind::Lines {
            x,
            logarithmic,
            lines,
        } => {
            let mut frame = Frame {
                x,
                ..Frame::default()
            };
            if is_alone {
                frame.y = Some(quantity(&chart.title));
                frame.names = lines.iter().map(|line| line.name.as_str()).collect();
            }
            draw_lines(&frame, *logarithmic, lines)
        }
    }
}

/// The quantity in a title: the text before ` by `, or before a comma.
fn quantity(title: &str) -> &str {
    let ends = [" by ", ", "].map(|end| title.find(end).unwrap_or(title.len()));
    &title[..ends[0].min(ends[1])]
}

fn draw_lines(
    frame: &Frame,
    logarithmic: bool,
    lines: &[Line],
) -> Result<Option<String>, ReportError> {
    let scaled = |y: f64| match logarithmic {
        true if y > 0.0 => y.log10(),
        true => f64::NAN,
        false => y,
    };
    let series: Vec<Series> = (lines.iter())
        .map(|line| Series {
            index: line.group,
            dashed: line.dashed,
            points: line.points.iter().map(|at| (at.x, scaled(at.y))).collect(),
        })
        .collect();
    if !lines::any(&series) {
        return Ok(None);
    }
    let (low, high) = lines::y_extent(&series);
    let vertical = match logarithmic {
        true => Axis::logarithmic((10f64.powf(low), 10f64.powf(high))),
        false => Axis::linear((low, high)),
    };
    let horizontal = lines::x_extent(&series);
    let is_whole = (lines.iter().flat_map(|line| &line.points)).all(|at| at.x.fract() == 0.0);
    let horizontal = match is_whole {
        true => Axis::whole(horizontal),
        false => Axis::linear(horizontal),
    };
    lines::draw_framed(frame, &series, horizontal, vertical).map(Some)
}

fn draw_bars(title: &str, logarithmic: bool, bars: &[Bar]) -> Result<Option<String>, ReportError> {
    let drawn = |value: f64| value.is_finite() && (!logarithmic || value > 0.0);
    let values = bars.iter().map(|bar| bar.value).filter(|&v| drawn(v));
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    });
    if low > high {
        return Ok(None);
    }
    let axis = match logarithmic {
        // From half a decade below the minimum, so that its bar is visible.
        true => Axis::logarithmic((low / 3.0, high * 2.0)),
        false => Axis::linear((low.min(0.0), high.max(0.0))),
    };
    let mut svg = String::new();
    let scaled = |value: f64| match logarithmic {
        true => value.log10(),
        false => value,
    };
    let rows: Vec<(&Bar, Option<f64>)> = (bars.iter())
        .map(|bar| (bar, drawn(bar.value).then(|| scaled(bar.value))))
        .collect();
    // A logarithmic scale has no zero to start from.
    let zero = if logarithmic { axis.start() } else { 0.0 };
    plot_bars(&mut svg, &rows, axis, zero).map_err(|error| ReportError::Chart {
        chart: title.into(),
        message: error.to_string(),
    })?;
    Ok(Some(lines::without_name_space(&svg)))
}

fn plot_bars(
    svg: &mut String,
    rows: &[(&Bar, Option<f64>)],
    x: Axis,
    zero: f64,
) -> Result<(), Box<dyn std::error::Error>> {
    let height = ROW * rows.len() as u32;
    let area = SVGBackend::with_string(svg, (WIDTH, height + 80)).into_drawing_area();
    let font = ("sans-serif", TEXT).into_font().color(&AXIS.light);
    let start = x.start();
    let mut chart = ChartBuilder::on(&area)
        .margin_top(10)
        .margin_right(84)
        .x_label_area_size(50)
        .y_label_area_size(NAMES)
        .build_cartesian_2d(x, Axis::rows(rows.len()))?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .y_labels(0)
        .bold_line_style(GRID.light.stroke_width(2))
        .axis_style(AXIS.light.stroke_width(2))
        .label_style(font.clone())
        .draw()?;
    let before = font.clone().pos(Pos::new(HPos::Right, VPos::Center));
    let behind = font.pos(Pos::new(HPos::Left, VPos::Center));
    for (row, (bar, end)) in rows.iter().enumerate() {
        // The first row is at the top.
        let middle = (rows.len() - row) as f64 - 0.5;
        let place = |x: f64, shift: i32, text: String, style: &TextStyle<'static>| {
            EmptyElement::at((x, middle)) + Text::new(text, (shift, 0), style.clone())
        };
        chart.draw_series([place(start, -12, bar.name.clone(), &before)])?;
        if let Some(end) = *end {
            let (ink, _) = palette::series(bar.group);
            let corners = [(zero, middle - 0.3), (end, middle + 0.3)];
            chart.draw_series([Rectangle::new(corners, ink.light.filled())])?;
            let text = format::significant(bar.value);
            // Right of the bar, also for negative bars, where it does not overlap a label.
            chart.draw_series([place(end.max(zero), 8, text, &behind)])?;
        }
    }
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Point;

    fn bars(values: &[f64], logarithmic: bool) -> SectionChart {
        let bars = values.iter().enumerate().map(|(index, &value)| Bar {
            name: format!("<bar & {index}>"),
            value,
            group: index,
        });
        SectionChart {
            title: "Errors".into(),
            note: String::new(),
            kind: ChartKind::Bars {
                logarithmic,
                bars: bars.collect(),
            },
            file: None,
        }
    }

    #[test]
    fn bars_start_at_zero_to_both_sides() {
        let svg = draw(&bars(&[2.0, -2.0], false)).unwrap().unwrap();
        let number = |rect: &str, name: &str| -> f64 {
            let from = rect.find(name).unwrap() + name.len();
            rect[from..].split('"').next().unwrap().parse().unwrap()
        };
        let rects: Vec<&str> = svg.split("<rect").skip(1).collect();
        let [up, down] = rects[..] else {
            panic!("{svg}")
        };
        let [(x_up, w_up), (x_down, w_down)] =
            [up, down].map(|rect| (number(rect, " x=\""), number(rect, " width=\"")));
        assert!((w_up - w_down).abs() <= 1.0, "{svg}");
        // The one ends where the other starts.
        assert!((x_down + w_down - x_up).abs() <= 1.0, "{svg}");
    }

    #[test]
    fn every_finite_number_has_a_bar_and_every_name_is_text() {
        let svg = draw(&bars(&[1e-7, 0.5, f64::NAN, 0.0], true))
            .unwrap()
            .unwrap();
        assert_eq!(svg.matches("<rect").count(), 2, "{svg}");
        assert!(svg.contains("&lt;bar &amp; 3&gt;") && !svg.contains("<bar"));
        assert!(svg.contains("1.0e−7") && !svg.contains("NaN") && !svg.contains("http"));
        assert_eq!(draw(&bars(&[f64::NAN], false)).unwrap(), None);
    }

    #[test]
    fn lines_on_a_logarithmic_scale_leave_out_what_has_no_logarithm() {
        let point = |x: f64, y| Point { x, y };
        let chart = SectionChart {
            title: "Gradients".into(),
            note: String::new(),
            kind: ChartKind::Lines {
                x: "layer".into(),
                logarithmic: true,
                lines: vec![Line {
                    name: "a".into(),
                    group: 1,
                    dashed: true,
                    points: vec![point(1.0, 1e-3), point(2.0, 0.0), point(3.0, 1.0)],
                }],
            },
            file: None,
        };
        let svg = draw(&chart).unwrap().unwrap();
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn a_chart_that_stands_alone_names_its_lines_and_both_axes() {
        let line = |name: &str, group, dashed| Line {
            name: name.into(),
            group,
            dashed,
            points: vec![Point { x: 1.0, y: 0.5 }, Point { x: 2.0, y: 0.25 }],
        };
        let chart = SectionChart {
            title: "Error (%) by distance from the border, logarithmic".into(),
            note: String::new(),
            kind: ChartKind::Lines {
                x: "distance (pixels)".into(),
                logarithmic: true,
                lines: vec![line("as <published>", 2, false), line("repaired", 1, true)],
            },
            file: None,
        };
        let on_a_page = draw(&chart).unwrap().unwrap();
        assert!(!on_a_page.contains("repaired") && !on_a_page.contains("Error"));
        let alone = draw_alone(&chart).unwrap().unwrap();
        for text in [
            "as &lt;published&gt;",
            "repaired",
            "Error (%)\n",
            "distance (pixels)",
        ] {
            assert!(alone.contains(text), "{text}: {alone}");
        }
        let pieces = |group| {
            let ink = palette::css(palette::series(group).0.light);
            let piece = format!("stroke=\"{ink}\" stroke-width=\"5\"");
            alone.matches(&piece).count()
        };
        assert_eq!(pieces(2), 1, "a solid piece of line: {alone}");
        assert_eq!(pieces(1), 3, "dashes");
    }

    #[test]
    fn the_vertical_axis_is_what_the_title_begins_with() {
        for (title, name) in [
            ("Accuracy (%) by epoch", "Accuracy (%)"),
            (
                "Gradient over weight, fresh network, logarithmic",
                "Gradient over weight",
            ),
            ("Error", "Error"),
        ] {
            assert_eq!(quantity(title), name);
        }
    }
}
