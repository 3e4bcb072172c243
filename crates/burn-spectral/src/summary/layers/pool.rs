//! Changes of resolution.

use crate::pool::{AntiAliasedActivation, SpectralPool2d, SpectralUpsample2d};
use crate::{FrequencyGrid, SpectralError};

use super::super::cost::real_transform;
use super::super::{FeatureShape, Summarize, Trace};

/// Multiply-adds of a change of resolution of one channel.
fn resize(from: [usize; 2], to: [usize; 2]) -> u64 {
    match from == to {
        true => 0,
        false => real_transform(from[0] * from[1]) + real_transform(to[0] * to[1]),
    }
}

macro_rules! resize_layer {
    ($layer:ident) => {
        impl Summarize for $layer {
            fn kind(&self) -> String {
                stringify!($layer).into()
            }

            fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
                let dims @ [_, channels, height, width] = input.real()?;
                self.check(dims)?;
                Ok(Trace {
                    output: FeatureShape::new([channels, self.size[0], self.size[1]]),
                    multiply_adds: channels as u64 * resize([height, width], self.size),
                })
            }
        }
    };
}

resize_layer!(SpectralPool2d);
resize_layer!(SpectralUpsample2d);

impl Summarize for AntiAliasedActivation {
    /// `AntiAliased(Relu)`.
    fn kind(&self) -> String {
        format!("AntiAliased({})", self.activation.kind())
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let [_, channels, height, width] = input.real()?;
        FrequencyGrid::new(&[height, width])?;
        let fine = [height * self.factor, width * self.factor];
        let inner = self
            .activation
            .trace(&FeatureShape::new([channels, fine[0], fine[1]]))?;
        let resizes = 2 * channels as u64 * resize([height, width], fine);
        Ok(Trace {
            output: input.clone(),
            multiply_adds: resizes + inner.multiply_adds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::AntiAliasedActivationConfig;
    use burn::nn::activation::ActivationConfig;
    use burn::tensor::Device;

    #[test]
    fn sizes_change_as_the_layers_say() {
        let images = FeatureShape::new([3, 8, 8]);
        let got = SpectralPool2d::new([4, 4]).trace(&images).unwrap();
        assert_eq!(got.output.dims(), [3, 4, 4]);
        assert_eq!(got.multiply_adds, 3 * (480 + 80));
        let up = SpectralUpsample2d::new([9, 16]);
        assert_eq!(up.trace(&images).unwrap().output.dims(), [3, 9, 16]);
        let error = SpectralPool2d::new([4, 9]).trace(&images).unwrap_err();
        assert_eq!(
            error,
            SpectralPool2d::new([4, 9]).check([1, 3, 8, 8]).unwrap_err()
        );
    }

    #[test]
    fn an_activation_on_a_finer_grid_pays_for_two_changes_of_resolution() {
        let layer = AntiAliasedActivationConfig::new(ActivationConfig::Relu).init(&Device::flex());
        assert_eq!(layer.kind(), "AntiAliased(Relu)");
        let got = layer.trace(&FeatureShape::new([2, 4, 4])).unwrap();
        // 16 samples and 64: four halvings and six.
        assert_eq!(got.multiply_adds, 2 * 2 * (80 + 480));
        assert_eq!(got.output.dims(), [2, 4, 4]);
    }
}
