//! The figures as a page.

use spectral_lab::report::{
    ChartKind, Line, Point, Report, Section, SectionChart, SectionTable, Strip, Value,
};

use super::super::StudyInfo;
use super::super::shown::{note, one_image};
use super::Figures;
use super::measure::{Kept, Shifted, Told};
use super::ways::{Pool, Up};

/// What the chart shows, with the color of each.
const LINES: [(Pool, Up, usize); 5] = [
    (Pool::Max, Up::Nearest, 2),
    (Pool::Mean, Up::Nearest, 3),
    (Pool::Mean, Up::Fourier, 5),
    (Pool::Mean, Up::Fitted, 4),
    (Pool::Stride, Up::Nearest, 0),
];

pub(super) fn page(study: &StudyInfo, figures: &[Figures]) -> Report {
    let mut sections = vec![Section {
        heading: "The question".into(),
        text: vec![
            study.question.into(),
            format!("Source: {}.", study.source),
            "Images have pixels in 0..1. Each is made smaller and brought back to its size; the error \
             is ‖x̂ − x‖/‖x‖, the mean over test images. Spectral pooling goes back by zeros at the \
             frequencies it dropped, pooling over blocks by filling each block with its value \
             (nearest), as in the source. So that the way back is no handicap, there are two others: \
             the trigonometric interpolation of the values where their blocks lie (Fourier), and the \
             linear way that commutes with shifts by whole blocks and has the least square error on \
             training images (fitted): one weight for each frequency of the large image."
                .into(),
        ],
        ..Section::default()
    }];
    for set in figures {
        sections.push(errors(set));
        if !set.told.is_empty() {
            sections.push(classes(set));
        }
        sections.push(shifts(set));
    }
    Report {
        title: "What spectral pooling keeps".into(),
        summary: figures.iter().flat_map(findings).collect(),
        sections,
        ..Report::default()
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn size([height, width]: [usize; 2]) -> String {
    format!("{height}×{width}")
}

fn find(rows: &[Kept], pool: Pool, up: Up) -> Option<&Kept> {
    rows.iter().find(|row| (row.pool, row.up) == (pool, up))
}

/// The least spectral pooling that errs no more than `error`.
fn spectral_as_good(of: &Figures, error: f64) -> Option<&Kept> {
    let good = of.spectral.iter().filter(|row| row.error <= error);
    good.min_by(|a, b| a.share.total_cmp(&b.share))
}

/// What the figures of a set say, in sentences.
fn findings(of: &Figures) -> Vec<String> {
    let mut findings = Vec::new();
    // The least factor comes first.
    let get = |pool, up| find(&of.by_factor, pool, up);
    if let (Some(spectral), Some(max), Some(mean), Some(fitted)) = (
        get(Pool::Spectral, Up::Fourier),
        get(Pool::Max, Up::Nearest),
        get(Pool::Mean, Up::Nearest),
        get(Pool::Mean, Up::Fitted),
    ) {
        let mut text = format!(
            "{}: with {} of the values kept, spectral pooling errs by {:.3}, max-pooling by {:.3}, the mean \
             by {:.3} with blocks filled and by {:.3} brought back by the best linear way.",
            of.set,
            percent(spectral.share),
            spectral.error,
            max.error,
            mean.error,
            fitted.error
        );
        if let Some(small) = spectral_as_good(of, max.error) {
            text += &format!(
                " Spectral pooling errs no more than max-pooling from {} on, {} of the values.",
                size(small.size),
                percent(small.share)
            );
        }
        findings.push(text);
    }
    let told = |pool| {
        let mut rows = of.told.iter().filter(|row| row.pool.is_some());
        // The second size where there are two: there the poolings differ more.
        let first = rows.next()?.size;
        let other = rows.find(|row| row.size != first).map(|row| row.size);
        let wanted = other.unwrap_or(first);
        of.told
            .iter()
            .find(|row| row.size == wanted && row.pool == Some(pool))
    };
    if let [Some(spectral), Some(max), Some(mean), Some(stride)] = Pool::ALL.map(told) {
        findings.push(format!(
            "{}: of {} numbers an image ({}), ridge regression names {} rightly after spectral pooling, \
             {} after max-pooling, {} after the mean and {} after stride.",
            of.set,
            spectral.numbers,
            size(spectral.size),
            percent(spectral.ridge),
            percent(max.ridge),
            percent(mean.ridge),
            percent(stride.ridge)
        ));
    }
    findings
}

fn columns<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(String::from).to_vec()
}

fn errors(of: &Figures) -> Section {
    let row = |kept: &Kept| -> Vec<Value> {
        vec![
            kept.pool.name().into(),
            kept.up.name().into(),
            size(kept.size).into(),
            (100.0 * kept.share).into(),
            kept.error.into(),
            kept.deviation.into(),
            kept.of_variation.into(),
        ]
    };
    let side = |kept: &Kept| 100.0 * kept.size[0] as f64 / of.size[0] as f64;
    let point = |kept: &Kept| Point {
        x: side(kept),
        y: kept.error,
    };
    let mut lines = vec![Line {
        name: "spectral".into(),
        group: 1,
        dashed: false,
        points: of.spectral.iter().map(point).collect(),
    }];
    for (pool, up, group) in LINES {
        let rows = of.by_factor.iter().rev();
        let rows = rows.filter(|row| (row.pool, row.up) == (pool, up));
        lines.push(Line {
            name: format!("{}, {}", pool.name(), up.name()),
            group,
            dashed: up != Up::Nearest,
            points: rows.map(point).collect(),
        });
    }
    Section {
        heading: format!("What is left of images of {}", of.set),
        text: [format!(
            "The first {} test images, {} with {}; ways back fitted on {} training images.",
            of.extent.images,
            size(of.size),
            match of.channels {
                1 => "one channel".to_string(),
                channels => format!("{channels} channels"),
            },
            of.extent.fitted_on
        )]
        .into_iter()
        .chain(note(&of.set))
        .collect(),
        tables: vec![SectionTable {
            title: "Images made smaller and brought back".into(),
            columns: columns([
                "pooling",
                "way back",
                "size",
                "kept (%)",
                "error",
                "deviation",
                "of the variation",
            ]),
            rows: of.by_factor.iter().map(row).collect(),
            note: "Error: ‖x̂ − x‖/‖x‖, the mean over images; deviation: its deviation among them. Of the \
                   variation: ‖x̂ − x‖/‖x − mean‖, all images together; 1 is as bad as the mean color of \
                   the image alone."
                .into(),
        }],
        charts: vec![SectionChart {
            title: "Error by the share of samples kept along each side".into(),
            note: "The share of values kept is the square of this. Lower is better. Spectral pooling takes \
                   every size, the others divisors."
                .into(),
            kind: ChartKind::Lines {
                x: "samples kept along each side (%)".into(),
                logarithmic: false,
                lines,
            },
            file: None,
        }],
        strips: (of.galleries.iter())
            .map(|gallery| Strip {
                title: format!(
                    "{}, {} of its values kept ({})",
                    one_image(&of.set),
                    percent(
                        (gallery.size[0] * gallery.size[1]) as f64 / (of.size[0] * of.size[1]) as f64
                    ),
                    size(gallery.size)
                ),
                pictures: gallery.pictures.clone(),
                file: None,
            })
            .collect(),
    }
}

fn classes(of: &Figures) -> Section {
    let row = |told: &Told| -> Vec<Value> {
        vec![
            told.pool.map_or("none", Pool::name).into(),
            size(told.size).into(),
            told.numbers.to_string().into(),
            (100.0 * told.ridge).into(),
            (100.0 * told.nearest_mean).into(),
        ]
    };
    let [train, test] = of.extent.classes;
    let least = of.told.iter().map(|told| told.ridge);
    let worst_error = least.map(|share| (share * (1.0 - share) / test as f64).sqrt());
    Section {
        heading: format!("What is left of the classes of {}", of.set),
        text: vec![format!(
            "Two classifiers in closed form, which no training blurs: ridge regression on the classes \
             and the nearest mean of a class, from {train} training images and on {test} test images, \
             every number brought to mean 0 and variance 1. Every pooling gives them equally many \
             numbers."
        )],
        tables: vec![SectionTable {
            title: "Test images named rightly".into(),
            columns: columns([
                "pooling",
                "size",
                "numbers",
                "ridge (%)",
                "nearest mean (%)",
            ]),
            rows: of.told.iter().map(row).collect(),
            note: format!(
                "The standard error of a share is {} at most. Sizes with more numbers than {} are left \
                 out.",
                percent(worst_error.fold(0.0, f64::max)),
                of.extent.numbers
            ),
        }],
        ..Section::default()
    }
}

fn shifts(of: &Figures) -> Section {
    let row = |shifted: &Shifted| -> Vec<Value> {
        vec![
            shifted.pool.name().into(),
            size(shifted.size).into(),
            shifted.change.into(),
            shifted.unexplained.into(),
        ]
    };
    Section {
        heading: format!("A shift by one pixel, on {}", of.set),
        text: vec![
            "The image is shifted by one pixel, wrapped around, down or to the right. After pooling by a \
             factor k the output should move by 1/k of its pixels, and do nothing else."
                .into(),
        ],
        tables: vec![SectionTable {
            title: "What the shift does after pooling".into(),
            columns: columns(["pooling", "size", "change", "no shift"]),
            rows: of.shifted.iter().map(row).collect(),
            note: "Change: ‖y′ − y‖/‖y‖, y before and y′ after the shift. No shift: the part of that \
                   change which is not the shift of the output, ‖y′ − shifted y‖/‖y′ − y‖; 0 is a shift \
                   and nothing else. At even sizes spectral pooling folds the Nyquist frequency, whose \
                   shift cannot be told; at odd sizes there is none."
                .into(),
        }],
        ..Section::default()
    }
}
