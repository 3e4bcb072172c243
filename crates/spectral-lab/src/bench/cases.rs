//! The named cases.

use super::error::BenchError;
use super::peer::Form;
use super::spec::{Layer, Spec, joined};

/// A named measurement: a layer, and the peer's variants.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The layer and its input shape.
    pub spec: Spec,
    /// The peer's variants; the fastest counts.
    pub forms: Vec<Form>,
}

impl Case {
    /// A case with custom sizes, with all of the peer's variants.
    pub fn own(spec: Spec) -> Self {
        Self {
            name: own_name(&spec),
            forms: Form::of(&spec),
            spec,
        }
    }
}

/// The name of a case: layer with its sizes, input shape, and the output channels if they differ.
fn own_name(spec: &Spec) -> String {
    let own = match spec.layer {
        Layer::Conv { kernel, groups, .. } if groups > 1 => format!("{kernel}g{groups}"),
        Layer::Conv { kernel, .. } => kernel.to_string(),
        Layer::Modes { rows, columns, .. } => joined(&[rows, columns]),
        _ => String::new(),
    };
    let mut name = format!("{}{own}_{}", spec.layer.name(), joined(&spec.shape));
    if spec.outputs() != spec.channels() {
        name += &format!("-{}", spec.outputs());
    }
    name
}

fn conv(out: usize, kernel: usize, groups: usize) -> Layer {
    Layer::Conv {
        out,
        kernel,
        groups,
        // A kernel of three taps is used where a normalization follows.
        bias: kernel > 3,
    }
}

type Row = (
    &'static str,
    Layer,
    &'static [usize],
    &'static [&'static str],
);

/// Name, layer, input shape, and the peer's variants.
fn table() -> Vec<Row> {
    let fft_conv = &["fft_conv_pytorch", "plain_fft_conv"][..];
    let modes = |rows, columns| Layer::Modes {
        out: 32,
        rows,
        columns,
    };
    let (small, middle) = (&[64, 1, 14, 14][..], &[64, 16, 7, 7][..]);
    let (image, field) = (&[64, 16, 28, 28][..], &[16, 32, 64, 64][..]);
    let (large, deep) = (&[4, 32, 128, 128][..], &[8, 64, 64, 64][..]);
    vec![
        ("conv3_64x1-16_14", conv(16, 3, 1), small, &["conv2d"]),
        (
            "kk_literal_64x1-16_14",
            Layer::Kk { out: 16 },
            small,
            &["published_kk"],
        ),
        (
            "kk_vector_64x1-16_14",
            Layer::Kk { out: 16 },
            small,
            &["vector_kk"],
        ),
        (
            "kk_flip_64x1-16_14",
            Layer::Kk { out: 16 },
            small,
            &["flip_kk"],
        ),
        ("conv3_64x16-32_7", conv(32, 3, 1), middle, &["conv2d"]),
        (
            "kk_literal_64x16-32_7",
            Layer::Kk { out: 32 },
            middle,
            &["published_kk"],
        ),
        (
            "kk_vector_64x16-32_7",
            Layer::Kk { out: 32 },
            middle,
            &["vector_kk"],
        ),
        (
            "kk_flip_64x16-32_7",
            Layer::Kk { out: 32 },
            middle,
            &["flip_kk"],
        ),
        ("conv3_64x16-32_28", conv(32, 3, 1), image, &["conv2d"]),
        (
            "dense_64x16-32_28",
            Layer::Dense { out: 32 },
            image,
            &["dense_filter"],
        ),
        (
            "dense_32x64-64_32",
            Layer::Dense { out: 64 },
            &[32, 64, 32, 32],
            &["dense_filter"],
        ),
        ("modes12_16x32-32_64", modes(12, 12), field, &["low_modes"]),
        (
            "neuralop24_16x32-32_64",
            modes(12, 13),
            field,
            &["neuraloperator", "low_modes"],
        ),
        (
            "gaussian_32x3-6_150",
            Layer::Gaussian { out: 6 },
            &[32, 3, 150, 150],
            &["shared_gaussian"],
        ),
        (
            "globalfilter_32x14x14x384",
            Layer::GlobalFilter,
            &[32, 14, 14, 384],
            &["global_filter"],
        ),
        ("fftconv31_4x32-32_128", conv(32, 31, 1), large, fft_conv),
        ("conv31_4x32-32_128", conv(32, 31, 1), large, &["conv2d"]),
        ("fftconv31dw_8x64_64", conv(64, 31, 64), deep, fft_conv),
        ("conv31dw_8x64_64", conv(64, 31, 64), deep, &["conv2d"]),
        (
            "longconv_4x256_8192",
            Layer::LongConv,
            &[4, 256, 8192],
            &["long_convolution"],
        ),
        (
            "rfft2_irfft2_64x16x28",
            Layer::RoundTrip,
            image,
            &["round_trip"],
        ),
        (
            "rfft2_irfft2_64x32x32",
            Layer::RoundTrip,
            &[64, 32, 32, 32],
            &["round_trip"],
        ),
        (
            "rfft2_irfft2_16x8x150",
            Layer::RoundTrip,
            &[16, 8, 150, 150],
            &["round_trip"],
        ),
        (
            "rfft2_irfft2_16x8x256",
            Layer::RoundTrip,
            &[16, 8, 256, 256],
            &["round_trip"],
        ),
    ]
}

/// All cases.
pub fn cases() -> Vec<Case> {
    let case = |(name, layer, shape, forms): Row| {
        let spec = Spec::new(layer, shape).expect("the sizes in the table are consistent");
        Case {
            name: name.into(),
            forms: forms.iter().map(|name| Form::named(name, &spec)).collect(),
            spec,
        }
    };
    table().into_iter().map(case).collect()
}

/// The case of that name.
///
/// # Errors
/// [`BenchError::UnknownCase`] with the available names.
pub fn case(name: &str) -> Result<Case, BenchError> {
    cases()
        .into_iter()
        .find(|case| case.name == name)
        .ok_or_else(|| BenchError::UnknownCase {
            name: name.into(),
            accepted: table().into_iter().map(|row| row.0).collect(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for wanted in cases() {
            let found = case(&wanted.name).unwrap();
            assert_eq!(found.spec, wanted.spec, "{}", wanted.name);
        }
    }

    #[test]
    fn an_unknown_name_is_told_the_known_ones() {
        let error = case("fno").unwrap_err().to_string();
        assert!(
            error.contains("'fno'") && error.contains("longconv_4x256_8192"),
            "{error}"
        );
    }

    #[test]
    fn own_sizes_name_themselves() {
        let spec = Spec::new(Layer::Dense { out: 32 }, [64, 16, 28, 28]).unwrap();
        assert_eq!(Case::own(spec).name, "dense_64x16x28x28-32");
        let spec = Spec::new(conv(4, 5, 2), [1, 4, 9, 9]).unwrap();
        assert_eq!(Case::own(spec).name, "conv5g2_1x4x9x9");
    }
}
