//! *Glyphs*: ten digits in simulated handwriting, 28×28 gray.
//!
//! Each image takes one of several stroke forms of its digit (`strokes`), moves the points of the
//! strokes a little, applies a random affine map (scale, shear, rotation, translation) and a smooth
//! elastic deformation, and draws the result with a pen of varying width, antialiased, with random
//! contrast and noise. Bright ink on dark background, as in MNIST.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::stream::{Purpose, Stream};
use super::strokes::{DIGITS, Form, Point, polyline};
use super::synthetic::Synthetic;

/// Height and width in pixels.
pub(crate) const SIDE: usize = 28;

/// The class names.
pub(crate) const CLASSES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// Side of the unit square of the strokes in pixels, before random scaling.
const BOX: f32 = 22.0;

/// Sinusoids in the elastic displacement field.
const WAVES: usize = 3;

/// The generator of this set.
pub(crate) fn synthetic() -> Synthetic {
    Synthetic {
        purpose: Purpose::Glyphs,
        side: SIDE,
        classes: CLASSES.len(),
        draw,
    }
}

fn draw(class: usize, stream: &mut Stream, image: &mut [u8]) {
    let forms = DIGITS[class];
    let form = forms[stream.random_range(0..forms.len())];
    let mut canvas = Canvas::default();
    write(form, stream, &mut canvas);
    develop(&canvas, stream, image);
}

fn normal(stream: &mut Stream, std: f32) -> f32 {
    let value: f32 = StandardNormal.sample(stream);
    value * std
}

/// Normal, truncated at two standard deviations, so that no digit leaves the image or turns into
/// another.
fn mild(stream: &mut Stream, std: f32) -> f32 {
    normal(stream, std).clamp(-2.0 * std, 2.0 * std)
}

/// Draws the strokes of one form, all under the same deformation.
fn write(form: Form, stream: &mut Stream, canvas: &mut Canvas) {
    let warp = Warp::sample(stream);
    let radius = stream.random_range(0.7..1.75);
    for stroke in form {
        let points = jitter(stroke, stream);
        let line: Vec<Point> = polyline(&points)
            .into_iter()
            .map(|p| warp.apply(p))
            .collect();
        let pen = Pen::sample(radius, stream);
        let steps = (line.len() - 1).max(1) as f32;
        for (i, ends) in line.windows(2).enumerate() {
            let at = |i: usize| pen.radius(i as f32 / steps);
            canvas.segment([ends[0], ends[1]], [at(i), at(i + 1)]);
        }
    }
}

/// The points of a stroke, each moved a little; a corner's two equal points stay equal.
fn jitter(stroke: &[Point], stream: &mut Stream) -> Vec<Point> {
    let mut moved: Vec<Point> = Vec::with_capacity(stroke.len());
    for (i, point) in stroke.iter().enumerate() {
        if i > 0 && stroke[i - 1] == *point {
            moved.push(moved[i - 1]);
        } else {
            moved.push(point.map(|c| c + mild(stream, 0.018)));
        }
    }
    moved
}

/// Unit square to pixels: elastic deformation, then an affine map.
struct Warp {
    waves: [Wave; WAVES],
    matrix: [[f32; 2]; 2],
    center: Point,
}

/// A sinusoidal displacement.
struct Wave {
    frequency: Point,
    phase: f32,
    amplitude: Point,
}

impl Warp {
    fn sample(stream: &mut Stream) -> Self {
        let waves = std::array::from_fn(|_| Wave {
            frequency: [0, 1].map(|_| stream.random_range(-1.0..1.0)),
            phase: stream.random_range(0.0..std::f32::consts::TAU),
            amplitude: [0, 1].map(|_| mild(stream, 0.03)),
        });
        let (sin, cos) = mild(stream, 0.16).sin_cos();
        let shear = mild(stream, 0.18);
        let size = BOX * stream.random_range(0.78..1.06);
        let (sx, sy) = (size * stream.random_range(0.78..1.12), size);
        // Rotation · shear · scale.
        let matrix = [
            [cos * sx, (-cos * shear - sin) * sy],
            [sin * sx, (cos - sin * shear) * sy],
        ];
        let middle = (SIDE as f32 - 1.0) / 2.0;
        let center = [0, 1].map(|_| middle + mild(stream, 1.1));
        Self {
            waves,
            matrix,
            center,
        }
    }

    fn apply(&self, point: Point) -> Point {
        let [mut x, mut y] = point.map(|c| c - 0.5);
        for wave in &self.waves {
            let turns = wave.frequency[0] * point[0] + wave.frequency[1] * point[1];
            let height = (std::f32::consts::TAU * turns + wave.phase).sin();
            x += wave.amplitude[0] * height;
            y += wave.amplitude[1] * height;
        }
        [0, 1].map(|row| self.center[row] + self.matrix[row][0] * x + self.matrix[row][1] * y)
    }
}

/// A pen whose pressure varies along a stroke.
struct Pen {
    radius: f32,
    swell: f32,
    phase: f32,
}

impl Pen {
    fn sample(radius: f32, stream: &mut Stream) -> Self {
        Self {
            radius,
            swell: stream.random_range(0.0..0.28),
            phase: stream.random_range(0.0..std::f32::consts::TAU),
        }
    }

    /// Half the line width in pixels at position `along` of the stroke, 0 to 1.
    fn radius(&self, along: f32) -> f32 {
        let angle = 1.5 * std::f32::consts::PI * along + self.phase;
        self.radius * (1.0 + self.swell * angle.sin())
    }
}

/// How far each pixel center is inside the ink, in pixels; negative outside.
struct Canvas {
    depth: [f32; SIDE * SIDE],
}

impl Default for Canvas {
    fn default() -> Self {
        Self {
            depth: [f32::NEG_INFINITY; SIDE * SIDE],
        }
    }
}

impl Canvas {
    /// Draws a straight segment with the given half widths at its ends.
    fn segment(&mut self, ends: [Point; 2], radii: [f32; 2]) {
        let [a, b] = ends;
        let along = [b[0] - a[0], b[1] - a[1]];
        let length2 = along[0] * along[0] + along[1] * along[1];
        // Ink fades over one pixel, so nothing is drawn beyond the half width plus one.
        let reach = radii[0].max(radii[1]) + 1.0;
        let range = |axis: usize| {
            let low = (a[axis].min(b[axis]) - reach).ceil().max(0.0) as usize;
            let high = (a[axis].max(b[axis]) + reach).floor() + 1.0;
            low..(high.max(0.0) as usize).min(SIDE)
        };
        for y in range(1) {
            for x in range(0) {
                let offset = [x as f32 - a[0], y as f32 - a[1]];
                let dot = offset[0] * along[0] + offset[1] * along[1];
                let t = if length2 > 0.0 {
                    (dot / length2).clamp(0.0, 1.0)
                } else {
                    0.0
                };
                let gap = (offset[0] - t * along[0]).hypot(offset[1] - t * along[1]);
                let inside = radii[0] + t * (radii[1] - radii[0]) - gap;
                let depth = &mut self.depth[y * SIDE + x];
                *depth = depth.max(inside);
            }
        }
    }
}

/// Ink to bytes: antialiasing, contrast, noise.
fn develop(canvas: &Canvas, stream: &mut Stream, image: &mut [u8]) {
    let paper: f32 = stream.random_range(0.0..0.15);
    let ink: f32 = stream.random_range(0.65..1.0);
    let noise: f32 = stream.random_range(0.01..0.08);
    let softness: f32 = stream.random_range(1.0..1.8);
    for (pixel, depth) in image.iter_mut().zip(&canvas.depth) {
        let coverage = (depth / softness + 0.5).clamp(0.0, 1.0);
        let value = paper + (ink - paper) * coverage + normal(stream, noise);
        *pixel = (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::stream::Part;

    #[test]
    fn a_line_of_known_width_covers_its_area() {
        let mut canvas = Canvas::default();
        canvas.segment([[5.0, 10.3], [21.0, 10.3]], [2.0, 2.0]);
        let covered: f32 = canvas.depth.iter().map(|d| (d + 0.5).clamp(0.0, 1.0)).sum();
        // A 16 by 4 rectangle and two half discs of radius 2.
        let area = 64.0 + std::f32::consts::PI * 4.0;
        assert!((covered - area).abs() / area < 0.02, "{covered} {area}");
    }

    #[test]
    fn digits_stay_inside_the_picture() {
        let images = synthetic().generate(11, Part::Train, 500).unwrap();
        for i in 0..images.len() {
            let image = images.image(i);
            let total: u64 = image.iter().map(|&p| u64::from(p)).sum();
            let border: u64 = (0..SIDE)
                .flat_map(|k| [k, (SIDE - 1) * SIDE + k, k * SIDE, k * SIDE + SIDE - 1])
                .map(|at| u64::from(image[at]))
                .sum();
            assert!(border * 4 < total, "image {i}: border {border} of {total}");
        }
    }

    #[test]
    fn every_image_shows_ink_on_paper() {
        let images = synthetic().generate(12, Part::Test, 500).unwrap();
        for i in 0..images.len() {
            let mut sorted = images.image(i).to_vec();
            sorted.sort_unstable();
            let (paper, ink) = (sorted[SIDE * SIDE / 2], sorted[SIDE * SIDE * 97 / 100]);
            assert!(ink > paper.saturating_add(70), "image {i}: {paper} {ink}");
        }
    }
}
