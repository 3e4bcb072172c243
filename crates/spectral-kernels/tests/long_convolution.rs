//! Long convolutions, compared with direct sums.

mod common;

use std::sync::{Mutex, MutexGuard, PoisonError};

use common::{Number, assert_close, dot, noise, widen};
use spectral_kernels::{InstructionSet, LongConvolution, LongGradients};

/// Held by every test, since the instruction set is process-wide.
static SET: Mutex<()> = Mutex::new(());

fn lock() -> MutexGuard<'static, ()> {
    SET.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The definition, in `f64`.
fn convolve(shape: &LongConvolution, x: &[f64], kernel: &[f64], skip: Option<&[f64]>) -> Vec<f64> {
    let mut y = vec![0.0; x.len()];
    for (line, (y, x)) in y
        .chunks_exact_mut(shape.length)
        .zip(x.chunks_exact(shape.length))
        .enumerate()
    {
        let channel = line % shape.channels;
        let kernel = &kernel[channel * shape.taps..][..shape.taps];
        for t in 0..shape.length {
            y[t] = skip.map_or(0.0, |skip| skip[channel] * x[t]);
            for s in 0..shape.taps.min(t + 1) {
                y[t] += kernel[s] * x[t - s];
            }
        }
    }
    y
}

/// The definitions of the gradients with respect to the signals and the kernels, in `f64`.
fn gradients(
    shape: &LongConvolution,
    x: &[f64],
    kernel: &[f64],
    skip: Option<&[f64]>,
    gy: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let mut gx = vec![0.0; x.len()];
    let mut gk = vec![0.0; kernel.len()];
    for line in 0..shape.batch * shape.channels {
        let channel = line % shape.channels;
        for t in 0..shape.length {
            let at = line * shape.length;
            gx[at + t] += skip.map_or(0.0, |skip| skip[channel] * gy[at + t]);
            for s in 0..shape.taps.min(t + 1) {
                gx[at + t - s] += kernel[channel * shape.taps + s] * gy[at + t];
                gk[channel * shape.taps + s] += x[at + t - s] * gy[at + t];
            }
        }
    }
    (gx, gk)
}

struct Results<T> {
    y: Vec<T>,
    gx: Vec<T>,
    gk: Vec<T>,
}

struct Inputs<T> {
    x: Vec<T>,
    kernel: Vec<T>,
    skip: Option<Vec<T>>,
    gy: Vec<T>,
}

fn inputs<T: Number>(shape: &LongConvolution, skip: bool) -> Inputs<T> {
    // Seeds far apart, since neighboring seeds give the same sequence with an offset, and so correlated data.
    let spaced = |seed: u64| seed << 40;
    Inputs {
        x: noise(shape.signal_len(), spaced(1)),
        kernel: noise(shape.kernel_len(), spaced(2)),
        skip: skip.then(|| noise(shape.channels, spaced(3))),
        gy: noise(shape.signal_len(), spaced(4)),
    }
}

fn run<T: Number>(shape: &LongConvolution, inputs: &Inputs<T>) -> Results<T> {
    let Inputs {
        x,
        kernel,
        skip,
        gy,
    } = inputs;
    let unwritten = |len| vec![T::of(f64::NAN); len];
    let (mut y, mut gx) = (unwritten(x.len()), unwritten(x.len()));
    let mut gk = unwritten(kernel.len());
    let skip = skip.as_deref();
    shape.forward(x, kernel, skip, &mut y);
    let both = LongGradients {
        x: Some(&mut gx),
        kernel: Some(&mut gk),
    };
    shape.adjoint(x, kernel, skip, gy, both);
    Results { y, gx, gk }
}

fn agrees<T: Number>(shape: LongConvolution, skip: bool) {
    let inputs = inputs::<T>(&shape, skip);
    let results = run(&shape, &inputs);
    let [x, kernel, gy] = [&inputs.x, &inputs.kernel, &inputs.gy].map(|v| widen(v));
    let skip = inputs.skip.as_ref().map(|v| widen(v));
    let y = convolve(&shape, &x, &kernel, skip.as_deref());
    let what = format!("{shape:?}");
    assert_close::<T>(&what, &widen(&results.y), &y);
    let (gx, gk) = gradients(&shape, &x, &kernel, skip.as_deref(), &gy);
    assert_close::<T>(&format!("{what}, signals"), &widen(&results.gx), &gx);
    assert_close::<T>(&format!("{what}, kernels"), &widen(&results.gk), &gk);

    let alone = |of_x: bool| {
        let (mut gx, mut gk) = (
            vec![T::of(f64::NAN); x.len()],
            vec![T::of(f64::NAN); kernel.len()],
        );
        let wanted = LongGradients {
            x: of_x.then_some(&mut gx[..]),
            kernel: (!of_x).then_some(&mut gk[..]),
        };
        shape.adjoint(
            &inputs.x,
            &inputs.kernel,
            inputs.skip.as_deref(),
            &inputs.gy,
            wanted,
        );
        (gx, gk)
    };
    assert_eq!(widen(&alone(true).0), widen(&results.gx), "{what}: alone");
    assert_eq!(widen(&alone(false).1), widen(&results.gk), "{what}: alone");
}

fn shape(batch: usize, channels: usize, length: usize, taps: usize) -> LongConvolution {
    LongConvolution {
        batch,
        channels,
        length,
        taps,
    }
}

#[test]
fn every_length_agrees_with_its_sum_on_every_instruction_set() {
    let _held = lock();
    for &set in InstructionSet::available() {
        InstructionSet::force(Some(set));
        for length in [1, 2, 3, 7, 31, 100, 127, 1000] {
            for (batch, channels) in [(1, 1), (2, 17), (5, 3), (1, 32)] {
                if length == 1000 && channels == 32 {
                    continue;
                }
                let skip = batch == 2;
                agrees::<f32>(shape(batch, channels, length, length), skip);
                agrees::<f64>(shape(batch, channels, length, length), skip);
            }
        }
        for taps in [1, 2, 24, 25, 60, 128, 299, 300, 301, 500] {
            agrees::<f32>(shape(3, 6, 300, taps), true);
            agrees::<f64>(shape(3, 6, 300, taps), false);
        }
    }
    InstructionSet::force(None);
}

#[test]
fn long_signals_agree_with_their_sums() {
    let _held = lock();
    for length in [4096, 8191, 8192, 10007] {
        agrees::<f32>(shape(1, 9, length, length), false);
        agrees::<f64>(shape(1, 2, length, length), true);
        agrees::<f64>(shape(4, 2, length, 700), true);
    }
    for taps in [65536, 30000, 300] {
        agrees::<f32>(shape(1, 1, 65536, taps), false);
    }
}

#[test]
fn blocks_of_lanes_of_very_long_signals_agree_with_their_sums() {
    let _held = lock();
    // Enough signals to be processed side by side; only one of them is checked.
    let shape = shape(1, 16, 20011, 20011);
    let inputs = inputs::<f32>(&shape, false);
    let results = run(&shape, &inputs);
    let one = LongConvolution {
        channels: 1,
        ..shape
    };
    let line = |v: &[f32]| widen(&v[5 * 20011..6 * 20011]);
    let [x, kernel, gy] = [&inputs.x, &inputs.kernel, &inputs.gy].map(|v| line(v));
    assert_close::<f32>(
        "signal",
        &line(&results.y),
        &convolve(&one, &x, &kernel, None),
    );
    let (gx, gk) = gradients(&one, &x, &kernel, None, &gy);
    assert_close::<f32>("gx", &line(&results.gx), &gx);
    assert_close::<f32>("gk", &line(&results.gk), &gk);
}

#[test]
fn gradients_are_adjoint_to_the_convolution() {
    let _held = lock();
    for shape in [
        shape(2, 5, 3001, 3001),
        shape(9, 20, 517, 90),
        shape(2, 3, 100, 9),
    ] {
        let inputs = inputs::<f64>(&shape, false);
        let results = run(&shape, &inputs);
        let forward = dot(&results.y, &inputs.gy);
        let scale = shape.signal_len() as f64;
        assert!(
            (forward - dot(&results.gx, &inputs.x)).abs() < 1e-11 * scale,
            "{shape:?}"
        );
        assert!(
            (forward - dot(&results.gk, &inputs.kernel)).abs() < 1e-11 * scale,
            "{shape:?}"
        );
    }
}

#[test]
fn nan_stays_in_its_signal_and_the_future() {
    let _held = lock();
    for taps in [5, 400] {
        let shape = shape(3, 7, 400, taps);
        let mut inputs = inputs::<f32>(&shape, false);
        let clean = run(&shape, &inputs).y;
        inputs.x[10 * 400 + 37] = f32::NAN;
        let y = run(&shape, &inputs).y;
        for line in (0..21).filter(|line| *line != 10) {
            let range = line * 400..(line + 1) * 400;
            assert_eq!(y[range.clone()], clean[range], "line {line}");
        }
    }
}

/// Checks that results are non-finite exactly where the direct sums are.
#[track_caller]
fn assert_non_finite_where(what: &str, got: &[f64], expected: &[f64]) {
    let finite = |of: &[f64]| -> Vec<f64> {
        let value = |x: &f64| if x.is_finite() { *x } else { 0.0 };
        of.iter().map(value).collect()
    };
    for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert_eq!(
            got.is_finite(),
            expected.is_finite(),
            "{what}: {at}: {got} for {expected}"
        );
    }
    assert_close::<f32>(what, &finite(got), &finite(expected));
}

#[test]
fn only_results_that_depend_on_a_non_finite_value_are_non_finite() {
    let _held = lock();
    let (nan, infinite) = (f32::NAN, f32::INFINITY);
    for &set in InstructionSet::available() {
        InstructionSet::force(Some(set));
        // Direct, blocks of lanes, and one transform per signal; kernels shorter and longer than the signal.
        for shape in [
            shape(3, 7, 400, 5),
            shape(3, 7, 400, 170),
            shape(3, 7, 400, 500),
            shape(1, 16, 2500, 2500),
            shape(1, 1, 4097, 4097),
            shape(1, 1, 4097, 1500),
        ] {
            let (length, taps) = (shape.length, shape.taps);
            let line = shape.batch * shape.channels / 2;
            let [x, gy, kernel] = [line * length, line * length, line % shape.channels * taps];
            let bad: [&[(usize, f32)]; 4] = [
                &[(length - 1, nan)],
                &[(length / 3, infinite)],
                &[(length / 2, nan), (length / 4, -infinite)],
                &[(0, nan)],
            ];
            for bad in bad {
                for place in 0..3 {
                    let mut inputs = inputs::<f32>(&shape, true);
                    for (at, value) in bad {
                        match place {
                            0 => inputs.x[x + at] = *value,
                            1 => inputs.gy[gy + at] = *value,
                            _ => inputs.kernel[kernel + at * taps / length] = *value,
                        }
                    }
                    let results = run(&shape, &inputs);
                    let what = format!("{set:?} {shape:?} {bad:?} {place}");
                    let [x, kernel, gy] =
                        [&inputs.x, &inputs.kernel, &inputs.gy].map(|of| widen(of));
                    let skip = inputs.skip.as_ref().map(|skip| widen(skip));
                    let y = convolve(&shape, &x, &kernel, skip.as_deref());
                    assert_non_finite_where(&format!("output {what}"), &widen(&results.y), &y);
                    let (gx, gk) = gradients(&shape, &x, &kernel, skip.as_deref(), &gy);
                    assert_non_finite_where(&format!("signal {what}"), &widen(&results.gx), &gx);
                    assert_non_finite_where(&format!("kernel {what}"), &widen(&results.gk), &gk);
                }
            }
        }
    }
    InstructionSet::force(None);
}

/// A large finite sample affects earlier outputs only by rounding.
#[test]
fn a_large_later_sample_moves_an_output_by_no_more_than_the_stated_rounding() {
    let _held = lock();
    let norm = |of: &[f32]| widen(of).iter().map(|x| x * x).sum::<f64>().sqrt();
    for (batch, channels, length, at) in
        [(1, 1, 1024, 600), (4, 16, 1024, 600), (1, 3, 10007, 9000)]
    {
        let shape = shape(batch, channels, length, length);
        let mut inputs = inputs::<f32>(&shape, false);
        let before = run(&shape, &inputs);
        for line in 0..batch * channels {
            inputs.x[line * length + at] = 1e10;
            inputs.gy[line * length + length - 1 - at] = 1e10;
        }
        let after = run(&shape, &inputs);
        for line in 0..batch * channels {
            let of = line * length..(line + 1) * length;
            let kernel = norm(&inputs.kernel[line % channels * length..][..length]);
            let bound = |signal: &[f32]| {
                f64::from(f32::EPSILON) * (length as f64).log2() * norm(signal) * kernel
            };
            let moved = |a: &[f32], b: &[f32]| {
                let pairs = a.iter().zip(b);
                pairs
                    .map(|(a, b)| f64::from(a - b).abs())
                    .fold(0.0, f64::max)
            };
            let [y, earlier] = [&after.y, &before.y].map(|y| &y[of.clone()][..at]);
            assert!(
                moved(y, earlier) < bound(&inputs.x[of.clone()]),
                "{shape:?}"
            );
            let [gx, later] = [&after.gx, &before.gx].map(|gx| &gx[of.clone()][length - at..]);
            assert!(moved(gx, later) < bound(&inputs.gy[of]), "{shape:?}");
        }
    }
}

#[test]
fn empty_inputs_give_empty_outputs_and_zero_gradients() {
    let _held = lock();
    for shape in [shape(0, 3, 50, 50), shape(2, 3, 0, 50), shape(2, 3, 50, 0)] {
        let inputs = inputs::<f32>(&shape, false);
        let results = run(&shape, &inputs);
        assert!(
            results.y.iter().chain(&results.gk).all(|x| *x == 0.0),
            "{shape:?}"
        );
    }
}

#[test]
#[should_panic(expected = "kernels: expected 30 real elements, got 29")]
fn a_kernel_of_the_wrong_length_is_reported() {
    shape(1, 3, 10, 10).forward(&[0.0_f32; 30], &[0.0; 29], None, &mut [0.0; 30]);
}
