//! Networks and their layers against naive loops, shifts, finite differences and published counts.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::nn::GroupNormConfig;
use burn::tensor::{DType, Device, Distribution, Tensor, TensorData, Tolerance};
use burn_spectral::ops::Activation;

use super::norm::normalize;
use super::*;

/// Sets weights, in f64, to noise and adds a multiple of other noise: the same at every run.
struct Perturb {
    step: f64,
    count: usize,
}

/// Values between −1 and 1 that follow from `seed`.
fn noise<const D: usize>(dims: [usize; D], seed: usize, device: &Device) -> Tensor<D> {
    let count: usize = dims.iter().product();
    let value = |at: usize| ((at * 7 + 3 * seed + 1) as f64 * 0.7391).sin();
    let values: Vec<f64> = (0..count).map(value).collect();
    Tensor::from_data(TensorData::new(values, dims), (device, DType::F64))
}

impl ModuleMapper for Perturb {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.count += 1;
        let (dims, device) = (param.val().dims(), param.val().device());
        let start = noise(dims, 1000 + self.count, &device) * 0.6;
        let moved = start + noise(dims, self.count, &device) * self.step;
        Param::initialized(param.id, moved.require_grad())
    }
}

/// The product of a module's gradients with the noise of [`Perturb`].
struct Slope<'a> {
    gradients: &'a burn::tensor::Gradients,
    sum: f64,
    count: usize,
}

impl ModuleVisitor for Slope<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.count += 1;
        let gradient = param
            .val()
            .grad(self.gradients)
            .expect("every weight has a gradient");
        let noise = noise(gradient.dims(), self.count, &gradient.device());
        self.sum += (gradient * noise).sum().into_scalar::<f64>();
    }
}

/// Gradients of all weights and of the input against central differences along one direction each.
fn check_gradients<const D: usize, M: Module>(
    network: M,
    dims: [usize; D],
    forward: impl Fn(&M, Tensor<D>) -> Tensor<D>,
) {
    let device = Device::flex().autodiff();
    let loss = |network: &M, x: Tensor<D>| {
        let y = forward(network, x);
        let weights = noise(y.dims(), 77, &y.device());
        (y * weights).sum()
    };
    let moved = |step| network.clone().map(&mut Perturb { step, count: 0 });
    let x = noise(dims, 5, &device);
    let direction = noise(dims, 11, &device);
    let at = |network: &M, x: Tensor<D>| loss(network, x).into_scalar::<f64>();
    let step = 1e-6;

    let (network, input) = (moved(0.0), x.clone().require_grad());
    let gradients = loss(&network, input.clone()).backward();
    let mut slope = Slope {
        gradients: &gradients,
        sum: 0.0,
        count: 0,
    };
    network.visit(&mut slope);
    let difference = (at(&moved(step), x.clone()) - at(&moved(-step), x.clone())) / (2.0 * step);
    let error = (slope.sum - difference).abs() / difference.abs().max(1.0);
    assert!(error < 1e-6, "weights: {} and {difference}", slope.sum);

    let along = |step: f64| at(&network, x.clone() + direction.clone() * step);
    let difference = (along(step) - along(-step)) / (2.0 * step);
    let gradient = input.grad(&gradients).unwrap();
    let got = (gradient * direction.clone().inner())
        .sum()
        .into_scalar::<f64>();
    let error = (got - difference).abs() / difference.abs().max(1.0);
    assert!(error < 1e-6, "input: {got} and {difference}");
}

/// Every index of a grid.
fn indices(sizes: &[usize]) -> impl Iterator<Item = Vec<usize>> + '_ {
    (0..sizes.iter().product()).map(|mut at: usize| {
        let mut index = vec![0; sizes.len()];
        for (axis, size) in sizes.iter().enumerate().rev() {
            index[axis] = at % size;
            at /= size;
        }
        index
    })
}

/// The value of a tensor at an index.
struct Values {
    values: Vec<f64>,
    dims: Vec<usize>,
}

impl Values {
    fn of<const D: usize>(tensor: Tensor<D>) -> Self {
        Self {
            dims: tensor.dims().to_vec(),
            values: tensor.into_data().convert::<f64>().try_to_vec().unwrap(),
        }
    }

    fn at(&self, index: &[usize]) -> f64 {
        let flat = index
            .iter()
            .zip(&self.dims)
            .fold(0, |flat, (at, size)| flat * size + at);
        self.values[flat]
    }

    /// The value at a position that may be outside the grid: that of the periodic signal, or zero.
    fn beyond(&self, leading: [usize; 2], position: &[isize], periodic: bool) -> f64 {
        let mut index = leading.to_vec();
        for (at, &size) in position.iter().zip(&self.dims[2..]) {
            match periodic {
                true => index.push(at.rem_euclid(size as isize) as usize),
                false if (0..size as isize).contains(at) => index.push(*at as usize),
                false => return 0.0,
            }
        }
        self.at(&index)
    }
}

fn check_conv<const D: usize>(sizes: &[usize], config: ConvConfig) {
    let device = Device::flex();
    let layer: Conv<D> = config.try_init(&device).unwrap();
    let [inputs, outputs] = config.channels;
    let dims: [usize; D] = [&[2, inputs], sizes].concat().try_into().unwrap();
    let input = noise(dims, 3, &device).cast(DType::F32);
    let y = Values::of(layer.forward(input.clone()));
    let (x, weight) = (Values::of(input), Values::of(layer.weight.val()));
    let bias = Values::of(layer.bias.as_ref().unwrap().val());
    let taps = vec![config.taps; D - 2];
    let grid: Vec<usize> = sizes
        .iter()
        .map(|size| size.div_ceil(config.stride))
        .collect();
    assert_eq!(y.dims, [&[2, outputs], &grid[..]].concat());
    let before = ((config.taps - 1) / 2 * config.dilation) as isize;
    for index in indices(&y.dims) {
        let mut sum = bias.at(&index[1..2]);
        for input in 0..inputs {
            for tap in indices(&taps) {
                let along = |(n, t): (&usize, &usize)| {
                    (config.stride * n + config.dilation * t) as isize - before
                };
                let position: Vec<isize> = index[2..].iter().zip(&tap).map(along).collect();
                let factor = weight.at(&[&[index[1], input], &tap[..]].concat());
                sum += factor * x.beyond([index[0], input], &position, config.periodic);
            }
        }
        let error = (sum - y.at(&index)).abs();
        assert!(error < 1e-5, "{config:?} at {index:?}: off by {error}");
    }
}

#[test]
fn convolutions_are_those_of_naive_loops() {
    for periodic in [true, false] {
        let config = |taps| ConvConfig::new([2, 3], taps).with_periodic(periodic);
        check_conv::<3>(&[11], config(3));
        check_conv::<3>(&[10], config(3).with_stride(2));
        check_conv::<3>(&[7], config(3).with_dilation(2));
        // The dilated kernel is longer than the grid.
        check_conv::<3>(&[5], config(3).with_dilation(8));
        check_conv::<3>(&[6], config(1));
        check_conv::<3>(&[6], config(4));
        check_conv::<4>(&[6, 5], config(3));
        check_conv::<4>(&[6, 8], config(3).with_stride(2));
        check_conv::<4>(&[5, 7], config(3).with_dilation(4));
        check_conv::<5>(&[4, 3, 5], config(3));
    }
}

fn check_upsample<const D: usize>(sizes: &[usize], config: UpsampleConfig) {
    let device = Device::flex();
    let layer: Upsample<D> = config.try_init(&device).unwrap();
    let [inputs, outputs] = config.channels;
    let dims: [usize; D] = [&[2, inputs], sizes].concat().try_into().unwrap();
    let input = noise(dims, 3, &device).cast(DType::F32);
    let y = Values::of(layer.forward(input.clone()));
    let (x, weight, bias) = (
        Values::of(input),
        Values::of(layer.weight.val()),
        Values::of(layer.bias.val()),
    );
    let grid: Vec<usize> = sizes.iter().map(|size| 2 * size).collect();
    assert_eq!(y.dims, [&[2, outputs], &grid[..]].concat());
    for index in indices(&y.dims) {
        let mut sum = bias.at(&index[1..2]);
        for tap in indices(&vec![config.taps; D - 2]) {
            // 2n + t − 1 = m
            let twice: Vec<isize> = (index[2..].iter().zip(&tap))
                .map(|(m, t)| *m as isize + 1 - *t as isize)
                .collect();
            if twice.iter().any(|twice| twice.rem_euclid(2) == 1) {
                continue;
            }
            let position: Vec<isize> = twice.iter().map(|twice| twice.div_euclid(2)).collect();
            for input in 0..inputs {
                let factor = weight.at(&[&[index[1], input], &tap[..]].concat());
                sum += factor * x.beyond([index[0], input], &position, config.periodic);
            }
        }
        let error = (sum - y.at(&index)).abs();
        assert!(error < 1e-5, "{config:?} at {index:?}: off by {error}");
    }
}

#[test]
fn upsampling_is_the_transposed_convolution_of_naive_loops() {
    for periodic in [true, false] {
        for taps in [3, 4] {
            let config = UpsampleConfig::new([2, 3])
                .with_taps(taps)
                .with_periodic(periodic);
            check_upsample::<3>(&[5], config.clone());
            check_upsample::<3>(&[1], config.clone());
            check_upsample::<4>(&[3, 4], config.clone());
            check_upsample::<5>(&[2, 3, 2], config);
        }
    }
    let error = UpsampleConfig::new([1, 1])
        .with_taps(5)
        .try_init::<3>(&Device::flex());
    assert_eq!(
        error.unwrap_err().to_string(),
        "upsampling by convolution has 3 or 4 taps, got 5"
    );
}

#[test]
fn group_normalization_is_burns() {
    let device = Device::flex();
    let mut norm = GroupNormConfig::new(2, 6).init(&device);
    let random = || Tensor::random([6], Distribution::Uniform(-1.0, 1.0), &device);
    (norm.gamma, norm.beta) = (
        Some(Param::from_tensor(random())),
        Some(Param::from_tensor(random())),
    );
    let x = noise([3, 6, 4, 5], 1, &device).cast(DType::F32) + 2.0;
    let expected = norm.forward(x.clone());
    let close = |got: Tensor<4>, expected: Tensor<4>| {
        got.into_data()
            .assert_approx_eq::<f32>(&expected.into_data(), Tolerance::absolute(1e-5));
    };
    close(
        normalize(&norm, x.clone(), Activation::Identity),
        expected.clone(),
    );
    close(
        normalize(&norm, x, Activation::RELU),
        burn::tensor::activation::relu(expected),
    );
}

#[test]
fn parameters_are_counted_as_published() {
    let device = Device::flex();
    let count = ResNetConfig::new([1, 1], 26)
        .try_init::<3>(&device)
        .unwrap()
        .num_params();
    assert_eq!(count, 32_943);
    let count = DilatedResNetConfig::new([1, 1], 32)
        .try_init::<3>(&device)
        .unwrap()
        .num_params();
    assert_eq!(count, 31_777);
    let count = UNetConfig::new([1, 1], 12)
        .try_init::<3>(&device)
        .unwrap()
        .num_params();
    assert_eq!(count, 27_193);
    // Unetmod64 of PDEArena's model zoo, 577.055 MB in float32.
    let count = ModernUNetConfig::new([12, 3], 64).parameters(2);
    assert_eq!(count, 144_263_683);
}

#[test]
fn parameters_are_those_of_the_network() {
    fn check<const D: usize>() {
        let (device, axes) = (Device::flex(), D - 2);
        let config = ResNetConfig::new([2, 3], 4).with_blocks(2);
        let network = config.try_init::<D>(&device).unwrap();
        assert_eq!(config.parameters(axes), network.num_params() as u64);
        let config = DilatedResNetConfig::new([2, 3], 4);
        let network = config.try_init::<D>(&device).unwrap();
        assert_eq!(config.parameters(axes), network.num_params() as u64);
        for levels in [0, 3] {
            let config = UNetConfig::new([2, 3], 4).with_levels(levels);
            let network = config.try_init::<D>(&device).unwrap();
            assert_eq!(config.parameters(axes), network.num_params() as u64);
            assert_eq!(network.multiple(), 1 << levels);
        }
        for factors in [vec![1], vec![1, 2, 2, 4], vec![2, 1, 3]] {
            let halvings = factors.len() - 1;
            let config = ModernUNetConfig::new([2, 3], 3).with_factors(factors);
            let network = config.try_init::<D>(&device).unwrap();
            assert_eq!(config.parameters(axes), network.num_params() as u64);
            assert_eq!(network.multiple(), 1 << halvings);
        }
    }
    check::<3>();
    check::<4>();
    check::<5>();
}

/// Networks by name, small, with their forward passes.
macro_rules! each_network {
    ($D:literal, $periodic:expr, |$name:ident, $network:ident| $body:expr) => {{
        let device = Device::flex().autodiff();
        {
            let ($name, config) = ("resnet", ResNetConfig::new([2, 1], 3).with_blocks(2));
            let $network: ResNet<$D> = config.with_periodic($periodic).try_init(&device).unwrap();
            $body
        }
        {
            let ($name, config) = (
                "dilated",
                DilatedResNetConfig::new([2, 1], 3).with_blocks(1),
            );
            let $network: DilatedResNet<$D> =
                config.with_periodic($periodic).try_init(&device).unwrap();
            $body
        }
        {
            let ($name, config) = ("unet", UNetConfig::new([2, 1], 2).with_levels(1));
            let $network: UNet<$D> = config.with_periodic($periodic).try_init(&device).unwrap();
            $body
        }
        {
            let config = ModernUNetConfig::new([2, 1], 2).with_factors(vec![1, 2]);
            let ($name, config) = ("modern", config.with_blocks(1));
            let $network: ModernUNet<$D> =
                config.with_periodic($periodic).try_init(&device).unwrap();
            $body
        }
    }};
}

#[test]
fn gradients_are_finite_differences() {
    each_network!(3, true, |_name, network| {
        check_gradients(network, [2, 2, 8], |network, x| network.forward(x));
    });
    each_network!(4, false, |_name, network| {
        check_gradients(network, [1, 2, 4, 6], |network, x| network.forward(x));
    });
    each_network!(5, true, |_name, network| {
        check_gradients(network, [1, 2, 2, 2, 4], |network, x| network.forward(x));
    });
}

/// The greatest difference between the output of a shifted input and the shifted output.
fn shift_error<M: Module>(network: M, forward: impl Fn(&M, Tensor<4>) -> Tensor<4>) -> f64 {
    let network = network.map(&mut Perturb {
        step: 0.0,
        count: 0,
    });
    let x = noise([2, 2, 8, 12], 9, &Device::flex().autodiff());
    let roll = |x: Tensor<4>| x.roll(&[2, -4], &[2, 3]);
    let shifted = forward(&network, roll(x.clone()));
    (shifted - roll(forward(&network, x)))
        .abs()
        .max()
        .into_scalar()
}

#[test]
fn periodic_networks_commute_with_shifts_and_others_see_the_boundary() {
    each_network!(4, true, |name, network| {
        let error = shift_error(network, |network, x| network.forward(x));
        assert!(error < 1e-11, "{name}: off by {error}");
    });
    each_network!(4, false, |name, network| {
        let error = shift_error(network, |network, x| network.forward(x));
        assert!(error > 1e-3, "{name}: {error}");
    });
}

#[test]
fn inputs_and_settings_that_do_not_fit_are_refused() {
    let device = Device::flex();
    let unet: UNet<4> = UNetConfig::new([2, 1], 4).try_init(&device).unwrap();
    unet.check([1, 2, 8, 12]).unwrap();
    let error = unet.check([1, 2, 8, 10]).unwrap_err().to_string();
    assert_eq!(
        error,
        "model 'unet' needs grid sizes that are multiples of 4, got [8, 10]"
    );
    let error = unet.check([1, 3, 8, 8]).unwrap_err().to_string();
    assert!(error.contains("2 channels, got 3"), "{error}");
    let resnet: ResNet<3> = ResNetConfig::new([2, 1], 4).try_init(&device).unwrap();
    assert!(resnet.check([1, 2, 0]).is_err());

    let huge = usize::MAX / 3;
    let errors = [
        ResNetConfig::new([1, 1], 0).try_init::<3>(&device).err(),
        ResNetConfig::new([1, 1], huge).try_init::<3>(&device).err(),
        DilatedResNetConfig::new([1, 0], 4)
            .try_init::<3>(&device)
            .err(),
        DilatedResNetConfig::new([1, 1], 4)
            .with_rates(vec![])
            .try_init::<3>(&device)
            .err(),
        DilatedResNetConfig::new([1, 1], 4)
            .with_rates(vec![0])
            .try_init::<3>(&device)
            .err(),
        UNetConfig::new([1, 1], huge).try_init::<5>(&device).err(),
        UNetConfig::new([1, 1], 4)
            .with_levels(60)
            .try_init::<3>(&device)
            .err(),
        ModernUNetConfig::new([1, 1], huge)
            .try_init::<3>(&device)
            .err(),
        ModernUNetConfig::new([1, 1], 4)
            .with_factors(vec![1, 0])
            .try_init::<3>(&device)
            .err(),
        ModernUNetConfig::new([1, 1], 4)
            .with_blocks(huge)
            .try_init::<3>(&device)
            .err(),
    ];
    for (case, error) in errors.into_iter().enumerate() {
        let text = error.unwrap_or_else(|| panic!("case {case}")).to_string();
        assert!(
            text.contains("at least 1") || text.contains("at most"),
            "{case}: {text}"
        );
    }
}
