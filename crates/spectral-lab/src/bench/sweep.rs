//! Random shapes, so that tuning does not overfit the named cases.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::cases::Case;
use super::spec::{Layer, Spec};
use super::work::{Work, parameters};

/// Lengths of an axis.
const LENGTHS: std::ops::RangeInclusive<usize> = 7..=512;

/// Maximum bytes of a tensor: 256 MB.
const TENSOR: f64 = 256e6;

/// Maximum flops of forward and backward pass, so that no shape dominates the time.
const FLOPS: f64 = 1e10;

/// `count` random cases, the same for the same seed: in turn transforms over one and two axes,
/// dense, depthwise and low-mode layers and long convolutions; lengths of 7 to 512, even, odd and
/// prime; 1 to 512 channels; batches of 1 to 256; tensors of up to 256 MB.
pub fn sweep(count: usize, seed: u64) -> Vec<Case> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count)
        .map(|index| {
            loop {
                let spec = draw(index % KINDS, &mut random);
                if let Some(spec) = spec.filter(is_affordable) {
                    return Case::own(spec);
                }
            }
        })
        .collect()
}

const KINDS: usize = 6;

/// A layer of a kind; none if its sizes are inconsistent.
fn draw(kind: usize, random: &mut ChaCha8Rng) -> Option<Spec> {
    let batch = spread(1, 256, random);
    let channels = spread(1, 512, random);
    let out = spread(1, 512, random);
    let [height, width] = [length(random), length(random)];
    let (layer, shape) = match kind {
        0 => (Layer::RoundTrip, vec![batch, channels, height, width]),
        1 => (Layer::RoundTrip, vec![batch, channels, width]),
        2 => (Layer::Dense { out }, vec![batch, channels, height, width]),
        3 => (Layer::Depthwise, vec![batch, channels, height, width]),
        4 => {
            let rows = spread(1, height / 2, random);
            let columns = spread(1, width / 2 + 1, random);
            let layer = Layer::Modes { out, rows, columns };
            (layer, vec![batch, channels, height, width])
        }
        _ => (Layer::LongConv, vec![batch, channels, width]),
    };
    Spec::new(layer, shape).ok()
}

/// A log-uniform number.
fn spread(least: usize, most: usize, random: &mut ChaCha8Rng) -> usize {
    let range = (most as f64 + 1.0) / least as f64;
    let drawn = least as f64 * range.powf(random.random::<f64>());
    (drawn as usize).clamp(least, most)
}

/// A length: even, odd, prime or any.
fn length(random: &mut ChaCha8Rng) -> usize {
    let fits: fn(usize) -> bool = match random.random_range(0..4) {
        0 => |n| n % 2 == 0,
        1 => |n| n % 2 == 1,
        2 => is_prime,
        _ => |_| true,
    };
    loop {
        let drawn = spread(*LENGTHS.start(), *LENGTHS.end(), random);
        if fits(drawn) {
            return drawn;
        }
    }
}

fn is_prime(n: usize) -> bool {
    n > 1
        && (2..)
            .take_while(|d| d * d <= n)
            .all(|d| !n.is_multiple_of(d))
}

fn is_affordable(spec: &Spec) -> bool {
    // A half-spectrum is at most two columns larger than its signal.
    let last = spec.sizes().last().copied().unwrap_or(1) as f64;
    let margin = (last + 2.0) / last;
    let [input, output] = spec
        .elements()
        .map(|elements| 4.0 * margin * elements as f64);
    let response = 4.0 * parameters(spec);
    Work::of(spec).flops <= FLOPS && input.max(output).max(response) <= TENSOR
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_shapes_and_another_others() {
        let names =
            |seed| -> Vec<String> { sweep(12, seed).into_iter().map(|case| case.name).collect() };
        assert_eq!(names(1), names(1));
        assert_ne!(names(1), names(2));
    }

    #[test]
    fn every_kind_and_every_sort_of_length_comes_up_within_bounds() {
        let cases = sweep(120, 0);
        let kinds: BTreeSet<_> = cases
            .iter()
            .map(|case| (case.spec.layer.name(), case.spec.shape.len()))
            .collect();
        assert_eq!(kinds.len(), KINDS, "{kinds:?}");
        let mut lengths = BTreeSet::new();
        for case in &cases {
            let spec = &case.spec;
            lengths.extend(spec.sizes().iter().copied());
            assert!(
                spec.sizes().iter().all(|size| LENGTHS.contains(size)),
                "{}",
                case.name
            );
            assert!((1..=256).contains(&spec.shape[0]) && (1..=512).contains(&spec.channels()));
            assert!(spec.elements()[0] <= 64_000_000, "{}", case.name);
        }
        let has = |fits: fn(usize) -> bool| lengths.iter().any(|n| fits(*n));
        assert!(has(|n| n % 2 == 0) && has(is_prime) && has(|n| n % 2 == 1 && !is_prime(n)));
    }

    #[test]
    fn primes_are_known() {
        let primes: Vec<usize> = (0..30).filter(|n| is_prime(*n)).collect();
        assert_eq!(primes, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]);
    }
}
