//! Landscapes drawn by this program, to be shown where photographs may not be.

use std::f64::consts::TAU;

use spectral_lab::data::Images;

/// Samples of a pixel along each side.
const SAMPLES: usize = 4;

/// So many landscapes of `[height, width]`, in color, all different; each point is a color in
/// closed form, averaged over each pixel, so that a scene has the same detail at every size.
pub(crate) fn scenes(count: usize, [height, width]: [usize; 2]) -> Images {
    let mut pixels = Vec::with_capacity(count * 3 * height * width);
    for number in 0..count {
        let scene = Scene::new(number);
        let mut planes = [const { Vec::new() }; 3];
        for row in 0..height {
            for column in 0..width {
                let color = scene.pixel([row, column], [height, width]);
                for (plane, value) in planes.iter_mut().zip(color) {
                    plane.push((255.0 * value.clamp(0.0, 1.0)).round() as u8);
                }
            }
        }
        planes.iter().for_each(|plane| pixels.extend(plane));
    }
    Images {
        pixels,
        channels: 3,
        height,
        width,
        labels: vec![0; count],
    }
}

/// Where things stand in a landscape: shares of its height and width, from the top left corner.
struct Scene {
    hills: f64,
    sun: [f64; 2],
    house: [f64; 2],
    tree: [f64; 2],
}

impl Scene {
    fn new(number: usize) -> Self {
        // Multiples of an irrational number modulo one are spread evenly.
        let draw = |salt: f64| (number as f64 * 0.618_034 + salt).fract();
        let is_left = number.is_multiple_of(2);
        let [house, tree] = if is_left { [0.12, 0.74] } else { [0.56, 0.26] };
        Self {
            hills: TAU * draw(0.1),
            sun: [0.12 + 0.1 * draw(0.3), 0.15 + 0.7 * draw(0.5)],
            house: [0.45 + 0.06 * draw(0.2), house],
            tree: [0.42 + 0.1 * draw(0.7), tree],
        }
    }

    /// The mean color of a pixel.
    fn pixel(&self, at: [usize; 2], size: [usize; 2]) -> [f64; 3] {
        let mut sum = [0.0; 3];
        for sample in 0..SAMPLES * SAMPLES {
            let within = [sample / SAMPLES, sample % SAMPLES];
            let [y, x] = [0, 1].map(|axis| {
                let within = (within[axis] as f64 + 0.5) / SAMPLES as f64;
                (at[axis] as f64 + within) / size[axis] as f64
            });
            for (sum, value) in sum.iter_mut().zip(self.color(y, x)) {
                *sum += value / (SAMPLES * SAMPLES) as f64;
            }
        }
        sum
    }

    fn color(&self, y: f64, x: f64) -> [f64; 3] {
        // What is nearest comes first.
        (self.fence(y, x))
            .or_else(|| self.house(y, x))
            .or_else(|| self.tree(y, x))
            .unwrap_or_else(|| self.land(y, x))
    }

    /// Posts that come closer together towards the right, and two rails.
    fn fence(&self, y: f64, x: f64) -> Option<[f64; 3]> {
        let is_post = (TAU * (6.0 * x + 9.0 * x * x)).sin() > 0.3;
        let is_rail = (y - 0.84).abs() < 0.012 || (y - 0.91).abs() < 0.012;
        let is_there = (0.8..0.95).contains(&y) && (is_post || is_rail);
        is_there.then_some([0.93, 0.91, 0.86])
    }

    fn house(&self, y: f64, x: f64) -> Option<[f64; 3]> {
        let [down, right] = [y - self.house[0], x - self.house[1]];
        let is_roof = (-0.14..0.0).contains(&down) && (right - 0.16).abs() < 0.22 + 1.3 * down;
        let is_wall = (0.0..0.26).contains(&down) && (0.0..0.32).contains(&right);
        let is_door = down > 0.1 && (0.05..0.12).contains(&right);
        let is_window = (0.06..0.16).contains(&down) && (0.18..0.28).contains(&right);
        let is_bar = (down - 0.11).abs() < 0.008 || (right - 0.23).abs() < 0.008;
        match (is_roof, is_wall) {
            (true, _) => Some([0.62, 0.2, 0.14]),
            (_, true) if is_door => Some([0.3, 0.18, 0.1]),
            (_, true) if is_window && !is_bar => Some([0.2, 0.3, 0.42]),
            (_, true) => Some([0.9, 0.8, 0.62]),
            _ => None,
        }
    }

    fn tree(&self, y: f64, x: f64) -> Option<[f64; 3]> {
        let [down, right] = [y - self.tree[0], x - self.tree[1]];
        let radius = 0.15 + 0.012 * (7.0 * down.atan2(right)).sin();
        if down.hypot(right) < radius {
            let leaves = 0.08 * (90.0 * x).sin() * (80.0 * y).sin();
            return Some([0.12 + leaves, 0.36 + leaves, 0.14]);
        }
        let is_trunk = (0.0..0.34).contains(&down) && right.abs() < 0.022;
        is_trunk.then_some([0.34, 0.22, 0.12])
    }

    fn land(&self, y: f64, x: f64) -> [f64; 3] {
        let meadow = 0.66 + 0.03 * (TAU * x + self.hills).cos();
        let hills = 0.5 + 0.08 * (1.4 * TAU * x + self.hills).sin();
        if y > meadow {
            // Furrows, narrower the further away.
            let furrow = 0.07 * (9.0 / (y - meadow + 0.12)).sin();
            return [0.42 + furrow, 0.62 + furrow, 0.22];
        }
        if y > hills {
            return [0.3, 0.46, 0.44];
        }
        if (y - self.sun[0]).hypot(x - self.sun[1]) < 0.08 {
            return [1.0, 0.9, 0.45];
        }
        let low = y / hills;
        [0.36 + 0.45 * low, 0.58 + 0.28 * low, 0.86 + 0.04 * low]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenes_differ_and_have_the_size_and_the_colors_asked_for() {
        let scenes = scenes(3, [20, 30]);
        assert_eq!((scenes.shape(), scenes.len()), ([3, 20, 30], 3));
        assert_eq!(scenes.pixels.len(), 3 * 3 * 20 * 30);
        assert_ne!(scenes.image(0), scenes.image(1));
        let image = scenes.image(0);
        let [red, rest] = [&image[..600], &image[600..]];
        assert!(red != &rest[..600] && red != &rest[600..]);
    }

    #[test]
    fn a_scene_is_the_same_at_every_size() {
        let mean = |images: &Images| {
            let sum: u64 = images.pixels.iter().map(|&byte| u64::from(byte)).sum();
            sum as f64 / images.pixels.len() as f64
        };
        let (small, large) = (scenes(1, [32, 32]), scenes(1, [96, 96]));
        assert!((mean(&small) - mean(&large)).abs() < 1.0);
        // A pixel of the small one is the mean of nine of the large one, but for the sampling.
        let block = |row: usize, column: usize| {
            let places = (0..9).map(|at| (3 * row + at / 3) * 96 + 3 * column + at % 3);
            places.map(|at| f64::from(large.pixels[at])).sum::<f64>() / 9.0
        };
        let apart = (0..32 * 32).map(|at| {
            let got = f64::from(small.pixels[at]);
            (got - block(at / 32, at % 32)).abs()
        });
        assert!(apart.sum::<f64>() / (32.0 * 32.0) < 4.0);
    }
}
