//! The figures as a page.

use spectral_lab::report::{Bar, ChartKind, Report, SectionChart, SectionTable, Value};

use crate::kit::Parts as Section;

use super::super::StudyInfo;
use super::measure::{Form, Operation, Row};
use super::pictures::pictures;
use super::random::{Chain, Spread};
use super::symmetry::Leak;
use super::{Extent, Figures};

/// Errors below this are those of the arithmetic.
const EXACT: f64 = 1e-5;

pub(super) fn page(study: &StudyInfo, extent: &Extent, figures: &[Figures]) -> Report {
    let mut sections = vec![Section {
        heading: "The question".into(),
        text: vec![
            study.question.into(),
            format!("Source: {}.", study.source),
            format!(
                "Measured on the first {} test images of each set (pixels in 0..1), cross-correlated \
                 with six 5×5 kernels as a fresh convolution draws them and normalized where an \
                 activation or a pooling follows. The exact operation is computed in the image, by \
                 Burn's own convolution and pooling; the error of what stands for it is the \
                 Euclidean norm of the difference over that of the exact result, all images \
                 together. Of a full spectrum the real part of the image counts, as the published \
                 pooling takes it.",
                extent.images
            ),
        ],
        ..Section::default()
    }];
    for (index, set) in figures.iter().enumerate() {
        sections.push(errors(set));
        sections.push(in_distribution(set, extent));
        sections.push(symmetry(set));
        if index == 0 {
            sections.push(pictures(set));
        }
    }
    Report {
        title: "What commutes with the Fourier transform".into(),
        summary: figures.first().map_or_else(Vec::new, findings),
        sections: sections.into_iter().map(Into::into).collect(),
        ..Report::default()
    }
}

fn row<'a>(figures: &'a Figures, stand_in: &str) -> Option<&'a Row> {
    let operations = figures
        .operations
        .iter()
        .chain([&figures.pooling.operation]);
    let mut rows = operations.flat_map(|operation| &operation.rows);
    rows.find(|row| row.stand_in == stand_in)
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// What the figures say, in sentences.
fn findings(of: &Figures) -> Vec<String> {
    let set = &of.set;
    let all = of.operations.iter().chain([&of.pooling.operation]);
    let exact: Vec<&str> = all
        .flat_map(|operation| &operation.rows)
        .filter(|row| row.form == Form::Repaired && row.error < EXACT)
        .map(|row| row.stand_in.as_str())
        .collect();
    let mut findings = vec![format!(
        "On {set}, these are the operation itself, to single precision: {}.",
        exact.join(", ")
    )];
    if let (Some(turned), Some(back)) = (
        row(of, "product conj(X)·W"),
        row(of, "conj(X)·W, reversed back"),
    ) {
        findings.push(format!(
            "The published product conj(X)·W gives the cross-correlation reversed circularly: error \
             {:.2} as it is, {:.0e} once reversed back. Max-pooling does not commute with that \
             reversal: {} of its outputs differ.",
            turned.error,
            back.error,
            percent(of.pooling.reversed_differ)
        ));
    }
    if let (Some(part), Some(noise)) = (
        row(of, "leaky ReLU per part"),
        row(of, "noise N(1, rate/6)"),
    ) {
        findings.push(format!(
            "In place of a leaky ReLU two things are published: leaky ReLU per part, which errs by {:.2} \
             of what the activation changes, and noise, which errs by {:.2}. Doing nothing errs by 1.",
            part.of_change.unwrap_or(f64::NAN),
            noise.of_change.unwrap_or(f64::NAN)
        ));
    }
    let chain = |name: &str| of.chains.iter().find(|chain| chain.name == name);
    if let (Some(alone), Some(both)) = (chain("noise as activation"), chain("both as noise")) {
        findings.push(format!(
            "The systematic error of noise as activation, which no averaging takes away, is {:.3} of the \
             result's norm alone and {:.3} once noise in place of dropout follows: the approximations \
             do not make up for one another where these are alike.",
            alone.systematic, both.systematic
        ));
    }
    if let Some(norm) = row(of, "norm per part") {
        findings.push(format!(
            "Batch normalization per part differs from that of the image by {:.2} even up to a \
             factor; statistics read off the spectrum by Parseval's theorem give the image's own.",
            norm.scaled_error
        ));
    }
    findings
}

fn operation_rows(operation: &Operation) -> impl Iterator<Item = Vec<Value>> {
    operation.rows.iter().map(|row| {
        vec![
            operation.name.as_str().into(),
            row.stand_in.as_str().into(),
            row.form.name().into(),
            row.error.into(),
            row.scaled_error.into(),
            row.of_change.into(),
            (100.0 * row.imaginary).into(),
        ]
    })
}

fn errors(of: &Figures) -> Section {
    let operations: Vec<&Operation> = of
        .operations
        .iter()
        .chain([&of.pooling.operation])
        .collect();
    let bars = operations.iter().flat_map(|operation| &operation.rows);
    let bars = bars.map(|row| Bar {
        name: row.stand_in.clone(),
        value: row.scaled_error,
        group: row.form.group(),
    });
    Section {
        heading: format!("Errors on {}", of.set),
        text: vec![],
        tables: vec![
            SectionTable {
                title: "Operations in the image and what stands for them on spectra".into(),
                columns: [
                    "operation",
                    "stand-in",
                    "form",
                    "error",
                    "up to a factor",
                    "of the change",
                    "imaginary (%)",
                ]
                .map(String::from)
                .to_vec(),
                rows: operations.iter().flat_map(|o| operation_rows(o)).collect(),
                note: format!(
                    "Error: ‖got − exact‖/‖exact‖. Up to a factor: the least error that a multiple of \
                     the result has. Of the change: ‖got − exact‖/‖exact − input‖, 1 being as far as \
                     doing nothing. Imaginary: share of the energy that lies in the imaginary part of \
                     the image and is thrown away. {} of the outputs differ when images are reversed \
                     before max-pooling and back after it.",
                    percent(of.pooling.reversed_differ)
                ),
            },
            SectionTable {
                title: "Aliases of a leaky ReLU".into(),
                columns: ["grid", "energy of aliases (%)"].map(String::from).to_vec(),
                rows: (of.aliasing.iter())
                    .map(|found| {
                        let grid = match found.factor {
                            1 => "the image's own".to_string(),
                            factor => format!("{factor} times as fine"),
                        };
                        vec![grid.into(), (100.0 * found.energy).into()]
                    })
                    .collect(),
                note:
                    "Energy of the difference to the activation of the band-limited image through \
                       the pixels, computed on a grid eight times as fine, over that one's energy."
                        .into(),
            },
        ],
        charts: vec![SectionChart {
            title: "Relative errors, logarithmic".into(),
            note:
                "Orange as published, blue repaired, black for comparison. Shorter is better; 1 is \
                   as large as the result itself."
                    .into(),
            kind: ChartKind::Bars {
                logarithmic: true,
                bars: bars.collect(),
            },
            file: None,
        }],
        strips: vec![],
    }
}

fn in_distribution(of: &Figures, extent: &Extent) -> Section {
    let spread = |row: &Spread| -> Vec<Value> {
        vec![
            row.name.as_str().into(),
            row.form.name().into(),
            row.bias.into(),
            row.deviation.into(),
            row.map_correlation.into(),
            row.neighbors.into(),
            (100.0 * row.imaginary).into(),
        ]
    };
    let chain = |row: &Chain| -> Vec<Value> {
        vec![
            row.name.as_str().into(),
            row.systematic.into(),
            row.random.into(),
            row.distance.into(),
        ]
    };
    Section {
        heading: format!("Dropout and activation as noise, on {}", of.set),
        text: vec![format!(
            "Noise and dropout are random, so they are compared in distribution: {} draws for each of \
             {} images, at the published rate of 0.4.",
            extent.draws, extent.drawn_images
        )],
        tables: vec![
            SectionTable {
                title: "Dropout and what stands for it".into(),
                columns: [
                    "step",
                    "form",
                    "bias",
                    "deviation",
                    "where: correlation",
                    "neighbors: correlation",
                    "imaginary (%)",
                ]
                .map(String::from)
                .to_vec(),
                rows: of.dropout.iter().map(spread).collect(),
                note: "Bias: distance of the mean from the input. Deviation: root of the variance of \
                       all pixels, both over the norm of the input. Where: how the variance of each \
                       pixel correlates with that of dropout, which grows with the square of the \
                       pixel. Neighbors: how the change of a pixel correlates with that of the next \
                       one; dropout changes each for itself."
                    .into(),
            },
            SectionTable {
                title: "Activation and dropout, apart and together".into(),
                columns: ["steps", "systematic", "random", "distance of a draw"]
                    .map(String::from)
                    .to_vec(),
                rows: of.chains.iter().map(chain).collect(),
                note: "Systematic: distance of the mean from that of the exact steps. Random: root of \
                       the variance. Distance: root mean square distance of one draw to a draw of the \
                       exact steps, which for those themselves is that of two of their draws. All over \
                       the norm of the exact mean."
                    .into(),
            },
        ],
        ..Section::default()
    }
}

fn symmetry(of: &Figures) -> Section {
    let leak = |row: &Leak| -> Vec<Value> {
        vec![
            row.step.as_str().into(),
            (100.0 * row.alone).into(),
            row.together.map(|share| 100.0 * share).into(),
        ]
    };
    Section {
        heading: format!("What is left of the Hermitian symmetry, on {}", of.set),
        text: vec![
            "The spectrum of a real image is Hermitian, X(−k) = conj X(k). A step that breaks this \
             makes the image complex; the published max-pooling takes the real part and throws the \
             rest away."
                .into(),
        ],
        tables: vec![
            SectionTable {
                title: "Energy in the imaginary part of the image".into(),
                columns: ["after the step", "alone (%)", "with those before (%)"]
                    .map(String::from)
                    .to_vec(),
                rows: of.leaks.iter().map(leak).collect(),
                note: "Alone: of a spectrum that was Hermitian before the step. The last three are no \
                       steps of a fresh block: weights that training moved by 1 % of their root mean \
                       square, a shift of the imaginary part that normalization learned, and the later \
                       form of the activation."
                    .into(),
            },
            SectionTable {
                title: "What each of two branches has".into(),
                columns: ["part of the spectrum", "energy (%)", "change by a move"]
                    .map(String::from)
                    .to_vec(),
                rows: vec![
                    vec![
                        "real: the even part of the image".into(),
                        (100.0 * of.branches.real).into(),
                        of.branches.real_moved.into(),
                    ],
                    vec![
                        "imaginary: its odd part".into(),
                        (100.0 * (1.0 - of.branches.real)).into(),
                        of.branches.imaginary_moved.into(),
                    ],
                ],
                note: "Of normalized images. Change: of that part, over its norm, when the image moves by \
                       one pixel; √2 is that of an unrelated one."
                    .into(),
            },
        ],
        ..Section::default()
    }
}
