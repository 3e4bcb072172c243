//! How large the factors of a weight are.

use serde::{Deserialize, Serialize};

use crate::SpectralError;

/// A low-rank form of the complex weight `[out, in, kept…]` of a spectral convolution, `W[o,i,k₁,…]`.
///
/// The rank is a share of the parameters of the dense weight, as the neuraloperator and tensorly libraries count it: 1
/// for about as many parameters as the dense weight has, 0.1 for a tenth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LowRank {
    /// A sum of rank-one terms (canonical polyadic, CP): `W[o,i,k…] = Σ_r λ[r]·V[o,r]·U[i,r]·Π_a K_a[k_a,r]`.
    Cp {
        /// Share of the dense weight's parameters.
        rank: f64,
    },
    /// A core with a matrix along each axis (Tucker): `W[o,i,k…] = Σ_{p,q,e…} C[p,q,e…]·V[o,p]·U[i,q]·Π_a K_a[k_a,e_a]`.
    Tucker {
        /// Share of the dense weight's parameters.
        rank: f64,
    },
}

impl LowRank {
    /// The ranks for a dense weight of shape `dense`: one for CP, one per axis for Tucker, each at least 1.
    ///
    /// For CP it is `rank·Π n / Σ n`. For Tucker all axes shrink by the same factor `c`, the root of
    /// `c^N·Π n + c·Σ n² = rank·Π n`. Both are rounded to the nearest integer.
    ///
    /// # Errors
    /// If the share is not a positive finite number.
    ///
    /// # Example
    /// ```
    /// use burn_spectral::operator::LowRank;
    ///
    /// let dense = [24, 24, 8, 5];
    /// assert_eq!(LowRank::Cp { rank: 0.1 }.ranks(&dense)?, [38]);
    /// assert_eq!(LowRank::Tucker { rank: 0.1 }.ranks(&dense)?, [12, 12, 4, 3]);
    /// # Ok::<(), burn_spectral::SpectralError>(())
    /// ```
    pub fn ranks(self, dense: &[usize]) -> Result<Vec<usize>, SpectralError> {
        let (LowRank::Cp { rank } | LowRank::Tucker { rank }) = self;
        if !(rank > 0.0 && rank.is_finite()) {
            return Err(SpectralError::NotPositive {
                what: "the rank, a share of the dense weight's parameters,",
                value: rank.to_string(),
            });
        }
        let sizes = || dense.iter().map(|&size| size as f64);
        let (product, sum): (f64, f64) = (sizes().product(), sizes().sum());
        let rounded = |size: f64| (size.round_ties_even() as usize).max(1);
        Ok(match self {
            LowRank::Cp { .. } => vec![rounded(rank * product / sum)],
            LowRank::Tucker { .. } => {
                let squares: f64 = sizes().map(|size| size * size).sum();
                let excess = |c: f64| {
                    let core = product * c.powi(dense.len() as i32);
                    core + squares * c - rank * product
                };
                let share = bisect(excess, rank.max(1.0));
                sizes().map(|size| rounded(share * size)).collect()
            }
        })
    }
}

/// The root of an increasing function that is negative at 0 and not negative at `most`.
fn bisect(function: impl Fn(f64) -> f64, most: f64) -> f64 {
    let (mut low, mut high) = (0.0, most);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        match function(middle) < 0.0 {
            true => low = middle,
            false => high = middle,
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_tensorly() {
        // tensorly 0.10: validate_cp_rank and validate_tucker_rank of [in, out, kept…].
        for (dense, rank, cp, tucker) in RANKS {
            let got = LowRank::Cp { rank: *rank }.ranks(dense).unwrap();
            assert_eq!(got, [*cp], "{dense:?} {rank}");
            let got = LowRank::Tucker { rank: *rank }.ranks(dense).unwrap();
            assert_eq!(got, *tucker, "{dense:?} {rank}");
        }
    }

    type Row = (&'static [usize], f64, usize, &'static [usize]);

    const RANKS: &[Row] = &[
        (&[24, 24, 8, 5], 0.01, 4, &[4, 4, 1, 1]),
        (&[24, 24, 8, 5], 0.1, 38, &[12, 12, 4, 3]),
        (&[24, 24, 8, 5], 0.42, 159, &[19, 19, 6, 4]),
        (&[24, 24, 8, 5], 1.0, 378, &[24, 24, 8, 5]),
        (&[24, 24, 8, 5], 1.5, 567, &[26, 26, 9, 5]),
        (&[64, 64, 16, 9], 0.01, 39, &[18, 18, 4, 3]),
        (&[64, 64, 16, 9], 0.1, 386, &[35, 35, 9, 5]),
        (&[64, 64, 16, 9], 0.42, 1619, &[51, 51, 13, 7]),
        (&[64, 64, 16, 9], 1.0, 3855, &[64, 64, 16, 9]),
        (&[64, 64, 16, 9], 1.5, 5783, &[71, 71, 18, 10]),
        (&[3, 5, 7], 0.01, 1, &[1, 1, 1]),
        (&[3, 5, 7], 0.1, 1, &[1, 1, 1]),
        (&[3, 5, 7], 0.42, 3, &[1, 2, 3]),
        (&[3, 5, 7], 1.0, 7, &[2, 4, 5]),
        (&[3, 5, 7], 1.5, 10, &[3, 5, 6]),
        (&[1, 1, 4], 0.01, 1, &[1, 1, 1]),
        (&[1, 1, 4], 0.1, 1, &[1, 1, 1]),
        (&[1, 1, 4], 0.42, 1, &[1, 1, 1]),
        (&[1, 1, 4], 1.0, 1, &[1, 1, 1]),
        (&[1, 1, 4], 1.5, 1, &[1, 1, 1]),
        (&[32, 32, 8, 8, 5], 0.01, 39, &[12, 12, 3, 3, 2]),
        (&[32, 32, 8, 8, 5], 0.1, 386, &[20, 20, 5, 5, 3]),
        (&[32, 32, 8, 8, 5], 0.42, 1619, &[27, 27, 7, 7, 4]),
        (&[32, 32, 8, 8, 5], 1.0, 3855, &[32, 32, 8, 8, 5]),
        (&[32, 32, 8, 8, 5], 1.5, 5783, &[35, 35, 9, 9, 5]),
        (&[16, 8, 12], 0.01, 1, &[1, 1, 1]),
        (&[16, 8, 12], 0.1, 4, &[4, 2, 3]),
        (&[16, 8, 12], 0.42, 18, &[10, 5, 7]),
        (&[16, 8, 12], 1.0, 43, &[14, 7, 11]),
        (&[16, 8, 12], 1.5, 64, &[17, 8, 13]),
    ];

    #[test]
    fn a_share_must_be_positive() {
        for rank in [0.0, -0.5, f64::NAN, f64::INFINITY] {
            let error = LowRank::Cp { rank }.ranks(&[2, 3]).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "the rank, a share of the dense weight's parameters, must be a positive finite number, got {rank}"
                )
            );
        }
    }
}
