//! Circular reversal of signals: the spatial counterpart of conjugating a spectrum.

use crate::Scalar;

/// Circular reversal, `output[n] = input[−n mod N]`, over the last `sizes.len()` axes of a row-major array.
///
/// Index 0 stays in place and all other indices are reversed, so that reversing twice is the identity.
///
/// # Panics
/// If a slice does not hold `batch · Π sizes` elements.
pub fn reverse<T: Scalar>(batch: usize, sizes: &[usize], input: &[T], output: &mut [T]) {
    let samples: usize = sizes.iter().product();
    let expected = batch * samples;
    assert_eq!(input.len(), expected, "reverse: wrong input length");
    assert_eq!(output.len(), expected, "reverse: wrong output length");
    if expected == 0 {
        return;
    }
    let signals = input.chunks_exact(samples);
    for (from, to) in signals.zip(output.chunks_exact_mut(samples)) {
        reverse_one(sizes, from, to);
    }
}

fn reverse_one<T: Scalar>(sizes: &[usize], from: &[T], to: &mut [T]) {
    let [count, inner @ ..] = sizes else {
        to.copy_from_slice(from);
        return;
    };
    let stride: usize = inner.iter().product();
    for (n, to) in to.chunks_exact_mut(stride).enumerate() {
        let mirror = (count - n) % count;
        let from = &from[mirror * stride..(mirror + 1) * stride];
        match inner {
            // The last axis in one step: the first sample, then the others from the end.
            [_] => {
                to[0] = from[0];
                let reversed = from[1..].iter().rev();
                to[1..].iter_mut().zip(reversed).for_each(|(t, f)| *t = *f);
            }
            _ => reverse_one(inner, from, to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_axis_is_reversed_about_index_zero() {
        let input: Vec<f32> = (0..2 * 3 * 4).map(|v| v as f32).collect();
        let mut output = vec![0.0; input.len()];
        reverse(2, &[3, 4], &input, &mut output);
        for b in 0..2 {
            for i in 0..3 {
                for j in 0..4 {
                    let mirror = (b * 3 + (3 - i) % 3) * 4 + (4 - j) % 4;
                    assert_eq!(output[(b * 3 + i) * 4 + j], input[mirror]);
                }
            }
        }
    }

    #[test]
    fn reversing_twice_is_the_identity() {
        for sizes in [vec![1], vec![7], vec![2, 1, 5], vec![1, 6]] {
            let count: usize = 3 * sizes.iter().product::<usize>();
            let input: Vec<f64> = (0..count).map(|v| v as f64).collect();
            let (mut once, mut twice) = (vec![0.0; count], vec![0.0; count]);
            reverse(3, &sizes, &input, &mut once);
            reverse(3, &sizes, &once, &mut twice);
            assert_eq!(input, twice, "{sizes:?}");
        }
    }
}
