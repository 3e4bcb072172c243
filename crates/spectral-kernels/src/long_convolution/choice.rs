//! Which algorithm convolves a shape.

use super::LongConvolution;
use crate::scalar::Scalar;

/// Taps that are cheaper one by one than any transform.
const FEW_TAPS: usize = 24;
/// Longest block: beyond it transforms leave the second-level cache.
const LONGEST_BLOCK: usize = 2048;
/// Bytes of spectra that a thread may hold for a block of lanes.
const MOST_BYTES: usize = 48 << 20;
/// Rates of transforms side by side and one at a time.
const SIDE_BY_SIDE: f64 = 4.0;

/// How to convolve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Tap by tap.
    Taps,
    /// Blocks of `n` samples, one signal a lane.
    Lanes { n: usize },
    /// One transform of `n` samples a signal, one signal after the other.
    Single { n: usize },
}

/// The least product of 2, 3 and 5 that is at least `least`, with few threes and fives.
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

/// Time of a forward and inverse transform of all blocks and of their products, in about flops a lane.
fn cost(n: usize, length: usize, taps: usize) -> f64 {
    let blocks = length.div_ceil(n);
    let kernel_blocks = taps.div_ceil(n).min(blocks);
    let points = (n * blocks) as f64;
    let products = (kernel_blocks * (2 * blocks + 1 - kernel_blocks)) as f64 / 2.0;
    points * (10.0 * (n as f64).log2().max(1.0) + 12.0) + 6.0 * products * n as f64
}

/// The cheapest length of a block.
fn block(length: usize, taps: usize) -> usize {
    (1..=64)
        .map(|blocks| smooth(length.div_ceil(blocks)))
        .chain((4..=11).map(|log| 1 << log))
        .filter(|n| *n <= LONGEST_BLOCK)
        .min_by(|a, b| cost(*a, length, taps).total_cmp(&cost(*b, length, taps)))
        .unwrap_or(LONGEST_BLOCK)
}

impl Choice {
    /// Chooses for vectors of `lanes`.
    pub fn new<T: Scalar>(shape: &LongConvolution, lanes: usize) -> Self {
        let taps = shape.taps.min(shape.length);
        if taps <= FEW_TAPS {
            return Choice::Taps;
        }
        let n = block(shape.length, taps);
        let signals = shape.batch * shape.channels;
        let whole = smooth(shape.length);
        // A vector is as dear with one signal in it as with all.
        let vectors = signals.div_ceil(lanes.min(signals));
        let abreast = vectors as f64 * cost(n, shape.length, taps);
        let alone = signals as f64 * cost(whole, shape.length, taps) / lanes as f64 * SIDE_BY_SIDE;
        let bytes = 4 * shape.length * 2 * lanes * size_of::<T>();
        if abreast.min(alone) == alone || bytes > MOST_BYTES {
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
        for length in [25, 100, 127, 1000, 4096, 8191, 8192, 10007, 65536] {
            let n = block(length, length);
            let covered = n * length.div_ceil(n);
            assert!(covered < length + length / 8 + 8, "{length}: {n}");
        }
    }

    #[test]
    fn lone_signals_go_one_at_a_time_and_many_side_by_side() {
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
