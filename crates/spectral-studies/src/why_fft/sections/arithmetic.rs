//! What the transform costs, and its gradients.

use spectral_lab::report::{Line, Point, SectionChart, SectionTable, Value};

use crate::kit::Parts as Section;

use super::super::complaints::largest;
use super::super::cost::{CHANNELS, Timed};
use super::super::gradients::Operation;
use super::super::zero::NORMS;
use super::super::{Figures, MAGNITUDES};
use super::{columns, lines, square};

pub(in crate::why_fft) fn cost(of: &Figures) -> Section {
    let alone = of.timed.iter().map(|timed| -> Vec<Value> {
        let times = &timed.seconds;
        let [forward, both] = times.transform;
        let [conv_forward, conv_both] = times.convolution;
        vec![
            square(timed.size).into(),
            timed.batch.to_string().into(),
            (1e3 * forward).into(),
            (1e3 * both).into(),
            (1e3 * conv_forward).into(),
            (1e3 * conv_both).into(),
            (forward / conv_forward).into(),
            timed.of_convolution().into(),
        ]
    });
    let steps = of.timed.iter().map(|timed| -> Vec<Value> {
        let times = &timed.seconds;
        vec![
            square(timed.size).into(),
            timed.batch.to_string().into(),
            (1e3 * times.first).into(),
            (1e3 * times.spectrum_net).into(),
            (100.0 * timed.of_step()).into(),
            (1e3 * times.image_net).into(),
            timed.of_image_net().into(),
        ]
    });
    let operations = of.timed.iter().map(|timed| -> Vec<Value> {
        vec![
            square(timed.size).into(),
            (timed.transform_flops * 1e-6).into(),
            (timed.convolution_flops * 1e-6).into(),
            (timed.transform_flops / timed.convolution_flops).into(),
        ]
    });
    let line = |group: usize, name: &str, figure: &dyn Fn(&Timed) -> f64| Line {
        name: name.into(),
        group,
        dashed: false,
        points: (of.timed.iter())
            .map(|timed| Point {
                x: timed.size as f64,
                y: figure(timed),
            })
            .collect(),
    };
    Section {
        heading: "3. The cost".into(),
        text: vec![format!(
            "Medians of {} runs in turns, in one process, in f32 on the CPU. On a busy machine ratios say \
             more than times. In all networks here the transform comes first, so that its backward pass is \
             never run in training; in the first table it is.",
            of.extent.rounds
        )],
        tables: vec![
            SectionTable {
                title: format!("rfft2 of {CHANNELS} channels beside a 3×3 convolution of as many"),
                columns: columns(&[
                    "image",
                    "batch",
                    "rfft2 forward (ms)",
                    "both (ms)",
                    "conv forward (ms)",
                    "both (ms)",
                    "ratio forward",
                    "ratio both",
                ]),
                rows: alone.collect(),
                note: "Both: with the gradients of the input and, of the convolution, of the weight. \
                       Ratio: rfft2 over convolution."
                    .into(),
            },
            SectionTable {
                title: "Operations of a channel of an image, forward".into(),
                columns: columns(&["image", "rfft2 (Mflop)", "conv (Mflop)", "ratio"]),
                rows: operations.collect(),
                note: "5/2·N·log2 N for the transform of N pixels, two operations a tap for the convolution."
                    .into(),
            },
            SectionTable {
                title: "The transform as first layer of a network that learns".into(),
                columns: columns(&[
                    "image",
                    "batch",
                    "rfft2 (ms)",
                    "fft-only-repaired (ms)",
                    "share (%)",
                    "fft-cnn-small (ms)",
                    "ratio of networks",
                ]),
                rows: steps.collect(),
                note: "Networks: forward, loss and backward of a batch of images of one channel. Share: that \
                       of the transform in fft-only-repaired, whose dense layer grows with the image."
                    .into(),
            },
        ],
        charts: vec![SectionChart {
            title: "Time of rfft2 over that of a 3×3 convolution".into(),
            note: "Of equal channels. Below 1 the transform is faster. 97 is a prime.".into(),
            kind: lines(
                vec![
                    line(0, "forward", &|timed| {
                        timed.seconds.transform[0] / timed.seconds.convolution[0]
                    }),
                    line(1, "forward and backward", &Timed::of_convolution),
                ],
                "height and width",
                false,
            ),
            file: None,
        }],
        ..Section::default()
    }
}

pub(in crate::why_fft) fn gradients(of: &Figures) -> Section {
    let sizes = &of.extent.sizes;
    let errors = Operation::ALL.map(|operation| -> Vec<Value> {
        let rows = || of.exactness.iter().filter(|row| row.operation == operation);
        let at = |size: Option<&usize>| rows().find(|row| Some(&row.size) == size);
        let differences = rows().map(|row| row.by_differences).max_by(f64::total_cmp);
        vec![
            operation.name().into(),
            at(sizes.first()).map(|row| row.error).into(),
            at(sizes.last()).map(|row| row.error).into(),
            largest(of, operation).into(),
            differences.into(),
        ]
    });
    let drawn = Operation::ALL.into_iter().enumerate();
    let drawn = drawn.map(|(group, operation)| Line {
        name: operation.name().into(),
        group,
        dashed: operation == Operation::Convolution,
        points: (of.exactness.iter().filter(|row| row.operation == operation))
            .map(|row| Point {
                x: row.size as f64,
                y: row.error,
            })
            .collect(),
    });
    let steep = of.steepness.iter().map(|row| -> Vec<Value> {
        let cells = row.gradients.iter().map(|gradient| match gradient {
            Some(gradient) => Value::from(*gradient),
            None => "no number".into(),
        });
        std::iter::once(row.function.name().into())
            .chain(cells)
            .collect()
    });
    let mut heads = vec!["function".to_string()];
    heads.extend(MAGNITUDES.map(|magnitude| format!("|z| = {magnitude:e}")));
    let gains = NORMS.iter().enumerate().map(|(group, (name, _))| Line {
        name: format!("norm {name}"),
        group,
        dashed: false,
        points: (of.gains.iter().filter(|gain| gain.norm == *name))
            .map(|gain| Point {
                x: gain.size as f64,
                y: gain.transform,
            })
            .collect(),
    });
    let gain_rows = sizes.iter().map(|size| -> Vec<Value> {
        let of = |name: &str| of.gains.iter().find(|g| g.size == *size && g.norm == name);
        let cells = NORMS.iter().flat_map(|(name, _)| {
            let gain = of(name);
            [
                gain.map(|gain| gain.transform),
                gain.map(|gain| gain.inverse),
            ]
        });
        std::iter::once(square(*size).into())
            .chain(cells.map(Value::from))
            .collect()
    });
    Section {
        heading: "4. Gradients".into(),
        text: vec![
            "The transform is linear: the gradient of the image is the transposed transform of the gradient \
             of the spectrum, another transform. In single precision it is compared with transforms from \
             their definition in double precision, and with central differences of those; beside them the \
             gradient of a 3×3 convolution, tap by tap in double precision."
                .into(),
            "What can run away is looked at apart: the phase where there is little magnitude, the magnitude at \
             zero when it is written as a root, and the factor of a transform without a norm."
                .into(),
        ],
        tables: vec![
            SectionTable {
                title: "Relative error of gradients in f32".into(),
                columns: vec![
                    "through".into(),
                    format!("at {}", square(sizes.first().copied().unwrap_or(0))),
                    format!("at {}", square(sizes.last().copied().unwrap_or(0))),
                    "largest of all sizes".into(),
                    "along a direction".into(),
                ],
                rows: errors.to_vec(),
                note: "‖f32 − f64‖/‖f64‖ for random numbers, the larger one of two arguments. Along a \
                       direction: how far the slope along a random direction is from that of central \
                       differences, over the product of the lengths of gradient and direction; the largest."
                    .into(),
            },
            SectionTable {
                title: "Length of the gradient near zero".into(),
                columns: heads,
                rows: steep.collect(),
                note: "Of z = |z|·(0.6 + 0.8i), in f32, ε = 1e-6. No number: infinite or 0/0. The square of \
                       1e-30 is 0 in f32. A magnitude has a gradient of length 1 wherever it has one, a phase \
                       one of 1/|z|, which nothing bounds."
                    .into(),
            },
            SectionTable {
                title: "How much longer a gradient is behind a transform".into(),
                columns: columns(&[
                    "image",
                    "backward: rfft2",
                    "irfft2",
                    "ortho: rfft2",
                    "irfft2",
                    "forward: rfft2",
                    "irfft2",
                ]),
                rows: gain_rows.collect(),
                note: "Of random gradients. Backward has its factor 1/N on the inverse side, ortho 1/√N on \
                       both, forward 1/N on the forward side. Of the random numbers on a half-spectrum about \
                       half the energy is none of a real image's, hence √½ times the root of N."
                    .into(),
            },
        ],
        charts: vec![
            SectionChart {
                title: "Relative error of gradients by size, logarithmic".into(),
                note: "Even, odd and prime sizes. Dashed: the convolution.".into(),
                kind: lines(drawn.collect(), "height and width", true),
                file: None,
            },
            SectionChart {
                title: "Length of the gradient behind rfft2 over before, logarithmic".into(),
                note: "Flat is what training wants.".into(),
                kind: lines(gains.collect(), "height and width", true),
                file: None,
            },
        ],
        ..Section::default()
    }
}
