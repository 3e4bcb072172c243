//! Laws and reproducibility of random initial conditions.

use std::f64::consts::{PI, TAU};

use spectral_pde::Grid;
use spectral_pde::initial::{
    FourierSeries, GaussianField, InitialCondition, NeumannField, Permeability, Scaling, draw,
    sample_rng,
};

#[test]
fn samples_do_not_depend_on_threads_or_on_each_other() {
    let grid = Grid::cube(2, 24, 1.0).unwrap();
    let cases: [&dyn InitialCondition; 2] =
        [&GaussianField::vorticity(), &FourierSeries::default()];
    for initial in cases {
        let all = draw(initial, &grid, 2, 7, 0..9).unwrap();
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let again = pool.install(|| draw(initial, &grid, 2, 7, 0..9).unwrap());
            assert_eq!(all, again, "{threads} threads");
        }
        let state = 2 * grid.points();
        let some = draw(initial, &grid, 2, 7, 5..7).unwrap();
        assert_eq!(all[5 * state..7 * state], some);
        assert_ne!(all[..state], all[state..2 * state]);
        assert_ne!(all[..state], draw(initial, &grid, 2, 8, 0..1).unwrap());
    }
}

#[test]
fn a_finer_grid_samples_the_same_series() {
    let series = FourierSeries {
        scaling: Scaling::None,
        ..FourierSeries::default()
    };
    let coarse = Grid::cube(2, 16, 1.0).unwrap();
    let fine = Grid::cube(2, 32, 1.0).unwrap();
    let coarse = draw(&series, &coarse, 1, 0, 0..1).unwrap();
    let fine = draw(&series, &fine, 1, 0, 0..1).unwrap();
    for i in 0..16 {
        for j in 0..16 {
            let difference = coarse[i * 16 + j] - fine[i * 64 + 2 * j];
            assert!(difference.abs() < 1e-13);
        }
    }
}

#[test]
fn scaling_is_as_asked() {
    let grid = Grid::cube(1, 64, 3.0).unwrap();
    let series = |scaling| FourierSeries {
        offset: 0.5,
        scaling,
        ..FourierSeries::default()
    };
    let u = draw(&series(Scaling::UnitMaximum), &grid, 1, 0, 0..1).unwrap();
    assert_eq!(u.iter().fold(0.0_f64, |m, u| m.max(u.abs())), 1.0);
    let u = draw(&series(Scaling::UnitDeviation), &grid, 1, 0, 0..1).unwrap();
    let mean = u.iter().sum::<f64>() / 64.0;
    let variance = u.iter().map(|u| (u - mean).powi(2)).sum::<f64>() / 64.0;
    assert!((variance - 1.0).abs() < 1e-13);
}

/// Mean square at the points, over samples.
fn variance(u: &[f64]) -> f64 {
    u.iter().map(|u| u * u).sum::<f64>() / u.len() as f64
}

#[test]
fn gaussian_fields_have_the_stated_variance() {
    // Burgers: Σ 2·625/(4π²k² + 25)² over k = 1, 2, ….
    let grid = Grid::cube(1, 128, 1.0).unwrap();
    let expected: f64 = (1..64)
        .map(|k| 1250.0 / ((TAU * f64::from(k)).powi(2) + 25.0).powi(2))
        .sum();
    let u = draw(&GaussianField::burgers(), &grid, 1, 0, 0..4000).unwrap();
    let ratio = variance(&u) / expected;
    assert!((ratio - 1.0).abs() < 0.05, "{ratio}");

    // Vorticity: Σ 7^{3/2}/(4π²|k|² + 49)^2.5 over all modes but the mean.
    let grid = Grid::cube(2, 16, 1.0).unwrap();
    let modes = || (-7..8).flat_map(|a| (-7..8).map(move |b| f64::from(a * a + b * b)));
    let expected: f64 = modes()
        .filter(|&squared| squared > 0.0)
        .map(|squared| 7_f64.powf(1.5) / (TAU * TAU * squared + 49.0).powf(2.5))
        .sum();
    let u = draw(&GaussianField::vorticity(), &grid, 1, 0, 0..3000).unwrap();
    let ratio = variance(&u) / expected;
    assert!((ratio - 1.0).abs() < 0.05, "{ratio}");
}

#[test]
fn the_covariance_depends_on_the_distance() {
    let grid = Grid::cube(1, 32, 1.0).unwrap();
    let u = draw(&GaussianField::burgers(), &grid, 1, 0, 0..8000).unwrap();
    let covariance = |lag: f64| -> f64 {
        (1..16)
            .map(|k| {
                let k = TAU * f64::from(k);
                1250.0 / (k * k + 25.0).powi(2) * (k * lag).cos()
            })
            .sum()
    };
    for lag in [0, 3, 8, 16] {
        let products = u.chunks_exact(32).map(|u| u[5] * u[(5 + lag) % 32]);
        let mean = products.sum::<f64>() / 8000.0;
        let error = (mean - covariance(lag as f64 / 32.0)).abs() / covariance(0.0);
        assert!(error < 0.06, "{lag}: {error}");
    }
}

#[test]
fn neumann_fields_have_the_stated_variance_and_flat_boundaries() {
    let n = 17;
    let field = Permeability::default().field;
    let norm = |k: usize, x: f64| {
        if k == 0 {
            1.0
        } else {
            2.0_f64.sqrt() * (PI * k as f64 * x).cos()
        }
    };
    // At a corner and inside.
    for (i, j) in [(0, 0), (8, 5)] {
        let (x, y) = (i as f64 / 16.0, j as f64 / 16.0);
        let mut expected = 0.0;
        for k in 0..n {
            for l in 0..n {
                if k + l > 0 {
                    let eigenvalue = PI * PI * (k * k + l * l) as f64 + 9.0;
                    expected += (norm(k, x) * norm(l, y) / eigenvalue).powi(2);
                }
            }
        }
        let samples = 4000;
        let sum: f64 = (0..samples)
            .map(|s| field.sample(n, &mut sample_rng(1, s)).unwrap()[i * n + j].powi(2))
            .sum();
        let ratio = sum / samples as f64 / expected;
        assert!((ratio - 1.0).abs() < 0.1, "({i}, {j}): {ratio}");
    }
}

#[test]
fn permeabilities_have_two_values() {
    let mut high = 0;
    for sample in 0..200 {
        let a = Permeability::default()
            .sample(21, &mut sample_rng(0, sample))
            .unwrap();
        assert!(a.iter().all(|&a| a == 3.0 || a == 12.0));
        high += a.iter().filter(|&&a| a == 12.0).count();
    }
    let fraction = high as f64 / (200.0 * 441.0);
    assert!((fraction - 0.5).abs() < 0.05, "{fraction}");
}

#[test]
fn bad_parameters_are_named() {
    let grid = Grid::cube(1, 16, 1.0).unwrap();
    let series = FourierSeries {
        modes: 8,
        ..FourierSeries::default()
    };
    assert_eq!(
        draw(&series, &grid, 1, 0, 0..1).unwrap_err().to_string(),
        "a Fourier series of 8 modes: axis 0 has 16 points; 1 to 7 modes are accepted"
    );
    let field = GaussianField {
        power: -1.0,
        ..GaussianField::burgers()
    };
    assert_eq!(
        draw(&field, &grid, 1, 0, 0..1).unwrap_err().to_string(),
        "the power of a Gaussian field is -1; finite numbers above 0 are accepted"
    );
    let error = NeumannField(field).sample(9, &mut sample_rng(0, 0));
    assert!(error.is_err());
    assert!(draw(&GaussianField::burgers(), &grid, 1, 0, 0..u64::MAX).is_err());
}
