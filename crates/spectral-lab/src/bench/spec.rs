//! A layer and its input shape.

use serde::{Deserialize, Serialize};

use super::error::BenchError;
use crate::limits;

/// A layer with its sizes; the input shape is in [`Spec`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// A convolution with `same` zero padding, as `Conv2d`.
    Conv {
        /// Output channels.
        out: usize,
        /// Kernel size, an odd number.
        kernel: usize,
        /// Groups of a grouped convolution.
        groups: usize,
        /// Whether it has a bias.
        bias: bool,
    },
    /// KKLayer as published.
    Kk {
        /// Output channels.
        out: usize,
    },
    /// One free weight per output, input and frequency.
    Dense {
        /// Output channels.
        out: usize,
    },
    /// One free weight per channel and frequency.
    Depthwise,
    /// Free weights on the lowest modes in two corners, as in the Fourier neural operator.
    Modes {
        /// Output channels.
        out: usize,
        /// Kept rows of positive frequency, and as many of negative.
        rows: usize,
        /// Kept columns.
        columns: usize,
    },
    /// Rotated Gaussians, shared by the input channels.
    Gaussian {
        /// Output channels.
        out: usize,
    },
    /// One free weight per frequency and channel, channels last, as in GFNet.
    GlobalFilter,
    /// A causal convolution with one kernel per channel, as long as the signal.
    LongConv,
    /// A real transform over the last axes and its inverse.
    RoundTrip,
}

/// Names of the layers for [`Options::spec`].
pub(super) const LAYERS: [&str; 9] = [
    "conv",
    "kk",
    "dense",
    "depthwise",
    "modes",
    "gaussian",
    "globalfilter",
    "longconv",
    "transform",
];

impl Layer {
    /// Its name for [`Options::spec`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::Conv { .. } => "conv",
            Self::Kk { .. } => "kk",
            Self::Dense { .. } => "dense",
            Self::Depthwise => "depthwise",
            Self::Modes { .. } => "modes",
            Self::Gaussian { .. } => "gaussian",
            Self::GlobalFilter => "globalfilter",
            Self::LongConv => "longconv",
            Self::RoundTrip => "transform",
        }
    }
}

/// A layer and its input shape.
///
/// The shape is `[batch, channels, height, width]`; `[batch, height, width, channels]` for
/// [`Layer::GlobalFilter`], `[batch, channels, length]` for [`Layer::LongConv`], and for
/// [`Layer::RoundTrip`] either of the first and the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The layer.
    pub layer: Layer,
    /// The input shape.
    pub shape: Vec<usize>,
}

impl Spec {
    /// Checks a layer and its input shape.
    ///
    /// # Errors
    /// [`BenchError::Sizes`] if they are inconsistent.
    pub fn new(layer: Layer, shape: impl Into<Vec<usize>>) -> Result<Self, BenchError> {
        let spec = Self {
            layer,
            shape: shape.into(),
        };
        spec.check()?;
        Ok(spec)
    }

    /// Input channels.
    pub fn channels(&self) -> usize {
        match self.layer {
            Layer::GlobalFilter => self.shape[3],
            _ => self.shape[1],
        }
    }

    /// Output channels.
    pub fn outputs(&self) -> usize {
        match self.layer {
            Layer::Conv { out, .. }
            | Layer::Kk { out }
            | Layer::Dense { out }
            | Layer::Modes { out, .. }
            | Layer::Gaussian { out } => out,
            _ => self.channels(),
        }
    }

    /// Lengths of the axes that are transformed or convolved.
    pub fn sizes(&self) -> &[usize] {
        match self.layer {
            Layer::GlobalFilter => &self.shape[1..3],
            _ => &self.shape[2..],
        }
    }

    /// Elements of input and output.
    pub fn elements(&self) -> [usize; 2] {
        let input: usize = self.shape.iter().product();
        [input, input / self.channels() * self.outputs()]
    }

    fn check(&self) -> Result<(), BenchError> {
        let refuse = |needs: &str, got: String| {
            Err(BenchError::Sizes {
                layer: self.layer.name(),
                needs: needs.into(),
                got,
            })
        };
        let shape = &self.shape;
        let (fits, needs) = match self.layer {
            Layer::LongConv => (
                shape.len() == 3,
                "needs an input shape BATCHxCHANNELSxLENGTH",
            ),
            Layer::RoundTrip => (
                (3..=4).contains(&shape.len()),
                "needs an input shape BATCHxCHANNELSxLENGTH or BATCHxCHANNELSxHEIGHTxWIDTH",
            ),
            Layer::GlobalFilter => (
                shape.len() == 4,
                "needs an input shape BATCHxHEIGHTxWIDTHxCHANNELS",
            ),
            _ => (
                shape.len() == 4,
                "needs an input shape BATCHxCHANNELSxHEIGHTxWIDTH",
            ),
        };
        if !fits {
            return refuse(needs, joined(shape));
        }
        if shape.contains(&0) {
            return refuse("needs sizes of at least 1", joined(shape));
        }
        if self.outputs() == 0 {
            return refuse("needs at least 1 output channel", "0".into());
        }
        match self.layer {
            Layer::Conv {
                out,
                kernel,
                groups,
                ..
            } => {
                if kernel % 2 == 0 {
                    return refuse("needs an odd kernel size", kernel.to_string());
                }
                let channels = self.channels();
                if groups == 0 || !channels.is_multiple_of(groups) || !out.is_multiple_of(groups) {
                    let needs =
                        format!("needs groups that divide its {channels} inputs and {out} outputs");
                    return refuse(&needs, groups.to_string());
                }
            }
            Layer::Modes { rows, columns, .. } => {
                let (height, bins) = (shape[2], shape[3] / 2 + 1);
                if rows == 0 || columns == 0 || rows > height / 2 || columns > bins {
                    let needs = format!(
                        "accepts 1 to {} rows at each end and 1 to {bins} columns for this shape",
                        height / 2
                    );
                    return refuse(&needs, joined(&[rows, columns]));
                }
            }
            _ => {}
        }
        let most = limits::TENSOR;
        let largest = self.largest_tensor();
        match largest > most {
            true => refuse(
                &format!("accepts tensors of at most {}", limits::floats(most)),
                format!("one of {} for {}", limits::floats(largest), joined(shape)),
            ),
            false => Ok(()),
        }
    }

    /// Values of the largest tensor of the layer: input, output or weights.
    fn largest_tensor(&self) -> u64 {
        let (inputs, outputs) = (self.channels(), self.outputs());
        let others = |axis: &usize| match self.layer {
            Layer::GlobalFilter => *axis != 3,
            _ => *axis != 1,
        };
        let axes = (0..self.shape.len()).filter(others);
        let output = limits::product(axes.map(|axis| self.shape[axis]).chain([outputs]));
        let bins = self.sizes().iter().copied().chain([2]);
        let weights = match self.layer {
            Layer::Conv { kernel, groups, .. } => {
                limits::product([outputs, inputs / groups, kernel, kernel])
            }
            Layer::Kk { .. } => limits::product([outputs, inputs]),
            Layer::Dense { .. } => limits::product(bins.chain([outputs, inputs])),
            Layer::Gaussian { .. } => limits::product(bins.chain([outputs])),
            Layer::Modes { rows, columns, .. } => {
                limits::product([outputs, inputs, 4, rows, columns])
            }
            Layer::Depthwise | Layer::GlobalFilter | Layer::LongConv | Layer::RoundTrip => {
                limits::product(bins.chain([inputs]))
            }
        };
        limits::product(self.shape.iter().copied())
            .max(output)
            .max(weights)
    }
}

/// Sizes formatted as on the command line.
pub(super) fn joined(sizes: &[usize]) -> String {
    let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
    sizes.join("x")
}

/// A layer as given on the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The layer.
    pub layer: String,
    /// The input shape.
    pub shape: Vec<usize>,
    /// Output channels; default: input channels.
    pub out: Option<usize>,
    /// Kernel size of a convolution; default 3.
    pub kernel: Option<usize>,
    /// Groups of a convolution; default 1.
    pub groups: Option<usize>,
    /// Kept modes: rows at each end, and columns; default 12.
    pub modes: Option<[usize; 2]>,
}

impl Options {
    /// Converts to a [`Spec`].
    ///
    /// # Errors
    /// [`BenchError::UnknownLayer`]; [`BenchError::Sizes`] if the sizes are inconsistent, or an
    /// option does not apply to the layer.
    pub fn spec(&self) -> Result<Spec, BenchError> {
        let Some(layer) = LAYERS.into_iter().find(|name| *name == self.layer) else {
            return Err(BenchError::UnknownLayer {
                name: self.layer.clone(),
                accepted: LAYERS.to_vec(),
            });
        };
        let given = [
            (
                "--out",
                self.out.is_some(),
                &["conv", "kk", "dense", "modes", "gaussian"][..],
            ),
            ("--kernel", self.kernel.is_some(), &["conv"]),
            ("--groups", self.groups.is_some(), &["conv"]),
            ("--modes", self.modes.is_some(), &["modes"]),
        ];
        if let Some((option, ..)) = given
            .iter()
            .find(|(_, is_given, takers)| *is_given && !takers.contains(&layer))
        {
            return Err(BenchError::Sizes {
                layer,
                needs: format!("does not accept {option}"),
                got: "one".into(),
            });
        }
        let out = self
            .out
            .unwrap_or_else(|| self.shape.get(1).copied().unwrap_or(1));
        let [rows, columns] = self.modes.unwrap_or([12; 2]);
        let layer = match layer {
            "conv" => Layer::Conv {
                out,
                kernel: self.kernel.unwrap_or(3),
                groups: self.groups.unwrap_or(1),
                bias: true,
            },
            "kk" => Layer::Kk { out },
            "dense" => Layer::Dense { out },
            "depthwise" => Layer::Depthwise,
            "modes" => Layer::Modes { out, rows, columns },
            "gaussian" => Layer::Gaussian { out },
            "globalfilter" => Layer::GlobalFilter,
            "longconv" => Layer::LongConv,
            _ => Layer::RoundTrip,
        };
        Spec::new(layer, self.shape.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_take_too_much_memory_are_refused_with_it() {
        let most = usize::MAX;
        let options = [
            ("conv", vec![1, most, 8, 8], None, None),
            ("conv", vec![most, most, most, most], Some(most), None),
            ("conv", vec![1, 1, 8, 8], Some(most), None),
            ("conv", vec![1, 1, 8, 8], None, Some(1_000_001)),
            ("dense", vec![1, 4096, 128, 128], None, None),
            ("modes", vec![1, 100_000, 64, 64], None, None),
            ("globalfilter", vec![1, most, 8, 8], None, None),
            ("longconv", vec![1, 1, most], None, None),
            ("transform", vec![2, most, 2], None, None),
        ];
        for (layer, shape, out, kernel) in options {
            let options = Options {
                layer: layer.into(),
                shape,
                out,
                kernel,
                ..Options::default()
            };
            let error = options.spec().unwrap_err().to_string();
            assert!(error.contains("at most 1.0 GB"), "{layer}: {error}");
        }
    }

    fn options(layer: &str, shape: &[usize]) -> Options {
        Options {
            layer: layer.into(),
            shape: shape.into(),
            ..Options::default()
        }
    }

    #[test]
    fn every_layer_has_the_name_it_is_asked_for_by() {
        for name in LAYERS {
            let shape: &[usize] = match name {
                "longconv" => &[2, 3, 64],
                _ => &[2, 3, 24, 24],
            };
            assert_eq!(options(name, shape).spec().unwrap().layer.name(), name);
        }
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let spec = options("conv", &[2, 6, 8, 8]).spec().unwrap();
        let expected = Layer::Conv {
            out: 6,
            kernel: 3,
            groups: 1,
            bias: true,
        };
        assert_eq!(spec.layer, expected);
        assert_eq!(spec.elements(), [768, 768]);
    }

    #[test]
    fn channels_last_are_found_where_they_are() {
        let spec = options("globalfilter", &[2, 5, 7, 3]).spec().unwrap();
        assert_eq!((spec.channels(), spec.sizes()), (3, &[5, 7][..]));
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused_by_value() {
        let text = |options: Options| options.spec().unwrap_err().to_string();
        assert_eq!(
            text(options("dense", &[1, 2, 3])),
            "dense needs an input shape BATCHxCHANNELSxHEIGHTxWIDTH, got 1x2x3"
        );
        assert_eq!(
            text(options("modes", &[1, 2, 16, 16])),
            "modes accepts 1 to 8 rows at each end and 1 to 9 columns for this shape, got 12x12"
        );
        let even = Options {
            kernel: Some(4),
            ..options("conv", &[1, 2, 8, 8])
        };
        assert_eq!(text(even), "conv needs an odd kernel size, got 4");
        let foreign = Options {
            kernel: Some(3),
            ..options("dense", &[1, 2, 8, 8])
        };
        assert_eq!(text(foreign), "dense does not accept --kernel, got one");
        assert!(text(options("fno", &[1])).contains("conv, kk, dense"));
        assert!(text(options("kk", &[1, 0, 3, 3])).contains("at least 1, got 1x0x3x3"));
    }
}
