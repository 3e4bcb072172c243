//! Laws of random initial states, as text.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use spectral_pde::initial::{FourierSeries, GaussianField, InitialCondition};
use spectral_pde::{Grid, PdeError};

/// A law of random initial states.
///
/// As text: `fourier:MODES,MAXIMUM`, `gaussian:SCALE,INVERSE_LENGTH,POWER`, or the name of one of the Gaussian laws of
/// Li et al. (2021): `burgers`, `vorticity`, `vorticity-as-generated`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// A Fourier series with random amplitudes and phases, scaled to a largest magnitude.
    Fourier {
        /// The highest number of waves along an axis.
        modes: usize,
        /// The largest magnitude at the points of the grid.
        maximum: f64,
    },
    /// A Gaussian random field `N(0, σ²(−Δ + τ²I)^−α)`.
    Gaussian(GaussianField),
}

/// What [`Law::from_str`] accepts.
const ACCEPTED: &str = "expected fourier:MODES,MAXIMUM, gaussian:SCALE,INVERSE_LENGTH,POWER, burgers, vorticity or \
                        vorticity-as-generated";

impl Law {
    /// The law as the solvers take it.
    pub(super) fn initial(&self) -> Box<dyn InitialCondition> {
        match *self {
            Self::Fourier { modes, maximum } => Box::new(Scaled { modes, maximum }),
            Self::Gaussian(field) => Box::new(field),
        }
    }
}

impl FromStr for Law {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fail = || ACCEPTED.to_string();
        match text {
            "burgers" => return Ok(Self::Gaussian(GaussianField::burgers())),
            "vorticity" => return Ok(Self::Gaussian(GaussianField::vorticity())),
            "vorticity-as-generated" => {
                return Ok(Self::Gaussian(GaussianField::vorticity_as_generated()));
            }
            _ => {}
        }
        let (kind, values) = text.split_once(':').ok_or_else(fail)?;
        let values: Vec<&str> = values.split(',').collect();
        let number = |text: &str| text.parse::<f64>().map_err(|_| fail());
        match (kind, values[..].as_ref()) {
            ("fourier", [modes, maximum]) => Ok(Self::Fourier {
                modes: modes.parse().map_err(|_| fail())?,
                maximum: number(maximum)?,
            }),
            ("gaussian", [scale, inverse_length, power]) => Ok(Self::Gaussian(GaussianField {
                scale: number(scale)?,
                inverse_length: number(inverse_length)?,
                power: number(power)?,
            })),
            _ => Err(fail()),
        }
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fourier { modes, maximum } => write!(f, "fourier:{modes},{maximum}"),
            Self::Gaussian(field) => {
                let GaussianField {
                    scale,
                    inverse_length,
                    power,
                } = field;
                write!(f, "gaussian:{scale},{inverse_length},{power}")
            }
        }
    }
}

impl Serialize for Law {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A [`FourierSeries`] of another largest magnitude than 1.
struct Scaled {
    modes: usize,
    maximum: f64,
}

impl Scaled {
    fn series(&self) -> FourierSeries {
        FourierSeries {
            modes: self.modes,
            ..FourierSeries::default()
        }
    }
}

impl InitialCondition for Scaled {
    fn check(&self, grid: &Grid) -> Result<(), PdeError> {
        if !(self.maximum.is_finite() && self.maximum > 0.0) {
            return Err(PdeError::Parameter {
                name: "the largest magnitude of a Fourier series",
                value: self.maximum,
                accepted: "finite numbers above 0 are accepted",
            });
        }
        self.series().check(grid)
    }

    fn sample(&self, grid: &Grid, rng: &mut rand_chacha::ChaCha8Rng, output: &mut [f64]) {
        self.series().sample(grid, rng, output);
        output.iter_mut().for_each(|u| *u *= self.maximum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laws_are_read_as_they_are_written() {
        for text in ["fourier:5,1", "fourier:3,0.5", "gaussian:25,5,2"] {
            assert_eq!(text.parse::<Law>().unwrap().to_string(), text);
        }
        assert_eq!("burgers".parse::<Law>(), "gaussian:25,5,2".parse());
        for name in ["vorticity", "vorticity-as-generated"] {
            let law: Law = name.parse().unwrap();
            assert_eq!(law.to_string().parse(), Ok(law), "{name}");
        }
        for bad in [
            "",
            "fourier",
            "fourier:5",
            "fourier:-1,1",
            "gaussian:1,2",
            "white:1",
        ] {
            let error = bad.parse::<Law>().unwrap_err();
            assert!(error.contains("gaussian:SCALE"), "{bad}");
        }
    }

    #[test]
    fn a_fourier_series_has_the_largest_magnitude_asked_for() {
        let grid = Grid::cube(1, 64, 1.0).unwrap();
        let law = Law::Fourier {
            modes: 3,
            maximum: 10.0,
        };
        let u = spectral_pde::initial::draw(&*law.initial(), &grid, 1, 0, 0..1).unwrap();
        let most = u.iter().fold(0.0_f64, |most, u| most.max(u.abs()));
        assert!((most - 10.0).abs() < 1e-12, "{most}");
    }
}
