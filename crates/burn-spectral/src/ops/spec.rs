//! What an operation does, apart from the tensors it does it to.

use burn::tensor::Shape;
use spectral_kernels::{Axis, BinWeight, BinwiseMatmul, Conjugate, Direction, RectifiedStack};

/// The axes a transform runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axes {
    /// One axis, anywhere.
    One(usize),
    /// The last one to three axes.
    Last(usize),
}

impl Axes {
    /// The axis of a real transform that keeps a half-spectrum.
    pub fn half_axis(&self, rank: usize) -> usize {
        match *self {
            Axes::One(axis) => axis,
            Axes::Last(_) => rank - 1,
        }
    }

    /// The axes as a range.
    pub fn range(&self, rank: usize) -> core::ops::Range<usize> {
        match *self {
            Axes::One(axis) => axis..axis + 1,
            Axes::Last(count) => rank - count..rank,
        }
    }

    /// `shape` seen as `[outer, len, inner]` around one axis.
    pub(crate) fn split(axis: usize, shape: &Shape) -> Axis {
        Axis {
            outer: shape[..axis].iter().product(),
            len: shape[axis],
            inner: shape[axis + 1..].iter().product(),
        }
    }
}

/// A transform between a real signal and its half-spectrum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RealTransform {
    /// Axes of the transform; the last of them keeps the half-spectrum.
    pub axes: Axes,
    /// Length of the real signal on the half-spectrum axis.
    pub length: usize,
    /// Factor on the result.
    pub scale: f64,
    /// Factor on the bins by their place on the half-spectrum axis.
    pub weight: BinWeight,
}

impl RealTransform {
    /// A transform without bin weights.
    pub fn new(axes: Axes, length: usize, scale: f64) -> Self {
        Self {
            axes,
            length,
            scale,
            weight: BinWeight::One,
        }
    }

    /// The same transform with the bins weighted.
    pub fn with_weight(self, weight: BinWeight) -> Self {
        Self { weight, ..self }
    }

    /// Shape of the half-spectrum of a signal of shape `signal`.
    pub(crate) fn spectrum_shape(&self, signal: &Shape) -> Shape {
        let mut shape = signal.clone();
        shape[self.axes.half_axis(signal.num_dims())] = self.length / 2 + 1;
        shape
    }

    /// Shape of the signal whose half-spectrum has shape `spectrum`.
    pub(crate) fn signal_shape(&self, spectrum: &Shape) -> Shape {
        let mut shape = spectrum.clone();
        shape[self.axes.half_axis(spectrum.num_dims())] = self.length;
        shape
    }
}

/// A transform between two complex arrays of one shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ComplexTransform {
    /// Axes of the transform.
    pub axes: Axes,
    /// Sign of the exponent.
    pub direction: Direction,
    /// Factor on the result.
    pub scale: f64,
}

impl ComplexTransform {
    /// The adjoint map: the other direction with the same factor.
    pub(crate) fn adjoint(self) -> Self {
        Self {
            direction: match self.direction {
                Direction::Forward => Direction::Inverse,
                Direction::Inverse => Direction::Forward,
            },
            ..self
        }
    }
}

/// A contraction of channels, frequency by frequency.
///
/// Spectra are `[batch, channels, bins…]`, responses `[channels_out, channels_in / groups, bins…]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MixSpec {
    /// Groups of channels that do not see each other.
    pub groups: usize,
    /// Which factor is conjugated.
    pub conjugate: Conjugate,
}

impl MixSpec {
    /// The contraction for a spectrum of `input` channels and a response of shape `response`.
    pub(crate) fn contraction(&self, batch: usize, response: &Shape) -> BinwiseMatmul {
        BinwiseMatmul {
            batch,
            groups: self.groups,
            in_per_group: response[1],
            out_per_group: response[0] / self.groups,
            bins: response[2..].iter().product(),
            conjugate: self.conjugate,
        }
    }
}

/// Whether the backward pass finds the spectra of the forward pass or computes them again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SavedSpectrum {
    /// They stay in memory until then: faster.
    #[default]
    Keep,
    /// Only the signals stay: less memory, one transform more each.
    Recompute,
}

/// A spectral convolution: transform, contraction, inverse transform.
///
/// The scales of the two transforms cancel for every [`Norm`](crate::Norm), so none is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvSpec {
    /// Number of spatial axes, the last ones.
    pub spatial: usize,
    /// The contraction between the transforms.
    pub mix: MixSpec,
    /// Whether the backward pass finds the input's spectrum or computes it again.
    pub saved: SavedSpectrum,
}

impl ConvSpec {
    /// The forward transform of a signal of shape `signal`.
    pub(crate) fn analysis(&self, signal: &Shape) -> RealTransform {
        RealTransform::new(Axes::Last(self.spatial), signal[signal.num_dims() - 1], 1.0)
    }

    /// The inverse transform back to a signal of shape `signal`.
    pub(crate) fn synthesis(&self, signal: &Shape) -> RealTransform {
        let rank = signal.num_dims();
        let samples: usize = signal[rank - self.spatial..].iter().product();
        RealTransform {
            scale: 1.0 / samples as f64,
            ..self.analysis(signal)
        }
    }
}

/// A stack of layers that each filter the sum of the one before, rectified.
///
/// Spectra are `[batch, 1, bins…]`, the responses of all layers `[Σ filters, 1, bins…]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackSpec {
    /// Filters of each layer, at least one layer.
    pub filters: Vec<usize>,
}

impl StackSpec {
    /// Filters of the last layer.
    pub(crate) fn outputs(&self) -> usize {
        *self.filters.last().expect("a stack has a layer")
    }

    /// The stack for a spectrum of shape `spectrum`.
    pub(crate) fn kernel(&self, spectrum: &Shape) -> RectifiedStack<'_> {
        RectifiedStack {
            batch: spectrum[0],
            filters: &self.filters,
            bins: spectrum[2..].iter().product(),
        }
    }
}
