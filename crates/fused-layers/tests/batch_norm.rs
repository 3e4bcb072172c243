//! Affine maps, activations and pooling of channels, compared with loops in f64, for every instruction set.

mod common;

use std::sync::{Mutex, MutexGuard, PoisonError};

use common::{Number, noise, relative_error, widen};
use fused_layers::InstructionSet;
use fused_layers::kernels::{
    Activation, BatchNormalization, ChannelCoefficients, FusedBatchNorm, MaxPool,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The definition with its gradients, as loops in f64.
struct Naive {
    y: Vec<f64>,
    /// The gradient with respect to the output of the affine map.
    g: Vec<f64>,
}

/// Indices of a channel's elements.
fn elements(map: &FusedBatchNorm, channel: usize) -> impl Iterator<Item = usize> + use<> {
    let plane = map.sizes[0] * map.sizes[1];
    let (batch, channels) = (map.batch, map.channels);
    (0..batch).flat_map(move |b| {
        let start = (b * channels + channel) * plane;
        start..start + plane
    })
}

/// Applies activation and pooling to the output `z` of the affine map.
fn naive(map: &FusedBatchNorm, z: &[f64], gy: &[f64]) -> Naive {
    let slope = map.activation.slope();
    let act = |z: f64| match z > 0.0 {
        true => z,
        false => slope * z,
    };
    let [height, width] = map.sizes;
    let pool = map.pool.unwrap_or(MaxPool::new([1, 1]));
    let [rows, columns] = map.output_sizes();
    let mut result = Naive {
        y: Vec::new(),
        g: vec![0.0; z.len()],
    };
    let inside = |axis: usize, output: usize, tap: usize, size: usize| {
        (output * pool.stride[axis] + tap)
            .checked_sub(pool.padding[axis])
            .filter(|at| *at < size)
    };
    for plane in 0..map.batch * map.channels {
        for row in 0..rows {
            for column in 0..columns {
                let mut best: Option<usize> = None;
                for r in 0..pool.window[0] {
                    for c in 0..pool.window[1] {
                        if let (Some(y), Some(x)) =
                            (inside(0, row, r, height), inside(1, column, c, width))
                        {
                            let at = (plane * height + y) * width + x;
                            if best.is_none_or(|best| act(z[at]) > act(z[best]) || z[at].is_nan()) {
                                best = Some(at);
                            }
                        }
                    }
                }
                let best = best.unwrap();
                let factor = if z[best] > 0.0 { 1.0 } else { slope };
                result.g[best] += factor * gy[result.y.len()];
                result.y.push(act(z[best]));
            }
        }
    }
    result
}

#[track_caller]
fn close<T: Number>(what: &str, got: &[T], want: &[f64], slack: f64) {
    let error = relative_error(&widen(got), want);
    assert!(
        error < slack * T::TOLERANCE,
        "{what}: relative error {error:.3e}"
    );
}

/// Compares outputs that are differences of numbers of order one: where few are left after pooling, all may be small.
#[track_caller]
fn close_outputs<T: Number>(what: &str, got: &[T], want: &[f64], slack: f64) {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    assert_eq!(got.len(), want.len(), "{what}");
    let error = norm(&mut got.iter().zip(want).map(|(got, want)| got.wide() - want));
    let size = norm(&mut want.iter().copied()).max(0.5 * (want.len() as f64).sqrt());
    assert!(
        error <= slack * T::TOLERANCE * size,
        "{what}: error {error:.3e} of {size:.3e}"
    );
}

/// Compares sums, whose terms may cancel, on the scale of their terms.
#[track_caller]
fn close_sums<T: Number>(what: &str, got: &[T], terms: &[Vec<f64>]) {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let sums = terms.iter().map(|terms| terms.iter().sum::<f64>());
    let errors = sums.zip(got).map(|(want, got)| got.wide() - want);
    let sizes = terms.iter().map(|of| of.iter().map(|v| v.abs()).sum());
    let (error, size) = (norm(&mut errors.into_iter()), norm(&mut sizes.into_iter()));
    assert!(
        error <= 2.0 * T::TOLERANCE * size,
        "{what}: error {error:.3e} of terms that add up to {size:.3e} without signs"
    );
}

fn given<T: Number>(map: &FusedBatchNorm) {
    let x = noise::<T>(map.input_len(), 1);
    let [center, scale, shift] = [2, 3, 4].map(|seed| noise::<T>(map.channels, seed));
    let gy = noise::<T>(map.output_len(), 5);
    let mut centered = widen(&x);
    let mut z = centered.clone();
    for c in 0..map.channels {
        for at in elements(map, c) {
            centered[at] -= center[c].wide();
            z[at] = centered[at] * scale[c].wide() + shift[c].wide();
        }
    }
    let want = naive(map, &z, &widen(&gy));
    let coefficients = ChannelCoefficients {
        center: &center,
        scale: &scale,
        shift: &shift,
    };
    let what = format!("{map:?}");
    let mut y = vec![T::of(f64::NAN); map.output_len()];
    map.forward(&x, &coefficients, &mut y);
    close_outputs(&format!("output of {what}"), &y, &want.y, 2.0);

    let mut gx = vec![T::of(f64::NAN); map.input_len()];
    let sums = map
        .adjoint(&x, &coefficients, &gy, Some(&mut gx), true)
        .unwrap();
    let mut expected = want.g.clone();
    let (mut plain, mut weighted) = (Vec::new(), Vec::new());
    for (c, scale) in scale.iter().enumerate() {
        let terms = |each: &dyn Fn(usize) -> f64| elements(map, c).map(each).collect::<Vec<_>>();
        plain.push(terms(&|at| want.g[at]));
        weighted.push(terms(&|at| want.g[at] * centered[at]));
        elements(map, c).for_each(|at| expected[at] *= scale.wide());
    }
    close(&format!("input gradient of {what}"), &gx, &expected, 2.0);
    close_sums(&format!("sums of {what}"), &sums.gradient, &plain);
    close_sums(
        &format!("centered sums of {what}"),
        &sums.centered,
        &weighted,
    );

    let mut alone = vec![T::of(f64::NAN); map.input_len()];
    assert!(
        map.adjoint(&x, &coefficients, &gy, Some(&mut alone), false)
            .is_none()
    );
    assert!(alone == gx, "the input gradient alone of {what}");
    let again = map.adjoint(&x, &coefficients, &gy, None, true).unwrap();
    assert!(again.gradient == sums.gradient && again.centered == sums.centered);
}

fn batch<T: Number>(map: &FusedBatchNorm) {
    let x = noise::<T>(map.input_len(), 1);
    let [gamma, beta] = [3, 4].map(|seed| noise::<T>(map.channels, seed));
    let gy = noise::<T>(map.output_len(), 5);
    let epsilon = 1e-5;
    let count = (map.batch * map.sizes[0] * map.sizes[1]) as f64;
    let wide = widen(&x);
    let (mut hat, mut z) = (wide.clone(), wide.clone());
    let (mut means, mut variances) = (Vec::new(), Vec::new());
    for c in 0..map.channels {
        let mean = elements(map, c).map(|at| wide[at]).sum::<f64>() / count;
        let square = |at: usize| (wide[at] - mean) * (wide[at] - mean);
        let variance = elements(map, c).map(square).sum::<f64>() / count;
        for at in elements(map, c) {
            hat[at] = (wide[at] - mean) / (variance + epsilon).sqrt();
            z[at] = hat[at] * gamma[c].wide() + beta[c].wide();
        }
        means.push(mean);
        variances.push(variance);
    }
    let want = naive(map, &z, &widen(&gy));
    let norm = BatchNormalization {
        gamma: &gamma,
        beta: &beta,
        epsilon,
    };
    let what = format!("{map:?}");
    let mut y = vec![T::of(f64::NAN); map.output_len()];
    let statistics = map.normalize(&x, &norm, &mut y);
    // Relative to the standard deviation, since a mean near zero has no scale of its own.
    let deviations = |means: Vec<f64>| -> Vec<f64> {
        let scaled = means.iter().zip(&variances);
        scaled
            .map(|(mean, variance)| 1.0 + (mean / variance.sqrt()))
            .collect()
    };
    let (got, expected) = (deviations(widen(&statistics.mean)), deviations(means));
    assert!(
        relative_error(&got, &expected) < T::TOLERANCE,
        "mean of {what}"
    );
    close(
        &format!("variance of {what}"),
        &statistics.variance,
        &variances,
        2.0,
    );
    close_outputs(&format!("normalized {what}"), &y, &want.y, 8.0);

    let mut expected = want.g.clone();
    let (mut for_gamma, mut for_beta) = (Vec::new(), Vec::new());
    for c in 0..map.channels {
        let terms = |each: &dyn Fn(usize) -> f64| elements(map, c).map(each).collect::<Vec<_>>();
        let (of_sum, of_hat) = (terms(&|at| want.g[at]), terms(&|at| want.g[at] * hat[at]));
        let [sum, with_hat] = [&of_sum, &of_hat].map(|terms| terms.iter().sum::<f64>());
        let scale = gamma[c].wide() / (variances[c] + epsilon).sqrt();
        for at in elements(map, c) {
            expected[at] = scale * (want.g[at] - sum / count - hat[at] * with_hat / count);
        }
        for_gamma.push(of_hat);
        for_beta.push(of_sum);
    }
    let kept = [&statistics.mean[..], &statistics.variance[..]];
    let mut gx = vec![T::of(f64::NAN); map.input_len()];
    let gradients = map.normalize_adjoint(&x, &norm, kept, &gy, Some(&mut gx));
    close(&format!("gradient of {what}"), &gx, &expected, 8.0);
    close_sums(&format!("gamma of {what}"), &gradients.gamma, &for_gamma);
    close_sums(&format!("beta of {what}"), &gradients.beta, &for_beta);
    let alone = map.normalize_adjoint(&x, &norm, kept, &gy, None);
    assert!(alone.gamma == gradients.gamma && alone.beta == gradients.beta);
}

fn check(map: &FusedBatchNorm) {
    given::<f32>(map);
    given::<f64>(map);
    // For very few elements, the variance is dominated by rounding.
    if map.batch * map.sizes[0] * map.sizes[1] > 3 {
        batch::<f32>(map);
        batch::<f64>(map);
    }
}

const LEAKY: Activation = Activation::LeakyRelu { slope: 0.01 };

fn case(
    batch: usize,
    channels: usize,
    sizes: [usize; 2],
    activation: Activation,
    pool: Option<MaxPool>,
) -> FusedBatchNorm {
    FusedBatchNorm {
        batch,
        channels,
        sizes,
        activation,
        pool,
    }
}

fn cases() -> Vec<FusedBatchNorm> {
    let two = Some(MaxPool::new([2, 2]));
    let overlapping = Some(MaxPool {
        window: [3, 3],
        stride: [2, 2],
        padding: [1, 1],
    });
    let apart = Some(MaxPool {
        window: [2, 1],
        stride: [3, 2],
        padding: [0, 0],
    });
    vec![
        case(1, 1, [1, 1], LEAKY, None),
        case(3, 5, [1, 1], Activation::RELU, None),
        case(70, 33, [1, 1], LEAKY, None),
        case(9, 4, [1, 13], Activation::Identity, None),
        case(1, 1, [1, 29], LEAKY, Some(MaxPool::new([1, 2]))),
        case(5, 17, [3, 3], LEAKY, None),
        case(5, 3, [7, 7], Activation::RELU, two),
        case(64, 16, [14, 14], LEAKY, two),
        case(3, 6, [28, 28], Activation::RELU, two),
        case(2, 3, [9, 31], LEAKY, two),
        case(3, 40, [4, 4], LEAKY, two),
        case(2, 1, [37, 41], LEAKY, None),
        case(4, 2, [2, 2], Activation::RELU, two),
        case(2, 3, [11, 8], LEAKY, overlapping),
        case(3, 2, [10, 7], Activation::Identity, apart),
        case(2, 5, [1, 6], Activation::LeakyRelu { slope: 2.5 }, None),
        case(1, 2, [130, 67], LEAKY, two),
        case(2, 1, [90, 80], LEAKY, None),
    ]
}

/// Serializes tests that choose the instruction set, which is process-wide, or that require it not to change.
fn lock() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn every_instruction_set_agrees_with_loops_in_double_precision() {
    let _lock = lock();
    for &set in InstructionSet::available() {
        InstructionSet::force(Some(set));
        cases().iter().for_each(check);
    }
    InstructionSet::force(None);
}

proptest! {
    // The same shapes at every run: with few elements everything may cancel, which a rare draw would show.
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(16),
        failure_persistence: None,
        ..ProptestConfig::with_cases(200)
    })]
    #[test]
    fn any_shape_agrees_with_loops(
        batch in 1_usize..20,
        channels in 1_usize..20,
        sizes in [1_usize..20, 1_usize..20],
        window in [1_usize..4, 1_usize..4],
        stride in [1_usize..4, 1_usize..4],
        padded in any::<bool>(),
        slope in prop_oneof![Just(0.0), Just(0.01), Just(1.0)],
    ) {
        let _lock = lock();
        let padding = window.map(|window| if padded { window / 2 } else { 0 });
        let pool = MaxPool { window, stride, padding };
        let pool = pool.fits(sizes).then_some(pool);
        check(&case(batch, channels, sizes, Activation::LeakyRelu { slope }, pool));
    }
}

/// All results of the passes.
fn all(map: &FusedBatchNorm) -> Vec<f32> {
    let x = noise::<f32>(map.input_len(), 1);
    let [gamma, beta] = [3, 4].map(|seed| noise::<f32>(map.channels, seed));
    let gy = noise::<f32>(map.output_len(), 5);
    let norm = BatchNormalization {
        gamma: &gamma,
        beta: &beta,
        epsilon: 1e-5,
    };
    let mut y = vec![f32::NAN; map.output_len()];
    let statistics = map.normalize(&x, &norm, &mut y);
    let mut gx = vec![f32::NAN; map.input_len()];
    let kept = [&statistics.mean[..], &statistics.variance[..]];
    let gradients = map.normalize_adjoint(&x, &norm, kept, &gy, Some(&mut gx));
    let coefficients = ChannelCoefficients {
        center: &beta,
        scale: &gamma,
        shift: &beta,
    };
    let mut given = vec![f32::NAN; map.output_len()];
    map.forward(&x, &coefficients, &mut given);
    let mut ggiven = vec![f32::NAN; map.input_len()];
    let sums = map
        .adjoint(&x, &coefficients, &gy, Some(&mut ggiven), true)
        .unwrap();
    [
        y,
        statistics.mean,
        statistics.variance,
        gx,
        gradients.gamma,
        gradients.beta,
        given,
        ggiven,
        sums.gradient,
        sums.centered,
    ]
    .concat()
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let _lock = lock();
    let two = Some(MaxPool::new([2, 2]));
    for map in [
        case(100, 1, [28, 28], LEAKY, two),
        case(90, 3, [41, 40], LEAKY, None),
        case(64, 64, [9, 9], LEAKY, two),
        case(200, 65, [4, 4], LEAKY, None),
        case(130, 7, [31, 15], LEAKY, two),
        case(5, 3, [200, 150], LEAKY, None),
    ] {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| all(&map))
        };
        let one = with(1);
        for threads in [2, 3, 5] {
            assert!(with(threads) == one, "{threads} threads, {map:?}");
        }
    }
}

#[test]
fn values_far_from_zero_keep_their_variance() {
    let _lock = lock();
    for &set in InstructionSet::available() {
        InstructionSet::force(Some(set));
        for (batch, sizes) in [
            (64, [28, 28]),
            (64, [3, 3]),
            (64, [1, 1]),
            (64, [80, 70]),
            (5000, [1, 1]),
            (700, [2, 3]),
        ] {
            keeps_variance(set, batch, sizes);
        }
    }
    InstructionSet::force(None);
}

fn keeps_variance(set: InstructionSet, batch: usize, sizes: [usize; 2]) {
    let map = case(batch, 3, sizes, Activation::Identity, None);
    let mut x = noise::<f32>(map.input_len(), 1);
    // The first entries differ from the rest, so that an estimate of the mean from a few of them is poor.
    let early = map.input_len() / 10;
    for (at, x) in x.iter_mut().enumerate() {
        *x += if at < early { 1e3 } else { 1e4 };
    }
    let wide = widen(&x);
    let ones = [1.0; 3];
    let norm = BatchNormalization {
        gamma: &ones,
        beta: &[0.0; 3],
        epsilon: 0.0,
    };
    for level in [early, 0] {
        // Then all values are close together.
        let mut x = x.clone();
        let mut wide = wide.clone();
        if level == 0 {
            for at in 0..early {
                x[at] += 9e3;
                wide[at] = f64::from(x[at]);
            }
        }
        let mut y = vec![0.0; x.len()];
        let statistics = map.normalize(&x, &norm, &mut y);
        let count = (map.input_len() / 3) as f64;
        for c in 0..3 {
            let mean = elements(&map, c).map(|at| wide[at]).sum::<f64>() / count;
            let squares = elements(&map, c).map(|at| (wide[at] - mean).powi(2));
            let variance = squares.sum::<f64>() / count;
            let got = [statistics.mean[c], statistics.variance[c]].map(f64::from);
            assert!(
                (got[0] - mean).abs() < 1e-7 * mean,
                "{set:?} {batch} {sizes:?} mean"
            );
            assert!(
                (got[1] - variance).abs() < 1e-6 * variance,
                "{set:?} {batch} {sizes:?}: variance {} for {variance}",
                got[1]
            );
        }
    }
}

#[test]
fn the_first_of_equal_values_wins_and_nan_always_wins() {
    let map = case(
        1,
        1,
        [2, 6],
        Activation::Identity,
        Some(MaxPool::new([2, 2])),
    );
    let nan = f32::NAN;
    let x = [3.0, 3.0, 1.0, nan, -1.0, 0.0, 3.0, 2.0, 5.0, nan, 0.0, 0.0];
    let one = ChannelCoefficients {
        center: &[0.0],
        scale: &[1.0],
        shift: &[0.0],
    };
    let mut y = [0.0; 3];
    map.forward(&x, &one, &mut y);
    assert!(y[0] == 3.0 && y[1].is_nan() && y[2] == 0.0);
    let mut gx = [nan; 12];
    map.adjoint(&x, &one, &[7.0, 8.0, 9.0], Some(&mut gx), false);
    assert_eq!(
        gx,
        [7.0, 0.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 8.0, 0.0, 0.0]
    );
}

#[test]
fn infinite_values_stay_infinite() {
    let map = case(1, 1, [1, 3], Activation::RELU, None);
    let one = ChannelCoefficients {
        center: &[0.0],
        scale: &[1.0],
        shift: &[0.0],
    };
    let (mut y, mut gx) = ([0.0; 3], [0.0; 3]);
    let x = [f32::NEG_INFINITY, f32::INFINITY, f32::NAN];
    map.forward(&x, &one, &mut y);
    assert!(y[0] == 0.0 && y[1] == f32::INFINITY && y[2].is_nan());
    map.adjoint(&x, &one, &[1.0, 2.0, 3.0], Some(&mut gx), false);
    assert_eq!(gx, [0.0, 2.0, 3.0]);
}

#[test]
fn at_zero_the_derivative_is_the_slope() {
    let map = case(1, 1, [1, 1], LEAKY, None);
    let one = ChannelCoefficients {
        center: &[0.0],
        scale: &[1.0],
        shift: &[0.0],
    };
    let mut gx = [f64::NAN];
    map.adjoint(&[0.0], &one, &[1.0], Some(&mut gx), false);
    assert_eq!(gx, [0.01]);
}

#[test]
#[should_panic(expected = "batch norm input: expected 12 elements, got 11")]
fn a_wrong_length_is_reported() {
    let map = case(1, 3, [2, 2], LEAKY, None);
    let one = ChannelCoefficients {
        center: &[0.0; 3],
        scale: &[1.0; 3],
        shift: &[0.0; 3],
    };
    map.forward(&[0.0; 11], &one, &mut [0.0; 12]);
}
