//! Training images changed at random: turned, shifted, mirrored, cropped, recolored.

mod affine;
mod color;
mod draw;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::error::DataError;
use super::images::Images;
use super::normalize::Normalize;

pub use affine::Fill;
use affine::Resampler;
use draw::Draw;

/// How far training images may be changed; by default not at all.
///
/// Everything is drawn evenly from its range, for each image and epoch anew. An image is resampled
/// once, by bilinear interpolation: first turned and shifted (crops are shifts by whole pixels),
/// then mirrored; then its colors change, and values stay in 0..255.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augment {
    /// Turn by up to this many degrees either way, 0 to 180.
    pub rotation: f64,
    /// Shift up or down by up to this share of the height, 0 to 1.
    pub shift_height: f64,
    /// Shift left or right by up to this share of the width, 0 to 1.
    pub shift_width: f64,
    /// Mirror one image in two left to right.
    pub flip_horizontal: bool,
    /// Mirror one image in two top to bottom.
    pub flip_vertical: bool,
    /// Pad each side by this many pixels and cut out the old size anywhere, up to 4096.
    pub crop_padding: usize,
    /// What lies outside the image.
    pub fill: Fill,
    /// Turn the hue by up to this share of the color circle either way, 0 to 0.5; RGB only.
    pub hue: f64,
    /// Multiply the saturation by 1 ± up to this, 0 to 1; RGB only.
    pub saturation: f64,
    /// Add up to this share of white or take it away, 0 to 1.
    pub brightness: f64,
    /// Multiply the distance from each channel's mean by 1 ± up to this, 0 to 1.
    pub contrast: f64,
}

/// The presets by name.
const PRESETS: [&str; 3] = ["none", "cats-vs-dogs", "cifar"];

impl Augment {
    /// The names of the presets.
    pub fn presets() -> &'static [&'static str] {
        &PRESETS
    }

    /// The settings of that name: `none`; `cats-vs-dogs`, which turns by 20°, shifts by a fifth and
    /// mirrors left to right; `cifar`, which crops with a padding of 4, mirrors both ways and
    /// changes hue (0.05), saturation, brightness and contrast (0.2 each).
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "none" => Some(Self::default()),
            "cats-vs-dogs" => Some(Self {
                rotation: 20.0,
                shift_height: 0.2,
                shift_width: 0.2,
                flip_horizontal: true,
                ..Self::default()
            }),
            "cifar" => Some(Self {
                flip_horizontal: true,
                flip_vertical: true,
                crop_padding: 4,
                fill: Fill::Zero,
                hue: 0.05,
                saturation: 0.2,
                brightness: 0.2,
                contrast: 0.2,
                ..Self::default()
            }),
            _ => None,
        }
    }

    /// Whether nothing is changed.
    pub fn is_none(&self) -> bool {
        let same = Self {
            fill: self.fill,
            ..Self::default()
        };
        *self == same
    }

    /// Checks every setting.
    ///
    /// # Errors
    ///
    /// [`DataError::BadOption`] naming the first setting outside its range.
    pub fn validate(&self) -> Result<(), DataError> {
        let ranges = [
            ("augment.rotation", self.rotation, 180.0, "0 to 180 degrees"),
            ("augment.shift_height", self.shift_height, 1.0, "0 to 1"),
            ("augment.shift_width", self.shift_width, 1.0, "0 to 1"),
            ("augment.hue", self.hue, 0.5, "0 to 0.5"),
            ("augment.saturation", self.saturation, 1.0, "0 to 1"),
            ("augment.brightness", self.brightness, 1.0, "0 to 1"),
            ("augment.contrast", self.contrast, 1.0, "0 to 1"),
        ];
        for (option, value, most, accepted) in ranges {
            // Not a number is in no range.
            if !(0.0..=most).contains(&value) {
                let value = value.to_string();
                return Err(DataError::BadOption {
                    option,
                    value,
                    accepted,
                });
            }
        }
        if self.crop_padding > 4096 {
            return Err(DataError::BadOption {
                option: "augment.crop_padding",
                value: self.crop_padding.to_string(),
                accepted: "0 to 4096 pixels",
            });
        }
        Ok(())
    }
}

/// The changes of one epoch: what happens to an image depends on seed, epoch and its index alone,
/// so that a resumed run sees what an uninterrupted one would.
#[derive(Clone, Copy, Debug)]
pub struct Augmenter<'a> {
    /// How far images may be changed.
    pub augment: &'a Augment,
    /// The seed.
    pub seed: u64,
    /// Which epoch, below 2^32.
    pub epoch: u64,
}

impl Augmenter<'_> {
    /// Writes a changed image, values 0 to 255, `[channels, height, width]`.
    fn fill(&self, images: &Images, index: u32, resampler: &mut Resampler, out: &mut [f32]) {
        let [channels, height, width] = images.shape();
        let draw = Draw::of(self.augment, self.seed, self.epoch, index);
        let affine = draw.affine(height, width);
        resampler.resample(images.image(index as usize), &affine, out);
        draw.color.apply(out, channels);
    }
}

/// Writes the changed images at `indices` into `out` as normalized floats,
/// `[indices.len(), channels, height, width]`, as [`fill_batch`](super::fill_batch) does those that
/// stay as they are.
///
/// # Errors
///
/// [`DataError::IndexOutOfRange`] for an index past the end, [`DataError::BadOption`] for
/// per-channel constants that do not fit the images.
pub fn fill_augmented(
    images: &Images,
    indices: &[u32],
    augmenter: Augmenter<'_>,
    normalize: &Normalize,
    out: &mut Vec<f32>,
) -> Result<(), DataError> {
    images.check_indices(indices)?;
    let [channels, height, width] = images.shape();
    let scales = normalize.scales(channels)?;
    let len = images.image_len();
    out.resize(indices.len() * len, 0.0);
    if out.is_empty() {
        return Ok(());
    }
    let fill = augmenter.augment.fill;
    out.par_chunks_exact_mut(len).zip(indices).for_each_init(
        || Resampler::new(height, width, fill),
        |resampler, (out, &index)| {
            augmenter.fill(images, index, resampler, out);
            for (plane, (scale, offset)) in out.chunks_exact_mut(height * width).zip(&scales) {
                for value in plane {
                    *value = *value * scale + offset;
                }
            }
        },
    );
    Ok(())
}

#[cfg(test)]
mod tests;
