//! The Fourier neural operator.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::SpectralError;
use crate::config::impl_config;
use crate::error::OrPanic;
use crate::response::check_axes;

use super::{
    BlockForm, ChannelMlp, ChannelMlpConfig, DomainPadding, FnoBlock, FnoBlockConfig,
    GridEmbedding, with_channels,
};

/// Configuration of an [`Fno`].
///
/// [`new`](Self::new) is the plain form, [`published`](Self::published) that of Li et al. (2021), and
/// [`neuraloperator`](Self::neuraloperator) has the defaults of that library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FnoConfig {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Modes along each spatial axis, read as [`BlockForm::counting`] says.
    pub modes: Vec<usize>,
    /// Channels of the blocks.
    pub hidden: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Coordinates appended to the input channels.
    pub grid: Option<GridEmbedding>,
    /// Hidden channels of the lifting; none for a single pointwise layer.
    pub lifting: Option<usize>,
    /// Hidden channels of the projection; none for a single pointwise layer.
    pub projection: Option<usize>,
    /// Zeros around the domain, between lifting and projection.
    pub padding: Option<DomainPadding>,
    /// The branches of the blocks.
    pub form: BlockForm,
}

impl_config!([] FnoConfig);

impl FnoConfig {
    /// A network of `layers` blocks of `hidden` channels from `channels[0]` to `channels[1]` channels: coordinates
    /// appended to the input, a pointwise lifting, blocks of [the default form](BlockForm) with modes counted as in Li
    /// et al. (2021), and a projection with `2·hidden` channels between its two layers.
    pub fn new(
        channels: [usize; 2],
        modes: impl AsRef<[usize]>,
        hidden: usize,
        layers: usize,
    ) -> Self {
        Self {
            channels,
            modes: modes.as_ref().to_vec(),
            hidden,
            layers,
            grid: Some(GridEmbedding::HalfOpen),
            lifting: None,
            projection: Some(hidden.saturating_mul(2)),
            padding: None,
            form: BlockForm::default(),
        }
    }

    /// The networks `fourier_1d`, `fourier_2d` and `fourier_3d` of Li et al. (2021): four blocks, coordinates with both
    /// end points, 128 channels in the projection.
    ///
    /// The published code then pads some domains that are not periodic; see [`with_padding`](Self::with_padding).
    pub fn published(channels: [usize; 2], modes: impl AsRef<[usize]>, hidden: usize) -> Self {
        Self {
            grid: Some(GridEmbedding::Closed),
            projection: Some(128),
            form: BlockForm::published(),
            ..Self::new(channels, modes, hidden, 4)
        }
    }

    /// The defaults of `neuralop.models.FNO`, version 2: modes counted over the whole spectrum, twice as many channels
    /// within lifting and projection, and a channel MLP in each block.
    pub fn neuraloperator(
        channels: [usize; 2],
        modes: impl AsRef<[usize]>,
        hidden: usize,
        layers: usize,
    ) -> Self {
        Self {
            lifting: Some(hidden.saturating_mul(2)),
            form: BlockForm::neuraloperator(),
            ..Self::new(channels, modes, hidden, layers)
        }
    }

    /// Sets the coordinates appended to the input channels.
    pub fn with_grid(mut self, grid: Option<GridEmbedding>) -> Self {
        self.grid = grid;
        self
    }

    /// Sets the hidden channels of the lifting; none for a single pointwise layer.
    pub fn with_lifting(mut self, lifting: Option<usize>) -> Self {
        self.lifting = lifting;
        self
    }

    /// Sets the hidden channels of the projection; none for a single pointwise layer.
    pub fn with_projection(mut self, projection: Option<usize>) -> Self {
        self.projection = projection;
        self
    }

    /// Sets the zeros around the domain.
    pub fn with_padding(mut self, padding: Option<DomainPadding>) -> Self {
        self.padding = padding;
        self
    }

    /// Sets the branches of the blocks.
    pub fn with_form(mut self, form: BlockForm) -> Self {
        self.form = form;
        self
    }

    /// Creates the network for tensors of rank `D`.
    ///
    /// # Errors
    /// If a number is zero or too large, there is not one number of modes and one fraction of padding per spatial axis,
    /// or the form of the blocks does not fit (see [`FnoBlockConfig::try_init`]).
    pub fn try_init<const D: usize>(&self, device: &Device) -> Result<Fno<D>, SpectralError> {
        check_axes(D.saturating_sub(2))?;
        SpectralError::check_positive("the number of channels", &self.channels)?;
        SpectralError::check_positive("the number of hidden channels", &[self.hidden])?;
        SpectralError::check_positive("the number of layers", &[self.layers])?;
        if let Some(padding) = &self.padding {
            padding.check(D - 2)?;
        }
        let [inputs, outputs] = self.channels;
        let coordinates = self.grid.map_or(0, |_| D - 2);
        let block = |index: usize| {
            FnoBlockConfig::new([self.hidden, self.hidden], &self.modes)
                .with_form(self.form.clone())
                .with_activation(index + 1 < self.layers)
                .try_init(device)
        };
        Ok(Fno {
            lifting: mlp(inputs + coordinates, self.lifting, self.hidden, device)?,
            blocks: (0..self.layers).map(block).collect::<Result<_, _>>()?,
            projection: mlp(self.hidden, self.projection, outputs, device)?,
            grid: self.grid,
            padding: self.padding.clone(),
        })
    }

    /// Creates the network for tensors of rank `D`.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init<const D: usize>(&self, device: &Device) -> Fno<D> {
        self.try_init(device).or_panic()
    }
}

/// A channel MLP of one or two layers.
pub(super) fn mlp<const D: usize>(
    inputs: usize,
    hidden: Option<usize>,
    outputs: usize,
    device: &Device,
) -> Result<ChannelMlp<D>, SpectralError> {
    let channels = [Some(inputs), hidden, Some(outputs)];
    ChannelMlpConfig::new(channels.into_iter().flatten().collect()).try_init(device)
}

/// The Fourier neural operator (Li et al., 2021): lifting, [blocks](FnoBlock), projection.
///
/// ```text
/// y = projection( crop( B_L( … B_1( pad( lifting([x, coordinates]) ) ) … ) ) )
/// ```
///
/// A network runs at every resolution that has its modes. It need not be accurate at another one than it was trained at:
/// compare with the network run at the training resolution and its output resampled
/// ([`spectral_resize`](crate::pool::spectral_resize)).
///
/// # Example
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_spectral::operator::{Fno1d, FnoConfig, rollout};
///
/// let device = Device::flex();
/// let fno: Fno1d = FnoConfig::new([1, 1], [12], 16, 4).init(&device);
/// let start = Tensor::random([3, 1, 160], Distribution::Default, &device);
/// let states = rollout(|state| fno.forward(state), start, 10);
/// assert_eq!(states.last().unwrap().dims(), [3, 1, 160]);
/// ```
#[derive(Module, Debug)]
pub struct Fno<const D: usize> {
    /// From the input channels and the coordinates to the hidden channels.
    pub lifting: ChannelMlp<D>,
    /// The blocks in their order.
    pub blocks: Vec<FnoBlock<D>>,
    /// From the hidden channels to the output channels.
    pub projection: ChannelMlp<D>,
    /// Coordinates appended to the input channels; not part of the record.
    #[module(skip)]
    pub grid: Option<GridEmbedding>,
    /// Zeros around the domain; not part of the record.
    #[module(skip)]
    pub padding: Option<DomainPadding>,
}

/// [`Fno`] of signals, `[batch, channels, length]`.
pub type Fno1d = Fno<3>;
/// [`Fno`] of fields in the plane, `[batch, channels, height, width]`.
pub type Fno2d = Fno<4>;
/// [`Fno`] of fields in space, `[batch, channels, depth, height, width]`.
pub type Fno3d = Fno<5>;

impl<const D: usize> Fno<D> {
    /// Input and output channels.
    pub fn channels(&self) -> [usize; 2] {
        let coordinates = self.grid.map_or(0, |_| D - 2);
        let inputs = self.lifting.channels()[0].saturating_sub(coordinates);
        [inputs, self.projection.channels()[1]]
    }

    /// Checks that the network accepts inputs of shape `dims`.
    ///
    /// # Errors
    /// If the channels are not the network's, an axis is empty, or the padded grid has fewer frequencies than the modes.
    pub fn check(&self, dims: [usize; D]) -> Result<(), SpectralError> {
        let [inputs, _] = self.channels();
        if dims[1] != inputs {
            return Err(SpectralError::Channels {
                expected: inputs,
                got: dims.to_vec(),
            });
        }
        let mut inner = with_channels(dims, self.lifting.channels()[1]);
        if let Some(padding) = &self.padding {
            padding.check(D - 2)?;
            let padded = padding.padded(&dims[2..]);
            inner[2..].copy_from_slice(&padded);
        }
        self.blocks.iter().try_for_each(|block| block.check(inner))
    }

    /// Applies the network.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, spatial…]`
    /// - output: `[batch, channels_out, spatial…]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        self.check(x.dims()).or_panic();
        let dims = x.dims();
        let x = match self.grid {
            Some(grid) => grid.append(x),
            None => x,
        };
        let mut x = self.lifting.forward(x);
        if let Some(padding) = &self.padding {
            x = padding.pad(x);
        }
        x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        if let Some(padding) = &self.padding {
            x = padding.crop(x, &dims[2..]);
        }
        self.projection.forward(x)
    }
}
