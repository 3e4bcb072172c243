//! Dropout and activation where the stand-in is noise: what differs in distribution.

use burn::tensor::activation::leaky_relu;
use burn::tensor::{Distribution, Tensor};
use burn_spectral::ComplexTensor;
use burn_spectral::frequency::CLeakyRelu;
use burn_spectral::published::{NoiseForm, NoiseTime, SpectralNoise, SpectralNoiseConfig};
use serde::{Deserialize, Serialize};

use super::features::Features;
use super::measure::{Form, Image, image_of, imaginary_share, ratio};
use super::operations::{RATE, SLOPE};
use crate::StudyError;
use crate::kit::images::{energy, values};

/// How a random step treats images, over many draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Spread {
    pub(super) name: String,
    pub(super) form: Form,
    /// `‖mean − input‖/‖input‖`, what few draws leave of chance taken out.
    pub(super) bias: f64,
    /// Root of the variance of all pixels over their energy.
    pub(super) deviation: f64,
    /// Correlation of the variance a pixel with that of dropout, over the pixels.
    pub(super) map_correlation: f64,
    /// Correlation of the changes of a pixel and of its right neighbor.
    pub(super) neighbors: f64,
    /// Share of the energy thrown away with the imaginary part.
    pub(super) imaginary: f64,
}

/// What a chain of steps comes to, of the energy of the exact one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Chain {
    pub(super) name: String,
    pub(super) form: Form,
    /// `‖mean − exact mean‖`: what no averaging takes away.
    pub(super) systematic: f64,
    /// Root of the variance.
    pub(super) random: f64,
    /// Root mean square distance of one draw of it to one of the exact chain.
    pub(super) distance: f64,
}

/// Sums over draws of images.
struct Moments {
    draws: usize,
    width: usize,
    sums: Vec<f64>,
    squares: Vec<f64>,
    /// Σ d·d of pixels side by side and of each with itself, d the distance from the center.
    beside: f64,
    itself: f64,
    imaginary: f64,
}

impl Moments {
    fn of(
        draws: usize,
        center: &[f32],
        mut draw: impl FnMut() -> Result<Image, StudyError>,
    ) -> Result<Self, StudyError> {
        let mut moments = Self {
            draws,
            width: 0,
            sums: vec![0.0; center.len()],
            squares: vec![0.0; center.len()],
            beside: 0.0,
            itself: 0.0,
            imaginary: 0.0,
        };
        for _ in 0..draws {
            let image = draw()?;
            moments.width = image.re.dims()[3];
            moments.imaginary += imaginary_share(&image)? / draws as f64;
            let pixels = values(image.re)?;
            for ((&pixel, sum), square) in pixels
                .iter()
                .zip(&mut moments.sums)
                .zip(&mut moments.squares)
            {
                *sum += f64::from(pixel);
                *square += f64::from(pixel).powi(2);
            }
            let distance = |at: usize| f64::from(pixels[at]) - f64::from(center[at]);
            for at in (0..pixels.len()).filter(|at| (at + 1) % moments.width != 0) {
                moments.beside += distance(at) * distance(at + 1);
                moments.itself += distance(at).powi(2);
            }
        }
        Ok(moments)
    }

    fn mean(&self, at: usize) -> f64 {
        self.sums[at] / self.draws as f64
    }

    /// The variance of a pixel, without bias.
    fn variance(&self, at: usize) -> f64 {
        let spread = self.squares[at] - self.sums[at] * self.mean(at);
        spread.max(0.0) / (self.draws.saturating_sub(1).max(1)) as f64
    }

    fn variances(&self) -> Vec<f64> {
        (0..self.sums.len()).map(|at| self.variance(at)).collect()
    }

    /// The distance of the mean from `exact`, less what so few draws make by chance.
    fn bias(&self, exact: &[f32]) -> f64 {
        let squares = (exact.iter().enumerate())
            .map(|(at, &exact)| (self.mean(at) - f64::from(exact)).powi(2));
        let chance = self.variances().iter().sum::<f64>() / self.draws as f64;
        (squares.sum::<f64>() - chance).max(0.0).sqrt()
    }
}

/// The linear correlation of two lists (Pearson); 0 if one does not vary.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let count = a.len().max(1) as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / count, b.iter().sum::<f64>() / count);
    let mut sums = [0.0; 3];
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        sums = [sums[0] + a * b, sums[1] + a * a, sums[2] + b * b];
    }
    ratio(sums[0], (sums[1] * sums[2]).sqrt())
}

/// Dropout of pixels: zero with the given probability, the others scaled up.
fn dropped(images: Tensor<4>, rate: f64) -> Tensor<4> {
    let keep = Distribution::Bernoulli(1.0 - rate);
    let mask = Tensor::random(images.dims(), keep, &images.device());
    images * mask * (1.0 / (1.0 - rate))
}

fn noise(form: NoiseForm) -> Result<SpectralNoise, StudyError> {
    let config = SpectralNoiseConfig::dropout(RATE).with_form(form);
    Ok(config.with_time(NoiseTime::Always).try_init()?)
}

/// Dropout and what stands for it.
pub(super) fn dropout(of: &Features, draws: usize) -> Result<Vec<Spread>, StudyError> {
    let images = leaky_relu(of.normed.clone(), SLOPE);
    let pixels = values(images.clone())?;
    let norm = energy(&pixels).sqrt();
    let odds = RATE / (1.0 - RATE);
    let dropouts: Vec<f64> = pixels
        .iter()
        .map(|&x| odds * f64::from(x).powi(2))
        .collect();
    let (half, full) = (of.half(), of.full());
    let per_part = noise(NoiseForm::PerPart)?;
    let hermitian = noise(NoiseForm::Hermitian(half))?;
    type Draw<'a> = Box<dyn FnMut() -> Result<Image, StudyError> + 'a>;
    let ways: [(&str, Form, Draw<'_>); 3] = [
        (
            "dropout of pixels",
            Form::Repaired,
            Box::new(|| Ok(dropped(images.clone(), RATE).into())),
        ),
        (
            "noise N(1, rate/2) per part",
            Form::Published,
            Box::new(|| {
                let spectrum = per_part.forward(full.spectrum(images.clone()));
                Ok(image_of(full, spectrum))
            }),
        ),
        (
            "the same noise, Hermitian",
            Form::Other,
            Box::new(|| {
                let spectrum = hermitian.forward(half.spectrum(images.clone()));
                Ok(image_of(half, spectrum))
            }),
        ),
    ];
    let mut found = Vec::new();
    for (name, form, draw) in ways {
        let moments = Moments::of(draws, &pixels, draw)?;
        let variances = moments.variances();
        found.push(Spread {
            name: name.into(),
            form,
            bias: ratio(moments.bias(&pixels), norm),
            deviation: ratio(variances.iter().sum::<f64>().sqrt(), norm),
            map_correlation: correlation(&variances, &dropouts),
            neighbors: ratio(moments.beside, moments.itself),
            imaginary: moments.imaginary,
        });
    }
    Ok(found)
}

/// A chain of steps on spectra.
type Steps<'a> = &'a dyn Fn(ComplexTensor<4>) -> ComplexTensor<4>;

/// Activation and dropout, apart and one after the other, against the steps in the image.
pub(super) fn combination(of: &Features, draws: usize) -> Result<Vec<Chain>, StudyError> {
    let images = of.normed.clone();
    let full = of.full();
    let spectrum = full.spectrum(images.clone());
    let per_part = |spectrum| CLeakyRelu::new(SLOPE).forward(spectrum);
    let activating = SpectralNoiseConfig::activation(RATE).try_init()?;
    let dropping = noise(NoiseForm::PerPart)?;
    let active = leaky_relu(images.clone(), SLOPE);
    let (plain, active) = (values(images)?, values(active)?);
    let odds = RATE / (1.0 - RATE);
    let mut found = Vec::new();
    let ways: [(&str, Steps<'_>, &[f32], f64); 5] = [
        ("leaky ReLU per part", &per_part, &active, 0.0),
        (
            "noise as activation",
            &|spectrum| activating.forward(spectrum),
            &active,
            0.0,
        ),
        (
            "noise as dropout",
            &|spectrum| dropping.forward(spectrum),
            &plain,
            odds,
        ),
        (
            "leaky ReLU per part, then noise",
            &|spectrum| dropping.forward(per_part(spectrum)),
            &active,
            odds,
        ),
        (
            "both as noise",
            &|spectrum| dropping.forward(activating.forward(spectrum)),
            &active,
            odds,
        ),
    ];
    for (name, steps, exact, odds) in ways {
        let norm = energy(exact).sqrt();
        let moments = Moments::of(draws, exact, || Ok(image_of(full, steps(spectrum.clone()))))?;
        let systematic = ratio(moments.bias(exact), norm);
        let random = ratio(moments.variances().iter().sum::<f64>().sqrt(), norm);
        found.push(Chain {
            name: name.into(),
            form: Form::Published,
            systematic,
            random,
            distance: (systematic.powi(2) + random.powi(2) + odds).sqrt(),
        });
    }
    found.push(Chain {
        name: "leaky ReLU, then dropout, on the image".into(),
        form: Form::Repaired,
        systematic: 0.0,
        random: odds.sqrt(),
        distance: (2.0 * odds).sqrt(),
    });
    Ok(found)
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn mean_variance_and_neighbors_are_those_worked_by_hand() {
        let device = Device::flex();
        let mut draws = [[1.0, 1.0, 5.0, 0.0], [3.0, 3.0, 5.0, 0.0]].into_iter();
        let center = [2.0, 2.0, 5.0, 0.0];
        let moments = Moments::of(2, &center, || {
            let pixels = Tensor::<1>::from_floats(draws.next().unwrap(), &device);
            Ok(pixels.reshape([1, 1, 2, 2]).into())
        })
        .unwrap();
        assert_eq!(moments.mean(0), 2.0);
        assert_eq!(moments.variances(), [2.0, 2.0, 0.0, 0.0]);
        // Pixels 0 and 1 move together; 2 and 3 not at all.
        assert_eq!((moments.beside, moments.itself), (2.0, 2.0));
        // Of a squared distance of 4 from (0, 2, 5, 0), two draws explain (2 + 2)/2.
        assert!((moments.bias(&[0.0, 2.0, 5.0, 0.0]) - 2f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn lists_that_rise_together_correlate() {
        assert!((correlation(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]) - 1.0).abs() < 1e-12);
        assert!((correlation(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]) + 1.0).abs() < 1e-12);
        assert_eq!(correlation(&[1.0, 1.0], &[1.0, 2.0]), 0.0);
    }
}
