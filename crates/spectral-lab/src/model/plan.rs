//! Plans shared by a stack of image layers and its spectral twin.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear, Relu};
use burn::tensor::{Device, Tensor};
use burn_spectral::SpectralError;
use burn_spectral::spatial::{self, Activation};
use burn_spectral::summary::Summary;

use super::keras::{self, KerasInit};

/// The layers of a stack.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Output channels of each layer.
    pub(super) widths: &'static [usize],
    /// Whether every layer but the first has a residual connection.
    pub(super) residual: bool,
    /// Probability of dropout after every second layer and after the hidden dense layer.
    pub(super) dropout: Option<f64>,
    /// Units of a dense layer, with ReLU, before the last.
    pub(super) hidden: Option<usize>,
    /// Initialization of convolutions and the hidden dense layer; the last one uses Keras' default.
    pub(super) init: KerasInit,
}

impl Plan {
    /// The dropout of the plan.
    pub(super) fn dropout(&self) -> Option<Dropout> {
        self.dropout
            .map(|probability| DropoutConfig::new(probability).init())
    }

    /// Input and output channels of each layer, for images with `channels` channels.
    pub(super) fn channels(&self, images: usize) -> impl Iterator<Item = [usize; 2]> {
        let inputs = core::iter::once(images).chain(self.widths.iter().copied());
        inputs
            .zip(self.widths)
            .map(|(input, output)| [input, *output])
    }

    /// Channels after the last layer.
    pub(super) fn last(&self) -> usize {
        *self.widths.last().expect("a plan has at least one layer")
    }
}

/// From features to outputs: at most one hidden dense layer with ReLU, and a linear layer.
#[derive(Module, Debug)]
pub struct Head {
    /// The hidden layer.
    pub hidden: Option<Linear>,
    /// The last layer.
    pub output: Linear,
}

impl Head {
    /// A head with the given features, hidden units and outputs; `init` is the hidden layer's.
    pub(super) fn new(
        [features, outputs]: [usize; 2],
        hidden: Option<usize>,
        init: KerasInit,
        device: &Device,
    ) -> Self {
        let linear = |features, init| keras::linear(features, init, device);
        Self {
            hidden: hidden.map(|units| linear([features, units], init)),
            output: linear([hidden.unwrap_or(features), outputs], KerasInit::Glorot),
        }
    }

    /// The outputs for features.
    ///
    /// # Shapes
    /// - input: `[batch, features]`; output: `[batch, outputs]`
    pub(super) fn forward(&self, features: Tensor<2>, dropout: &Option<Dropout>) -> Tensor<2> {
        let features = match &self.hidden {
            Some(hidden) => {
                let hidden = spatial::linear_with(hidden, Activation::RELU, features);
                drop(dropout, hidden)
            }
            None => features,
        };
        spatial::linear(&self.output, features)
    }

    /// Adds the layers of the head.
    pub(super) fn summary(
        &self,
        mut summary: Summary,
        dropout: &Option<Dropout>,
    ) -> Result<Summary, SpectralError> {
        if let Some(hidden) = &self.hidden {
            summary = summary.layer("hidden", hidden)?.layer("relu", &Relu)?;
            if let Some(dropout) = dropout {
                summary = summary.layer("dropout", dropout)?;
            }
        }
        summary.layer("head", &self.output)
    }

    /// Units of the first layer.
    pub(super) fn units(&self) -> usize {
        self.hidden.as_ref().unwrap_or(&self.output).weight.dims()[1]
    }
}

/// Dropout, if there is any.
pub(super) fn drop<const D: usize>(dropout: &Option<Dropout>, features: Tensor<D>) -> Tensor<D> {
    match dropout {
        Some(dropout) => dropout.forward(features),
        None => features,
    }
}

/// `[batch, channels, height, width]` as `[batch, channels·height·width]`.
pub(super) fn flatten(features: Tensor<4>) -> Tensor<2> {
    let [batch, channels, height, width] = features.dims();
    features.reshape([batch, channels * height * width])
}
