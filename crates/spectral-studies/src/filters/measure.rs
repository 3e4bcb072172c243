//! How far training moved filters, and which frequencies they let through.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::responses::{Responses, Surface};
use crate::StudyError;
use crate::kit::images::{distance, energy, root_ratio, values};

/// Rings of frequencies that the movement is divided into, up to the highest along an axis.
pub(super) const RINGS: usize = 10;

/// The highest frequency of a ring, in cycles per sample; what lies in the corners beyond counts with
/// the last.
pub(super) const HIGHEST: f64 = 0.5;

/// A filter before and after training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Moved {
    /// From 1 on.
    pub(super) layer: usize,
    /// From 1 on.
    pub(super) filter: usize,
    /// Σ|R|² before and after.
    pub(super) energy: [f64; 2],
    /// ‖R after − R before‖ / ‖R before‖.
    pub(super) moved: f64,
    /// Mean frequency in cycles per sample, weighted by |R|², before and after.
    pub(super) frequency: [f64; 2],
}

/// A Gaussian surface before and after training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Bump {
    pub(super) layer: usize,
    pub(super) filter: usize,
    /// Whether it is that of the real part.
    pub(super) is_real: bool,
    /// Whether it falls away from its center in every direction.
    pub(super) is_bump: [bool; 2],
    /// Cycles per sample down and across the image.
    pub(super) center: [[f64; 2]; 2],
    /// Degrees.
    pub(super) rotation: [f64; 2],
    pub(super) amplitude: [f64; 2],
}

/// All filters of a network, before and after training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Filters {
    pub(super) filters: Vec<Moved>,
    /// Of all filters, by ring of frequencies, ‖R after − R before‖ / ‖R before‖.
    pub(super) rings: Vec<f64>,
    /// Of Gaussian responses.
    pub(super) bumps: Vec<Bump>,
}

/// |f| of each bin of the half-spectrum, in cycles per sample.
fn distances([height, width]: [usize; 2]) -> Vec<f64> {
    let bins = width / 2 + 1;
    let along = |index: usize, length: usize| {
        let f = index as f64 / length as f64;
        if f > 0.5 { f - 1.0 } else { f }
    };
    (0..height * bins)
        .map(|at| along(at / bins, height).hypot(along(at % bins, width)))
        .collect()
}

/// Real and imaginary parts of a filter.
fn parts(
    layer: &burn_spectral::ComplexTensor<4>,
    filter: usize,
) -> Result<[Vec<f32>; 2], StudyError> {
    let of = |part: &Tensor<4>| values(part.clone().narrow(0, filter, 1));
    Ok([of(&layer.re)?, of(&layer.im)?])
}

/// What training made of filters.
pub(super) fn measure(fresh: &Responses, trained: &Responses) -> Result<Filters, StudyError> {
    let distances = distances(fresh.size);
    let mean_frequency = |[re, im]: &[Vec<f32>; 2]| {
        let (mut sum, mut weights) = (0.0, 0.0);
        for ((re, im), distance) in re.iter().zip(im).zip(&distances) {
            let weight = f64::from(*re).powi(2) + f64::from(*im).powi(2);
            sum += weight * distance;
            weights += weight;
        }
        if weights > 0.0 { sum / weights } else { 0.0 }
    };
    let mut filters = Vec::new();
    let mut rings = vec![[0.0; 2]; RINGS];
    for (layer, (before, after)) in fresh.layers.iter().zip(&trained.layers).enumerate() {
        for filter in 0..before.dims()[0] {
            let [before, after] = [parts(before, filter)?, parts(after, filter)?];
            for part in 0..2 {
                let moved = before[part].iter().zip(&after[part]).zip(&distances);
                for ((before, after), distance) in moved {
                    let ring = (distance / HIGHEST * RINGS as f64) as usize;
                    let [change, whole] = &mut rings[ring.min(RINGS - 1)];
                    *change += (f64::from(*after) - f64::from(*before)).powi(2);
                    *whole += f64::from(*before).powi(2);
                }
            }
            let energies = [&before, &after].map(|[re, im]| energy(re) + energy(im));
            let change = distance(&before[0], &after[0]) + distance(&before[1], &after[1]);
            filters.push(Moved {
                layer: layer + 1,
                filter: filter + 1,
                energy: energies,
                moved: root_ratio(change, energies[0]),
                frequency: [mean_frequency(&before), mean_frequency(&after)],
            });
        }
    }
    Ok(Filters {
        filters,
        rings: (rings.into_iter())
            .map(|[change, whole]| root_ratio(change, whole))
            .collect(),
        bumps: bumps(fresh, trained),
    })
}

fn bumps(fresh: &Responses, trained: &Responses) -> Vec<Bump> {
    let layers = fresh.surfaces.iter().zip(&trained.surfaces).enumerate();
    let mut bumps = Vec::new();
    for (layer, (before, after)) in layers {
        for (filter, (before, after)) in before.iter().zip(after).enumerate() {
            for part in 0..2 {
                let pair = [before[part], after[part]];
                bumps.push(Bump {
                    layer: layer + 1,
                    filter: filter + 1,
                    is_real: part == 0,
                    is_bump: pair.map(|surface| surface.is_bump()),
                    center: pair.map(|surface| surface.center(fresh.size)),
                    rotation: pair.map(|surface: Surface| surface.rotation()),
                    amplitude: pair.map(|surface| surface.s0),
                });
            }
        }
    }
    bumps
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use spectral_lab::model::{InputSpec, build};

    #[test]
    fn frequencies_are_as_far_from_zero_as_their_negatives() {
        let distances = distances([4, 4]);
        assert_eq!(distances[0], 0.0);
        // Rows 1 and 3 are negatives of one another.
        assert_eq!(distances[3], distances[9]);
        assert!((distances[2 * 3 + 2] - 0.5f64.hypot(0.5)).abs() < 1e-12);
    }

    #[test]
    fn a_doubled_response_moved_by_its_norm_and_lets_the_same_frequencies_through() {
        let device = Device::flex();
        let network = build("cats-gaussian", &InputSpec::new(3, [12, 10], 2), &device).unwrap();
        let fresh = Responses::of(&network, [12, 10]).unwrap();
        let mut doubled = Responses::of(&network, [12, 10]).unwrap();
        for layer in &mut doubled.layers {
            *layer = layer.clone().mul_scalar(2.0);
        }
        let found = measure(&fresh, &doubled).unwrap();
        assert_eq!((found.filters.len(), found.bumps.len()), (24, 48));
        for filter in &found.filters {
            assert!((filter.moved - 1.0).abs() < 1e-6);
            assert!((filter.energy[1] / filter.energy[0] - 4.0).abs() < 1e-5);
            assert!((filter.frequency[0] - filter.frequency[1]).abs() < 1e-6);
        }
        assert!(
            found.rings.iter().all(|ring| (ring - 1.0).abs() < 1e-6),
            "{found:?}"
        );
        let same = measure(&fresh, &fresh).unwrap();
        assert!(same.filters.iter().all(|filter| filter.moved == 0.0));
    }
}
