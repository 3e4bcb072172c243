//! Neural operators and their parts.

use burn::module::Module;

use crate::operator::{
    ChannelMlp, Fno, FnoBlock, LocalConv, OperatorNorm, Pointwise, SkipConnection, SoftGating, Uno,
};
use crate::pool::check_resize;
use crate::{FrequencyGrid, SpectralError};

use super::super::cost::{product, pruned_transform, real_transform};
use super::super::{FeatureShape, Summarize, Summary, SummaryRow, Trace, count_parameters};

/// `dims` of a batch of one as an output with other channels.
fn output<const D: usize>(dims: [usize; D], channels: usize) -> FeatureShape {
    let mut dims = dims[1..].to_vec();
    dims[0] = channels;
    FeatureShape::new(dims)
}

impl<const D: usize> Summarize for Pointwise<D> {
    fn kind(&self) -> String {
        "Pointwise".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let dims = input.real::<D>()?;
        self.check(dims)?;
        let channels = self.channels();
        Ok(Trace {
            output: output(dims, channels[1]),
            multiply_adds: product(&channels) * product(&dims[2..]),
        })
    }
}

impl<const D: usize> Summarize for ChannelMlp<D> {
    /// `ChannelMlp(2 layers)`.
    fn kind(&self) -> String {
        match self.layers.len() {
            1 => "ChannelMlp(1 layer)".into(),
            layers => format!("ChannelMlp({layers} layers)"),
        }
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let start = Trace::free(input.clone());
        self.layers.iter().try_fold(start, |before, layer| {
            let mut trace = layer.trace(&before.output)?;
            trace.multiply_adds += before.multiply_adds;
            Ok(trace)
        })
    }
}

impl<const D: usize> Summarize for SoftGating<D> {
    fn kind(&self) -> String {
        "SoftGating".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        input.real::<D>()?;
        Ok(Trace {
            output: input.clone(),
            multiply_adds: input.elements() as u64,
        })
    }
}

impl<const D: usize> Summarize for SkipConnection<D> {
    fn kind(&self) -> String {
        match self {
            Self::Identity(identity) => identity.kind(),
            Self::Linear(linear) => linear.kind(),
            Self::SoftGating(gating) => gating.kind(),
        }
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        match self {
            Self::Identity(identity) => identity.trace(input),
            Self::Linear(linear) => linear.trace(input),
            Self::SoftGating(gating) => gating.trace(input),
        }
    }
}

impl<const D: usize> Summarize for LocalConv<D> {
    fn kind(&self) -> String {
        format!("LocalConv{}d", D - 2)
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let dims = input.real::<D>()?;
        self.check(dims)?;
        let weights = self.weight.lazy_shape().num_elements() as u64;
        Ok(Trace {
            output: output(dims, self.channels()[1]),
            multiply_adds: weights * product(&dims[2..]),
        })
    }
}

impl<const D: usize> Summarize for FnoBlock<D> {
    /// `FnoBlock2d`, with its branches beside the linear skip, as in `FnoBlock2d(mlp, local)`.
    fn kind(&self) -> String {
        let norm = self.norm.as_ref().map(|norm| match norm {
            OperatorNorm::Instance(_) => "instance norm",
            OperatorNorm::Group(_) => "group norm",
            OperatorNorm::Batch(_) => "batch norm",
        });
        let skip = match &self.skip {
            None => Some("no skip"),
            Some(SkipConnection::Identity(_)) => Some("identity"),
            Some(SkipConnection::Linear(_)) => None,
            Some(SkipConnection::SoftGating(_)) => Some("soft gating"),
        };
        let mlp = self.mlp.as_ref().map(|_| "mlp");
        let local = self.local.as_ref().map(|_| "local");
        let parts: Vec<&str> = [skip, mlp, norm, local].into_iter().flatten().collect();
        match parts[..] {
            [] => format!("FnoBlock{}d", D - 2),
            _ => format!("FnoBlock{}d({})", D - 2, parts.join(", ")),
        }
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let dims = input.real::<D>()?;
        block(self, dims, &dims[2..])
    }
}

/// The trace of a block whose output lies on a grid of `sizes`.
fn block<const D: usize>(
    block: &FnoBlock<D>,
    dims: [usize; D],
    sizes: &[usize],
) -> Result<Trace, SpectralError> {
    block.check_to(dims, sizes)?;
    let [inputs, outputs] = block.channels();
    let [from, to] = [FrequencyGrid::new(&dims[2..])?, FrequencyGrid::new(sizes)?];
    let kept = block.spectral.kept();
    let spectral = inputs as u64 * pruned_transform(&from, &kept)
        + outputs as u64 * pruned_transform(&to, &kept)
        + 4 * product(&[inputs, outputs]) * product(&kept);
    let around = FeatureShape::new([&[inputs], sizes].concat());
    let inner = FeatureShape::new([&[outputs], sizes].concat());
    let cost = |trace: Result<Trace, SpectralError>| trace.map(|trace| trace.multiply_adds);
    let resampled = match dims[2..] == *sizes {
        false if block.skip.is_some() || block.local.is_some() || block.mlp_skip.is_some() => {
            inputs as u64 * (real_transform(from.samples()) + real_transform(to.samples()))
        }
        _ => 0,
    };
    let skips = [&block.skip, &block.mlp_skip].into_iter().flatten();
    let mut multiply_adds = spectral + resampled;
    for skip in skips {
        multiply_adds += cost(skip.trace(&around))?;
    }
    if let Some(local) = &block.local {
        multiply_adds += cost(local.trace(&around))?;
    }
    if let Some(mlp) = &block.mlp {
        multiply_adds += cost(mlp.trace(&inner))?;
    }
    let norms = [&block.norm, &block.mlp_norm].into_iter().flatten().count();
    Ok(Trace {
        multiply_adds: multiply_adds + (norms * inner.elements()) as u64,
        output: inner,
    })
}

/// `summary` with the coordinates appended, where there are some.
fn with_grid(summary: Summary, coordinates: usize) -> Summary {
    match coordinates {
        0 => summary,
        _ => {
            let mut dims = summary.output().dims().to_vec();
            dims[0] += coordinates;
            summary.step("grid", "GridEmbedding", FeatureShape::new(dims))
        }
    }
}

/// `summary` with a change of the spatial sizes that costs nothing.
fn resized(summary: Summary, name: &str, sizes: &[usize]) -> Summary {
    let channels = summary.output().dims()[0];
    match summary.output().dims()[1..] == *sizes {
        true => summary,
        false => {
            let output = FeatureShape::new([&[channels], sizes].concat());
            summary.step(name, "DomainPadding", output)
        }
    }
}

impl<const D: usize> Fno<D> {
    /// `summary` with a row for each part of the network.
    ///
    /// # Errors
    /// If the network does not accept the output of the last layer so far.
    pub fn summarize(&self, summary: Summary) -> Result<Summary, SpectralError> {
        let dims = summary.output().real::<D>()?;
        self.check(dims)?;
        let coordinates = self.grid.map_or(0, |_| D - 2);
        let mut summary = with_grid(summary, coordinates).layer("lifting", &self.lifting)?;
        if let Some(padding) = &self.padding {
            summary = resized(summary, "pad", &padding.padded(&dims[2..]));
        }
        for (index, block) in self.blocks.iter().enumerate() {
            summary = summary.layer(format!("block{}", index + 1), block)?;
        }
        resized(summary, "crop", &dims[2..]).layer("projection", &self.projection)
    }
}

impl<const D: usize> Uno<D> {
    /// `summary` with a row for each part of the network.
    ///
    /// # Errors
    /// If the network does not accept the output of the last layer so far.
    pub fn summarize(&self, summary: Summary) -> Result<Summary, SpectralError> {
        let dims = summary.output().real::<D>()?;
        self.check(dims)?;
        let coordinates = self.grid.map_or(0, |_| D - 2);
        let mut summary = with_grid(summary, coordinates).layer("lifting", &self.lifting)?;
        let (padded, reached) = self.sizes(&dims[2..]);
        summary = resized(summary, "pad", &padded);
        for (index, (own, sizes)) in self.blocks.iter().zip(&reached).enumerate() {
            let mut from = summary.output().real::<D>()?;
            let here = from;
            if let Some(connection) = self.ends.iter().position(|ends| ends[1] == index) {
                let start = self.ends[connection][0];
                let channels = self.blocks[start].channels()[1];
                from[1] += channels;
                summary = summary.row(SummaryRow {
                    name: format!("join{}", index + 1),
                    kind: self.connections[connection].kind(),
                    output: output(from, from[1]),
                    parameters: count_parameters(&self.connections[connection]),
                    multiply_adds: joined(
                        &self.connections[connection],
                        channels,
                        &reached[start],
                        &here[2..],
                    )?,
                });
            }
            let trace = block(own, from, sizes)?;
            summary = summary.row(SummaryRow {
                name: format!("block{}", index + 1),
                kind: own.kind(),
                output: trace.output,
                parameters: count_parameters(own),
                multiply_adds: trace.multiply_adds,
            });
        }
        let cropped = self.output_sizes(&dims[2..]);
        resized(summary, "crop", &cropped).layer("projection", &self.projection)
    }
}

/// Multiply-adds of a connection between grids.
fn joined<const D: usize>(
    connection: &SkipConnection<D>,
    channels: usize,
    from: &[usize],
    to: &[usize],
) -> Result<u64, SpectralError> {
    let start = FeatureShape::new([&[channels], from].concat());
    check_resize(&start.real::<D>()?, to)?;
    let own = connection.trace(&start)?.multiply_adds;
    let resampled = match from == to {
        true => 0,
        false => {
            let samples = |sizes: &[usize]| real_transform(sizes.iter().product());
            channels as u64 * (samples(from) + samples(to))
        }
    };
    Ok(own + resampled)
}

/// The whole network as one row, from the rows of its parts.
fn whole<M: Module>(
    input: &FeatureShape,
    network: &M,
    rows: impl Fn(&M, Summary) -> Result<Summary, SpectralError>,
) -> Result<Trace, SpectralError> {
    let summary = rows(network, Summary::new(input.clone()))?;
    Ok(Trace {
        output: summary.output().clone(),
        multiply_adds: summary.multiply_adds(),
    })
}

impl<const D: usize> Summarize for Fno<D> {
    fn kind(&self) -> String {
        format!("Fno{}d", D - 2)
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        whole(input, self, |fno, summary| fno.summarize(summary))
    }
}

impl<const D: usize> Summarize for Uno<D> {
    fn kind(&self) -> String {
        format!("Uno{}d", D - 2)
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        whole(input, self, |uno, summary| uno.summarize(summary))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::{DomainPadding, Fno2d, FnoConfig, Uno2d, UnoConfig};
    use burn::tensor::Device;

    #[test]
    fn a_fourier_neural_operator_is_listed_part_by_part() {
        let device = Device::flex();
        let fno: Fno2d = FnoConfig::neuraloperator([1, 1], [8, 8], 24, 2).init(&device);
        let summary = fno.summarize(Summary::new([1, 16, 16])).unwrap();
        let rows: Vec<(&str, &str, String)> = summary
            .layers()
            .iter()
            .map(|row| (&row.name[..], &row.kind[..], row.output.to_string()))
            .collect();
        let row = |name, kind, output: &str| (name, kind, output.to_string());
        assert_eq!(
            rows,
            [
                row("grid", "GridEmbedding", "3×16×16"),
                row("lifting", "ChannelMlp(2 layers)", "24×16×16"),
                row("block1", "FnoBlock2d(mlp)", "24×16×16"),
                row("block2", "FnoBlock2d(mlp)", "24×16×16"),
                row("projection", "ChannelMlp(2 layers)", "1×16×16"),
            ]
        );
        assert_eq!(summary.parameters().trainable, fno.num_params());
        let grid = FrequencyGrid::new(&[16, 16]).unwrap();
        let transforms = 48 * pruned_transform(&grid, &[8, 5]);
        let pointwise = 24 * 24 + 2 * 24 * 12 + 24;
        assert_eq!(
            summary.layers()[2].multiply_adds,
            transforms + 4 * 24 * 24 * 40 + pointwise * 256
        );
    }

    #[test]
    fn padding_and_changes_of_resolution_show_in_the_shapes() {
        let device = Device::flex();
        let config = FnoConfig::new([1, 1], [3, 3], 4, 1);
        let padded = config.with_padding(Some(DomainPadding::one_sided([0.25, 0.0])));
        let fno: Fno2d = padded.init(&device);
        let summary = fno.summarize(Summary::new([1, 8, 8])).unwrap();
        let names: Vec<&str> = summary.layers().iter().map(|row| &row.name[..]).collect();
        assert_eq!(
            names,
            ["grid", "lifting", "pad", "block1", "crop", "projection"]
        );
        assert_eq!(summary.layers()[3].output.dims(), [4, 10, 8]);

        let uno: Uno2d = UnoConfig::new([1, 2], [4, 4], 3, 1).init(&device);
        let summary = uno.summarize(Summary::new([1, 16, 11])).unwrap();
        assert_eq!(summary.output().dims(), [2, 16, 11]);
        assert_eq!(summary.parameters().trainable, uno.num_params());
        let shapes: Vec<String> = summary.layers()[2..9]
            .iter()
            .map(|row| row.output.to_string())
            .collect();
        assert_eq!(
            shapes,
            [
                "3×16×11",
                "6×8×6",
                "6×8×6",
                "12×8×6",
                "3×16×12",
                "6×16×12",
                "3×16×11"
            ]
        );
        assert!(Summary::new([2, 16, 11]).layer("uno", &uno).is_err());
    }
}
