//! Settings of a data set.

use std::collections::BTreeMap;

use serde::Serialize;

use super::array::Precision;
use super::equations::{Equation, Force, Time, equation};
use super::error::SimulateError;
use super::law::Law;

/// What is asked for; what is none takes the default of the equation.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The name of the equation.
    pub equation: String,
    /// Number of samples.
    pub count: usize,
    /// The seed: sample `i` follows from it, from `i` and from the other settings.
    pub seed: u64,
    /// Number of spatial dimensions.
    pub dimensions: Option<usize>,
    /// Grid points per axis.
    pub points: Option<usize>,
    /// Length of the domain along each axis.
    pub length: Option<f64>,
    /// The time step of the solver.
    pub dt: Option<f64>,
    /// Number of recorded states after the initial one.
    pub frames: Option<usize>,
    /// Time steps from one recorded state to the next.
    pub every: Option<usize>,
    /// The law of the initial states.
    pub initial: Option<Law>,
    /// The force.
    pub force: Option<Force>,
    /// Parameters of the equation by name.
    pub parameters: BTreeMap<&'static str, f64>,
    /// The number type of the result.
    pub precision: Precision,
}

impl Request {
    /// The default data of an equation.
    pub fn new(equation: &str, count: usize) -> Self {
        Self {
            equation: equation.into(),
            count,
            ..Self::default()
        }
    }
}

/// Complete settings: what was asked for, and the defaults.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// The name of the equation.
    pub equation: &'static str,
    /// The equation, with the symbols of its parameters.
    pub formula: &'static str,
    /// Where equation and defaults come from.
    pub source: &'static str,
    /// Number of samples.
    pub count: usize,
    /// The seed.
    pub seed: u64,
    /// Number of spatial dimensions.
    pub dimensions: usize,
    /// Grid points per axis.
    pub points: usize,
    /// Length of the domain along each axis; none if it is fixed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<f64>,
    /// Time steps; none for a steady equation.
    #[serde(flatten)]
    pub time: Option<Time>,
    /// The law of the initial states.
    pub initial: Law,
    /// The force; none if the equation has no choice of forces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force: Option<Force>,
    /// The numerical method.
    pub method: &'static str,
    /// The number type of the result, as NumPy names it.
    pub dtype: &'static str,
    /// Parameters of the equation.
    pub parameters: BTreeMap<&'static str, f64>,
    #[serde(skip)]
    pub(super) precision: Precision,
}

impl Settings {
    /// Completes a request.
    pub(super) fn new(request: &Request) -> Result<(Self, &'static Equation), SimulateError> {
        let equation = equation(&request.equation)?;
        let reject = |option: &str, value: &dyn ToString, accepted: &str| {
            Err(SimulateError::BadOption {
                option: option.into(),
                value: value.to_string(),
                equation: equation.name,
                accepted: accepted.into(),
            })
        };
        if request.count == 0 {
            return reject("count", &0, "at least 1");
        }
        let dimensions = request.dimensions.unwrap_or(equation.dimensions[0]);
        if !equation.dimensions.contains(&dimensions) {
            let accepted: Vec<String> = equation.dimensions.iter().map(usize::to_string).collect();
            return reject("dimensions", &dimensions, &accepted.join(", "));
        }
        let points = match dimensions {
            _ if dimensions == equation.dimensions[0] => equation.points,
            2 => 64,
            _ => 32,
        };
        if let (Some(length), None) = (request.length, equation.length) {
            return reject("length", &length, "none, the domain is the unit square");
        }
        let steady = "none, the equation is steady";
        if equation.time.is_none() {
            if let Some(dt) = request.dt {
                return reject("dt", &dt, steady);
            }
            let counts = [("frames", request.frames), ("every", request.every)];
            for (option, value) in counts {
                if let Some(value) = value {
                    return reject(option, &value, steady);
                }
            }
        }
        for (option, value) in [("frames", request.frames), ("every", request.every)] {
            if value == Some(0) {
                return reject(option, &0, "at least 1");
            }
        }
        if let (Some(force), None) = (request.force, equation.force) {
            return reject(
                "force",
                &force.name(),
                "none, this equation has no choice of forces",
            );
        }
        let mut parameters: BTreeMap<&'static str, f64> = (equation.parameters.iter())
            .map(|parameter| (parameter.name, parameter.default))
            .collect();
        for (name, value) in &request.parameters {
            let Some(parameter) = parameters.get_mut(name) else {
                let names: Vec<&str> = parameters.into_keys().collect();
                let accepted = match names.is_empty() {
                    true => "none, the equation has no parameters".to_string(),
                    false => format!("the parameters {}", names.join(", ")),
                };
                return reject(name, value, &accepted);
            };
            *parameter = *value;
        }
        let settings = Self {
            equation: equation.name,
            formula: equation.formula,
            source: equation.source,
            count: request.count,
            seed: request.seed,
            dimensions,
            points: request.points.unwrap_or(points),
            length: request.length.or(equation.length),
            time: equation.time.map(|time| Time {
                dt: request.dt.unwrap_or(time.dt),
                frames: request.frames.unwrap_or(time.frames),
                every: request.every.unwrap_or(time.every),
            }),
            initial: match request.initial {
                Some(law) => law,
                None => equation.initial.parse().expect("a test parses all of them"),
            },
            force: request.force.or(equation.force),
            method: match equation.time {
                Some(_) => "pseudo-spectral with the 2/3 rule, ETDRK4",
                None => "five-point scheme, conjugate gradients to a residual of 1e-10",
            },
            dtype: request.precision.name(),
            parameters,
            precision: request.precision,
        };
        Ok((settings, equation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_is_not_accepted_is_named_with_what_is() {
        let base = |equation| Request::new(equation, 1);
        let speed = BTreeMap::from([("speed", 2.0)]);
        let cases: [(Request, &[&str]); 8] = [
            (Request::new("burgers", 0), &["count = 0", "at least 1"]),
            (
                Request {
                    dimensions: Some(4),
                    ..base("burgers")
                },
                &["dimensions = 4", "'burgers'", "1, 2, 3"],
            ),
            (
                Request {
                    frames: Some(0),
                    ..base("kdv")
                },
                &["frames = 0", "at least 1"],
            ),
            (
                Request {
                    dt: Some(0.1),
                    ..base("darcy")
                },
                &["dt = 0.1", "steady"],
            ),
            (
                Request {
                    length: Some(2.0),
                    ..base("darcy")
                },
                &["length = 2", "unit square"],
            ),
            (
                Request {
                    force: Some(Force::None),
                    ..base("kolmogorov")
                },
                &["force = none", "no choice"],
            ),
            (
                Request {
                    parameters: speed.clone(),
                    ..base("navier-stokes")
                },
                &["speed = 2", "drag, viscosity"],
            ),
            (
                Request {
                    parameters: speed,
                    ..base("kuramoto-sivashinsky")
                },
                &["speed = 2", "no parameters"],
            ),
        ];
        for (request, parts) in cases {
            let error = Settings::new(&request).unwrap_err().to_string();
            for part in parts {
                assert!(error.contains(part), "{part}: {error}");
            }
        }
    }

    #[test]
    fn what_is_asked_for_replaces_the_default() {
        let request = Request {
            dimensions: Some(2),
            every: Some(3),
            parameters: BTreeMap::from([("viscosity", 0.5)]),
            ..Request::new("burgers", 2)
        };
        let (settings, _) = Settings::new(&request).unwrap();
        assert_eq!((settings.points, settings.length), (64, Some(1.0)));
        assert_eq!(settings.time.map(|time| time.every), Some(3));
        assert_eq!(settings.parameters, BTreeMap::from([("viscosity", 0.5)]));
    }
}
