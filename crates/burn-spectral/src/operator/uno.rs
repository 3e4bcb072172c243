//! The U-shaped neural operator.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::SpectralError;
use crate::config::impl_config;
use crate::error::OrPanic;
use crate::ops;
use crate::pool::spectral_resize;
use crate::response::check_axes;

use super::fno::mlp;
use super::{
    BlockForm, BlockMlp, ChannelMlp, DomainPadding, FnoBlock, FnoBlockConfig, GridEmbedding,
    SkipConnection, SkipKind, with_channels,
};

/// One block of an [`Uno`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnoLayer {
    /// Output channels.
    pub channels: usize,
    /// Modes along each spatial axis, read as [`BlockForm::counting`] says.
    pub modes: Vec<usize>,
    /// Size of the output along each spatial axis as a multiple of the input's, rounded (halves to even).
    pub scaling: Vec<f64>,
}

/// Configuration of an [`Uno`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnoConfig {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Channels after the lifting.
    pub hidden: usize,
    /// The blocks in their order.
    pub layers: Vec<UnoLayer>,
    /// Connections by concatenation, `[from, to]`: the output of block `from` is appended to the channels of the input
    /// of block `to`, resampled to its size.
    pub connections: Vec<[usize; 2]>,
    /// What passes along a connection.
    pub connection: SkipKind,
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
    /// Whether every block but the last ends in an activation.
    pub activation: bool,
}

impl_config!([] UnoConfig);

impl UnoConfig {
    /// A network that halves the resolution `depth` times and doubles it as often, on 2·`depth` + 3 blocks: one on the
    /// full grid, `depth` down, one at the bottom, `depth` up, one on the full grid. Each level down has twice the
    /// channels and half the modes (at least 1). Connections lead from each block of the first half to its mirror image.
    pub fn new(
        channels: [usize; 2],
        modes: impl AsRef<[usize]>,
        hidden: usize,
        depth: usize,
    ) -> Self {
        let modes = modes.as_ref();
        // Of each block the level of its output, and the deeper of its two levels.
        let down = (0..=depth).map(|level| (level, level, if level == 0 { 1.0 } else { 0.5 }));
        let up = (0..depth)
            .rev()
            .map(|level| (level, level + 1, 2.0))
            .chain([(0, 0, 1.0)]);
        let levels = down.chain([(depth, depth, 1.0)]).chain(up);
        let shift = |level: usize| level.min(usize::BITS as usize - 1);
        let layers = levels.map(|(level, deepest, scale)| UnoLayer {
            channels: hidden.saturating_mul(1 << shift(level)),
            modes: modes
                .iter()
                .map(|&m| (m >> shift(deepest)).max(1))
                .collect(),
            scaling: vec![scale; modes.len()],
        });
        Self {
            channels,
            hidden,
            layers: Vec::new(),
            connections: Vec::new(),
            connection: SkipKind::Identity,
            grid: Some(GridEmbedding::HalfOpen),
            lifting: None,
            projection: Some(hidden.saturating_mul(2)),
            padding: None,
            form: BlockForm::default(),
            activation: true,
        }
        .with_layers(layers.collect())
    }

    /// The defaults of `neuralop.models.UNO`, version 2, for the given blocks: a linear layer along each connection, 256
    /// hidden channels in lifting and projection, and blocks without a last activation.
    ///
    /// The skip around each channel MLP is linear, which is the one that can change the number of channels.
    pub fn neuraloperator(channels: [usize; 2], hidden: usize, layers: Vec<UnoLayer>) -> Self {
        let form = BlockForm::neuraloperator().with_mlp(Some(BlockMlp {
            expansion: 0.5,
            skip: SkipKind::Linear,
        }));
        Self {
            connection: SkipKind::Linear,
            lifting: Some(256),
            projection: Some(256),
            form,
            activation: false,
            ..Self::new(channels, [], hidden, 0)
        }
        .with_layers(layers)
    }

    /// Sets the blocks, with connections from each of the first half to its mirror image.
    pub fn with_layers(mut self, layers: Vec<UnoLayer>) -> Self {
        let count = layers.len();
        self.connections = (0..count / 2)
            .map(|from| [from, count - 1 - from])
            .collect();
        self.layers = layers;
        self
    }

    /// Sets the connections, `[from, to]`.
    pub fn with_connections(mut self, connections: Vec<[usize; 2]>) -> Self {
        self.connections = connections;
        self
    }

    /// Sets what passes along a connection.
    pub fn with_connection(mut self, connection: SkipKind) -> Self {
        self.connection = connection;
        self
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

    /// Sets whether every block but the last ends in an activation.
    pub fn with_activation(mut self, activation: bool) -> Self {
        self.activation = activation;
        self
    }

    /// Creates the network for tensors of rank `D`.
    ///
    /// # Errors
    /// If a number is zero or too large, there is not one number of modes, one scaling and one fraction of padding per
    /// spatial axis, a scaling is not positive, a connection does not lead from a block to a later one, two lead to the
    /// same block, or the form of the blocks does not fit (see [`FnoBlockConfig::try_init`]).
    pub fn try_init<const D: usize>(&self, device: &Device) -> Result<Uno<D>, SpectralError> {
        check_axes(D.saturating_sub(2))?;
        self.check(D - 2)?;
        let [inputs, outputs] = self.channels;
        let coordinates = self.grid.map_or(0, |_| D - 2);
        let mut blocks = Vec::with_capacity(self.layers.len());
        let mut current = self.hidden;
        for (index, layer) in self.layers.iter().enumerate() {
            let joined = self
                .source(index)
                .map_or(0, |from| self.layers[from].channels);
            let block = FnoBlockConfig::new([current + joined, layer.channels], &layer.modes)
                .with_form(self.form.clone())
                .with_activation(self.activation && index + 1 < self.layers.len());
            blocks.push(block.try_init(device)?);
            current = layer.channels;
        }
        let connection = |&[from, _]: &[usize; 2]| {
            let channels = self.layers[from].channels;
            let skip = match self.connection {
                SkipKind::None => SkipKind::Identity,
                other => other,
            };
            Ok(skip
                .try_init([channels, channels], device)?
                .expect("not none"))
        };
        Ok(Uno {
            lifting: mlp(inputs + coordinates, self.lifting, self.hidden, device)?,
            blocks,
            connections: self
                .connections
                .iter()
                .map(connection)
                .collect::<Result<_, SpectralError>>()?,
            projection: mlp(current, self.projection, outputs, device)?,
            ends: self.connections.clone(),
            scalings: self
                .layers
                .iter()
                .map(|layer| layer.scaling.clone())
                .collect(),
            grid: self.grid,
            padding: self.padding.clone(),
        })
    }

    /// Creates the network for tensors of rank `D`.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init<const D: usize>(&self, device: &Device) -> Uno<D> {
        self.try_init(device).or_panic()
    }

    fn check(&self, axes: usize) -> Result<(), SpectralError> {
        SpectralError::check_positive("the number of channels", &self.channels)?;
        SpectralError::check_positive("the number of hidden channels", &[self.hidden])?;
        SpectralError::check_positive("the number of layers", &[self.layers.len()])?;
        if let Some(padding) = &self.padding {
            padding.check(axes)?;
        }
        for layer in &self.layers {
            SpectralError::check_positive("the number of channels", &[layer.channels])?;
            if layer.scaling.len() != axes {
                return Err(SpectralError::PerAxis {
                    what: "scalings of a layer",
                    axes,
                    got: layer.scaling.len(),
                });
            }
            let bad = |scale: &&f64| !(scale.is_finite() && **scale > 0.0);
            if let Some(scale) = layer.scaling.iter().find(bad) {
                return Err(SpectralError::NotPositive {
                    what: "the scaling of a layer",
                    value: scale.to_string(),
                });
            }
        }
        for &[from, to] in &self.connections {
            let twice = self.connections.iter().filter(|c| c[1] == to).count() > 1;
            if from >= to || to >= self.layers.len() || twice {
                return Err(SpectralError::Connection {
                    layers: self.layers.len(),
                    got: [from, to],
                });
            }
        }
        Ok(())
    }

    /// The block whose output is appended to the input of block `to`.
    fn source(&self, to: usize) -> Option<usize> {
        source(&self.connections, to).map(|index| self.connections[index][0])
    }
}

/// The connection that leads to block `to`.
fn source(connections: &[[usize; 2]], to: usize) -> Option<usize> {
    connections
        .iter()
        .position(|connection| connection[1] == to)
}

/// Sizes times their scaling, rounded.
fn scaled(sizes: &[usize], scaling: &[f64]) -> Vec<usize> {
    let sizes = sizes.iter().zip(scaling);
    sizes
        .map(|(&size, &scale)| (size as f64 * scale).round_ties_even() as usize)
        .collect()
}

/// The U-shaped neural operator (Rahman et al., 2023): [blocks](FnoBlock) with their own channels, modes and resolution,
/// and connections that append the output of an early block to the input of a late one.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::operator::{Uno2d, UnoConfig};
///
/// let device = Device::flex();
/// let uno: Uno2d = UnoConfig::new([1, 1], [6, 6], 8, 1).init(&device);
/// assert_eq!(uno.forward(Tensor::ones([2, 1, 32, 27], &device)).dims(), [2, 1, 32, 27]);
/// ```
#[derive(Module, Debug)]
pub struct Uno<const D: usize> {
    /// From the input channels and the coordinates to the first block.
    pub lifting: ChannelMlp<D>,
    /// The blocks in their order.
    pub blocks: Vec<FnoBlock<D>>,
    /// What passes along each connection.
    pub connections: Vec<SkipConnection<D>>,
    /// From the last block to the output channels.
    pub projection: ChannelMlp<D>,
    /// The blocks that each connection joins, `[from, to]`; not part of the record.
    #[module(skip)]
    pub ends: Vec<[usize; 2]>,
    /// Of each block, the output size along each axis as a multiple of the input's; not part of the record.
    #[module(skip)]
    pub scalings: Vec<Vec<f64>>,
    /// Coordinates appended to the input channels; not part of the record.
    #[module(skip)]
    pub grid: Option<GridEmbedding>,
    /// Zeros around the domain; not part of the record.
    #[module(skip)]
    pub padding: Option<DomainPadding>,
}

/// [`Uno`] of signals, `[batch, channels, length]`.
pub type Uno1d = Uno<3>;
/// [`Uno`] of fields in the plane, `[batch, channels, height, width]`.
pub type Uno2d = Uno<4>;
/// [`Uno`] of fields in space, `[batch, channels, depth, height, width]`.
pub type Uno3d = Uno<5>;

impl<const D: usize> Uno<D> {
    /// Input and output channels.
    pub fn channels(&self) -> [usize; 2] {
        let coordinates = self.grid.map_or(0, |_| D - 2);
        let inputs = self.lifting.channels()[0].saturating_sub(coordinates);
        [inputs, self.projection.channels()[1]]
    }

    /// Checks that the network accepts inputs of shape `dims`.
    ///
    /// # Errors
    /// If the channels are not the network's, an axis is empty, or one of the grids has fewer frequencies than the modes
    /// of a block that reads or writes it.
    pub fn check(&self, dims: [usize; D]) -> Result<(), SpectralError> {
        let [inputs, _] = self.channels();
        if dims[1] != inputs {
            return Err(SpectralError::Channels {
                expected: inputs,
                got: dims.to_vec(),
            });
        }
        let plan = self.plan(&dims[2..]);
        let mut current = with_channels(dims, 0);
        current[2..].copy_from_slice(&plan.padded);
        for (block, sizes) in self.blocks.iter().zip(&plan.sizes) {
            current[1] = block.channels()[0];
            block.check_to(current, sizes)?;
            current[2..].copy_from_slice(sizes);
        }
        Ok(())
    }

    /// Spatial sizes of the output for inputs of these sizes.
    pub fn output_sizes(&self, sizes: &[usize]) -> Vec<usize> {
        scaled(sizes, &self.total())
    }

    /// Applies the network.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, spatial…]`
    /// - output: `[batch, channels_out, output_sizes(spatial)…]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        self.check(x.dims()).or_panic();
        let plan = self.plan(&x.dims()[2..]);
        let x = match self.grid {
            Some(grid) => grid.append(x),
            None => x,
        };
        let mut x = self.lifting.forward(x);
        if let Some(padding) = &self.padding {
            x = padding.pad(x);
        }
        let mut kept: Vec<Option<Tensor<D>>> = vec![None; self.ends.len()];
        for (index, (block, sizes)) in self.blocks.iter().zip(&plan.sizes).enumerate() {
            if let Some(earlier) = source(&self.ends, index).and_then(|c| kept[c].take()) {
                let here = x.dims();
                x = ops::cat(vec![x, spectral_resize(earlier, &here[2..])], 1);
            }
            x = block.forward_to(x, sizes);
            for (connection, ends) in self.ends.iter().enumerate() {
                if ends[0] == index {
                    kept[connection] = Some(self.connections[connection].forward(x.clone()));
                }
            }
        }
        for (axis, (&start, &size)) in plan.start.iter().zip(&plan.output).enumerate() {
            if x.dims()[axis + 2] != size {
                x = ops::narrow(x, axis + 2, start, size);
            }
        }
        self.projection.forward(x)
    }

    /// For inputs of these sizes, those of the padded domain and of the output of each block.
    #[cfg(feature = "summary")]
    pub(crate) fn sizes(&self, sizes: &[usize]) -> (Vec<usize>, Vec<Vec<usize>>) {
        let plan = self.plan(sizes);
        (plan.padded, plan.sizes)
    }

    /// The product of all scalings along each axis.
    fn total(&self) -> Vec<f64> {
        let one = vec![1.0; D - 2];
        self.scalings.iter().fold(one, |total, scaling| {
            total.iter().zip(scaling).map(|(a, b)| a * b).collect()
        })
    }

    fn plan(&self, sizes: &[usize]) -> Plan {
        let total = self.total();
        let output = scaled(sizes, &total);
        let pairs = match &self.padding {
            Some(padding) => padding.pairs(sizes),
            None => vec![(0, 0); sizes.len()],
        };
        let ends =
            |side: fn(&(usize, usize)) -> usize| -> Vec<usize> { pairs.iter().map(side).collect() };
        let [start, end] = [ends(|pair| pair.0), ends(|pair| pair.1)];
        let add = |a: &[usize], b: &[usize], c: &[usize]| -> Vec<usize> {
            (0..a.len())
                .map(|axis| a[axis] + b[axis] + c[axis])
                .collect()
        };
        let padded = add(&start, sizes, &end);
        let start = scaled(&start, &total);
        let last = add(&start, &output, &scaled(&end, &total));
        let mut current = padded.clone();
        let mut reached: Vec<Vec<usize>> = self
            .scalings
            .iter()
            .map(|scaling| {
                current = scaled(&current, scaling);
                current.clone()
            })
            .collect();
        // Rounded sizes do not lead back exactly, so the last block writes the size that the whole network has to give.
        if let Some(sizes) = reached.last_mut() {
            *sizes = last;
        }
        Plan {
            padded,
            sizes: reached,
            start,
            output,
        }
    }
}

/// The sizes on the way through an [`Uno`].
struct Plan {
    /// Sizes of the padded domain.
    padded: Vec<usize>,
    /// Of each block, the sizes of its output.
    sizes: Vec<Vec<usize>>,
    /// Where the output starts in that of the last block.
    start: Vec<usize>,
    /// Sizes of the network's output.
    output: Vec<usize>,
}
