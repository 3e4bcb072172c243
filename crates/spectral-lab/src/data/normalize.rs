//! Normalization of pixel values.

use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::error::DataError;
use super::images::Images;

const NAMES: [&str; 3] = ["zero-one", "symmetric-one", "per-channel"];

/// How a pixel byte p is normalized.
///
/// In a file, `"zero-one"`, `"symmetric-one"`, `"per-channel"` (to be [`fitted`](Self::fitted)), or
/// `{ per-channel = { mean = […], std = […] } }`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalize {
    /// p / 255, in 0..1.
    ZeroOne,
    /// p / 127.5 − 1, in −1..1.
    #[default]
    SymmetricOne,
    /// [`PerChannel`](Self::PerChannel) with constants of the training images that are not known
    /// yet.
    #[serde(rename = "per-channel")]
    PerChannelOfTraining,
    /// (p / 255 − mean) / std, with a mean and a standard deviation per channel.
    PerChannel {
        /// Mean of each channel, of pixels scaled to 0..1.
        mean: Vec<f32>,
        /// Standard deviation of each channel, of pixels scaled to 0..1; above zero.
        std: Vec<f32>,
    },
}

impl Normalize {
    /// [`PerChannel`](Self::PerChannel) with the statistics of `images`. A constant channel is
    /// centered but not scaled.
    pub fn per_channel_of(images: &Images) -> Self {
        let statistics = images.channel_statistics();
        Self::PerChannel {
            mean: statistics.mean,
            std: statistics
                .std
                .into_iter()
                .map(|s| if s > 0.0 { s } else { 1.0 })
                .collect(),
        }
    }

    /// The same with the constants fitted to the training images, where needed.
    pub fn fitted(self, training: &Images) -> Self {
        match self {
            Self::PerChannelOfTraining => Self::per_channel_of(training),
            known => known,
        }
    }

    /// Scale a and offset b per channel, p ↦ a·p + b up to rounding.
    pub(super) fn scales(&self, channels: usize) -> Result<Vec<(f32, f32)>, DataError> {
        match self {
            Self::ZeroOne => Ok(vec![(1.0 / 255.0, 0.0); channels]),
            Self::SymmetricOne => Ok(vec![(1.0 / 127.5, -1.0); channels]),
            Self::PerChannel { mean, std } => {
                self.check_constants(channels)?;
                let scale = |(m, s): (&f32, &f32)| (1.0 / (255.0 * s), -m / s);
                Ok(mean.iter().zip(std).map(scale).collect())
            }
            Self::PerChannelOfTraining => Err(unfitted()),
        }
    }

    /// The value of each of the 256 bytes, per channel.
    pub(super) fn tables(&self, channels: usize) -> Result<Vec<[f32; 256]>, DataError> {
        let table = |f: &dyn Fn(f32) -> f32| std::array::from_fn(|byte| f(byte as f32));
        match self {
            Self::ZeroOne => Ok(vec![table(&|p| p / 255.0); channels]),
            Self::SymmetricOne => Ok(vec![table(&|p| p / 127.5 - 1.0); channels]),
            Self::PerChannel { mean, std } => {
                self.check_constants(channels)?;
                Ok(mean
                    .iter()
                    .zip(std)
                    .map(|(m, s)| table(&|p| (p / 255.0 - m) / s))
                    .collect())
            }
            Self::PerChannelOfTraining => Err(unfitted()),
        }
    }

    fn check_constants(&self, channels: usize) -> Result<(), DataError> {
        let Self::PerChannel { mean, std } = self else {
            return Ok(());
        };
        let valid = mean.len() == channels
            && std.len() == channels
            && mean.iter().all(|m| m.is_finite())
            && std.iter().all(|s| s.is_finite() && *s > 0.0);
        if valid {
            return Ok(());
        }
        Err(DataError::BadOption {
            option: "normalization",
            value: format!("mean {mean:?}, std {std:?} for {channels} channels"),
            accepted: "one finite mean and one std above zero per channel",
        })
    }
}

fn unfitted() -> DataError {
    DataError::BadOption {
        option: "normalization",
        value: "per-channel without constants".into(),
        accepted: "constants: fit it to the training images first",
    }
}

impl<'de> Deserialize<'de> for Normalize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameOrConstants)
    }
}

/// Derived code reads a name either as a word or as a table, not as both.
struct NameOrConstants;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Constants {
    mean: Vec<f32>,
    std: Vec<f32>,
}

impl<'de> Visitor<'de> for NameOrConstants {
    type Value = Normalize;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "one of {}", NAMES.join(", "))
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Normalize, E> {
        match name {
            "zero-one" => Ok(Normalize::ZeroOne),
            "symmetric-one" => Ok(Normalize::SymmetricOne),
            "per-channel" => Ok(Normalize::PerChannelOfTraining),
            _ => Err(E::unknown_variant(name, &NAMES)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Normalize, A::Error> {
        match map.next_key::<String>()?.as_deref() {
            Some("per-channel") => {}
            other => {
                let name = other.unwrap_or_default();
                return Err(de::Error::unknown_variant(name, &NAMES));
            }
        }
        let Constants { mean, std } = map.next_value()?;
        match map.next_key::<String>()? {
            None => Ok(Normalize::PerChannel { mean, std }),
            Some(name) => Err(de::Error::unknown_field(&name, &["per-channel"])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct File {
        normalize: Normalize,
    }

    fn images() -> Images {
        Images {
            pixels: vec![0, 255, 51, 51],
            channels: 2,
            height: 1,
            width: 2,
            labels: vec![0],
        }
    }

    #[test]
    fn every_form_survives_a_file() {
        for normalize in [
            Normalize::ZeroOne,
            Normalize::SymmetricOne,
            Normalize::PerChannelOfTraining,
            Normalize::PerChannel {
                mean: vec![0.1, 0.2],
                std: vec![0.3, 0.4],
            },
        ] {
            let file = File { normalize };
            let text = toml::to_string(&file).unwrap();
            assert_eq!(toml::from_str::<File>(&text).unwrap(), file, "{text}");
            let text = serde_json::to_string(&file).unwrap();
            assert_eq!(serde_json::from_str::<File>(&text).unwrap(), file, "{text}");
        }
    }

    #[test]
    fn other_forms_are_refused_with_the_names_there_are() {
        for text in [
            "normalize = 'batch'",
            "normalize.batch.mean = []",
            "normalize.per-channel = { mean = [], std = [], max = [] }",
            "normalize.per-channel = { mean = [] }",
        ] {
            let error = toml::from_str::<File>(text).unwrap_err().to_string();
            let named = ["per-channel", "max", "std"];
            assert!(named.iter().any(|name| error.contains(name)), "{error}");
        }
    }

    #[test]
    fn constants_come_from_the_images_asked_and_stay() {
        let fitted = Normalize::PerChannelOfTraining.fitted(&images());
        let expected = Normalize::PerChannel {
            mean: vec![0.5, 0.2],
            std: vec![0.5, 1.0],
        };
        assert_eq!(fitted, expected);
        let mut other = images();
        other.pixels[0] = 77;
        assert_eq!(fitted.clone().fitted(&other), fitted);
        assert_eq!(Normalize::ZeroOne.fitted(&other), Normalize::ZeroOne);
    }

    #[test]
    fn what_was_not_fitted_cannot_be_used() {
        let error = Normalize::PerChannelOfTraining.tables(3).unwrap_err();
        assert!(error.to_string().contains("fit it"), "{error}");
        assert!(Normalize::PerChannelOfTraining.scales(3).is_err());
    }

    #[test]
    fn scales_and_tables_say_the_same() {
        for normalize in [
            Normalize::ZeroOne,
            Normalize::SymmetricOne,
            Normalize::per_channel_of(&images()),
        ] {
            let (scales, tables) = (normalize.scales(2).unwrap(), normalize.tables(2).unwrap());
            for ((scale, offset), table) in scales.into_iter().zip(tables) {
                for (byte, value) in table.into_iter().enumerate() {
                    assert!((scale * byte as f32 + offset - value).abs() < 1e-6);
                }
            }
        }
    }
}
