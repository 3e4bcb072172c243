//! What can be wrong with a layer's configuration or its input.

use burn::tensor::DType;
use thiserror::Error;

/// A configuration or an input that a layer cannot take.
///
/// Layers report it from `try_init`; `init` and `forward` panic with the same text.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpectralError {
    /// A count that must be at least one is zero.
    #[error("{what} must be at least 1, got 0")]
    Zero {
        /// What was counted.
        what: String,
    },
    /// A size, a count or a number of elements beyond what a layer can work with.
    #[error("{what} is too large: at most {most}, got {got}")]
    TooLarge {
        /// What was counted.
        what: String,
        /// The largest number that is accepted.
        most: u128,
        /// The number given, as text.
        got: String,
    },
    /// Two tensors of different precision.
    #[error(
        "dtype mismatch: {first} is {first_dtype:?}, {second} is {second_dtype:?}; cast one of them"
    )]
    Dtype {
        /// The first tensor.
        first: &'static str,
        /// Its precision.
        first_dtype: DType,
        /// The second tensor.
        second: &'static str,
        /// Its precision.
        second_dtype: DType,
    },
    /// A bias of another length than the output has channels.
    #[error("an output of {channels} channels needs a bias of {channels} values, got {got}")]
    Bias {
        /// Channels of the output.
        channels: usize,
        /// Values given.
        got: usize,
    },
    /// Channels that the coupling cannot split.
    #[error(
        "{coupling} coupling needs channels divisible by {groups}, got {channels_in} in and {channels_out} out"
    )]
    Coupling {
        /// Name of the coupling.
        coupling: &'static str,
        /// Groups it makes.
        groups: usize,
        /// Input channels.
        channels_in: usize,
        /// Output channels.
        channels_out: usize,
    },
    /// A response made for other channels than the layer's.
    #[error(
        "this layer needs a response of channels [out, in / groups] = {expected:?}, got {got:?}"
    )]
    ResponseChannels {
        /// Channels that the layer needs.
        expected: [usize; 2],
        /// Channels of the response.
        got: [usize; 2],
    },
    /// A response whose value does not have the shape that its channels and the grid ask for.
    #[error("on this grid the response must have the shape {expected:?}, got {got:?}")]
    ResponseShape {
        /// Shape of a spectrum, or the largest one of taps.
        expected: Vec<usize>,
        /// Shape of the value.
        got: Vec<usize>,
    },
    /// A number of spatial sizes other than the layer's number of spatial axes.
    #[error("a {axes}-dimensional layer needs {axes} sizes, got {got:?}")]
    Axes {
        /// Spatial axes of the layer.
        axes: usize,
        /// The sizes given.
        got: Vec<usize>,
    },
    /// A response that holds one weight a frequency, met with an input of another size.
    #[error(
        "the {response} response is bound to inputs of size {expected:?}, got {got:?}; \
         create it for that size, or resample the input"
    )]
    Size {
        /// Name of the response.
        response: &'static str,
        /// Size it was created for.
        expected: Vec<usize>,
        /// Size of the input.
        got: Vec<usize>,
    },
    /// An input of a size that does not have the modes of a response.
    #[error(
        "a response on the modes {modes:?} (from 0 up, negative) needs inputs of sizes that have \
         them, got {got:?}"
    )]
    Modes {
        /// On each axis the modes from 0 up and the negative ones.
        modes: Vec<[usize; 2]>,
        /// Size of the input.
        got: Vec<usize>,
    },
    /// Negative modes on the axis of the half-spectrum.
    #[error("the last axis is that of the half-spectrum and keeps no negative modes, got {got}")]
    HalfModes {
        /// Negative modes asked for.
        got: usize,
    },
    /// A kernel larger than the input it is applied to circularly.
    #[error("a circular kernel of size {kernel:?} does not fit an input of size {got:?}")]
    Kernel {
        /// Size of the kernel.
        kernel: Vec<usize>,
        /// Size of the input.
        got: Vec<usize>,
    },
    /// A tile of a convolution that its kernel does not fit.
    #[error(
        "a tile of {tile} samples is shorter than the kernel, which spans {extent} along axis {axis}"
    )]
    Tile {
        /// Samples of the tile.
        tile: usize,
        /// Samples that the dilated kernel spans.
        extent: usize,
        /// The spatial axis.
        axis: usize,
    },
    /// An axis that is not there.
    #[error("axis {axis} is not one of the {axes} spatial axes (0 to {})", axes - 1)]
    Axis {
        /// The axis given.
        axis: usize,
        /// Spatial axes of the layer.
        axes: usize,
    },
    /// A map between images of different sizes, where one that keeps the size is needed.
    #[error(
        "inspection takes maps that keep the size of their images, got one from {from:?} to {to:?}"
    )]
    NotSameSize {
        /// Size of the images that go in.
        from: [usize; 2],
        /// Size of those that come out.
        to: [usize; 2],
    },
    /// A kernel that is even or too large.
    #[error("a kernel to bake has an odd size up to {most}, got {got}")]
    Taps {
        /// The size given.
        got: usize,
        /// The largest that the images and the search allow.
        most: usize,
    },
    /// Images resampled in the wrong direction.
    #[error(
        "cannot {action} images of size {from:?} to {to:?}; pooling takes a size up to the images' \
         on every axis, upsampling one from it"
    )]
    Resize {
        /// What was to be done.
        action: &'static str,
        /// Size of the images.
        from: Vec<usize>,
        /// Size wanted.
        to: Vec<usize>,
    },
    /// An image and a filter neither of which covers the other.
    #[error(
        "mode valid needs one of image and filter to be at least as large as the other on every \
         axis, got an image of size {image:?} and a filter of size {filter:?}"
    )]
    Cover {
        /// Size of the image.
        image: Vec<usize>,
        /// Size of the filter.
        filter: Vec<usize>,
    },
    /// Windows that leave samples out, so that the local transform cannot be undone.
    #[error(
        "{window} windows of {length} samples every {hop} leave samples (almost) unseen, so the \
         transform has no inverse; take a smaller hop, up to half the window"
    )]
    Hop {
        /// Name of the window.
        window: &'static str,
        /// Samples of a window.
        length: usize,
        /// Samples from one window to the next.
        hop: usize,
    },
    /// Filters of a count that the layer's channels cannot take.
    #[error(
        "a layer of {channels} channels with one filter a channel needs {channels} filters, got {filters}"
    )]
    Filters {
        /// Channels of the layer.
        channels: usize,
        /// Filters given.
        filters: usize,
    },
    /// A spectrum with other bins than the layer's.
    #[error(
        "this layer takes spectra of {expected:?} bins, those of images of size {size:?}, got {got:?}"
    )]
    Bins {
        /// Bins of the layer.
        expected: Vec<usize>,
        /// Size of the images that have these bins.
        size: Vec<usize>,
        /// Bins of the spectrum.
        got: Vec<usize>,
    },
    /// Other bins than those of the full spectrum that a layer takes.
    #[error(
        "this layer takes the full spectrum of images of size {size:?}, as fft2 gives it, got \
         spectra of {got:?} bins{}",
        if got[..] == [size[0], size[1] / 2 + 1] { ", those of the half-spectrum that rfft2 gives" } else { "" }
    )]
    FullSpectrum {
        /// Size of the layer's images.
        size: [usize; 2],
        /// Bins of the spectrum.
        got: Vec<usize>,
    },
    /// Images of another size than the layer's.
    #[error("this layer takes images of size {expected:?}, got an input of shape {got:?}")]
    Images {
        /// Size of the layer's images.
        expected: [usize; 2],
        /// Shape of the input.
        got: Vec<usize>,
    },
    /// A value that must be a positive number.
    #[error("{what} must be a positive finite number, got {value}")]
    NotPositive {
        /// What was given.
        what: &'static str,
        /// The value, as text.
        value: String,
    },
    /// A value that must be a finite number from zero up.
    #[error("{what} must be a finite number from 0 up, got {value}")]
    Negative {
        /// What was given.
        what: &'static str,
        /// The value, as text.
        value: String,
    },
    /// A value that must lie between zero and one.
    #[error("{what} must lie within 0 and 1, got {value}")]
    Fraction {
        /// What was given.
        what: &'static str,
        /// The value, as text.
        value: String,
    },
    /// An initializer that the layer does not have.
    #[error("{layer} does not support the initializer {got}; use {accepted}")]
    Initializer {
        /// Name of the layer.
        layer: &'static str,
        /// The initializer given, as text.
        got: String,
        /// The initializers that the layer has.
        accepted: &'static str,
    },
    /// A slope of an activation whose output does not tell the sign of its argument.
    #[error("the slope of an activation must be finite and not negative, got {value}")]
    Slope {
        /// The slope, as text.
        value: String,
    },
    /// A value that is not a finite number.
    #[error("{what} must be finite, got {value} at {place}")]
    NotFinite {
        /// What was evaluated.
        what: &'static str,
        /// The value, as text.
        value: String,
        /// Where it was met.
        place: String,
    },
    /// A kernel, its gaps counted, longer than the padded signal that it is to slide over.
    #[error(
        "a kernel that spans {extent} samples does not fit a padded signal of {padded} on spatial \
         axis {axis} of an input of shape {got:?}"
    )]
    Extent {
        /// Samples from the first tap to the last.
        extent: usize,
        /// Samples of the signal with its padding.
        padded: usize,
        /// The spatial axis.
        axis: usize,
        /// Shape of the input.
        got: Vec<usize>,
    },
    /// A published form of a response on another number of axes than it was published for.
    #[error(
        "the {form} form of a {response} response is one for {expected} spatial axes, got {got}; \
         take the stable form"
    )]
    Form {
        /// Name of the response.
        response: &'static str,
        /// Name of the form.
        form: &'static str,
        /// Spatial axes that it is for.
        expected: usize,
        /// Spatial axes of the layer.
        got: usize,
    },
    /// A layer of more or fewer spatial axes than the transforms serve.
    #[error("a spectral layer has 1 to 3 spatial axes, got {got}")]
    SpatialAxes {
        /// Spatial axes of the layer.
        got: usize,
    },
    /// An input of another rank than the layer's.
    #[error("this layer takes inputs of rank {expected}, the batch counted, got the shape {got:?}")]
    Rank {
        /// Rank of the layer's inputs.
        expected: usize,
        /// Shape of the input.
        got: Vec<usize>,
    },
    /// Real numbers where a spectrum is asked for, or the other way around.
    #[error("this layer takes {expected}, got {got}")]
    Domain {
        /// What the layer takes.
        expected: &'static str,
        /// Shape of the input and what it holds.
        got: String,
    },
    /// An input with another number of features on its last axis than the layer's.
    #[error("this layer takes {expected} features, got an input of shape {got:?}")]
    Features {
        /// Features of the layer.
        expected: usize,
        /// Shape of the input.
        got: Vec<usize>,
    },
    /// A layer that a stack of shared layers cannot take.
    #[error(
        "a stack takes layers of shared coupling, without offset or conjugated factor, each with as \
         many input channels as the one before has filters; layer {index} has {fault}"
    )]
    StackLayer {
        /// Index of the layer.
        index: usize,
        /// What it has.
        fault: String,
    },
    /// A dense head of another number of features than the layer before it gives.
    #[error("the head must take the {expected} features of the spectrum, got one of {got}")]
    HeadFeatures {
        /// Features of the spectrum.
        expected: usize,
        /// Features of the head.
        got: usize,
    },
    /// Skip weights of another number than the signal's channels.
    #[error("signals of {channels} channels need as many skip weights, got {got}")]
    Skips {
        /// Channels of the signal.
        channels: usize,
        /// Weights given.
        got: usize,
    },
    /// An input with another number of channels than the layer's.
    #[error("this layer takes {expected} channels, got an input of shape {got:?}")]
    Channels {
        /// Channels of the layer.
        expected: usize,
        /// Shape of the input.
        got: Vec<usize>,
    },
}

/// A result that may become a panic with the text of its error, reported at the caller's line.
pub(crate) trait OrPanic {
    /// What the result holds.
    type Value;

    /// The value.
    ///
    /// # Panics
    /// On an error, with its text.
    fn or_panic(self) -> Self::Value;
}

impl<T> OrPanic for Result<T, SpectralError> {
    type Value = T;

    // Not a closure in `unwrap_or_else`, which would report its own line.
    #[track_caller]
    fn or_panic(self) -> T {
        match self {
            Ok(value) => value,
            Err(error) => panic!("{error}"),
        }
    }
}

impl SpectralError {
    /// An error for each count that is zero, or too large for arithmetic with it.
    pub(crate) fn check_positive(what: &str, counts: &[usize]) -> Result<(), Self> {
        match counts.contains(&0) {
            true => Err(Self::Zero { what: what.into() }),
            false => Self::check_sizes(what, counts),
        }
    }

    /// An error for two tensors, each given by what it is and its precision, that differ in it.
    pub(crate) fn check_dtypes(
        (first, first_dtype): (&'static str, DType),
        (second, second_dtype): (&'static str, DType),
    ) -> Result<(), Self> {
        match first_dtype == second_dtype {
            true => Ok(()),
            false => Err(Self::Dtype {
                first,
                first_dtype,
                second,
                second_dtype,
            }),
        }
    }

    /// An error for a value outside 0 to 1.
    pub(crate) fn check_fraction(what: &'static str, value: f64) -> Result<(), Self> {
        match (0.0..=1.0).contains(&value) {
            true => Ok(()),
            false => Err(Self::Fraction {
                what,
                value: value.to_string(),
            }),
        }
    }
}
