//! The findings of a report, in sentences.

use super::chance::{Verdict, compare, compare_losses, compare_seeds};
use super::{DataSetReport, FilterReport, Goal, Grid, ModelReport, Report, count, format};

/// Suffix of the name of a repaired network; the rest is the name of the published one.
const REPAIRED: &str = "-repaired";

/// The findings, most important first.
pub fn findings(report: &Report) -> Vec<String> {
    let mut findings: Vec<String> = report.data_sets.iter().map(accuracies).collect();
    findings.extend(repairs(report));
    findings.extend(times(report));
    findings.extend(dead(report));
    findings.extend(first_of_images(report).and_then(answers));
    findings
}

/// The first data set of images, whose networks the sentences about filters are about.
fn first_of_images(report: &Report) -> Option<&DataSetReport> {
    let mut sets = report.data_sets.iter();
    sets.find(|data| data.goal() != Goal::Predict)
}

/// Every network compared with the first.
fn accuracies(data: &DataSetReport) -> String {
    let Some((first, others)) = data.models.split_first() else {
        return format!("On {}, nothing was trained.", data.name);
    };
    let tested = count(data.test_count);
    let name = &first.model;
    if !first.score().is_finite() {
        return format!(
            "On {}, {name} diverged, so there is no baseline to compare with.",
            data.name
        );
    }
    let over = match first.seeds.len() {
        seeds @ 2.. => format!(", averaged over {seeds} seeds"),
        _ => String::new(),
    };
    let mut text = match first.goal {
        Goal::Classify => format!(
            "On {}, {name} reaches {} test accuracy ({tested} images){over}.",
            data.name,
            score(first)
        ),
        Goal::Rebuild => format!(
            "On {}, {name} reconstructs {tested} test images with a mean loss of {}{over}.",
            data.name,
            score(first)
        ),
        Goal::Predict => format!(
            "On {}, {name} has a mean relative L2 error of {} on {tested} test samples{over}.",
            data.name,
            score(first)
        ),
    };
    let level = match (first.goal, first.seeds.len()) {
        (_, seeds @ 2..) => format!("No significant difference with {seeds} seeds:"),
        (Goal::Classify, _) => format!("No significant difference with {tested} test images:"),
        (Goal::Rebuild | Goal::Predict, _) => "Equal:".into(),
    };
    let mut groups: [Vec<String>; 4] = Default::default();
    for model in others {
        let (group, entry) = against(model, first, data.test_count);
        groups[group].push(entry);
    }
    for (entries, says) in groups
        .iter()
        .zip(["Better:", level.as_str(), "Worse:", "Diverged:"])
    {
        if !entries.is_empty() {
            text.push_str(&format!(" {says} {}.", entries.join(", ")));
        }
    }
    text
}

/// A network's rank relative to the first (0 better, 1 no difference, 2 worse, 3 unknown), and its
/// figures.
fn against(model: &ModelReport, first: &ModelReport, test_count: usize) -> (usize, String) {
    if !model.score().is_finite() {
        return (3, model.model.clone());
    }
    let (name, score) = (&model.model, score(model));
    let (difference, verdict) = versus(model, first, test_count);
    let place = match verdict {
        Verdict::Better => 0,
        Verdict::Alike => 1,
        Verdict::Worse => 2,
    };
    let entry = match model.goal {
        Goal::Classify => format!("{name} ({score}, {} points)", signed(100.0 * difference)),
        Goal::Rebuild => format!("{name} ({score})"),
        Goal::Predict => {
            let ratio = format::ratio(model.score() / first.score());
            format!("{name} ({score}, {ratio})")
        }
    };
    (place, entry)
}

/// The difference between two networks, and whether it is significant. Single losses and errors have
/// no significance test.
fn versus(model: &ModelReport, other: &ModelReport, test_count: usize) -> (f64, Verdict) {
    match (model.goal, model.spread(), other.spread()) {
        (Goal::Classify, Some(spread), Some(other)) => compare_seeds(spread, other, test_count),
        (Goal::Classify, _, _) => compare(model.accuracy, other.accuracy, test_count),
        (Goal::Rebuild | Goal::Predict, Some(spread), Some(other)) => compare_losses(spread, other),
        (Goal::Rebuild | Goal::Predict, _, _) => {
            let difference = other.score() - model.score();
            let verdict = match difference {
                better if better > 0.0 => Verdict::Better,
                worse if worse < 0.0 => Verdict::Worse,
                _ => Verdict::Alike,
            };
            (difference, verdict)
        }
    }
}

/// An accuracy in percent, a loss, or an error.
fn score(model: &ModelReport) -> String {
    match model.goal {
        Goal::Classify => percent(model.accuracy),
        Goal::Rebuild => format!("{:.4}", model.loss),
        Goal::Predict => format::significant(model.score()),
    }
}

/// Every repaired network compared with the published one.
fn repairs(report: &Report) -> Option<String> {
    let mut sentences = Vec::new();
    for data in &report.data_sets {
        for repaired in &data.models {
            let published = repaired.model.strip_suffix(REPAIRED);
            let Some(published) =
                published.and_then(|name| data.models.iter().find(|model| model.model == name))
            else {
                continue;
            };
            if repaired.goal != Goal::Classify {
                continue;
            }
            let (difference, verdict) = versus(repaired, published, data.test_count);
            if !difference.is_finite() {
                continue;
            }
            let points = signed(100.0 * difference);
            let (name, place) = (&published.model, &data.name);
            sentences.push(match verdict {
                Verdict::Better => format!("{name} on {place} gains ({points} points)"),
                Verdict::Worse => format!("{name} on {place} loses ({points} points)"),
                Verdict::Alike => {
                    format!("{name} on {place} shows no significant change ({points} points)")
                }
            });
        }
    }
    (!sentences.is_empty()).then(|| format!("After repair: {}.", sentences.join(", ")))
}

/// Time per epoch relative to the first network.
fn times(report: &Report) -> Option<String> {
    let clauses: Vec<String> = report
        .data_sets
        .iter()
        .filter_map(|data| {
            let (first, others) = data.models.split_first()?;
            let ratios: Vec<String> = others
                .iter()
                .map(|model| (model, model.epoch_s / first.epoch_s))
                .filter(|(_, ratio)| ratio.is_finite())
                .map(|(model, ratio)| format!("{} {ratio:.2}", model.model))
                .collect();
            (!ratios.is_empty()).then(|| {
                format!(
                    "on {} {} ({} {:.2} s for {} {})",
                    data.name,
                    ratios.join(", "),
                    first.model,
                    first.epoch_s,
                    count(data.train_count),
                    data.goal().examples(),
                )
            })
        })
        .collect();
    let first = &report.data_sets.first()?.models.first()?.model;
    (!clauses.is_empty()).then(|| {
        format!(
            "Time per epoch relative to {first}: {}.",
            clauses.join("; ")
        )
    })
}

/// Dead parameters; their number is the same on every data set with the same number of channels.
fn dead(report: &Report) -> Option<String> {
    let models = &first_of_images(report)?.models;
    let dead: Vec<String> = models
        .iter()
        .filter(|model| model.dead_params > 0)
        .map(|model| {
            let (dead, params) = (count(model.dead_params), count(model.params));
            format!("{dead} of the {params} parameters of {}", model.model)
        })
        .collect();
    let is_published_kk = |model: &ModelReport| {
        model.dead_params > 0 && model.model.starts_with("kk") && !model.model.ends_with(REPAIRED)
    };
    let why = match models.iter().any(is_published_kk) {
        true => {
            " The published KKLayer keeps only the real part of its inverse transform, so the \
             imaginary part β of its weights has no effect; what remains mixes the channels of the \
             image, rotated by 180°, pixel by pixel."
        }
        false => "",
    };
    let is_free = |model: &ModelReport| model.dead_params > 0 && model.model.starts_with("free");
    let why_free = match models.iter().any(is_free) {
        true => {
            " With one free weight per frequency, the imaginary parts at frequencies that are their \
             own negative have no effect on a real image."
        }
        false => "",
    };
    (!dead.is_empty()).then(|| format!("{} are dead.{why}{why_free}", dead.join(", ")))
}

/// The effective width of the first layers, measured after training.
fn answers(data: &DataSetReport) -> Option<String> {
    let widths: Vec<(&str, f64, usize)> = data
        .models
        .iter()
        .filter_map(|model| {
            let width = mean_width(&model.filters)?;
            Some((
                model.model.as_str(),
                width,
                model.filters[0].kernel.values.len(),
            ))
        })
        .collect();
    let pixels = widths.first()?.2;
    let list: Vec<String> = widths
        .iter()
        .map(|(name, width, _)| format!("{name} {width:.1}"))
        .collect();
    let blind: Vec<&str> = widths
        .iter()
        .filter(|(_, width, _)| *width < 1.01)
        .map(|(name, ..)| *name)
        .collect();
    let mut text = format!(
        "Effective number of pixels, of {pixels}, in the response of the trained first layers on {} \
         to a single bright pixel (mean over the filters shown): {}.",
        data.name,
        list.join(", ")
    );
    if !blind.is_empty() {
        text.push_str(&format!(
            " One pixel means that a layer sees no neighborhood: {}.",
            blind.join(" and ")
        ));
    }
    Some(text)
}

/// The mean of the filters' effective numbers of pixels; none without filters.
fn mean_width(filters: &[FilterReport]) -> Option<f64> {
    let widths: Vec<f64> = filters
        .iter()
        .map(|filter| effective_pixels(&filter.kernel))
        .filter(|width| width.is_finite())
        .collect();
    (!widths.is_empty()).then(|| widths.iter().sum::<f64>() / widths.len() as f64)
}

/// The participation number (Σe)²/Σe² of the energies e: 1 if all energy is in one pixel, n if it
/// is spread evenly over n. NaN of a filter that is zero.
fn effective_pixels(kernel: &Grid) -> f64 {
    let energies = kernel.values.iter().map(|value| f64::from(*value).powi(2));
    let (sum, squares) = energies.fold((0.0, 0.0), |(sum, squares), energy| {
        (sum + energy, squares + energy * energy)
    });
    sum * sum / squares
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn signed(value: f64) -> String {
    let text = format!("{value:+.1}");
    if text == "-0.0" {
        "+0.0".into()
    } else {
        text.replace('-', "−")
    }
}

#[cfg(test)]
mod tests;
