//! Networks of a wanted size.

use crate::limits;
use crate::model::ModelError;

/// Greatest width.
const WIDEST: usize = 1 << 16;

/// The width, at least 1, with which a network's number of parameters is nearest to `wanted`; the smaller of two that are
/// equally near. `parameters` gives the number for a width and must not decrease.
pub fn nearest_width(wanted: u64, parameters: impl Fn(usize) -> u64) -> usize {
    let (mut low, mut high) = (1, WIDEST);
    while low + 1 < high {
        let middle = low.midpoint(high);
        match parameters(middle) <= wanted {
            true => low = middle,
            false => high = middle,
        }
    }
    let distance = |width| parameters(width).abs_diff(wanted);
    match distance(low) <= distance(high) {
        true => low,
        false => high,
    }
}

/// The parameters of a convolution with a bias, of `taps` along each of `axes`.
pub(super) fn conv(channels: [usize; 2], taps: usize, axes: usize) -> u64 {
    let [inputs, outputs] = channels;
    let weight = limits::product([inputs, outputs].into_iter().chain(vec![taps; axes]));
    weight.saturating_add(outputs as u64)
}

/// The parameters of a normalization.
pub(super) fn norm(channels: usize) -> u64 {
    (channels as u64).saturating_mul(2)
}

pub(super) fn sum(parts: impl IntoIterator<Item = u64>) -> u64 {
    parts.into_iter().fold(0, u64::saturating_add)
}

/// Checks counts of a network that must be at least one, and then its number of parameters.
pub(super) fn check(
    model: &str,
    counts: &[(&'static str, usize)],
    parameters: impl FnOnce() -> u64,
) -> Result<(), ModelError> {
    if let Some(&(what, _)) = counts.iter().find(|(_, count)| *count == 0) {
        return Err(ModelError::Zero { what });
    }
    let weights = parameters();
    match weights <= limits::WEIGHTS {
        true => Ok(()),
        false => Err(ModelError::TooLarge {
            what: format!("the weights of model '{model}'"),
            memory: limits::floats(weights),
            most: limits::floats(limits::WEIGHTS),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_width_is_found() {
        let square = |width: usize| (width * width) as u64;
        for (wanted, width) in [(0, 1), (100, 10), (109, 10), (111, 11), (1 << 40, WIDEST)] {
            assert_eq!(nearest_width(wanted, square), width, "{wanted}");
        }
        // Equally near.
        assert_eq!(nearest_width(15, |width| 10 * width as u64), 1);
    }
}
