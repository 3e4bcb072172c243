//! The figures as a page.

use spectral_lab::report::{
    ChartKind, Line, Point, Report, SectionChart, SectionTable, Strip, Value,
};

use crate::kit::Parts as Section;

use super::super::StudyInfo;
use super::super::shown::{note, one_image};
use super::borders::{Beyond, Taps};
use super::measure::{Continued, SAME, Wrapped};
use super::time::Timed;
use super::{Figures, Timing};

pub(super) fn page(
    study: &StudyInfo,
    figures: &[Figures],
    timing: &Timing,
    times: &[Timed],
) -> Report {
    let mut sections = vec![Section {
        heading: "The question".into(),
        text: vec![
            study.question.into(),
            format!("Source: {}.", study.source),
            "A product of two spectra of the image's own size is a convolution of the image continued \
             periodically: at its left border the kernel meets the pixels of the right one. Zeros \
             around the image before the transform make it the convolution of a Conv2d with padding. \
             Every channel is convolved on its own, with random kernels as a fresh Conv2d draws them and \
             with smooth ones, Gaussians as wide as the kernel, up to kernels as large as the image. Pixels \
             are in 0..1."
                .into(),
        ],
        ..Section::default()
    }];
    for set in figures {
        sections.push(wrapped(set));
        sections.push(continued(set));
    }
    sections.push(costs(timing, times));
    let summary = figures.iter().flat_map(findings);
    Report {
        title: "What wraps around at the border".into(),
        summary: summary.chain(cost_findings(times)).collect(),
        sections: sections.into_iter().map(Into::into).collect(),
        ..Report::default()
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn square(side: usize) -> String {
    format!("{side}×{side}")
}

fn columns<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(String::from).to_vec()
}

/// Kernels over the whole images, of a kind.
fn whole(of: &Figures, taps: Taps) -> Vec<&Wrapped> {
    let rows = of.wrapped.iter();
    rows.filter(|row| row.taps == taps && row.size[0] == of.size[0].min(of.size[1]))
        .collect()
}

/// What the figures of a set say, in sentences.
fn findings(of: &Figures) -> Vec<String> {
    let mut findings = Vec::new();
    let rows = whole(of, Taps::Smooth);
    let small = rows.iter().find(|row| row.kernel > 1);
    if let (Some(small), Some(large)) = (small, rows.last()) {
        let mended = rows.iter().filter_map(|row| row.mended).fold(0.0, f64::max);
        findings.push(format!(
            "{}, {}: wrapped around, a smooth {} convolution differs from one with zeros around the image by \
             {:.3} and in {} of its outputs, one as large as the image by {:.3} and in {}. Zeros around \
             the image before the transform bring that down to {mended:.0e}.",
            of.set,
            square(small.size[0]),
            square(small.kernel),
            small.error,
            percent(small.differ),
            large.error,
            percent(large.differ),
        ));
    }
    let largest = of.continued.iter().map(|row| row.kernel).max();
    let error = |beyond| {
        let mut rows = of.continued.iter();
        let row = rows.find(|row| {
            row.beyond == beyond && row.taps == Taps::Smooth && Some(row.kernel) == largest
        });
        row.map(|row| row.error)
    };
    if let (Some(kernel), [Some(wrap), Some(zeros), Some(edge), Some(mirror)]) =
        (largest, Beyond::ALL.map(error))
    {
        findings.push(format!(
            "{}: against the pixels that were really there, a smooth {} convolution of the middle of the \
             image errs by {wrap:.3} wrapped around, {zeros:.3} with zeros, {edge:.3} with the edge \
             repeated and {mirror:.3} with the mirror image.",
            of.set,
            square(kernel)
        ));
    }
    findings
}

fn cost_findings(times: &[Timed]) -> Option<String> {
    let ratios = times.iter().filter_map(|timed| {
        let pass = timed.passes.iter().find(|pass| pass.learns)?;
        Some(pass.seconds[1] / pass.seconds[0])
    });
    let ratios: Vec<f64> = ratios.filter(|ratio| ratio.is_finite()).collect();
    let least = ratios.iter().copied().min_by(f64::total_cmp)?;
    let most = ratios.iter().copied().max_by(f64::total_cmp)?;
    Some(format!(
        "A training step of one layer takes {least:.2} to {most:.2} times as long with zeros around the \
         image as without, over {} sizes.",
        ratios.len()
    ))
}

/// One line a kernel, errors by distance from the border.
fn by_distance<'a>(rows: impl Iterator<Item = (String, &'a [f64])>) -> Vec<Line> {
    rows.enumerate()
        .map(|(group, (name, errors))| Line {
            name,
            group,
            dashed: false,
            points: (errors.iter().enumerate())
                .map(|(distance, error)| Point {
                    x: distance as f64,
                    y: *error,
                })
                .collect(),
        })
        .collect()
}

fn wrapped(of: &Figures) -> Section {
    let row = |row: &Wrapped| -> Vec<Value> {
        vec![
            row.taps.name().into(),
            square(row.size[0]).into(),
            square(row.kernel).into(),
            row.error.into(),
            (100.0 * row.differ).into(),
            (100.0 * row.touched).into(),
            row.mended.into(),
        ]
    };
    let smooth = whole(of, Taps::Smooth);
    let lines = smooth.iter().filter(|row| row.kernel > 1);
    let lines = lines.map(|row| (square(row.kernel), row.by_distance.as_slice()));
    Section {
        heading: format!("Wrap-around on {}", of.set),
        text: [format!(
            "The first {} test images, {}×{} with {}, and their middles cut out.",
            of.extent.images,
            of.size[0],
            of.size[1],
            match of.channels {
                1 => "one channel".to_string(),
                channels => format!("{channels} channels"),
            }
        )]
        .into_iter()
        .chain(note(&of.set))
        .collect(),
        tables: vec![SectionTable {
            title: "Wrapped around, beside zeros around the image".into(),
            columns: columns([
                "kernel",
                "image",
                "taps",
                "error",
                "differ (%)",
                "can differ (%)",
                "padded, error",
            ]),
            rows: of.wrapped.iter().map(row).collect(),
            note: format!(
                "Error: ‖circular − zeros‖/‖zeros‖. Differ: share of the outputs that differ by more than \
                 {SAME:.0e} of their root mean square; can differ: share of those whose kernel reaches \
                 beyond the border, 1 − (1 − (k − 1)/n)². Fewer differ where the borders are alike or \
                 black. Padded, error: how far a transform with zeros around the image is from the same \
                 convolution tap by tap by Burn, of kernels up to 15×15."
            ),
        }],
        charts: vec![SectionChart {
            title: "Error by distance from the border, smooth kernels".into(),
            note: "Root mean square of the difference among outputs so many pixels from the border, over \
                   that of all outputs with zeros around. Zero from half a kernel on."
                .into(),
            kind: ChartKind::Lines {
                x: "pixels from the border".into(),
                logarithmic: false,
                lines: by_distance(lines),
            },
            file: None,
        }],
        strips: (of.shown.iter())
            .map(|shown| Strip {
                title: format!(
                    "{} under a {} {} kernel",
                    one_image(&of.set),
                    shown.taps.name(),
                    square(shown.kernel)
                ),
                pictures: shown.pictures.clone(),
                file: None,
            })
            .collect(),
    }
}

fn continued(of: &Figures) -> Section {
    let largest = of.continued.iter().map(|row| row.kernel).max().unwrap_or(0);
    let pairs = Taps::ALL.into_iter().flat_map(|taps| {
        let rows = of.continued.iter().filter(move |row| row.taps == taps);
        let mut kernels: Vec<usize> = rows.map(|row| row.kernel).collect();
        kernels.dedup();
        kernels.into_iter().map(move |kernel| (taps, kernel))
    });
    let find = |taps, kernel, beyond| {
        let mut rows = of.continued.iter();
        rows.find(|row| (row.taps, row.kernel, row.beyond) == (taps, kernel, beyond))
    };
    let row = |(taps, kernel): (Taps, usize)| -> Vec<Value> {
        let error = |beyond| Value::from(find(taps, kernel, beyond).map(|row| row.error));
        let errors = Beyond::ALL.map(error);
        let names = [taps.name().into(), square(kernel).into()];
        names.into_iter().chain(errors).collect()
    };
    let lines = Beyond::ALL.into_iter().filter_map(|beyond| {
        let row: &Continued = find(Taps::Smooth, largest, beyond)?;
        Some((beyond.name().to_string(), row.by_distance.as_slice()))
    });
    let names = Beyond::ALL.map(Beyond::name);
    Section {
        heading: format!("Neither is right: the true pixels of {}", of.set),
        text: vec![format!(
            "Zeros are no truth either. Here the middle of each image, less {} pixels on each side, is \
             continued in four ways, and the result is held against the convolution that sees the pixels \
             which were really around it.",
            of.extent.margin
        )],
        tables: vec![SectionTable {
            title: "Errors against the true continuation".into(),
            columns: [&["kernel", "taps"], names.as_slice()]
                .concat()
                .into_iter()
                .map(String::from)
                .collect(),
            rows: pairs.map(row).collect(),
            note: "‖y − true‖/‖true‖ over all outputs, smaller is better.".into(),
        }],
        charts: vec![SectionChart {
            title: format!(
                "Error by distance from the border, smooth {} kernel",
                square(largest)
            ),
            note: "As above, against the convolution of the true pixels.".into(),
            kind: ChartKind::Lines {
                x: "pixels from the border".into(),
                logarithmic: false,
                lines: by_distance(lines),
            },
            file: None,
        }],
        ..Section::default()
    }
}

fn costs(timing: &Timing, times: &[Timed]) -> Section {
    let rows = times.iter().flat_map(|timed| {
        timed.passes.iter().map(|pass| -> Vec<Value> {
            let [around, zeros] = pass.seconds;
            vec![
                format!(
                    "{0}→{0}, {1}×{1}, batch {2}",
                    timed.channels, timed.size, timed.batch
                )
                .into(),
                square(timed.kernel).into(),
                if pass.learns { "both" } else { "forward" }.into(),
                (1e3 * around).into(),
                (1e3 * zeros).into(),
                (zeros / around).into(),
            ]
        })
    });
    Section {
        heading: "What zeros cost".into(),
        text: vec![format!(
            "SpectralConv2d with the spectrum of a kernel, which wraps around, beside FftConv2d of the same \
             kernel by one transform of the image with zeros around it; medians of {} runs in turns. The \
             larger grid needs k − 1 more samples a side at most; lengths with large prime factors are \
             passed over, so padding can even help. What tiles and direct convolution take is another \
             question (study crossover). On a busy machine ratios say more than times.",
            timing.rounds
        )],
        tables: vec![SectionTable {
            title: "One layer without and with zeros around".into(),
            columns: columns([
                "layer",
                "taps",
                "pass",
                "wrapped (ms)",
                "zeros (ms)",
                "ratio",
            ]),
            rows: rows.collect(),
            note: "Both: forward, backward and the gradients of input and weight.".into(),
        }],
        ..Section::default()
    }
}
