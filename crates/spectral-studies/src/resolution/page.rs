//! The figures as a page.

use spectral_lab::report::Spread;
use spectral_lab::report::{Report, chance::margin_of_mean};

use crate::kit::Parts as Section;

use super::super::StudyInfo;
use super::super::comparison::{percent, points};
use super::composed::Counting;
use super::handover::{Kind, lost};
use super::sections::{by_size, cause, commutes, handovers};
use super::sizes::{Presented, Route, Way};
use super::{BySize, Figures, OWN};

/// Errors below this are those of single precision, sums over all pixels included.
pub(super) const EXACT: f64 = 1e-4;

/// A size as it is written.
pub(super) fn named([height, width]: [usize; 2]) -> String {
    format!("{height}×{width}")
}

impl BySize {
    /// The mean accuracy at a size; none where it was not run there.
    pub(super) fn at(&self, size: [usize; 2]) -> Option<f64> {
        let all = self.each_at(size);
        (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
    }

    /// The accuracy of each seed at a size.
    pub(super) fn each_at(&self, size: [usize; 2]) -> Vec<f64> {
        let all = self.seeds.iter().flatten();
        let there = all.filter(|at| at.size == size);
        there.map(|at| at.accuracy).collect()
    }

    /// What is lost from the own size to another, seed by seed.
    pub(super) fn lost(&self, size: [usize; 2]) -> Vec<f64> {
        let pairs = self.each_at(OWN).into_iter().zip(self.each_at(size));
        pairs.map(|(own, there)| own - there).collect()
    }
}

impl Figures {
    /// The largest of the sizes.
    pub(super) fn largest(&self) -> [usize; 2] {
        let sizes = self.extent.sizes.iter().copied();
        sizes
            .max_by_key(|[height, width]| height * width)
            .unwrap_or(OWN)
    }

    /// The accuracies of a network on images of other sizes as they are.
    pub(super) fn of(&self, model: &str, way: Way) -> Option<&BySize> {
        let presented = Presented {
            way,
            route: Route::Direct,
        };
        self.presented(presented)
            .find(|by_size| by_size.model == model)
    }

    /// The accuracies of all networks on the same images.
    pub(super) fn presented(&self, presented: Presented) -> impl Iterator<Item = &BySize> {
        let all = self.by_size.iter();
        all.filter(move |by_size| by_size.presented == presented)
    }
}

/// A mean with its 95 % interval where there are several figures, in points.
pub(super) fn mean_points(values: &[f64]) -> String {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    match Spread::of(values.iter().copied()) {
        Some(spread) => format!("{} ± {:.2}", points(mean), 100.0 * margin_of_mean(spread)),
        None => points(mean),
    }
}

pub(super) fn page(study: &StudyInfo, figures: Figures) -> Report {
    let sections = vec![
        question(study, &figures),
        by_size(&figures),
        commutes(&figures),
        handovers(&figures),
        cause(&figures),
        figures.compared.differences(),
    ];
    Report {
        title: "Trained at one size, run at others".into(),
        summary: findings(&figures),
        sections: sections.into_iter().map(Into::into).collect(),
        data_sets: vec![figures.compared.into_data_set()],
        ..Report::default()
    }
}

fn question(study: &StudyInfo, of: &Figures) -> Section {
    let [train, test, epochs] = of.extent.images;
    Section {
        heading: "The question".into(),
        text: vec![
            study.question.into(),
            format!("Source: {}, and the networks' own authors.", study.source),
            format!(
                "The source trains operators between functions on grids of one resolution and evaluates them on \
                 others. The networks here are classifiers that replace convolutions by its idea, filters on modes \
                 instead of samples (free-modes, gaussian-modes). They are trained on {} at 28×28 (up to {train} \
                 training and {test} test images, {epochs} epochs, batch size 64, Adam with learning rate 0.001 \
                 and weight decay 0.0005) and evaluated at other sizes with unchanged weights. Test images are \
                 resampled bilinearly, or band-limited (trigonometric interpolation), which neither adds nor \
                 removes frequencies when images grow.",
                of.set
            ),
            "The baseline needs no special network: resample the image to the training size and run the network \
             there."
                .into(),
        ],
        ..Section::default()
    }
}

/// What the figures say, in sentences.
fn findings(of: &Figures) -> Vec<String> {
    let largest = of.largest();
    let mut findings = Vec::new();
    findings.extend(baseline(of));
    let direct = Presented {
        way: Way::Bilinear,
        route: Route::Direct,
    };
    let there: Vec<String> = of
        .presented(direct)
        .filter_map(|by_size| {
            let (own, there) = (by_size.at(OWN)?, by_size.at(largest)?);
            let (there, own) = (percent(there), percent(own));
            (largest != OWN).then(|| format!("{} {there} (from {own})", by_size.model))
        })
        .collect();
    findings.push(format!(
        "Test accuracy at {} in %, run at that size without resampling back (in brackets at 28×28): {}.",
        named(largest),
        there.join(", ")
    ));
    if !of.bound.is_empty() {
        let names: Vec<&str> = of.bound.iter().map(|(name, _)| name.as_str()).collect();
        findings.push(format!(
            "Run at the training size only: {}.",
            names.join(", ")
        ));
    }
    findings.extend(commuting(of));
    findings.extend(losing(of));
    findings.extend(pooling(of));
    findings
}

/// The best network run at the largest size, against `cnn` on images resampled to the training size.
fn baseline(of: &Figures) -> Option<String> {
    let largest = of.largest();
    let [direct, averaged] = [Route::Direct, Route::ToTrainingSize].map(|route| Presented {
        way: Way::Bilinear,
        route,
    });
    let [averaged, cnn] = [averaged, Presented::CUT_OFF].map(|presented| {
        of.presented(presented)
            .find(|by_size| by_size.model == "cnn")
    });
    let cnn = cnn?;
    let averaged = averaged?.at(largest)?;
    let best = of
        .presented(direct)
        .filter_map(|by_size| Some((by_size, by_size.at(largest)?)))
        .max_by(|one, two| one.1.total_cmp(&two.1))?
        .0;
    let (baseline, best_there) = (cnn.at(largest)?, best.at(largest)?);
    let gains: Vec<f64> = (best.each_at(largest).into_iter())
        .zip(cnn.each_at(largest))
        .map(|(best, cnn)| best - cnn)
        .collect();
    let margin = Spread::of(gains.iter().copied()).map(margin_of_mean);
    let gain = gains.iter().sum::<f64>() / gains.len().max(1) as f64;
    let verdict = match margin {
        Some(margin) if gain.abs() <= margin => "no significant difference".into(),
        _ if gain > 0.0 => format!("running at {} is better", named(largest)),
        _ => "resampling to the training size is better".to_string(),
    };
    Some(format!(
        "The simple way: resample {} images to 28×28 and run cnn there, {} % test accuracy with band-limited and \
         {} % with bilinear resampling. The best network that runs at {} itself, {}, reaches {} %: {} points \
         against the former, {verdict}.",
        named(largest),
        percent(baseline),
        percent(averaged),
        named(largest),
        best.model,
        percent(best_there),
        mean_points(&gains)
    ))
}

fn commuting(of: &Figures) -> Option<String> {
    let (mut do_commute, mut do_not) = (Vec::new(), Vec::new());
    for model in &of.apart {
        let errors = model.seeds.iter().flatten();
        // On fewer samples than in training, frequencies go.
        let finer = errors.filter(|apart| apart.size[0] >= OWN[0] && apart.size[1] >= OWN[1]);
        let others = finer.filter(|apart| apart.size != OWN);
        let worst = others
            .filter_map(|apart| apart.error)
            .max_by(f64::total_cmp);
        match worst {
            Some(worst) if worst < EXACT => do_commute.push(model.model.clone()),
            Some(worst) => do_not.push(format!("{} ({worst:.2})", model.model)),
            None => {}
        }
    }
    let list = |names: &[String]| match names.is_empty() {
        true => "none".to_string(),
        false => names.join(", "),
    };
    (!of.apart.is_empty()).then(|| {
        format!(
            "First filters that commute with resampling to finer grids, within single precision: {}. Those \
             that do not (largest relative error): {}.",
            list(&do_commute),
            list(&do_not)
        )
    })
}

fn losing(of: &Figures) -> Vec<String> {
    let largest = of.largest();
    let there = of.handovers.iter().filter(|(size, _)| *size == largest);
    there
        .map(|(_, model)| {
            let by_kind = Kind::LAYERS.map(|kind| {
                let seeds = model.seeds.iter().map(|after| lost(after, kind));
                let sum: f64 = seeds.sum();
                format!(
                    "{} at {}",
                    percent(sum / model.seeds.len().max(1) as f64),
                    kind.name()
                )
            });
            let kinds = Kind::LAYERS.iter();
            let whole: f64 = (kinds
                .flat_map(|kind| model.seeds.iter().map(|after| lost(after, *kind))))
            .sum::<f64>()
                / model.seeds.len().max(1) as f64;
            format!(
                "Of the {} points that {} loses at {}, by type of layer: {}.",
                percent(whole),
                model.model,
                named(largest),
                by_kind.join(", ")
            )
        })
        .collect()
}

fn pooling(of: &Figures) -> Option<String> {
    let largest = of.largest();
    let mut parts = Vec::new();
    for counting in Counting::ALL {
        let [max, spectral] = [counting.with_max_pool(), counting.name()]
            .map(|name| Some(of.of(name, Way::BandLimited)?.lost(largest)));
        let (max, spectral) = (max?, spectral?);
        let [sum, left]: [f64; 2] = [&max, &spectral].map(|lost| lost.iter().sum());
        let share = match sum > 0.0 {
            true => {
                let saved = 100.0 * (1.0 - left / sum);
                let word = if saved < 0.0 { "more" } else { "less" };
                format!(", {:.0} % {word}", saved.abs())
            }
            false => String::new(),
        };
        parts.push(format!(
            "{} {} with max-pooling and {} with spectral pooling in its place{share}",
            counting.with_max_pool(),
            mean_points(&max),
            mean_points(&spectral)
        ));
    }
    Some(format!(
        "Points lost from 28×28 to {}, images resampled band-limited: {}.",
        named(largest),
        parts.join("; ")
    ))
}
