//! Neural operators beside their golden vectors: parameter counts, resolutions, errors, rollouts.

mod common;

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Distribution, Tensor};
use burn_spectral::conv::{SpectralConv1dConfig, SpectralConv2dConfig, SpectralConvConfig};
use burn_spectral::operator::{
    BlockForm, BlockLocal, BlockMlp, Boundary, ChannelMlpConfig, DomainPadding, Fno, Fno1d, Fno2d,
    Fno3d, FnoBlock, FnoBlockConfig, FnoConfig, GridEmbedding, OperatorNormKind, PointwiseConfig,
    SkipKind, Uno, Uno1d, Uno2d, UnoConfig, UnoLayer, rollout,
};
use burn_spectral::ops::{self, Conjugate, MixSpec, Modes, ModesSpec};
use burn_spectral::pool::{spectral_resize, spectral_resize2d};
use burn_spectral::response::{FourierModesConfig, FullSpectrumConfig};
use burn_spectral::{ComplexTensor, SpectralError, SpectralInitializer};
use common::gradient::{assert_gradients, weigh};
use common::{PATHS, Path, assert_close, noise_tensor, values};

#[test]
fn parameters_are_those_that_the_python_packages_count() {
    let device = Device::flex();
    // neuralop.models.FNO(n_modes=(8, 8), in_channels=1, out_channels=1, hidden_channels=24), complex weights as two.
    let fno: Fno2d = FnoConfig::neuraloperator([1, 1], [8, 8], 24, 4).init(&device);
    assert_eq!(fno.num_params(), 191_881);
    // FNO2d(modes1=12, modes2=12, width=32) of the paper's fourier_2d.py, complex weights as two.
    let fno: Fno2d = FnoConfig::published([1, 1], [12, 12], 32).init(&device);
    let blocks = 4 * (2 * 2 * 32 * 32 * 12 * 12 + 32 * 32 + 32);
    assert_eq!(fno.num_params(), (3 + 1) * 32 + blocks + 33 * 128 + 129);
}

/// A convolution from one grid to another, both ways it runs.
fn convolve<const D: usize>(
    path: Path,
    x: Tensor<D>,
    r: ComplexTensor<D>,
    spec: ModesSpec,
) -> Tensor<D> {
    match path {
        Path::Kernels => ops::spectral_conv_modes(x, r, spec),
        Path::Fallback => ops::spectral_conv_modes_fallback(x, r, &spec),
    }
}

fn check_gradients<const D: usize>(from: &[usize], to: &[usize], corners: &[[usize; 2]]) {
    let kept: Vec<usize> = corners.iter().map(|[p, n]| p + n).collect();
    let x: [usize; D] = [&[2, 2], from].concat().try_into().unwrap();
    let response: [usize; D] = [&[1, 2], &kept[..]].concat().try_into().unwrap();
    let counts = [x, response, response].map(|dims| dims.iter().product::<usize>());
    let mix = MixSpec {
        groups: 1,
        conjugate: Conjugate::None,
    };
    let modes = corners.iter().map(|&[p, n]| Modes::new(p, n)).collect();
    let spec = ModesSpec::new(modes, mix).with_output(to);
    for path in PATHS {
        assert_gradients(&format!("{from:?} to {to:?}, {path:?}"), &counts, |z| {
            let r =
                ComplexTensor::new(z[1].clone(), z[2].clone()).map(|part| part.reshape(response));
            weigh(convolve(path, z[0].clone().reshape(x), r, spec.clone()), 1)
        });
    }
}

#[test]
fn gradients_through_a_change_of_resolution_are_finite_differences() {
    check_gradients::<3>(&[6], &[9], &[[3, 0]]);
    // The Nyquist bin of either grid.
    check_gradients::<3>(&[8], &[11], &[[5, 0]]);
    check_gradients::<3>(&[7], &[6], &[[4, 0]]);
    check_gradients::<4>(&[5, 6], &[4, 9], &[[2, 2], [3, 0]]);
    check_gradients::<5>(&[3, 4, 2], &[4, 3, 5], &[[1, 1], [2, 1], [2, 0]]);
}

#[test]
fn modes_below_both_nyquist_frequencies_are_interpolated() {
    let device = Device::flex();
    let config = SpectralConvConfig::<5, _>::new([2, 3], FourierModesConfig::new([2, 1, 2]));
    let layer = config.init(&device);
    let (re, im) = (&layer.response.re, &layer.response.im);
    assert_eq!([re.dims(), im.dims()], [[3, 2, 4, 2, 2]; 2]);
    let x = noise_tensor([2, 2, 5, 4, 7], 1, DType::F32, &device);
    for sizes in [[9, 4, 6], [5, 3, 12], [4, 2, 4]] {
        let direct = layer.forward_to(x.clone(), &sizes);
        let resampled = spectral_resize(layer.forward(x.clone()), &sizes);
        assert_close(
            &format!("{sizes:?}"),
            &values(direct),
            &values(resampled),
            2e-6,
        );
    }
}

#[test]
fn a_response_without_modes_is_resampled() {
    let device = Device::flex();
    let layer = SpectralConv2dConfig::new([2, 3], FullSpectrumConfig::new([6, 8])).init(&device);
    let x = noise_tensor([1, 2, 6, 8], 1, DType::F32, &device);
    let direct = layer.forward_to(x.clone(), &[9, 5]);
    let resampled = spectral_resize2d(layer.forward(x), [9, 5]);
    assert_close("full spectrum", &values(direct), &values(resampled), 1e-6);
}

#[test]
fn grids_without_the_modes_are_refused_on_either_side() {
    let device = Device::flex();
    let layer = SpectralConv1dConfig::new([1, 1], FourierModesConfig::new([5])).init(&device);
    let error = |points: usize, to: &[usize]| {
        let got = layer.check_to([1, 1, points], to).map(|_| ());
        got.unwrap_err().to_string()
    };
    let text = |points: usize| {
        format!(
            "inputs of size [{points}] have fewer frequencies than the Fourier modes [[5, 0]] (non-negative and \
             negative per axis); use fewer modes or larger inputs"
        )
    };
    assert_eq!(error(7, &[12]), text(7));
    assert_eq!(error(12, &[7]), text(7));
    assert_eq!(
        error(12, &[12, 1]),
        "expected 1 sizes, one per spatial axis, got [12, 1]"
    );
    assert!(layer.check_to([1, 1, 12], &[0]).is_err());
    assert!(layer.check_to([1, 1, 9], &[8]).is_ok());
}

#[test]
fn resampling_an_axis_of_a_volume_is_resampling_each_plane() {
    let device = Device::flex();
    let x = noise_tensor([1, 2, 5, 6, 7], 3, DType::F64, &device);
    let volume = spectral_resize(x.clone(), &[5, 4, 10]);
    let planes = spectral_resize2d(x.reshape([1, 10, 6, 7]), [4, 10]);
    assert_close("planes", &values(volume), &values(planes), 1e-12);
    let x = noise_tensor([2, 1, 9], 3, DType::F64, &device);
    let signal = spectral_resize(x.clone(), &[12]);
    let image = spectral_resize2d(x.reshape([2, 1, 9, 1]), [12, 1]);
    assert_close("signals", &values(signal), &values(image), 1e-12);
}

#[test]
fn a_block_does_the_same_to_the_same_function_on_a_finer_grid() {
    // A band-limited function sampled at 24 and at 48 points; the block is linear, so nothing folds back.
    let device = Device::flex();
    let form = BlockForm::default();
    let config = FnoBlockConfig::new([2, 3], [4, 4])
        .with_form(form)
        .with_activation(false);
    let block: FnoBlock<4> = config.init(&device);
    let coarse = spectral_resize2d(noise_tensor([1, 2, 9, 9], 1, DType::F32, &device), [24, 24]);
    let fine = spectral_resize2d(coarse.clone(), [48, 48]);
    let expected = spectral_resize2d(block.forward(coarse.clone()), [48, 48]);
    assert_close(
        "fine",
        &values(block.forward(fine)),
        &values(expected.clone()),
        5e-6,
    );
    assert_close(
        "to",
        &values(block.forward_to(coarse, &[48, 48])),
        &values(expected),
        5e-6,
    );
}

#[test]
fn the_local_branch_converges_with_the_grid() {
    let device = Device::flex();
    let local = BlockLocal {
        points: 32,
        boundary: Boundary::Periodic,
    };
    let form = BlockForm::default()
        .with_skip(SkipKind::None)
        .with_local(Some(local));
    let config = FnoBlockConfig::new([1, 1], [1])
        .with_form(form)
        .with_activation(false);
    let mut block: FnoBlock<3> = config.init(&device);
    block.spectral.dense_mut().unwrap().response.re =
        Param::from_tensor(Tensor::zeros([1, 1, 1], &device));
    let taps = Tensor::from_floats([[[0.5, -0.2, 0.1]]], &device);
    block.local.as_mut().unwrap().weight = Param::from_tensor(taps);
    let wave = |points: usize| {
        let step = std::f32::consts::TAU / points as f32;
        let values: Vec<f32> = (0..points).map(|i| (step * i as f32).sin()).collect();
        Tensor::<1>::from_floats(values.as_slice(), &device).reshape([1, 1, points])
    };
    let at = |points: usize| spectral_resize(block.forward(wave(points)), &[32]);
    let distance = |a: Tensor<3>, b: Tensor<3>| (a - b).abs().max().into_scalar::<f32>();
    let [first, second, third] = [64, 128, 256].map(at);
    let size = third.clone().abs().max().into_scalar::<f32>();
    let (coarse, fine) = (distance(first, second.clone()), distance(second, third));
    assert!(size > 1e-3, "{size}");
    assert!(
        fine < 0.6 * coarse && fine < 0.1 * size,
        "{coarse} {fine} {size}"
    );
}

#[test]
fn every_rank_size_and_batch_runs() {
    let device = Device::flex().autodiff();
    fn check<const D: usize>(fno: &Fno<D>, dims: [usize; D]) {
        let device = Device::flex().autodiff();
        let x = Tensor::<D>::random(dims, Distribution::Default, &device).require_grad();
        let y = fno.forward(x.clone());
        assert_eq!(y.dims(), dims);
        let gradients = y.sum().backward();
        assert_eq!(x.grad(&gradients).unwrap().dims(), dims);
    }
    let mlp = BlockMlp {
        expansion: 1.0,
        skip: SkipKind::Identity,
    };
    let form = BlockForm::neuraloperator().with_mlp(Some(mlp));
    let form = form.with_local(Some(BlockLocal {
        points: 8,
        boundary: Boundary::Zeros,
    }));
    let one: Fno1d = FnoConfig::new([1, 1], [4], 3, 2)
        .with_form(form.clone())
        .init(&device);
    let two: Fno2d = FnoConfig::new([1, 1], [4, 3], 3, 2)
        .with_form(form.clone())
        .init(&device);
    let three: Fno3d = FnoConfig::new([1, 1], [2, 3, 2], 3, 2)
        .with_form(form)
        .init(&device);
    for batch in [0, 1, 3] {
        check(&one, [batch, 1, 7]);
        check(&two, [batch, 1, 5, 6]);
        check(&three, [batch, 1, 3, 4, 5]);
    }
}

#[test]
fn half_precision_is_computed_in_single() {
    let device = Device::flex();
    let fno: Fno2d = FnoConfig::neuraloperator([1, 1], [4, 4], 8, 2).init(&device);
    let x = noise_tensor([2, 1, 8, 8], 1, DType::F32, &device);
    let expected = values(fno.forward(x.clone()));
    let half = fno.map(&mut ToHalf).forward(x.cast(DType::BF16));
    assert_eq!(half.dtype(), DType::BF16);
    assert_close("bf16", &values(half), &expected, 0.05);
}

/// Casts every parameter.
struct ToHalf;

impl burn::module::ModuleMapper for ToHalf {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        Param::from_tensor(param.val().cast(DType::BF16))
    }
}

#[test]
fn a_record_holds_all_that_training_changes() {
    let device = Device::flex();
    let form = BlockForm::neuraloperator().with_norm(Some(OperatorNormKind::Batch));
    let config = UnoConfig::new([1, 2], [2], 4, 1)
        .with_form(form.with_mlp(None))
        .with_connection(SkipKind::SoftGating);
    let [first, second]: [Uno1d; 2] = [config.init(&device), config.init(&device)];
    let x = noise_tensor([2, 1, 13], 1, DType::F32, &device);
    let expected = values(first.forward(x.clone()));
    assert_ne!(values(second.forward(x.clone())), expected);
    let second = second.load_record(first.into_record());
    assert_eq!(values(second.forward(x)), expected);
}

#[test]
fn fresh_weights_have_the_documented_variances() {
    let device = Device::flex();
    let variance = |initializer: SpectralInitializer| {
        let form = BlockForm::default().with_initializer(initializer);
        let config = FnoBlockConfig::new([48, 80], [4, 4]).with_form(form);
        let block: FnoBlock<4> = config.init(&device);
        let (re, im) = (
            block.spectral.dense().unwrap().response.re.val(),
            block.spectral.dense().unwrap().response.im.val(),
        );
        let power: f64 = (re.clone() * re + im.clone() * im).mean().into_scalar();
        let bias = block.spectral.bias().unwrap().val();
        (power, (bias.clone() * bias).mean().into_scalar::<f64>())
    };
    let (weights, bias) = variance(SpectralInitializer::Glorot);
    assert!((weights * 64.0 - 1.0).abs() < 0.03, "{weights}");
    assert!((0.4..2.0).contains(&(bias * 64.0)), "{bias}");
    let (_, bias) = variance(SpectralInitializer::Published);
    assert!((0.4..2.0).contains(&(bias * 3.0 * 48.0)), "{bias}");
    assert_eq!(variance(SpectralInitializer::Conv).1, 0.0);
}

#[test]
fn a_rollout_applies_the_step_to_its_own_output_and_keeps_one_state() {
    let device = Device::flex();
    let fno: Fno1d = FnoConfig::new([1, 1], [3], 4, 2).init(&device);
    let start = noise_tensor([2, 1, 9], 1, DType::F32, &device);
    let mut calls = 0;
    let mut states = rollout(
        |state| {
            calls += 1;
            fno.forward(state)
        },
        start.clone(),
        3,
    );
    let first = states.next().unwrap();
    let rest: Vec<Tensor<3>> = states.collect();
    assert_eq!((rest.len(), calls), (2, 3));
    assert_eq!(values(first.clone()), values(fno.forward(start.clone())));
    let third = fno.forward(fno.forward(first));
    assert_eq!(values(rest[1].clone()), values(third));
    assert_eq!(rollout(|state: Tensor<3>| state, start, 0).count(), 0);
}

#[test]
fn the_output_of_a_u_shaped_operator_has_the_size_of_its_scalings() {
    let device = Device::flex();
    let layer = |scaling: [f64; 2]| UnoLayer {
        channels: 2,
        modes: vec![2, 2],
        scaling: scaling.to_vec(),
    };
    let layers = vec![layer([0.5, 1.0]), layer([1.0, 2.0]), layer([1.0, 0.75])];
    let config = UnoConfig::new([1, 1], [2, 2], 2, 0).with_layers(layers);
    let padded = config
        .clone()
        .with_padding(Some(DomainPadding::symmetric([0.25, 0.25])));
    for config in [config, padded] {
        let uno: Uno2d = config.init(&device);
        let y = uno.forward(Tensor::ones([1, 1, 12, 10], &device));
        assert_eq!(y.dims(), [1, 1, 6, 15]);
        assert_eq!(uno.output_sizes(&[12, 10]), [6, 15]);
    }
}

fn text<T>(result: Result<T, SpectralError>) -> String {
    match result {
        Ok(_) => panic!("expected an error"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn bad_configurations_are_refused_with_what_is_accepted() {
    let device = Device::flex();
    let fno = |config: FnoConfig| text(config.try_init::<4>(&device));
    let config = FnoConfig::new([1, 1], [3, 3], 8, 2);
    assert_eq!(
        fno(FnoConfig::new([1, 1], [3], 8, 2)),
        "expected 2 sizes, one per spatial axis, got [3]"
    );
    assert_eq!(
        fno(FnoConfig::new([1, 1], [3, 3], 8, 0)),
        "the number of layers must be at least 1, got 0"
    );
    assert_eq!(
        fno(FnoConfig::new([1, 0], [3, 3], 8, 1)),
        "the number of channels must be at least 1, got 0"
    );
    assert_eq!(
        fno(FnoConfig::new([1, 1], [3, 3], 0, 1)),
        "the number of hidden channels must be at least 1, got 0"
    );
    let padded = |fractions: Vec<f64>| {
        let padding = DomainPadding::one_sided(fractions);
        fno(config.clone().with_padding(Some(padding)))
    };
    assert_eq!(
        padded(vec![0.1]),
        "expected 2 fractions of domain padding, one per spatial axis, got 1"
    );
    assert_eq!(
        padded(vec![0.1, -0.5]),
        "a fraction of domain padding must be a finite number of at least 0, got -0.5"
    );
    let mlp = |expansion: f64| {
        let skip = SkipKind::Linear;
        let form = BlockForm::default().with_mlp(Some(BlockMlp { expansion, skip }));
        fno(config.clone().with_form(form))
    };
    assert_eq!(
        mlp(0.01),
        "a channel MLP on 8 channels needs an expansion that gives at least 1 hidden channel, got 0.01"
    );
    assert!(mlp(f64::NAN).ends_with("got NaN") && mlp(1e30).contains("too large"));
    let local = BlockLocal {
        points: 0,
        boundary: Boundary::Periodic,
    };
    assert_eq!(
        fno(config
            .clone()
            .with_form(BlockForm::default().with_local(Some(local)))),
        "the reference points of a local branch must be at least 1, got 0"
    );
    let block = FnoBlockConfig::new([2, 3], [3, 3]);
    assert_eq!(
        text(
            block
                .with_form(BlockForm::default().with_skip(SkipKind::Identity))
                .try_init::<4>(&device)
        ),
        "identity skip connections need as many output channels as input channels, got [2, 3]; use a linear one"
    );
    assert_eq!(
        text(ChannelMlpConfig::new(vec![3]).try_init::<4>(&device)),
        "the number of layers of a channel MLP must be at least 1, got 0"
    );
    assert!(text(config.try_init::<6>(&device)).contains("1 to 3 spatial axes"));
    assert!(text(PointwiseConfig::new([0, 1]).try_init::<3>(&device)).contains("at least 1"));
}

#[test]
fn bad_shapes_of_a_u_are_refused() {
    let device = Device::flex();
    let uno = |config: UnoConfig| text(config.try_init::<3>(&device));
    let config = UnoConfig::new([1, 1], [2], 2, 1);
    let connected = |connections| uno(config.clone().with_connections(connections));
    assert_eq!(
        connected(vec![[1, 1]]),
        "a connection must lead from a layer to a later one of 5, and only one to each, got [1, 1]"
    );
    assert!(connected(vec![[0, 5]]).ends_with("got [0, 5]"));
    assert!(connected(vec![[0, 3], [1, 3]]).ends_with("got [0, 3]"));
    let layer = |scaling: Vec<f64>| UnoLayer {
        channels: 2,
        modes: vec![2],
        scaling,
    };
    assert_eq!(
        uno(config.clone().with_layers(vec![layer(vec![1.0, 1.0])])),
        "expected 1 scalings of a layer, one per spatial axis, got 2"
    );
    assert_eq!(
        uno(config.clone().with_layers(vec![layer(vec![0.0])])),
        "the scaling of a layer must be a positive finite number, got 0"
    );
    assert_eq!(
        uno(config.clone().with_layers(vec![])),
        "the number of layers must be at least 1, got 0"
    );
    let network: Uno<3> = config.init(&device);
    assert!(text(network.check([1, 1, 1])).contains("fewer frequencies"));
    assert!(text(network.check([1, 2, 16])).contains("expected 1 channels"));
    // So small a scaling leaves no samples.
    let tiny: Uno<3> = config.with_layers(vec![layer(vec![0.01])]).init(&device);
    assert!(text(tiny.check([1, 1, 16])).contains("at least 1, got 0"));
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let device = Device::flex();
    let fno: Fno2d = FnoConfig::new([2, 1], [4, 4], 3, 1)
        .with_grid(Some(GridEmbedding::Closed))
        .with_padding(Some(DomainPadding::one_sided([0.5, 0.0])))
        .init(&device);
    assert_eq!(fno.channels(), [2, 1]);
    assert_eq!(
        text(fno.check([1, 3, 8, 8])),
        "expected 2 channels, got an input of shape [1, 3, 8, 8]"
    );
    // The modes have to fit the padded grid.
    assert!(fno.check([1, 2, 6, 6]).is_ok());
    assert!(text(fno.check([1, 2, 5, 6])).contains("inputs of size [7, 6]"));
    assert!(text(fno.check([1, 2, 0, 6])).contains("at least 1, got 0"));
}
