//! Convolution and its adjoints, compared with direct sums in f64, for every instruction set.

mod common;

use std::sync::{Mutex, MutexGuard, PoisonError};

use common::{Number, dot, noise, relative_error, widen};
use fused_layers::InstructionSet;
use fused_layers::kernels::Convolution;
use proptest::prelude::*;

/// Serializes tests that choose the instruction set, which is process-wide, or that compare bits.
fn lock() -> MutexGuard<'static, ()> {
    static CHOICE: Mutex<()> = Mutex::new(());
    CHOICE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls `each` with the input, weight and output indices of every product of the definition.
fn products(c: &Convolution, mut each: impl FnMut(usize, usize, usize)) {
    let [height, width] = c.sizes;
    let outputs = c.output_sizes();
    let inside = |axis: usize, output: usize, tap: usize| {
        (c.stride[axis] * output + c.dilation[axis] * tap)
            .checked_sub(c.padding[axis].0)
            .filter(|at| *at < c.sizes[axis])
    };
    for b in 0..c.batch {
        for o in 0..c.groups * c.out_per_group {
            let group = o / c.out_per_group;
            for i in 0..c.in_per_group {
                for p in 0..outputs[0] {
                    for q in 0..outputs[1] {
                        for s in 0..c.kernel[0] {
                            for t in 0..c.kernel[1] {
                                if let (Some(y), Some(x)) = (inside(0, p, s), inside(1, q, t)) {
                                    let channel =
                                        b * c.groups * c.in_per_group + group * c.in_per_group + i;
                                    let filter = o * c.in_per_group + i;
                                    each(
                                        (channel * height + y) * width + x,
                                        (filter * c.kernel[0] + s) * c.kernel[1] + t,
                                        ((b * c.groups * c.out_per_group + o) * outputs[0] + p)
                                            * outputs[1]
                                            + q,
                                    );
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The number of terms for which [`tolerance`] is meant.
const THOUSANDS: f64 = 16_384.0;

fn tolerance<T: Number>() -> f64 {
    // Sums of thousands of terms, one after the other.
    4.0 * T::TOLERANCE
}

fn check<T: Number>(c: &Convolution) {
    let (x, w) = (noise::<T>(c.input_len(), 1), noise::<T>(c.weight_len(), 2));
    let gy = noise::<T>(c.output_len(), 3);
    let (wide_x, wide_w, wide_gy) = (widen(&x), widen(&w), widen(&gy));
    let mut expected = [
        vec![0.0; c.output_len()],
        vec![0.0; c.input_len()],
        vec![0.0; c.weight_len()],
    ];
    products(c, |i, f, o| {
        expected[0][o] += wide_x[i] * wide_w[f];
        expected[1][i] += wide_gy[o] * wide_w[f];
        expected[2][f] += wide_gy[o] * wide_x[i];
    });
    let unwritten = |len| vec![T::of(f64::NAN); len];
    let (mut y, mut gx, mut gw) = (
        unwritten(c.output_len()),
        unwritten(c.input_len()),
        unwritten(c.weight_len()),
    );
    c.forward(&x, &w, &mut y);
    c.adjoint_input(&gy, &w, &mut gx);
    c.adjoint_weight(&x, &gy, &mut gw);
    // The rounding errors of a sum grow with the square root of the number of its terms.
    let positions = (c.batch * c.output_sizes()[0] * c.output_sizes()[1]) as f64;
    let growth = (positions / THOUSANDS).sqrt().max(1.0);
    for (what, got, expected, tolerance) in [
        ("output", &y, &expected[0], tolerance::<T>()),
        ("input gradient", &gx, &expected[1], tolerance::<T>()),
        (
            "weight gradient",
            &gw,
            &expected[2],
            tolerance::<T>() * growth,
        ),
    ] {
        let error = relative_error(&widen(got), expected);
        assert!(
            error < tolerance,
            "{what}: relative error {error:.3e}, {:?}, {c:?}",
            InstructionSet::current()
        );
    }
}

fn same(batch: usize, channels: [usize; 2], sizes: [usize; 2], kernel: [usize; 2]) -> Convolution {
    Convolution {
        batch,
        groups: 1,
        in_per_group: channels[0],
        out_per_group: channels[1],
        sizes,
        kernel,
        stride: [1, 1],
        dilation: [1, 1],
        padding: kernel.map(|k| ((k - 1) / 2, k / 2)),
    }
}

fn depthwise(batch: usize, channels: usize, sizes: [usize; 2], kernel: [usize; 2]) -> Convolution {
    Convolution {
        groups: channels,
        ..same(batch, [1, 1], sizes, kernel)
    }
}

/// Rows that are cut into pieces: strides beyond the kernel and below it, padding longer than a piece, a last piece
/// that is not full, several images and groups.
fn long_rows() -> Vec<Convolution> {
    let row = |batch, channels, size, taps| same(batch, channels, [1, size], [1, taps]);
    let plain = row(2, [2, 3], 120_001, 5);
    vec![
        plain,
        row(1, [1, 1], 262_200, 1),
        Convolution {
            stride: [1, 2],
            dilation: [1, 3],
            padding: [(0, 0), (7, 2)],
            ..row(2, [3, 2], 190_007, 4)
        },
        Convolution {
            stride: [1, 5],
            padding: [(0, 0), (5001, 1)],
            ..row(1, [2, 2], 390_003, 2)
        },
        Convolution {
            stride: [3, 3],
            padding: [(0, 0), (0, 9)],
            groups: 3,
            ..row(1, [1, 2], 400_003, 7)
        },
        Convolution {
            dilation: [2, 130],
            padding: [(0, 0), (0, 150_000)],
            ..row(1, [1, 2], 75_000, 33)
        },
        Convolution {
            groups: 3,
            ..row(2, [1, 1], 270_021, 31)
        },
    ]
}

fn cases() -> Vec<Convolution> {
    let mut cases = vec![
        same(3, [2, 3], [1, 1], [1, 1]),
        same(2, [3, 5], [7, 7], [3, 3]),
        same(9, [5, 17], [4, 4], [3, 3]),
        same(2, [3, 8], [13, 31], [5, 4]),
        same(1, [2, 6], [40, 70], [3, 3]),
        same(1, [30, 9], [96, 110], [3, 3]),
        same(1, [1, 2], [1, 300], [1, 9]),
        same(2, [2, 2], [5, 9], [11, 17]),
        same(5, [16, 33], [2, 2], [3, 3]),
        same(19, [9, 16], [3, 1], [3, 3]),
        same(3, [50, 61], [4, 5], [3, 2]),
        same(1, [16, 7], [100, 90], [3, 3]),
        Convolution {
            padding: [(7, 3), (0, 9)],
            dilation: [2, 3],
            ..same(2, [12, 13], [6, 5], [3, 4])
        },
        Convolution {
            stride: [2, 3],
            groups: 2,
            ..same(3, [16, 24], [9, 11], [3, 3])
        },
        Convolution {
            padding: [(0, 0), (0, 0)],
            ..same(3, [1, 6], [28, 28], [5, 5])
        },
        Convolution {
            padding: [(7, 3), (0, 9)],
            ..same(2, [2, 3], [6, 5], [3, 4])
        },
        depthwise(2, 5, [9, 14], [3, 3]),
        depthwise(3, 3, [40, 33], [31, 31]),
        depthwise(1, 2, [64, 64], [7, 5]),
    ];
    for stride in [[2, 2], [3, 1], [1, 4]] {
        for dilation in [[1, 1], [2, 3], [4, 2]] {
            for padding in [[(0, 0), (0, 0)], [(1, 1), (2, 1)], [(9, 5), (4, 12)]] {
                let c = Convolution {
                    stride,
                    dilation,
                    padding,
                    ..same(2, [3, 5], [11, 14], [3, 2])
                };
                cases.extend([
                    c,
                    Convolution {
                        groups: 3,
                        in_per_group: 2,
                        out_per_group: 3,
                        ..c
                    },
                    Convolution {
                        groups: 4,
                        in_per_group: 1,
                        out_per_group: 1,
                        ..c
                    },
                ]);
            }
        }
    }
    cases
}

#[test]
fn long_rows_are_cut_and_give_the_definition_and_its_gradients() {
    let _lock = lock();
    for c in long_rows() {
        check::<f32>(&c);
        check::<f64>(&c);
    }
}

#[test]
fn a_sample_that_is_not_finite_in_a_long_row_reaches_its_taps_and_no_further() {
    let c = same(1, [1, 1], [1, 300_000], [1, 3]);
    let mut x = vec![1_f32; 300_000];
    x[4096] = f32::NAN;
    let mut y = vec![0.0; c.output_len()];
    c.forward(&x, &[1.0, 2.0, 3.0], &mut y);
    let reached = |at: &usize| y[*at].is_nan();
    let reached: Vec<usize> = (0..y.len()).filter(reached).collect();
    assert_eq!(reached, [4095, 4096, 4097]);
}

#[test]
fn every_instruction_set_computes_the_definition_and_its_gradients() {
    let _lock = lock();
    for &set in InstructionSet::available() {
        InstructionSet::force(Some(set));
        for c in cases() {
            check::<f32>(&c);
            check::<f64>(&c);
        }
    }
    InstructionSet::force(None);
}

#[test]
fn the_passes_are_adjoint_at_the_sizes_of_networks() {
    for c in [
        same(64, [16, 32], [28, 28], [3, 3]),
        same(16, [256, 96], [4, 4], [3, 3]),
        depthwise(8, 64, [64, 64], [31, 31]),
        Convolution {
            stride: [2, 2],
            ..same(4, [3, 64], [112, 112], [7, 7])
        },
    ] {
        let (x, w) = (
            noise::<f64>(c.input_len(), 1),
            noise::<f64>(c.weight_len(), 2),
        );
        let gy = noise::<f64>(c.output_len(), 3);
        let mut y = vec![f64::NAN; c.output_len()];
        let mut gx = vec![f64::NAN; c.input_len()];
        let mut gw = vec![f64::NAN; c.weight_len()];
        c.forward(&x, &w, &mut y);
        c.adjoint_input(&gy, &w, &mut gx);
        c.adjoint_weight(&x, &gy, &mut gw);
        let (value, scale) = (dot(&y, &gy), dot(&y, &y).sqrt() * dot(&gy, &gy).sqrt());
        assert!((value - dot(&x, &gx)).abs() < 1e-12 * scale, "{c:?}");
        assert!((value - dot(&w, &gw)).abs() < 1e-12 * scale, "{c:?}");
    }
}

#[test]
fn one_thread_and_three_give_identical_bits() {
    let _lock = lock();
    for c in [
        same(64, [3, 6], [28, 28], [5, 5]),
        same(16, [64, 48], [8, 8], [3, 3]),
        depthwise(8, 6, [33, 64], [7, 7]),
    ] {
        let (x, w) = (
            noise::<f32>(c.input_len(), 1),
            noise::<f32>(c.weight_len(), 2),
        );
        let gy = noise::<f32>(c.output_len(), 3);
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let mut results =
                [c.output_len(), c.input_len(), c.weight_len()].map(|len| vec![f32::NAN; len]);
            pool.install(|| {
                c.forward(&x, &w, &mut results[0]);
                c.adjoint_input(&gy, &w, &mut results[1]);
                c.adjoint_weight(&x, &gy, &mut results[2]);
            });
            results
        };
        assert_eq!(run(1), run(3), "{c:?}");
    }
}

#[test]
fn an_empty_batch_has_a_zero_weight_gradient() {
    let c = same(0, [2, 3], [5, 5], [3, 3]);
    let mut gw = vec![f32::NAN; c.weight_len()];
    c.forward::<f32>(&[], &noise(c.weight_len(), 1), &mut []);
    c.adjoint_input::<f32>(&[], &noise(c.weight_len(), 1), &mut []);
    c.adjoint_weight::<f32>(&[], &[], &mut gw);
    assert!(gw.iter().all(|x| *x == 0.0));
}

#[test]
fn non_finite_values_stay_in_their_image() {
    let _lock = lock();
    for c in [
        same(6, [2, 3], [7, 7], [3, 3]),
        same(6, [20, 17], [3, 3], [3, 3]),
    ] {
        let mut x = noise::<f32>(c.input_len(), 1);
        let w = noise::<f32>(c.weight_len(), 2);
        let mut clean = vec![0.0; c.output_len()];
        c.forward(&x, &w, &mut clean);
        let image = c.input_len() / c.batch;
        x[2 * image..3 * image].fill(f32::NAN);
        let mut y = vec![0.0; c.output_len()];
        c.forward(&x, &w, &mut y);
        let output = c.output_len() / c.batch;
        assert_eq!(y[..2 * output], clean[..2 * output]);
        assert_eq!(y[3 * output..], clean[3 * output..]);
        assert!(y[2 * output..3 * output].iter().all(|y| y.is_nan()));
    }
}

#[test]
#[should_panic(expected = "dilated kernel size 5 exceeds the padded input size 4")]
fn a_kernel_larger_than_the_padded_input_is_rejected() {
    let c = Convolution {
        padding: [(0, 0); 2],
        ..same(1, [1, 1], [4, 4], [5, 5])
    };
    c.output_sizes();
}

fn any_axis() -> impl Strategy<Value = ([usize; 4], (usize, usize))> {
    (
        1..24_usize,
        1..7_usize,
        1..4_usize,
        1..4_usize,
        0..9_usize,
        0..9_usize,
    )
        .prop_map(|(size, kernel, stride, dilation, before, after)| {
            let extent = dilation * (kernel - 1) + 1;
            let size = size.max(extent.saturating_sub(before + after));
            ([size, kernel, stride, dilation], (before, after))
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_convolution_agrees_with_its_definition(
        batch in 1..5_usize,
        groups in 1..4_usize,
        channels in [1..5_usize, 1..11_usize],
        axes in [any_axis(), any_axis()],
    ) {
        let [in_per_group, out_per_group] = channels;
        let number = |at: usize| [axes[0].0[at], axes[1].0[at]];
        check::<f32>(&Convolution {
            batch,
            groups,
            in_per_group,
            out_per_group,
            sizes: number(0),
            kernel: number(1),
            stride: number(2),
            dilation: number(3),
            padding: [axes[0].1, axes[1].1],
        });
    }
}

#[test]
fn a_row_of_many_taps_stays_within_its_frame() {
    let _lock = lock();
    // The last taps of a row shift a whole vector of positions far past the last channel.
    for (channels, groups, width, taps) in [
        ([4, 1], 2, 422, 189),
        ([1, 1], 2, 422, 300),
        ([3, 5], 1, 1_000, 700),
        ([1, 1], 1, 2_000, 1_999),
    ] {
        for stride in [1, 2] {
            let conv = Convolution {
                groups,
                stride: [1, stride],
                padding: [(0, 0); 2],
                ..same(1, channels, [1, width], [1, taps])
            };
            check::<f32>(&conv);
            check::<f64>(&conv);
        }
    }
}
