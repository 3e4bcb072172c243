//! The figures of the page.

use serde::Serialize;

use spectral_lab::report::{Line, Report, Spread, Value};

use super::complaints::{Complaints, complaints, largest};
use super::cost::{CHANNELS, Timed};
use super::gradients::Operation;
use super::zero::NORMS;
use super::{Figures, LOCAL, MAGNITUDES};
use crate::kit::comparison::{PerSeed, Standing, percent};
use crate::kit::{Chart, Page, Table, line, row};
use crate::{StudyError, StudyRun};

/// Networks whose accuracy on moved images is drawn.
const MOVED: [&str; 6] = [
    "fft-cnn-small",
    "fft-local",
    "fft-gate-repaired",
    "fft-only-repaired",
    "fft-magnitude-repaired",
    "fft-magnitude",
];

#[derive(Serialize)]
struct PageFigures<'a> {
    train: usize,
    test: usize,
    epochs: usize,
    batch_size: usize,
    learning_rate: f64,
    /// Runs that times are the medians of.
    rounds: usize,
    /// Channels of transform and convolution where they are timed alone.
    channels: usize,
    /// Images that are taken apart.
    images: usize,
    shifts: &'a [usize],
    magnitudes: [f64; 6],
    /// The least and the largest of the sizes of gradients.
    sizes: [Option<usize>; 2],
    local: [&'static str; 3],
    /// Names of rows of pictures.
    exchanges: Vec<String>,
    complaints: Complaints,
    standing: Standing,
}

pub(super) fn page(run: &StudyRun<'_>, of: Figures) -> Result<Report, StudyError> {
    let missing = || StudyError::Failed("why-fft: a claim was not measured".into());
    let complaints = complaints(&of).ok_or_else(missing)?;
    let mut page = Page::new();
    phase(&mut page, &of);
    cost(&mut page, &of);
    gradients(&mut page, &of);
    locality(&mut page, &of);
    let exchanges = of.pictures.into_iter().zip(1..).map(|(pictures, number)| {
        let name = format!("exchange {number}");
        page.strip(&name, pictures);
        name
    });
    let exchanges = exchanges.collect();
    let images = of.exchanged.first().and_then(|model| model.seeds.first());
    let sizes = of.extent.sizes;
    let figures = PageFigures {
        train: of.extent.train,
        test: of.extent.test,
        epochs: of.extent.epochs,
        batch_size: of.batch_size,
        learning_rate: of.learning_rate,
        rounds: of.extent.rounds,
        channels: CHANNELS,
        images: images.map_or(0, |found| found.images),
        shifts: of.extent.shifts,
        magnitudes: MAGNITUDES,
        sizes: [sizes.first().copied(), sizes.last().copied()],
        local: LOCAL,
        exchanges,
        complaints,
        standing: page.comparison("standing", of.compared),
    };
    page.render(run, include_str!("page.md.jinja"), &figures)
}

fn square(side: usize) -> String {
    format!("{side}×{side}")
}

/// A share in per cent, with its deviation where there are several seeds.
fn share<T>(of: &PerSeed<T>, figure: fn(&T) -> f64) -> String {
    let mean = percent(of.mean(figure));
    match Spread::of(of.seeds.iter().map(figure)) {
        Some(spread) => format!("{mean} ± {}", percent(spread.std)),
        None => mean,
    }
}

fn phase(page: &mut Page, of: &Figures) {
    let kept = &of.kept;
    page.table(
        "kept",
        [
            row!["rfft2 and back", kept.round_trip],
            row!["magnitude and phase, and back", kept.polar_round_trip],
            row!["real and imaginary part after a shift", kept.spectrum_moved],
            row!["magnitude after a shift", kept.magnitude_moved],
        ],
    );
    page.table(
        "exchanged",
        of.exchanged.iter().map(|model| {
            row![
                model.model.as_str(),
                share(model, |found| found.whole),
                share(model, |found| found.as_phase),
                share(model, |found| found.as_magnitude),
                share(model, |found| found.phase_alone),
                share(model, |found| found.magnitude_alone),
            ]
        }),
    );
    let shifts = of.extent.shifts;
    page.table(
        "shifted",
        of.shifted.iter().map(|model| {
            let mut row = row![model.model.as_str()];
            let shares = (0..shifts.len()).map(|at| percent(model.mean(|shares| shares[at])));
            row.extend(shares.map(Value::from));
            row
        }),
    );
    let lines = MOVED.iter().enumerate().filter_map(|(group, name)| {
        let model = of.shifted.iter().find(|model| model.model == *name)?;
        let points = shifts.iter().enumerate();
        let points =
            points.map(|(at, shift)| (*shift as f64, 100.0 * model.mean(|shares| shares[at])));
        Some(line(*name, group, points))
    });
    page.chart("shifted", Chart::lines(lines));
}

fn cost(page: &mut Page, of: &Figures) {
    page.table("alone", of.timed.iter().map(alone_row));
    page.table(
        "operations",
        of.timed.iter().map(|timed| {
            row![
                square(timed.size),
                timed.transform_flops * 1e-6,
                timed.convolution_flops * 1e-6,
                timed.transform_flops / timed.convolution_flops,
            ]
        }),
    );
    page.table("steps", of.timed.iter().map(step_row));
    let drawn = |group: usize, name: &str, figure: fn(&Timed) -> f64| {
        let points = of
            .timed
            .iter()
            .map(|timed| (timed.size as f64, figure(timed)));
        line(name, group, points)
    };
    let forward: fn(&Timed) -> f64 =
        |timed| timed.seconds.transform[0] / timed.seconds.convolution[0];
    page.chart(
        "cost",
        Chart::lines([
            drawn(0, "forward", forward),
            drawn(1, "forward and backward", Timed::of_convolution),
        ]),
    );
}

fn alone_row(timed: &Timed) -> Vec<Value> {
    let [forward, both] = timed.seconds.transform;
    let [conv_forward, conv_both] = timed.seconds.convolution;
    row![
        square(timed.size),
        timed.batch.to_string(),
        1e3 * forward,
        1e3 * both,
        1e3 * conv_forward,
        1e3 * conv_both,
        forward / conv_forward,
        timed.of_convolution(),
    ]
}

fn step_row(timed: &Timed) -> Vec<Value> {
    row![
        square(timed.size),
        timed.batch.to_string(),
        1e3 * timed.seconds.first,
        1e3 * timed.seconds.spectrum_net,
        100.0 * timed.of_step(),
        1e3 * timed.seconds.image_net,
        timed.of_image_net(),
    ]
}

fn gradients(page: &mut Page, of: &Figures) {
    page.table(
        "errors",
        Operation::ALL.map(|operation| error_row(of, operation)),
    );
    let errors = Operation::ALL.into_iter().enumerate();
    let errors = errors.map(|(group, operation)| {
        let rows = of.exactness.iter().filter(|row| row.operation == operation);
        let points = rows.map(|row| (row.size as f64, row.error));
        Line {
            dashed: operation == Operation::Convolution,
            ..line(operation.name(), group, points)
        }
    });
    page.chart("errors", Chart::lines(errors).logarithmic());
    page.table(
        "zero",
        of.steepness.iter().map(|steep| {
            let mut row = row![steep.function.name()];
            row.extend(
                steep
                    .gradients
                    .iter()
                    .map(|gradient| Value::from(*gradient)),
            );
            row
        }),
    );
    page.table("gains", gains(of));
    let lines = NORMS.iter().enumerate().map(|(group, (name, _))| {
        let gains = of.gains.iter().filter(|gain| gain.norm == *name);
        let points = gains.map(|gain| (gain.size as f64, gain.transform));
        line(format!("norm {name}"), group, points)
    });
    page.chart("gains", Chart::lines(lines).logarithmic());
}

fn error_row(of: &Figures, operation: Operation) -> Vec<Value> {
    let rows = || of.exactness.iter().filter(|row| row.operation == operation);
    let at = |size: Option<&usize>| rows().find(|row| Some(&row.size) == size);
    let differences = rows().map(|row| row.by_differences).max_by(f64::total_cmp);
    row![
        operation.name(),
        at(of.extent.sizes.first()).map(|row| row.error),
        at(of.extent.sizes.last()).map(|row| row.error),
        largest(of, operation),
        differences,
    ]
}

fn gains(of: &Figures) -> Table {
    let rows = of.extent.sizes.iter().map(|size| {
        let mut row = row![square(*size)];
        for (name, _) in NORMS {
            let mut gains = of.gains.iter();
            let gain = gains.find(|gain| gain.size == *size && gain.norm == name);
            row.push(gain.map(|gain| gain.transform).into());
            row.push(gain.map(|gain| gain.inverse).into());
        }
        row
    });
    rows.collect()
}

fn locality(page: &mut Page, of: &Figures) {
    page.table(
        "reach",
        of.reaches.iter().map(|reach| {
            row![
                reach.map.as_str(),
                reach.outputs.to_string(),
                reach.by_pixel,
                100.0 * reach.by_pixel / reach.outputs.max(1) as f64,
                reach.of_output,
                100.0 * reach.of_output / reach.pixels.max(1) as f64,
            ]
        }),
    );
    page.table(
        "kernels",
        of.kernels.iter().map(|model| {
            let trained = of.compared.find(&model.model);
            row![
                model.model.as_str(),
                model.mean(|kernels| kernels.radius),
                100.0 * model.mean(|kernels| kernels.within_three),
                100.0 * model.mean(|kernels| kernels.within_nine),
                trained.map(|trained| 100.0 * trained.mean(|run| run.accuracy)),
            ]
        }),
    );
    for model in &of.kernels {
        let first = model.seeds.first();
        let pictures = first.map_or_else(Vec::new, |kernels| kernels.pictures.clone());
        page.strip(&model.model, pictures);
    }
}
