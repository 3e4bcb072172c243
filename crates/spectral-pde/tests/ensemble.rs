//! Reproducibility of ensembles, and the smallest inputs.

use std::f64::consts::TAU;
use std::sync::atomic::{AtomicUsize, Ordering};

use spectral_pde::darcy::Darcy;
use spectral_pde::equations::{Burgers, Forcing, KuramotoSivashinsky, NavierStokes};
use spectral_pde::initial::{FourierSeries, GaussianField, Permeability, draw};
use spectral_pde::{
    DarcyEnsemble, Dealiasing, ETDRK2, ETDRK4, Ensemble, Grid, METHODS, Pde, PdeError, Stepper,
};

fn with_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build().unwrap().install(work)
}

#[test]
fn ensembles_do_not_depend_on_threads_or_ranges() {
    let forced = NavierStokes {
        viscosity: 1e-2,
        drag: 0.0,
        forcing: Forcing::Diagonal,
    };
    let cases: [(&dyn Pde, usize, f64); 2] = [(&KuramotoSivashinsky, 75, 20.0), (&forced, 40, 1.0)];
    for (pde, points, length) in cases {
        let grid = Grid::cube(pde.dimensions(), points, length).unwrap();
        let stepper = Stepper::new(pde, &grid, 0.05, &ETDRK4, Dealiasing::TwoThirds).unwrap();
        let ensemble = Ensemble {
            stepper: &stepper,
            initial: &FourierSeries::default(),
            seed: 3,
            frames: 2,
            interval: 5,
        };
        let done = AtomicUsize::new(0);
        let count = |samples| {
            done.fetch_add(samples, Ordering::Relaxed);
        };
        let all = with_threads(1, || ensemble.run(0..21, &count).unwrap());
        assert_eq!(done.into_inner(), 21);
        let record = 3 * grid.points();
        assert_eq!(all.len(), 21 * record);
        let again = with_threads(3, || ensemble.run(0..21, &|_| {}).unwrap());
        assert_eq!(all, again);
        let some = ensemble.run(5..7, &|_| {}).unwrap();
        assert_eq!(all[5 * record..7 * record], some);
        assert!(ensemble.run(4..4, &|_| {}).unwrap().is_empty());
    }
}

#[test]
fn grids_whose_transforms_use_several_threads_give_the_same_states() {
    let flow = NavierStokes {
        viscosity: 1e-2,
        drag: 0.0,
        forcing: Forcing::None,
    };
    let burgers = Burgers {
        viscosity: 0.1,
        dimensions: 3,
    };
    let cases: [(&dyn Pde, usize, f64); 4] = [
        (&KuramotoSivashinsky, 8192, 2e3),
        (&flow, 128, 1.0),
        (&flow, 192, 1.0),
        (&burgers, 24, 1.0),
    ];
    for (pde, points, length) in cases {
        let grid = Grid::cube(pde.dimensions(), points, length).unwrap();
        let stepper = Stepper::new(pde, &grid, 0.01, &ETDRK4, Dealiasing::Padding).unwrap();
        let run = || {
            let channels = stepper.channels();
            let u0 = draw(&FourierSeries::default(), &grid, channels, 0, 0..2).unwrap();
            stepper.trajectory(2, &u0, 1, 2).unwrap()
        };
        let one = with_threads(1, run);
        let three = with_threads(3, run);
        let state = stepper.channels() * grid.points();
        let u0 = draw(
            &FourierSeries::default(),
            &grid,
            stepper.channels(),
            0,
            1..2,
        )
        .unwrap();
        let alone = stepper.trajectory(1, &u0, 1, 2).unwrap();
        assert!(one[state..] == alone, "alone or in a batch");
        assert!(one == three, "{} {points}", pde.name());
    }
}

#[test]
fn darcy_ensembles_do_not_depend_on_threads_or_ranges() {
    let darcy = Darcy::new(45).unwrap();
    let ensemble = DarcyEnsemble {
        darcy: &darcy,
        permeability: Permeability::default(),
        seed: 1,
    };
    let (a, u) = with_threads(1, || ensemble.run(0..5, &|_| {}).unwrap());
    let again = with_threads(3, || ensemble.run(0..5, &|_| {}).unwrap());
    assert_eq!((&a, &u), (&again.0, &again.1));
    let (some_a, some_u) = ensemble.run(3..4, &|_| {}).unwrap();
    let plane = 45 * 45;
    assert_eq!(a[3 * plane..4 * plane], some_a);
    assert_eq!(u[3 * plane..4 * plane], some_u);
    // Permeabilities from 3 to 12 bound the solution by those of constant ones: max 0.0737/12 to 0.0737/3.
    let most = u.iter().fold(0.0_f64, |most, &u| most.max(u));
    assert!((0.0737 / 12.0..0.0737 / 3.0).contains(&most), "{most}");
}

#[test]
fn errors_of_an_ensemble_are_reported() {
    let grid = Grid::cube(1, 32, 1.0).unwrap();
    let pde = Burgers {
        viscosity: 0.0,
        dimensions: 1,
    };
    let stepper = Stepper::new(&pde, &grid, 10.0, &ETDRK2, Dealiasing::TwoThirds).unwrap();
    let mut ensemble = Ensemble {
        stepper: &stepper,
        initial: &GaussianField::burgers(),
        seed: 0,
        frames: 1,
        interval: 100,
    };
    let error = ensemble.run(0..20, &|_| {}).unwrap_err();
    assert!(matches!(error, PdeError::Diverged { .. }), "{error}");
    ensemble.frames = usize::MAX;
    let error = ensemble.run(0..20, &|_| {}).unwrap_err();
    assert!(matches!(error, PdeError::TooLarge { .. }), "{error}");
}

#[test]
fn the_smallest_grids_and_empty_batches_are_accepted() {
    let pdes: [&dyn Pde; 3] = [
        &Burgers {
            viscosity: 0.1,
            dimensions: 1,
        },
        &Burgers {
            viscosity: 0.1,
            dimensions: 3,
        },
        &NavierStokes {
            viscosity: 0.1,
            drag: 0.0,
            forcing: Forcing::None,
        },
    ];
    for pde in pdes {
        for points in [2, 3, 5] {
            let grid = Grid::cube(pde.dimensions(), points, 1.0).unwrap();
            for dealiasing in [Dealiasing::None, Dealiasing::TwoThirds, Dealiasing::Padding] {
                for method in METHODS {
                    let stepper = Stepper::new(pde, &grid, 0.01, method, dealiasing).unwrap();
                    let state = stepper.channels() * grid.points();
                    let u0: Vec<f64> = (0..state).map(|i| (TAU * i as f64 / 7.0).sin()).collect();
                    let u = stepper.trajectory(1, &u0, 2, 3).unwrap();
                    assert!(u.len() == 2 * state && u.iter().all(|u| u.is_finite()));
                    assert!(stepper.trajectory(0, &[], 2, 3).unwrap().is_empty());
                    assert!(stepper.trajectory(1, &u0, 0, 3).unwrap().is_empty());
                }
            }
        }
    }
    let u = Darcy::new(3).unwrap().solve(&[1.0; 9], &[1.0; 9]).unwrap();
    // −Δ_h u = 1 with h = 1/2 and one interior point: 16 u = 1.
    assert!((u[4] - 1.0 / 16.0).abs() < 1e-15);
}
