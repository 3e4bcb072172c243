//! What a convolution through the spectrum does, apart from the tensors it does it to.

use burn::tensor::Shape;
use spectral_kernels::{BinwiseMatmul, Conjugate, Frame, PrunedFft, TiledBinwiseMatmul};

use super::super::spec::SavedSpectrum;

/// One spatial axis of a convolution through the spectrum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FftConvAxis {
    /// Samples of the signal.
    pub signal: usize,
    /// Zeros before and after it.
    pub padding: (usize, usize),
    /// Samples that the (dilated) kernel spans.
    pub extent: usize,
    /// Samples of the transforms.
    pub grid: usize,
    /// Transforms along the axis.
    pub tiles: usize,
    /// Outputs that each of several tiles gives.
    pub step: usize,
}

impl FftConvAxis {
    /// One transform of the whole signal, on the smallest grid.
    pub fn whole(signal: usize, padding: (usize, usize), extent: usize) -> Self {
        let mut axis = Self {
            signal,
            padding,
            extent,
            grid: 0,
            tiles: 1,
            step: 0,
        };
        axis.grid = axis.least_grid();
        axis
    }

    /// The same on a grid of `grid` samples, no smaller than [`least_grid`](Self::least_grid).
    pub fn with_grid(self, grid: usize) -> Self {
        Self { grid, ..self }
    }

    /// The same in tiles of `grid` samples that overlap by the kernel (overlap-save), no smaller than the kernel's extent.
    pub fn with_tiles(self, grid: usize) -> Self {
        let step = grid + 1 - self.extent;
        Self {
            grid,
            tiles: self.outputs().div_ceil(step),
            step,
            ..self
        }
    }

    /// Outputs at stride 1.
    pub fn outputs(&self) -> usize {
        self.padding.0 + self.signal + self.padding.1 + 1 - self.extent
    }

    /// The smallest grid on which one transform serves. What wraps around must only meet the zeros before the signal, so
    /// the zeros after it may be the same ones; then the gradients, being the adjoint, are free of it too.
    pub fn least_grid(&self) -> usize {
        let (before, after) = self.padding;
        (self.signal + before.max(after))
            .max(self.extent)
            .max(self.outputs())
    }

    fn signal_frame(&self) -> Frame {
        let frame = Frame::new(self.signal, -(self.padding.0 as isize), self.grid);
        match self.tiles {
            1 => frame,
            tiles => frame.tiled(tiles, self.step),
        }
    }

    fn output_frame(&self) -> Frame {
        let frame = Frame::new(self.outputs(), 0, self.grid);
        match self.tiles {
            1 => frame,
            tiles => frame.tiled(tiles, self.step).live(0..self.step),
        }
    }
}

/// A convolution through the spectrum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FftConvSpec {
    /// The spatial axes, one to three.
    pub axes: Vec<FftConvAxis>,
    /// Groups of channels that do not see each other.
    pub groups: usize,
    /// What is kept for the backward pass.
    pub saved: SavedSpectrum,
}

/// A factor of the convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    /// The input.
    Signal,
    /// The weight.
    Taps,
}

impl FftConvSpec {
    fn fft(&self, frame: impl Fn(&FftConvAxis) -> Frame) -> PrunedFft {
        let sizes: Vec<usize> = self.axes.iter().map(|axis| axis.grid).collect();
        let frames: Vec<Frame> = self.axes.iter().map(frame).collect();
        PrunedFft::new(&sizes).with_frames(&frames)
    }

    /// Between a factor and its spectrum.
    pub(super) fn factor(&self, factor: Factor) -> PrunedFft {
        match factor {
            Factor::Signal => self.fft(FftConvAxis::signal_frame),
            Factor::Taps => self.fft(|axis| Frame::new(axis.extent, 0, axis.grid)),
        }
    }

    /// Between the output and its spectrum.
    pub(super) fn output(&self) -> PrunedFft {
        self.fft(FftConvAxis::output_frame)
    }

    /// Points of one transform.
    pub(crate) fn points(&self) -> usize {
        self.axes.iter().map(|axis| axis.grid).product()
    }

    /// Tiles of one image.
    pub(crate) fn tiles(&self) -> usize {
        self.axes.iter().map(|axis| axis.tiles).product()
    }

    /// Bins of one transform.
    pub(crate) fn bins(&self) -> usize {
        let last = self.axes.last().map_or(1, |axis| axis.grid);
        self.points() / last * (last / 2 + 1)
    }

    /// The contraction for `batch` inputs and a weight of `weight` channels, out and in a group.
    pub(super) fn contraction(&self, batch: usize, weight: [usize; 2]) -> TiledBinwiseMatmul {
        BinwiseMatmul {
            batch,
            groups: self.groups,
            in_per_group: weight[1],
            out_per_group: weight[0] / self.groups,
            bins: self.bins(),
            conjugate: Conjugate::Response,
        }
        .tiled(self.tiles())
    }

    /// Shape of the spectrum of a factor with these leading sizes.
    pub(super) fn spectrum_shape(&self, leading: [usize; 2], factor: Factor) -> Shape {
        let tiles = match factor {
            Factor::Signal => self.tiles(),
            Factor::Taps => 1,
        };
        Shape::new([leading[0], leading[1], tiles, self.bins()])
    }

    /// Shape of signals of these sizes along the axes.
    pub(super) fn shape(&self, leading: [usize; 2], size: impl Fn(&FftConvAxis) -> usize) -> Shape {
        let sizes = self.axes.iter().map(size);
        Shape::from(leading.into_iter().chain(sizes).collect::<Vec<_>>())
    }
}
