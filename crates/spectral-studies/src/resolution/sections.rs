//! Accuracies by size, and their causes.

use spectral_lab::report::{ChartKind, Line, Point, SectionChart, SectionTable, Value};

use crate::kit::Parts as Section;

use super::super::comparison::{percent, points};
use super::composed::Counting;
use super::handover::{After, Kind, lost};
use super::page::{mean_points, named};
use super::sizes::{Presented, Route, Way};
use super::{Figures, OWN, OfModel};

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

fn columns(first: &str, sizes: &[[usize; 2]]) -> Vec<String> {
    let sizes = sizes.iter().map(|size| named(*size));
    std::iter::once(first.to_string()).chain(sizes).collect()
}

fn lines(x: &str, logarithmic: bool, lines: Vec<Line>) -> ChartKind {
    ChartKind::Lines {
        x: x.into(),
        logarithmic,
        lines,
    }
}

/// The side of a square with as many pixels.
fn side([height, width]: [usize; 2]) -> f64 {
    ((height * width) as f64).sqrt()
}

pub(super) fn by_size(of: &Figures) -> Section {
    let sizes = &of.extent.sizes;
    let tables = Presented::ALL.into_iter().chain([Presented::CUT_OFF]).map(|presented| {
        let row = |by_size: &super::BySize| -> Vec<Value> {
            let cells = sizes.iter().map(|size| match by_size.at(*size) {
                Some(accuracy) => percent(accuracy).into(),
                None => Value::from(None),
            });
            std::iter::once(by_size.model.as_str().into()).chain(cells).collect()
        };
        let way = presented.way.name();
        SectionTable {
            title: match presented.route {
                Route::Direct => format!("Test accuracy (%), run at each size, {way} resampling"),
                Route::ToTrainingSize => {
                    format!("Test accuracy (%), resampled back to 28×28 first, {way} resampling")
                }
                Route::ToTrainingSizeBandLimited => {
                    format!("Test accuracy (%), {way} images, band-limited resampling back to 28×28 first")
                }
            },
            columns: columns("network", sizes),
            rows: of.presented(presented).map(row).collect(),
            note: match (presented.route, presented.way) {
                (Route::Direct, Way::Bilinear) => {
                    "Means over the seeds, as spectral evaluate --size gives it. –: the network runs at its \
                     training size only. The last two networks are not in spectral models: see below."
                }
                (Route::Direct, Way::BandLimited) => "The same with trigonometric interpolation of the normalized images.",
                (Route::ToTrainingSize, Way::Bilinear) => {
                    "The baseline: any network, on images of that size resampled to 28×28, as spectral evaluate \
                     --size --resample-to-training-size gives it. Larger images are made from 28×28 ones here, \
                     so what is lost is the blur of resampling twice; smaller ones have lost their detail for good."
                }
                (Route::ToTrainingSize, Way::BandLimited) => {
                    "Band-limited resampling to a larger size and back is the identity."
                }
                (Route::ToTrainingSizeBandLimited, _) => {
                    "The same bilinear images, their spectra cut off at 28×28: less blurred than by an average over \
                     neighbors."
                }
            }
            .into(),
        }
    });
    let line = |group: usize, name: &str, presented: Presented| {
        let by_size = of
            .presented(presented)
            .find(|by_size| by_size.model == name)?;
        let points = sizes.iter().filter_map(|size| {
            Some(Point {
                x: side(*size),
                y: 100.0 * by_size.at(*size)?,
            })
        });
        let resampled = presented.route != Route::Direct;
        Some(Line {
            name: match resampled {
                true => format!("{name}, resampled to 28×28"),
                false => name.into(),
            },
            group,
            dashed: resampled,
            points: points.collect(),
        })
    };
    let direct = Presented {
        way: Way::Bilinear,
        route: Route::Direct,
    };
    let drawn = std::iter::once(line(0, "cnn", Presented::CUT_OFF))
        .chain((DRAWN.iter().enumerate()).map(|(group, name)| line(group, name, direct)))
        .flatten();
    Section {
        heading: format!("By size, on {}", of.set),
        text: (of.bound.iter())
            .map(|(_, error)| {
                let mut error = error.clone();
                if let Some(first) = error.get(..1).map(str::to_uppercase) {
                    error.replace_range(..1, &first);
                }
                format!("{error}.")
            })
            .collect(),
        tables: tables.collect(),
        charts: vec![SectionChart {
            title: "Test accuracy (%) by image size".into(),
            note: "Bilinear resampling, means over the seeds. Horizontal axis: square root of the number of \
                   pixels. Trained at 28×28."
                .into(),
            kind: lines("image size (square root of pixels)", false, drawn.collect()),
            file: None,
        }],
        ..Section::default()
    }
}

pub(super) fn commutes(of: &Figures) -> Section {
    let sizes = &of.extent.sizes;
    let mean = |model: &OfModel<Vec<super::Apart>>, size: [usize; 2]| -> Option<f64> {
        let errors = model
            .seeds
            .iter()
            .flatten()
            .filter(|apart| apart.size == size);
        let errors = errors
            .map(|apart| apart.error)
            .collect::<Option<Vec<f64>>>()?;
        (!errors.is_empty()).then(|| errors.iter().sum::<f64>() / errors.len() as f64)
    };
    let rows = of.apart.iter().map(|model| -> Vec<Value> {
        let cells = sizes.iter().map(|size| match mean(model, *size) {
            Some(error) => error.into(),
            None => Value::from(None),
        });
        std::iter::once(model.model.as_str().into())
            .chain(cells)
            .collect()
    });
    let drawn = FILTERS.iter().enumerate().filter_map(|(group, name)| {
        let model = of.apart.iter().find(|model| model.model == *name)?;
        let others = sizes.iter().filter(|size| **size != OWN);
        let points = others.filter_map(|size| {
            Some(Point {
                x: side(*size),
                y: mean(model, *size)?,
            })
        });
        Some(Line {
            name: (*name).into(),
            group,
            dashed: false,
            points: points.collect(),
        })
    });
    Section {
        heading: "Which filters commute with resampling".into(),
        text: vec![format!(
            "The input of each trained network's first filter, for {} test images (the 2×2 maxima, or the four \
             phases, of the image) without its highest frequency: resampled band-limited and then filtered, \
             against filtered and then resampled. A filter defined in cycles per image gives the same result; \
             one defined in cycles per sample, like every small kernel, covers another part of the image on \
             another grid. On a coarser grid both sides lose frequencies.",
            of.extent.shown
        )],
        tables: vec![SectionTable {
            title: "Relative difference between filtering first and resampling first".into(),
            columns: columns("network", sizes),
            rows: rows.collect(),
            note: "‖filter(resampled) − resampled(filtered)‖/‖resampled(filtered)‖, means over the seeds. \
                   Sizes are those of the image; the filter runs at half of them. Values near 1e-7 are single-precision \
                   rounding. –: the filter takes no other size."
                .into(),
        }],
        charts: vec![SectionChart {
            title: "Relative difference by image size".into(),
            note: "Logarithmic. Without the training size, where it is zero.".into(),
            kind: lines("image size (square root of pixels)", true, drawn.collect()),
            file: None,
        }],
        ..Section::default()
    }
}

/// The mean of a figure after each layer, over the seeds.
fn means(model: &OfModel<Vec<After>>, figure: fn(&After) -> f64) -> Vec<f64> {
    let layers = model.seeds.first().map_or(0, Vec::len);
    let count = model.seeds.len().max(1) as f64;
    let mean = |at: usize| {
        model
            .seeds
            .iter()
            .map(|after| figure(&after[at]))
            .sum::<f64>()
            / count
    };
    (0..layers).map(mean).collect()
}

pub(super) fn handovers(of: &Figures) -> Section {
    let (mut tables, mut charts) = (Vec::new(), Vec::new());
    for &size in &of.extent.handovers {
        let there = of.handovers.iter().filter(|(at, _)| *at == size);
        let models: Vec<&OfModel<Vec<After>>> = there.map(|(_, model)| model).collect();
        let Some(first) = models.first().and_then(|model| model.seeds.first()) else {
            continue;
        };
        let all: Vec<(Vec<f64>, Vec<f64>)> = (models.iter())
            .map(|model| {
                (
                    means(model, |after| after.accuracy),
                    means(model, |after| after.error),
                )
            })
            .collect();
        let names = models.iter().map(|model| model.model.clone());
        let heads: Vec<String> = std::iter::once("layers up to".to_string())
            .chain(names)
            .collect();
        let rows = first.iter().enumerate().map(|(at, after)| -> Vec<Value> {
            let cells = all.iter().map(|(accuracy, error)| {
                let error = Value::from(error[at]).shown();
                format!("{} ({error})", percent(accuracy[at])).into()
            });
            std::iter::once(after.layer.as_str().into())
                .chain(cells)
                .collect()
        });
        tables.push(SectionTable {
            title: format!("Layers up to this one run at {}, later ones at the training size", named(size)),
            columns: heads.clone(),
            rows: rows.collect(),
            note: "Test accuracy (%), and in brackets the relative error of the features against those at the \
                   training size. Where accuracy falls from one row to the next, that layer is the cause. The last row is the \
                   whole network at that size."
                .into(),
        });
        let kinds = Kind::LAYERS.map(|kind| -> Vec<Value> {
            let cells = models.iter().map(|model| {
                let sum: f64 = model.seeds.iter().map(|after| lost(after, kind)).sum();
                points(-sum / model.seeds.len().max(1) as f64).into()
            });
            std::iter::once(kind.name().into()).chain(cells).collect()
        });
        tables.push(SectionTable {
            title: format!("Points gained or lost at {} by type of layer", named(size)),
            columns: std::iter::once("at".to_string())
                .chain(heads.into_iter().skip(1))
                .collect(),
            rows: kinds.to_vec(),
            note: "Sums of the row-to-row changes in the table above.".into(),
        });
        let drawn = models
            .iter()
            .zip(&all)
            .enumerate()
            .map(|(group, (model, (accuracy, _)))| Line {
                name: model.model.clone(),
                group,
                dashed: false,
                points: (accuracy.iter().enumerate())
                    .map(|(at, accuracy)| Point {
                        x: at as f64,
                        y: 100.0 * accuracy,
                    })
                    .collect(),
            });
        charts.push(SectionChart {
            title: format!(
                "Test accuracy (%) by number of layers run at {}",
                named(size)
            ),
            note:
                "In the table's order: 0 the image, 1 the first max-pool, 2 the first filter, and so on."
                    .into(),
            kind: lines("layers", false, drawn.collect()),
            file: None,
        });
    }
    Section {
        heading: "Which layer is the cause".into(),
        text: vec![format!(
            "The first layers run at another size on {} test images resampled band-limited; their output is then \
             resampled to the size it has in training, and the remaining layers run on that. The first row \
             is the effect of resampling alone.",
            of.extent.shown
        )],
        tables,
        charts,
        ..Section::default()
    }
}

pub(super) fn cause(of: &Figures) -> Section {
    let sizes = &of.extent.sizes;
    let names = Counting::ALL.map(|counting| {
        [
            (counting.with_max_pool(), "max", counting),
            (counting.name(), "spectral", counting),
        ]
    });
    let names = names.concat();
    let filters = |counting| match counting {
        Counting::Samples => "3×3 taps",
        Counting::Modes => "modes",
    };
    let lost_rows = Way::ALL.into_iter().flat_map(|way| {
        names
            .iter()
            .map(move |(name, pool, counting)| -> Vec<Value> {
                let by_size = of.of(name, way);
                let cells = sizes.iter().map(|size| match by_size {
                    Some(by_size) if *size != OWN => {
                        let lost: Vec<f64> = by_size.lost(*size).iter().map(|lost| -lost).collect();
                        match lost.is_empty() {
                            true => "–".into(),
                            false => mean_points(&lost).split(" ±").next().unwrap_or("").into(),
                        }
                    }
                    Some(by_size) => by_size
                        .at(OWN)
                        .map_or("–".into(), |own| percent(own).into()),
                    None => "–".into(),
                });
                [filters(*counting).into(), (*pool).into(), way.name().into()]
                    .into_iter()
                    .chain(cells)
                    .collect()
            })
    });
    let drawn = names
        .iter()
        .enumerate()
        .filter_map(|(group, (_, pool, counting))| {
            let by_size = of.of(names[group].0, Way::BandLimited)?;
            let points = sizes.iter().filter_map(|size| {
                Some(Point {
                    x: side(*size),
                    y: 100.0 * by_size.at(*size)?,
                })
            });
            Some(Line {
                name: format!("{}, {pool} pool", filters(*counting)),
                group,
                dashed: *pool == "max",
                points: points.collect(),
            })
        });
    Section {
        heading: "Without the layer that counts samples".into(),
        text: vec![
            "To test the cause, leave the layer out: cnn and free-modes, whose filters are functions of samples and \
             of modes, beside the same networks with spectral pooling (which removes the upper half of the \
             frequencies) instead of max-pooling, with equal parameters and equal training. If max-pooling is \
             what makes free-modes depend on the grid, its accuracy falls with max-pooling and stays level with \
             spectral pooling, apart from harmonics of the activations, which alias on a coarser grid. The \
             filters of cnn depend on the grid themselves, so replacing the pooling cannot be enough there."
                .into(),
        ],
        tables: vec![SectionTable {
            title: "Points gained or lost against 28×28".into(),
            columns: ["filters", "pool", "resampled"]
                .map(String::from)
                .into_iter()
                .chain(sizes.iter().map(|size| match *size == OWN {
                    true => format!("{} (%)", named(*size)),
                    false => named(*size),
                }))
                .collect(),
            rows: lost_rows.collect(),
            note: "Means over the seeds; at 28×28 the accuracy itself.".into(),
        }],
        charts: vec![SectionChart {
            title: "Test accuracy (%) by image size, band-limited resampling".into(),
            note: "Solid: spectral pooling; dashed: max-pooling.".into(),
            kind: lines("image size (square root of pixels)", false, drawn.collect()),
            file: None,
        }],
        ..Section::default()
    }
}
