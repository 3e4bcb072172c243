//! A multilayer perceptron over the channels at every point.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::SpectralError;
use crate::error::OrPanic;
use crate::ops::gelu;

use super::{Pointwise, PointwiseConfig};

/// Configuration of a [`ChannelMlp`].
#[derive(Config, Debug, PartialEq)]
pub struct ChannelMlpConfig {
    /// Channels of the input, of each hidden layer, and of the output.
    pub channels: Vec<usize>,
}

impl ChannelMlpConfig {
    /// Creates the network.
    ///
    /// # Errors
    /// If there are fewer than two numbers of channels, or one is zero or too large.
    pub fn try_init<const D: usize>(
        &self,
        device: &Device,
    ) -> Result<ChannelMlp<D>, SpectralError> {
        if self.channels.len() < 2 {
            return Err(SpectralError::Zero {
                what: "the number of layers of a channel MLP".into(),
            });
        }
        let layer = |pair: &[usize]| PointwiseConfig::new([pair[0], pair[1]]).try_init(device);
        let layers = self.channels.windows(2).map(layer);
        Ok(ChannelMlp {
            layers: layers.collect::<Result<_, _>>()?,
        })
    }

    /// Creates the network.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init<const D: usize>(&self, device: &Device) -> ChannelMlp<D> {
        self.try_init(device).or_panic()
    }
}

/// [`Pointwise`] layers with GELU between them: the same small network at every point.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::operator::{ChannelMlp, ChannelMlpConfig};
///
/// let mlp: ChannelMlp<4> = ChannelMlpConfig::new(vec![3, 64, 1]).init(&Device::flex());
/// let y = mlp.forward(Tensor::ones([2, 3, 8, 8], &Device::flex()));
/// assert_eq!(y.dims(), [2, 1, 8, 8]);
/// ```
#[derive(Module, Debug)]
pub struct ChannelMlp<const D: usize> {
    /// The layers in their order, at least one.
    pub layers: Vec<Pointwise<D>>,
}

impl<const D: usize> ChannelMlp<D> {
    /// Input and output channels.
    pub fn channels(&self) -> [usize; 2] {
        let end = |layer: Option<&Pointwise<D>>, side: usize| {
            layer.map_or(0, |layer| layer.channels()[side])
        };
        [end(self.layers.first(), 0), end(self.layers.last(), 1)]
    }

    /// Applies the network.
    ///
    /// # Shapes
    /// - input: `[batch, in, spatial…]`
    /// - output: `[batch, out, spatial…]`
    ///
    /// # Panics
    /// If the input has other channels than the first layer.
    #[track_caller]
    pub fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let mut layers = self.layers.iter();
        let first = match layers.next() {
            Some(layer) => layer.forward(x),
            None => x,
        };
        layers.fold(first, |x, layer| layer.forward(gelu(x)))
    }
}
