//! The sections of a page on rollouts: charts, tables and pictures, with the words of
//! `rollout.md.jinja`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::pictures::shown;
use super::{Curve, RolloutResults, StepSpectrum};
use crate::report::{
    Block, ChartKind, Line, Point, ReportError, Section, SectionChart, SectionTable, Value, count,
    fill_sections,
};

/// Errors above this leave the chart, which would otherwise show little else.
const HIGHEST: f64 = 1e3;

/// Energies below this share of the largest are the rounding errors of f32: they are drawn at it, and a
/// band of them has no error.
const FLOOR: f64 = 1e-12;

/// A network with its rollout.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its results.
    pub results: &'a RolloutResults,
}

/// What the template uses.
#[derive(Serialize)]
struct Words<'a> {
    samples_count: usize,
    axes: usize,
    channels: usize,
    /// The channel of the pictures, from 1.
    channel: usize,
    first: usize,
    middle: usize,
    last: usize,
    runs: Vec<Figures<'a>>,
    persistence: Figures<'a>,
    reference: Option<Figures<'a>>,
    has_spectra: bool,
    spectra_steps: Vec<usize>,
    kept: usize,
    highest: usize,
    bands: Vec<BandWords<'a>>,
    pictures: Vec<PictureWords<'a>>,
}

#[derive(Serialize)]
struct Figures<'a> {
    name: &'a str,
    /// The mean error of the last step.
    last: Option<f64>,
    above_half: Option<usize>,
    above_one: Option<usize>,
    diverged: usize,
}

#[derive(Serialize)]
struct BandWords<'a> {
    name: &'a str,
    range: String,
}

#[derive(Serialize)]
struct PictureWords<'a> {
    exhibit: String,
    run: &'a str,
    sample: usize,
    first: usize,
    end: usize,
    unknown: bool,
}

/// A section on rollouts of one or more networks over the same trajectories: errors by step beside
/// persistence and the reference (called `reference` in the text), spectra, errors by frequency, and
/// pictures of truth, prediction and difference. Persistence, the reference and the steps are those of
/// the first run. Empty without a run or a step.
///
/// # Errors
/// [`ReportError`] if a picture cannot be drawn.
pub fn report_sections(runs: &[Run<'_>], reference: &str) -> Result<Vec<Section>, ReportError> {
    let Some(&Run { results, .. }) = runs.first() else {
        return Ok(Vec::new());
    };
    let (Some(&first), Some(last)) = (results.steps.first(), results.last()) else {
        return Ok(Vec::new());
    };
    let middle = results.steps[(results.steps.len() - 1) / 2];
    let mut exhibits = BTreeMap::new();
    let mut pictures = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        for shown in shown(run.results)? {
            let exhibit = format!("pictures-{}-{}", index + 1, shown.sample);
            exhibits.insert(exhibit.clone(), shown.block);
            pictures.push(PictureWords {
                exhibit,
                run: run.name,
                sample: shown.sample,
                first: shown.first,
                end: shown.end,
                unknown: shown.unknown,
            });
        }
    }
    exhibits.insert("errors".into(), errors(runs, reference));
    exhibits.insert("spectra".into(), spectra(results));
    exhibits.insert(
        "table".into(),
        table(runs, reference, [first, middle, last]),
    );
    exhibits.insert("bands".into(), bands(runs));
    let words = Words {
        samples_count: results.samples,
        axes: results.sizes.len(),
        channels: results.channels,
        channel: results.frames.channel + 1,
        first,
        middle,
        last,
        runs: (runs.iter())
            .map(|run| Figures::of(run.name, &run.results.prediction))
            .collect(),
        persistence: Figures::of("persistence", &results.persistence),
        reference: (results.reference.as_ref()).map(|curve| Figures::of(reference, curve)),
        has_spectra: !results.spectra.is_empty(),
        spectra_steps: results
            .spectra
            .iter()
            .map(|spectrum| spectrum.step)
            .collect(),
        kept: results.kept,
        highest: results.sizes.iter().map(|size| size / 2).min().unwrap_or(0),
        bands: band_words(results),
        pictures,
    };
    fill_sections(include_str!("rollout.md.jinja"), &words, exhibits)
}

impl<'a> Figures<'a> {
    fn of(name: &'a str, curve: &Curve) -> Self {
        Self {
            name,
            last: curve.mean.last().copied().filter(|error| error.is_finite()),
            above_half: curve.above_half,
            above_one: curve.above_one,
            diverged: curve.diverged.last().copied().unwrap_or(0),
        }
    }
}

fn band_words(results: &RolloutResults) -> Vec<BandWords<'_>> {
    let bands = results
        .spectra
        .first()
        .map(|spectrum| &spectrum.errors.thirds);
    let words = |error: &'_ super::BandError| match error.band.from == error.band.to {
        true => error.band.from.to_string(),
        false => format!("{}–{}", error.band.from, error.band.to),
    };
    (bands.into_iter().flatten())
        .map(|error| BandWords {
            name: &error.band.name,
            range: words(error),
        })
        .collect()
}

/// Errors by step on a logarithmic scale.
fn errors(runs: &[Run<'_>], reference: &str) -> Block {
    let results = runs[0].results;
    let line = |name: String, group, dashed, steps: &[usize], values: &[f64]| Line {
        name,
        group,
        dashed,
        points: (steps.iter().zip(values))
            .map(|(&step, &error)| Point {
                x: step as f64,
                y: if error <= HIGHEST { error } else { f64::NAN },
            })
            .collect(),
    };
    let mut lines = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let (name, steps, curve) = (run.name, &run.results.steps, &run.results.prediction);
        lines.push(line(name.into(), index + 1, false, steps, &curve.mean));
        if run.results.samples > 1 {
            let name = format!("{name}, worst");
            lines.push(line(name, index + 1, true, steps, &curve.worst));
        }
    }
    let others = [
        ("persistence", 0, Some(&results.persistence)),
        (reference, runs.len() + 1, results.reference.as_ref()),
    ];
    for (name, group, curve) in others {
        // An error of 0 has no place on the scale.
        if let Some(curve) = curve.filter(|curve| curve.mean.iter().any(|&error| error > 0.0)) {
            lines.push(line(name.into(), group, false, &results.steps, &curve.mean));
        }
    }
    chart("step", lines)
}

/// Energies by wavenumber, one color per step.
fn spectra(results: &RolloutResults) -> Block {
    let energies = |of: &StepSpectrum| of.truth.iter().copied().fold(0.0, f64::max);
    let floor = FLOOR * results.spectra.iter().map(energies).fold(0.0, f64::max);
    let line = |name: String, group, dashed, values: &[f64]| Line {
        name,
        group,
        dashed,
        points: (values.iter().enumerate())
            .skip(1)
            .map(|(wavenumber, &energy)| Point {
                x: wavenumber as f64,
                y: if energy < floor { floor } else { energy },
            })
            .collect(),
    };
    let of_step = |(index, spectrum): (usize, &StepSpectrum)| {
        let step = count(spectrum.step);
        [
            line(format!("truth, step {step}"), index, false, &spectrum.truth),
            line(
                format!("prediction, step {step}"),
                index,
                true,
                &spectrum.prediction,
            ),
        ]
    };
    let lines = results.spectra.iter().enumerate().flat_map(of_step);
    chart("wavenumber", lines.collect())
}

fn chart(x: &str, lines: Vec<Line>) -> Block {
    Block::Chart(SectionChart {
        title: String::new(),
        note: String::new(),
        kind: ChartKind::Lines {
            x: x.into(),
            logarithmic: true,
            lines,
        },
        file: None,
    })
}

/// One row per network, persistence and the reference.
fn table(runs: &[Run<'_>], reference: &str, steps: [usize; 3]) -> Block {
    let results = runs[0].results;
    let step = |step: Option<usize>| step.map_or_else(|| "–".into(), count);
    let row = |name: &str, own: &[usize], curve: &Curve| -> Vec<Value> {
        let at = |wanted: usize| {
            let at = own.iter().position(|&step| step == wanted);
            at.and_then(|at| curve.mean.get(at).copied())
        };
        let mut cells: Vec<Value> = vec![name.into()];
        cells.extend(steps.map(|step| Value::from(at(step))));
        cells.push(curve.geometric_mean.into());
        cells.push(step(curve.above_half).into());
        cells.push(step(curve.above_one).into());
        cells.push(count(curve.diverged.last().copied().unwrap_or(0)).into());
        cells
    };
    let mut rows: Vec<Vec<Value>> = (runs.iter())
        .map(|run| row(run.name, &run.results.steps, &run.results.prediction))
        .collect();
    rows.push(row("persistence", &results.steps, &results.persistence));
    if let Some(curve) = &results.reference {
        rows.push(row(reference, &results.steps, curve));
    }
    Block::Table(SectionTable {
        rows,
        ..SectionTable::default()
    })
}

/// One row per network and step.
fn bands(runs: &[Run<'_>]) -> Block {
    let row = |run: &Run<'_>, spectrum: &StepSpectrum| -> Vec<Value> {
        let mut cells: Vec<Value> = Vec::new();
        if runs.len() > 1 {
            cells.push(run.name.into());
        }
        cells.push(count(spectrum.step).into());
        let errors = spectrum.errors.thirds.iter();
        cells.extend(errors.map(|error| match error.share > FLOOR {
            true => Value::from(error.relative),
            false => Value::from("–"),
        }));
        cells
    };
    let rows = runs.iter().flat_map(|run| {
        let spectra = run.results.spectra.iter();
        spectra.map(move |spectrum| row(run, spectrum))
    });
    Block::Table(SectionTable {
        rows: rows.collect(),
        ..SectionTable::default()
    })
}

#[cfg(test)]
mod tests;
