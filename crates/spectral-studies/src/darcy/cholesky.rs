//! Cholesky factorization of banded matrices.

/// The lower factor of a symmetric positive definite matrix of which entries further than a bandwidth from the
/// diagonal are zero.
pub(super) struct Cholesky {
    size: usize,
    bandwidth: usize,
    /// Row by row, the entries of columns `i - bandwidth ..= i`.
    factor: Vec<f64>,
}

impl Cholesky {
    /// Factors the matrix with these entries `(row, column)`, `column ≤ row`. None if it is not positive
    /// definite.
    pub(super) fn new(
        size: usize,
        bandwidth: usize,
        entry: impl Fn(usize, usize) -> f64,
    ) -> Option<Self> {
        let width = bandwidth + 1;
        let mut factor = vec![0.0; size * width];
        for row in 0..size {
            let first = row.saturating_sub(bandwidth);
            for column in first..=row {
                let start = first.max(column.saturating_sub(bandwidth));
                let of = |line: usize| {
                    let begin = line * width + start + bandwidth - line;
                    &factor[begin..begin + column - start]
                };
                let inner: f64 = of(row).iter().zip(of(column)).map(|(a, b)| a * b).sum();
                let rest = entry(row, column) - inner;
                factor[row * width + column + bandwidth - row] = match column == row {
                    true if rest > 0.0 => rest.sqrt(),
                    true => return None,
                    false => rest / factor[column * width + bandwidth],
                };
            }
        }
        Some(Self {
            size,
            bandwidth,
            factor,
        })
    }

    /// Solves for a right side, in place.
    ///
    /// # Panics
    /// If it has another length than the matrix.
    pub(super) fn solve(&self, x: &mut [f64]) {
        assert_eq!(x.len(), self.size, "length of the right side");
        let (bandwidth, width) = (self.bandwidth, self.bandwidth + 1);
        for row in 0..self.size {
            let first = row.saturating_sub(bandwidth);
            let line = &self.factor[row * width + first + bandwidth - row..(row + 1) * width];
            let inner: f64 = line.iter().zip(&x[first..row]).map(|(a, b)| a * b).sum();
            x[row] = (x[row] - inner) / line[row - first];
        }
        for row in (0..self.size).rev() {
            let first = row.saturating_sub(bandwidth);
            let line = &self.factor[row * width + first + bandwidth - row..(row + 1) * width];
            x[row] /= line[row - first];
            let value = x[row];
            let above = x[first..row].iter_mut().zip(line);
            above.for_each(|(x, factor)| *x -= factor * value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solutions_solve_the_system() {
        let size = 9;
        for bandwidth in [1, 3, 8] {
            let entry = |row: usize, column: usize| match row.abs_diff(column) {
                0 => 10.0 + row as f64,
                apart if apart <= bandwidth => 1.0 / (1.0 + (row * column) as f64),
                _ => 0.0,
            };
            let right: Vec<f64> = (0..size).map(|row| (row as f64).sin()).collect();
            let mut x = right.clone();
            Cholesky::new(size, bandwidth, entry).unwrap().solve(&mut x);
            for (row, right) in right.iter().enumerate() {
                let product: f64 = (0..size).map(|column| entry(row, column) * x[column]).sum();
                assert!((product - right).abs() < 1e-12, "{bandwidth}: {product}");
            }
        }
    }

    #[test]
    fn other_matrices_have_no_factor() {
        assert!(Cholesky::new(2, 1, |row, column| if row == column { 1.0 } else { 2.0 }).is_none());
    }
}
