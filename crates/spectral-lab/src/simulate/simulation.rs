//! The computation of a data set.

use spectral_pde::darcy::Darcy;
use spectral_pde::initial::{NeumannField, Permeability};
use spectral_pde::{DarcyEnsemble, Dealiasing, ETDRK4, Ensemble, Grid, Stepper};

use super::array::Array;
use super::equations::{Equation, Kind, Values};
use super::error::SimulateError;
use super::law::Law;
use super::settings::{Request, Settings};
use crate::limits;

/// Values that are computed at a time, in f64, before they are rounded and kept: 256 MB.
const PART: u64 = 1 << 25;

/// Arrays of the size of a state that a solver needs on each thread, roughly: coefficients, stages, products.
const WORKING: u64 = 32;

/// Samples in one dimension that share vector registers; parts of a data set are multiples of it.
const TOGETHER: u64 = 8;

/// Checked settings with a solver that is ready to run.
pub struct Simulation {
    settings: Settings,
    /// Names and shapes of the arrays.
    arrays: Vec<(&'static str, Vec<usize>)>,
    solver: Solver,
}

enum Solver {
    Periodic(Box<Stepper>),
    Darcy(Box<Darcy>, Permeability),
}

impl Simulation {
    /// Checks the settings and prepares the solver.
    ///
    /// # Errors
    ///
    /// [`SimulateError`] with the value and what is accepted.
    pub fn new(request: &Request) -> Result<Self, SimulateError> {
        let (settings, equation) = Settings::new(request)?;
        let numbers: Vec<f64> = (equation.parameters.iter())
            .map(|parameter| settings.parameters[parameter.name])
            .collect();
        let length = settings.length.unwrap_or(1.0);
        match equation.kind {
            Kind::Periodic(pde) => {
                let pde = pde(&Values {
                    numbers: &numbers,
                    force: settings.force,
                    dimensions: settings.dimensions,
                    length,
                });
                let arrays = shapes(&settings, pde.channels());
                check_memory(&settings, &arrays)?;
                let grid = Grid::cube(settings.dimensions, settings.points, length)?;
                settings.initial.initial().check(&grid)?;
                let dt = settings.time.map_or(1.0, |time| time.dt);
                let stepper = Stepper::new(&*pde, &grid, dt, &ETDRK4, Dealiasing::TwoThirds)?;
                Ok(Self {
                    settings,
                    arrays,
                    solver: Solver::Periodic(Box::new(stepper)),
                })
            }
            Kind::Darcy => {
                let arrays = shapes(&settings, 1);
                check_memory(&settings, &arrays)?;
                let permeability = permeability(&settings, equation, &numbers)?;
                let darcy = Darcy::new(settings.points)?;
                Ok(Self {
                    settings,
                    arrays,
                    solver: Solver::Darcy(Box::new(darcy), permeability),
                })
            }
        }
    }

    /// The complete settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Names and shapes of the arrays: `x` and `y`, `[sample, channel, space…]`, for pairs, or `u`,
    /// `[sample, time, channel, space…]`, for trajectories.
    pub fn arrays(&self) -> &[(&'static str, Vec<usize>)] {
        &self.arrays
    }

    /// Computes the arrays, in parallel. `progress` is called with numbers of samples that are newly done, which add up
    /// to all. Results do not depend, in any bit, on the number of threads.
    ///
    /// # Errors
    ///
    /// [`SimulateError::Pde`] if a parameter is out of range or a solution diverges.
    pub fn run(&self, progress: &(dyn Fn(usize) + Sync)) -> Result<Vec<Array>, SimulateError> {
        let mut arrays: Vec<Array> = (self.arrays.iter())
            .map(|(name, shape)| Array::reserve(name, shape.clone(), self.settings.precision))
            .collect();
        let record: u64 = (self.arrays.iter())
            .map(|(_, shape)| limits::product(shape[1..].iter().copied()))
            .sum();
        let part = (PART / record.max(1)).max(1).next_multiple_of(TOGETHER);
        let count = self.settings.count as u64;
        for first in (0..count).step_by(part as usize) {
            let samples = first..count.min(first + part);
            match &self.solver {
                Solver::Periodic(stepper) => {
                    let time = self
                        .settings
                        .time
                        .expect("periodic equations have time steps");
                    let all = Ensemble {
                        stepper,
                        initial: &*self.settings.initial.initial(),
                        seed: self.settings.seed,
                        frames: time.frames,
                        interval: time.every,
                    }
                    .run(samples, progress)?;
                    match &mut arrays[..] {
                        [x, y] => {
                            let state = stepper.channels() * stepper.grid().points();
                            for pair in all.chunks_exact(2 * state) {
                                x.extend(&pair[..state]);
                                y.extend(&pair[state..]);
                            }
                        }
                        others => others[0].extend(&all),
                    }
                }
                Solver::Darcy(darcy, permeability) => {
                    let ensemble = DarcyEnsemble {
                        darcy,
                        permeability: *permeability,
                        seed: self.settings.seed,
                    };
                    let (a, u) = ensemble.run(samples, progress)?;
                    arrays[0].extend(&a);
                    arrays[1].extend(&u);
                }
            }
        }
        Ok(arrays)
    }
}

/// Names and shapes of the arrays.
fn shapes(settings: &Settings, channels: usize) -> Vec<(&'static str, Vec<usize>)> {
    let space = vec![settings.points; settings.dimensions];
    let shape = |leading: &[usize]| [leading, &space].concat();
    match settings.time {
        Some(time) if time.frames > 1 => {
            let times = time.frames.saturating_add(1);
            vec![("u", shape(&[settings.count, times, channels]))]
        }
        _ => {
            let pairs = shape(&[settings.count, channels]);
            vec![("x", pairs.clone()), ("y", pairs)]
        }
    }
}

/// Checks the memory that a data set needs, before any is taken.
fn check_memory(
    settings: &Settings,
    arrays: &[(&'static str, Vec<usize>)],
) -> Result<(), SimulateError> {
    let values = |shape: &[usize]| limits::product(shape.iter().copied());
    let sum = |values: &mut dyn Iterator<Item = u64>| values.fold(0, u64::saturating_add);
    let kept = sum(&mut arrays.iter().map(|(_, shape)| values(shape)));
    let record = sum(&mut arrays.iter().map(|(_, shape)| values(&shape[1..])));
    let state = limits::product(vec![settings.points; settings.dimensions]);
    let together = match settings.dimensions {
        1 => TOGETHER,
        _ => 1,
    };
    let threads = rayon::current_num_threads() as u64;
    // A part, and the states that each thread works on.
    let part = PART.max(record.saturating_mul(TOGETHER)).min(kept);
    let working = (threads * together * WORKING).saturating_mul(state);
    let bytes = (settings.precision.bytes() as u64)
        .saturating_mul(kept)
        .saturating_add(part.saturating_add(working).saturating_mul(8));
    if bytes <= limits::SET {
        return Ok(());
    }
    let arrays: Vec<String> = arrays
        .iter()
        .map(|(name, shape)| format!("{name} {shape:?}"))
        .collect();
    Err(SimulateError::TooLarge {
        arrays: arrays.join(" and "),
        dtype: settings.precision.name(),
        memory: limits::memory(bytes),
        most: limits::memory(limits::SET),
    })
}

fn permeability(
    settings: &Settings,
    equation: &Equation,
    numbers: &[f64],
) -> Result<Permeability, SimulateError> {
    match settings.initial {
        Law::Gaussian(field) => Ok(Permeability {
            low: numbers[0],
            high: numbers[1],
            field: NeumannField(field),
        }),
        law @ Law::Fourier { .. } => Err(SimulateError::BadOption {
            option: "initial".into(),
            value: law.to_string(),
            equation: equation.name,
            accepted: "gaussian:SCALE,INVERSE_LENGTH,POWER".into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::{self, Precision, equations};

    fn small(equation: &str) -> Request {
        Request {
            points: Some(24),
            ..Request::new(equation, 3)
        }
    }

    fn values(array: &Array) -> Vec<f64> {
        match &array.values {
            simulate::Values::F32(values) => values.iter().map(|&v| v.into()).collect(),
            simulate::Values::F64(values) => values.clone(),
        }
    }

    fn threads(count: usize) -> rayon::ThreadPool {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(count);
        builder.build().unwrap()
    }

    #[test]
    fn data_are_those_of_the_solvers_for_any_number_of_threads() {
        for equation in equations() {
            let mut request = small(equation.name);
            if equation.time.is_some() {
                request.frames = Some(2);
                request.every = Some(2);
            }
            let simulation = Simulation::new(&request).unwrap();
            let done = std::sync::atomic::AtomicUsize::new(0);
            let count = |n| {
                done.fetch_add(n, std::sync::atomic::Ordering::Relaxed);
            };
            let one = threads(1).install(|| simulation.run(&count)).unwrap();
            assert_eq!(done.into_inner(), 3, "{}", equation.name);
            let three = threads(3).install(|| simulation.run(&|_| {})).unwrap();
            assert!(one == three, "{}", equation.name);
            for (array, (name, shape)) in one.iter().zip(simulation.arrays()) {
                assert_eq!((array.name, &array.shape), (*name, shape));
                let values = values(array);
                assert_eq!(values.len(), shape.iter().product::<usize>());
                assert!(values.iter().all(|v| v.is_finite()), "{}", equation.name);
                let first = values[0];
                assert!(values.iter().any(|&v| v != first), "{}", equation.name);
            }
        }
    }

    #[test]
    fn pairs_are_the_ends_of_trajectories_and_frames_lie_in_between() {
        let mut request = small("burgers");
        request.precision = Precision::F64;
        request.frames = Some(1);
        request.every = Some(6);
        let pairs = Simulation::new(&request).unwrap().run(&|_| {}).unwrap();
        request.frames = Some(3);
        request.every = Some(2);
        let all = Simulation::new(&request).unwrap().run(&|_| {}).unwrap();
        assert_eq!(all[0].shape, [3, 4, 1, 24]);
        let (x, y, u) = (values(&pairs[0]), values(&pairs[1]), values(&all[0]));
        for sample in 0..3 {
            let state = |frame: usize| &u[(sample * 4 + frame) * 24..][..24];
            assert_eq!(x[sample * 24..][..24], *state(0));
            let pairs = y[sample * 24..][..24].iter().zip(state(3));
            // Written out in between, the state is transformed back and forth: rounding errors.
            assert!(pairs.clone().all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }

    #[test]
    fn the_linear_equations_follow_their_parameters() {
        let mut request = small("advection");
        request.precision = Precision::F64;
        request.frames = Some(2);
        // 3 cells of 1/24 per frame.
        request.dt = Some(0.25);
        request.parameters.insert("speed", 0.5);
        let u = Simulation::new(&request).unwrap().run(&|_| {}).unwrap();
        let u = values(&u[0]);
        for i in 0..24 {
            assert!((u[24 + (i + 3) % 24] - u[i]).abs() < 1e-12);
        }
    }

    #[test]
    fn what_takes_too_much_memory_is_told_with_its_sizes() {
        let mut request = Request::new("navier-stokes", 1_000_000);
        request.points = Some(1024);
        let error = Simulation::new(&request).err().unwrap().to_string();
        for part in ["u [1000000, 51, 1, 1024, 1024]", "float32", "TB", "16.0 GB"] {
            assert!(error.contains(part), "{part}: {error}");
        }
        request.frames = Some(usize::MAX);
        assert!(matches!(
            Simulation::new(&request).err(),
            Some(SimulateError::TooLarge { .. })
        ));
        // Few values to keep, but too many to compute.
        let mut request = Request::new("burgers", 1);
        request.dimensions = Some(3);
        request.points = Some(512);
        assert!(matches!(
            Simulation::new(&request).err(),
            Some(SimulateError::TooLarge { .. })
        ));
    }

    #[test]
    fn values_that_a_solver_rejects_are_told_before_the_work() {
        let mut request = small("burgers");
        request.parameters.insert("viscosity", -1.0);
        let error = Simulation::new(&request).err().unwrap().to_string();
        assert!(error.contains("viscosity is -1"), "{error}");
        let mut request = small("darcy");
        request.initial = Some("fourier:5,1".parse().unwrap());
        let error = Simulation::new(&request).err().unwrap().to_string();
        assert!(
            error.contains("fourier:5,1") && error.contains("gaussian"),
            "{error}"
        );
        let mut request = small("kdv");
        request.initial = Some("fourier:12,1".parse().unwrap());
        let error = Simulation::new(&request).err().unwrap().to_string();
        assert!(error.contains("12 modes"), "{error}");
    }
}
