//! Sums of exponentials, compared with their definition in `f64`, and gradients, compared with finite differences.

mod common;

use common::{Number, noise, relative_error, widen};
use spectral_kernels::{ExponentialFactors, ExponentialGradients, ExponentialSum};

const RANK: usize = ExponentialSum::RANK;

/// Amplitudes, row factors and column factors.
type Factors<T> = [Vec<T>; 3];

fn factors<T: Number>(sum: &ExponentialSum) -> Factors<T> {
    [
        noise(sum.scale_len(), 1),
        noise(sum.rows_len(), 2),
        noise(sum.columns_len(), 3),
    ]
}

fn borrow<T>([scale, rows, columns]: &Factors<T>) -> ExponentialFactors<'_, T> {
    ExponentialFactors {
        scale,
        rows,
        columns,
    }
}

/// The definition.
fn surfaces(sum: &ExponentialSum, [scale, rows, columns]: &Factors<f64>) -> Vec<f64> {
    let mut y = vec![];
    for filter in 0..sum.filters {
        for row in 0..sum.rows {
            for column in 0..sum.columns {
                let value = |term: usize| {
                    let term = filter * sum.terms + term;
                    let product = |r: usize| {
                        let r = term * RANK + r;
                        rows[r * sum.rows + row] * columns[r * sum.columns + column]
                    };
                    scale[term] * (0..RANK).map(product).sum::<f64>().exp()
                };
                y.push((0..sum.terms).map(value).sum());
            }
        }
    }
    y
}

fn shapes() -> impl Iterator<Item = ExponentialSum> {
    let shapes = [
        [1, 1, 1, 1],
        [3, 2, 7, 5],
        [2, 1, 1, 31],
        [5, 1, 13, 16],
        [1, 3, 4, 33],
        [9, 1, 150, 76],
    ];
    shapes
        .into_iter()
        .map(|[filters, terms, rows, columns]| ExponentialSum {
            filters,
            terms,
            rows,
            columns,
        })
}

fn forward<T: Number>(sum: &ExponentialSum, factors: &Factors<T>) -> Vec<T> {
    let mut y = vec![T::of(f64::NAN); sum.output_len()];
    sum.forward(borrow(factors), &mut y);
    y
}

fn gradients<T: Number>(sum: &ExponentialSum, factors: &Factors<T>, gy: &[T]) -> Factors<T> {
    let mut got =
        [sum.scale_len(), sum.rows_len(), sum.columns_len()].map(|len| vec![T::of(f64::NAN); len]);
    let [scale, rows, columns] = &mut got;
    let gradients = ExponentialGradients {
        scale,
        rows,
        columns,
    };
    sum.adjoint(borrow(factors), gy, gradients);
    got
}

#[test]
fn surfaces_match_the_definition() {
    fn check<T: Number>(tolerance: f64) {
        for sum in shapes() {
            let factors = factors::<T>(&sum);
            let wide = factors.each_ref().map(|part| widen(part));
            let error = relative_error(&widen(&forward(&sum, &factors)), &surfaces(&sum, &wide));
            assert!(error < tolerance, "{sum:?}: {error}");
        }
    }
    check::<f32>(5e-7);
    check::<f64>(1e-15);
}

#[test]
fn gradients_match_finite_differences() {
    for sum in shapes().take(5) {
        let factors = factors::<f64>(&sum);
        let gy = noise::<f64>(sum.output_len(), 4);
        let got = gradients(&sum, &factors, &gy);
        let loss = |factors: &Factors<f64>| -> f64 {
            let y = surfaces(&sum, factors);
            y.iter().zip(&gy).map(|(y, g)| y * g).sum()
        };
        for part in 0..3 {
            for at in 0..factors[part].len() {
                let moved = |by: f64| {
                    let mut factors = factors.clone();
                    factors[part][at] += by;
                    loss(&factors)
                };
                let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                let got = got[part][at];
                assert!(
                    (got - expected).abs() < 1e-7 * (1.0 + expected.abs()),
                    "{sum:?}, part {part}, {at}: {got} for {expected}"
                );
            }
        }
    }
}

#[test]
fn single_precision_gradients_match_double_precision() {
    for sum in shapes() {
        let single = factors::<f32>(&sum);
        let wide = single.each_ref().map(|part| widen(part));
        let gy = noise::<f32>(sum.output_len(), 4);
        let got = gradients(&sum, &single, &gy);
        let expected = gradients(&sum, &wide, &widen(&gy));
        for (got, expected) in got.iter().zip(&expected) {
            let error = relative_error(&widen(got), expected);
            assert!(error < 1e-5, "{sum:?}: {error}");
        }
    }
}

#[test]
fn empty_shapes_do_nothing() {
    for [filters, rows, columns] in [[0, 3, 3], [2, 0, 3], [2, 3, 0]] {
        let sum = ExponentialSum {
            filters,
            terms: 1,
            rows,
            columns,
        };
        let factors = factors::<f32>(&sum);
        assert!(forward(&sum, &factors).is_empty());
        let got = gradients(&sum, &factors, &[]);
        assert!(got.iter().flatten().all(|gradient| *gradient == 0.0));
    }
}

#[test]
#[should_panic(expected = "sum of exponentials, row factors")]
fn factors_of_the_wrong_length_are_rejected() {
    let sum = ExponentialSum {
        filters: 1,
        terms: 1,
        rows: 2,
        columns: 2,
    };
    let mut factors = factors::<f32>(&sum);
    factors[1].pop();
    forward(&sum, &factors);
}
