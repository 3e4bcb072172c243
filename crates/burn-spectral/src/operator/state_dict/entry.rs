//! The tensors of a state dict.

use std::collections::BTreeMap;

/// Tensors by name.
pub type StateDict = BTreeMap<String, Entry>;

/// A tensor of a state dict, in C order.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its shape; empty for a single number.
    pub shape: Vec<usize>,
    /// Its values.
    pub values: Values,
}

/// Values of an [`Entry`].
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Real numbers.
    Real(Vec<f32>),
    /// Complex numbers, each as its real and its imaginary part.
    Complex(Vec<[f32; 2]>),
    /// Whole numbers: the number of batches that a batch normalization has seen.
    Integer(Vec<i64>),
}

impl Entry {
    /// A real tensor.
    ///
    /// # Panics
    /// If the number of values is not that of the shape.
    pub fn real(shape: impl Into<Vec<usize>>, values: Vec<f32>) -> Self {
        Self::of(shape.into(), Values::Real(values))
    }

    /// A complex tensor.
    ///
    /// # Panics
    /// If the number of values is not that of the shape.
    pub fn complex(shape: impl Into<Vec<usize>>, values: Vec<[f32; 2]>) -> Self {
        Self::of(shape.into(), Values::Complex(values))
    }

    fn of(shape: Vec<usize>, values: Values) -> Self {
        let expected: usize = shape.iter().product();
        let got = values.len();
        assert_eq!(got, expected, "a tensor of shape {shape:?}");
        Self { shape, values }
    }
}

impl Values {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Real(values) => values.len(),
            Self::Complex(values) => values.len(),
            Self::Integer(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What they are, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Real(_) => "real",
            Self::Complex(_) => "complex",
            Self::Integer(_) => "integer",
        }
    }
}
