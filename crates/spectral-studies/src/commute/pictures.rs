//! One image, before and after each operation.

use spectral_lab::report::{Picture, Value};

use super::measure::{Operation, Plane};

/// The planes of an operation, with the errors of `operation`.
pub(super) fn pictures(operation: &Operation, planes: &[Plane]) -> Vec<Picture> {
    let is_norm = operation
        .rows
        .iter()
        .any(|row| row.stand_in.starts_with("norm "));
    let [input, exact, planes @ ..] = planes else {
        return Vec::new();
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
    pictures
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
