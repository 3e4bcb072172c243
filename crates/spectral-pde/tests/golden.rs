//! Trajectories computed by exponax (golden/make.py), in f64 with the same settings.

use std::f64::consts::TAU;

use spectral_pde::equations::{
    Burgers, Forcing, KortewegDeVries, KuramotoSivashinsky, NavierStokes,
};
use spectral_pde::solution::relative_error;
use spectral_pde::{Dealiasing, ETDRK4, Grid, Pde, Stepper};

/// exponax keeps the modes `|m| ≤ 2/3·(n/2) − 1`.
fn cutoff(n: usize) -> Dealiasing {
    Dealiasing::Cutoff((2.0 / 3.0 * (n / 2) as f64 - 1.0).floor() as usize)
}

#[track_caller]
fn compare(pde: &dyn Pde, grid: &Grid, dt: f64, steps: usize, bytes: &[u8], limit: f64) {
    let values: Vec<f64> = bytes
        .chunks_exact(8)
        .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
        .collect();
    assert_eq!(values.len(), 2 * pde.channels() * grid.points());
    let (initial, expected) = values.split_at(values.len() / 2);
    let stepper = Stepper::new(pde, grid, dt, &ETDRK4, cutoff(grid.sizes()[0])).unwrap();
    let computed = stepper.trajectory(1, initial, 1, steps).unwrap();
    let error = relative_error(&computed, expected);
    println!("{}: {error:.2e}", pde.name());
    assert!(error < limit, "{}: {error:e}", pde.name());
    assert!(relative_error(initial, expected) > 0.05, "the state moved");
}

#[test]
fn burgers() {
    let pde = Burgers {
        viscosity: 0.02,
        dimensions: 1,
    };
    let grid = Grid::cube(1, 96, 2.0).unwrap();
    let bytes = include_bytes!("golden/burgers.f64");
    compare(&pde, &grid, 0.01, 100, bytes, 1e-11);
}

#[test]
fn kuramoto_sivashinsky() {
    let grid = Grid::cube(1, 64, 22.0).unwrap();
    let bytes = include_bytes!("golden/kuramoto_sivashinsky.f64");
    compare(&KuramotoSivashinsky, &grid, 0.1, 300, bytes, 1e-9);
}

#[test]
fn korteweg_de_vries() {
    let grid = Grid::cube(1, 96, 20.0).unwrap();
    let bytes = include_bytes!("golden/korteweg_de_vries.f64");
    compare(&KortewegDeVries::default(), &grid, 0.01, 200, bytes, 1e-10);
}

#[test]
fn navier_stokes() {
    let pde = NavierStokes {
        viscosity: 1e-3,
        drag: 0.0,
        forcing: Forcing::None,
    };
    let grid = Grid::cube(2, 48, 1.0).unwrap();
    let bytes = include_bytes!("golden/navier_stokes.f64");
    compare(&pde, &grid, 0.01, 100, bytes, 1e-11);
}

#[test]
fn kolmogorov_flow() {
    let pde = NavierStokes {
        viscosity: 5e-3,
        drag: 0.1,
        forcing: Forcing::Kolmogorov {
            wavenumber: 4.0,
            amplitude: 1.0,
        },
    };
    let grid = Grid::cube(2, 48, TAU).unwrap();
    let bytes = include_bytes!("golden/kolmogorov.f64");
    compare(&pde, &grid, 0.02, 100, bytes, 1e-11);
}

#[test]
fn burgers_in_two_dimensions() {
    let pde = Burgers {
        viscosity: 0.02,
        dimensions: 2,
    };
    let grid = Grid::cube(2, 32, 1.0).unwrap();
    let bytes = include_bytes!("golden/burgers_2d.f64");
    compare(&pde, &grid, 0.005, 100, bytes, 1e-11);
}
