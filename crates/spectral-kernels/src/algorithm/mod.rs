//! Transform algorithms for a block of signals, one per file. [`crate::plan`] chooses among them.

pub mod butterfly;
pub mod odd;
pub mod per_signal;
pub mod stockham;

use std::f64::consts::TAU;

use spectral_lanes::Scalar;

/// `exp(−2πi k/n)`, with the angle reduced below one eighth of a turn in exact arithmetic.
pub fn root<T: Scalar>(k: usize, n: usize) -> [T; 2] {
    let k = k % n;
    // The angle in eighths of a turn is 8k/n.
    let (octant, rest) = ((8 * k) / n, (8 * k) % n);
    let (octant, rest) = if rest * 2 > n {
        (octant + 1, rest as f64 - n as f64)
    } else {
        (octant, rest as f64)
    };
    let (s, c) = (TAU / 8.0 * rest / n as f64).sin_cos();
    let h = std::f64::consts::FRAC_1_SQRT_2;
    let (c, s) = match octant % 8 {
        0 => (c, s),
        1 => (h * (c - s), h * (c + s)),
        2 => (-s, c),
        3 => (-h * (c + s), h * (c - s)),
        4 => (-c, -s),
        5 => (h * (s - c), -h * (c + s)),
        6 => (s, -c),
        _ => (h * (c + s), h * (s - c)),
    };
    [T::of(c), T::of(-s)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_of_unity_agree_with_the_library_functions() {
        for n in [1, 2, 3, 4, 5, 7, 8, 12, 28, 150, 257, 1024] {
            for k in 0..2 * n {
                let [re, im] = root::<f64>(k, n);
                // Use the smaller of the two equivalent angles: near a full turn, rounding the angle alone is an error
                // of one ulp of 4.
                let turns = (k % n) as f64 - if 2 * (k % n) > n { n as f64 } else { 0.0 };
                let angle = TAU * turns / n as f64;
                assert!(
                    (re - angle.cos()).abs() < 1e-15 && (im + angle.sin()).abs() < 1e-15,
                    "{k}/{n}"
                );
            }
        }
    }
}
