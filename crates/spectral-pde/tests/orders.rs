//! The order of convergence of each method, measured in time.

use std::f64::consts::{PI, TAU};

use spectral_pde::equations::{
    Burgers, Forcing, KortewegDeVries, KuramotoSivashinsky, NavierStokes,
};
use spectral_pde::solution::{ColeHopf, Solution, relative_error};
use spectral_pde::{Dealiasing, ETDRK4, Grid, METHODS, Pde, Stepper, Tableau};

fn solve(
    pde: &dyn Pde,
    grid: &Grid,
    u0: &[f64],
    time: f64,
    steps: usize,
    method: &Tableau,
) -> Vec<f64> {
    let dt = time / steps as f64;
    let stepper = Stepper::new(pde, grid, dt, method, Dealiasing::TwoThirds).unwrap();
    stepper.trajectory(1, u0, 1, steps).unwrap()
}

/// Checks that halving the step reduces the error by `2^order`, with steps per method as given.
#[track_caller]
fn check_orders(
    pde: &dyn Pde,
    grid: &Grid,
    u0: &[f64],
    reference: &[f64],
    time: f64,
    steps: [usize; 4],
) {
    for (method, steps) in METHODS.into_iter().zip(steps) {
        let errors = [1, 2].map(|factor| {
            let computed = solve(pde, grid, u0, time, factor * steps, method);
            relative_error(&computed, reference)
        });
        let order = (errors[0] / errors[1]).log2();
        println!(
            "{} {}: {errors:?} order {order:.3}",
            pde.name(),
            method.name
        );
        assert!(errors[1] > 1e-12, "above rounding: {errors:?}");
        assert!(
            (order - f64::from(method.order)).abs() < 0.15,
            "{} {}: order {order}, errors {errors:?}",
            pde.name(),
            method.name
        );
    }
}

#[test]
fn burgers_against_cole_hopf() {
    let solution = ColeHopf {
        viscosity: 0.1,
        amplitude: 0.8,
        wavenumbers: vec![TAU],
    };
    let pde = Burgers {
        viscosity: 0.1,
        dimensions: 1,
    };
    let grid = Grid::cube(1, 96, 1.0).unwrap();
    let u0 = solution.sample(&grid, 0.0);
    let reference = solution.sample(&grid, 0.2);
    check_orders(&pde, &grid, &u0, &reference, 0.2, [160, 80, 40, 20]);
}

#[test]
fn korteweg_de_vries_against_a_fine_reference() {
    let pde = KortewegDeVries::default();
    let grid = Grid::cube(1, 64, TAU).unwrap();
    let u0 = grid.sample(|x| x[0].cos());
    let reference = solve(&pde, &grid, &u0, 0.2, 16_000, &ETDRK4);
    check_orders(&pde, &grid, &u0, &reference, 0.2, [800, 400, 200, 100]);
}

#[test]
fn kuramoto_sivashinsky_against_a_fine_reference() {
    // The initial state of Kassam and Trefethen (2005). The higher methods reach their order only at small steps: their
    // coefficients satisfy the order conditions for a stiff linear part in the limit alone.
    let grid = Grid::cube(1, 128, 32.0 * PI).unwrap();
    let u0 = grid.sample(|x| (x[0] / 16.0).cos() * (1.0 + (x[0] / 16.0).sin()));
    let reference = solve(&KuramotoSivashinsky, &grid, &u0, 10.0, 16_000, &ETDRK4);
    check_orders(
        &KuramotoSivashinsky,
        &grid,
        &u0,
        &reference,
        10.0,
        [400, 400, 800, 800],
    );
}

#[test]
fn navier_stokes_against_a_fine_reference() {
    let pde = NavierStokes {
        viscosity: 0.02,
        drag: 0.0,
        forcing: Forcing::None,
    };
    let grid = Grid::cube(2, 32, TAU).unwrap();
    let u0 = grid.sample(|x| x[0].cos() * (2.0 * x[1]).sin() + (x[0] + x[1]).sin());
    let reference = solve(&pde, &grid, &u0, 1.0, 1_000, &ETDRK4);
    check_orders(&pde, &grid, &u0, &reference, 1.0, [80, 40, 20, 20]);
}
