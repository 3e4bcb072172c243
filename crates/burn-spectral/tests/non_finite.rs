//! How far a sample that is not finite reaches.

use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_spectral::conv::{FftConvAlgorithm, FftConvOptions, fft_conv, long_conv};

/// Reproducible numbers in [-1, 1).
fn noise(count: usize, seed: usize) -> Vec<f64> {
    let value = |at: usize| ((at * 7919 + seed * 104_729) % 2003) as f64 / 1001.5 - 1.0;
    (0..count).map(value).collect()
}

fn tensor<const D: usize>(values: Vec<f64>, shape: [usize; D], dtype: DType) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), (&Device::flex(), dtype))
}

const BATCH: usize = 2;
const CHANNELS: usize = 4;
const GROUPS: usize = 2;
const KERNEL: usize = 5;

/// Output `[batch, channels, height, width]` with a padding of 2, so that output `n` sees samples `n − 2 … n + 2`.
fn convolve(x: &[f64], size: [usize; 2], algorithm: FftConvAlgorithm, dtype: DType) -> Vec<f64> {
    let weight = noise(CHANNELS * CHANNELS / GROUPS * KERNEL * KERNEL, 3);
    let mut options = FftConvOptions::new(2);
    options.groups = GROUPS;
    options.padding = vec![(2, 2); 2];
    options.algorithm = algorithm;
    let y = fft_conv(
        tensor(x.to_vec(), [BATCH, CHANNELS, size[0], size[1]], dtype),
        tensor(weight, [CHANNELS, CHANNELS / GROUPS, KERNEL, KERNEL], dtype),
        None,
        &options,
    );
    let y = y.into_data().convert_dtype(DType::F64);
    y.try_into_vec::<f64>().unwrap()
}

#[test]
fn one_bad_pixel_reaches_as_far_as_the_algorithm_says() {
    let tile = 12;
    for dtype in [DType::F32, DType::F64, DType::BF16] {
        for size in [[40, 37], [31, 50]] {
            let x = noise(BATCH * CHANNELS * size[0] * size[1], 1);
            let (entry, channel, row, column) = (1, 2, 17, 21);
            for value in [f64::NAN, f64::INFINITY] {
                let mut bad = x.clone();
                bad[((entry * CHANNELS + channel) * size[0] + row) * size[1] + column] = value;
                for algorithm in [
                    FftConvAlgorithm::Direct,
                    FftConvAlgorithm::Tiled { tile },
                    FftConvAlgorithm::Whole,
                ] {
                    let clean = convolve(&x, size, algorithm, dtype);
                    let got = convolve(&bad, size, algorithm, dtype);
                    for (at, (got, clean)) in got.iter().zip(&clean).enumerate() {
                        let (plane, r, c) = (
                            at / (size[0] * size[1]),
                            at / size[1] % size[0],
                            at % size[1],
                        );
                        let what =
                            format!("{algorithm} {dtype:?} {size:?} {value}: {plane} {r} {c}");
                        let same_entry = plane / CHANNELS == entry;
                        let per_group = CHANNELS / GROUPS;
                        let same_group = plane % CHANNELS / per_group == channel / per_group;
                        let apart = r.abs_diff(row).max(c.abs_diff(column));
                        let sees = same_entry && same_group && apart <= 2;
                        let may = same_entry
                            && same_group
                            && match algorithm {
                                FftConvAlgorithm::Direct => sees,
                                // The path in tensor ops cuts no tiles.
                                FftConvAlgorithm::Tiled { tile } => {
                                    apart < tile || dtype == DType::BF16
                                }
                                _ => true,
                            };
                        let must = sees || (algorithm == FftConvAlgorithm::Whole && may);
                        assert!(!must || !got.is_finite(), "{what}: {got}");
                        assert!(may || got == clean, "{what}: {got} for {clean}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_long_convolution_is_causal_for_what_is_not_finite_in_every_dtype() {
    let (length, taps, at) = (60, 40, 33);
    for dtype in [DType::F32, DType::F64, DType::BF16] {
        let mut x = noise(2 * length, 1);
        x[length + at] = f64::NAN;
        let y = long_conv(
            tensor(x, [2, 1, length], dtype),
            tensor(noise(taps, 2), [1, taps], dtype),
            None,
        );
        let y = y.into_data().convert_dtype(DType::F64);
        for (t, y) in y.try_into_vec::<f64>().unwrap().iter().enumerate() {
            assert_eq!(y.is_nan(), t >= length + at, "{dtype:?} {t}: {y}");
        }
    }
}
