//! Analytic solutions and conserved quantities.

use std::f64::consts::TAU;

use spectral_pde::darcy::Darcy;
use spectral_pde::equations::{
    Advection, AdvectionDiffusion, Burgers, Diffusion, Dispersion, Forcing, KortewegDeVries,
    KuramotoSivashinsky, NavierStokes,
};
use spectral_pde::solution::{
    ColeHopf, LaminarKolmogorov, LinearWave, ManufacturedDarcy, Soliton, Solution, TaylorGreen,
    relative_error,
};
use spectral_pde::{Dealiasing, ETDRK1, ETDRK4, Grid, Pde, Stepper};

/// The relative error at the time of the last of `steps` steps.
fn error(pde: &dyn Pde, solution: &dyn Solution, grid: &Grid, time: f64, steps: usize) -> f64 {
    [Dealiasing::TwoThirds, Dealiasing::Padding]
        .into_iter()
        .map(|dealiasing| {
            let dt = time / steps as f64;
            let stepper = Stepper::new(pde, grid, dt, &ETDRK4, dealiasing).unwrap();
            let u = stepper
                .trajectory(1, &solution.sample(grid, 0.0), 1, steps)
                .unwrap();
            relative_error(&u, &solution.sample(grid, time))
        })
        .fold(0.0, f64::max)
}

#[test]
fn linear_equations_are_solved_exactly_in_any_number_of_steps() {
    let wave = |speed, diffusivity, dispersivity| LinearWave {
        amplitude: 1.5,
        wavenumber: 3.0 * TAU / 2.0,
        phase: 0.4,
        speed,
        diffusivity,
        dispersivity,
    };
    let cases: [(&dyn Pde, LinearWave); 4] = [
        (&Advection { speed: 0.7 }, wave(0.7, 0.0, 0.0)),
        (&Diffusion { diffusivity: 0.02 }, wave(0.0, 0.02, 0.0)),
        (
            &AdvectionDiffusion {
                speed: -0.3,
                diffusivity: 0.01,
            },
            wave(-0.3, 0.01, 0.0),
        ),
        (&Dispersion { dispersivity: 0.03 }, wave(0.0, 0.0, 0.03)),
    ];
    for points in [16, 17, 160] {
        let grid = Grid::cube(1, points, 2.0).unwrap();
        for (pde, wave) in &cases {
            for steps in [1, 7] {
                let error = error(*pde, wave, &grid, 1.3, steps);
                assert!(error < 1e-12, "{} {points} {steps}: {error:e}", pde.name());
            }
        }
    }
}

#[test]
fn burgers_agrees_with_cole_hopf() {
    for (wavenumbers, amplitude, points, steps) in [
        (vec![TAU], 0.6, 96, 100),
        (vec![TAU, 2.0 * TAU], 0.6, 96, 100),
        (vec![TAU; 3], 0.05, 24, 25),
    ] {
        let dimensions = wavenumbers.len();
        let solution = ColeHopf {
            viscosity: 0.05,
            amplitude,
            wavenumbers,
        };
        let pde = Burgers {
            viscosity: 0.05,
            dimensions,
        };
        let grid = Grid::cube(dimensions, points, 1.0).unwrap();
        let error = error(&pde, &solution, &grid, 0.1, steps);
        assert!(error < 1e-9, "{dimensions}: {error:e}");
    }
}

#[test]
fn a_soliton_travels_ten_periods() {
    let solution = Soliton {
        equation: KortewegDeVries::default(),
        speed: 1.0,
        position: 13.0,
        length: 40.0,
    };
    let grid = Grid::cube(1, 128, 40.0).unwrap();
    let stepper = Stepper::new(
        &solution.equation,
        &grid,
        0.005,
        &ETDRK4,
        Dealiasing::TwoThirds,
    )
    .unwrap();
    let initial = solution.sample(&grid, 0.0);
    let u = stepper.trajectory(1, &initial, 1, 80_000).unwrap();
    let error = relative_error(&u, &solution.sample(&grid, 400.0));
    println!("soliton: {error:.2e}");
    assert!(error < 1e-6, "{error:e}");
    // After whole periods it is where it started.
    assert!(relative_error(&u, &initial) < 1e-6);
}

#[test]
fn a_taylor_green_vortex_decays() {
    let solution = TaylorGreen {
        amplitude: 1.0,
        wavenumber: 2.0,
        viscosity: 0.01,
    };
    let pde = NavierStokes {
        viscosity: 0.01,
        drag: 0.0,
        forcing: Forcing::None,
    };
    let grid = Grid::cube(2, 32, TAU).unwrap();
    let error = error(&pde, &solution, &grid, 2.0, 50);
    assert!(error < 1e-12, "{error:e}");
}

#[test]
fn kolmogorov_flow_starts_laminar() {
    let solution = LaminarKolmogorov {
        amplitude: 1.0,
        wavenumber: 4.0,
        viscosity: 0.02,
        drag: 0.1,
    };
    let pde = NavierStokes {
        viscosity: 0.02,
        drag: 0.1,
        forcing: Forcing::Kolmogorov {
            wavenumber: 4.0,
            amplitude: 1.0,
        },
    };
    let grid = Grid::new(&[24, 32], &[TAU, TAU]).unwrap();
    let error = error(&pde, &solution, &grid, 2.0, 20);
    assert!(error < 1e-12, "{error:e}");
}

fn sum(u: &[f64]) -> f64 {
    u.iter().sum::<f64>() / u.len() as f64
}

fn sum_of_squares(u: &[f64]) -> f64 {
    u.iter().map(|u| u * u).sum::<f64>() / u.len() as f64
}

#[test]
fn mass_and_momentum_are_conserved() {
    let grid = Grid::cube(1, 128, 20.0).unwrap();
    let wave = |x: &[f64]| 0.3 + (TAU * x[0] / 20.0).cos() + 0.5 * (2.0 * TAU * x[0] / 20.0).sin();
    let u0 = grid.sample(wave);
    let run = |pde: &dyn Pde, dt, steps| {
        let stepper = Stepper::new(pde, &grid, dt, &ETDRK4, Dealiasing::TwoThirds).unwrap();
        stepper.trajectory(1, &u0, 1, steps).unwrap()
    };
    let kdv = run(&KortewegDeVries::default(), 0.0005, 2000);
    assert!((sum(&kdv) - sum(&u0)).abs() < 1e-13);
    let change = sum_of_squares(&kdv) / sum_of_squares(&u0) - 1.0;
    println!("momentum: {change:.2e}");
    assert!(change.abs() < 1e-8, "{change:e}");
    let burgers = Burgers {
        viscosity: 0.1,
        dimensions: 1,
    };
    let burgers = run(&burgers, 0.01, 500);
    assert!((sum(&burgers) - sum(&u0)).abs() < 1e-13);
    assert!(sum_of_squares(&burgers) < sum_of_squares(&u0));
    let ks = run(&KuramotoSivashinsky, 0.01, 500);
    assert!((sum(&ks) - sum(&u0)).abs() < 1e-13);
}

#[test]
fn inviscid_flow_conserves_enstrophy() {
    let pde = NavierStokes {
        viscosity: 0.0,
        drag: 0.0,
        forcing: Forcing::None,
    };
    let grid = Grid::cube(2, 48, TAU).unwrap();
    let u0 = grid.sample(|x| x[0].cos() * (2.0 * x[1]).sin() + (x[0] + x[1]).sin());
    for dealiasing in [Dealiasing::TwoThirds, Dealiasing::Padding] {
        let stepper = Stepper::new(&pde, &grid, 0.01, &ETDRK4, dealiasing).unwrap();
        let u = stepper.trajectory(1, &u0, 1, 50).unwrap();
        let change = sum_of_squares(&u) / sum_of_squares(&u0) - 1.0;
        assert!(change.abs() < 1e-9, "{change:e}");
        assert!(relative_error(&u, &u0) > 0.1);
    }
}

#[test]
fn the_diagonal_force_accelerates_fluid_at_rest() {
    let pde = NavierStokes {
        viscosity: 1e-3,
        drag: 0.0,
        forcing: Forcing::Diagonal,
    };
    let grid = Grid::cube(2, 32, 1.0).unwrap();
    let stepper = Stepper::new(&pde, &grid, 0.1, &ETDRK4, Dealiasing::TwoThirds).unwrap();
    let u = stepper.trajectory(1, &vec![0.0; 1024], 1, 10).unwrap();
    // A shear flow along one direction does not advect itself: ω = f (1 − exp(−λt))/λ.
    let rate = 1e-3 * 2.0 * TAU * TAU;
    let growth = -(-rate).exp_m1() / rate;
    let expected = grid.sample(|x| {
        let angle = TAU * (x[0] + x[1]);
        0.1 * growth * (angle.sin() + angle.cos())
    });
    assert!(relative_error(&u, &expected) < 1e-12);
}

#[test]
fn entries_of_a_batch_are_independent() {
    let grid = Grid::cube(1, 75, 10.0).unwrap();
    let stepper = Stepper::new(
        &KuramotoSivashinsky,
        &grid,
        0.05,
        &ETDRK4,
        Dealiasing::Padding,
    )
    .unwrap();
    let state = |i: usize| grid.sample(|x| ((i + 1) as f64 * TAU * x[0] / 10.0).sin());
    let batch: Vec<f64> = (0..5).flat_map(state).collect();
    let together = stepper.trajectory(5, &batch, 2, 30).unwrap();
    for i in 0..5 {
        let alone = stepper.trajectory(1, &state(i), 2, 30).unwrap();
        assert_eq!(together[i * 150..(i + 1) * 150], alone, "{i}");
    }
}

#[test]
fn darcy_converges_to_second_order() {
    let errors = [33, 65, 129].map(|n| {
        let sample = |f: &dyn Fn(f64, f64) -> f64| ManufacturedDarcy::sample(n, f);
        let a = sample(&|x, y| ManufacturedDarcy.permeability(x, y));
        let f = sample(&|x, y| ManufacturedDarcy.source(x, y));
        let u = Darcy::new(n).unwrap().solve(&a, &f).unwrap();
        relative_error(&u, &sample(&|x, y| ManufacturedDarcy.solution(x, y)))
    });
    for pair in errors.windows(2) {
        let order = (pair[0] / pair[1]).log2();
        assert!((order - 2.0).abs() < 0.15, "{errors:?}");
    }
    assert!(errors[2] < 1e-3, "{errors:?}");
}

#[test]
fn darcy_iterations_do_not_depend_on_the_grid() {
    use spectral_pde::initial::{Permeability, sample_rng};
    for n in [31, 85, 141] {
        let a = Permeability::default()
            .sample(n, &mut sample_rng(3, 0))
            .unwrap();
        let darcy = Darcy::new(n).unwrap().with_tolerance(1e-10, 30).unwrap();
        let u = darcy.solve(&a, &vec![1.0; n * n]).unwrap();
        assert!(u.iter().all(|&u| u >= 0.0), "the maximum principle");
    }
}

#[test]
fn errors_name_the_value_and_what_is_accepted() {
    let grid = Grid::cube(1, 32, 1.0).unwrap();
    let burgers = Burgers {
        viscosity: 0.1,
        dimensions: 1,
    };
    let new = |pde: &dyn Pde, dt, dealiasing| {
        Stepper::new(pde, &grid, dt, &ETDRK1, dealiasing).map(|_| ())
    };
    let text = |result: Result<(), _>| match result {
        Err(spectral_pde::PdeError::Diverged { .. }) | Ok(()) => panic!("an error was expected"),
        Err(error) => error.to_string(),
    };
    let cases = [
        (
            text(new(&burgers, -0.1, Dealiasing::None)),
            "the time step is -0.1; finite numbers above 0 are accepted",
        ),
        (
            text(new(&burgers, 0.1, Dealiasing::Cutoff(16))),
            "dealiasing cutoff 16: axis 0 has 32 points; 0 to 15 are accepted",
        ),
        (
            text(new(
                &Diffusion {
                    diffusivity: f64::NAN,
                },
                0.1,
                Dealiasing::None,
            )),
            "the diffusivity is NaN; finite numbers from 0 on are accepted",
        ),
        (
            text(new(
                &NavierStokes {
                    viscosity: 0.1,
                    drag: 0.0,
                    forcing: Forcing::None,
                },
                0.1,
                Dealiasing::None,
            )),
            "Navier–Stokes has 2 spatial dimensions, the grid has 1",
        ),
    ];
    for (actual, expected) in cases {
        assert_eq!(actual, expected);
    }
    // The fastest mode grows as exp(t/4).
    let long = Grid::cube(1, 128, 16.0 * TAU).unwrap();
    let error = Stepper::new(&KuramotoSivashinsky, &long, 1e4, &ETDRK1, Dealiasing::None);
    assert_eq!(
        error.err().unwrap().to_string(),
        "Kuramoto–Sivashinsky: the linear operator or its time step 10000 is too large (a coefficient overflows); \
         choose a smaller time step"
    );
    let stepper = Stepper::new(&burgers, &grid, 0.1, &ETDRK1, Dealiasing::None).unwrap();
    let mut u0 = vec![0.0; 32];
    u0[3] = f64::INFINITY;
    let error = stepper.start(1, &u0).err().unwrap().to_string();
    assert_eq!(
        error,
        "initial states: value 3 is inf; finite values are accepted"
    );
    let error = stepper.start(2, &u0).err().unwrap().to_string();
    assert_eq!(error, "initial states: expected 64 values, got 32");
    let error = Darcy::new(9).unwrap().solve(&[-1.0; 81], &[1.0; 81]);
    assert_eq!(
        error.unwrap_err().to_string(),
        "a permeability is -1; finite numbers above 0 are accepted"
    );
}

#[test]
fn a_step_too_large_is_reported_as_divergence() {
    let grid = Grid::cube(1, 64, 1.0).unwrap();
    let pde = Burgers {
        viscosity: 1e-4,
        dimensions: 1,
    };
    let stepper = Stepper::new(&pde, &grid, 0.5, &ETDRK1, Dealiasing::TwoThirds).unwrap();
    let u0 = grid.sample(|x| 5.0 * (TAU * x[0]).sin());
    let error = stepper.trajectory(1, &u0, 1, 2_000).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the solution diverged before time"),
        "{error}"
    );
}
