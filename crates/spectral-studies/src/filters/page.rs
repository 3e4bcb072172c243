//! The figures as a page.

use spectral_lab::report::{
    ChartKind, Line, Point, Report, SectionChart, SectionTable, Spread, Value,
};

use crate::kit::Parts as Section;

use super::super::StudyInfo;
use super::super::comparison::Compared;
use super::super::shown::note;
use super::Kind;
use super::measure::{Bump, Filters, HIGHEST, Moved, RINGS};

/// The middle of all Gaussian surfaces' frequencies, half of the highest.
const MIDDLE: f64 = HIGHEST / 2.0;

pub(super) fn page(study: &StudyInfo, compared: Compared, kinds: &[Kind]) -> Report {
    let mut summary = vec![moved_finding(kinds)];
    summary.extend(gaussian_finding(kinds));
    let mut sections = vec![
        question(study, &compared),
        overview(kinds, &compared.data.name),
        movement(kinds),
    ];
    for kind in kinds {
        sections.push(filters(kind));
    }
    sections.extend(gaussians(kinds));
    Report {
        title: "How far training moves spectral filters, and what they do".into(),
        summary,
        sections: sections.into_iter().map(Into::into).collect(),
        data_sets: vec![compared.into_data_set()],
        ..Report::default()
    }
}

fn question(study: &StudyInfo, compared: &Compared) -> Section {
    let data = &compared.data;
    let epochs = compared.models.iter().flat_map(|trained| &trained.runs);
    let epochs = epochs.map(|run| run.history.len()).max().unwrap_or(0);
    Section {
        heading: "The question".into(),
        text: vec![
            study.question.into(),
            format!("Source: {}.", study.source),
            format!(
                "Three networks of four layers of six filters on one spectrum and a dense head, as \
                 published: a free weight per frequency, drawn as the source draws it; polynomials of \
                 order one in row and column, drawn from N(0, 0.005); rotated Gaussians, drawn from \
                 N(0, 0.05). Trained as the source's benchmark, {epochs} epochs here as 3 there, on {} \
                 images of {} where the source has some 15,500 photographs, from {} seeds.",
                data.train_count,
                data.name,
                compared.seeds.len()
            ),
        ],
        ..Section::default()
    }
}

/// All filters of all seeds.
fn all(kind: &Kind) -> impl Iterator<Item = &Moved> {
    kind.seeds.iter().flat_map(|seed| &seed.filters)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count.max(1))
}

fn number(value: f64) -> String {
    Value::from(value).shown()
}

/// The mean over filters of each seed, with the deviation of these means.
fn with_spread(
    kind: &Kind,
    figure: impl Fn(&Moved) -> f64,
    keep: impl Fn(&Moved) -> bool,
) -> String {
    let means: Vec<f64> = (kind.seeds.iter())
        .map(|seed: &Filters| mean(seed.filters.iter().filter(|f| keep(f)).map(&figure)))
        .collect();
    match Spread::of(means.iter().copied()) {
        Some(spread) => format!("{} ± {}", number(spread.mean), number(spread.std)),
        None => number(mean(means.into_iter())),
    }
}

fn energy_ratio(of: &Moved) -> f64 {
    of.energy[1] / of.energy[0].max(f64::MIN_POSITIVE)
}

fn moved_finding(kinds: &[Kind]) -> String {
    let each = kinds.iter().map(|kind| {
        format!(
            "{} by {} of their norm, energy times {}",
            kind.model,
            number(mean(all(kind).map(|filter| filter.moved))),
            number(mean(all(kind).map(energy_ratio)))
        )
    });
    let mut text = format!(
        "Training moves the responses, mean of all filters: {}.",
        each.collect::<Vec<_>>().join("; ")
    );
    let still = |kind: &Kind| all(kind).filter(|filter| filter.moved == 0.0).count();
    let still: usize = kinds.iter().map(still).sum();
    if still > 0 {
        let filters: usize = kinds.iter().map(|kind| all(kind).count()).sum();
        text += &format!(" {still} of {filters} filters have no gradient and do not move at all.");
    }
    text
}

fn bumps(kinds: &[Kind]) -> Option<(&Kind, Vec<&Bump>)> {
    let kind = kinds
        .iter()
        .find(|kind| !kind.seeds.iter().all(|seed| seed.bumps.is_empty()))?;
    let bumps = kind.seeds.iter().flat_map(|seed| &seed.bumps);
    Some((kind, bumps.collect()))
}

fn gaussian_finding(kinds: &[Kind]) -> Option<String> {
    let (_, bumps) = bumps(kinds)?;
    let all = bumps.len();
    let count = |when: usize| bumps.iter().filter(|bump| bump.is_bump[when]).count();
    let high = |when: usize| {
        let high = bumps
            .iter()
            .filter(|bump| bump.center[when][0].abs() > MIDDLE);
        high.count()
    };
    let shift = mean(bumps.iter().map(|bump| shift(bump)));
    Some(format!(
        "Of {all} Gaussian surfaces, two a filter from all seeds, {} fall away from their center in every \
         direction before training and {} after; the others grow in some. {} have their center in the upper half of the vertical \
         frequencies before and {} after: the published coordinates put zero there. Training moves \
         centers by {} cycles per sample.",
        count(0),
        count(1),
        high(0),
        high(1),
        number(shift)
    ))
}

/// How far the center moves, rows closing around the circle of frequencies.
fn shift(bump: &Bump) -> f64 {
    let [before, after] = bump.center;
    let down = after[0] - before[0];
    (down - down.round()).hypot(after[1] - before[1])
}

fn overview(kinds: &[Kind], set: &str) -> Section {
    Section {
        heading: "What a filter makes of an image".into(),
        text: [
            "From left to right: an image that training did not use; the magnitude of the spectrum of its colors' sum; the \
             magnitude of the first filter of the first layer, trained, stretched from black to white; their \
             product; that transformed \
             back, of which the published networks make no use; and after ReLU of real and imaginary \
             part. Spectra are half-spectra, frequency zero at the left in the middle, and those of images \
             gray by decades below the largest, black from five on. Images that come back are stretched \
             from black to white."
                .into(),
        ]
        .into_iter()
        .chain(note(set))
        .collect(),
        strips: kinds.iter().map(|kind| kind.overview.clone()).collect(),
        ..Section::default()
    }
}

/// How far each layer moved, and at which frequencies.
fn movement(kinds: &[Kind]) -> Section {
    let mut rows = Vec::new();
    for kind in kinds {
        let layers = all(kind).map(|filter| filter.layer).max().unwrap_or(0);
        for layer in 1..=layers {
            let of_layer = |figure: fn(&Moved) -> f64| -> Value {
                with_spread(kind, figure, |filter| filter.layer == layer).into()
            };
            rows.push(vec![
                kind.model.as_str().into(),
                layer.to_string().into(),
                of_layer(|filter| filter.moved),
                of_layer(energy_ratio),
                of_layer(|filter| filter.frequency[0]),
                of_layer(|filter| filter.frequency[1]),
            ]);
        }
    }
    let lines = kinds.iter().enumerate().map(|(group, kind)| Line {
        name: kind.model.clone(),
        group,
        dashed: false,
        points: (0..RINGS)
            .map(|ring| Point {
                x: HIGHEST * (ring as f64 + 0.5) / RINGS as f64,
                y: mean(kind.seeds.iter().map(|seed| seed.rings[ring])),
            })
            .collect(),
    });
    Section {
        heading: "How far training moves the responses".into(),
        tables: vec![SectionTable {
            title: "Responses by layer".into(),
            columns: [
                "network",
                "layer",
                "moved",
                "energy, after/before",
                "mean frequency, before",
                "mean frequency, after",
            ]
            .map(String::from)
            .to_vec(),
            rows,
            note: "Moved: ‖R after − R before‖/‖R before‖ over all frequencies. Energy: Σ|R|². Mean \
                   frequency: |f| in cycles per sample, weighted by |R|²; 0.5 is the highest along an \
                   axis. Means of the filters of a layer, ± the deviation of such means over the seeds."
                .into(),
        }],
        charts: vec![SectionChart {
            title: "Movement by frequency, logarithmic".into(),
            note: "‖R after − R before‖/‖R before‖ of all filters within rings of frequencies, means over \
                   the seeds. Photographs have most of their energy at the left."
                .into(),
            kind: ChartKind::Lines {
                x: "frequency (cycles per sample)".into(),
                logarithmic: true,
                lines: lines.collect(),
            },
            file: None,
        }],
        ..Section::default()
    }
}

fn pair([before, after]: [f64; 2]) -> String {
    format!("{} → {}", number(before), number(after))
}

/// Each filter of the first seed, and pictures of some.
fn filters(kind: &Kind) -> Section {
    let first = kind.seeds.first();
    let rows = first
        .into_iter()
        .flat_map(|seed| &seed.filters)
        .map(|filter| {
            let others = kind.seeds.iter().skip(1).flat_map(|seed| &seed.filters);
            let same = others.filter(|o| (o.layer, o.filter) == (filter.layer, filter.filter));
            let others: Vec<String> = same.map(|filter| number(filter.moved)).collect();
            vec![
                format!("{}.{}", filter.layer, filter.filter).into(),
                filter.moved.into(),
                others.join(", ").into(),
                energy_ratio(filter).into(),
                pair(filter.frequency).into(),
            ]
        });
    Section {
        heading: format!("The filters of {}", kind.model),
        text: vec![
            "Red is positive, blue negative, white zero. Responses are half-spectra, frequency zero at the \
             left in the middle. Impulse responses are what a filter would answer to a point if it led \
             back to the image, the point in the middle, at most 31 pixels a side."
                .into(),
        ],
        tables: vec![SectionTable {
            title: "Filter by filter, first seed".into(),
            columns: [
                "layer.filter",
                "moved",
                "moved, other seeds",
                "energy, after/before",
                "mean frequency",
            ]
            .map(String::from)
            .to_vec(),
            rows: rows.collect(),
            note: "As above; the same number in another seed is another filter.".into(),
        }],
        strips: kind.pictures.clone(),
        ..Section::default()
    }
}

/// Centers, rotations and amplitudes of Gaussian surfaces.
fn gaussians(kinds: &[Kind]) -> Option<Section> {
    let (kind, _) = bumps(kinds)?;
    let first = kind.seeds.first()?;
    let yes = |is_bump: bool| if is_bump { "falls" } else { "grows" };
    let rows = first.bumps.iter().map(|bump| -> Vec<Value> {
        let [before, after] = bump.center;
        vec![
            format!("{}.{}", bump.layer, bump.filter).into(),
            if bump.is_real { "real" } else { "imaginary" }.into(),
            pair([before[0], after[0]]).into(),
            pair([before[1], after[1]]).into(),
            format!("{:.0} → {:.0}", bump.rotation[0], bump.rotation[1])
                .replace('-', "−")
                .into(),
            pair(bump.amplitude).into(),
            format!("{} → {}", yes(bump.is_bump[0]), yes(bump.is_bump[1])).into(),
        ]
    });
    Some(Section {
        heading: format!("The surfaces of {}", kind.model),
        tables: vec![SectionTable {
            title: "Gaussians before and after training, first seed".into(),
            columns: [
                "layer.filter",
                "part",
                "center, down",
                "center, across",
                "turned by (°)",
                "amplitude",
                "from its center",
            ]
            .map(String::from)
            .to_vec(),
            rows: rows.collect(),
            note: "Centers in cycles per sample, ±0.5 is the highest frequency; down is periodic. Turned: \
                   the axes of the quadratic form, −45 to 45. Falls: away from the center in every \
                   direction; a form that is not definite grows in some."
                .into(),
        }],
        ..Section::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn centers_move_around_the_circle_of_frequencies() {
        let bump = Bump {
            layer: 1,
            filter: 1,
            is_real: true,
            is_bump: [true; 2],
            center: [[0.49, 0.0], [-0.49, 0.0]],
            rotation: [0.0; 2],
            amplitude: [0.0; 2],
        };
        assert!((shift(&bump) - 0.02).abs() < 1e-12);
    }

    #[test]
    fn means_have_the_deviation_of_the_seeds() {
        let filter = |moved| Moved {
            layer: 1,
            filter: 1,
            energy: [1.0, 2.0],
            moved,
            frequency: [0.1, 0.2],
        };
        let seed = |moved| Filters {
            filters: vec![filter(moved)],
            rings: vec![0.0; RINGS],
            bumps: Vec::new(),
        };
        let kind = Kind {
            model: "net".into(),
            seeds: vec![seed(1.0), seed(3.0)],
            pictures: Vec::new(),
            overview: spectral_lab::report::Strip::default(),
        };
        assert_eq!(with_spread(&kind, |f| f.moved, |_| true), "2.00 ± 1.41");
        assert_eq!(energy_ratio(&filter(0.0)), 2.0);
        assert!(!moved_finding(std::slice::from_ref(&kind)).contains("do not move"));
        assert!(gaussian_finding(&[kind]).is_none());
        let still = Kind {
            model: "net".into(),
            seeds: vec![seed(0.0), seed(3.0)],
            pictures: Vec::new(),
            overview: spectral_lab::report::Strip::default(),
        };
        assert!(moved_finding(&[still]).contains(" 1 of 2 filters"));
    }
}
