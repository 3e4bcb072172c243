//! Errors of configurations and inputs.

use burn::tensor::DType;
use fused_layers::LayerError;
use thiserror::Error;

/// An invalid configuration, or an input that a layer does not accept.
///
/// `try_init` and `check` return it; `init` and `forward` panic with the same text, at the line of
/// their caller.
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
    /// A bias whose length is not the number of output channels.
    #[error("bias has {got} values, expected {channels}, one per output channel")]
    Bias {
        /// Channels of the output.
        channels: usize,
        /// Values given.
        got: usize,
    },
    /// Channels that the coupling cannot split.
    #[error(
        "{coupling} coupling needs input and output channels that are multiples of {groups}, got \
         {channels_in} and {channels_out}"
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
    #[error("the response has [out, in / groups] = {got:?} channels, expected {expected:?}")]
    ResponseChannels {
        /// Channels that the layer needs.
        expected: [usize; 2],
        /// Channels of the response.
        got: [usize; 2],
    },
    /// A response whose value does not have the shape that its channels and the grid ask for.
    #[error(
        "the value of the response has shape {got:?}, expected {expected:?} for this input size"
    )]
    ResponseShape {
        /// Shape of a spectrum, or the largest one of taps.
        expected: Vec<usize>,
        /// Shape of the value.
        got: Vec<usize>,
    },
    /// A number of spatial sizes other than the layer's number of spatial axes.
    #[error("expected {axes} sizes, one per spatial axis, got {got:?}")]
    Axes {
        /// Spatial axes of the layer.
        axes: usize,
        /// The sizes given.
        got: Vec<usize>,
    },
    /// An input of another size than a response with one weight per frequency was created for.
    #[error(
        "{response} was created for inputs of size {expected:?}, got size {got:?}; create it for that size \
         or resize the input"
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
        "inputs of size {got:?} have fewer frequencies than the Fourier modes {modes:?} (non-negative and \
         negative per axis); use fewer modes or larger inputs"
    )]
    Modes {
        /// On each axis the modes from 0 up and the negative ones.
        modes: Vec<[usize; 2]>,
        /// Size of the input.
        got: Vec<usize>,
    },
    /// Negative modes on the axis of the half-spectrum.
    #[error(
        "the last axis of a half-spectrum has no negative frequencies: expected 0 negative modes, got {got}"
    )]
    HalfModes {
        /// Negative modes asked for.
        got: usize,
    },
    /// A kernel larger than the input it is applied to circularly.
    #[error("the kernel, of size {kernel:?}, is larger than the input, of size {got:?}")]
    Kernel {
        /// Size of the kernel.
        kernel: Vec<usize>,
        /// Size of the input.
        got: Vec<usize>,
    },
    /// A tile of a convolution that its kernel does not fit.
    #[error(
        "a tile of {tile} samples is smaller than the dilated kernel, which spans {extent} along spatial axis \
         {axis}"
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
    #[error(
        "spatial axis {axis} is out of range: expected 0 to {}", axes - 1
    )]
    Axis {
        /// The axis given.
        axis: usize,
        /// Spatial axes of the layer.
        axes: usize,
    },
    /// A map between images of different sizes, where one that keeps the size is needed.
    #[error("inspection needs a map that keeps the image size, got one from {from:?} to {to:?}")]
    NotSameSize {
        /// Size of the images that go in.
        from: [usize; 2],
        /// Size of those that come out.
        to: [usize; 2],
    },
    /// A kernel that is even or too large.
    #[error("the kernel size must be odd and at most {most}, got {got}")]
    Taps {
        /// The size given.
        got: usize,
        /// The largest that the images and the search allow.
        most: usize,
    },
    /// Images resampled in the wrong direction.
    #[error(
        "cannot {action} images of size {from:?} to {to:?}: pooling cannot enlarge an axis, upsampling \
         cannot shrink one"
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
        "mode Valid needs the image or the filter to be at least as large as the other on every axis, got an \
         image of size {image:?} and a filter of size {filter:?}"
    )]
    Cover {
        /// Size of the image.
        image: Vec<usize>,
        /// Size of the filter.
        filter: Vec<usize>,
    },
    /// Windows that leave samples out, so that the local transform cannot be undone.
    #[error(
        "{window} windows of {length} samples with hop {hop} give some samples (almost) no weight, so the \
         transform has no inverse; use a smaller hop, at most half the window"
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
    #[error("expected {channels} filters, one per channel, got {filters}")]
    Filters {
        /// Channels of the layer.
        channels: usize,
        /// Filters given.
        filters: usize,
    },
    /// A spectrum with other bins than the layer's.
    #[error(
        "expected spectra with {expected:?} bins, those of images of size {size:?}, got {got:?}"
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
        "expected the full spectrum of images of size {size:?}, as fft2 returns it, got {got:?} bins{}",
        if got[..] == [size[0], size[1] / 2 + 1] { ", the half-spectrum that rfft2 returns" } else { "" }
    )]
    FullSpectrum {
        /// Size of the layer's images.
        size: [usize; 2],
        /// Bins of the spectrum.
        got: Vec<usize>,
    },
    /// Images of another size than the layer's.
    #[error("expected images of size {expected:?}, got an input of shape {got:?}")]
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
    #[error("{what} must be a finite number of at least 0, got {value}")]
    Negative {
        /// What was given.
        what: &'static str,
        /// The value, as text.
        value: String,
    },
    /// A value that must lie between zero and one.
    #[error("{what} must be between 0 and 1, got {value}")]
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
    #[error("the slope of an activation must be a finite number of at least 0, got {value}")]
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
        "the dilated kernel, which spans {extent} samples, is larger than the padded input, of {padded} \
         samples, on spatial axis {axis} (input shape {got:?})"
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
        "the {form} form of a {response} response has {expected} spatial axes, got {got}; use \
         ParametricForm::Stable"
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
    /// A number of domain lengths other than the number of spatial axes.
    #[error("expected {axes} domain lengths, one per spatial axis, got {got}")]
    Lengths {
        /// Spatial axes of the grid.
        axes: usize,
        /// Number of lengths given.
        got: usize,
    },
    /// A grid with too few points for one-sided differences.
    #[error(
        "one-sided differences need at least {least} points along each axis, got {} along spatial axis {axis} \
         of a grid of {got:?}", got[*axis]
    )]
    Points {
        /// Points that are needed.
        least: usize,
        /// The spatial axis.
        axis: usize,
        /// Points along each axis.
        got: Vec<usize>,
    },
    /// A layer of more or fewer spatial axes than the transforms serve.
    #[error("expected 1 to 3 spatial axes, got {got}")]
    SpatialAxes {
        /// Spatial axes of the layer.
        got: usize,
    },
    /// An input of another rank than the layer's.
    #[error("expected an input of rank {expected}, including the batch, got shape {got:?}")]
    Rank {
        /// Rank of the layer's inputs.
        expected: usize,
        /// Shape of the input.
        got: Vec<usize>,
    },
    /// Real numbers where a spectrum is asked for, or the other way around.
    #[error("expected {expected}, got {got}")]
    Domain {
        /// What the layer takes.
        expected: &'static str,
        /// Shape of the input and what it holds.
        got: String,
    },
    /// An input with another number of features on its last axis than the layer's.
    #[error("expected {expected} features on the last axis, got an input of shape {got:?}")]
    Features {
        /// Features of the layer.
        expected: usize,
        /// Shape of the input.
        got: Vec<usize>,
    },
    /// A layer that a stack of shared layers cannot take.
    #[error(
        "layer {index} of the stack has {fault}; each layer needs shared coupling, no bias, no conjugated \
         factor, and as many input channels as the previous layer has filters"
    )]
    StackLayer {
        /// Index of the layer.
        index: usize,
        /// What it has.
        fault: String,
    },
    /// A dense head of another number of features than the layer before it gives.
    #[error("the head has {got} input features, expected the {expected} of the spectrum")]
    HeadFeatures {
        /// Features of the spectrum.
        expected: usize,
        /// Features of the head.
        got: usize,
    },
    /// Skip weights of another number than the signal's channels.
    #[error("expected {channels} skip weights, one per channel, got {got}")]
    Skips {
        /// Channels of the signal.
        channels: usize,
        /// Weights given.
        got: usize,
    },
    /// The length of a real signal that does not have the bins of a half-spectrum.
    #[error("{}", real_length(*length, *dim, got))]
    RealLength {
        /// The length given.
        length: usize,
        /// The dim along which the spectrum is halved.
        dim: usize,
        /// Shape of the spectrum.
        got: Vec<usize>,
    },
    /// A skip connection that keeps channels apart between layers of different numbers of channels.
    #[error(
        "{skip} skip connections need as many output channels as input channels, got {got:?}; use a linear one"
    )]
    SkipChannels {
        /// Kind of the connection.
        skip: &'static str,
        /// Input and output channels.
        got: [usize; 2],
    },
    /// A channel MLP without hidden channels.
    #[error(
        "a channel MLP on {channels} channels needs an expansion that gives at least 1 hidden channel, got {got}"
    )]
    Expansion {
        /// Channels of the block.
        channels: usize,
        /// The expansion given, as text.
        got: String,
    },
    /// A connection that does not lead from a layer to a later one.
    #[error(
        "a connection must lead from a layer to a later one of {layers}, and only one to each, got {got:?}"
    )]
    Connection {
        /// Layers of the network.
        layers: usize,
        /// The layers it was to join, from 0.
        got: [usize; 2],
    },
    /// A number of settings other than the layer's number of spatial axes.
    #[error("expected {axes} {what}, one per spatial axis, got {got}")]
    PerAxis {
        /// What was counted.
        what: &'static str,
        /// Spatial axes of the layer.
        axes: usize,
        /// How many were given.
        got: usize,
    },
    /// An input with another number of channels than the layer's.
    #[error("expected {expected} channels, got an input of shape {got:?}")]
    Channels {
        /// Channels of the layer.
        expected: usize,
        /// Shape of the input.
        got: Vec<usize>,
    },
}

/// Each error as the one of its name, with the same text.
impl From<LayerError> for SpectralError {
    fn from(error: LayerError) -> Self {
        match error {
            LayerError::Zero { what } => Self::Zero { what },
            LayerError::TooLarge { what, most, got } => Self::TooLarge { what, most, got },
            LayerError::Dtype {
                first,
                first_dtype,
                second,
                second_dtype,
            } => Self::Dtype {
                first,
                first_dtype,
                second,
                second_dtype,
            },
            LayerError::Bias { channels, got } => Self::Bias { channels, got },
            LayerError::Groups {
                groups,
                channels_in,
                channels_out,
            } => Self::Coupling {
                coupling: "grouped",
                groups,
                channels_in,
                channels_out,
            },
            LayerError::Channels { expected, got } => Self::Channels { expected, got },
            LayerError::Extent {
                extent,
                padded,
                axis,
                got,
            } => Self::Extent {
                extent,
                padded,
                axis,
                got,
            },
            LayerError::Slope { value } => Self::Slope { value },
            other => unreachable!("an error without a counterpart: {other}"),
        }
    }
}

/// The text of [`SpectralError::RealLength`].
fn real_length(length: usize, dim: usize, got: &[usize]) -> String {
    let (bins, accepted) = match got[dim] {
        0 => {
            return format!(
                "a half-spectrum has at least 1 bin, got the shape {got:?}, halved along dim {dim}"
            );
        }
        1 => ("1 bin".to_string(), "1 real sample".to_string()),
        bins => (
            format!("{bins} bins"),
            format!("{} or {} real samples", 2 * bins - 2, 2 * bins - 1),
        ),
    };
    format!(
        "a half-spectrum with {bins} along dim {dim} (shape {got:?}) belongs to {accepted}, got a \
         length of {length}"
    )
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
    /// An error for two tensors, each given by what it is and its precision, that differ in it.
    pub(crate) fn check_dtypes(
        first: (&'static str, DType),
        second: (&'static str, DType),
    ) -> Result<(), Self> {
        Ok(LayerError::check_dtypes(first, second)?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_spatial_layers_keep_their_texts() {
        let text = || "the stride".to_string();
        for error in [
            LayerError::Zero { what: text() },
            LayerError::TooLarge {
                what: text(),
                most: 7,
                got: "8".into(),
            },
            LayerError::Dtype {
                first: "input",
                first_dtype: DType::F32,
                second: "weight",
                second_dtype: DType::F64,
            },
            LayerError::Bias {
                channels: 3,
                got: 2,
            },
            LayerError::Groups {
                groups: 2,
                channels_in: 4,
                channels_out: 3,
            },
            LayerError::Channels {
                expected: 3,
                got: vec![1, 2],
            },
            LayerError::Extent {
                extent: 5,
                padded: 4,
                axis: 1,
                got: vec![1, 2],
            },
            LayerError::Slope { value: "-1".into() },
        ] {
            let want = error.to_string();
            assert_eq!(SpectralError::from(error).to_string(), want);
        }
    }
}
