//! Time stepping.

use num_complex::Complex64;
use spectral_kernels::Planar;

use crate::dealiasing::Dealiasing;
use crate::error::{PdeError, expect_len, expect_positive, expect_values};
use crate::grid::{Grid, check_elements};
use crate::pde::Pde;
use crate::planes::Planes;
use crate::pseudo::{PseudoSpectral, Workspace, span};
use crate::table::Table;
use crate::tableau::{Tableau, evaluate};
use crate::transform::Transform;

/// Steps after which a solution is checked for values that are not finite.
const CHECK_INTERVAL: usize = 256;

/// Advances solutions of an equation on a grid by steps of a fixed size, with an exponential Runge–Kutta method.
///
/// The linear part is solved exactly, so that stiff linear terms (diffusion, dispersion, hyperdiffusion) do not limit
/// the step (Cox and Matthews, *Exponential time differencing for stiff systems*, 2002, doi 10.1006/jcph.2002.6995).
/// All coefficients are computed once, here. A stepper is immutable and can serve many threads.
///
/// ```
/// use spectral_pde::equations::Burgers;
/// use spectral_pde::{Dealiasing, ETDRK4, Grid, Stepper};
///
/// let grid = Grid::cube(1, 128, 1.0)?;
/// let pde = Burgers { viscosity: 0.01, dimensions: 1 };
/// let stepper = Stepper::new(&pde, &grid, 1e-3, &ETDRK4, Dealiasing::TwoThirds)?;
/// let u0 = grid.sample(|x| (std::f64::consts::TAU * x[0]).sin());
/// // 10 frames, 100 steps apart: [batch, frame, channel, point]
/// let frames = stepper.trajectory(1, &u0, 10, 100)?;
/// assert_eq!(frames.len(), 10 * 128);
/// # Ok::<(), spectral_pde::PdeError>(())
/// ```
pub struct Stepper {
    grid: Grid,
    channels: usize,
    dt: f64,
    rows: Vec<RowTables>,
    nonlinear: Option<PseudoSpectral>,
}

/// The coefficients of a [`Row`](crate::Row) of a method, per channel.
struct RowTables {
    /// `exp(c·L·dt)` on all bins.
    propagators: Vec<Table>,
    /// `dt·w_j(L·dt)` on the modes that the nonlinear function writes; per stage, then per channel.
    weights: Vec<Option<Vec<Table>>>,
}

impl Stepper {
    /// Prepares steps of `dt > 0` units of time.
    ///
    /// # Errors
    /// If the equation rejects its parameters or has another number of dimensions than the grid, `dt` is not positive,
    /// the method is not explicit, a coefficient overflows, or the cutoff of the dealiasing exceeds the grid.
    pub fn new(
        pde: &dyn Pde,
        grid: &Grid,
        dt: f64,
        method: &Tableau,
        dealiasing: Dealiasing,
    ) -> Result<Self, PdeError> {
        method.check()?;
        expect_positive("the time step", dt)?;
        if pde.dimensions() != grid.dimensions() {
            return Err(PdeError::Dimensions {
                equation: pde.name(),
                expected: pde.dimensions(),
                actual: grid.dimensions(),
            });
        }
        pde.check(grid)?;
        let channels = pde.channels();
        check_elements("a state", &[channels, grid.points()])?;
        let nonlinear = match pde.nonlinear() {
            Some(nonlinear) => {
                nonlinear.check(&pde.name(), channels)?;
                let function = PseudoSpectral::new(nonlinear, channels, grid, dealiasing)?;
                Some(function)
            }
            None => None,
        };
        // Without a nonlinear function the stages are not needed.
        let rows = match &nonlinear {
            Some(_) => method.rows,
            None => &method.rows[method.rows.len() - 1..],
        };
        let symbols: Vec<Vec<Complex64>> = (0..channels)
            .map(|channel| {
                (0..grid.bins())
                    .map(|bin| pde.symbol(channel, &grid.wavenumber(bin)) * dt)
                    .collect()
            })
            .collect();
        let kept: Vec<usize> = (nonlinear.iter())
            .flat_map(|nonlinear| nonlinear.kept().bins())
            .collect();
        let rows: Vec<RowTables> = rows
            .iter()
            .map(|row| {
                let propagators = (symbols.iter())
                    .map(|z| Table::new(z.iter().map(|z| (z * row.c).exp()).collect()))
                    .collect();
                let weights = (row.weights.iter())
                    .map(|weight| {
                        weight.map(|function| {
                            (symbols.iter())
                                .map(|z| {
                                    let at = |&bin: &usize| evaluate(function, z[bin]) * dt;
                                    Table::new(kept.iter().map(at).collect())
                                })
                                .collect()
                        })
                    })
                    .collect();
                RowTables {
                    propagators,
                    weights,
                }
            })
            .collect();
        let finite = rows.iter().all(|row| {
            let weights = row.weights.iter().flatten().flatten();
            row.propagators.iter().chain(weights).all(Table::is_finite)
        });
        if !finite {
            return Err(PdeError::Coefficients {
                equation: pde.name(),
                dt,
            });
        }
        Ok(Stepper {
            grid: grid.clone(),
            channels,
            dt,
            rows,
            nonlinear,
        })
    }

    /// The grid.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Number of fields of a state.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The time step.
    pub fn dt(&self) -> f64 {
        self.dt
    }

    /// Starts `batch` simulations from initial states `[batch, channels, points…]`.
    ///
    /// # Errors
    /// If the length is wrong or a value is not finite.
    pub fn start(&self, batch: usize, u0: &[f64]) -> Result<Simulation<'_>, PdeError> {
        let elements = check_elements(
            "a batch of states",
            &[batch, self.channels, self.grid.points()],
        )?;
        expect_values("initial states", elements, u0)?;
        let bins = batch * self.channels * self.grid.bins();
        let mut state = Planes::new(bins);
        if batch > 0 {
            let planes = batch * self.channels;
            let transform = Transform::whole(self.grid.sizes());
            let mut scratch = transform.scratch(planes);
            transform.forward(planes, 1.0, u0, state.all_mut(), &mut scratch);
        }
        let stages = self.rows.len();
        let kept = (self.nonlinear.as_ref()).map_or(0, |nonlinear| nonlinear.kept().modes());
        Ok(Simulation {
            stepper: self,
            batch,
            steps: 0,
            state,
            stage: Planes::new(if stages > 1 { bins } else { 0 }),
            slopes: (0..stages)
                .map(|_| Planes::new(batch * self.channels * kept))
                .collect(),
            work: (self.nonlinear.as_ref()).map(|nonlinear| nonlinear.workspace(batch)),
        })
    }

    /// Solutions `[batch, frames, channels, points…]` from initial states `[batch, channels, points…]`, with `interval`
    /// steps before each frame. The initial states are not among the frames.
    ///
    /// # Errors
    /// As [`Self::start`] and [`Simulation::advance`].
    pub fn trajectory(
        &self,
        batch: usize,
        u0: &[f64],
        frames: usize,
        interval: usize,
    ) -> Result<Vec<f64>, PdeError> {
        let mut run = self.start(batch, u0)?;
        let state = self.channels * self.grid.points();
        let elements = check_elements("a trajectory", &[batch, frames, state])?;
        let mut all = vec![0.0; elements];
        let mut samples = vec![0.0; batch * state];
        for frame in 0..frames {
            run.advance(interval)?;
            run.write_samples(&mut samples)?;
            for (item, sample) in samples.chunks_exact(state).enumerate() {
                all[span(item * frames + frame, state)].copy_from_slice(sample);
            }
        }
        Ok(all)
    }

    /// `target = exp(c·L·dt)·state + Σ_j weight_j·slope_j`, in place if there is no target.
    fn combine(&self, row: &RowTables, run: &mut Buffers<'_>, to_stage: bool) {
        let bins = self.grid.bins();
        let planes = run.state.re.len() / bins;
        for plane in 0..planes {
            let channel = plane % self.channels;
            let all = span(plane, bins);
            let propagator = &row.propagators[channel];
            if to_stage {
                propagator.set_product(
                    &run.state.re[all.clone()],
                    &run.state.im[all.clone()],
                    &mut run.stage.re[all.clone()],
                    &mut run.stage.im[all.clone()],
                    0,
                );
            } else {
                let (re, im) = (
                    &mut run.state.re[all.clone()],
                    &mut run.state.im[all.clone()],
                );
                propagator.multiply(re, im);
            }
            let Some(nonlinear) = &self.nonlinear else {
                continue;
            };
            let kept = nonlinear.kept();
            let target = if to_stage {
                &mut *run.stage
            } else {
                &mut *run.state
            };
            for (weights, slope) in row.weights.iter().zip(run.slopes.iter()) {
                let Some(weights) = weights else { continue };
                let slope_start = plane * kept.modes();
                for (r, bin) in kept.rows.iter().enumerate() {
                    let from = slope_start + r * kept.width..slope_start + (r + 1) * kept.width;
                    let to = all.start + bin..all.start + bin + kept.width;
                    weights[channel].add_product(
                        &slope.re[from.clone()],
                        &slope.im[from],
                        &mut target.re[to.clone()],
                        &mut target.im[to],
                        r * kept.width,
                    );
                }
            }
        }
    }
}

/// The spectra that a row of the method combines.
struct Buffers<'a> {
    state: &'a mut Planes,
    stage: &'a mut Planes,
    slopes: &'a [Planes],
}

/// Solutions that advance in time together, from [`Stepper::start`].
pub struct Simulation<'a> {
    stepper: &'a Stepper,
    batch: usize,
    steps: usize,
    state: Planes,
    stage: Planes,
    slopes: Vec<Planes>,
    work: Option<Workspace>,
}

impl Simulation<'_> {
    /// Takes a number of steps.
    ///
    /// # Errors
    /// If the solution becomes infinite or not a number.
    pub fn advance(&mut self, steps: usize) -> Result<(), PdeError> {
        for taken in 1..=steps {
            self.step();
            if taken % CHECK_INTERVAL == 0 || taken == steps {
                self.check()?;
            }
        }
        Ok(())
    }

    /// Number of steps taken.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The time, from 0 at the start.
    pub fn time(&self) -> f64 {
        self.steps as f64 * self.stepper.dt
    }

    /// The states, `[batch, channels, points…]`.
    pub fn samples(&self) -> Vec<f64> {
        let planes = self.batch * self.stepper.channels;
        let mut samples = vec![0.0; planes * self.stepper.grid.points()];
        self.write(&mut samples);
        samples
    }

    /// Writes the states, `[batch, channels, points…]`.
    ///
    /// # Errors
    /// If the length is wrong.
    pub fn write_samples(&self, output: &mut [f64]) -> Result<(), PdeError> {
        let planes = self.batch * self.stepper.channels;
        expect_len("states", planes * self.stepper.grid.points(), output.len())?;
        self.write(output);
        Ok(())
    }

    /// The spectra, `[batch, channels, bins…]`: unnormalized half-spectra along the last axis.
    pub fn spectra(&self) -> Planar<'_, f64> {
        self.state.all()
    }

    fn write(&self, output: &mut [f64]) {
        if self.batch == 0 {
            return;
        }
        let grid = &self.stepper.grid;
        let scale = 1.0 / grid.points() as f64;
        let planes = self.batch * self.stepper.channels;
        let transform = Transform::whole(grid.sizes());
        let mut scratch = transform.scratch(planes);
        transform.inverse(planes, scale, self.state.all(), output, &mut scratch);
    }

    fn step(&mut self) {
        self.steps += 1;
        if self.batch == 0 {
            return;
        }
        let stepper = self.stepper;
        let last = stepper.rows.len() - 1;
        for (i, row) in stepper.rows.iter().enumerate() {
            if let (Some(nonlinear), Some(work)) = (&stepper.nonlinear, &mut self.work) {
                let from = if i == 0 { &self.state } else { &self.stage };
                let to = self.slopes[i].all_mut();
                nonlinear.evaluate(self.batch, from.all(), to, work);
            }
            let mut buffers = Buffers {
                state: &mut self.state,
                stage: &mut self.stage,
                slopes: &self.slopes[..=i],
            };
            stepper.combine(row, &mut buffers, i < last);
        }
    }

    fn check(&self) -> Result<(), PdeError> {
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        if finite(&self.state.re) && finite(&self.state.im) {
            return Ok(());
        }
        Err(PdeError::Diverged {
            time: self.time(),
            step: self.steps,
            dt: self.stepper.dt,
        })
    }
}
