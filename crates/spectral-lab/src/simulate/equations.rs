//! Equations by name, with their parameters and defaults.

use std::f64::consts::TAU;

use serde::Serialize;
use spectral_pde::Pde;
use spectral_pde::equations::{
    Advection, AdvectionDiffusion, Burgers, Diffusion, Dispersion, Forcing, KortewegDeVries,
    KuramotoSivashinsky, NavierStokes,
};

use super::error::SimulateError;

/// An equation and the defaults of its data.
#[derive(Clone, Debug, Serialize)]
pub struct Equation {
    /// The name.
    pub name: &'static str,
    /// The equation, with the symbols of its parameters.
    pub formula: &'static str,
    /// What the data are, and what is known about them.
    pub note: &'static str,
    /// Where equation and defaults come from.
    pub source: &'static str,
    /// The numbers of dimensions it has; the first is the default.
    pub dimensions: &'static [usize],
    /// Default number of grid points per axis, in the default number of dimensions.
    pub points: usize,
    /// Default length of the domain; none if it is fixed.
    pub length: Option<f64>,
    /// Default time steps; none for a steady equation.
    pub time: Option<Time>,
    /// Default law of the initial states, as text; for Darcy flow, of the field whose sign gives the permeability.
    pub initial: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// Default force; none if the equation has no choice of forces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force: Option<Force>,
    #[serde(skip)]
    pub(super) kind: Kind,
}

impl Equation {
    /// Whether its domain is periodic along every axis.
    pub fn is_periodic(&self) -> bool {
        matches!(self.kind, Kind::Periodic(_))
    }
}

/// A parameter of an equation, with its default.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Parameter {
    /// The name, also that of the command's option.
    pub name: &'static str,
    /// The symbol in the formula.
    pub symbol: &'static str,
    /// The default.
    pub default: f64,
}

/// Time steps, and which states are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Time {
    /// The time step of the solver.
    pub dt: f64,
    /// Number of recorded states after the initial one; with one, the data are pairs.
    pub frames: usize,
    /// Time steps from one recorded state to the next.
    pub every: usize,
}

/// An external force on a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Force {
    /// None: the flow decays.
    None,
    /// `0.1 (sin(2π(x + y)) + cos(2π(x + y)))`, on the vorticity.
    Diagonal,
}

impl Force {
    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Diagonal => "diagonal",
        }
    }
}

/// How an equation is solved.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Periodic and time-dependent.
    Periodic(fn(&Values) -> Box<dyn Pde>),
    /// Darcy flow.
    Darcy,
}

/// What the parameters of an equation are set to.
pub(super) struct Values<'a> {
    /// Values in the order of [`Equation::parameters`].
    pub numbers: &'a [f64],
    pub force: Option<Force>,
    pub dimensions: usize,
    pub length: f64,
}

const fn parameter(name: &'static str, symbol: &'static str, default: f64) -> Parameter {
    Parameter {
        name,
        symbol,
        default,
    }
}

const fn time(dt: f64, frames: usize, every: usize) -> Option<Time> {
    Some(Time { dt, frames, every })
}

/// The names of all parameters.
pub const PARAMETERS: [&str; 10] = [
    "speed",
    "diffusivity",
    "dispersivity",
    "viscosity",
    "convection",
    "drag",
    "waves",
    "amplitude",
    "low",
    "high",
];

static EQUATIONS: [Equation; 10] = [
    Equation {
        name: "advection",
        formula: "u_t + c u_x = 0",
        note: "moves 4 cells per frame on the default grid; exact in time",
        source: "initial states: APEBench (Koehler et al., 2024, arXiv 2411.00180)",
        dimensions: &[1],
        points: 160,
        length: Some(1.0),
        time: time(0.1, 50, 1),
        initial: "fourier:5,1",
        parameters: &[parameter("speed", "c", 0.25)],
        force: None,
        kind: Kind::Periodic(|v| {
            Box::new(Advection {
                speed: v.numbers[0],
            })
        }),
    },
    Equation {
        name: "diffusion",
        formula: "u_t = ν u_xx",
        note: "exact in time",
        source: "initial states: APEBench (Koehler et al., 2024, arXiv 2411.00180)",
        dimensions: &[1],
        points: 160,
        length: Some(1.0),
        time: time(0.1, 50, 1),
        initial: "fourier:5,1",
        parameters: &[parameter("diffusivity", "ν", 1e-3)],
        force: None,
        kind: Kind::Periodic(|v| {
            Box::new(Diffusion {
                diffusivity: v.numbers[0],
            })
        }),
    },
    Equation {
        name: "advection-diffusion",
        formula: "u_t + c u_x = ν u_xx",
        note: "exact in time",
        source: "initial states: APEBench (Koehler et al., 2024, arXiv 2411.00180)",
        dimensions: &[1],
        points: 160,
        length: Some(1.0),
        time: time(0.1, 50, 1),
        initial: "fourier:5,1",
        parameters: &[
            parameter("speed", "c", 0.25),
            parameter("diffusivity", "ν", 1e-3),
        ],
        force: None,
        kind: Kind::Periodic(|v| {
            Box::new(AdvectionDiffusion {
                speed: v.numbers[0],
                diffusivity: v.numbers[1],
            })
        }),
    },
    Equation {
        name: "dispersion",
        formula: "u_t + ξ u_xxx = 0",
        note: "short waves overtake long ones; exact in time",
        source: "initial states: APEBench (Koehler et al., 2024, arXiv 2411.00180)",
        dimensions: &[1],
        points: 160,
        length: Some(1.0),
        time: time(0.1, 50, 1),
        initial: "fourier:5,1",
        parameters: &[parameter("dispersivity", "ξ", 2.5e-4)],
        force: None,
        kind: Kind::Periodic(|v| {
            Box::new(Dispersion {
                dispersivity: v.numbers[0],
            })
        }),
    },
    Equation {
        name: "burgers",
        formula: "u_t + (u·∇)u = ν Δu",
        note: "pairs u(0), u(1); one channel per dimension",
        source: "Li et al., 2021, arXiv 2010.08895, section 5.1",
        dimensions: &[1, 2, 3],
        points: 1024,
        length: Some(1.0),
        time: time(5e-3, 1, 200),
        initial: "burgers",
        parameters: &[parameter("viscosity", "ν", 0.1)],
        force: None,
        kind: Kind::Periodic(|v| {
            Box::new(Burgers {
                viscosity: v.numbers[0],
                dimensions: v.dimensions,
            })
        }),
    },
    Equation {
        name: "kdv",
        formula: "u_t + a u u_x + b u_xxx = 0",
        note: "Korteweg–de Vries: solitary waves that pass through each other",
        source: "Korteweg and de Vries, 1895; initial states: APEBench (Koehler et al., 2024, arXiv 2411.00180)",
        dimensions: &[1],
        points: 256,
        length: Some(32.0),
        time: time(5e-3, 50, 20),
        initial: "fourier:5,1",
        parameters: &[
            parameter("convection", "a", 6.0),
            parameter("dispersivity", "b", 1.0),
        ],
        force: None,
        kind: Kind::Periodic(|v| {
            Box::new(KortewegDeVries {
                convection: v.numbers[0],
                dispersivity: v.numbers[1],
            })
        }),
    },
    Equation {
        name: "kuramoto-sivashinsky",
        formula: "u_t + u u_x + u_xx + u_xxxx = 0",
        note: "chaotic on domains longer than about 20",
        source: "Kuramoto, 1978; Sivashinsky, 1977; initial states: APEBench (Koehler et al., 2024, arXiv 2411.00180)",
        dimensions: &[1],
        points: 128,
        length: Some(60.0),
        time: time(0.1, 100, 5),
        initial: "fourier:5,1",
        parameters: &[],
        force: None,
        kind: Kind::Periodic(|_| Box::new(KuramotoSivashinsky)),
    },
    Equation {
        name: "navier-stokes",
        formula: "ω_t + u·∇ω = ν Δω − μ ω + f",
        note: "vorticity at t = 0, 1, …, 50; the law as the paper states it (its program draws vorticity-as-generated)",
        source: "Li et al., 2021, arXiv 2010.08895, section 5.3",
        dimensions: &[2],
        points: 64,
        length: Some(1.0),
        time: time(0.02, 50, 50),
        initial: "vorticity",
        parameters: &[
            parameter("viscosity", "ν", 1e-3),
            parameter("drag", "μ", 0.0),
        ],
        force: Some(Force::Diagonal),
        kind: Kind::Periodic(|v| {
            Box::new(NavierStokes {
                viscosity: v.numbers[0],
                drag: v.numbers[1],
                forcing: match v.force {
                    Some(Force::Diagonal) => Forcing::Diagonal,
                    _ => Forcing::None,
                },
            })
        }),
    },
    Equation {
        name: "kolmogorov",
        formula: "ω_t + u·∇ω = ν Δω − μ ω − γκ cos(κy), κ = 2πn/L",
        note: "vorticity of Kolmogorov flow at Reynolds number 40; starts at the magnitude of the laminar flow",
        source: "Chandler and Kerswell, 2013, doi 10.1017/jfm.2013.122",
        dimensions: &[2],
        points: 64,
        length: Some(TAU),
        time: time(0.02, 50, 25),
        initial: "fourier:5,10",
        parameters: &[
            parameter("viscosity", "ν", 0.025),
            parameter("drag", "μ", 0.0),
            parameter("waves", "n", 4.0),
            parameter("amplitude", "γ", 1.0),
        ],
        force: None,
        kind: Kind::Periodic(|v| {
            Box::new(NavierStokes {
                viscosity: v.numbers[0],
                drag: v.numbers[1],
                forcing: Forcing::Kolmogorov {
                    wavenumber: TAU * v.numbers[2] / v.length,
                    amplitude: v.numbers[3],
                },
            })
        }),
    },
    Equation {
        name: "darcy",
        formula: "−∇·(a ∇u) = 1, u = 0 on the boundary",
        note: "pairs a, u on the unit square with both boundaries; a is high where a Gaussian field is positive, else low",
        source: "Li et al., 2021, arXiv 2010.08895, section 5.2",
        dimensions: &[2],
        points: 85,
        length: None,
        time: None,
        initial: "gaussian:1,3,2",
        parameters: &[parameter("low", "a", 3.0), parameter("high", "a", 12.0)],
        force: None,
        kind: Kind::Darcy,
    },
];

/// All equations.
pub fn equations() -> &'static [Equation] {
    &EQUATIONS
}

/// The equation of a name.
///
/// # Errors
///
/// [`SimulateError::UnknownEquation`].
pub fn equation(name: &str) -> Result<&'static Equation, SimulateError> {
    let found = EQUATIONS.iter().find(|equation| equation.name == name);
    found.ok_or_else(|| SimulateError::UnknownEquation {
        name: name.into(),
        accepted: EQUATIONS.iter().map(|equation| equation.name).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::{Law, Request, Simulation};

    #[test]
    fn the_defaults_of_every_equation_are_accepted() {
        for equation in equations() {
            equation.initial.parse::<Law>().unwrap();
            Simulation::new(&Request::new(equation.name, 1)).unwrap();
        }
    }

    #[test]
    fn parameters_are_those_of_the_list_and_each_is_used() {
        let used: Vec<&str> = (equations().iter())
            .flat_map(|equation| equation.parameters.iter().map(|parameter| parameter.name))
            .collect();
        assert!(used.iter().all(|name| PARAMETERS.contains(name)));
        assert!(PARAMETERS.iter().all(|name| used.contains(name)));
    }

    #[test]
    fn an_unknown_equation_is_told_what_there_is() {
        let error = equation("heat").unwrap_err().to_string();
        assert!(
            error.contains("'heat'") && error.contains("diffusion"),
            "{error}"
        );
    }
}
