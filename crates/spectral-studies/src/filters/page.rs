//! The figures of the page.

use serde::Serialize;

use spectral_lab::report::{Report, Spread, Value, significant};

use super::measure::{Bump, HIGHEST, Moved, RINGS};
use super::{Extent, Kind};
use crate::kit::comparison::Compared;
use crate::kit::shown::{Pictured, pictured};
use crate::kit::{Chart, Page, line, row};
use crate::{StudyError, StudyRun};

/// The middle of all Gaussian surfaces' frequencies, half of the highest.
const MIDDLE: f64 = HIGHEST / 2.0;

#[derive(Serialize)]
struct Figures {
    set: String,
    train: usize,
    epochs: usize,
    seeds: usize,
    pictured: Pictured,
    kinds: Vec<KindFigures>,
    /// Filters of all networks and seeds, and those without a gradient.
    filters: usize,
    still: usize,
    gaussians: Option<Gaussians>,
}

/// Means over all filters of a network.
#[derive(Serialize)]
struct KindFigures {
    model: String,
    moved: f64,
    /// The energy after training over that before.
    energy: f64,
    /// Titles of the rows of pictures, which are named by their place.
    pictures: Vec<String>,
}

/// The surfaces of all filters and seeds.
#[derive(Debug, PartialEq, Serialize)]
struct Gaussians {
    model: String,
    surfaces: usize,
    before: Surfaces,
    after: Surfaces,
    /// How far centers move on average, in cycles per sample.
    shift: f64,
}

/// How many surfaces have a property.
#[derive(Debug, PartialEq, Serialize)]
struct Surfaces {
    /// Falling away from the center in every direction.
    bumps: usize,
    /// With the center in the upper half of the vertical frequencies.
    high: usize,
}

pub(super) fn page(
    run: &StudyRun<'_>,
    extent: &Extent,
    compared: Compared,
    kinds: Vec<Kind>,
) -> Result<Report, StudyError> {
    let mut page = Page::new();
    page.table("movement", kinds.iter().flat_map(layer_rows));
    page.chart("movement", chart(&kinds));
    let gaussian = kinds.iter().find_map(|kind| Some((kind, gaussians(kind)?)));
    if let Some((kind, _)) = &gaussian {
        let first = kind.seeds.iter().take(1).flat_map(|seed| &seed.bumps);
        page.table("gaussians", first.map(bump_row));
    }
    let mut figures = Figures {
        set: compared.data.name.clone(),
        train: compared.data.train_count,
        epochs: extent.images[2],
        seeds: compared.seeds.len(),
        pictured: pictured(&compared.data.name),
        filters: kinds.iter().map(|kind| all(kind).count()).sum(),
        still: kinds.iter().map(still).sum(),
        gaussians: gaussian.map(|(_, found)| found),
        kinds: Vec::new(),
    };
    for kind in kinds {
        let model = &kind.model;
        page.table(format!("{model}/filters"), filter_rows(&kind));
        page.strip(format!("{model}/overview"), kind.overview.pictures.clone());
        for (at, strip) in kind.pictures.iter().enumerate() {
            page.strip(format!("{model}/{at}"), strip.pictures.clone());
        }
        figures.kinds.push(KindFigures {
            moved: mean(all(&kind).map(|filter| filter.moved)),
            energy: mean(all(&kind).map(energy_ratio)),
            pictures: kind.pictures.into_iter().map(|strip| strip.title).collect(),
            model: kind.model,
        });
    }
    page.data_set(compared.into_data_set());
    page.render(run, include_str!("page.md.jinja"), &figures)
}

/// All filters of all seeds.
fn all(kind: &Kind) -> impl Iterator<Item = &Moved> {
    kind.seeds.iter().flat_map(|seed| &seed.filters)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count.max(1))
}

fn energy_ratio(of: &Moved) -> f64 {
    of.energy[1] / of.energy[0].max(f64::MIN_POSITIVE)
}

/// Filters that do not change, which have no gradient.
fn still(kind: &Kind) -> usize {
    all(kind).filter(|filter| filter.moved == 0.0).count()
}

fn gaussians(kind: &Kind) -> Option<Gaussians> {
    let bumps = || kind.seeds.iter().flat_map(|seed| &seed.bumps);
    let surfaces = |when: usize| Surfaces {
        bumps: bumps().filter(|bump| bump.is_bump[when]).count(),
        high: (bumps().filter(|bump| bump.center[when][0].abs() > MIDDLE)).count(),
    };
    (bumps().count() > 0).then(|| Gaussians {
        model: kind.model.clone(),
        surfaces: bumps().count(),
        before: surfaces(0),
        after: surfaces(1),
        shift: mean(bumps().map(shift)),
    })
}

/// How far the center moves, rows closing around the circle of frequencies.
fn shift(bump: &Bump) -> f64 {
    let [before, after] = bump.center;
    let down = after[0] - before[0];
    (down - down.round()).hypot(after[1] - before[1])
}

/// The mean over the filters of a layer in each seed, with the deviation of these means.
fn with_spread(kind: &Kind, layer: usize, figure: fn(&Moved) -> f64) -> String {
    let means = kind.seeds.iter().map(|seed| {
        let of_layer = seed.filters.iter().filter(|filter| filter.layer == layer);
        mean(of_layer.map(figure))
    });
    match Spread::of(means.clone()) {
        Some(spread) => format!("{} ± {}", significant(spread.mean), significant(spread.std)),
        None => significant(mean(means)),
    }
}

/// How far each layer moved.
fn layer_rows(kind: &Kind) -> impl Iterator<Item = Vec<Value>> {
    let layers = all(kind).map(|filter| filter.layer).max().unwrap_or(0);
    (1..=layers).map(move |layer| {
        row![
            kind.model.as_str(),
            layer.to_string(),
            with_spread(kind, layer, |filter| filter.moved),
            with_spread(kind, layer, energy_ratio),
            with_spread(kind, layer, |filter| filter.frequency[0]),
            with_spread(kind, layer, |filter| filter.frequency[1]),
        ]
    })
}

/// At which frequencies responses moved.
fn chart(kinds: &[Kind]) -> Chart {
    let lines = kinds.iter().enumerate().map(|(color, kind)| {
        let points = (0..RINGS).map(|ring| {
            let frequency = HIGHEST * (ring as f64 + 0.5) / RINGS as f64;
            (
                frequency,
                mean(kind.seeds.iter().map(|seed| seed.rings[ring])),
            )
        });
        line(&kind.model, color, points)
    });
    Chart::lines(lines).logarithmic()
}

fn pair([before, after]: [f64; 2]) -> String {
    format!("{} → {}", significant(before), significant(after))
}

/// Each filter of the first seed.
fn filter_rows(kind: &Kind) -> impl Iterator<Item = Vec<Value>> {
    let first = kind.seeds.iter().take(1).flat_map(|seed| &seed.filters);
    first.map(|filter| {
        let others = kind.seeds.iter().skip(1).flat_map(|seed| &seed.filters);
        let same = others.filter(|o| (o.layer, o.filter) == (filter.layer, filter.filter));
        let others: Vec<String> = same.map(|filter| significant(filter.moved)).collect();
        row![
            format!("{}.{}", filter.layer, filter.filter),
            filter.moved,
            others.join(", "),
            energy_ratio(filter),
            pair(filter.frequency),
        ]
    })
}

/// Center, rotation and amplitude of a Gaussian surface.
fn bump_row(bump: &Bump) -> Vec<Value> {
    let [before, after] = bump.center;
    let [from, to] = bump
        .rotation
        .map(|turn| format!("{turn:.0}").replace('-', "−"));
    let [first, last] = bump
        .is_bump
        .map(|is_bump| if is_bump { "falls" } else { "grows" });
    row![
        format!("{}.{}", bump.layer, bump.filter),
        if bump.is_real { "real" } else { "imaginary" },
        pair([before[0], after[0]]),
        pair([before[1], after[1]]),
        format!("{from} → {to}"),
        pair(bump.amplitude),
        format!("{first} → {last}"),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::measure::Filters;
    use super::*;

    const BUMP: Bump = Bump {
        layer: 1,
        filter: 1,
        is_real: true,
        is_bump: [false, true],
        center: [[0.49, 0.0], [-0.49, 0.0]],
        rotation: [0.0; 2],
        amplitude: [0.0; 2],
    };

    /// One filter in each of two seeds.
    fn kind(moved: [f64; 2], bumps: &[Bump]) -> Kind {
        let seed = |moved| Filters {
            filters: vec![Moved {
                layer: 1,
                filter: 1,
                energy: [1.0, 2.0],
                moved,
                frequency: [0.1, 0.2],
            }],
            rings: vec![0.0; RINGS],
            bumps: bumps.to_vec(),
        };
        Kind {
            model: "net".into(),
            seeds: moved.map(seed).to_vec(),
            pictures: Vec::new(),
            overview: spectral_lab::report::Strip::default(),
        }
    }

    #[test]
    fn centers_move_around_the_circle_of_frequencies() {
        assert!((shift(&BUMP) - 0.02).abs() < 1e-12);
    }

    #[test]
    fn means_have_the_deviation_of_the_seeds() {
        let kind = kind([1.0, 3.0], &[]);
        assert_eq!(with_spread(&kind, 1, |f| f.moved), "2.00 ± 1.41");
        assert_eq!(with_spread(&kind, 1, energy_ratio), "2.00 ± 0");
        let rows: Vec<_> = filter_rows(&kind).collect();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0][2].shown(), "3.00");
    }

    #[test]
    fn filters_that_do_not_move_are_counted() {
        assert_eq!(still(&kind([1.0, 3.0], &[])), 0);
        assert_eq!(still(&kind([0.0, 3.0], &[])), 1);
    }

    #[test]
    fn surfaces_of_all_seeds_are_counted_where_there_are_any() {
        assert_eq!(gaussians(&kind([1.0, 3.0], &[])), None);
        let found = gaussians(&kind([1.0, 3.0], &[BUMP])).unwrap();
        assert_eq!(found.surfaces, 2);
        assert_eq!((found.before.bumps, found.before.high), (0, 2));
        assert_eq!((found.after.bumps, found.after.high), (2, 2));
        assert!((found.shift - 0.02).abs() < 1e-12);
    }
}
