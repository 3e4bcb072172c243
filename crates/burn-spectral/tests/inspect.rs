//! What inspection says, held to layers whose answers are worked out by hand.

mod common;

use burn::module::{Module, Param};
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_spectral::conv::{
    ConjugateFactor, LongConv1dConfig, SpectralConv2d, SpectralConv2dConfig,
};
use burn_spectral::inspect::{
    MapReport, Operation, ParameterReport, Probe, Surround, before_real_part,
    energy_discarded_by_real_part, inspect_map, inspect_parameters, kk_before_real_part, to_conv,
};
use burn_spectral::published::{KkLayer, KkLayerConfig};
use burn_spectral::response::{
    Coupling, FourierModesConfig, FrequencyResponse, FullSpectrum2d, FullSpectrumConfig,
    GaussianConfig, KernelConfig, KramersKronigConfig, ParametricForm,
};

fn probe(channels: usize, size: [usize; 2]) -> Probe {
    Probe::new(channels, size, &Device::flex()).unwrap()
}

fn inspect(channels: usize, size: [usize; 2], map: impl Fn(Tensor<4>) -> Tensor<4>) -> MapReport {
    inspect_map(map, &probe(channels, size)).unwrap()
}

fn parameters<M: Module>(
    module: &M,
    forward: impl Fn(&M, Tensor<4>) -> Tensor<4>,
    channels: usize,
    size: [usize; 2],
) -> ParameterReport {
    inspect_parameters(
        module,
        forward,
        &probe(channels, size).with_dtype(DType::F64),
    )
    .unwrap()
}

/// The kind of equivalent, which has to hold to rounding.
fn kind(report: &MapReport) -> &str {
    let equivalent = &report.equivalence.equivalent;
    assert!(report.equivalence.is_equal, "{equivalent:?}");
    assert!(equivalent.residual < 2e-6, "{equivalent:?}");
    &equivalent.kind
}

fn close(got: f64, want: f64, within: f64) {
    assert!((got - want).abs() <= within, "{got} for {want}");
}

#[test]
fn the_published_kk_layer_is_a_flip_and_a_pointwise_convolution() {
    for size in [[14, 14], [7, 9], [28, 28]] {
        let layer = KkLayerConfig::new([3, 5]).init(&Device::flex());
        let report = inspect(3, size, |x| layer.forward(x));
        assert_eq!(kind(&report), "flip, then 1x1 convolution", "{size:?}");
        assert!(report.is_linear && report.offset == 0.0);
        // Alpha stands at offset zero, and nothing anywhere else.
        let alpha = layer.conv.response.alpha.val().into_data();
        for (index, alpha) in alpha.iter::<f64>().enumerate() {
            close(report.kernel.tap(index / 3, index % 3, [0, 0]), alpha, 1e-6);
        }
        assert_eq!(report.energy_radius, 0.0);
        close(report.conditioning.ratio, 1.0, 1e-6);
        assert_eq!(report.mixing.words(), "channels");
        assert_eq!(report.mixing.combinations, Some(3));
        // Shifting its input shifts its output the other way.
        assert!(report.shift_error > 1.0 && report.flipped_shift_error < 1e-6);
        assert_eq!(report.wrapped, 0.0);
    }
}

#[test]
fn beta_of_the_published_kk_layer_is_dead_and_alpha_is_not() {
    let layer = KkLayerConfig::new([3, 5]).init(&Device::flex());
    let report = parameters(&layer, KkLayer::forward, 3, [6, 7]);
    let dead = report.dead();
    assert_eq!(dead.len(), 1);
    assert_eq!(
        (dead[0].name.as_str(), dead[0].count),
        ("conv.response.beta", 15)
    );
    let redundancy = report.redundancy.unwrap();
    assert_eq!(
        (
            redundancy.coordinates,
            redundancy.rank,
            redundancy.redundant
        ),
        (30, 15, 15)
    );
}

#[test]
fn a_shift_is_found_with_its_direction() {
    let report = inspect(2, [8, 10], |x| x.roll(&[2, -3], &[2, 3]));
    assert_eq!(kind(&report), "shift by (2, -3)");
    assert_eq!(report.mixing.words(), "neither");
    close(report.energy_radius, 13f64.sqrt(), 1e-6);
    close(report.wrapped, 1.0 - 6.0 / 8.0 * 7.0 / 10.0, 1e-6);
    assert!(report.shift_error < 1e-6);
    let scaled = inspect(1, [8, 10], |x| x.roll(&[2, -3], &[2, 3]).mul_scalar(2.0));
    assert_eq!(kind(&scaled), "shift by (2, -3), then 1x1 convolution");
    let reversed = inspect(1, [6, 6], |x| x.flip([2, 3]));
    // Reversing the indices is the circular reversal and a shift by −1.
    assert_eq!(kind(&reversed), "flip, then shift by (-1, -1)");
}

#[test]
fn identity_and_nothing_are_named() {
    assert_eq!(kind(&inspect(2, [5, 6], |x| x)), "identity");
    let nothing = inspect(1, [5, 6], |x| x.zeros_like());
    assert_eq!(nothing.equivalence.equivalent.operation, Operation::Nothing);
}

fn conv(channels: [usize; 2], taps: usize, groups: usize) -> Conv2d {
    let reach = taps / 2;
    Conv2dConfig::new(channels, [taps; 2])
        .with_padding(PaddingConfig2d::Explicit(reach, reach, reach, reach))
        .with_groups(groups)
        .init(&Device::flex())
}

#[test]
fn an_ordinary_convolution_is_found_with_its_zeros_and_its_offset() {
    let layer = conv([2, 3], 3, 1);
    let report = inspect(2, [12, 9], |x| layer.forward(x));
    assert_eq!(kind(&report), "3x3 zero-padded convolution");
    let bias = layer.bias.as_ref().unwrap().val().into_data();
    let squares: f64 = bias.iter::<f64>().map(|b| b * b).sum();
    close(report.offset, (squares / 3.0).sqrt(), 1e-6);
    // Tap (0, 1) of a cross-correlation looks up: the sample above moves down.
    let weight: Vec<f64> = layer.weight.val().into_data().iter::<f64>().collect();
    close(report.kernel.tap(0, 0, [1, 0]), weight[1], 1e-6);
    close(report.kernel.share_within(3), 1.0, 1e-12);
    assert_eq!(report.wrapped, 0.0);
    // Zeros at the border let frequencies meet, a little.
    assert!(report.mixing.frequencies && report.mixing.frequency_share < 0.3);
    assert!(report.shift_error > 0.01);
}

#[test]
fn a_circular_convolution_mixes_no_frequencies() {
    let config = SpectralConv2dConfig::new([2, 3], KernelConfig::new([3, 3])).with_bias(false);
    let layer = config.init(&Device::flex());
    let report = inspect(2, [12, 9], |x| layer.forward(x));
    // Taps from sample 0 on: centered at (1, 1).
    assert_eq!(
        kind(&report),
        "shift by (1, 1), then 3x3 circular convolution"
    );
    assert_eq!(report.mixing.words(), "channels");
    assert!(report.shift_error < 1e-6);
    // Samples further up and left alone contribute.
    assert!(report.ahead.iter().all(|share| *share < 1e-12));
}

#[test]
fn a_depthwise_filter_mixes_no_channels_and_a_shared_one_sees_their_sum() {
    let device = Device::flex();
    let depthwise = SpectralConv2dConfig::new([3, 6], FullSpectrumConfig::new([8, 8]))
        .with_coupling(Coupling::Depthwise)
        .init(&device);
    let report = inspect(3, [8, 8], |x| depthwise.forward(x));
    assert_eq!(report.mixing.words(), "neither");
    assert_eq!(report.mixing.combinations, Some(3));
    assert_eq!(kind(&report), "circular convolution over the whole image");

    let gaussian = GaussianConfig::new().with_form(ParametricForm::Published);
    let shared = SpectralConv2dConfig::new([3, 4], gaussian)
        .with_coupling(Coupling::Shared)
        .init(&device);
    let report = inspect(3, [8, 8], |x| shared.forward(x));
    assert_eq!(report.mixing.words(), "channels");
    assert_eq!(report.mixing.combinations, Some(1), "color-blind");
}

#[test]
fn a_mask_on_pixels_mixes_frequencies_and_no_channels() {
    // A cosine in space: every wave splits into two, half a turn of columns away.
    let mask: Vec<f32> = (0..8)
        .map(|x| (core::f32::consts::TAU * x as f32 / 8.0).cos())
        .collect();
    let mask = Tensor::<1>::from_floats(mask.as_slice(), &Device::flex()).reshape([1, 1, 1, 8]);
    let report = inspect(2, [8, 8], |x| x * mask.clone());
    assert_eq!(report.mixing.words(), "frequencies");
    // All of it, but for waves of frequency ±1/2 of a step, which land on their own mirror images.
    assert!(report.mixing.frequency_share > 0.9, "{:?}", report.mixing);
    assert!(!report.equivalence.is_equal && report.is_linear);
    assert!(report.equivalence.equivalent.residual > 0.9);
}

#[test]
fn a_map_that_is_not_linear_is_said_to_be_so() {
    let relu = inspect(1, [8, 8], burn::tensor::activation::relu);
    assert!(!relu.is_linear && relu.nonlinearity > 0.1);
    assert!(relu.mixing.frequencies, "harmonics");
    let offset = inspect(1, [8, 8], |x| x + 3.0);
    assert!(offset.is_linear);
    close(offset.offset, 3.0, 1e-6);
    assert_eq!(kind(&offset), "identity");
}

#[test]
fn a_kramers_kronig_response_is_causal_along_its_axis() {
    for axis in [0, 1] {
        let response = KramersKronigConfig::new([8, 10]).with_axis(axis);
        let layer = SpectralConv2dConfig::new([1, 2], response).init(&Device::flex());
        let report = inspect(1, [8, 10], |x| layer.forward(x));
        assert!(report.ahead[axis] < 1e-10, "{:?}", report.ahead);
        assert!(report.ahead[1 - axis] > 0.1, "{:?}", report.ahead);
    }
}

#[test]
fn a_long_causal_convolution_comes_neither_from_ahead_nor_over_the_border() {
    let layer = LongConv1dConfig::new(1, 12).init(&Device::flex());
    let map = |x: Tensor<4>| layer.forward(x.squeeze_dim::<3>(2)).unsqueeze_dim(2);
    let report = inspect(1, [1, 12], map);
    assert!(
        report.ahead[1] < 1e-10 && report.wrapped < 1e-10,
        "{report:?}"
    );
    assert!(
        !report.equivalence.is_equal,
        "zeros before the signal, and not its end"
    );
}

fn free(channels: [usize; 2], size: [usize; 2]) -> SpectralConv2d<FullSpectrum2d> {
    let config =
        SpectralConv2dConfig::new(channels, FullSpectrumConfig::new(size)).with_bias(false);
    config.init(&Device::flex())
}

#[test]
fn a_free_response_of_28_by_28_has_840_coordinates_and_rank_784() {
    let report = parameters(
        &free([1, 1], [28, 28]),
        SpectralConv2d::forward,
        1,
        [28, 28],
    );
    let redundancy = report.redundancy.as_ref().unwrap();
    assert_eq!(
        (
            redundancy.coordinates,
            redundancy.rank,
            redundancy.redundant
        ),
        (840, 784, 56)
    );
    assert!(redundancy.smallest_kept > 1e-5 && redundancy.largest_dropped < 1e-11);
    // On the first and the last column only what is Hermitian counts: of 28 rows 15 real parts,
    // and 13 imaginary ones, two of them dead for being their own mirror images.
    let ranks: Vec<_> = redundancy
        .parameters
        .iter()
        .map(|p| (p.name.as_str(), p.rank))
        .collect();
    assert_eq!(
        ranks,
        [("response.re", 420 - 26), ("response.im", 420 - 30)]
    );
    let dead = report.dead();
    assert_eq!((dead[0].name.as_str(), dead[0].count), ("response.im", 4));
}

#[test]
fn ranks_of_odd_sizes_and_several_channels() {
    // 5 rows, 4 of 7 columns kept, the first of them its own mirror image.
    let report = parameters(&free([2, 3], [5, 7]), SpectralConv2d::forward, 2, [5, 7]);
    let redundancy = report.redundancy.unwrap();
    assert_eq!(redundancy.coordinates, 6 * 40);
    assert_eq!(redundancy.rank, 6 * 35);
    assert_eq!(redundancy.blocks, [6, 6]);
}

#[test]
fn offsets_and_taps_are_all_of_use() {
    let layer = conv([2, 3], 3, 1);
    let report = parameters(&layer, |layer, x| layer.forward(x), 2, [6, 6]);
    let redundancy = report.redundancy.as_ref().unwrap();
    assert_eq!((redundancy.coordinates, redundancy.rank), (57, 57));
    assert!(report.dead().is_empty());
}

/// Two factors of which only the product counts.
#[derive(Module, Debug)]
struct Twice {
    first: Param<Tensor<1>>,
    second: Param<Tensor<1>>,
}

#[test]
fn two_factors_in_a_row_are_one_direction() {
    let ones = || Param::from_tensor(Tensor::<1>::from_floats([2.0], &Device::flex()));
    let module = Twice {
        first: ones(),
        second: ones(),
    };
    let forward = |module: &Twice, x: Tensor<4>| {
        let factor = module.first.val() * module.second.val();
        x * factor.reshape([1, 1, 1, 1])
    };
    let redundancy = parameters(&module, forward, 1, [4, 4]).redundancy.unwrap();
    assert_eq!((redundancy.coordinates, redundancy.rank), (2, 1));
    // Each alone does something.
    assert!(redundancy.parameters.iter().all(|own| own.rank == 1));
}

#[test]
fn kk_throws_beta_away() {
    let mut layer = KkLayerConfig::new([1, 1]).init(&Device::flex());
    let number =
        |value: f32| Param::from_tensor(Tensor::<2>::from_floats([[value]], &Device::flex()));
    (layer.conv.response.alpha, layer.conv.response.beta) = (number(3.0), number(4.0));
    let complex = |x: Tensor<4>| kk_before_real_part(&layer, x);
    close(
        energy_discarded_by_real_part(complex, &probe(1, [8, 8])),
        16.0 / 25.0,
        1e-6,
    );
}

#[test]
fn a_free_response_that_starts_hermitian_throws_nothing_away() {
    let layer = free([1, 1], [8, 8]);
    let share = |layer: &SpectralConv2d<FullSpectrum2d>| {
        energy_discarded_by_real_part(|x| before_real_part(layer, x), &probe(1, [8, 8]))
    };
    assert!(share(&layer) < 1e-10);
    // Weights of the first and the last column drawn apart: 2 of 8 full columns, half of each lost.
    let mut drawn = layer.clone();
    let ones = Tensor::<4>::ones([1, 1, 8, 5], &Device::flex());
    let numbers = |seed: u64| {
        let values: Vec<f32> = common::noise(40, seed).iter().map(|v| *v as f32).collect();
        Tensor::<4>::from_data(TensorData::new(values, [1, 1, 8, 5]), &Device::flex())
    };
    drawn.response.re = Param::from_tensor(numbers(1));
    drawn.response.im = Param::from_tensor(numbers(2));
    let lost = share(&drawn);
    assert!(lost > 0.03 && lost < 0.3, "{lost}");
    // An imaginary constant on every bin: the inner columns are those of a Hilbert transform and
    // kept, the first and the last imaginary and lost: 2 of 8 columns.
    drawn.response.re = Param::from_tensor(ones.zeros_like());
    drawn.response.im = Param::from_tensor(ones);
    let lost = share(&drawn);
    assert!((lost - 0.25).abs() < 0.08, "{lost}");
}

#[test]
fn baking_a_convolution_gives_it_back() {
    let layer = conv([2, 3], 5, 1);
    let baked = to_conv(|x| layer.forward(x), &probe(2, [11, 12]), 5).unwrap();
    assert!(baked.residual < 1e-6 && !baked.flip, "{}", baked.residual);
    let difference = baked.conv.weight.val() - layer.weight.val();
    assert!(difference.abs().max().into_scalar::<f32>() < 1e-6);
    let bias = baked.conv.bias.unwrap().val() - layer.bias.unwrap().val();
    assert!(bias.abs().max().into_scalar::<f32>() < 1e-6);
}

#[test]
fn baking_a_circular_convolution_costs_the_border_alone() {
    let config = SpectralConv2dConfig::new([1, 2], KernelConfig::new([2, 2])).with_bias(false);
    let layer = config.init(&Device::flex());
    let baked = to_conv(|x| layer.forward(x), &probe(1, [10, 10]), 3).unwrap();
    assert!(baked.residual > 0.05, "{}", baked.residual);
    assert!(baked.residual_inside.unwrap() < 1e-6);
    // A single tap of 3×3 taps leaves what the other taps do.
    let point = to_conv(|x| layer.forward(x), &probe(1, [10, 10]), 1).unwrap();
    assert!(point.residual_inside.unwrap() > 0.1);
}

#[test]
fn baking_a_layer_that_reverses_says_so() {
    let layer = KkLayerConfig::new([2, 3]).init(&Device::flex());
    let baked = to_conv(|x| layer.forward(x), &probe(2, [9, 9]), 1).unwrap();
    assert!(baked.flip && baked.residual < 1e-6);
    let error = to_conv(|x| layer.forward(x), &probe(2, [9, 9]), 4).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the kernel size must be odd and at most 9, got 4"
    );
}

#[test]
fn the_figures_are_the_same_every_time() {
    let layer = conv([2, 2], 3, 1);
    let run = || inspect(2, [6, 6], |x| layer.forward(x));
    assert_eq!(run(), run());
    let equivalent = run().equivalence.equivalent;
    assert_eq!(
        equivalent.operation,
        Operation::Convolution {
            taps: 3,
            surround: Surround::Zeros
        }
    );
}

#[test]
fn what_is_taken_the_real_part_of_has_the_layers_output_as_real_part() {
    let device = Device::flex();
    fn hold<R: FrequencyResponse<4>>(layer: SpectralConv2d<R>, channels: usize) {
        let values: Vec<f32> = common::noise(channels * 6 * 7, 3)
            .iter()
            .map(|v| *v as f32)
            .collect();
        let data = TensorData::new(values, [1, channels, 6, 7]);
        let images = Tensor::<4>::from_data(data, &Device::flex());
        let difference = before_real_part(&layer, images.clone()).re - layer.forward(images);
        let largest = difference.abs().max().into_scalar::<f32>();
        assert!(largest < 1e-5, "{largest}");
    }
    let size = [6, 7];
    hold(
        SpectralConv2dConfig::new([2, 3], FullSpectrumConfig::new(size)).init(&device),
        2,
    );
    hold(
        SpectralConv2dConfig::new([2, 3], KernelConfig::new([3, 2])).init(&device),
        2,
    );
    hold(
        SpectralConv2dConfig::new([2, 3], FourierModesConfig::new([2, 3])).init(&device),
        2,
    );
    for coupling in [Coupling::Shared, Coupling::Depthwise] {
        let config = SpectralConv2dConfig::new([3, 6], GaussianConfig::new());
        hold(config.with_coupling(coupling).init(&device), 3);
    }
    for conjugate in [ConjugateFactor::Response, ConjugateFactor::Input] {
        let config = SpectralConv2dConfig::new([2, 2], FullSpectrumConfig::new(size));
        hold(config.with_conjugate(conjugate).init(&device), 2);
    }
    let kk = KkLayerConfig::new([2, 3]).init(&device);
    let images = Tensor::<4>::ones([1, 2, 6, 7], &device);
    let difference = kk_before_real_part(&kk, images.clone()).re - kk.forward(images);
    assert!(difference.abs().max().into_scalar::<f32>() < 1e-5);
}
