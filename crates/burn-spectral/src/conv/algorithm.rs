//! Which way a convolution is computed, and what each way costs.

use crate::SpectralError;
use crate::ops::{FftConvAxis, FftConvSpec};

use super::cost::{Passes, direct, fft};
use super::fft_conv::{FftConvOptions, check};

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvShape {
    /// Entries of the batch.
    pub batch: usize,
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Sizes of the signal.
    pub signal: Vec<usize>,
    /// Sizes of the kernel.
    pub kernel: Vec<usize>,
    /// Stride, padding, dilation and groups, and what is kept for the backward pass.
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
        check(x, weight, options)?;
        Ok(Self {
            batch: x[0],
            channels: [x[1], weight[0]],
            signal: x[2..].to_vec(),
            kernel: weight[2..].to_vec(),
            options: options.clone(),
        })
    }

    /// The algorithm that is predicted to be fastest: for a forward pass, or with `learns` for a forward and a backward
    /// one.
    pub fn choose(&self, learns: bool) -> FftConvAlgorithm {
        let cost = |estimate: &ConvEstimate| match learns {
            true => estimate.both_ms,
            false => estimate.forward_ms,
        };
        let estimates = self.estimates();
        let best = estimates.iter().min_by(|a, b| cost(a).total_cmp(&cost(b)));
        best.map_or(FftConvAlgorithm::Direct, |best| best.algorithm)
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
        self.options.dilation[axis] * (self.kernel[axis] - 1) + 1
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
    fn tiles(&self) -> impl Iterator<Item = usize> {
        let axes = 0..self.signal.len();
        let extent = axes.clone().map(|axis| self.extent(axis)).max();
        let whole = self.axes(FftConvAlgorithm::Whole).unwrap_or_default();
        let most = whole.iter().map(|axis| axis.grid).max().unwrap_or(0);
        let least = extent.unwrap_or(1) + 1;
        let lengths = (least.max(8)..most).filter(|n| good_length(*n) == *n);
        let is_cut = self.signal.len() < 3;
        lengths.filter(move |_| is_cut)
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

/// How much longer a transform takes a point than one of a length that is a multiple of four, measured on two-dimensional
/// transforms of the lengths up to 324 (AVX-512): 0.9 to 1.1 ns there and back for multiples of four, 1.1 to 1.5 for
/// other even lengths, 1.1 to 2.2 for odd ones, and more below 48.
pub(super) fn length_factor(n: usize) -> f64 {
    let factors = match n % 4 {
        0 => 1.0,
        2 => 1.2,
        _ => 1.4,
    };
    factors * (1.0 + (14.0 / n as f64).powf(1.5))
}

/// The length from `least` on whose transform is fastest.
pub(super) fn good_length(least: usize) -> usize {
    let cost = |n: &usize| *n as f64 * length_factor(*n);
    let candidates = (least..=least + least / 4 + 8).filter(|n| is_smooth(*n));
    candidates
        .min_by(|a, b| cost(a).total_cmp(&cost(b)))
        .unwrap_or(least)
}

/// Whether `n` has no prime factor above 7.
pub(super) fn is_smooth(n: usize) -> bool {
    let mut rest = n.max(1);
    for factor in [2, 3, 5, 7] {
        while rest.is_multiple_of(factor) {
            rest /= factor;
        }
    }
    rest == 1
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
    fn grids_have_fast_lengths_no_shorter_than_asked() {
        for least in 1..400 {
            let n = good_length(least);
            assert!(n >= least && is_smooth(n), "{least}: {n}");
        }
        assert_eq!([78, 143].map(good_length), [80, 144]);
    }

    #[test]
    fn what_is_recomputed_takes_less_memory() {
        let mut shape = shape(8, [64, 64], 64, 9, 1);
        let kept = shape.estimate(FftConvAlgorithm::Whole).bytes;
        shape.options.saved = SavedSpectrum::Recompute;
        assert!(shape.estimate(FftConvAlgorithm::Whole).bytes < kept);
    }
}
