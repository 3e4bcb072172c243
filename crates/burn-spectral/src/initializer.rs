//! How weights start.

use burn::tensor::Distribution;
use serde::{Deserialize, Serialize};

use crate::SpectralError;

/// The initial weights of a spectral layer.
///
/// Each layer documents what the variants mean for it; a variant that a layer does not have is an
/// error of its `try_init` that names those it has.
///
/// | layer | default | `Conv` | `Published` | `Normal` | others |
/// |---|---|---|---|---|---|
/// | [`Constant`](crate::response::Constant) | `Conv` | yes | standard normal (KKLayer) | yes | |
/// | [`KkLayer`](crate::published::KkLayer) | `Published` | yes | standard normal | yes | |
/// | [`FourierModes`](crate::response::FourierModes) | `Conv` | yes | `U(0, 1) / (C_in·C_out)` (Li et al., 2021) | yes | `Glorot` |
/// | [`LowRankModes`](crate::operator::LowRankModes) | `Conv` | yes | | yes | `Glorot` |
/// | [`GlobalFilter2d`](crate::conv::GlobalFilter2d) | `Published` | yes | `N(0, 0.02)` (Rao et al., 2021) | yes | |
/// | [`ElementwiseConv2d`](crate::published::ElementwiseConv2d) | `Conv` | yes | see its configuration (Pan et al., 2022) | yes | |
/// | [`FourierDomainConv2d`](crate::published::FourierDomainConv2d) | `Conv` | yes | Keras' Glorot bounds (Wood and Larson, 2021) | yes | |
/// | [`LongConv1d`](crate::conv::LongConv1d) | `Conv` | yes | | yes | `Decay` |
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum SpectralInitializer {
    /// Variance-preserving: the output has the variance that a freshly initialized Burn convolution
    /// would give it.
    #[default]
    Conv,
    /// As in the paper that introduced the layer.
    Published,
    /// Normal with mean 0 and this standard deviation; real and imaginary parts are drawn
    /// independently.
    Normal(f64),
    /// Complex normal with `E|R|² = 2 / (C_in + C_out)` (Glorot and Bengio, 2010), as neuraloperator draws them.
    Glorot,
    /// Normal under an exponential window, as in Hyena (Poli et al., 2023), with the output variance
    /// of `Conv`: for kernels as long as the signal.
    Decay,
}

impl SpectralInitializer {
    /// The error of a layer that does not have this variant.
    pub(crate) fn unsupported(self, layer: &'static str, accepted: &'static str) -> SpectralError {
        SpectralError::Initializer {
            layer,
            accepted,
            got: format!("{self:?}"),
        }
    }

    /// The distribution of [`Normal`](Self::Normal).
    pub(crate) fn normal(deviation: f64) -> Result<Distribution, SpectralError> {
        match deviation > 0.0 && deviation.is_finite() {
            true => Ok(Distribution::Normal(0.0, deviation)),
            false => Err(SpectralError::NotPositive {
                what: "the standard deviation of the initial weights",
                value: deviation.to_string(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::{GlobalFilter2dConfig, LongConv1dConfig};
    use crate::published::KkLayerConfig;
    use crate::published::{
        ElementwiseConv2dConfig, ElementwiseWeights, FourierDomainConv2dConfig,
    };
    use crate::response::{ConstantConfig, FourierModes1d, FourierModesConfig, ResponseConfig};
    use SpectralInitializer::{Conv, Decay, Normal, Published};
    use burn::tensor::Device;

    /// The error of every layer with an initializer, if any.
    fn errors(initializer: SpectralInitializer) -> Vec<Option<String>> {
        let device = Device::flex();
        let text = |error: SpectralError| error.to_string();
        let elementwise = |weights| {
            ElementwiseConv2dConfig::new([1, 2], [3, 3], [4, 4])
                .with_weights(weights)
                .with_initializer(initializer)
                .try_init(&device)
                .err()
        };
        let constant = ConstantConfig::new().with_initializer(initializer);
        let modes = FourierModesConfig::new([3]).with_initializer(initializer);
        let modes: Result<FourierModes1d, _> = modes.try_init([1, 2], &device);
        let kk = KkLayerConfig::new([1, 2]).with_initializer(initializer);
        let global = GlobalFilter2dConfig::new(2, [4, 4]).with_initializer(initializer);
        let domain = FourierDomainConv2dConfig::new([1, 2], [4, 4]).with_initializer(initializer);
        let long = LongConv1dConfig::new(2, 5).with_initializer(initializer);
        vec![
            ResponseConfig::<4>::try_init(&constant, [1, 2], &device)
                .err()
                .map(text),
            modes.err().map(text),
            kk.try_init(&device).err().map(text),
            global.try_init(&device).err().map(text),
            elementwise(ElementwiseWeights::Taps).map(text),
            elementwise(ElementwiseWeights::Free).map(text),
            domain.try_init(&device).err().map(text),
            long.try_init(&device).err().map(text),
        ]
    }

    #[test]
    fn a_variant_that_a_layer_does_not_have_is_refused_with_those_it_has() {
        for initializer in [Conv, Normal(0.1)] {
            assert!(errors(initializer).iter().all(Option::is_none));
        }
        let mut published = errors(Published);
        let long = published.pop().unwrap().unwrap();
        assert!(published.iter().all(Option::is_none));
        assert_eq!(
            long,
            "LongConv1d does not support the initializer Published; use Conv, Normal or Decay"
        );
        let mut decay = errors(Decay);
        assert_eq!(decay.pop().unwrap(), None);
        for error in decay {
            let error = error.unwrap();
            assert!(
                error.contains(" does not support the initializer Decay; use Conv, Published"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_deviation_that_is_not_positive_is_refused() {
        for deviation in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            for error in errors(Normal(deviation)) {
                let expected = format!(
                    "the standard deviation of the initial weights must be a positive finite \
                     number, got {deviation}"
                );
                assert_eq!(error, Some(expected));
            }
        }
    }
}
