//! The algorithms for a convolution and their predicted cost.

use fused_layers::geometry::extent;

use crate::SpectralError;
use crate::ops::{FftConvAxis, FftConvSpec};

use super::cost::{Passes, direct, fft};
use super::fft_conv::{FftConvOptions, check};
use super::lengths::good_length;
use super::plan::{Choices, tiles};

/// The choices of [`ConvShape::choose`].
static CHOICES: Choices = Choices::new();

/// How a convolution is computed.
///
/// A sample that is not finite (`NaN` or infinite) always makes the outputs that see it not finite. How much further it
/// reaches depends on the algorithm, which [`Auto`](Self::Auto) chooses by the shape and the number of threads:
///
/// | algorithm | outputs that become `NaN` or infinite |
/// |---|---|
/// | `Direct` | those whose kernel lies over the sample |
/// | `Tiled` | those of the tiles that read the sample: less than `tile` samples away from it along each axis that is cut, all along the others |
/// | `Whole` | all |
///
/// of all output channels of the sample's group, in its entry of the batch alone. The same holds of gradients for the
/// input. Devices and dtypes without kernels (see [`ops`](crate::ops)) cut no tiles: there `Tiled` is as `Whole`. Where one bad pixel must not spoil an image, ask for `Direct`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FftConvAlgorithm {
    /// Whichever is predicted to be fastest; see [`ConvShape::choose`].
    #[default]
    Auto,
    /// Tap by tap, without a transform.
    Direct,
    /// One transform of the whole padded signal.
    Whole,
    /// Transforms of tiles that overlap by the kernel (overlap-save): less work where the kernel is much smaller than the
    /// signal, and a smaller spectrum of the weight.
    Tiled {
        /// Samples of a transform along each axis, no fewer than the (dilated) kernel spans. An axis that one
        /// transform of no more samples serves is not cut.
        tile: usize,
    },
}

impl core::fmt::Display for FftConvAlgorithm {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Auto => write!(f, "auto"),
            Self::Direct => write!(f, "direct"),
            Self::Whole => write!(f, "whole"),
            Self::Tiled { tile } => write!(f, "tiled({tile})"),
        }
    }
}

/// The sizes of a convolution, as far as its cost depends on them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConvShape {
    /// Entries of the batch.
    pub batch: usize,
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Sizes of the signal.
    pub signal: Vec<usize>,
    /// Sizes of the kernel.
    pub kernel: Vec<usize>,
    /// Stride, padding, dilation and groups, and what is kept for the backward pass. [`new`](Self::new) brings a stride
    /// beyond the last output down to there.
    pub options: FftConvOptions,
}

/// What a convolution is predicted to cost with one algorithm, in float32 on the current threads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvEstimate {
    /// The algorithm, not [`FftConvAlgorithm::Auto`].
    pub algorithm: FftConvAlgorithm,
    /// Milliseconds of a forward pass.
    pub forward_ms: f64,
    /// Milliseconds of a forward and a backward pass with the gradients of input and weight.
    pub both_ms: f64,
    /// Most bytes in use at a time beside input, weight, output and their gradients.
    pub bytes: usize,
}

impl ConvShape {
    /// The shape of a convolution of an input `[batch, in, spatial…]` with a weight `[out, in / groups, taps…]`.
    ///
    /// # Errors
    /// As [`try_fft_conv`](super::try_fft_conv).
    pub fn new(
        x: &[usize],
        weight: &[usize],
        options: &FftConvOptions,
    ) -> Result<Self, SpectralError> {
        let options = check(x, weight, options)?;
        Ok(Self {
            batch: x[0],
            channels: [x[1], weight[0]],
            signal: x[2..].to_vec(),
            kernel: weight[2..].to_vec(),
            options,
        })
    }

    /// The algorithm that is predicted to be fastest: for a forward pass, or with `learns` for a forward and a backward
    /// one. A choice is kept for the next call with the same sizes.
    pub fn choose(&self, learns: bool) -> FftConvAlgorithm {
        let cost = |estimate: &ConvEstimate| match learns {
            true => estimate.both_ms,
            false => estimate.forward_ms,
        };
        CHOICES.get(self, learns, || {
            let estimates = self.estimates();
            let best = estimates.iter().min_by(|a, b| cost(a).total_cmp(&cost(b)));
            best.map_or(FftConvAlgorithm::Direct, |best| best.algorithm)
        })
    }

    /// What every algorithm costs, of the tiled ones that of the best tile: direct, whole, tiled. None is tiled where one
    /// transform serves or there are three axes.
    pub fn estimates(&self) -> Vec<ConvEstimate> {
        let mut estimates = vec![
            self.estimate(FftConvAlgorithm::Direct),
            self.estimate(FftConvAlgorithm::Whole),
        ];
        let tiled = self
            .tiles()
            .into_iter()
            .map(|tile| self.estimate(FftConvAlgorithm::Tiled { tile }));
        estimates.extend(tiled.min_by(|a, b| a.both_ms.total_cmp(&b.both_ms)));
        estimates
    }

    /// What an algorithm costs, [`FftConvAlgorithm::Auto`] that which it stands for.
    pub fn estimate(&self, algorithm: FftConvAlgorithm) -> ConvEstimate {
        let algorithm = match algorithm {
            FftConvAlgorithm::Auto => self.choose(true),
            named => named,
        };
        let [forward, both] = match self.axes(algorithm) {
            None => [Passes::Forward, Passes::Both].map(|passes| direct(self, passes)),
            Some(axes) => [Passes::Forward, Passes::Both].map(|passes| fft(self, &axes, passes)),
        };
        ConvEstimate {
            algorithm,
            forward_ms: forward.ms,
            both_ms: both.ms,
            bytes: both.bytes,
        }
    }

    /// The operation's description of an algorithm, none for [`FftConvAlgorithm::Direct`].
    pub(super) fn spec(&self, algorithm: FftConvAlgorithm) -> Option<FftConvSpec> {
        self.axes(algorithm).map(|axes| FftConvSpec {
            axes,
            groups: self.options.groups,
            saved: self.options.saved,
        })
    }

    /// Samples that the dilated kernel spans along an axis.
    pub(super) fn extent(&self, axis: usize) -> usize {
        extent(self.kernel[axis], self.options.dilation[axis])
    }

    fn axes(&self, algorithm: FftConvAlgorithm) -> Option<Vec<FftConvAxis>> {
        let whole = (0..self.signal.len()).map(|axis| {
            let (signal, padding) = (self.signal[axis], self.options.padding[axis]);
            let whole = FftConvAxis::whole(signal, padding, self.extent(axis));
            let grid = good_length(whole.grid);
            whole.with_grid(grid)
        });
        match algorithm {
            FftConvAlgorithm::Auto | FftConvAlgorithm::Direct => None,
            FftConvAlgorithm::Whole => Some(whole.collect()),
            FftConvAlgorithm::Tiled { tile } => {
                let cut = |axis: FftConvAxis| match axis.grid > tile {
                    true => axis.with_tiles(tile),
                    false => axis,
                };
                Some(whole.map(cut).collect())
            }
        }
    }

    /// Tiles worth considering.
    fn tiles(&self) -> Vec<usize> {
        let whole = self.axes(FftConvAlgorithm::Whole).unwrap_or_default();
        if whole.len() > 2 {
            return Vec::new();
        }
        let most = whole.iter().map(|axis| axis.grid).max().unwrap_or(0);
        let extent = whole.iter().map(|axis| axis.extent).max().unwrap_or(1);
        let axes: Vec<_> = whole
            .iter()
            .map(|axis| (axis.outputs(), axis.extent))
            .collect();
        tiles(&axes, (extent + 1).max(8), most)
    }

    /// Checks a tile that was asked for.
    pub(super) fn check_tile(&self, algorithm: FftConvAlgorithm) -> Result<(), SpectralError> {
        if let FftConvAlgorithm::Tiled { tile } = algorithm {
            for axis in 0..self.signal.len() {
                let extent = self.extent(axis);
                if tile < extent {
                    return Err(SpectralError::Tile { tile, extent, axis });
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::SavedSpectrum;

    fn shape(
        batch: usize,
        channels: [usize; 2],
        size: usize,
        kernel: usize,
        groups: usize,
    ) -> ConvShape {
        let mut options = FftConvOptions::new(2);
        options.groups = groups;
        options.padding = vec![(kernel / 2, kernel / 2); 2];
        ConvShape::new(
            &[batch, channels[0], size, size],
            &[channels[1], channels[0] / groups, kernel, kernel],
            &options,
        )
        .unwrap()
    }

    #[test]
    fn small_kernels_are_direct_and_large_ones_are_not() {
        assert_eq!(
            shape(64, [16, 32], 28, 3, 1).choose(true),
            FftConvAlgorithm::Direct
        );
        assert_ne!(
            shape(4, [32, 32], 128, 31, 1).choose(true),
            FftConvAlgorithm::Direct
        );
    }

    #[test]
    fn what_is_recomputed_takes_less_memory() {
        let mut shape = shape(8, [64, 64], 64, 9, 1);
        let kept = shape.estimate(FftConvAlgorithm::Whole).bytes;
        shape.options.saved = SavedSpectrum::Recompute;
        assert!(shape.estimate(FftConvAlgorithm::Whole).bytes < kept);
    }
}
