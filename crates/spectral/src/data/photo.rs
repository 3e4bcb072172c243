//! One photograph: decoded, upright, cropped and resized.

use std::path::Path;

use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageReader, RgbImage};

use super::error::DataError;

/// The most memory a decoded photograph may take: 512 MiB.
const MAX_BYTES: u64 = 1 << 29;

/// Decodes a photograph, upright; the content and not the name tells the format.
pub(crate) fn read(path: &Path) -> Result<DynamicImage, DataError> {
    let unreadable = |error: image::ImageError| DataError::UnreadableImage {
        path: path.to_path_buf(),
        reason: error.to_string(),
    };
    let mut decoder = ImageReader::open(path)
        .and_then(ImageReader::with_guessed_format)
        .map_err(DataError::io(path))?
        .into_decoder()
        .map_err(unreadable)?;
    if decoder.total_bytes() > MAX_BYTES {
        let (width, height) = decoder.dimensions();
        return Err(DataError::UnreadableImage {
            path: path.to_path_buf(),
            reason: format!("{width}x{height} pixels take more than {MAX_BYTES} bytes"),
        });
    }
    let orientation = decoder.orientation().map_err(unreadable)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    picture.apply_orientation(orientation);
    if picture.width() == 0 || picture.height() == 0 {
        return Err(DataError::UnreadableImage {
            path: path.to_path_buf(),
            reason: "no pixels".into(),
        });
    }
    Ok(picture)
}

/// The largest centred part of the wanted shape, resized. To crop first and resize then gives
/// the same picture as the other order, and an extremely long one costs nothing.
pub(crate) fn fit(picture: DynamicImage, (height, width): (usize, usize)) -> RgbImage {
    let (w, h) = (u64::from(picture.width()), u64::from(picture.height()));
    let (wanted_w, wanted_h) = (width as u64, height as u64);
    let (crop_w, crop_h) = if w * wanted_h > h * wanted_w {
        (rounded(h * wanted_w, wanted_h).clamp(1, w), h)
    } else {
        (w, rounded(w * wanted_h, wanted_w).clamp(1, h))
    };
    let (x, y) = ((w - crop_w) / 2, (h - crop_h) / 2);
    // All four are at most the picture's own 32-bit sides.
    let cropped = picture.crop_imm(x as u32, y as u32, crop_w as u32, crop_h as u32);
    if (crop_w, crop_h) == (wanted_w, wanted_h) {
        return cropped.into_rgb8();
    }
    // The triangle filter widens with the reduction, so nothing aliases.
    image::imageops::resize(
        &cropped.into_rgb8(),
        width as u32,
        height as u32,
        FilterType::Triangle,
    )
}

fn rounded(numerator: u64, denominator: u64) -> u64 {
    (numerator + denominator / 2) / denominator
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn the_centre_of_a_wide_or_tall_picture_is_kept_undistorted() {
        // Three colours in thirds: only the middle one survives a square crop.
        for wide in [true, false] {
            let (w, h) = if wide { (90, 30) } else { (30, 90) };
            let picture = RgbImage::from_fn(w, h, |x, y| {
                let third = if wide { x } else { y } / 30;
                Rgb([[255, 0, 0], [0, 200, 0], [0, 0, 255]][third as usize])
            });
            for size in [(10, 10), (30, 30), (45, 45)] {
                let fitted = fit(DynamicImage::ImageRgb8(picture.clone()), size);
                assert_eq!((fitted.height() as usize, fitted.width() as usize), size);
                assert!(fitted.pixels().all(|p| p.0 == [0, 200, 0]));
            }
        }
    }

    #[test]
    fn a_ramp_stays_a_ramp_when_reduced() {
        let picture = RgbImage::from_fn(64, 64, |x, _| Rgb([(4 * x) as u8; 3]));
        let fitted = fit(DynamicImage::ImageRgb8(picture), (16, 16));
        for x in 2..14 {
            // The mean of 4 pixels of step 4, from 16·x on: 16·x + 6.
            assert!((i32::from(fitted.get_pixel(x, 8).0[0]) - (16 * x as i32 + 6)).abs() <= 1);
        }
    }

    #[test]
    fn an_extremely_long_picture_costs_little() {
        let picture = DynamicImage::ImageRgb8(RgbImage::new(1, 60_000));
        assert_eq!(fit(picture, (150, 150)).dimensions(), (150, 150));
    }
}
