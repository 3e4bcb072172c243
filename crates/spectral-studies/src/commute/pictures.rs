//! One image, before and after each operation.

use spectral_lab::report::{Picture, Strip, Value};

use crate::kit::Parts as Section;

use super::super::shown::{note, one_image};
use super::Figures;
use super::measure::{Operation, Plane};

/// An image and what each operation and its stand-in make of it.
pub(super) fn pictures(of: &Figures) -> Section {
    let operations = of.operations.iter().chain([&of.pooling.operation]);
    let strips = operations.zip(&of.pictured);
    Section {
        heading: one_image(&of.set),
        text: [
            "The first channel of the first image: before the operation, after it, and what the \
             stand-ins make of it, in the gray levels of the exact result. Errors are those of the tables, over \
             all images; stand-ins of a normalization are drawn at the scale that fits best."
                .into(),
        ]
        .into_iter()
        .chain(note(&of.set))
        .collect(),
        strips: strips
            .map(|(operation, pictured)| strip(operation, &pictured.planes))
            .collect(),
        ..Section::default()
    }
}

/// The planes of an operation, with the errors of `operation`.
fn strip(operation: &Operation, planes: &[Plane]) -> Strip {
    let is_norm = operation
        .rows
        .iter()
        .any(|row| row.stand_in.starts_with("norm "));
    let [input, exact, planes @ ..] = planes else {
        return Strip::default();
    };
    let mut pictures = vec![
        gray("before", input, input, 1.0),
        gray(&operation.name, exact, exact, 1.0),
    ];
    for (row, plane) in operation.rows.iter().zip(planes) {
        let (factor, error) = match is_norm {
            true => (best_factor(&plane.values, &exact.values), row.scaled_error),
            false => (1.0, row.error),
        };
        let label = format!("{}: error {}", row.stand_in, Value::from(error).shown());
        pictures.push(gray(&label, plane, exact, factor));
    }
    Strip {
        title: operation.name.clone(),
        pictures,
        file: None,
    }
}

/// What to multiply `a` by to come nearest to `b`.
fn best_factor(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    match dot(a, a) {
        0.0 => 1.0,
        energy => dot(a, b) / energy,
    }
}

/// A plane in gray, from the least to the largest value of `scale`.
fn gray(label: &str, plane: &Plane, scale: &Plane, factor: f32) -> Picture {
    let (low, high) = (scale.values.iter()).fold((f32::MAX, f32::MIN), |(low, high), &value| {
        (low.min(value), high.max(value))
    });
    let span = (high - low).max(f32::MIN_POSITIVE);
    let byte = |value: &f32| (255.0 * ((value * factor - low) / span).clamp(0.0, 1.0)) as u8;
    Picture {
        label: label.into(),
        rows: plane.rows,
        cols: plane.cols,
        channels: 1,
        pixels: plane.values.iter().map(byte).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gray_levels_are_those_of_the_exact_result_and_others_are_cut_off() {
        let plane = |values: [f32; 4]| Plane {
            rows: 2,
            cols: 2,
            values: values.to_vec(),
        };
        let exact = plane([-1.0, 1.0, 0.0, 0.0]);
        let picture = gray("x", &plane([-2.0, 0.5, 0.0, 9.0]), &exact, 2.0);
        assert_eq!(picture.pixels, [0, 255, 127, 255]);
    }

    #[test]
    fn the_best_factor_undoes_a_scale() {
        assert_eq!(best_factor(&[2.0, -4.0], &[1.0, -2.0]), 0.5);
        assert_eq!(best_factor(&[0.0], &[1.0]), 1.0);
    }
}
