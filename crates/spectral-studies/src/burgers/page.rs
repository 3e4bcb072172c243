//! The figures of the page.

use serde::Serialize;

use spectral_lab::model::operator::Architecture;
use spectral_lab::report::{Bar, Report, Value};

use super::measure::{At, Closed, Simple, Trained};
use super::{Extent, MODES, WIDTH};
use crate::kit::{Chart, Page, line, row};
use crate::{StudyError, StudyRun};

/// Published errors on 1,024 points: the paper's, and those of its program without batch normalization.
const PAPER: f64 = 0.0160;
const LATER: f64 = 0.0025;

/// A network trained from several seeds.
pub(super) struct Network {
    pub(super) name: &'static str,
    pub(super) rate: f64,
    pub(super) architecture: Architecture,
    pub(super) seeds: Vec<Trained>,
}

#[derive(Serialize)]
struct Figures<'a> {
    extent: &'a Extent,
    viscosity: f64,
    width: usize,
    modes: usize,
    paper: f64,
    later: f64,
    persistence: f64,
    heat: f64,
    least_squares: f64,
    /// The closed form on the fewest points where it beats all networks, or on the most points.
    closed: Closed,
    /// Milliseconds of it.
    milliseconds: f64,
    parameters: usize,
    fno: Learned,
    /// The network of least error.
    best: Learned,
    others: Vec<Learned>,
}

/// Errors on the grid of the paper, the means over the seeds.
#[derive(Clone, Serialize)]
struct Learned {
    name: &'static str,
    direct: f64,
    interpolated: f64,
    seconds: f64,
}

/// The mean over the seeds.
fn mean<T>(all: &[T], of: impl Fn(&T) -> f64) -> f64 {
    all.iter().map(of).sum::<f64>() / all.len().max(1) as f64
}

impl Network {
    /// The mean errors on one grid.
    fn at(&self, points: usize) -> At {
        let on = |trained: &Trained| {
            trained
                .errors
                .iter()
                .copied()
                .find(|at| at.points == points)
        };
        let all: Vec<At> = self.seeds.iter().filter_map(on).collect();
        At {
            points,
            direct: mean(&all, |at| at.direct),
            interpolated: mean(&all, |at| at.interpolated),
        }
    }

    fn learned(&self, points: usize) -> Learned {
        let at = self.at(points);
        Learned {
            name: self.name,
            direct: at.direct,
            interpolated: at.interpolated,
            seconds: mean(&self.seeds, |trained| trained.course.seconds),
        }
    }

    fn parameters(&self) -> usize {
        self.seeds
            .first()
            .map_or(0, |trained| trained.course.parameters)
    }
}

/// An error as tables show it.
fn decimals(error: f64) -> Value {
    match error.is_finite() {
        true if error < 1e-4 => format!("{error:.0e}").into(),
        true => format!("{error:.4}").into(),
        false => "–".into(),
    }
}

pub(super) fn page(
    run: &StudyRun<'_>,
    extent: &Extent,
    simple: &Simple,
    networks: &[Network],
) -> Result<Report, StudyError> {
    let missing = || StudyError::Failed("nothing was measured".into());
    let learned: Vec<Learned> = networks
        .iter()
        .map(|network| network.learned(extent.solver))
        .collect();
    let least = |of: &Learned| of.interpolated.min(of.direct);
    let best = learned.iter().min_by(|a, b| least(a).total_cmp(&least(b)));
    let best = best.cloned().ok_or_else(missing)?;
    let better = simple
        .closed
        .iter()
        .find(|closed| closed.error < least(&best));
    let closed = *better.or(simple.closed.last()).ok_or_else(missing)?;
    let (fno, others) = learned.split_first().ok_or_else(missing)?;
    let figures = Figures {
        extent,
        viscosity: super::exact::VISCOSITY,
        width: WIDTH,
        modes: MODES,
        paper: PAPER,
        later: LATER,
        persistence: simple.persistence,
        heat: simple.heat,
        least_squares: simple.least_squares,
        closed,
        milliseconds: 1e3 * closed.seconds,
        parameters: networks[0].parameters(),
        fno: fno.clone(),
        best,
        others: others.to_vec(),
    };
    let mut page = Page::new();
    page.chart("errors", bars(simple, &learned));
    page.table("networks", network_rows(extent, networks));
    page.table("simple", simple_rows(simple));
    page.table(
        "grids",
        networks
            .iter()
            .flat_map(|network| grid_rows(extent, network)),
    );
    page.chart("course", course(networks));
    page.chart("example", example(simple, networks));
    page.render(run, include_str!("page.md.jinja"), &figures)
}

fn bars(simple: &Simple, learned: &[Learned]) -> Chart {
    let bar = |name: String, value: f64, group| Bar { name, value, group };
    let others = [
        bar("persistence".into(), simple.persistence, 0),
        bar("heat equation".into(), simple.heat, 0),
        bar("least squares per mode".into(), simple.least_squares, 0),
    ];
    let closed = simple.closed.iter();
    let closed = closed.map(|of| bar(format!("closed form, {} points", of.points), of.error, 0));
    let networks = learned.iter().enumerate();
    let networks = networks.map(|(index, of)| {
        let group = if index == 0 { 1 } else { 2 };
        bar(of.name.into(), of.interpolated, group)
    });
    Chart::bars(others.into_iter().chain(networks).chain(closed)).logarithmic()
}

fn network_rows(extent: &Extent, networks: &[Network]) -> Vec<Vec<Value>> {
    let rows = networks.iter().map(|of| {
        let each: Vec<String> = (of.seeds.iter())
            .filter_map(|seed| seed.errors.iter().find(|at| at.points == extent.solver))
            .map(|at| format!("{:.4}", at.interpolated))
            .collect();
        let at = of.at(extent.solver);
        row![
            of.name,
            format!("{}", of.architecture.layers),
            format!("{}", of.architecture.width),
            format!("{}", of.rate),
            spectral_lab::report::count(of.parameters()),
            each.join(" "),
            decimals(at.interpolated),
            decimals(at.direct),
            of.learned(extent.solver).seconds,
        ]
    });
    rows.collect()
}

fn simple_rows(simple: &Simple) -> Vec<Vec<Value>> {
    let rows = [
        ("persistence: the initial state", simple.persistence),
        ("heat equation: without the nonlinear term", simple.heat),
        (
            "one complex factor per mode, least squares",
            simple.least_squares,
        ),
    ];
    let rows = rows
        .into_iter()
        .map(|(name, error)| row![name, decimals(error), "–"]);
    let closed = simple.closed.iter().map(|of| {
        let name = format!("closed form (Cole–Hopf) on {} points", of.points);
        row![name, decimals(of.error), 1e3 * of.seconds]
    });
    rows.chain(closed).collect()
}

fn grid_rows(extent: &Extent, network: &Network) -> Vec<Vec<Value>> {
    let rows = extent.grids.iter().map(|points| {
        let at = network.at(*points);
        row![
            network.name,
            spectral_lab::report::count(*points),
            decimals(at.direct),
            decimals(at.interpolated),
        ]
    });
    rows.collect()
}

/// Test errors by epoch, the mean over the seeds.
fn course(networks: &[Network]) -> Chart {
    let drawn = networks.iter().enumerate().map(|(index, of)| {
        let epochs = of.seeds.first().map_or(0, |seed| seed.course.errors.len());
        let points = (0..epochs).map(|epoch| {
            let error = mean(&of.seeds, |seed| seed.course.errors[epoch]);
            ((epoch + 1) as f64, error)
        });
        line(of.name, index + 1, points)
    });
    Chart::lines(drawn).logarithmic()
}

/// The first test sample: the solution, that of the heat equation, and predictions.
fn example(simple: &Simple, networks: &[Network]) -> Chart {
    let curve = |name: &str, group, values: &[f32]| {
        let n = values.len() as f64;
        let points = values.iter().enumerate().step_by(4);
        line(
            name,
            group,
            points.map(|(i, value)| (i as f64 / n, f64::from(*value))),
        )
    };
    let [_, truth, heat] = &simple.example;
    let mut truth = curve("solution", 0, truth);
    truth.dashed = true;
    let learned = networks.iter().enumerate().filter_map(|(index, network)| {
        let seed = network.seeds.first()?;
        Some(curve(network.name, index + 1, &seed.example))
    });
    let heat = curve("heat equation", networks.len() + 1, heat);
    Chart::lines([truth].into_iter().chain(learned).chain([heat]))
}
