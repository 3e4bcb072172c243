//! The figures of the page.

use serde::Serialize;

use spectral_lab::model::operator::Architecture;
use spectral_lab::report::{Bar, ColorScale, Picture, Report, Value};

use super::data::{COARSE, FINE, Source};
use super::grids::{Grids, Trained as OnGrids};
use super::measure::{Errors, Example, Simple, Trained};
use super::{Extent, PARAMETERS};
use crate::kit::{Chart, Page, line, row};
use crate::{StudyError, StudyRun};

/// Mean errors on 16×16 and 32×32 of two runs of neuraloperator's example with its own library, three seeds each.
const NEURALOPERATOR: [(&str, [f64; 2]); 2] = [
    ("neuraloperator, commit 93d3f06", [0.1252, 0.1467]),
    ("neuraloperator 2.0.0", [0.1264, 0.1492]),
];

/// All measurements.
pub(super) struct Measured {
    pub(super) extent: Extent,
    pub(super) source: Source,
    pub(super) simple: Simple,
    pub(super) example: Example,
    pub(super) published: Vec<Trained>,
    pub(super) networks: Vec<Network>,
    pub(super) grids: Vec<OnGrids>,
}

/// A network trained from several seeds.
pub(super) struct Network {
    pub(super) name: &'static str,
    pub(super) rate: f64,
    pub(super) architecture: Architecture,
    pub(super) seeds: Vec<Trained>,
}

#[derive(Serialize)]
struct Figures {
    is_published: bool,
    extent: Extent,
    parameters: usize,
    solver: Solver,
    linear: f64,
    mean: f64,
    /// The networks with the least error, of all, with spectral layers, and without.
    best: Best,
    spectral: Best,
    spatial: Best,
    example: Published,
    /// Errors of the best network on the fine grid.
    fine: Fine,
    grids: Vec<GridFigures>,
    theirs: Vec<Theirs>,
}

#[derive(Serialize)]
struct Solver {
    coarse: f64,
    fine: f64,
    sine: f64,
    ratio: f64,
    milliseconds: f64,
}

#[derive(Clone, Serialize)]
struct Best {
    name: &'static str,
    error: f64,
    seconds: f64,
}

/// Errors with the published settings.
#[derive(Serialize)]
struct Published {
    coarse: f64,
    fine: f64,
    sine: f64,
    seconds: f64,
}

#[derive(Serialize)]
struct Fine {
    direct: f64,
    linear: f64,
    fourier: f64,
    sine: f64,
}

#[derive(Serialize)]
struct GridFigures {
    grids: Grids,
    coarse: f64,
    fine: f64,
    interpolated: f64,
}

#[derive(Serialize)]
struct Theirs {
    name: &'static str,
    coarse: f64,
    fine: f64,
}

/// The mean over the seeds.
fn mean<T>(all: &[T], of: impl Fn(&T) -> f64) -> f64 {
    all.iter().map(of).sum::<f64>() / all.len().max(1) as f64
}

/// The standard deviation over the seeds; none of one.
fn deviation<T>(all: &[T], of: impl Fn(&T) -> f64) -> Option<f64> {
    let middle = mean(all, &of);
    let squares: f64 = all.iter().map(|one| (of(one) - middle).powi(2)).sum();
    (all.len() > 1).then(|| (squares / (all.len() - 1) as f64).sqrt())
}

const COARSE_ERROR: fn(&Trained) -> f64 = |trained| trained.errors.coarse;
const FINE_ERROR: fn(&Trained) -> f64 = |trained| trained.errors.fine.unwrap_or(f64::NAN);
const SECONDS: fn(&Trained) -> f64 = |trained| trained.course.seconds;

impl Network {
    fn error(&self) -> f64 {
        mean(&self.seeds, COARSE_ERROR)
    }

    fn is_spectral(&self) -> bool {
        self.architecture.modes > 0
    }

    fn parameters(&self) -> usize {
        self.seeds
            .first()
            .map_or(0, |trained| trained.course.parameters)
    }
}

fn best<'a>(networks: impl Iterator<Item = &'a Network>) -> Option<&'a Network> {
    networks.min_by(|a, b| a.error().total_cmp(&b.error()))
}

/// An error as tables show it.
fn decimals(error: f64) -> Value {
    Some(error)
        .filter(|error| error.is_finite())
        .map_or("–".into(), |error| format!("{error:.4}").into())
}

fn each(seeds: &[Trained], of: fn(&Trained) -> f64) -> Value {
    let all: Vec<String> = seeds
        .iter()
        .map(|seed| format!("{:.4}", of(seed)))
        .collect();
    all.join(" ").into()
}

pub(super) fn page(run: &StudyRun<'_>, measured: Measured) -> Result<Report, StudyError> {
    let Measured {
        networks,
        published,
        simple,
        ..
    } = &measured;
    let none = || StudyError::Failed("no network was measured".into());
    let overall = best(networks.iter()).ok_or_else(none)?;
    let figure = |network: &Network| Best {
        name: network.name,
        error: network.error(),
        seconds: mean(&network.seeds, SECONDS),
    };
    let of_kind = |is_spectral| {
        let kind = networks
            .iter()
            .filter(|network| network.is_spectral() == is_spectral);
        best(kind).map(figure).ok_or_else(none)
    };
    let seeds = &overall.seeds;
    let figures = Figures {
        is_published: measured.source == Source::Published,
        extent: measured.extent,
        parameters: PARAMETERS,
        solver: Solver {
            coarse: simple.solver.coarse,
            fine: simple.solver.fine.unwrap_or(f64::NAN),
            sine: simple.solver.sine,
            ratio: simple.permeability.ratio,
            milliseconds: 1e3 * simple.seconds,
        },
        linear: simple.linear.coarse,
        mean: simple.mean.coarse,
        best: figure(overall),
        spectral: of_kind(true)?,
        spatial: of_kind(false)?,
        example: Published {
            coarse: mean(published, COARSE_ERROR),
            fine: mean(published, FINE_ERROR),
            sine: mean(published, |trained| trained.errors.sine),
            seconds: mean(published, SECONDS),
        },
        fine: Fine {
            direct: mean(seeds, FINE_ERROR),
            linear: mean(seeds, |trained| trained.errors.linear),
            fourier: mean(seeds, |trained| trained.errors.fourier),
            sine: mean(seeds, |trained| trained.errors.sine),
        },
        grids: grids(&measured.grids),
        theirs: NEURALOPERATOR
            .map(|(name, [coarse, fine])| Theirs { name, coarse, fine })
            .into(),
    };
    let mut page = Page::new();
    page.chart("errors", bars(&measured));
    page.table("published", published_rows(&measured));
    page.table("networks", network_rows(&measured));
    page.chart("course", course(networks));
    page.table("fine", fine_rows(&measured));
    page.table("grids", grid_rows(&measured.grids));
    pictures(&mut page, &measured, overall)?;
    page.render(run, include_str!("page.md.jinja"), &figures)
}

fn bars(measured: &Measured) -> Chart {
    let bar = |name: &str, value: f64, group| Bar {
        name: name.into(),
        value,
        group,
    };
    let simple = &measured.simple;
    let networks = measured.networks.iter();
    let networks =
        networks.map(|of| bar(of.name, of.error(), if of.is_spectral() { 1 } else { 2 }));
    let others = [
        bar("five-point solver", simple.solver.coarse, 0),
        bar("linear regression", simple.linear.coarse, 0),
    ];
    let published = bar(
        "fno-mlp, published settings",
        mean(&measured.published, COARSE_ERROR),
        1,
    );
    Chart::bars(others.into_iter().chain(networks).chain([published]))
}

fn published_rows(measured: &Measured) -> Vec<Vec<Value>> {
    let seeds = &measured.published;
    let ours = row![
        "this library",
        each(seeds, COARSE_ERROR),
        decimals(mean(seeds, COARSE_ERROR)),
        each(seeds, FINE_ERROR),
        decimals(mean(seeds, FINE_ERROR)),
        mean(seeds, SECONDS),
    ];
    let theirs = NEURALOPERATOR
        .iter()
        .filter(|_| measured.source == Source::Published);
    let theirs = theirs.map(|(name, [coarse, fine])| {
        row![*name, "–", decimals(*coarse), "–", decimals(*fine), "–"]
    });
    [ours].into_iter().chain(theirs).collect()
}

fn network_rows(measured: &Measured) -> Vec<Vec<Value>> {
    let simple = &measured.simple;
    let weights = COARSE.pow(2) * (COARSE.pow(2) + 1);
    let count = |number: usize| spectral_lab::report::count(number);
    let without = |name: &str, parameters: usize, errors: &Errors| {
        row![
            name,
            "–",
            "–",
            "–",
            count(parameters),
            "–",
            decimals(errors.coarse),
            "–",
            "–"
        ]
    };
    let rows = [
        without("five-point solver", 2, &simple.solver),
        without("linear regression", weights, &simple.linear),
        without("mean solution", COARSE.pow(2), &simple.mean),
    ];
    let networks = measured.networks.iter().map(|of| {
        let architecture = of.architecture;
        row![
            of.name,
            count(architecture.layers),
            count(architecture.width),
            format!("{}", of.rate),
            count(of.parameters()),
            each(&of.seeds, COARSE_ERROR),
            decimals(of.error()),
            deviation(&of.seeds, COARSE_ERROR).map_or("–".into(), decimals),
            mean(&of.seeds, SECONDS),
        ]
    });
    rows.into_iter().chain(networks).collect()
}

/// Test errors by epoch, the mean over the seeds.
fn course(networks: &[Network]) -> Chart {
    let drawn = networks.iter().enumerate().map(|(index, of)| {
        let epochs = of.seeds.first().map_or(0, |seed| seed.course.errors.len());
        let points = (0..epochs).map(|epoch| {
            let error = mean(&of.seeds, |seed| seed.course.errors[epoch]);
            ((epoch + 1) as f64, error)
        });
        let mut drawn = line(of.name, index, points);
        drawn.dashed = !of.is_spectral();
        drawn
    });
    Chart::lines(drawn).logarithmic()
}

fn fine_rows(measured: &Measured) -> Vec<Vec<Value>> {
    let of = |name: String, errors: Vec<&Errors>| {
        let fine: Option<Vec<f64>> = errors.iter().map(|errors| errors.fine).collect();
        row![
            name,
            fine.map_or("–".into(), |fine| decimals(mean(&fine, |error| *error))),
            decimals(mean(&errors, |errors| errors.linear)),
            decimals(mean(&errors, |errors| errors.fourier)),
            decimals(mean(&errors, |errors| errors.sine)),
        ]
    };
    let seeds = |seeds: &'_ [Trained]| -> Vec<Errors> {
        seeds.iter().map(|seed| seed.errors.clone()).collect()
    };
    let published = seeds(&measured.published);
    let simple = &measured.simple;
    let mut rows = vec![
        of("five-point solver".into(), vec![&simple.solver]),
        of("linear regression".into(), vec![&simple.linear]),
    ];
    for network in &measured.networks {
        rows.push(of(
            network.name.into(),
            seeds(&network.seeds).iter().collect(),
        ));
    }
    rows.push(of(
        "fno-mlp, published settings".into(),
        published.iter().collect(),
    ));
    rows
}

/// The means over the seeds, for each choice of grids.
fn grids(all: &[OnGrids]) -> Vec<GridFigures> {
    let of = |grids: Grids| {
        let all: Vec<&OnGrids> = all.iter().filter(|one| one.grids == grids).collect();
        GridFigures {
            grids,
            coarse: mean(&all, |one| one.coarse),
            fine: mean(&all, |one| one.fine),
            interpolated: mean(&all, |one| one.interpolated),
        }
    };
    Grids::ALL.map(of).into()
}

fn grid_rows(all: &[OnGrids]) -> Vec<Vec<Value>> {
    let seconds = |grids| {
        let of: Vec<&OnGrids> = all.iter().filter(|one| one.grids == grids).collect();
        mean(&of, |one| one.seconds)
    };
    let name = |grids| match grids {
        Grids::Coarse => "16×16",
        Grids::Fine => "32×32",
        Grids::Both => "both in turns",
    };
    let rows = grids(all).into_iter().map(|of| {
        row![
            name(of.grids),
            decimals(of.coarse),
            decimals(of.fine),
            decimals(of.interpolated),
            seconds(of.grids),
        ]
    });
    rows.collect()
}

/// The first test sample on both grids: input, solution, predictions, and their errors.
fn pictures(page: &mut Page, measured: &Measured, best: &Network) -> Result<(), StudyError> {
    let Some(trained) = best.seeds.first() else {
        return Ok(());
    };
    let example = &measured.example;
    let published = measured.published.first();
    for (grid, size) in [COARSE, FINE].into_iter().enumerate() {
        let (input, truth) = (&example.inputs[grid][..], &example.targets[grid][..]);
        let mut predictions = vec![(best.name.to_string(), &trained.example[grid])];
        if let Some(published) = published {
            predictions.push(("published settings".into(), &published.example[grid]));
        }
        if grid == 0 {
            predictions.insert(0, ("five-point solver".into(), &measured.simple.example));
        }
        let scale = ColorScale::of([truth]);
        let errors: Vec<Vec<f32>> = predictions
            .iter()
            .map(|(_, values)| values.iter().zip(truth).map(|(p, u)| p - u).collect())
            .collect();
        let differences = ColorScale::symmetric(errors.iter().map(|error| &error[..]));
        let picture =
            |scale: &ColorScale, values: &[f32], label: String| -> Result<Picture, StudyError> {
                Ok(scale.picture(values, size, size, label)?)
            };
        let mut shown = vec![
            picture(&ColorScale::of([input]), input, "permeability".into())?,
            picture(&scale, truth, format!("solution, {}", scale.describe()))?,
        ];
        for (name, values) in &predictions {
            shown.push(picture(&scale, values, name.clone())?);
        }
        page.strip(format!("fields-{size}"), shown);
        let mut shown = Vec::new();
        for ((name, _), error) in predictions.iter().zip(&errors) {
            shown.push(picture(
                &differences,
                error,
                format!("{name}, {}", differences.describe()),
            )?);
        }
        page.strip(format!("errors-{size}"), shown);
    }
    Ok(())
}
