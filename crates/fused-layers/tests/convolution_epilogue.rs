//! Bias and activation of a convolution and the first step of their backward pass, compared with f64, for every
//! instruction set.

mod common;

use std::sync::{Mutex, MutexGuard, PoisonError};

use common::{Number, noise, relative_error, widen};
use fused_layers::InstructionSet;
use fused_layers::kernels::{Activation, ChannelEpilogue, Convolution, Epilogue};

/// Serializes tests that choose the instruction set, which is process-wide, or that compare bits.
fn lock() -> MutexGuard<'static, ()> {
    static CHOICE: Mutex<()> = Mutex::new(());
    CHOICE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn cases() -> Vec<Convolution> {
    let same = |batch, channels: [usize; 2], sizes, kernel: [usize; 2]| Convolution {
        batch,
        groups: 1,
        in_per_group: channels[0],
        out_per_group: channels[1],
        sizes,
        kernel,
        stride: [1, 1],
        dilation: [1, 1],
        padding: kernel.map(|k| ((k - 1) / 2, k / 2)),
    };
    vec![
        same(3, [2, 3], [1, 1], [1, 1]),
        same(17, [5, 19], [3, 3], [3, 3]),
        same(35, [20, 17], [2, 2], [3, 3]),
        same(2, [3, 8], [13, 31], [5, 4]),
        same(1, [2, 6], [40, 70], [3, 3]),
        Convolution {
            groups: 3,
            stride: [2, 3],
            ..same(2, [2, 3], [9, 14], [3, 3])
        },
        Convolution {
            groups: 4,
            ..same(2, [1, 1], [9, 14], [3, 3])
        },
    ]
}

const ACTIVATIONS: [Activation; 3] = [
    Activation::Identity,
    Activation::RELU,
    Activation::LeakyRelu { slope: 0.125 },
];

/// `f(sum + bias)`, and `f'` times `g`, by definition.
fn by_definition(activation: Activation, sums: f64, g: f64) -> [f64; 2] {
    match sums > 0.0 {
        true => [sums, g],
        false => [activation.slope() * sums, activation.slope() * g],
    }
}

fn epilogue(c: &Convolution, activation: Activation) -> ChannelEpilogue {
    ChannelEpilogue {
        batch: c.batch,
        channels: c.groups * c.out_per_group,
        positions: c.output_sizes().iter().product(),
        activation,
    }
}

fn channel(c: &Convolution, at: usize) -> usize {
    let positions: usize = c.output_sizes().iter().product();
    at / positions % (c.groups * c.out_per_group)
}

fn check<T: Number>(c: &Convolution, activation: Activation) {
    let what = format!("{:?} {activation:?} {c:?}", InstructionSet::current());
    let channels = c.groups * c.out_per_group;
    let (x, w) = (noise::<T>(c.input_len(), 1), noise::<T>(c.weight_len(), 2));
    let (bias, g) = (noise::<T>(channels, 3), noise::<T>(c.output_len(), 4));
    let unwritten = |len| vec![T::of(f64::NAN); len];

    let (mut sums, mut y) = (unwritten(c.output_len()), unwritten(c.output_len()));
    c.forward(&x, &w, &mut sums);
    let finish = Epilogue {
        bias: Some(&bias[..]),
        activation,
    };
    c.forward_with(&x, &w, finish, &mut y);
    let (wide_sums, wide_bias) = (widen(&sums), widen(&bias));
    let expected: Vec<f64> = (wide_sums.iter().enumerate())
        .map(|(at, sum)| by_definition(activation, sum + wide_bias[channel(c, at)], 0.0)[0])
        .collect();
    let error = relative_error(&widen(&y), &expected);
    assert!(error < T::TOLERANCE, "output: {error:.3e} {what}");

    let (mut gy, mut gbias) = (unwritten(c.output_len()), unwritten(channels));
    epilogue(c, activation).adjoint(&y, &g, Some(&mut gy), Some(&mut gbias));
    let wide_y = widen(&y);
    let mut sums = vec![0.0; channels];
    for (at, g) in widen(&g).into_iter().enumerate() {
        let expected = by_definition(activation, wide_y[at], g)[1];
        sums[channel(c, at)] += expected;
        assert_eq!(widen(&gy[at..=at])[0], expected, "gradient: {what}");
    }
    let error = relative_error(&widen(&gbias), &sums);
    assert!(error < T::TOLERANCE, "bias gradient: {error:.3e} {what}");

    let (mut only_gy, mut only_gbias) = (unwritten(c.output_len()), unwritten(channels));
    epilogue(c, activation).adjoint(&y, &g, Some(&mut only_gy), None);
    epilogue(c, activation).adjoint(&y, &g, None, Some(&mut only_gbias));
    assert_eq!(widen(&only_gy), widen(&gy), "{what}");
    assert_eq!(widen(&only_gbias), widen(&gbias), "{what}");
}

#[test]
fn every_instruction_set_matches_the_definition() {
    let _lock = lock();
    for &set in InstructionSet::available() {
        InstructionSet::force(Some(set));
        for c in cases() {
            for activation in ACTIVATIONS {
                check::<f32>(&c, activation);
                check::<f64>(&c, activation);
            }
        }
    }
    InstructionSet::force(None);
}

#[test]
fn the_identity_needs_no_output() {
    let c = cases().remove(1);
    let g = noise::<f32>(c.output_len(), 1);
    let mut bias = vec![f32::NAN; c.out_per_group];
    epilogue(&c, Activation::Identity).adjoint(&[], &g, None, Some(&mut bias));
    assert!(bias.iter().all(|sum| sum.is_finite()));
}

#[test]
fn sums_by_channel_are_accurate_and_do_not_depend_on_the_number_of_threads() {
    let _lock = lock();
    for (batch, size) in [(512, 2), (40, 150)] {
        let c = Convolution {
            batch,
            sizes: [size; 2],
            ..cases().remove(1)
        };
        // Values with a large common offset, whose sums lose precision if they are accumulated one after the other.
        let g: Vec<f32> = noise::<f32>(c.output_len(), 1)
            .iter()
            .map(|g| 1.0 + g / 8.0)
            .collect();
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let mut bias = vec![f32::NAN; c.out_per_group];
            pool.install(|| {
                epilogue(&c, Activation::Identity).adjoint(&[], &g, None, Some(&mut bias))
            });
            bias
        };
        let bias = run(1);
        assert_eq!(bias, run(3));
        let mut sums = vec![0.0; c.out_per_group];
        for (at, g) in widen(&g).into_iter().enumerate() {
            sums[channel(&c, at)] += g;
        }
        for (got, expected) in widen(&bias).iter().zip(&sums) {
            assert!((got / expected - 1.0).abs() < 2e-7, "{got} {expected}");
        }
    }
}

#[test]
#[should_panic(expected = "must be finite and nonnegative, got LeakyRelu { slope: -0.1 }")]
fn a_negative_slope_is_rejected() {
    let c = cases().remove(0);
    let (y, mut bias) = (vec![0.0_f32; c.output_len()], vec![0.0; 3]);
    let activation = Activation::LeakyRelu { slope: -0.1 };
    epilogue(&c, activation).adjoint(&y, &y, None, Some(&mut bias));
}

#[test]
fn an_empty_batch_has_a_zero_bias_gradient() {
    let c = Convolution {
        batch: 0,
        ..cases().remove(0)
    };
    let mut bias = vec![f64::NAN; 3];
    epilogue(&c, Activation::RELU).adjoint(&[], &[], Some(&mut []), Some(&mut bias[..]));
    assert_eq!(bias, [0.0; 3]);
}
