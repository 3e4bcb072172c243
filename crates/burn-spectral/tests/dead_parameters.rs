//! The parameters that a response counts as dead are those without a gradient.

use burn::module::{Module, ModuleDisplay, ModuleMapper, Param};
use burn::tensor::{DType, Device, Distribution, Tensor};
use burn_spectral::FrequencyGrid;
use burn_spectral::conv::{SpectralConv2d, SpectralConv2dConfig};
use burn_spectral::inspect::{Probe, inspect_parameters};
use burn_spectral::response::{
    BandLimitedConfig, ConstantConfig, FourierModesConfig, FrequencyResponse, FullSpectrumConfig,
    GaussianConfig, KernelConfig, KramersKronigConfig, ParametricForm, PolynomialConfig,
    ResponseConfig,
};
use burn_spectral::spectrum::GateConfig;

const SIZES: [[usize; 2]; 14] = [
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
    [1, 3],
    [3, 1],
    [2, 3],
    [3, 2],
    [4, 2],
    [2, 4],
    [5, 1],
    [3, 3],
    [4, 4],
    [5, 4],
];

struct Redraw;

impl ModuleMapper for Redraw {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| tensor.random_like(Distribution::Normal(0.0, 0.3)))
    }
}

/// Compares the count of dead parameters with what gradients say.
fn check<C>(config: C, size: [usize; 2])
where
    C: ResponseConfig<4, Response: ModuleDisplay>,
{
    let device = Device::flex();
    device.seed(1);
    let what = format!("{config:?} on {size:?}");
    let layer = SpectralConv2dConfig::new([2, 3], config).init(&device);
    // Published weights start so small that some act less than an inspection can see.
    let layer = layer.map(&mut Redraw);
    let probe = Probe::new(2, size, &device).unwrap();
    let probe = probe.with_dtype(DType::F64);
    let report = inspect_parameters(&layer, SpectralConv2d::forward, &probe).unwrap();
    let measured: Vec<_> = (report.dead().into_iter())
        .map(|dead| {
            (
                dead.name.rsplit('.').next().unwrap().to_string(),
                dead.count,
            )
        })
        .collect();
    let counted = layer
        .response
        .dead_parameters(&FrequencyGrid::new(&size).unwrap());
    let counted: Vec<_> = (counted.into_iter())
        .map(|(name, count)| (name.to_string(), count))
        .collect();
    assert_eq!(measured, counted, "{what}");
}

#[test]
fn the_parameters_counted_as_dead_are_those_without_a_gradient() {
    for size in SIZES {
        check(ConstantConfig::default(), size);
        check(FullSpectrumConfig::new(size), size);
        check(KernelConfig::new([1, 1]), size);
        check(KramersKronigConfig::new(size), size);
        check(GateConfig::new(size), size);
        for form in [ParametricForm::Stable, ParametricForm::Published] {
            for order in 1..=4 {
                check(PolynomialConfig::new(order).with_form(form), size);
            }
            check(GaussianConfig::new().with_form(form), size);
        }
    }
    for (modes, size) in [
        ([2, 2], [4, 4]),
        ([2, 3], [5, 4]),
        ([1, 1], [2, 2]),
        ([2, 2], [8, 7]),
    ] {
        check(FourierModesConfig::new(modes), size);
        check(FourierModesConfig::centered(modes), size);
    }
    for size in [[2, 2], [3, 4], [1, 5]] {
        check(
            BandLimitedConfig::new(FullSpectrumConfig::new(size), size),
            size,
        );
        check(BandLimitedConfig::new(GaussianConfig::new(), size), size);
    }
}

#[test]
fn a_parameter_near_a_stationary_point_is_not_dead() {
    let device = Device::flex();
    let mut layer = SpectralConv2dConfig::new([1, 1], GaussianConfig::new()).init(&device);
    // Centers, the lower triangle of the root of the covariance, and the amplitude: on a single sample, frequency 0, the
    // derivative by the root is about the square of the center.
    let near = [1e-7, 0.3, 0.5, 0.1, 0.5, 1.0];
    layer.response.re = Param::from_tensor(Tensor::from_floats([[near]], &device));
    let probe = Probe::new(1, [1, 1], &device).unwrap();
    let probe = probe.with_dtype(DType::F64);
    let report = inspect_parameters(&layer, SpectralConv2d::forward, &probe).unwrap();
    let dead = report.dead();
    assert_eq!(dead.len(), 1, "{dead:?}");
    assert_eq!((dead[0].name.as_str(), dead[0].count), ("response.im", 6));
}
