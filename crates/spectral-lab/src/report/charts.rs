//! Learning curves as SVG.

use super::{
    DataSetReport, EpochReport, Goal, ModelReport, ReportError,
    axis::Axis,
    lines::{Series, any, draw, x_extent, y_extent},
};

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

/// The learning curves of a data set: score by epoch, training loss by epoch, score by time; those
/// without any value are left out. The score is the accuracy, the test loss of models that reconstruct
/// images (not by time), or the relative L2 error of those that predict fields.
///
/// # Errors
/// [`ReportError::Chart`] if the plotting library fails.
pub(super) fn curves(data: &DataSetReport) -> Result<Vec<Chart>, ReportError> {
    let goal = data.goal();
    let mut charts = Vec::new();
    match goal {
        Goal::Classify => charts.extend(chart(
            "Test accuracy (%) by epoch",
            "Accuracy on the test images; higher is better.",
            "epoch",
            Scale::Linear,
            by_epoch(data, accuracy),
        )?),
        Goal::Rebuild => {
            let note = "Loss on the test images (no unit); lower is better.";
            charts.extend(losses(data, "Test loss", note, |epoch| epoch.test_loss)?);
        }
        Goal::Predict => charts.extend(chart(
            "Relative L2 error by epoch, logarithmic",
            "Mean over the test samples; lower is better.",
            "epoch",
            Scale::Logarithmic,
            by_epoch(data, error),
        )?),
    }
    let note = match goal {
        Goal::Classify | Goal::Rebuild => "Loss on the training images (no unit); lower is better.",
        Goal::Predict => "Loss on the training samples (no unit); lower is better.",
    };
    charts.extend(losses(data, "Training loss", note, |epoch| {
        epoch.train_loss
    })?);
    let (title, note, scale, value): (_, _, _, fn(&EpochReport) -> f64) = match goal {
        Goal::Classify => (
            "Test accuracy (%) by training time",
            "The same accuracy over wall-clock training time; lines toward the upper left learn \
             fastest.",
            Scale::Linear,
            accuracy,
        ),
        Goal::Rebuild => return Ok(charts),
        Goal::Predict => (
            "Relative L2 error by training time, logarithmic",
            "The same error over wall-clock training time; lines toward the lower left learn \
             fastest.",
            Scale::Logarithmic,
            error,
        ),
    };
    let (unit, timed) = by_time(data, value);
    charts.extend(chart(title, note, unit, scale, timed)?);
    Ok(charts)
}

fn accuracy(epoch: &EpochReport) -> f64 {
    epoch.test_accuracy * 100.0
}

fn error(epoch: &EpochReport) -> f64 {
    epoch.l2.unwrap_or(f64::NAN)
}

/// The scale of a vertical axis.
#[derive(Clone, Copy, PartialEq)]
enum Scale {
    Linear,
    /// Values that are not above zero are missing.
    Logarithmic,
}

/// A chart of what is given; none without any value. The horizontal axis is in whole numbers for
/// epochs and starts at zero for times.
fn chart(
    title: &str,
    note: &'static str,
    x_name: &str,
    scale: Scale,
    mut lines: Vec<Series>,
) -> Result<Option<Chart>, ReportError> {
    if scale == Scale::Logarithmic {
        for (_, y) in lines.iter_mut().flat_map(|line| &mut line.points) {
            *y = if *y > 0.0 { y.log10() } else { f64::NAN };
        }
    }
    if !any(&lines) {
        return Ok(None);
    }
    let (low, high) = y_extent(&lines);
    let y = match scale {
        Scale::Linear => Axis::linear((low, high)),
        Scale::Logarithmic => Axis::logarithmic((10f64.powf(low), 10f64.powf(high))),
    };
    let x = match x_name {
        "epoch" => Axis::whole(x_extent(&lines)),
        _ => Axis::linear((0.0, x_extent(&lines).1)),
    };
    Ok(Some(Chart {
        title: title.into(),
        note,
        svg: draw(x_name, &lines, x, y)?,
    }))
}

/// A value over training time, with the name of its axis in a fitting unit.
fn by_time(data: &DataSetReport, value: fn(&EpochReport) -> f64) -> (&'static str, Vec<Series>) {
    let mut lines = series(data, |model| {
        let mut elapsed = 0.0;
        let timed = model.history.iter().map(|epoch| {
            elapsed += epoch.seconds;
            (elapsed, value(epoch))
        });
        timed.collect()
    });
    let (name, seconds) = match x_extent(&lines).1 {
        t if t < 180.0 => ("seconds of training", 1.0),
        t if t < 10_800.0 => ("minutes of training", 60.0),
        _ => ("hours of training", 3600.0),
    };
    for (t, _) in lines.iter_mut().flat_map(|line| &mut line.points) {
        *t /= seconds;
    }
    (name, lines)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{fixture, palette};

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
    fn models_that_predict_have_errors_on_a_logarithmic_scale() {
        let mut report = fixture::prediction();
        report.data_sets[0].models[1].history[5].l2 = Some(0.0);
        let charts = curves(&report.data_sets[0]).unwrap();
        let titles: Vec<&str> = charts.iter().map(|chart| chart.title.as_str()).collect();
        assert_eq!(titles.len(), 3, "{titles:?}");
        assert_eq!(titles[0], "Relative L2 error by epoch, logarithmic");
        assert!(titles[1].starts_with("Training loss"), "{titles:?}");
        assert_eq!(titles[2], "Relative L2 error by training time, logarithmic");
        for chart in [&charts[0], &charts[2]] {
            assert!(!chart.svg.contains("NaN") && !chart.svg.contains("inf"));
            assert_eq!(chart.svg.matches("<circle").count(), 3 * 8 - 1);
            // 0.0842 is near the lower end.
            assert!(
                chart.svg.contains("0.1\n") && chart.svg.contains("0.5\n"),
                "{}",
                chart.svg
            );
        }
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
