//! Low-rank weights multiplied out, as tensorly's `to_tensor` does.

use super::{Entry, StateDict, StateDictError, Values};

/// A complex tensor in C order.
#[derive(Clone)]
pub(super) struct Dense {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<[f64; 2]>,
}

/// How the weights of a spectral convolution are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Factorization {
    /// `NAME.tensor`.
    Dense,
    /// `NAME.weights` and factors of shape `[size, rank]`.
    Cp,
    /// `NAME.core` and factors of shape `[size, rank]`.
    Tucker,
    /// Factors of shape `[rank, size, rank]`.
    TensorTrain,
}

impl Factorization {
    /// What the tensors of a weight say.
    pub(super) fn of(dict: &StateDict, name: &str) -> Option<Self> {
        let has = |part: &str| dict.contains_key(&format!("{name}.{part}"));
        match () {
            () if has("tensor") => Some(Self::Dense),
            () if has("weights") => Some(Self::Cp),
            () if has("core") => Some(Self::Tucker),
            () if has("factors.factor_0") => Some(Self::TensorTrain),
            () => None,
        }
    }

    /// The name of the one tensor that is no factor.
    fn first(self, name: &str) -> Option<String> {
        match self {
            Self::Dense => Some(format!("{name}.tensor")),
            Self::Cp => Some(format!("{name}.weights")),
            Self::Tucker => Some(format!("{name}.core")),
            Self::TensorTrain => None,
        }
    }
}

/// Names of the tensors of a weight.
pub(super) fn names(dict: &StateDict, name: &str) -> Vec<String> {
    let Some(kind) = Factorization::of(dict, name) else {
        return vec![format!("{name}.tensor")];
    };
    let factors = (0..).map(|axis| format!("{name}.factors.factor_{axis}"));
    let factors = factors.take_while(|factor| dict.contains_key(factor));
    match kind {
        Factorization::Dense => kind.first(name).into_iter().collect(),
        _ => kind.first(name).into_iter().chain(factors).collect(),
    }
}

/// The shape of a weight without its values.
pub(super) fn shape(dict: &StateDict, name: &str) -> Option<Vec<usize>> {
    let axis = match Factorization::of(dict, name)? {
        Factorization::Dense => return Some(dict[&format!("{name}.tensor")].shape.clone()),
        Factorization::Cp | Factorization::Tucker => 0,
        Factorization::TensorTrain => 1,
    };
    let factors = (0..).map_while(|index| dict.get(&format!("{name}.factors.factor_{index}")));
    factors
        .map(|factor| factor.shape.get(axis).copied())
        .collect()
}

/// A weight, multiplied out.
pub(super) fn expand(dict: &StateDict, name: &str) -> Result<Dense, StateDictError> {
    let names = names(dict, name);
    let mut tensors = names.iter().map(|name| dense(dict, name));
    let Some(kind) = Factorization::of(dict, name) else {
        return Err(StateDictError::Missing {
            name: format!("{name}.tensor"),
        });
    };
    let first = tensors.next().transpose()?;
    let Some(mut result) = first else {
        return Err(StateDictError::Missing { name: name.into() });
    };
    let mut factors = Vec::new();
    for (name, factor) in names[1..].iter().zip(tensors) {
        factors.push((name, factor?));
    }
    match kind {
        Factorization::Dense => Ok(result),
        Factorization::Cp => {
            let rank = result.shape.clone();
            check(&names[0], &rank, &[sizes_of(&result, 0)])?;
            needs_factors(name, factors.len(), factors.len().max(1))?;
            // Rows are indices so far, columns are terms.
            result = Dense {
                shape: vec![1, rank[0]],
                values: result.values,
            };
            let mut sizes = Vec::new();
            for (index, (name, factor)) in factors.iter().enumerate() {
                check(name, &factor.shape, &[sizes_of(factor, 0), rank[0]])?;
                sizes.push(factor.shape[0]);
                result = match index + 1 == factors.len() {
                    true => last_term(&result, factor),
                    false => terms(&result, factor),
                };
            }
            result.shape = sizes;
            Ok(result)
        }
        Factorization::Tucker => {
            needs_factors(name, factors.len(), result.shape.len())?;
            for (axis, (name, factor)) in factors.iter().enumerate() {
                let rank = result.shape.get(axis).copied().unwrap_or(0);
                check(name, &factor.shape, &[sizes_of(factor, 0), rank])?;
                result = along(&result, axis, factor);
            }
            Ok(result)
        }
        Factorization::TensorTrain => {
            let mut sizes = vec![sizes_of(&result, 1)];
            check(
                &names[0],
                &result.shape,
                &[1, sizes[0], sizes_of(&result, 2)],
            )?;
            result.shape = vec![sizes[0], result.shape[2]];
            for (name, factor) in &factors {
                let expected = [result.shape[1], sizes_of(factor, 1), sizes_of(factor, 2)];
                check(name, &factor.shape, &expected)?;
                sizes.push(factor.shape[1]);
                result = chain(&result, factor);
            }
            check(&names[names.len() - 1], &[result.shape[1]], &[1])?;
            result.shape = sizes;
            Ok(result)
        }
    }
}

/// Checks that there is a factor per axis.
fn needs_factors(name: &str, got: usize, expected: usize) -> Result<(), StateDictError> {
    match got >= expected {
        true => Ok(()),
        false => Err(StateDictError::Missing {
            name: format!("{name}.factors.factor_{got}"),
        }),
    }
}

fn dense(dict: &StateDict, name: &str) -> Result<Dense, StateDictError> {
    match dict.get(name) {
        None => Err(StateDictError::Missing { name: name.into() }),
        Some(Entry {
            shape,
            values: Values::Complex(values),
        }) => {
            let wide = values.iter().map(|value| value.map(f64::from));
            Ok(Dense {
                shape: shape.clone(),
                values: wide.collect(),
            })
        }
        Some(entry) => Err(StateDictError::Kind {
            name: name.into(),
            expected: "complex",
            got: entry.values.kind(),
        }),
    }
}

fn sizes_of(tensor: &Dense, axis: usize) -> usize {
    tensor.shape.get(axis).copied().unwrap_or(0)
}

fn check(name: &str, got: &[usize], expected: &[usize]) -> Result<(), StateDictError> {
    match got == expected {
        true => Ok(()),
        false => Err(StateDictError::Shape {
            name: name.into(),
            expected: expected.to_vec(),
            got: got.to_vec(),
        }),
    }
}

fn product([a, b]: [f64; 2], [c, d]: [f64; 2]) -> [f64; 2] {
    [a * c - b * d, a * d + b * c]
}

fn sum(terms: impl Iterator<Item = [f64; 2]>) -> [f64; 2] {
    terms.fold([0.0; 2], |[re, im], [a, b]| [re + a, im + b])
}

/// `[rows, rank]` and `[size, rank]` to `[rows·size, rank]`, term by term.
fn terms(left: &Dense, factor: &Dense) -> Dense {
    let (rows, rank, size) = (left.shape[0], left.shape[1], factor.shape[0]);
    let mut values = Vec::with_capacity(rows * size * rank);
    for row in 0..rows {
        for index in 0..size {
            let pairs = (0..rank).map(|term| {
                product(
                    left.values[row * rank + term],
                    factor.values[index * rank + term],
                )
            });
            values.extend(pairs);
        }
    }
    Dense {
        shape: vec![rows * size, rank],
        values,
    }
}

/// `[rows, rank]` and `[size, rank]` to `[rows·size]`, summed over the terms.
fn last_term(left: &Dense, factor: &Dense) -> Dense {
    let (rows, rank, size) = (left.shape[0], left.shape[1], factor.shape[0]);
    let mut values = Vec::with_capacity(rows * size);
    for row in 0..rows {
        for index in 0..size {
            values.push(sum((0..rank).map(|term| {
                product(
                    left.values[row * rank + term],
                    factor.values[index * rank + term],
                )
            })));
        }
    }
    Dense {
        shape: vec![rows * size],
        values,
    }
}

/// Replaces the axis of a core by that of a factor `[size, rank]`.
fn along(core: &Dense, axis: usize, factor: &Dense) -> Dense {
    let [size, rank] = [factor.shape[0], factor.shape[1]];
    let outer: usize = core.shape[..axis].iter().product();
    let inner: usize = core.shape[axis + 1..].iter().product();
    let mut values = Vec::with_capacity(outer * size * inner);
    for before in 0..outer {
        for index in 0..size {
            for after in 0..inner {
                values.push(sum((0..rank).map(|term| {
                    let at = (before * rank + term) * inner + after;
                    product(factor.values[index * rank + term], core.values[at])
                })));
            }
        }
    }
    let mut shape = core.shape.clone();
    shape[axis] = size;
    Dense { shape, values }
}

/// `[rows, rank]` and `[rank, size, next]` to `[rows·size, next]`.
fn chain(left: &Dense, factor: &Dense) -> Dense {
    let [rank, size, next] = [factor.shape[0], factor.shape[1], factor.shape[2]];
    let rows = left.shape[0];
    let mut values = Vec::with_capacity(rows * size * next);
    for row in 0..rows {
        for column in 0..size * next {
            values.push(sum((0..rank).map(|term| {
                product(
                    left.values[row * rank + term],
                    factor.values[term * size * next + column],
                )
            })));
        }
    }
    Dense {
        shape: vec![rows * size, next],
        values,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some numbers.
    fn entry(shape: &[usize], seed: usize) -> Entry {
        let count: usize = shape.iter().product();
        let value = |index: usize| {
            let part = |n: usize| ((index * n + seed) % 7) as f32 / 4.0 - 0.75;
            [part(3), part(5)]
        };
        Entry::complex(shape, (0..count).map(value).collect())
    }

    fn dict(entries: &[(&str, Entry)]) -> StateDict {
        let entries = entries.iter().cloned();
        entries
            .map(|(name, entry)| (format!("w.{name}"), entry))
            .collect()
    }

    fn at(entry: &Entry, index: &[usize]) -> [f64; 2] {
        let pairs = index.iter().zip(&entry.shape);
        let flat = pairs.fold(0, |flat, (index, size)| flat * size + index);
        match &entry.values {
            Values::Complex(values) => values[flat].map(f64::from),
            _ => unreachable!(),
        }
    }

    /// Compares with the definition at every index of a `2×3×4` weight.
    fn holds(dict: &StateDict, definition: impl Fn([usize; 3]) -> [f64; 2]) {
        let full = expand(dict, "w").unwrap();
        assert_eq!(full.shape, [2, 3, 4]);
        assert_eq!(shape(dict, "w"), Some(vec![2, 3, 4]));
        for (flat, got) in full.values.iter().enumerate() {
            let expected = definition([flat / 12, flat / 4 % 3, flat % 4]);
            let error = (got[0] - expected[0]).hypot(got[1] - expected[1]);
            assert!(error < 1e-12, "{flat}: {got:?} {expected:?}");
        }
    }

    #[test]
    fn cp_is_a_sum_of_outer_products() {
        let parts = [
            entry(&[5], 1),
            entry(&[2, 5], 2),
            entry(&[3, 5], 3),
            entry(&[4, 5], 4),
        ];
        let [weights, a, b, c] = &parts;
        let dict = dict(&[
            ("weights", weights.clone()),
            ("factors.factor_0", a.clone()),
            ("factors.factor_1", b.clone()),
            ("factors.factor_2", c.clone()),
        ]);
        holds(&dict, |[i, j, k]| {
            sum((0..5).map(|r| {
                let left = product(at(weights, &[r]), at(a, &[i, r]));
                product(left, product(at(b, &[j, r]), at(c, &[k, r])))
            }))
        });
    }

    #[test]
    fn tucker_multiplies_a_core_along_every_axis() {
        let parts = [
            entry(&[2, 1, 3], 1),
            entry(&[2, 2], 2),
            entry(&[3, 1], 3),
            entry(&[4, 3], 4),
        ];
        let [core, a, b, c] = &parts;
        let dict = dict(&[
            ("core", core.clone()),
            ("factors.factor_0", a.clone()),
            ("factors.factor_1", b.clone()),
            ("factors.factor_2", c.clone()),
        ]);
        holds(&dict, |[i, j, k]| {
            sum((0..6).map(|index| {
                let (p, r) = (index / 3, index % 3);
                let left = product(at(core, &[p, 0, r]), at(a, &[i, p]));
                product(left, product(at(b, &[j, 0]), at(c, &[k, r])))
            }))
        });
    }

    #[test]
    fn a_tensor_train_is_a_product_of_matrices() {
        let parts = [
            entry(&[1, 2, 2], 2),
            entry(&[2, 3, 3], 3),
            entry(&[3, 4, 1], 4),
        ];
        let [a, b, c] = &parts;
        let dict = dict(&[
            ("factors.factor_0", a.clone()),
            ("factors.factor_1", b.clone()),
            ("factors.factor_2", c.clone()),
        ]);
        holds(&dict, |[i, j, k]| {
            sum((0..6).map(|index| {
                let (p, r) = (index / 3, index % 3);
                let left = product(at(a, &[0, i, p]), at(b, &[p, j, r]));
                product(left, at(c, &[r, k, 0]))
            }))
        });
    }

    #[test]
    fn factors_that_do_not_fit_are_named() {
        let dict = dict(&[
            ("core", entry(&[2, 2], 1)),
            ("factors.factor_0", entry(&[3, 2], 2)),
            ("factors.factor_1", entry(&[3, 1], 3)),
        ]);
        let error = expand(&dict, "w").err().unwrap().to_string();
        assert_eq!(
            error,
            "the tensor 'w.factors.factor_1' has shape [3, 1], expected [3, 2]"
        );
    }
}
