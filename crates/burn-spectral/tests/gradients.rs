//! Gradients of every operation against finite differences in f64, on both paths.

mod common;

use burn::module::{Param, ParamId};
use burn::tensor::{DType, Tensor};
use burn_spectral::conv::{FftConvAlgorithm, FftConvOptions, fft_conv};
use burn_spectral::ops::SavedSpectrum;
use burn_spectral::ops::{Axes, Direction, MixSpec};
use burn_spectral::response::KramersKronig;
use burn_spectral::{ComplexTensor, Norm};
use common::gradient::{assert_gradients, weigh};
use common::{CONJUGATES, NORMS, PATHS, Path, noise_tensor};

/// Odd, even, prime and one.
const LENGTHS: [usize; 6] = [1, 2, 5, 6, 9, 13];
const SIZES: [[usize; 2]; 6] = [[1, 1], [1, 4], [4, 6], [5, 8], [7, 3], [6, 1]];

/// What a loss does with the two parts of a complex output.
#[derive(Clone, Copy, Debug)]
enum Uses {
    Both,
    RealAlone,
    ImaginaryAlone,
    RealTwice,
}

const USES: [Uses; 4] = [
    Uses::Both,
    Uses::RealAlone,
    Uses::ImaginaryAlone,
    Uses::RealTwice,
];

impl Uses {
    fn loss<const D: usize>(self, z: ComplexTensor<D>) -> Tensor<1> {
        match self {
            Uses::Both => weigh(z.re, 1) + weigh(z.im, 3),
            Uses::RealAlone => weigh(z.re, 1),
            Uses::ImaginaryAlone => weigh(z.im, 3),
            // Once on its own and once in another output's company.
            Uses::RealTwice => weigh(z.re.clone(), 1) + weigh(z.re + z.im, 5),
        }
    }
}

fn complex<const D: usize>(parts: &[Tensor<1>], dims: [usize; D]) -> ComplexTensor<D> {
    ComplexTensor::new(
        parts[0].clone().reshape(dims),
        parts[1].clone().reshape(dims),
    )
}

fn check_transforms<const D: usize>(dims: [usize; D], axes: Axes, norm: Norm, path: Path) {
    let n = dims[axes.half_axis(D)];
    let mut half = dims;
    half[axes.half_axis(D)] = n / 2 + 1;
    let (full, bins) = (dims.iter().product(), half.iter().product());
    for uses in USES {
        let what =
            |kind: &str| format!("{kind} {axes:?} of {dims:?}, {norm:?}, {uses:?}, {path:?}");
        assert_gradients(&what("rfft"), &[full], |x| {
            uses.loss(path.rfft(x[0].clone().reshape(dims), axes, norm))
        });
        for direction in [Direction::Forward, Direction::Inverse] {
            assert_gradients(&what("fft"), &[full, full], |z| {
                uses.loss(path.fft(complex(z, dims), axes, direction, norm))
            });
        }
        assert_gradients(&what("irfft"), &[bins, bins], |z| {
            weigh(path.irfft(complex(z, half), n, axes, norm), 1)
        });
    }
}

#[test]
fn of_transforms_over_one_axis() {
    for path in PATHS {
        for n in LENGTHS {
            check_transforms([2, n], Axes::One(1), Norm::Backward, path);
        }
        for norm in NORMS {
            check_transforms([6], Axes::One(0), norm, path);
            check_transforms([2, 5, 3], Axes::One(1), norm, path);
        }
    }
}

#[test]
fn of_transforms_over_several_axes() {
    for path in PATHS {
        for size in SIZES {
            check_transforms(size, Axes::Last(2), Norm::Backward, path);
        }
        for norm in NORMS {
            check_transforms([2, 3, 4], Axes::Last(2), norm, path);
            check_transforms([2, 3, 4], Axes::Last(3), norm, path);
            check_transforms([3, 2, 5], Axes::Last(3), norm, path);
        }
    }
}

/// `[batch, groups, inputs, outputs]` of a group.
const CHANNELS: [[usize; 4]; 4] = [[1, 1, 1, 1], [2, 1, 2, 3], [2, 2, 2, 1], [1, 3, 1, 2]];

#[test]
fn of_the_mixing_of_channels() {
    for ([batch, groups, inputs, outputs], conjugate) in CHANNELS
        .into_iter()
        .flat_map(|c| CONJUGATES.map(|conjugate| (c, conjugate)))
    {
        let mix = MixSpec { groups, conjugate };
        let x = [batch, groups * inputs, 2, 3];
        let response = [groups * outputs, inputs, 2, 3];
        let (n, m) = (x.iter().product(), response.iter().product());
        for (path, uses) in PATHS
            .into_iter()
            .flat_map(|path| USES.map(|uses| (path, uses)))
        {
            let what = format!("mix {mix:?} of {x:?}, {uses:?}, {path:?}");
            assert_gradients(&what, &[n, n, m, m], |z| {
                uses.loss(path.mix(complex(&z[..2], x), complex(&z[2..], response), mix))
            });
        }
    }
}

fn check_conv<const D: usize>(sizes: &[usize], channels: [usize; 4], path: Path) {
    let [batch, groups, inputs, outputs] = channels;
    let dims = |a, b, last: usize| -> [usize; D] {
        let mut dims = [a, b].to_vec();
        dims.extend(sizes);
        dims[D - 1] = last;
        dims.try_into().unwrap()
    };
    let n = sizes[D - 3];
    let x = dims(batch, groups * inputs, n);
    let response = dims(groups * outputs, inputs, n / 2 + 1);
    let counts = [
        x.iter().product(),
        response.iter().product(),
        response.iter().product(),
    ];
    for conjugate in CONJUGATES {
        let mix = MixSpec { groups, conjugate };
        let what = format!("spectral_conv {mix:?} of {x:?}, {path:?}");
        assert_gradients(&what, &counts, |z| {
            let signal = z[0].clone().reshape(x);
            weigh(
                path.spectral_conv(signal, complex(&z[1..], response), mix),
                1,
            )
        });
    }
}

#[test]
fn of_the_spectral_convolution() {
    for path in PATHS {
        for n in LENGTHS {
            check_conv::<3>(&[n], [2, 1, 2, 3], path);
        }
        for channels in CHANNELS {
            check_conv::<3>(&[6], channels, path);
            check_conv::<4>(&[3, 4], channels, path);
        }
        for [height, width] in SIZES {
            check_conv::<4>(&[height, width], [1, 1, 2, 1], path);
        }
        check_conv::<5>(&[2, 3, 4], [2, 1, 1, 2], path);
        check_conv::<5>(&[3, 2, 3], [1, 2, 1, 1], path);
    }
}

#[test]
fn of_the_spectral_convolution_where_some_inputs_are_constant() {
    let (x, response) = ([2, 2, 3, 4], [3, 2, 3, 3]);
    let counts: [usize; 3] = [x, response, response].map(|dims| dims.iter().product());
    let mix = MixSpec {
        groups: 1,
        conjugate: CONJUGATES[0],
    };
    for path in PATHS {
        for kept in 0..3 {
            let what = format!("input {kept} alone, {path:?}");
            assert_gradients(&what, &[counts[kept]], |z| {
                let constant = |(n, seed)| noise_tensor([n], seed, DType::F64, &z[0].device());
                let mut all: Vec<Tensor<1>> = counts.into_iter().zip(200..).map(constant).collect();
                all[kept] = z[0].clone();
                let signal = all[0].clone().reshape(x);
                weigh(
                    path.spectral_conv(signal, complex(&all[1..], response), mix),
                    1,
                )
            });
        }
    }
}

#[test]
fn of_circular_reversal() {
    for path in PATHS {
        for [height, width] in SIZES {
            let dims = [2, 1, height, width];
            for spatial in 1..=2 {
                let what = format!("reversal of {spatial} axes of {dims:?}, {path:?}");
                assert_gradients(&what, &[dims.iter().product()], |x| {
                    weigh(
                        path.circular_reverse(x[0].clone().reshape(dims), spatial),
                        1,
                    )
                });
            }
        }
    }
}

#[test]
fn of_the_convolution_evaluated_through_the_spectrum() {
    let options =
        |stride: [usize; 2], padding: [(usize, usize); 2], dilation: [usize; 2], groups| {
            FftConvOptions {
                stride: stride.to_vec(),
                padding: padding.to_vec(),
                dilation: dilation.to_vec(),
                groups,
                ..FftConvOptions::new(2)
            }
        };
    for options in [
        options([1, 1], [(0, 0), (0, 0)], [1, 1], 1),
        options([2, 3], [(1, 0), (2, 1)], [1, 1], 1),
        options([1, 2], [(1, 1), (2, 2)], [2, 1], 2),
    ] {
        let (x, weight) = ([2, 4, 5, 6], [2, 4 / options.groups, 2, 3]);
        let sizes = [x.iter().product(), weight.iter().product(), 2];
        for algorithm in [
            FftConvAlgorithm::Direct,
            FftConvAlgorithm::Whole,
            FftConvAlgorithm::Tiled { tile: 4 },
        ] {
            for saved in [SavedSpectrum::Keep, SavedSpectrum::Recompute] {
                let options = FftConvOptions {
                    algorithm,
                    saved,
                    ..options.clone()
                };
                assert_gradients(&format!("{options:?}"), &sizes, |z| {
                    let (x, weight) = (z[0].clone().reshape(x), z[1].clone().reshape(weight));
                    weigh(fft_conv::<4>(x, weight, Some(z[2].clone()), &options), 1)
                });
            }
        }
    }
}

#[test]
fn of_the_kramers_kronig_response() {
    for (size, axis) in [([1, 4], 1), ([4, 5], 0), ([3, 6], 1), ([5, 4], 0)] {
        let dims = [2, 1, size[0], size[1] / 2 + 1];
        assert_gradients(
            &format!("{size:?} causal along {axis}"),
            &[dims.iter().product()],
            |z| {
                let response = KramersKronig::<4> {
                    real: Param::initialized(ParamId::new(), z[0].clone().reshape(dims)),
                    length: size[1],
                    axis,
                };
                weigh(response.impulse_response(), 1)
            },
        );
    }
}
