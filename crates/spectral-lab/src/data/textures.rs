//! *Textures*: ten classes of 32×32 gray patches that differ only in orientation, spatial frequency
//! or phase structure.
//!
//! Position is random everywhere (a uniform global phase), so the mean image of every class is
//! flat. Every image is shifted and scaled to mean 128 and standard deviation 26 after white noise
//! has been added, so brightness and contrast carry no information.
//!
//! | class | description | distinguished by |
//! | --- | --- | --- |
//! | `vertical` | sinusoidal grating, bars upright ±15° | orientation, from the three below |
//! | `diagonal-down` | the same, bars falling to the right | orientation |
//! | `horizontal` | the same, bars level | orientation |
//! | `diagonal-up` | the same, bars rising to the right | orientation |
//! | `coarse` | noise of every orientation, 2 to 4 cycles across | frequency, from `fine` |
//! | `fine` | the same, 7 to 10 cycles across | frequency, from `coarse` |
//! | `bright-lines` | periodic profile, harmonics in phase: cos | phase, from the three below |
//! | `rising-ramps` | the same amplitude spectrum, phase +90°: −sin | phase |
//! | `dark-lines` | the same amplitude spectrum, phase 180°: −cos | phase |
//! | `falling-ramps` | the same amplitude spectrum, phase −90°: sin | phase |
//!
//! The last four share their amplitude spectrum exactly: the profile is
//! Σₖ aₖ·cos(k·(2π(u·x + v·y)/32 + θ) + ψ) with integers u, v (so that it is periodic on the patch
//! and the DFT has no leakage), the same random aₖ, θ, u, v in all four classes, and the class in ψ
//! alone. A step of 90° is a Hilbert transform. Rising and falling refer to how the brightness
//! changes from left to right before it jumps back. The family is that of Morrone and Burr (1988),
//! who contrast lines (phases 0°, 180°) with edges (±90°).

use std::f32::consts::{FRAC_PI_2, PI, TAU};

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::stream::{Purpose, Stream};
use super::synthetic::Synthetic;

/// Height and width in pixels.
pub(crate) const SIDE: usize = 32;

/// The class names.
pub(crate) const CLASSES: [&str; 10] = [
    "vertical",
    "diagonal-down",
    "horizontal",
    "diagonal-up",
    "coarse",
    "fine",
    "bright-lines",
    "rising-ramps",
    "dark-lines",
    "falling-ramps",
];

/// The mean of every image.
const MEAN: f32 = 128.0;

/// The standard deviation of every image: bytes hold nearly five of them either side.
const STD: f32 = 26.0;

/// Plane waves summed in `coarse` and `fine`.
const WAVES: usize = 32;

/// Harmonics of the phase classes. The fourth of the highest fundamental, (3, 2), is (12, 8):
/// below the Nyquist frequency of 16.
const HARMONICS: usize = 4;

/// Fundamentals of the phase classes in cycles across the patch: 2 to 3.7 cycles, u > 0 so that
/// left-to-right is defined, waves at most 45° from the horizontal.
const FUNDAMENTALS: [[f32; 2]; 10] = [
    [2.0, 0.0],
    [2.0, 1.0],
    [2.0, -1.0],
    [2.0, 2.0],
    [2.0, -2.0],
    [3.0, 0.0],
    [3.0, 1.0],
    [3.0, -1.0],
    [3.0, 2.0],
    [3.0, -2.0],
];

type Patch = [f32; SIDE * SIDE];

/// The generator of this set.
pub(crate) fn synthetic() -> Synthetic {
    Synthetic {
        purpose: Purpose::Textures,
        side: SIDE,
        classes: CLASSES.len(),
        draw,
    }
}

fn draw(class: usize, stream: &mut Stream, image: &mut [u8]) {
    let mut patch = match class {
        0..=3 => grating(class, stream),
        4 => noise_band(2.0..4.0, stream),
        5 => noise_band(7.0..10.0, stream),
        _ => phase_pattern((class - 6) as f32 * FRAC_PI_2, stream),
    };
    standardize(&mut patch, 0.0, 1.0);
    let noise: f32 = stream.random_range(0.7..1.8);
    for value in &mut patch {
        let sample: f32 = StandardNormal.sample(stream);
        *value += noise * sample;
    }
    standardize(&mut patch, MEAN, STD);
    for (pixel, value) in image.iter_mut().zip(&patch) {
        *pixel = value.round().clamp(0.0, 255.0) as u8;
    }
}

/// A sinusoidal grating, 3 to 6 cycles across, its wave vector near `direction` · 45° from the
/// x axis towards y (which points down).
fn grating(direction: usize, stream: &mut Stream) -> Patch {
    let jitter = stream.random_range(-PI / 12.0..PI / 12.0);
    let (sin, cos) = (direction as f32 * PI / 4.0 + jitter).sin_cos();
    let cycles = stream.random_range(3.0..6.0);
    let phase = stream.random_range(0.0..TAU);
    // The wave vector of falling bars points up to the right: y reversed.
    plot(|x, y| (TAU * cycles * (cos * x - sin * y) + phase).cos())
}

/// Plane waves of every direction with frequencies in `band`, in cycles across.
fn noise_band(band: std::ops::Range<f32>, stream: &mut Stream) -> Patch {
    let mut sum = [0.0; SIDE * SIDE];
    for _ in 0..WAVES {
        let (sin, cos) = stream.random_range(0.0..TAU).sin_cos();
        let cycles = TAU * stream.random_range(band.clone());
        let phase = stream.random_range(0.0..TAU);
        let wave = plot(|x, y| (cycles * (cos * x + sin * y) + phase).cos());
        for (sum, value) in sum.iter_mut().zip(wave) {
            *sum += value;
        }
    }
    sum
}

/// The periodic profile whose harmonics all have phase `psi` at a common, random origin.
fn phase_pattern(psi: f32, stream: &mut Stream) -> Patch {
    let [u, v] = FUNDAMENTALS[stream.random_range(0..FUNDAMENTALS.len())];
    let theta = stream.random_range(0.0..TAU);
    let slope: f32 = stream.random_range(0.7..1.1);
    let amplitudes: [f32; HARMONICS] = std::array::from_fn(|k| (k as f32 + 1.0).powf(-slope));
    plot(|x, y| {
        let angle = TAU * (u * x + v * y) + theta;
        let harmonic = |(k, a): (usize, &f32)| a * ((k as f32 + 1.0) * angle + psi).cos();
        amplitudes.iter().enumerate().map(harmonic).sum()
    })
}

/// Evaluates a function of x, y in 0..1 at every pixel.
fn plot(f: impl Fn(f32, f32) -> f32) -> Patch {
    std::array::from_fn(|i| {
        f(
            (i % SIDE) as f32 / SIDE as f32,
            (i / SIDE) as f32 / SIDE as f32,
        )
    })
}

fn standardize(patch: &mut Patch, mean: f32, std: f32) {
    let count = patch.len() as f32;
    let old_mean = patch.iter().sum::<f32>() / count;
    let variance = patch.iter().map(|v| (v - old_mean).powi(2)).sum::<f32>() / count;
    // Every pattern varies, but a sum of random waves has no guaranteed contrast.
    let scale = std / variance.sqrt().max(f32::MIN_POSITIVE);
    for value in patch {
        *value = mean + (*value - old_mean) * scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::images::Images;
    use crate::data::stream::{Part, stream};

    fn sample(count: usize) -> Images {
        synthetic().generate(21, Part::Train, count).unwrap()
    }

    /// |DFT|² at every (row frequency, column frequency), from the definition, in f64.
    fn power(patch: &[f64]) -> Vec<f64> {
        let angle = |turns: usize| -std::f64::consts::TAU * (turns % SIDE) as f64 / SIDE as f64;
        let transform = |signal: &[(f64, f64)]| -> Vec<(f64, f64)> {
            (0..SIDE)
                .map(|k| {
                    signal
                        .iter()
                        .enumerate()
                        .fold((0.0, 0.0), |(re, im), (n, (a, b))| {
                            let (s, c) = angle(k * n).sin_cos();
                            (re + a * c - b * s, im + a * s + b * c)
                        })
                })
                .collect()
        };
        let rows: Vec<Vec<(f64, f64)>> = patch
            .chunks_exact(SIDE)
            .map(|row| transform(&row.iter().map(|&v| (v, 0.0)).collect::<Vec<_>>()))
            .collect();
        let mut power = vec![0.0; SIDE * SIDE];
        for k in 0..SIDE {
            let column: Vec<_> = rows.iter().map(|row| row[k]).collect();
            for (j, (re, im)) in transform(&column).into_iter().enumerate() {
                power[j * SIDE + k] = re * re + im * im;
            }
        }
        power
    }

    /// A frequency index as a signed whole number of cycles.
    fn signed(index: usize) -> f64 {
        if index < SIDE / 2 {
            index as f64
        } else {
            index as f64 - SIDE as f64
        }
    }

    #[derive(Default)]
    struct Mean {
        sum: f64,
        count: f64,
    }

    impl Mean {
        fn add(&mut self, value: f64) {
            self.sum += value;
            self.count += 1.0;
        }

        fn value(&self) -> f64 {
            self.sum / self.count
        }
    }

    #[test]
    fn every_image_has_the_same_mean_and_variance() {
        let images = sample(500);
        for i in 0..images.len() {
            let values = images.image(i).iter().map(|&p| f64::from(p));
            let mean = values.clone().sum::<f64>() / 1024.0;
            let std = (values.map(|v| (v - mean).powi(2)).sum::<f64>() / 1024.0).sqrt();
            // Rounding to bytes moves them by less than this.
            assert!((mean - 128.0).abs() < 0.1, "image {i}: mean {mean}");
            assert!((std - 26.0).abs() < 0.1, "image {i}: std {std}");
        }
    }

    #[test]
    fn the_four_phase_classes_share_their_amplitude_spectrum() {
        for index in 0..5 {
            let spectrum = |class: usize| {
                let mut stream = stream(9, Purpose::Textures, index);
                let patch = phase_pattern(class as f32 * FRAC_PI_2, &mut stream);
                power(&patch.map(f64::from))
            };
            let first = spectrum(0);
            let largest = first.iter().copied().fold(0.0, f64::max);
            for class in 1..4 {
                for (a, b) in first.iter().zip(spectrum(class)) {
                    assert!((a - b).abs() < 1e-5 * largest);
                }
            }
        }
    }

    #[test]
    fn the_phase_classes_have_the_profile_their_names_say() {
        // Third moment of the brightness, and of its left-to-right slope.
        let moments = |class: usize| {
            let (mut brightness, mut slope) = (0.0, 0.0);
            for index in 0..20 {
                let psi = class as f32 * FRAC_PI_2;
                let patch = phase_pattern(psi, &mut stream(2, Purpose::Textures, index));
                for row in patch.chunks_exact(SIDE) {
                    for x in 0..SIDE {
                        brightness += f64::from(row[x]).powi(3);
                        slope += f64::from(row[(x + 1) % SIDE] - row[x]).powi(3);
                    }
                }
            }
            (brightness, slope)
        };
        let [bright, rising, dark, falling] = [0, 1, 2, 3].map(moments);
        assert!(bright.0 > 100.0 * bright.1.abs() && dark.0 < -100.0 * dark.1.abs());
        // A slow rise has its steep part downwards.
        assert!(rising.1 < -10.0 * rising.0.abs() && falling.1 > 10.0 * falling.0.abs());
    }

    #[test]
    fn gratings_have_their_energy_at_their_orientation() {
        let images = sample(200);
        for i in (0..200).filter(|i| i % 10 < 4) {
            let spectrum = power(
                &images
                    .image(i)
                    .iter()
                    .map(|&p| f64::from(p))
                    .collect::<Vec<_>>(),
            );
            let peak = (1..SIDE * SIDE)
                .max_by(|&a, &b| spectrum[a].total_cmp(&spectrum[b]))
                .unwrap();
            let (u, v) = (signed(peak % SIDE), signed(peak / SIDE));
            // Bars run at right angles to the wave vector; y points down.
            let bars = (-v).atan2(u).to_degrees() + 90.0;
            let expected = [90.0, 135.0, 0.0, 45.0][i % 10];
            let off = (bars - expected).rem_euclid(180.0);
            assert!(off.min(180.0 - off) < 25.0, "image {i}: bars at {bars}°");
        }
    }

    #[test]
    fn coarse_and_fine_differ_in_frequency_and_in_no_direction() {
        let images = sample(2000);
        for (class, band) in [(4, 1.5..4.5), (5, 6.5..10.5)] {
            let (mut inside, mut outside) = (Mean::default(), Mean::default());
            let (mut upright, mut level) = (0.0, 0.0);
            for i in (class..2000).step_by(10) {
                let patch: Vec<_> = images.image(i).iter().map(|&p| f64::from(p)).collect();
                for (at, value) in power(&patch).into_iter().enumerate().skip(1) {
                    let (u, v) = (signed(at % SIDE), signed(at / SIDE));
                    if band.contains(&u.hypot(v)) {
                        inside.add(value);
                        upright += if u.abs() > v.abs() { value } else { 0.0 };
                        level += if v.abs() > u.abs() { value } else { 0.0 };
                    } else {
                        outside.add(value);
                    }
                }
            }
            // Outside is white noise, of variance 1.6 on average when the pattern has 1. The wider
            // band has 214 of the 1024 bins, so its density is about 1 + 1024/214/1.6 = 4 times
            // that; the narrower one's 12 times.
            let ratio = inside.value() / outside.value();
            assert!(ratio > 3.0, "class {class}: {ratio}");
            assert!((upright / level - 1.0f64).abs() < 0.1, "{upright} {level}");
        }
    }

    #[test]
    fn the_mean_image_of_every_class_is_flat() {
        let images = sample(4000);
        for class in 0..10 {
            let mut mean = [0.0f64; SIDE * SIDE];
            for i in (class..4000).step_by(10) {
                for (sum, &pixel) in mean.iter_mut().zip(images.image(i)) {
                    *sum += f64::from(pixel) / 400.0;
                }
            }
            // 400 images of standard deviation 26: standard error 1.3, five of them at most.
            assert!(
                mean.iter().all(|m| (m - 128.0).abs() < 6.5),
                "class {class}"
            );
        }
    }
}
