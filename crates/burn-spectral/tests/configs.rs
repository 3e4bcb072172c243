//! Configurations are Burn's: they save, load and show themselves as JSON.

use burn::config::Config;
use burn::nn::activation::ActivationConfig;
use burn::tensor::Device;
use burn_spectral::conv::{
    ConjugateFactor, GlobalFilter2dConfig, LongConv1dConfig, SpectralConv2dConfig,
};
use burn_spectral::frequency::{
    ComplexBatchNormConfig, ComplexLinearConfig, ComplexNormForm, ModReluConfig,
    SpectralMix2dConfig, SpectrumGrid, ThroughImageConfig,
};
use burn_spectral::pool::AntiAliasedActivationConfig;
use burn_spectral::published::KkLayerConfig;
use burn_spectral::published::{
    ElementwiseConv2dConfig, FourierDomainConv2dConfig, NoiseForm, NoiseTime, SharedStack2dConfig,
    SpatialMaxPoolConfig, SpectralNoiseConfig,
};
use burn_spectral::response::{
    BandLimitedConfig, ConstantConfig, Coupling, FourierModesConfig, FullSpectrumConfig,
    GateConfig, GaussianConfig, KernelConfig, KramersKronigConfig, ParametricForm,
    PolynomialConfig,
};
use burn_spectral::spectrum::{
    ElementGateConfig, FftLayerConfig, FrequencyGateConfig, GateFeatures, PatchStft2dConfig,
    PatchWindow, SpectrumOutput,
};
use burn_spectral::{Norm, SpectralInitializer};

/// Saves, loads, and compares what both show.
fn check<C: Config + Clone + core::fmt::Display>(config: C) {
    let name = core::any::type_name::<C>();
    let file = format!(
        "{:x}.json",
        name.bytes()
            .fold(7u64, |h, b| h.wrapping_mul(31) + u64::from(b))
    );
    let path = std::env::temp_dir().join(format!("{}-{file}", std::process::id()));
    config.save(&path).unwrap();
    let loaded = C::load(&path);
    std::fs::remove_file(&path).unwrap();
    let loaded = loaded.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(loaded.to_string(), config.clone().to_string(), "{name}");
    assert_eq!(format!("{loaded:?}"), format!("{config:?}"), "{name}");
}

#[test]
fn every_configuration_saves_and_loads() {
    let grid = SpectrumGrid::half([8, 6]);
    check(ConstantConfig::new().with_initializer(SpectralInitializer::Published));
    check(FourierModesConfig::new([3, 4]).with_initializer(SpectralInitializer::Normal(0.1)));
    check(FullSpectrumConfig::new([8, 6]));
    check(GateConfig::new([8, 6]));
    check(GaussianConfig::new().with_form(ParametricForm::Published));
    check(KernelConfig::new([3, 3]));
    check(KramersKronigConfig::new([8, 6]).with_axis(0));
    check(PolynomialConfig::new(3).with_form(ParametricForm::Published));
    let band = BandLimitedConfig::new(GaussianConfig::new(), [8, 6]);
    check(band.clone());
    let conv = SpectralConv2dConfig::new([2, 4], band)
        .with_coupling(Coupling::Grouped(2))
        .with_conjugate(ConjugateFactor::Input)
        .with_bias(false);
    check(conv);
    check(SpectralMix2dConfig::new([2, 4], KernelConfig::new([3, 3])).with_bias(true));
    check(SharedStack2dConfig::new(2, [3, 4], GaussianConfig::new()));
    check(GlobalFilter2dConfig::new(2, [8, 6]).with_initializer(SpectralInitializer::Conv));
    check(KkLayerConfig::new([2, 3]));
    check(LongConv1dConfig::new(2, 9).with_skip(true));
    check(ElementwiseConv2dConfig::published([2, 3], [3, 3], [8, 6]));
    check(FourierDomainConv2dConfig::published([2, 3], [8, 6]));
    check(ComplexBatchNormConfig::new(2, ComplexNormForm::Image(grid)).with_momentum(0.2));
    check(ComplexLinearConfig::new([2, 3]).with_bias(false));
    check(ModReluConfig::new(2).with_offset(-0.5));
    let noise = SpectralNoiseConfig::new(0.1).with_form(NoiseForm::Hermitian(grid));
    check(noise.with_time(NoiseTime::Always));
    check(SpatialMaxPoolConfig::new(grid).with_window([2, 3]));
    let through = ThroughImageConfig::new(grid, ActivationConfig::Relu).with_pool(Some([2, 2]));
    check(through.with_margin([2, 1]).with_dropout(0.1));
    check(AntiAliasedActivationConfig::new(ActivationConfig::Gelu).with_factor(3));
    check(ElementGateConfig::new(2, [8, 6]));
    check(FrequencyGateConfig::new(2, [8, 6]).with_features(GateFeatures::Real));
    check(FftLayerConfig::new(SpectrumOutput::Magnitude).with_norm(Norm::Ortho));
    check(PatchStft2dConfig::new([8, 4]).with_window(PatchWindow::Sine));
}

#[test]
fn a_configuration_file_is_readable() {
    let config = SpectralConv2dConfig::new([2, 4], FourierModesConfig::new([3, 4]));
    let lines: Vec<String> = config
        .to_string()
        .lines()
        .map(|l| l.trim().into())
        .collect();
    for line in [
        "\"initializer\": \"Conv\"",
        "\"coupling\": \"Dense\",",
        "\"bias\": true",
    ] {
        assert!(lines.iter().any(|l| l == line), "{line} in {lines:?}");
    }
    let norm = FftLayerConfig::new(SpectrumOutput::Magnitude).to_string();
    assert!(norm.contains("\"norm\": \"Backward\""), "{norm}");
}

#[test]
fn patches_are_half_a_patch_apart_by_default() {
    assert_eq!(PatchStft2dConfig::new([8, 1]).hop, [4, 1]);
    let device = Device::flex();
    let gate = ElementGateConfig::new(3, [4, 6]).init(&device);
    assert_eq!(gate.logits.dims(), [3, 1, 4, 4]);
}
