//! The random augmentation of one image in one epoch.

use rand::RngExt;

use super::Augment;
use super::affine::Affine;
use super::color::Color;
use crate::data::stream::{Purpose, stream};

/// The random parameters of one image.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Draw {
    /// Degrees.
    angle: f64,
    /// Shares of height and width.
    shift: [f64; 2],
    /// Whole pixels down and right.
    crop: [i64; 2],
    /// Vertical and horizontal flips.
    flip: [bool; 2],
    /// The color change.
    pub(super) color: Color,
}

impl Draw {
    /// Draws every number, whether needed or not, so that one setting does not affect the others.
    pub(super) fn of(augment: &Augment, seed: u64, epoch: u64, index: u32) -> Self {
        let mut stream = stream(seed, Purpose::Augment, epoch << 32 | u64::from(index));
        let mut within = |most: f64| most * stream.random_range(-1.0..1.0);
        let angle = within(augment.rotation);
        let shift = [within(augment.shift_height), within(augment.shift_width)];
        // Uniform over the 2·padding + 1 integers.
        let padding = augment.crop_padding as f64;
        let crop = [0; 2].map(|_| {
            let at = within(padding + 0.5).round();
            at.clamp(-padding, padding) as i64
        });
        let flip = [augment.flip_vertical, augment.flip_horizontal].map(|may| {
            let heads = within(1.0) < 0.0;
            may && heads
        });
        let color = Color {
            hue: within(augment.hue) as f32,
            saturation: 1.0 + within(augment.saturation) as f32,
            brightness: within(augment.brightness) as f32,
            contrast: 1.0 + within(augment.contrast) as f32,
        };
        Self {
            angle,
            shift,
            crop,
            flip,
            color,
        }
    }

    /// The source of each pixel of the result.
    pub(super) fn affine(&self, height: usize, width: usize) -> Affine {
        let shift = [
            self.shift[0] * height as f64 + self.crop[0] as f64,
            self.shift[1] * width as f64 + self.crop[1] as f64,
        ];
        Affine::new(self.angle, shift, self.flip, [height, width])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Augment {
        Augment {
            rotation: 30.0,
            shift_height: 0.5,
            shift_width: 0.25,
            flip_horizontal: true,
            flip_vertical: true,
            crop_padding: 2,
            hue: 0.1,
            saturation: 0.2,
            brightness: 0.3,
            contrast: 0.4,
            ..Augment::default()
        }
    }

    #[test]
    fn a_draw_depends_on_seed_epoch_and_image_alone() {
        let draw = Draw::of(&all(), 1, 2, 3);
        assert_eq!(draw, Draw::of(&all(), 1, 2, 3));
        for other in [(2, 2, 3), (1, 3, 3), (1, 2, 4), (1, 3, 2)] {
            assert_ne!(draw, Draw::of(&all(), other.0, other.1, other.2));
        }
    }

    #[test]
    fn one_setting_leaves_the_draws_of_others_alone() {
        let still = Augment {
            rotation: 0.0,
            flip_vertical: false,
            ..all()
        };
        let (with, without) = (Draw::of(&all(), 1, 2, 3), Draw::of(&still, 1, 2, 3));
        assert_eq!(without.angle, 0.0);
        assert_eq!((with.shift, with.crop), (without.shift, without.crop));
        assert_eq!(with.color, without.color);
    }

    #[test]
    fn every_range_is_used_evenly_and_never_left() {
        let draws: Vec<Draw> = (0..5000).map(|i| Draw::of(&all(), 7, 1, i)).collect();
        let check = |most: f64, value: &dyn Fn(&Draw) -> f64| {
            let values: Vec<f64> = draws.iter().map(value).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            // The standard error of a uniform mean is most/sqrt(3·5000) = 0.0082·most.
            assert!(mean.abs() < 0.04 * most, "mean {mean} of ±{most}");
            let largest = values.iter().fold(0.0, |l: f64, v| l.max(v.abs()));
            assert!(
                largest <= most * 1.000_001 && largest > 0.99 * most,
                "{largest}"
            );
        };
        check(30.0, &|d| d.angle);
        check(0.5, &|d| d.shift[0]);
        check(0.25, &|d| d.shift[1]);
        check(0.1, &|d| d.color.hue.into());
        check(0.2, &|d| f64::from(d.color.saturation) - 1.0);
        check(0.3, &|d| d.color.brightness.into());
        check(0.4, &|d| f64::from(d.color.contrast) - 1.0);
        for axis in 0..2 {
            for at in -2..=2 {
                let count = draws.iter().filter(|d| d.crop[axis] == at).count();
                // 1000 expected, standard deviation 28.
                assert!(count.abs_diff(1000) < 150, "{count} at {at}");
            }
            let flips = draws.iter().filter(|d| d.flip[axis]).count();
            assert!(flips.abs_diff(2500) < 180, "{flips}");
        }
    }
}
