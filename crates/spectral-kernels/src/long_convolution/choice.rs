//! The choice of a convolution algorithm for a shape.

use spectral_lanes::Scalar;

use super::LongConvolution;

/// Longest block; beyond it, transforms exceed the L2 cache.
const LONGEST_BLOCK: usize = 2048;
/// Maximum bytes of spectra per thread for one block of lanes.
const MOST_BYTES: usize = 48 << 20;
/// Bytes of spectra above which a block of lanes exceeds the caches, and the slowdown this causes.
const LARGE: (usize, f64) = (8 << 20, 1.8);
/// Measured time per tap and sample in units of [`cost`], times the lanes of a vector.
const TAP: f64 = 1.8;
/// Measured time of a transform of a single signal in `f32`, in the same unit.
const SINGLE: f64 = 0.3;

/// A convolution algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Direct, tap by tap.
    Taps,
    /// Blocks of `n` samples, one signal per lane.
    Lanes { n: usize },
    /// One transform of `n` samples per signal, one signal at a time.
    Single { n: usize },
}

/// The smallest product of powers of 2, 3 and 5 that is at least `least`, with few threes and fives.
fn smooth(least: usize) -> usize {
    let mut best = least.next_power_of_two();
    for odd in [3, 5, 9, 15, 25, 27, 45, 75, 135, 225] {
        let n = odd * least.div_ceil(odd).next_power_of_two();
        if n < best {
            best = n;
        }
    }
    best
}

/// Estimated time of the transforms and products of all blocks, in about flops per lane.
fn cost(n: usize, length: usize, taps: usize) -> f64 {
    let blocks = length.div_ceil(n);
    let kernel_blocks = taps.div_ceil(n).min(blocks);
    let points = (n * blocks) as f64;
    let products = (kernel_blocks * (2 * blocks + 1 - kernel_blocks)) as f64 / 2.0;
    points * (10.0 * (n as f64).log2().max(1.0) + 12.0) + 6.0 * products * n as f64
}

/// The cheapest block length.
fn block(length: usize, taps: usize) -> usize {
    (1..=64)
        .map(|blocks| smooth(length.div_ceil(blocks)))
        .chain((4..=11).map(|log| 1 << log))
        .filter(|n| *n <= LONGEST_BLOCK)
        .min_by(|a, b| cost(*a, length, taps).total_cmp(&cost(*b, length, taps)))
        .unwrap_or(LONGEST_BLOCK)
}

impl Choice {
    /// Chooses an algorithm for vectors of `lanes`.
    pub fn new<T: Scalar>(shape: &LongConvolution, lanes: usize) -> Self {
        let taps = shape.taps.min(shape.length);
        let signals = shape.batch * shape.channels;
        let one_by_one = (signals * shape.length * taps) as f64 * TAP / lanes as f64;
        // A vector with one signal costs as much as a full one.
        let vectors = signals.div_ceil(lanes.min(signals).max(1));
        let n = block(shape.length, taps);
        let bytes = 4 * shape.length * 2 * lanes * size_of::<T>();
        let abreast = vectors as f64 * cost(n, shape.length, taps);
        let abreast = abreast * if bytes > LARGE.0 { LARGE.1 } else { 1.0 };
        let whole = smooth(shape.length);
        let wide = size_of::<T>() as f64 / size_of::<f32>() as f64;
        let single = signals as f64 * cost(whole, shape.length, taps) * SINGLE * wide;
        if one_by_one <= abreast.min(single) {
            Choice::Taps
        } else if single < abreast || bytes > MOST_BYTES {
            Choice::Single { n: whole }
        } else {
            Choice::Lanes { n }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_waste_little() {
        for length in [40, 100, 127, 1000, 4096, 8191, 8192, 10007, 65536] {
            let n = block(length, length);
            let covered = n * length.div_ceil(n);
            assert!(covered < length + length / 8 + 8, "{length}: {n}");
        }
    }

    #[test]
    fn few_signals_are_processed_one_at_a_time_and_many_side_by_side() {
        let shape = |batch, channels, length, taps| LongConvolution {
            batch,
            channels,
            length,
            taps,
        };
        let of = |shape| Choice::new::<f32>(&shape, 16);
        assert!(matches!(
            of(shape(1, 1, 65536, 65536)),
            Choice::Single { .. }
        ));
        assert!(matches!(
            of(shape(4, 256, 8192, 8192)),
            Choice::Lanes { .. }
        ));
        assert_eq!(of(shape(4, 256, 8192, 7)), Choice::Taps);
        assert_eq!(of(shape(4, 256, 7, 8192)), Choice::Taps);
    }
}
