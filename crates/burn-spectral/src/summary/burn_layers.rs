//! Burn's own layers.

use burn::nn::activation::Activation;
use burn::nn::conv::{Conv2d, ConvTranspose2d};
use burn::nn::pool::{AdaptiveAvgPool2d, AvgPool2d, MaxPool2d};
use burn::nn::{
    BatchNorm, Dropout, Gelu, Identity, LeakyRelu, Linear, PRelu, PaddingConfig2d, Relu, Sigmoid,
    Tanh,
};
use fused_layers::geometry::{Pairs, same};

use crate::conv::{ConvGeometry, FftConvOptions};
use crate::response::Coupling;
use crate::{FrequencyGrid, SpectralError};

use super::cost::product;
use super::{FeatureShape, Summarize, Trace};

/// Layers that change no shape and count as no multiply-add.
macro_rules! pointwise {
    ($($layer:ident),* $(,)?) => {
        $(impl Summarize for $layer {
            fn kind(&self) -> String {
                stringify!($layer).into()
            }

            fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
                input.require_real()?;
                Ok(Trace::free(input.clone()))
            }
        })*
    };
}

pointwise!(
    Dropout, Gelu, Identity, LeakyRelu, PRelu, Relu, Sigmoid, Tanh
);

impl Summarize for Activation {
    /// The name of the activation.
    fn kind(&self) -> String {
        let text = format!("{self:?}");
        let name = text.split(|c: char| !c.is_alphanumeric()).next();
        name.unwrap_or("Activation").into()
    }

    /// # Errors
    /// [`SpectralError::Features`] for an activation with weights of its own, `SwiGlu`, that meets
    /// other features.
    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        input.require_real()?;
        let Self::SwiGlu(layer) = self else {
            return Ok(Trace::free(input.clone()));
        };
        let inner = layer.linear_inner.trace(input)?;
        let outer = layer.linear_outer.trace(input)?;
        let gate = product(inner.output.dims());
        Ok(Trace {
            output: outer.output,
            multiply_adds: inner.multiply_adds + outer.multiply_adds + gate,
        })
    }
}

impl Summarize for Linear {
    fn kind(&self) -> String {
        "Linear".into()
    }

    /// Takes features on the last axis, whatever stands before it.
    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        input.require_real()?;
        let [features, outputs] = self.weight.lazy_shape().dims();
        let mut dims = input.dims().to_vec();
        let Some(last) = dims.last_mut().filter(|last| **last == features) else {
            return Err(SpectralError::Features {
                expected: features,
                got: input.with_batch(),
            });
        };
        *last = outputs;
        Ok(Trace {
            multiply_adds: product(&dims) * features as u64,
            output: FeatureShape::new(dims),
        })
    }
}

impl Summarize for BatchNorm {
    fn kind(&self) -> String {
        "BatchNorm".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        input.require_real()?;
        let [channels] = self.gamma.lazy_shape().dims();
        match input.dims().first() == Some(&channels) {
            true => Ok(Trace {
                output: input.clone(),
                multiply_adds: product(input.dims()),
            }),
            false => Err(SpectralError::Channels {
                expected: channels,
                got: input.with_batch(),
            }),
        }
    }
}

/// Zeros before and after height and width.
fn pairs(
    padding: &PaddingConfig2d,
    size: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
) -> [(usize, usize); 2] {
    padding.pairs().unwrap_or_else(|| {
        core::array::from_fn(|axis| same(size[axis], kernel[axis], stride[axis]))
    })
}

impl Summarize for Conv2d {
    fn kind(&self) -> String {
        "Conv2d".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let dims @ [_, _, height, width] = input.real()?;
        let weight: [usize; 4] = self.weight.lazy_shape().dims();
        let kernel = [weight[2], weight[3]];
        let options = FftConvOptions {
            stride: self.stride.to_vec(),
            padding: pairs(&self.padding, [height, width], kernel, self.stride).to_vec(),
            dilation: self.dilation.to_vec(),
            groups: self.groups,
            ..FftConvOptions::new(2)
        };
        let sizes = ConvGeometry::new(dims, weight, &options)?.output_sizes(&self.stride);
        let output = [weight[0], sizes[0], sizes[1]];
        Ok(Trace {
            multiply_adds: product(&output) * product(&weight[1..]),
            output: FeatureShape::new(output),
        })
    }
}

impl Summarize for ConvTranspose2d {
    fn kind(&self) -> String {
        "ConvTranspose2d".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let dims: [usize; 4] = input.real()?;
        let weight: [usize; 4] = self.weight.lazy_shape().dims();
        if dims[1] != weight[0] {
            return Err(SpectralError::Channels {
                expected: weight[0],
                got: dims.to_vec(),
            });
        }
        let channels = [weight[0], weight[1] * self.groups];
        Coupling::Grouped(self.groups).response_channels(channels)?;
        FrequencyGrid::new(&dims[2..])?;
        let mut output = vec![channels[1]];
        for axis in 0..2 {
            let extent = self.dilation[axis] * (weight[axis + 2] - 1) + 1;
            let full = (dims[axis + 2] - 1) * self.stride[axis] + extent + self.padding_out[axis];
            let kept = full.checked_sub(2 * self.padding[axis]);
            output.push(kept.ok_or_else(|| SpectralError::Extent {
                extent: 2 * self.padding[axis],
                padded: full,
                axis,
                got: dims.to_vec(),
            })?);
        }
        Ok(Trace {
            multiply_adds: product(&dims) * product(&weight[1..]),
            output: FeatureShape::new(output),
        })
    }
}

/// Layers that wrap Burn's.
macro_rules! wrapped {
    ($($layer:ty),* $(,)?) => {
        $(impl Summarize for $layer {
            fn kind(&self) -> String {
                self.0.kind()
            }

            fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
                self.0.trace(input)
            }
        })*
    };
}

wrapped!(
    fused_layers::nn::BatchNorm,
    fused_layers::nn::Linear,
    fused_layers::nn::conv::Conv2d,
    fused_layers::nn::pool::MaxPool2d,
);

/// A window that slides over height and width.
struct Window<'a> {
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    padding: &'a PaddingConfig2d,
    /// Whether a last window may reach beyond the end.
    is_partial: bool,
}

impl Window<'_> {
    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let dims: [usize; 4] = input.real()?;
        let padding = pairs(self.padding, [dims[2], dims[3]], self.kernel, self.stride);
        let mut output = vec![dims[1]];
        for (axis, (before, after)) in padding.into_iter().enumerate() {
            let (length, stride) = (dims[axis + 2], self.stride[axis]);
            let padded = before + length + after;
            let extent = self.dilation[axis] * (self.kernel[axis] - 1) + 1;
            let reach = match self.is_partial {
                true => padded + stride - 1,
                false => padded,
            };
            let Some(room) = reach.checked_sub(extent) else {
                return Err(SpectralError::Extent {
                    extent,
                    padded,
                    axis,
                    got: dims.to_vec(),
                });
            };
            let count = room / stride + 1;
            // A last window that would see nothing but padding is left out. Padding that differs
            // on the two sides is part of the signal to Burn.
            let end = match before == after {
                true => before + length,
                false => padded,
            };
            let is_empty = self.is_partial && (count - 1) * stride >= end;
            output.push(count - usize::from(is_empty));
        }
        Ok(Trace::free(FeatureShape::new(output)))
    }
}

impl Summarize for MaxPool2d {
    fn kind(&self) -> String {
        "MaxPool2d".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let window = Window {
            kernel: self.kernel_size,
            stride: self.stride,
            dilation: self.dilation,
            padding: &self.padding,
            is_partial: self.ceil_mode,
        };
        window.trace(input)
    }
}

impl Summarize for AvgPool2d {
    fn kind(&self) -> String {
        "AvgPool2d".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let window = Window {
            kernel: self.kernel_size,
            stride: self.stride,
            dilation: [1, 1],
            padding: &self.padding,
            is_partial: self.ceil_mode,
        };
        window.trace(input)
    }
}

impl Summarize for AdaptiveAvgPool2d {
    fn kind(&self) -> String {
        "AdaptiveAvgPool2d".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let [_, channels, ..] = input.real::<4>()?;
        let [height, width] = self.output_size;
        Ok(Trace::free(FeatureShape::new([channels, height, width])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::conv::{Conv2dConfig, ConvTranspose2dConfig};
    use burn::nn::pool::{AdaptiveAvgPool2dConfig, AvgPool2dConfig, MaxPool2dConfig};
    use burn::nn::{LinearConfig, activation::ActivationConfig};
    use burn::tensor::{Device, Tensor};

    const SHAPE: [usize; 4] = [1, 4, 9, 12];

    /// Holds the traced shape to that of the layer's own result.
    fn agree(layer: &impl Summarize, forward: impl Fn(Tensor<4>) -> Tensor<4>) {
        let got = layer.trace(&FeatureShape::new(&SHAPE[1..])).unwrap();
        let want = forward(Tensor::ones(SHAPE, &Device::flex())).dims();
        assert_eq!(got.output.dims(), &want[1..], "{}", layer.kind());
    }

    fn paddings() -> [PaddingConfig2d; 4] {
        [
            PaddingConfig2d::Valid,
            PaddingConfig2d::Same,
            PaddingConfig2d::Explicit(1, 1, 1, 1),
            PaddingConfig2d::Explicit(0, 1, 1, 0),
        ]
    }

    #[test]
    fn convolutions_have_the_shape_of_their_results() {
        let device = Device::flex();
        for padding in paddings() {
            for (kernel, stride, dilation, groups) in
                [([3, 3], [1, 1], [1, 1], 1), ([2, 5], [2, 3], [1, 2], 2)]
            {
                let config = Conv2dConfig::new([4, 6], kernel)
                    .with_padding(padding.clone())
                    .with_stride(stride)
                    .with_dilation(dilation)
                    .with_groups(groups);
                let layer = config.init(&device);
                agree(&layer, |x| layer.forward(x));
            }
        }
        let config = ConvTranspose2dConfig::new([4, 6], [3, 2])
            .with_stride([2, 3])
            .with_padding([1, 0])
            .with_padding_out([1, 0])
            .with_groups(2);
        let layer = config.init(&device);
        agree(&layer, |x| layer.forward(x));
    }

    #[test]
    fn pooling_has_the_shape_of_its_results() {
        for padding in paddings() {
            for (kernel, stride, ceil) in [
                ([2, 2], [2, 2], false),
                ([2, 3], [2, 5], true),
                ([3, 2], [1, 7], true),
            ] {
                let max = MaxPool2dConfig::new(kernel)
                    .with_strides(stride)
                    .with_padding(padding.clone())
                    .with_ceil_mode(ceil)
                    .init();
                agree(&max, |x| max.forward(x));
                let mean = AvgPool2dConfig::new(kernel)
                    .with_strides(stride)
                    .with_padding(padding.clone())
                    .with_ceil_mode(ceil)
                    .init();
                agree(&mean, |x| mean.forward(x));
            }
        }
        let mean = AdaptiveAvgPool2dConfig::new([2, 3]).init();
        agree(&mean, |x| mean.forward(x));
    }

    #[test]
    fn arithmetic_is_what_the_definition_says() {
        let device = Device::flex();
        let conv = Conv2dConfig::new([4, 6], [3, 3])
            .with_groups(2)
            .init(&device);
        let trace = conv.trace(&FeatureShape::new(&SHAPE[1..])).unwrap();
        // 7·10 places, 6 outputs, 2 inputs of a group, 9 taps.
        assert_eq!(trace.multiply_adds, 7 * 10 * 6 * 2 * 9);
        let linear = LinearConfig::new(12, 5).init(&device);
        let trace = linear.trace(&FeatureShape::new([7, 12])).unwrap();
        assert_eq!(
            (trace.output.dims(), trace.multiply_adds),
            (&[7, 5][..], 7 * 12 * 5)
        );
    }

    #[test]
    fn inputs_that_do_not_fit_are_refused() {
        let device = Device::flex();
        let text = |layer: &dyn Summarize, shape: FeatureShape| {
            layer.trace(&shape).unwrap_err().to_string()
        };
        let linear = LinearConfig::new(12, 5).init(&device);
        assert_eq!(
            text(&linear, FeatureShape::new([7])),
            "expected 12 features on the last axis, got an input of shape [1, 7]"
        );
        let pool = MaxPool2dConfig::new([3, 3]).init();
        assert_eq!(
            text(&pool, FeatureShape::new([4, 9, 2])),
            "the dilated kernel, which spans 3 samples, is larger than the padded input, of 2 samples, on spatial axis 1 (input shape [1, 4, 9, 2])"
        );
        let conv = Conv2dConfig::new([4, 6], [3, 3]).init(&device);
        assert_eq!(
            text(&conv, FeatureShape::new([3, 9, 9])),
            "expected 4 channels, got an input of shape [1, 3, 9, 9]"
        );
        assert!(text(&conv, FeatureShape::complex([4, 9, 9])).contains("expected real numbers"));
    }

    #[test]
    fn an_activation_is_called_by_its_own_name() {
        let device = Device::flex();
        let gelu: Activation = ActivationConfig::Gelu.init(&device);
        assert_eq!(gelu.kind(), "Gelu");
        assert_eq!(ActivationConfig::Relu.init(&device).kind(), "Relu");
    }
}
