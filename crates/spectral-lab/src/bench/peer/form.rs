//! Variants of a layer in the peer.

use crate::bench::spec::{Layer, Spec};

/// A variant of a layer, by name and the numbers that `forms.py` builds it from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Its name there.
    pub name: String,
    /// Its arguments.
    pub arguments: Vec<usize>,
    /// Its input shape.
    pub shape: Vec<usize>,
}

impl Form {
    /// All variants of a layer worth timing; the fastest counts.
    pub fn of(spec: &Spec) -> Vec<Self> {
        let names: &[&str] = match spec.layer {
            Layer::Conv { kernel, .. } if kernel < 9 => &["conv2d"],
            Layer::Conv { .. } => &["conv2d", "fft_conv_pytorch", "plain_fft_conv"],
            Layer::Kk { .. } => &["vector_kk", "flip_kk"],
            Layer::Dense { .. } => &["dense_filter"],
            Layer::Depthwise => &["channel_filter"],
            Layer::Modes { .. } => &["low_modes"],
            Layer::Gaussian { .. } => &["shared_gaussian"],
            Layer::GlobalFilter => &["global_filter"],
            Layer::LongConv => &["long_convolution"],
            Layer::RoundTrip => &["round_trip"],
        };
        names.iter().map(|name| Self::named(name, spec)).collect()
    }

    /// The variant of that name for a layer.
    pub(in crate::bench) fn named(name: &str, spec: &Spec) -> Self {
        let (inputs, outputs) = (spec.channels(), spec.outputs());
        let sizes = spec.sizes();
        let arguments = match (&spec.layer, name) {
            (
                Layer::Conv {
                    kernel,
                    groups,
                    bias,
                    ..
                },
                "conv2d",
            ) => vec![inputs, outputs, *kernel, *groups, usize::from(*bias)],
            (Layer::Conv { kernel, groups, .. }, _) => vec![inputs, outputs, *kernel, *groups],
            (Layer::Kk { .. }, _) => vec![inputs, outputs],
            (Layer::Dense { .. }, _) => vec![inputs, outputs, sizes[0], sizes[1]],
            (Layer::Depthwise | Layer::GlobalFilter, _) => vec![inputs, sizes[0], sizes[1]],
            // The package counts rows of both signs, and columns of both before halving them.
            (Layer::Modes { rows, .. }, "neuraloperator") => vec![inputs, outputs, 2 * rows],
            (Layer::Modes { rows, columns, .. }, _) => vec![inputs, outputs, *rows, *columns],
            (Layer::Gaussian { .. }, _) => vec![outputs],
            (Layer::LongConv, _) => vec![inputs, sizes[0]],
            (Layer::RoundTrip, _) => vec![sizes.len()],
        };
        Self {
            name: name.into(),
            arguments,
            shape: spec.shape.clone(),
        }
    }

    /// The fields of a request for it.
    pub(super) fn request(&self) -> serde_json::Value {
        serde_json::json!({
            "form": self.name, "arguments": self.arguments, "shape": self.shape,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_every_case_is_one_that_the_script_builds() {
        let script = include_str!("../../../peers/forms.py");
        for case in crate::bench::cases() {
            for form in case.forms.iter().chain(&Form::of(&case.spec)) {
                assert!(
                    script.contains(&format!("    \"{}\": ", form.name)),
                    "{form:?}"
                );
            }
        }
    }

    #[test]
    fn arguments_are_those_of_the_script() {
        let case = |name| crate::bench::case(name).unwrap().forms[0].arguments.clone();
        assert_eq!(case("conv31dw_8x64_64"), [64, 64, 31, 64, 1]);
        assert_eq!(case("neuralop24_16x32-32_64"), [32, 32, 24]);
        assert_eq!(case("globalfilter_32x14x14x384"), [384, 14, 14]);
        assert_eq!(case("rfft2_irfft2_64x16x28"), [2]);
    }
}
