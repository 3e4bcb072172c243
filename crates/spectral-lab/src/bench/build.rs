//! Builds the layer of a [`Spec`].

use burn::nn::{PaddingConfig2d, conv::Conv2dConfig};
use burn::tensor::Device;
use burn_spectral::conv::{
    GlobalFilter2d, GlobalFilter2dConfig, InitFft, LongConv1d, LongConv1dConfig, SpectralConv2d,
    SpectralConv2dConfig,
};
use burn_spectral::published::KkLayerConfig;
use burn_spectral::response::{
    Coupling, FourierModesConfig, FullSpectrumConfig, GaussianConfig, ParametricForm,
};

use super::error::BenchError;
use super::layers::RoundTrip;
use super::spec::{Layer, Spec};
use super::subject::{Subject, subject};

/// Creates the layer and its input, both random.
///
/// # Errors
/// If the layer does not accept these sizes.
pub fn build(spec: &Spec) -> Result<Box<dyn Subject>, BenchError> {
    let device = Device::flex();
    let (channels, outputs) = (spec.channels(), spec.outputs());
    let pair = [channels, outputs];
    if let [batch, channels, length] = spec.shape[..] {
        let shape = [batch, channels, length];
        return Ok(match spec.layer {
            Layer::LongConv => {
                let config = LongConv1dConfig::new(channels, length);
                subject(config.try_init(&device)?, shape, LongConv1d::forward)
            }
            _ => subject(RoundTrip::new(1), shape, |layer, x| layer.forward(x)),
        });
    }
    let shape = [spec.shape[0], spec.shape[1], spec.shape[2], spec.shape[3]];
    let free = || FullSpectrumConfig::new(spec.sizes());
    Ok(match spec.layer {
        Layer::Conv {
            kernel,
            groups,
            bias,
            ..
        } => {
            let config = Conv2dConfig::new(pair, [kernel; 2])
                .with_padding(PaddingConfig2d::Same)
                .with_groups(groups)
                .with_bias(bias);
            subject(config.try_init_fft(&device)?, shape, |layer, x| {
                layer.forward(x)
            })
        }
        Layer::Kk { .. } => subject(
            KkLayerConfig::new(pair).try_init(&device)?,
            shape,
            |layer, x| layer.forward(x),
        ),
        Layer::Dense { .. } => {
            let config = SpectralConv2dConfig::new(pair, free()).with_bias(false);
            subject(config.try_init(&device)?, shape, SpectralConv2d::forward)
        }
        Layer::Depthwise => {
            let config = SpectralConv2dConfig::new(pair, free())
                .with_coupling(Coupling::Depthwise)
                .with_bias(false);
            subject(config.try_init(&device)?, shape, SpectralConv2d::forward)
        }
        Layer::Modes { rows, columns, .. } => {
            let modes = FourierModesConfig::new([rows, columns]);
            let config = SpectralConv2dConfig::new(pair, modes).with_bias(false);
            subject(config.try_init(&device)?, shape, SpectralConv2d::forward)
        }
        Layer::Gaussian { .. } => {
            let response = GaussianConfig::new().with_form(ParametricForm::Published);
            let config = SpectralConv2dConfig::new(pair, response)
                .with_coupling(Coupling::Shared)
                .with_bias(false);
            subject(config.try_init(&device)?, shape, SpectralConv2d::forward)
        }
        Layer::GlobalFilter => {
            let [_, height, width, channels] = shape;
            let config = GlobalFilter2dConfig::new(channels, [height, width]);
            subject(config.try_init(&device)?, shape, GlobalFilter2d::forward)
        }
        Layer::LongConv | Layer::RoundTrip => {
            subject(RoundTrip::new(2), shape, |layer, x| layer.forward(x))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::spec::{LAYERS, Options};

    #[test]
    fn every_layer_runs_both_passes() {
        for name in LAYERS {
            let options = Options {
                layer: name.into(),
                shape: match name {
                    "longconv" => vec![2, 3, 10],
                    _ => vec![2, 3, 8, 6],
                },
                modes: (name == "modes").then_some([2, 3]),
                ..Options::default()
            };
            let subject = build(&options.spec().unwrap()).unwrap();
            subject.forward();
            subject.both();
            assert_eq!(subject.parameters() > 0, name != "transform", "{name}");
        }
    }
}
