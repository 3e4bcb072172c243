//! What becomes of images: the phase, and locality.

use spectral_lab::report::{Line, Point, SectionChart, SectionTable, Strip, Value};

use crate::kit::Parts as Section;

use super::super::super::comparison::percent;
use super::super::{Figures, LOCAL};
use super::{columns, lines, share};

/// Networks whose accuracy on moved images is drawn.
const MOVED: [&str; 6] = [
    "fft-cnn-small",
    "fft-local",
    "fft-gate-repaired",
    "fft-only-repaired",
    "fft-magnitude-repaired",
    "fft-magnitude",
];

pub(in crate::why_fft) fn phase(of: &Figures) -> Section {
    let images = of.exchanged.first().and_then(|model| model.seeds.first());
    let images = images.map_or(0, |found| found.images);
    let exchanged = of.exchanged.iter().map(|model| -> Vec<Value> {
        vec![
            model.model.as_str().into(),
            share(model, |found| found.whole),
            share(model, |found| found.as_phase),
            share(model, |found| found.as_magnitude),
            share(model, |found| found.phase_alone),
            share(model, |found| found.magnitude_alone),
        ]
    });
    let kept = &of.kept;
    let kept = [
        ("rfft2 and back", kept.round_trip),
        ("magnitude and phase, and back", kept.polar_round_trip),
        (
            "real and imaginary part of a moved image",
            kept.spectrum_moved,
        ),
        ("magnitude of a moved image", kept.magnitude_moved),
    ];
    let shifts = &of.extent.shifts;
    let moved = of.shifted.iter().map(|model| -> Vec<Value> {
        let shares = (0..shifts.len()).map(|at| percent(model.mean(|shares| shares[at])).into());
        std::iter::once(model.model.as_str().into())
            .chain(shares)
            .collect()
    });
    let mut heads = vec!["network".to_string()];
    heads.extend(shifts.iter().map(|shift| format!("{shift} px")));
    let drawn = MOVED.iter().enumerate().filter_map(|(group, name)| {
        let model = of.shifted.iter().find(|model| model.model == *name)?;
        Some(Line {
            name: (*name).into(),
            group,
            dashed: false,
            points: (shifts.iter().enumerate())
                .map(|(at, shift)| Point {
                    x: *shift as f64,
                    y: 100.0 * model.mean(|shares| shares[at]),
                })
                .collect(),
        })
    });
    Section {
        heading: "2. The phase".into(),
        text: vec![
            "A complex transform loses nothing. What is lost is lost by what comes behind it: a real head \
             keeps the real part, a magnitude drops the phase. What either part is worth to a network \
             that was trained on whole images is told by images of the phase of one and the magnitude of \
             another, as Oppenheim and Lim showed them in 1981 for images and speech."
                .into(),
        ],
        tables: vec![
            SectionTable {
                title: "What is kept and what moves".into(),
                columns: columns(&["of test images", "relative difference"]),
                rows: kept
                    .map(|(name, error)| vec![name.into(), error.into()])
                    .to_vec(),
                note: "Euclidean norms, all images together. Moved: circularly, by a quarter of both sides."
                    .into(),
            },
            SectionTable {
                title: "Images taken apart: what networks name them (%)".into(),
                columns: columns(&[
                    "network",
                    "whole",
                    "mixed: as its phase",
                    "mixed: as its magnitude",
                    "phase, mean magnitude",
                    "magnitude, no phase",
                ]),
                rows: exchanged.collect(),
                note: format!(
                    "{images} test images, ± standard deviation over the seeds. Mixed: the phase of one \
                     image, the magnitude of the next one of another class; named as the image of the phase \
                     or as that of the magnitude. The last two columns: classified correctly by one part alone. No \
                     network was trained on such images. With ten classes chance is 10 %."
                ),
            },
            SectionTable {
                title: "Images moved circularly: classified correctly (%)".into(),
                columns: heads,
                rows: moved.collect(),
                note: "Down and to the right by so many pixels; means over the seeds. The magnitude does not \
                       move with the image (first table)."
                    .into(),
            },
        ],
        charts: vec![SectionChart {
            title: "Classified correctly (%) by the shift".into(),
            note: "Means over the seeds; flat is indifferent to where the image is.".into(),
            kind: lines(drawn.collect(), "pixels moved", false),
            file: None,
        }],
        strips: (of.pictures.iter().zip(1..))
            .map(|(pictures, number)| Strip {
                title: format!(
                    "Exchange {number}: each picture stretched to all gray levels; without phase, the corner is \
                     in the middle"
                ),
                pictures: pictures.clone(),
                file: None,
            })
            .collect(),
    }
}

pub(in crate::why_fft) fn locality(of: &Figures) -> Section {
    let reach = of.reaches.iter().map(|reach| -> Vec<Value> {
        vec![
            reach.map.as_str().into(),
            reach.outputs.to_string().into(),
            reach.by_pixel.into(),
            (100.0 * reach.by_pixel / reach.outputs.max(1) as f64).into(),
            reach.of_output.into(),
            (100.0 * reach.of_output / reach.pixels.max(1) as f64).into(),
        ]
    });
    let accuracy = |name: &str| {
        of.compared
            .find(name)
            .map(|model| model.mean(|run| run.accuracy))
    };
    let kernels = of.kernels.iter().map(|model| -> Vec<Value> {
        vec![
            model.model.as_str().into(),
            model.mean(|kernels| kernels.radius).into(),
            (100.0 * model.mean(|kernels| kernels.within_three)).into(),
            (100.0 * model.mean(|kernels| kernels.within_nine)).into(),
            accuracy(&model.model)
                .map(|accuracy| 100.0 * accuracy)
                .into(),
        ]
    });
    let strips = of.kernels.iter().filter_map(|model| {
        let first = model.seeds.first()?;
        Some(Strip {
            title: format!(
                "{}: the first kernels, red above zero, blue below",
                model.model
            ),
            pictures: first.pictures.clone(),
            file: None,
        })
    });
    Section {
        heading: "5. Locality".into(),
        text: vec![format!(
            "Every frequency is a sum over all pixels, and a pixel is in every frequency. That ends where \
             filters lead back to the image, or where the transform is one of patches. How far the filters \
             of {} reach after training:",
            LOCAL.join(", ")
        )],
        tables: vec![
            SectionTable {
                title: "What depends on what".into(),
                columns: columns(&[
                    "map",
                    "outputs",
                    "changed by a pixel",
                    "(%)",
                    "pixels of an output",
                    "(%)",
                ]),
                rows: reach.collect(),
                note: "Means over pixels and over outputs; counted by showing every pixel alone. Patches \
                       overlap by half and are windowed, so that a pixel is in several and their edges in none."
                    .into(),
            },
            SectionTable {
                title: "Kernels of the first layer after training".into(),
                columns: columns(&[
                    "network",
                    "energy radius (px)",
                    "within 3×3 (%)",
                    "within 9×9 (%)",
                    "accuracy (%)",
                ]),
                rows: kernels.collect(),
                note: "Root mean square distance of a kernel's energy from its pixel (of a patch: from its \
                       middle), and shares of the energy; all kernels together, means over the seeds. A gate \
                       a frequency begins at ½ everywhere, a kernel of one pixel, and a kernel spread evenly \
                       over 28×28 would have a radius of 11.4."
                    .into(),
            },
        ],
        strips: strips.collect(),
        ..Section::default()
    }
}
