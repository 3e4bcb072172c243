//! Hue, saturation, brightness and contrast.

/// A color change; gray images only change in brightness and contrast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Color {
    /// Added to the hue, as a share of the color circle.
    pub(super) hue: f32,
    /// Factor of the HSV saturation, which is clamped to 1.
    pub(super) saturation: f32,
    /// Added to every value, as a share of 255.
    pub(super) brightness: f32,
    /// Factor of the distance from the channel's mean.
    pub(super) contrast: f32,
}

impl Color {
    /// Changes an image `[channels, height, width]` with values 0 to 255, clamping to that range.
    pub(super) fn apply(self, pixels: &mut [f32], channels: usize) {
        let plane = pixels.len() / channels.max(1);
        if plane == 0 {
            return;
        }
        if channels == 3 && (self.hue != 0.0 || self.saturation != 1.0) {
            let (red, rest) = pixels.split_at_mut(plane);
            let (green, blue) = rest.split_at_mut(plane);
            for ((r, g), b) in red.iter_mut().zip(green).zip(blue) {
                [*r, *g, *b] = self.turned([*r, *g, *b]);
            }
        }
        if self.brightness == 0.0 && self.contrast == 1.0 {
            return;
        }
        let added = 255.0 * self.brightness;
        for plane in pixels.chunks_exact_mut(plane) {
            let sum: f64 = plane.iter().map(|value| f64::from(*value)).sum();
            let mean = (sum / plane.len() as f64) as f32 + added;
            for value in plane {
                let distance = *value + added - mean;
                *value = (mean + self.contrast * distance).clamp(0.0, 255.0);
            }
        }
    }

    /// A color with its hue and saturation changed; the HSV value stays.
    fn turned(self, [r, g, b]: [f32; 3]) -> [f32; 3] {
        let value = r.max(g).max(b);
        let chroma = value - r.min(g).min(b);
        if chroma <= 0.0 {
            return [r, g, b];
        }
        // Sixths of the color circle from red.
        let hue = if value == r {
            (g - b) / chroma
        } else if value == g {
            2.0 + (b - r) / chroma
        } else {
            4.0 + (r - g) / chroma
        };
        let hue = hue + 6.0 * self.hue;
        let chroma = (chroma * self.saturation).clamp(0.0, value);
        // Each channel is the value minus the chroma times its distance from the hue.
        [5.0, 3.0, 1.0].map(|shift| {
            let k = (shift + hue).rem_euclid(6.0);
            value - chroma * k.min(4.0 - k).clamp(0.0, 1.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAME: Color = Color {
        hue: 0.0,
        saturation: 1.0,
        brightness: 0.0,
        contrast: 1.0,
    };

    #[track_caller]
    fn assert_close(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() < 1e-3, "{found:?} instead of {expected:?}");
        }
    }

    fn changed(color: Color, pixels: &[f32], channels: usize) -> Vec<f32> {
        let mut pixels = pixels.to_vec();
        color.apply(&mut pixels, channels);
        pixels
    }

    #[test]
    fn no_change_is_exact() {
        let pixels = [1.5, 255.0, 0.0, 17.25, 3.0, 99.0];
        assert_eq!(changed(SAME, &pixels, 3), pixels);
    }

    #[test]
    fn a_third_of_the_circle_moves_each_color_to_the_next() {
        let turn = |hue| Color { hue, ..SAME };
        let orange = [200.0, 120.0, 40.0];
        assert_close(&changed(turn(1.0 / 3.0), &orange, 3), &[40.0, 200.0, 120.0]);
        assert_close(
            &changed(turn(-1.0 / 3.0), &orange, 3),
            &[120.0, 40.0, 200.0],
        );
        assert_close(
            &changed(turn(0.5), &[255.0, 0.0, 0.0], 3),
            &[0.0, 255.0, 255.0],
        );
        assert_close(&changed(turn(0.25), &[77.0; 3], 3), &[77.0; 3]);
    }

    #[test]
    fn saturation_keeps_the_largest_part_and_the_hue() {
        let by = |saturation| Color { saturation, ..SAME };
        let orange = [200.0, 120.0, 40.0];
        // v − s·(v − p), worked by hand.
        assert_close(&changed(by(0.5), &orange, 3), &[200.0, 160.0, 120.0]);
        assert_close(&changed(by(0.0), &orange, 3), &[200.0; 3]);
        // The chroma ends at the value: 1.25 times 160.
        assert_close(&changed(by(2.0), &orange, 3), &[200.0, 100.0, 0.0]);
    }

    #[test]
    fn brightness_adds_and_contrast_stretches_within_0_to_255() {
        let brighter = Color {
            brightness: 0.2,
            ..SAME
        };
        assert_close(
            &changed(brighter, &[0.0, 100.0, 250.0], 1),
            &[51.0, 151.0, 255.0],
        );
        let sharper = Color {
            contrast: 1.5,
            ..SAME
        };
        // The mean of 20, 60, 100 is 60.
        assert_close(
            &changed(sharper, &[20.0, 60.0, 100.0], 1),
            &[0.0, 60.0, 120.0],
        );
        // Each channel has its own mean.
        assert_close(
            &changed(sharper, &[10.0, 30.0, 100.0, 200.0, 5.0, 5.0], 3),
            &[5.0, 35.0, 75.0, 225.0, 5.0, 5.0],
        );
    }
}
