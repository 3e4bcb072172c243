//! The rank of a matrix.

use serde::Serialize;

/// A rank, and how clear it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rank {
    /// Independent columns.
    pub rank: usize,
    /// The least independent column that counts, relative to the first.
    pub smallest_kept: f64,
    /// The most independent one that does not; 0 where none is left out.
    pub largest_dropped: f64,
}

/// The rank by a QR decomposition with column pivoting (Businger and Golub, 1965), of a matrix
/// given by its columns. Each is scaled to length one first, so that a direction counts however
/// little it does; columns of zeros stay. What remains of a column below `tolerance` counts as
/// dependent.
pub(super) fn rank(mut columns: Vec<Vec<f64>>, tolerance: f64) -> Rank {
    let rows = columns.first().map_or(0, Vec::len);
    for column in &mut columns {
        let length = norm(column);
        if length > 0.0 {
            column.iter_mut().for_each(|value| *value /= length);
        }
    }
    let mut rank = Rank {
        rank: 0,
        smallest_kept: 0.0,
        largest_dropped: 0.0,
    };
    let most = rows.min(columns.len());
    // Squares of what is left of each column, updated as rows are used up.
    let mut left: Vec<f64> = columns.iter().map(|column| dot(column, column)).collect();
    for step in 0..most {
        let best = (step..columns.len()).max_by(|&a, &b| left[a].total_cmp(&left[b]));
        let Some(best) = best else { break };
        columns.swap(step, best);
        left.swap(step, best);
        let (done, rest) = columns.split_at_mut(step + 1);
        let pivot = &mut done[step][step..];
        let length = norm(pivot);
        if length <= tolerance {
            rank.largest_dropped = length;
            return rank;
        }
        rank.rank += 1;
        rank.smallest_kept = length;
        // Householder's reflection of the pivot onto the first of its rows.
        pivot[0] += length.copysign(pivot[0]);
        let square = dot(pivot, pivot);
        for (column, left) in rest.iter_mut().zip(&mut left[step + 1..]) {
            let column = &mut column[step..];
            let factor = 2.0 * dot(pivot, column) / square;
            for (value, pivot) in column.iter_mut().zip(&*pivot) {
                *value -= factor * pivot;
            }
            let reduced = *left - column[0] * column[0];
            // Cancellation: compute it again before it misleads.
            *left = match reduced > 1e-6 * *left {
                true => reduced,
                false => dot(&column[1..], &column[1..]),
            };
        }
    }
    rank
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Eight sums at a time, which the compiler turns into vectors.
    let mut sums = [0.0; 8];
    let (blocks_a, blocks_b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = (blocks_a.remainder().iter().zip(blocks_b.remainder()))
        .map(|(a, b)| a * b)
        .sum();
    for (a, b) in blocks_a.zip(blocks_b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    rest + sums.iter().sum::<f64>()
}

fn norm(values: &[f64]) -> f64 {
    dot(values, values).sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::Probe;
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn ranks_by_hand() {
        let of = |columns: &[&[f64]]| rank(columns.iter().map(|c| c.to_vec()).collect(), 1e-9).rank;
        assert_eq!(of(&[&[1.0, 0.0], &[0.0, 1e-30]]), 2);
        assert_eq!(of(&[&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]]), 1);
        assert_eq!(of(&[&[0.0, 0.0], &[0.0, 0.0]]), 0);
        // The third is the sum of the others.
        assert_eq!(
            of(&[&[1.0, 0.0, 1.0], &[0.0, 1.0, 1.0], &[1.0, 1.0, 2.0]]),
            2
        );
        assert_eq!(of(&[&[1.0], &[2.0], &[3.0]]), 1);
        assert_eq!(of(&[]), 0);
    }

    #[test]
    fn the_rank_of_a_product_is_that_of_its_thinnest_factor() {
        let probe = Probe::new(1, [1, 1], &Device::flex()).unwrap();
        let mut generator = probe.generator(9);
        for (rows, columns, inner) in [(40, 30, 7), (30, 40, 29), (25, 25, 25), (60, 20, 20)] {
            let mut draw =
                |count: usize| -> Vec<f64> { (0..count).map(|_| generator.normal()).collect() };
            let (left, right) = (draw(rows * inner), draw(inner * columns));
            let product = (0..columns).map(|column| {
                let entry = |row: usize| {
                    (0..inner)
                        .map(|k| left[row * inner + k] * right[k * columns + column])
                        .sum()
                };
                (0..rows).map(entry).collect()
            });
            let found = rank(product.collect(), 1e-9);
            assert_eq!(found.rank, inner);
            assert!(
                found.smallest_kept > 1e-4 && found.largest_dropped < 1e-12,
                "{found:?}"
            );
        }
    }
}
