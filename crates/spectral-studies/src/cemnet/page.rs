//! The figures of the page.

use serde::Serialize;

use spectral_lab::report::{EpochReport, Line, ModelReport, Report, Value};

use super::gradients::LayerGradient;
use super::widths::Width;
use super::{Gradients, Group, train_accuracy};
use crate::kit::comparison::{Standing, Trained, percent};
use crate::kit::{Chart, Page, line, row};
use crate::{StudyError, StudyRun};

#[derive(Serialize)]
struct GroupFigures {
    standing: Standing,
    epochs: usize,
    batch_size: usize,
    /// The networks of the comparison of fixations.
    fixation: Vec<Fixed>,
}

/// Mean accuracies after the last epoch.
#[derive(Serialize)]
struct Fixed {
    model: String,
    train_accuracy: f64,
    accuracy: f64,
}

pub(super) fn page(
    run: &StudyRun<'_>,
    groups: [Group; 2],
    widths: &[Width],
) -> Result<Report, StudyError> {
    let mut page = Page::new();
    let groups = groups.map(|group| figures(&mut page, group));
    page.table("widths", widths.iter().map(width_row));
    page.chart("widths", width_chart(widths));
    let figures = serde_json::json!({"groups": groups});
    page.render(run, include_str!("page.md.jinja"), &figures)
}

/// The exhibits of a data set, and what the sentences say.
fn figures(page: &mut Page, group: Group) -> GroupFigures {
    let set = group.compared.data.name.clone();
    let fixed = group.fixation.iter();
    let fixed: Vec<&Trained> = fixed.filter_map(|name| group.compared.find(name)).collect();
    page.table(
        format!("{set}/fixation"),
        fixed.iter().map(|of| fixation_row(of)),
    );
    page.chart(format!("{set}/fixation"), fixation_chart(&fixed));
    page.table(
        format!("{set}/gradients"),
        group.gradients.iter().flat_map(gradient_rows),
    );
    page.chart(
        format!("{set}/gradients, fresh"),
        gradient_chart(&group, |of| &of.fresh),
    );
    page.chart(
        format!("{set}/gradients, trained"),
        gradient_chart(&group, |of| &of.trained),
    );
    let fixed = fixed.into_iter().map(|of| Fixed {
        model: of.model.clone(),
        train_accuracy: of.mean(train_accuracy),
        accuracy: of.mean(accuracy),
    });
    GroupFigures {
        fixation: fixed.collect(),
        epochs: group.epochs,
        batch_size: group.batch_size,
        standing: page.comparison(&set, group.compared),
    }
}

fn accuracy(run: &ModelReport) -> f64 {
    run.accuracy
}

/// How far a network does better on what it has seen.
fn gap(run: &ModelReport) -> f64 {
    train_accuracy(run) - run.accuracy
}

/// The accuracy of the best epoch.
fn best(run: &ModelReport) -> f64 {
    let epochs = run.history.iter().map(|epoch| epoch.test_accuracy);
    epochs.fold(f64::NAN, f64::max)
}

fn fixation_row(of: &Trained) -> Vec<Value> {
    row![
        of.model.as_str(),
        of.mean_and_std(train_accuracy, percent),
        of.mean_and_std(accuracy, percent),
        of.mean_and_std(gap, percent),
        percent(of.mean(best)),
    ]
}

fn fixation_chart(fixed: &[&Trained]) -> Chart {
    let lines = fixed.iter().enumerate().flat_map(|(color, of)| {
        let curve = |what: &str, dashed, figure: fn(&EpochReport) -> f64| {
            let points = of.curve(figure).into_iter();
            let name = format!("{}, {what}", of.model);
            Line {
                dashed,
                ..line(name, color, points.map(|(x, y)| (x, 100.0 * y)))
            }
        };
        [
            curve("test", false, |epoch| epoch.test_accuracy),
            curve("training", true, |epoch| epoch.train_accuracy),
        ]
    });
    Chart::lines(lines)
}

fn gradient_rows(of: &Gradients) -> impl Iterator<Item = Vec<Value>> {
    of.fresh.iter().zip(&of.trained).map(|(fresh, trained)| {
        row![
            of.model.as_str(),
            fresh.layer.as_str(),
            fresh.weight,
            fresh.relative(),
            trained.weight,
            trained.relative(),
        ]
    })
}

/// Gradients over weights, layer by layer.
fn gradient_chart(group: &Group, layers: fn(&Gradients) -> &Vec<LayerGradient>) -> Chart {
    let lines = group.gradients.iter().enumerate().map(|(color, of)| {
        let layers = (1..).zip(layers(of));
        line(
            &of.model,
            color,
            layers.map(|(layer, of)| (f64::from(layer), of.relative())),
        )
    });
    Chart::lines(lines).logarithmic()
}

fn width_row(of: &Width) -> Vec<Value> {
    row![
        of.model.as_str(),
        of.width.as_str(),
        of.params as f64,
        percent(of.train_accuracy),
        percent(of.accuracy),
        of.epoch_s,
    ]
}

/// Accuracy by parameters.
fn width_chart(widths: &[Width]) -> Chart {
    let mut models: Vec<&str> = widths.iter().map(|width| width.model.as_str()).collect();
    // Those of a model follow one another.
    models.dedup();
    let lines = models.iter().enumerate().map(|(color, model)| {
        let of_model = widths.iter().filter(|width| width.model == *model);
        let point = |of: &Width| ((of.params as f64).log10(), 100.0 * of.accuracy);
        let mut points: Vec<(f64, f64)> = of_model.map(point).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        line(*model, color, points)
    });
    Chart::lines(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::comparison::tests::compared;

    #[test]
    fn the_gap_is_what_training_images_are_better_by() {
        let row = fixation_row(&compared().models[1]);
        assert_eq!(row[3].shown(), "9.00 ± 2.00");
    }
}
