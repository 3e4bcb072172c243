//! Errors per frequency band.

use serde::Serialize;

use super::{RolloutError, shells::Shells};

/// A range of radial wavenumbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Band {
    /// Its name.
    pub name: String,
    /// The lowest wavenumber.
    pub from: usize,
    /// The highest wavenumber.
    pub to: usize,
}

impl Band {
    /// Low, middle and high thirds of the wavenumbers 0 to `kept`, and what is beyond up to `highest`,
    /// without empty bands.
    pub fn thirds(kept: usize, highest: usize) -> Vec<Self> {
        let kept = kept.min(highest);
        let end = |third: usize| (kept + 1) * third / 3;
        let bands = [("low", 0), ("middle", 1), ("high", 2)];
        let bands = bands.map(|(name, third)| (name, end(third), end(third + 1)));
        let bands = bands.into_iter().chain([("beyond", kept + 1, highest + 1)]);
        (bands.filter(|(_, from, end)| end > from))
            .map(|(name, from, end)| Self {
                name: name.into(),
                from,
                to: end - 1,
            })
            .collect()
    }

    /// Wavenumber 0, then 1, 2 to 3, 4 to 7 and so on up to `highest`.
    pub fn octaves(highest: usize) -> Vec<Self> {
        let starts = std::iter::successors(Some(1usize), |from| from.checked_mul(2));
        let starts = starts.take_while(|&from| from <= highest);
        let ends = starts.map(|from| (from, (2 * from - 1).min(highest)));
        (std::iter::once((0, 0)).chain(ends))
            .map(|(from, to)| Self {
                name: match from == to {
                    true => from.to_string(),
                    false => format!("{from}–{to}"),
                },
                from,
                to,
            })
            .collect()
    }
}

/// The error of one frequency band.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BandError {
    /// The band.
    #[serde(flatten)]
    pub band: Band,
    /// The norm of the error in the band over the norm of the whole true field, the mean over the
    /// samples. For one sample, the squares of all bands sum to that of its relative L2 error.
    pub error: f64,
    /// The norm of the error in the band over that of the truth in the band, over all samples
    /// together.
    pub relative: f64,
    /// The share of the band in the energy of the truth, 0 to 1.
    pub share: f64,
}

/// Errors by frequency.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BandErrors {
    /// The number of samples.
    pub samples: usize,
    /// How many predictions are not finite; with any, errors are infinite.
    pub diverged: usize,
    /// By thirds of the kept wavenumbers, and beyond.
    pub thirds: Vec<BandError>,
    /// By octaves.
    pub octaves: Vec<BandError>,
    /// The relative error of each whole wavenumber from 0, as [`BandError::relative`].
    pub wavenumbers: Vec<f64>,
}

/// Accumulates errors per frequency band over pairs of true and predicted fields. The fields need not
/// be periodic, but the jump at the border of one that is not has energy at all wavenumbers.
///
/// ```
/// use spectral_lab::rollout::BandAccumulator;
///
/// let field = |waves: f32| -> Vec<f32> {
///     (0..12).map(|x| (std::f32::consts::TAU * waves * x as f32 / 12.0).sin()).collect()
/// };
/// let truth: Vec<f32> = field(1.0).iter().zip(field(5.0)).map(|(a, b)| a + b).collect();
/// let mut bands = BandAccumulator::new(&[1, 12], None)?;
/// // A prediction without the fast wave.
/// bands.push(&truth, &field(1.0))?;
/// let errors = bands.finish();
/// assert!(errors.thirds[0].relative < 1e-6);
/// assert!((errors.thirds[2].relative - 1.0).abs() < 1e-6);
/// assert!((errors.thirds[2].error - 0.5f64.sqrt()).abs() < 1e-6);
/// # Ok::<(), spectral_lab::rollout::RolloutError>(())
/// ```
#[derive(Debug, Clone)]
pub struct BandAccumulator {
    pub(super) shells: Shells,
    kept: usize,
    samples: usize,
    diverged: usize,
    /// Energies of all true fields, shell by shell.
    truth: Vec<f64>,
    /// Energies of the predictions that are finite.
    prediction: Vec<f64>,
    /// Energies of the differences.
    difference: Vec<f64>,
    thirds: Means,
    octaves: Means,
}

/// Sums over the samples of errors relative to the whole field.
#[derive(Debug, Clone)]
struct Means {
    bands: Vec<Band>,
    sums: Vec<f64>,
}

impl BandAccumulator {
    /// `kept` is the highest wavenumber of the three bands, such as the highest mode that a network
    /// keeps; none for all that the grid resolves in every direction.
    ///
    /// # Shapes
    /// `shape`: `[channels, space…]`.
    ///
    /// # Errors
    /// [`RolloutError::Shape`] without one to three axes of space, or with a size of 0.
    pub fn new(shape: &[usize], kept: Option<usize>) -> Result<Self, RolloutError> {
        let [channels, sizes @ ..] = shape else {
            return Err(RolloutError::Shape {
                shape: shape.into(),
            });
        };
        if !(1..=3).contains(&sizes.len()) || shape.contains(&0) {
            return Err(RolloutError::Shape {
                shape: shape.into(),
            });
        }
        let shells = Shells::new(*channels, sizes);
        let (kept, highest) = (kept.unwrap_or(shells.resolved()), shells.highest());
        let means = |bands: Vec<Band>| Means {
            sums: vec![0.0; bands.len()],
            bands,
        };
        Ok(Self {
            kept,
            samples: 0,
            diverged: 0,
            truth: vec![0.0; highest + 1],
            prediction: vec![0.0; highest + 1],
            difference: vec![0.0; highest + 1],
            thirds: means(Band::thirds(kept, highest)),
            octaves: means(Band::octaves(highest)),
            shells,
        })
    }

    /// Adds the samples of a batch, one or more.
    ///
    /// # Shapes
    /// Both `[batch, channels, space…]`.
    ///
    /// # Errors
    /// [`RolloutError::Length`] for a wrong number of values, [`RolloutError::Truth`] for a true field
    /// that is not finite.
    pub fn push(&mut self, truth: &[f32], prediction: &[f32]) -> Result<(), RolloutError> {
        let values = self.shells.values();
        let expected = (truth.len() / values).max(1) * values;
        for (what, found) in [("truth", truth.len()), ("prediction", prediction.len())] {
            if found != expected {
                return Err(RolloutError::Length {
                    what,
                    step: 1,
                    expected,
                    found,
                });
            }
        }
        for (truth, prediction) in truth.chunks(values).zip(prediction.chunks(values)) {
            if !is_finite(truth) {
                return Err(RolloutError::Truth {
                    sample: self.samples,
                    step: 1,
                });
            }
            self.add(truth, prediction);
        }
        Ok(())
    }

    /// Adds one sample with a finite true field.
    pub(super) fn add(&mut self, truth: &[f32], prediction: &[f32]) {
        let wide = |field: &[f32]| -> Vec<f64> { field.iter().copied().map(f64::from).collect() };
        let truth = wide(truth);
        let energies = self.shells.energies(&truth);
        add_to(&mut self.truth, &energies);
        self.samples += 1;
        if !is_finite(prediction) {
            self.diverged += 1;
            return;
        }
        let prediction = wide(prediction);
        add_to(&mut self.prediction, &self.shells.energies(&prediction));
        let difference: Vec<f64> = (prediction.iter().zip(&truth))
            .map(|(p, t)| p - t)
            .collect();
        let difference = self.shells.energies(&difference);
        add_to(&mut self.difference, &difference);
        let whole: f64 = energies.iter().sum();
        for means in [&mut self.thirds, &mut self.octaves] {
            for (band, sum) in means.bands.iter().zip(&mut means.sums) {
                *sum += ratio(within(&difference, band), whole);
            }
        }
    }

    /// The errors of all samples so far; NaN without any.
    pub fn finish(&self) -> BandErrors {
        let lost = |error: f64| {
            if self.diverged > 0 {
                f64::INFINITY
            } else {
                error
            }
        };
        let whole: f64 = self.truth.iter().sum();
        let errors = |means: &Means| {
            let bands = means.bands.iter().zip(&means.sums);
            bands
                .map(|(band, sum)| {
                    let (truth, difference) =
                        (within(&self.truth, band), within(&self.difference, band));
                    BandError {
                        band: band.clone(),
                        error: lost(sum / self.samples as f64),
                        relative: lost(ratio(difference, truth)),
                        share: truth / whole,
                    }
                })
                .collect()
        };
        BandErrors {
            samples: self.samples,
            diverged: self.diverged,
            thirds: errors(&self.thirds),
            octaves: errors(&self.octaves),
            wavenumbers: (self.difference.iter().zip(&self.truth))
                .map(|(difference, truth)| lost(ratio(*difference, *truth)))
                .collect(),
        }
    }

    /// Mean energies of the true fields, and of the predictions that are finite (NaN if none is), up
    /// to the highest wavenumber that is resolved in every direction.
    pub(super) fn spectra(&self) -> [Vec<f64>; 2] {
        let end = self.shells.resolved() + 1;
        let mean = |energies: &[f64], count: usize| {
            let energies = energies.iter().take(end);
            energies.map(|energy| energy / count as f64).collect()
        };
        [
            mean(&self.truth, self.samples),
            mean(&self.prediction, self.samples - self.diverged),
        ]
    }

    /// The highest wavenumber of the three bands.
    pub(super) fn kept(&self) -> usize {
        self.kept
    }
}

/// Whether all values are finite.
pub(super) fn is_finite(field: &[f32]) -> bool {
    field.iter().all(|value| value.is_finite())
}

fn add_to(sums: &mut [f64], energies: &[f64]) {
    for (sum, energy) in sums.iter_mut().zip(energies) {
        *sum += energy;
    }
}

fn within(energies: &[f64], band: &Band) -> f64 {
    energies.iter().take(band.to + 1).skip(band.from).sum()
}

/// The ratio of the norms that have these squares; 0 if both are 0.
fn ratio(square: f64, of: f64) -> f64 {
    match square == 0.0 {
        true => 0.0,
        false => (square / of).sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(bands: &[Band]) -> Vec<(&str, usize, usize)> {
        let ends = bands.iter().map(|band| (&*band.name, band.from, band.to));
        ends.collect()
    }

    #[test]
    fn bands_cover_every_wavenumber_once() {
        assert_eq!(
            ends(&Band::thirds(8, 11)),
            [
                ("low", 0, 2),
                ("middle", 3, 5),
                ("high", 6, 8),
                ("beyond", 9, 11)
            ]
        );
        assert_eq!(ends(&Band::thirds(99, 5)).last(), Some(&("high", 4, 5)));
        assert_eq!(
            ends(&Band::thirds(1, 1)),
            [("middle", 0, 0), ("high", 1, 1)]
        );
        assert_eq!(
            ends(&Band::octaves(9)),
            [
                ("0", 0, 0),
                ("1", 1, 1),
                ("2–3", 2, 3),
                ("4–7", 4, 7),
                ("8–9", 8, 9)
            ]
        );
        assert_eq!(ends(&Band::octaves(0)), [("0", 0, 0)]);
    }

    fn waves(parts: &[(f32, f32)]) -> Vec<f32> {
        let at = |x: usize| {
            let wave = |&(k, size): &(f32, f32)| {
                size * (std::f32::consts::TAU * k * x as f32 / 24.0).cos()
            };
            parts.iter().map(wave).sum()
        };
        (0..24).map(at).collect()
    }

    #[test]
    fn squares_of_the_bands_sum_to_that_of_the_whole_error() {
        let truth = waves(&[(1.0, 2.0), (5.0, 1.0), (9.0, 0.5)]);
        let prediction = waves(&[(1.0, 1.9), (5.0, 1.2), (10.0, 0.3), (12.0, 0.1)]);
        let mut bands = BandAccumulator::new(&[1, 24], None).unwrap();
        bands.push(&truth, &prediction).unwrap();
        let errors = bands.finish();
        let norm = |field: &[f32]| field.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>();
        let difference: Vec<f32> = truth.iter().zip(&prediction).map(|(t, p)| p - t).collect();
        let whole = norm(&difference) / norm(&truth);
        for bands in [&errors.thirds, &errors.octaves] {
            let squares: f64 = bands.iter().map(|band| band.error.powi(2)).sum();
            assert!((squares / whole - 1.0).abs() < 1e-6, "{squares} {whole}");
            let shares: f64 = bands.iter().map(|band| band.share).sum();
            assert!((shares - 1.0).abs() < 1e-12);
        }
        for (band, relative) in errors.thirds.iter().zip([0.05, 0.2]) {
            assert!((band.relative - relative).abs() < 1e-6, "{band:?}");
        }
        assert!((errors.wavenumbers[5] - 0.2).abs() < 1e-6);
        assert!(errors.wavenumbers[10] > 1e3, "no such wave in the truth");
    }

    #[test]
    fn batches_are_averaged_and_diverged_samples_are_counted() {
        let (one, two) = (waves(&[(1.0, 1.0)]), waves(&[(1.0, 3.0)]));
        let truth = [one.clone(), one.clone()].concat();
        let mut bands = BandAccumulator::new(&[1, 24], None).unwrap();
        bands.push(&truth, &[one.clone(), two].concat()).unwrap();
        // Errors of 0 and 2.
        assert!((bands.finish().thirds[0].error - 1.0).abs() < 1e-6);
        assert!((bands.finish().thirds[0].relative - 2f64.sqrt()).abs() < 1e-6);
        let mut lost = one.clone();
        lost[3] = f32::INFINITY;
        bands.push(&one, &lost).unwrap();
        let errors = bands.finish();
        assert_eq!((errors.samples, errors.diverged), (3, 1));
        assert_eq!(errors.thirds[0].error, f64::INFINITY);
        let [truth, prediction] = bands.spectra();
        assert!((truth[1] - 0.25).abs() < 1e-6 && (prediction[1] - 1.25).abs() < 1e-6);
    }

    #[test]
    fn wrong_sizes_and_unknown_truths_are_errors() {
        for shape in [&[1][..], &[], &[1, 0], &[1, 2, 2, 2, 2]] {
            let error = BandAccumulator::new(shape, None).unwrap_err();
            assert!(error.to_string().contains(&format!("{shape:?}")), "{error}");
        }
        let mut bands = BandAccumulator::new(&[2, 4], None).unwrap();
        for (truth, prediction) in [(8, 7), (8, 16), (9, 9), (0, 0), (4, 4)] {
            let error = bands.push(&vec![0.0; truth], &vec![0.0; prediction]);
            assert!(matches!(error, Err(RolloutError::Length { .. })), "{truth}");
        }
        let error = bands.push(&[f32::NAN; 8], &[0.0; 8]);
        assert_eq!(error, Err(RolloutError::Truth { sample: 0, step: 1 }));
    }
}
