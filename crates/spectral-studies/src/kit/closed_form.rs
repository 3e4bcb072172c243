//! Two classifiers in closed form: the nearest class mean, and ridge regression on the classes.

use rayon::prelude::*;

/// Shares of the number of images that are added to the diagonal, one of which is chosen.
const SHRINKAGES: [f64; 5] = [1e-4, 1e-3, 1e-2, 1e-1, 1.0];

/// One image in so many is held out to choose by.
const HELD_OUT: usize = 5;

/// Images as rows of numbers, with their classes.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    /// Numbers an image.
    pub(crate) width: usize,
    /// Image by image.
    pub(crate) values: Vec<f64>,
    /// The class of each image.
    pub(crate) labels: Vec<usize>,
}

/// Shares of unseen images classified correctly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Accuracies {
    /// By the nearest mean of a class.
    pub(crate) nearest_mean: f64,
    /// By ridge regression.
    pub(crate) ridge: f64,
}

/// Learns from `train`, which has all of the `classes`, and names `test`. Numbers are brought to mean 0
/// and variance 1 over `train`; those that do not vary there do not count.
pub(crate) fn classify(mut train: Rows, mut test: Rows, classes: usize) -> Accuracies {
    standardize(&mut train, &mut test);
    Accuracies {
        nearest_mean: accuracy(&test, &class_means(&train, classes)),
        ridge: accuracy(&test, &ridge(&train, classes)),
    }
}

impl Rows {
    fn count(&self) -> usize {
        self.labels.len()
    }

    fn row(&self, index: usize) -> &[f64] {
        &self.values[index * self.width..(index + 1) * self.width]
    }

    /// The rows in a range.
    fn part(&self, range: std::ops::Range<usize>) -> Self {
        Self {
            width: self.width,
            values: self.values[range.start * self.width..range.end * self.width].to_vec(),
            labels: self.labels[range].to_vec(),
        }
    }
}

fn standardize(train: &mut Rows, test: &mut Rows) {
    let (width, count) = (train.width, train.count().max(1) as f64);
    let (mut sums, mut squares) = (vec![0.0; width], vec![0.0; width]);
    for row in train.values.chunks_exact(width) {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    let means: Vec<f64> = sums.iter().map(|sum| sum / count).collect();
    for row in train.values.chunks_exact(width) {
        let centered = row.iter().zip(&means).map(|(x, mean)| x - mean);
        squares
            .iter_mut()
            .zip(centered)
            .for_each(|(sum, x)| *sum += x * x);
    }
    let scales: Vec<f64> = (squares.iter())
        .map(|sum| match sum / count {
            // Rounding alone makes a number vary by less.
            variance if variance > 1e-10 => 1.0 / variance.sqrt(),
            _ => 0.0,
        })
        .collect();
    for rows in [train, test] {
        for row in rows.values.chunks_exact_mut(width) {
            for ((x, mean), scale) in row.iter_mut().zip(&means).zip(&scales) {
                *x = (*x - mean) * scale;
            }
        }
    }
}

/// Scores that are linear in an image: a weight a number, and an offset, for each class.
struct Scores {
    weights: Vec<Vec<f64>>,
    offsets: Vec<f64>,
}

impl Scores {
    fn best(&self, row: &[f64]) -> usize {
        let scores = self.weights.iter().zip(&self.offsets);
        let scores = scores.map(|(weights, offset)| offset + dot(weights, row));
        let best = scores.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        best.map_or(0, |(class, _)| class)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn accuracy(rows: &Rows, scores: &Scores) -> f64 {
    let is_right = |index: &usize| scores.best(rows.row(*index)) == rows.labels[*index];
    let right = (0..rows.count()).into_par_iter().filter(is_right).count();
    right as f64 / rows.count().max(1) as f64
}

/// `‖x − m‖²` is least where `x·m − ‖m‖²/2` is largest.
fn class_means(rows: &Rows, classes: usize) -> Scores {
    let mut means = vec![vec![0.0; rows.width]; classes];
    let mut counts = vec![0.0_f64; classes];
    for index in 0..rows.count() {
        let class = rows.labels[index];
        counts[class] += 1.0;
        means[class]
            .iter_mut()
            .zip(rows.row(index))
            .for_each(|(mean, x)| *mean += x);
    }
    for (mean, count) in means.iter_mut().zip(&counts) {
        mean.iter_mut().for_each(|x| *x /= count.max(1.0));
    }
    let offset = |(mean, count): (&Vec<f64>, &f64)| match *count > 0.0 {
        true => -dot(mean, mean) / 2.0,
        // No image is of a class that was never seen.
        false => f64::NEG_INFINITY,
    };
    Scores {
        offsets: means.iter().zip(&counts).map(offset).collect(),
        weights: means,
    }
}

/// Least squares on the indicators of the classes, `(XᵀX + λn·I)⁻¹XᵀT`, λ the one of [`SHRINKAGES`]
/// that does best on every fifth image when it learns from the others.
fn ridge(rows: &Rows, classes: usize) -> Scores {
    let cut = rows.count() - rows.count() / HELD_OUT;
    let (fit, held) = (rows.part(0..cut), rows.part(cut..rows.count()));
    let mut sums = Sums::of(&fit, classes);
    let mut best = (SHRINKAGES[0], f64::NEG_INFINITY);
    for shrinkage in SHRINKAGES {
        let right = accuracy(&held, &sums.solve(shrinkage));
        if right > best.1 {
            best = (shrinkage, right);
        }
    }
    sums.add(&Sums::of(&held, classes));
    sums.solve(best.0)
}

/// What the solution depends on.
struct Sums {
    count: f64,
    /// Images of each class.
    counts: Vec<f64>,
    /// `XᵀX`, on and above the diagonal.
    gram: Vec<Vec<f64>>,
    /// The sum of the rows of each class.
    by_class: Vec<Vec<f64>>,
}

impl Sums {
    fn of(rows: &Rows, classes: usize) -> Self {
        let width = rows.width;
        let mut gram = vec![vec![0.0; width]; width];
        gram.par_iter_mut().enumerate().for_each(|(i, line)| {
            for row in rows.values.chunks_exact(width) {
                let factor = row[i];
                let upper = line[i..].iter_mut().zip(&row[i..]);
                upper.for_each(|(sum, x)| *sum += factor * x);
            }
        });
        let mut counts = vec![0.0; classes];
        let mut by_class = vec![vec![0.0; width]; classes];
        for index in 0..rows.count() {
            let class = rows.labels[index];
            counts[class] += 1.0;
            let sums = by_class[class].iter_mut().zip(rows.row(index));
            sums.for_each(|(sum, x)| *sum += x);
        }
        Self {
            count: rows.count() as f64,
            counts,
            gram,
            by_class,
        }
    }

    fn add(&mut self, other: &Self) {
        let add = |a: &mut Vec<f64>, b: &Vec<f64>| a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        self.count += other.count;
        add(&mut self.counts, &other.counts);
        for (ours, theirs) in [
            (&mut self.gram, &other.gram),
            (&mut self.by_class, &other.by_class),
        ] {
            ours.iter_mut().zip(theirs).for_each(|(a, b)| add(a, b));
        }
    }

    fn solve(&self, shrinkage: f64) -> Scores {
        let count = self.count.max(1.0);
        let mut factor = self.gram.clone();
        for (i, line) in factor.iter_mut().enumerate() {
            line[i] += shrinkage * count;
        }
        cholesky(&mut factor);
        // Rows have mean 0 or nearly so: the offset is the share of the class.
        let shares: Vec<f64> = self.counts.iter().map(|images| images / count).collect();
        let weights = self
            .by_class
            .par_iter()
            .map(|sum| substitute(&factor, sum.clone()));
        Scores {
            weights: weights.collect(),
            offsets: shares,
        }
    }
}

/// `U` of `A = UᵀU` in place of the upper half of a positive matrix.
fn cholesky(a: &mut [Vec<f64>]) {
    for k in 0..a.len() {
        let (head, tail) = a.split_at_mut(k + 1);
        let pivot_row = &mut head[k];
        let pivot = pivot_row[k].max(f64::MIN_POSITIVE).sqrt();
        pivot_row[k..].iter_mut().for_each(|x| *x /= pivot);
        pivot_row[k] = pivot;
        let pivot_row = &*pivot_row;
        tail.par_iter_mut().enumerate().for_each(|(below, line)| {
            let i = k + 1 + below;
            let factor = pivot_row[i];
            let rest = line[i..].iter_mut().zip(&pivot_row[i..]);
            rest.for_each(|(x, p)| *x -= factor * p);
        });
    }
}

/// `x` of `UᵀU·x = b`.
fn substitute(u: &[Vec<f64>], mut b: Vec<f64>) -> Vec<f64> {
    for (k, row) in u.iter().enumerate() {
        b[k] /= row[k];
        let value = b[k];
        let rest = b[k + 1..].iter_mut().zip(&row[k + 1..]);
        rest.for_each(|(x, factor)| *x -= factor * value);
    }
    for k in (0..b.len()).rev() {
        b[k] = (b[k] - dot(&u[k][k + 1..], &b[k + 1..])) / u[k][k];
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_worked_by_hand_is_solved() {
        // [[4, 2, 0], [2, 5, 2], [0, 2, 10]]·(1, −1, 2) = (2, 1, 18).
        let mut a = vec![
            vec![4.0, 2.0, 0.0],
            vec![0.0, 5.0, 2.0],
            vec![0.0, 0.0, 10.0],
        ];
        cholesky(&mut a);
        assert_eq!((a[0][0], a[0][1], a[1][1]), (2.0, 1.0, 2.0));
        let x = substitute(&a, vec![2.0, 1.0, 18.0]);
        for (x, expected) in x.iter().zip([1.0, -1.0, 2.0]) {
            assert!((x - expected).abs() < 1e-14, "{x}");
        }
    }

    /// Classes by the sign of the second number less a half of the first; the third never varies.
    fn rows(count: usize, seed: f64) -> Rows {
        let mut rows = Rows {
            width: 3,
            values: Vec::new(),
            labels: Vec::new(),
        };
        for index in 0..count {
            let at = seed + index as f64;
            let (a, gap) = (20.0 * (at * 1.7).sin(), (at * 2.9).cos());
            rows.values.extend([a, a / 2.0 + gap, 7.0]);
            rows.labels.push(usize::from(gap > 0.0));
        }
        rows
    }

    #[test]
    fn ridge_finds_a_line_that_class_means_miss() {
        let found = classify(rows(400, 0.0), rows(200, 1000.0), 2);
        assert!(found.ridge > 0.97, "{found:?}");
        assert!(found.nearest_mean < 0.8, "{found:?}");
    }

    #[test]
    fn images_of_two_heaps_are_told_apart_by_their_means() {
        let mut train = rows(40, 0.0);
        for (index, label) in train.labels.iter_mut().enumerate() {
            *label = index % 2;
            train.values[3 * index] = if index % 2 == 0 { -50.0 } else { 50.0 };
        }
        let found = classify(train.clone(), train, 2);
        assert_eq!((found.nearest_mean, found.ridge), (1.0, 1.0));
    }

    #[test]
    fn a_class_without_images_is_never_named() {
        let found = classify(rows(100, 0.0), rows(100, 0.0), 5);
        assert!(found.ridge > 0.95, "{found:?}");
    }
}
