//! Which direction of a transform pair is scaled by 1/N.

/// Normalization of a transform pair, as in NumPy.
///
/// `N` is the product of the transformed (real) lengths. The forward transform followed by the inverse is the identity
/// for every choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Norm {
    /// Forward unscaled, inverse scaled by `1/N`.
    #[default]
    Backward,
    /// Both directions scaled by `1/√N`, so that the transform is unitary.
    Ortho,
    /// Forward scaled by `1/N`, inverse unscaled.
    Forward,
}

impl Norm {
    /// The scale factor of the forward transform of `n ≥ 1` points in total.
    pub fn forward_scale(self, n: usize) -> f64 {
        match self {
            Norm::Backward => 1.0,
            Norm::Ortho => 1.0 / (n as f64).sqrt(),
            Norm::Forward => 1.0 / n as f64,
        }
    }

    /// The scale factor of the inverse transform of `n ≥ 1` points in total.
    pub fn inverse_scale(self, n: usize) -> f64 {
        match self {
            Norm::Backward => 1.0 / n as f64,
            Norm::Ortho => 1.0 / (n as f64).sqrt(),
            Norm::Forward => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forward_times_inverse_is_one_over_n() {
        for norm in [Norm::Backward, Norm::Ortho, Norm::Forward] {
            for n in [1, 2, 7, 784] {
                let product = norm.forward_scale(n) * norm.inverse_scale(n);
                assert!((product * n as f64 - 1.0).abs() < 1e-15, "{norm:?} {n}");
            }
        }
    }

    #[test]
    fn backward_is_the_default_and_leaves_the_forward_transform_unscaled() {
        assert_eq!(Norm::default(), Norm::Backward);
        assert_eq!(Norm::Backward.forward_scale(28), 1.0);
        assert_eq!(Norm::Forward.inverse_scale(28), 1.0);
    }
}
