//! Random augmentation of training images: rotation, shift, flip, crop, color jitter.

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

/// Augmentation of training images; none by default.
///
/// All parameters are drawn uniformly, anew for each image and epoch. An image is resampled once,
/// by bilinear interpolation: first rotated and shifted (crops are shifts by whole pixels), then
/// flipped; then its colors change, and values are clamped to 0..255.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augment {
    /// Maximum rotation either way in degrees, 0 to 180.
    pub rotation: f64,
    /// Maximum shift up or down as a share of the height, 0 to 1.
    pub shift_height: f64,
    /// Maximum shift left or right as a share of the width, 0 to 1.
    pub shift_width: f64,
    /// Flip left to right with probability 1/2.
    pub flip_horizontal: bool,
    /// Flip top to bottom with probability 1/2.
    pub flip_vertical: bool,
    /// Pad each side by this many pixels and crop to the original size at random, up to 4096.
    pub crop_padding: usize,
    /// Padding outside the image.
    pub fill: Fill,
    /// Maximum change of the hue as a share of the color circle, 0 to 0.5; RGB only.
    pub hue: f64,
    /// Scale the saturation by 1 ± up to this, 0 to 1; RGB only.
    pub saturation: f64,
    /// Maximum change of the brightness as a share of white, 0 to 1.
    pub brightness: f64,
    /// Scale the distance from each channel's mean by 1 ± up to this, 0 to 1.
    pub contrast: f64,
}

/// The presets by name.
const PRESETS: [&str; 3] = ["none", "cats-vs-dogs", "cifar"];

impl Augment {
    /// The names of the presets.
    pub fn presets() -> &'static [&'static str] {
        &PRESETS
    }

    /// The preset of that name: `none`; `cats-vs-dogs`, which rotates by 20°, shifts by a fifth and
    /// flips left to right; `cifar`, which crops with a padding of 4, flips both ways and changes
    /// hue (0.05), saturation, brightness and contrast (0.2 each).
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

    /// Whether nothing is augmented.
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
            // NaN is in no range.
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

/// The augmentation of one epoch: what happens to an image depends only on seed, epoch and its
/// index, so that a resumed run sees the same images as an uninterrupted one.
#[derive(Clone, Copy, Debug)]
pub struct Augmenter<'a> {
    /// The settings.
    pub augment: &'a Augment,
    /// The seed.
    pub seed: u64,
    /// The epoch, below 2^32.
    pub epoch: u64,
}

impl Augmenter<'_> {
    /// Writes an augmented image with values 0 to 255, `[channels, height, width]`.
    fn fill(&self, images: &Images, index: u32, resampler: &mut Resampler, out: &mut [f32]) {
        let [channels, height, width] = images.shape();
        let draw = Draw::of(self.augment, self.seed, self.epoch, index);
        let affine = draw.affine(height, width);
        resampler.resample(images.image(index as usize), &affine, out);
        draw.color.apply(out, channels);
    }
}

/// Writes the augmented images at `indices` into `out` as normalized floats, `[indices.len(),
/// channels, height, width]`, as [`fill_batch`](super::fill_batch) does without augmentation.
///
/// # Errors
///
/// [`DataError::IndexOutOfRange`] for an index out of range, [`DataError::BadOption`] for
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
