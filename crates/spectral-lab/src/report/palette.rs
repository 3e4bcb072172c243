//! Colors that remain distinct for every kind of color vision, on light and dark backgrounds.

use plotters::style::RGBColor;
use serde::{Deserialize, Serialize};

/// A color of a chart with its replacement in dark mode.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ink {
    /// The color in light mode.
    pub light: RGBColor,
    /// The color in dark mode.
    pub dark: RGBColor,
}

const fn ink(light: u32, dark: u32) -> Ink {
    Ink {
        light: rgb(light),
        dark: rgb(dark),
    }
}

const fn rgb(hex: u32) -> RGBColor {
    RGBColor((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// Text and axes of charts.
pub(super) const AXIS: Ink = ink(0x5A6472, 0x9AA4B2);
/// Grid lines of charts.
pub(super) const GRID: Ink = ink(0xE2E5E9, 0x2C323A);
/// One color per model: Okabe and Ito's palette (2008), with the baseline in black and without
/// yellow, which is invisible on white.
pub(super) const SERIES: [Ink; 7] = [
    ink(0x1D2127, 0xECEEF1),
    ink(0x0072B2, 0x3C97D3),
    ink(0xD55E00, 0xE8772A),
    ink(0x009E73, 0x1FB58C),
    ink(0xCC79A7, 0xD68DB5),
    ink(0xE69F00, 0xE9AB26),
    ink(0x56B4E9, 0x8CCBF2),
];

/// The color of the model at position `index`; later models reuse the colors with dashes.
pub(super) fn series(index: usize) -> (Ink, bool) {
    (SERIES[index % SERIES.len()], index >= SERIES.len())
}

/// A color in CSS notation, as the chart library writes it.
pub(super) fn css(RGBColor(r, g, b): RGBColor) -> String {
    format!("#{r:02X}{g:02X}{b:02X}")
}

/// Color maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColorMap {
    /// Blue for negative, white for zero, red for positive, the ends at plus and minus the largest magnitude
    /// (ColorBrewer's RdBu, Harrower and Brewer 2003).
    Diverging,
    /// Dark for zero to bright for the largest value (viridis, van der Walt and Smith 2015).
    Sequential,
    /// A cyclic color map for angles in radians: dark at 0, pale at plus and minus π.
    Cyclic,
}

impl ColorMap {
    fn anchors(self) -> &'static [u32] {
        match self {
            Self::Diverging => &[
                0x053061, 0x2166AC, 0x4393C3, 0x92C5DE, 0xD1E5F0, 0xFFFFFF, 0xFDDBC7, 0xF4A582,
                0xD6604D, 0xB2182B, 0x67001F,
            ],
            Self::Sequential => &[
                0x440154, 0x472D7B, 0x3B528B, 0x2C728E, 0x21918C, 0x28AE80, 0x5EC962, 0xADDC30,
                0xFDE725,
            ],
            Self::Cyclic => &[0xE6DEE6, 0x6E83BE, 0x2F1436, 0xB9655A, 0xE6DEE6],
        }
    }

    /// The color at `t` between 0 and 1, as red, green and blue; values beyond are clamped.
    pub fn at(self, t: f32) -> [u8; 3] {
        let anchors = self.anchors();
        let position = t.clamp(0.0, 1.0) * (anchors.len() - 1) as f32;
        let left = (position as usize).min(anchors.len() - 2);
        let part = position - left as f32;
        let (RGBColor(r0, g0, b0), RGBColor(r1, g1, b1)) =
            (rgb(anchors[left]), rgb(anchors[left + 1]));
        let mix =
            |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * part).round() as u8;
        [mix(r0, r1), mix(g0, g1), mix(b0, b1)]
    }

    /// The name of its CSS variable.
    pub(super) fn variable(self) -> &'static str {
        match self {
            Self::Diverging => "diverging",
            Self::Sequential => "sequential",
            Self::Cyclic => "cyclic",
        }
    }

    /// The color map as a CSS gradient, from left to right.
    pub(super) fn gradient(self) -> String {
        let stops: Vec<_> = self.anchors().iter().map(|&hex| css(rgb(hex))).collect();
        format!("linear-gradient(to right,{})", stops.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_diverging_map_is_white_in_the_middle() {
        assert_eq!(ColorMap::Diverging.at(0.5), [255; 3]);
        assert_eq!(ColorMap::Diverging.at(-3.0), [0x05, 0x30, 0x61]);
        assert_eq!(ColorMap::Diverging.at(3.0), [0x67, 0x00, 0x1F]);
    }

    #[test]
    fn the_sequential_map_only_gets_brighter() {
        let brightness = |t: f32| {
            let [r, g, b] = ColorMap::Sequential.at(t).map(f32::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        for i in 0..100 {
            let t = i as f32 / 100.0;
            assert!(brightness(t + 0.01) > brightness(t), "{t}");
        }
    }

    #[test]
    fn the_cyclic_map_closes() {
        assert_eq!(ColorMap::Cyclic.at(0.0), ColorMap::Cyclic.at(1.0));
    }

    #[test]
    fn no_two_inks_of_a_theme_are_the_same() {
        for theme in [|ink: &Ink| css(ink.light), |ink: &Ink| css(ink.dark)] {
            let all: std::collections::HashSet<_> =
                SERIES.iter().chain([&AXIS, &GRID]).map(theme).collect();
            assert_eq!(all.len(), SERIES.len() + 2);
        }
        assert_eq!(series(0).0.light, series(SERIES.len()).0.light);
        assert!(!series(0).1 && series(SERIES.len()).1);
    }
}
