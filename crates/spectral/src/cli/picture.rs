//! An image file as a network wants it.

use std::path::Path;

use image::imageops::{FilterType, resize};
use image::{DynamicImage, ImageDecoder, ImageReader};

use super::error::CliError;
use crate::model::InputSpec;

/// The most memory a decoded image may take: 512 MiB.
const MAX_BYTES: u64 = 1 << 29;

/// The bytes `[channels, height, width]` of a JPEG or PNG of any size: turned upright, cropped
/// around its centre to the network's shape, resized, and turned to grey or RGB.
pub(super) fn read(path: &Path, input: &InputSpec) -> Result<Vec<u8>, CliError> {
    let picture = decode(path)?;
    Ok(planes(picture, input))
}

fn decode(path: &Path) -> Result<DynamicImage, CliError> {
    let unreadable =
        |error: image::ImageError| CliError::file(path, format!("unreadable image: {error}"));
    let mut decoder = ImageReader::open(path)
        .and_then(ImageReader::with_guessed_format)
        .map_err(CliError::io(path))?
        .into_decoder()
        .map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    if decoder.total_bytes() > MAX_BYTES || width == 0 || height == 0 {
        let reason =
            format!("unreadable image: {width}x{height} pixels; accepted are 1 byte to 512 MiB");
        return Err(CliError::file(path, reason));
    }
    let orientation = decoder.orientation().map_err(unreadable)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

fn planes(picture: DynamicImage, input: &InputSpec) -> Vec<u8> {
    let (height, width) = (input.height as u64, input.width as u64);
    let (h, w) = (u64::from(picture.height()), u64::from(picture.width()));
    // The largest part of the wanted shape; rounded, at least a pixel, at most all.
    let crop_w = ((2 * h * width + height) / (2 * height)).clamp(1, w);
    let crop_h = ((2 * w * height + width) / (2 * width)).clamp(1, h);
    let picture = picture.crop_imm(
        ((w - crop_w) / 2) as u32,
        ((h - crop_h) / 2) as u32,
        crop_w as u32,
        crop_h as u32,
    );
    let (height, width) = (input.height as u32, input.width as u32);
    // This filter widens as it reduces, so nothing aliases; at equal size it changes nothing.
    if input.channels == 1 {
        return resize(&picture.into_luma8(), width, height, FilterType::Triangle).into_raw();
    }
    let pixels = resize(&picture.into_rgb8(), width, height, FilterType::Triangle).into_raw();
    (0..input.channels)
        .flat_map(|channel| pixels.iter().skip(channel).step_by(3).copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma, Rgb, RgbImage};

    use super::*;

    fn input(channels: usize, height: usize, width: usize) -> InputSpec {
        InputSpec {
            channels,
            height,
            width,
            classes: 2,
        }
    }

    #[test]
    fn a_picture_of_the_right_size_keeps_every_byte() {
        let picture = GrayImage::from_fn(5, 4, |x, y| Luma([(10 * y + x) as u8]));
        let planes = planes(picture.clone().into(), &input(1, 4, 5));
        assert_eq!(planes, picture.into_raw());
    }

    #[test]
    fn channels_are_apart() {
        let picture = RgbImage::from_fn(2, 1, |x, _| Rgb([x as u8, 10 + x as u8, 20 + x as u8]));
        assert_eq!(
            planes(picture.into(), &input(3, 1, 2)),
            [0, 1, 10, 11, 20, 21]
        );
    }

    #[test]
    fn the_centre_of_a_long_picture_is_kept() {
        for (w, h) in [(90, 30), (30, 90)] {
            let picture = GrayImage::from_fn(w, h, |x, y| {
                let middle = (30..60).contains(&if w > h { x } else { y });
                Luma([if middle { 200 } else { 0 }])
            });
            assert_eq!(planes(picture.into(), &input(1, 10, 10)), [200; 100]);
        }
    }
}
