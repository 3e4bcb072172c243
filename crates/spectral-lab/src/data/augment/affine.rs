//! Affine resampling: rotation, shift and mirroring in one bilinear pass.

use serde::{Deserialize, Serialize};

/// Padding outside the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fill {
    /// The nearest pixel of the border.
    #[default]
    Nearest,
    /// Black.
    Zero,
}

/// The source point (row, column) of a pixel of the result: `matrix · (row, column) + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Affine {
    matrix: [[f64; 2]; 2],
    offset: [f64; 2],
}

impl Affine {
    /// About the center c: the pixel p of the result comes from `R·(F·(p − c) + shift) + c`, with R
    /// the rotation by `angle` degrees (clockwise as seen) and F the flip, as in Keras's image
    /// generator.
    pub(super) fn new(angle: f64, shift: [f64; 2], flip: [bool; 2], size: [usize; 2]) -> Self {
        let (sin, cos) = angle.to_radians().sin_cos();
        let mirrored = flip.map(|flip| if flip { -1.0 } else { 1.0 });
        let center = size.map(|side| (side as f64 - 1.0) / 2.0);
        let rotation = [[cos, -sin], [sin, cos]];
        let matrix = rotation.map(|row| [row[0] * mirrored[0], row[1] * mirrored[1]]);
        let offset = [0, 1].map(|axis| {
            let turned = rotation[axis][0] * shift[0] + rotation[axis][1] * shift[1];
            let old = matrix[axis][0] * center[0] + matrix[axis][1] * center[1];
            turned + center[axis] - old
        });
        Self { matrix, offset }
    }
}

/// Resamples images of one size.
pub(super) struct Resampler {
    size: [usize; 2],
    fill: Fill,
    /// The taps of one row of the result.
    row: Vec<Tap>,
    /// The source as floats, so that each pixel is converted once and not once per tap.
    source: Vec<f32>,
}

/// The source of a pixel of the result.
#[derive(Clone, Copy, Default)]
struct Tap {
    /// The upper left of the four source pixels.
    index: u32,
    /// Weight of the two right ones.
    right: f32,
    /// Weight of the two lower ones.
    lower: f32,
    /// Share of the four pixels inside the image.
    inside: f32,
}

impl Resampler {
    pub(super) fn new(height: usize, width: usize, fill: Fill) -> Self {
        Self {
            size: [height, width],
            fill,
            row: vec![Tap::default(); width],
            source: Vec::new(),
        }
    }

    /// Writes the resampled planes, with values 0 to 255. `planes` and `out` are `[channels,
    /// height, width]`.
    pub(super) fn resample(&mut self, planes: &[u8], affine: &Affine, out: &mut [f32]) {
        let [height, width] = self.size;
        let area = height * width;
        self.source.clear();
        self.source.extend(planes.iter().map(|&p| f32::from(p)));
        for row in 0..height {
            self.locate(row, affine);
            for (plane, out) in self
                .source
                .chunks_exact(area)
                .zip(out.chunks_exact_mut(area))
            {
                self.sample(plane, &mut out[row * width..(row + 1) * width]);
            }
        }
    }

    /// Finds the taps of one row of the result.
    fn locate(&mut self, row: usize, affine: &Affine) {
        let [height, width] = self.size;
        let [from_y, from_x] =
            [0, 1].map(|axis| (affine.matrix[axis][0] * row as f64 + affine.offset[axis]) as f32);
        let [step_y, step_x] = [0, 1].map(|axis| affine.matrix[axis][1] as f32);
        let (last_y, last_x) = ((height - 1) as f32, (width - 1) as f32);
        // The upper left pixel of the four is never the last one, unless it is the only one.
        let (high_y, high_x) = (
            height.saturating_sub(2) as i32,
            width.saturating_sub(2) as i32,
        );
        let zero = self.fill == Fill::Zero;
        for (column, tap) in self.row.iter_mut().enumerate() {
            let y = from_y + step_y * column as f32;
            let x = from_x + step_x * column as f32;
            let (near_y, near_x) = (y.clamp(0.0, last_y), x.clamp(0.0, last_x));
            let (top, left) = ((near_y as i32).min(high_y), (near_x as i32).min(high_x));
            tap.index = (top * width as i32 + left) as u32;
            tap.lower = near_y - top as f32;
            tap.right = near_x - left as f32;
            // Between the border and the first pixel outside, which is black, values fall linearly.
            let share = |distance: f32| (1.0 - distance.abs()).max(0.0);
            tap.inside = if zero {
                share(y - near_y) * share(x - near_x)
            } else {
                1.0
            };
        }
    }

    /// Fills one row of a plane of the result.
    fn sample(&self, plane: &[f32], out: &mut [f32]) {
        let [height, width] = self.size;
        let right = usize::from(width > 1);
        let lower = if height > 1 { width } else { 0 };
        for (value, tap) in out.iter_mut().zip(&self.row) {
            let at = tap.index as usize;
            let near = &plane[at..=at + lower + right];
            let (a, b) = (near[0], near[right]);
            let (c, d) = (near[lower], near[lower + right]);
            let upper = a + tap.right * (b - a);
            let under = c + tap.right * (d - c);
            *value = (upper + tap.lower * (under - upper)) * tap.inside;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [bool; 2] = [false, false];

    fn resample(pixels: &[u8], size: [usize; 2], affine: Affine, fill: Fill) -> Vec<f32> {
        let mut out = vec![f32::NAN; pixels.len()];
        Resampler::new(size[0], size[1], fill).resample(pixels, &affine, &mut out);
        out
    }

    fn ramp(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i * 37 % 251) as u8).collect()
    }

    /// The definition in f64, with each outside pixel looked up by itself.
    fn naive(pixels: &[u8], [h, w]: [usize; 2], affine: &Affine, fill: Fill) -> Vec<f64> {
        let pixel = |row: f64, column: f64| {
            let (r, c) = (row as i64, column as i64);
            let (rows, columns) = (0..h as i64, 0..w as i64);
            if fill == Fill::Zero && !(rows.contains(&r) && columns.contains(&c)) {
                return 0.0;
            }
            let (r, c) = (r.clamp(0, h as i64 - 1), c.clamp(0, w as i64 - 1));
            f64::from(pixels[(r * w as i64 + c) as usize])
        };
        (0..h * w)
            .map(|at| {
                let p = [(at / w) as f64, (at % w) as f64];
                let [y, x] = [0, 1].map(|axis| {
                    let row = affine.matrix[axis];
                    row[0] * p[0] + row[1] * p[1] + affine.offset[axis]
                });
                let (fy, fx) = (y - y.floor(), x - x.floor());
                let (top, left) = (y.floor(), x.floor());
                (1.0 - fy) * (1.0 - fx) * pixel(top, left)
                    + (1.0 - fy) * fx * pixel(top, left + 1.0)
                    + fy * (1.0 - fx) * pixel(top + 1.0, left)
                    + fy * fx * pixel(top + 1.0, left + 1.0)
            })
            .collect()
    }

    #[test]
    fn nothing_changes_nothing() {
        for size in [[1, 1], [1, 5], [5, 1], [4, 7]] {
            let pixels = ramp(2 * size[0] * size[1]);
            let out = resample(
                &pixels,
                size,
                Affine::new(0.0, [0.0; 2], NONE, size),
                Fill::Zero,
            );
            assert!(out.iter().zip(&pixels).all(|(o, p)| *o == f32::from(*p)));
        }
    }

    #[test]
    fn mirrored_images_are_mirrored_exactly() {
        let size = [3, 4];
        let pixels = ramp(12);
        for (flip, from) in [
            ([true, false], [2usize, 0]),
            ([false, true], [0, 3]),
            ([true, true], [2, 3]),
        ] {
            let out = resample(
                &pixels,
                size,
                Affine::new(0.0, [0.0; 2], flip, size),
                Fill::Nearest,
            );
            for (at, value) in out.iter().enumerate() {
                let (row, column) = (at / 4, at % 4);
                let source = [row, column]
                    .iter()
                    .zip(flip)
                    .zip(from)
                    .map(|((p, flip), last)| if flip { last - p } else { *p })
                    .fold(0, |index, p| index * 4 + p);
                assert_eq!(*value, f32::from(pixels[source]), "{flip:?} {row} {column}");
            }
        }
    }

    #[test]
    fn whole_shifts_are_exact_and_filled_as_asked() {
        let pixels = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        let shifted = |fill| {
            let affine = Affine::new(0.0, [1.0, -1.0], NONE, [3, 3]);
            resample(&pixels, [3, 3], affine, fill)
        };
        assert_eq!(
            shifted(Fill::Nearest),
            [4.0, 4.0, 5.0, 7.0, 7.0, 8.0, 7.0, 7.0, 8.0]
        );
        assert_eq!(
            shifted(Fill::Zero),
            [0.0, 4.0, 5.0, 0.0, 7.0, 8.0, 0.0, 0.0, 0.0]
        );
    }

    #[test]
    fn a_quarter_turn_is_that_worked_by_hand() {
        let pixels = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        let turned = |angle| {
            let affine = Affine::new(angle, [0.0; 2], NONE, [3, 3]);
            resample(&pixels, [3, 3], affine, Fill::Nearest)
        };
        let clockwise = [7.0, 4.0, 1.0, 8.0, 5.0, 2.0, 9.0, 6.0, 3.0];
        let back = [3.0, 6.0, 9.0, 2.0, 5.0, 8.0, 1.0, 4.0, 7.0];
        for (angle, expected) in [(90.0, clockwise), (-90.0, back)] {
            for (value, expected) in turned(angle).into_iter().zip(expected) {
                assert!((value - expected).abs() < 1e-5, "{value} {expected}");
            }
        }
    }

    #[test]
    fn any_map_is_the_bilinear_formula() {
        for size in [[7, 5], [1, 6], [6, 1], [2, 2]] {
            let pixels = ramp(size[0] * size[1]);
            for (angle, shift, flip) in [
                (20.0, [1.3, -0.4], [false, true]),
                (-133.0, [0.25, 2.5], [true, false]),
                (0.0, [-0.75, 9.0], [false, false]),
            ] {
                let affine = Affine::new(angle, shift, flip, size);
                for fill in [Fill::Nearest, Fill::Zero] {
                    let out = resample(&pixels, size, affine, fill);
                    let expected = naive(&pixels, size, &affine, fill);
                    for (value, expected) in out.into_iter().zip(expected) {
                        let close = (f64::from(value) - expected).abs() < 1e-3;
                        assert!(close, "{size:?} {angle} {fill:?}: {value} {expected}");
                    }
                }
            }
        }
    }
}
