//! The figures of the page.

use serde::Serialize;

use spectral_lab::report::{Line, Report, Value};

use super::composed::Counting;
use super::handover::{After, Kind, lost};
use super::sizes::{BySize, Presented, Route, Way, minus, side};
use super::{Apart, Figures, OWN};
use crate::kit::comparison::{Mean, PerSeed, Standing, percent, points};
use crate::kit::{Chart, Page, Table, line, row};
use crate::{StudyError, StudyRun};

/// Errors below this are those of single precision, sums over all pixels included.
const EXACT: f64 = 1e-4;

/// Networks whose accuracy is drawn.
const DRAWN: [&str; 5] = [
    "cnn",
    "gaussian2",
    "free-modes",
    "gaussian-modes",
    "free-modes, spectral pool",
];

/// Networks whose first filters are drawn.
const FILTERS: [&str; 5] = [
    "cnn",
    "polynomial2",
    "gaussian2",
    "free-modes",
    "gaussian-modes",
];

/// Bilinear images as they are.
const DIRECT: Presented = Presented {
    way: Way::Bilinear,
    route: Route::Direct,
};

/// Bilinear images, resampled back bilinearly.
const BACK: Presented = Presented {
    way: Way::Bilinear,
    route: Route::ToTrainingSize,
};

#[derive(Serialize)]
struct PageFigures<'a> {
    train: usize,
    test: usize,
    epochs: usize,
    batch_size: usize,
    /// Test images that are shown to layers.
    shown: usize,
    sizes: &'a [[usize; 2]],
    own: [usize; 2],
    largest: [usize; 2],
    baseline: Option<Baseline>,
    /// Accuracies at the largest size.
    there: Vec<Ends>,
    /// Networks that run at their training size alone, and why.
    bound: &'a [(String, String)],
    commuting: Vec<String>,
    others: Vec<Largest>,
    lost: Vec<Lost>,
    pooling: Vec<Pooling>,
    handovers: Vec<Handovers>,
    standing: Standing,
}

/// The best network run at the largest size, against `cnn` on images resampled to the training size.
#[derive(Serialize)]
struct Baseline {
    band_limited: f64,
    bilinear: f64,
    best: String,
    best_there: f64,
    gain: Mean,
    /// Unknown with one seed.
    is_significant: Option<bool>,
}

#[derive(Serialize)]
struct Ends {
    model: String,
    own: f64,
    there: f64,
}

/// The largest difference between filtering first and resampling first, to finer grids.
#[derive(Serialize)]
struct Largest {
    model: String,
    error: f64,
}

/// What a network loses at the largest size, in all and at the kind of layer that costs most.
#[derive(Serialize)]
struct Lost {
    model: String,
    all: f64,
    kind: &'static str,
    there: f64,
}

/// What is lost with each pooling.
#[derive(Serialize)]
struct Pooling {
    model: &'static str,
    max: Mean,
    spectral: Mean,
}

/// The tables and the chart of a size: `handover/SIZE` and `handover/SIZE/kinds`.
#[derive(Serialize)]
struct Handovers {
    size: [usize; 2],
    name: String,
    models: Vec<String>,
}

pub(super) fn page(run: &StudyRun<'_>, of: Figures) -> Result<Report, StudyError> {
    let mut page = Page::new();
    let sizes = of.extent.sizes;
    for presented in Presented::ALL.into_iter().chain([Presented::CUT_OFF]) {
        page.table(
            presented.step(),
            of.presented(presented).map(|by_size| {
                let cells = sizes.iter().map(|size| cell(by_size.at(*size)));
                headed(&by_size.of.model, cells)
            }),
        );
    }
    page.chart("sizes", drawn(&of));
    page.table(
        "commuting",
        of.apart.iter().map(|model| {
            let cells = sizes.iter().map(|size| mean_error(model, *size).into());
            headed(&model.model, cells)
        }),
    );
    page.chart("commuting", commuting_chart(&of));
    let handovers = of.extent.handovers.iter();
    let handovers = handovers
        .map(|size| handovers_at(&mut page, &of, *size))
        .collect();
    page.table("pooling", pooling_table(&of));
    page.chart("pooling", pooling_chart(&of));
    let (commuting, others) = commuting(&of);
    let figures = PageFigures {
        train: of.extent.train,
        test: of.extent.test,
        epochs: of.extent.epochs,
        batch_size: of.batch_size,
        shown: of.extent.shown,
        sizes,
        own: OWN,
        largest: of.largest(),
        baseline: baseline(&of),
        there: there(&of),
        bound: &of.bound,
        commuting,
        others,
        lost: losses(&of),
        pooling: pooling(&of),
        handovers,
        standing: page.comparison("standing", of.compared),
    };
    page.render(run, include_str!("page.md.jinja"), &figures)
}

impl Figures {
    /// The largest of the sizes.
    fn largest(&self) -> [usize; 2] {
        let sizes = self.extent.sizes.iter().copied();
        let area = |[height, width]: &[usize; 2]| height * width;
        sizes.max_by_key(area).unwrap_or(OWN)
    }

    /// The accuracies of all networks on the same images.
    fn presented(&self, presented: Presented) -> impl Iterator<Item = &BySize> {
        let all = self.by_size.iter();
        all.filter(move |by_size| by_size.presented == presented)
    }

    /// The accuracies of one of them.
    fn find(&self, model: &str, presented: Presented) -> Option<&BySize> {
        self.presented(presented)
            .find(|by_size| by_size.of.model == model)
    }

    /// The accuracies of a network on images of other sizes as they are.
    fn direct(&self, model: &str, way: Way) -> Option<&BySize> {
        let route = Route::Direct;
        self.find(model, Presented { way, route })
    }
}

/// A row that begins with a name.
fn headed(name: &str, cells: impl Iterator<Item = Value>) -> Vec<Value> {
    std::iter::once(name.into()).chain(cells).collect()
}

fn cell(share: Option<f64>) -> Value {
    share.map_or(Value::from(None), |share| percent(share).into())
}

fn baseline(of: &Figures) -> Option<Baseline> {
    let largest = of.largest();
    let cnn = of.find("cnn", Presented::CUT_OFF)?;
    let best = of
        .presented(DIRECT)
        .filter_map(|by_size| Some((by_size, by_size.at(largest)?)))
        .max_by(|one, two| one.1.total_cmp(&two.1))?
        .0;
    let gain = Mean::of(&minus(&best.each_at(largest), &cnn.each_at(largest)));
    Some(Baseline {
        band_limited: cnn.at(largest)?,
        bilinear: of.find("cnn", BACK)?.at(largest)?,
        best: best.of.model.clone(),
        best_there: best.at(largest)?,
        gain,
        is_significant: gain.is_significant(),
    })
}

fn there(of: &Figures) -> Vec<Ends> {
    let largest = of.largest();
    let ends = of.presented(DIRECT).filter_map(|by_size| {
        Some(Ends {
            model: by_size.of.model.clone(),
            own: by_size.at(OWN)?,
            there: by_size.at(largest)?,
        })
    });
    ends.collect()
}

/// The first filters that commute with resampling to finer grids, and those that do not. On fewer
/// samples than in training, frequencies go.
fn commuting(of: &Figures) -> (Vec<String>, Vec<Largest>) {
    let (mut commuting, mut others) = (Vec::new(), Vec::new());
    for model in &of.apart {
        let all = model.seeds.iter().flatten();
        let finer =
            all.filter(|apart| apart.size != OWN && apart.size[0].min(apart.size[1]) >= OWN[0]);
        let errors = finer.filter_map(|apart| apart.error);
        match errors.max_by(f64::total_cmp) {
            Some(error) if error < EXACT => commuting.push(model.model.clone()),
            Some(error) => others.push(Largest {
                model: model.model.clone(),
                error,
            }),
            None => {}
        }
    }
    (commuting, others)
}

fn losses(of: &Figures) -> Vec<Lost> {
    let largest = of.largest();
    let there = of.handovers.iter().filter(|(size, _)| *size == largest);
    let losses = there.filter_map(|(_, model)| {
        let kinds = Kind::LAYERS.map(|kind| (kind.name(), model.mean(|after| lost(after, kind))));
        let (kind, there) = kinds.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
        Some(Lost {
            model: model.model.clone(),
            all: kinds.iter().map(|(_, lost)| lost).sum(),
            kind,
            there,
        })
    });
    losses.collect()
}

fn pooling(of: &Figures) -> Vec<Pooling> {
    let lost = |name| {
        let by_size = of.direct(name, Way::BandLimited)?;
        Some(Mean::of(&by_size.lost(of.largest())))
    };
    let pooling = Counting::ALL.into_iter().filter_map(|counting| {
        Some(Pooling {
            model: counting.with_max_pool(),
            max: lost(counting.with_max_pool())?,
            spectral: lost(counting.name())?,
        })
    });
    pooling.collect()
}

fn drawn(of: &Figures) -> Chart {
    let resampled = of.find("cnn", Presented::CUT_OFF).map(|by_size| Line {
        dashed: true,
        ..by_size.line("cnn, resampled to 28×28".into(), 0)
    });
    let direct = DRAWN.iter().enumerate().filter_map(|(group, name)| {
        let by_size = of.find(name, DIRECT)?;
        Some(by_size.line((*name).into(), group))
    });
    Chart::lines(resampled.into_iter().chain(direct))
}

/// The mean over the seeds; none where the filter does not take the size.
fn mean_error(model: &PerSeed<Vec<Apart>>, size: [usize; 2]) -> Option<f64> {
    let all = model.seeds.iter().flatten();
    let there = all.filter(|apart| apart.size == size);
    let errors: Vec<f64> = there.map(|apart| apart.error).collect::<Option<_>>()?;
    (!errors.is_empty()).then(|| Mean::of(&errors).mean)
}

fn commuting_chart(of: &Figures) -> Chart {
    let lines = FILTERS.iter().enumerate().filter_map(|(group, name)| {
        let model = of.apart.iter().find(|model| model.model == *name)?;
        let others = of.extent.sizes.iter().filter(|size| **size != OWN);
        let points = others.filter_map(|size| Some((side(*size), mean_error(model, *size)?)));
        Some(line(*name, group, points))
    });
    Chart::lines(lines).logarithmic()
}

/// The exhibits of a size.
fn handovers_at(page: &mut Page, of: &Figures, size: [usize; 2]) -> Handovers {
    let there = of.handovers.iter().filter(|(at, _)| *at == size);
    let models: Vec<&PerSeed<Vec<After>>> = there.map(|(_, model)| model).collect();
    let name = format!("handover/{}", size[0]);
    let layers = models.first().and_then(|model| model.seeds.first());
    let layers = layers.into_iter().flatten().enumerate();
    page.table(
        &name,
        layers.map(|(at, after)| {
            let cells = models.iter().map(|model| {
                let error = Value::from(model.mean(|all| all[at].error)).shown();
                format!("{} ({error})", percent(model.mean(|all| all[at].accuracy))).into()
            });
            headed(&after.layer, cells)
        }),
    );
    page.table(
        format!("{name}/kinds"),
        Kind::LAYERS.map(|kind| {
            let cells = models
                .iter()
                .map(|model| points(-model.mean(|all| lost(all, kind))).into());
            headed(kind.name(), cells)
        }),
    );
    let lines = models.iter().enumerate().map(|(group, model)| {
        let layers = model.seeds.first().map_or(0, Vec::len);
        let accuracy = |at: usize| 100.0 * model.mean(|all| all[at].accuracy);
        line(
            &model.model,
            group,
            (0..layers).map(|at| (at as f64, accuracy(at))),
        )
    });
    page.chart(&name, Chart::lines(lines));
    Handovers {
        size,
        name,
        models: models.iter().map(|model| model.model.clone()).collect(),
    }
}

/// Each network with max-pooling and with spectral pooling: its filters, its pooling, its name.
fn poolings() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    Counting::ALL.into_iter().flat_map(|counting| {
        let filters = match counting {
            Counting::Samples => "3×3 taps",
            Counting::Modes => "modes",
        };
        [
            (filters, "max", counting.with_max_pool()),
            (filters, "spectral", counting.name()),
        ]
    })
}

fn pooling_table(of: &Figures) -> Table {
    let mut rows = Vec::new();
    for way in Way::ALL {
        for (filters, pool, name) in poolings() {
            let mut row = row![filters, pool, way.name()];
            row.extend(of.extent.sizes.iter().map(|size| {
                let by_size = of.direct(name, way);
                match by_size.filter(|by_size| by_size.at(*size).is_some()) {
                    Some(by_size) if *size == OWN => cell(by_size.at(OWN)),
                    Some(by_size) => points(-Mean::of(&by_size.lost(*size)).mean).into(),
                    None => Value::from(None),
                }
            }));
            rows.push(row);
        }
    }
    rows
}

fn pooling_chart(of: &Figures) -> Chart {
    let lines = poolings()
        .enumerate()
        .filter_map(|(group, (filters, pool, name))| {
            let by_size = of.direct(name, Way::BandLimited)?;
            Some(Line {
                dashed: pool == "max",
                ..by_size.line(format!("{filters}, {pool} pool"), group)
            })
        });
    Chart::lines(lines)
}
