//! Photographs: decoded, upright, cropped and resized.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Rgb, RgbImage};

use super::error::DataError;
use super::jpeg;

/// Maximum memory of a decoded photograph: 512 MiB.
const MAX_BYTES: u64 = 1 << 29;

/// Maximum length of a file: 512 MiB.
const MAX_FILE: u64 = 1 << 29;

/// A photograph as input of a network: bytes `[channels, height, width]`.
///
/// Reads a JPEG or PNG of any size (identified by its content, not its name), composites it on
/// white where it is transparent, rotates it upright, converts it to gray for one channel and RGB
/// for three, center-crops it to the requested shape, and resizes it. Truncated or damaged files
/// are rejected.
///
/// # Errors
///
/// [`DataError::UnreadableImage`] and [`DataError::Io`] with the path; [`DataError::BadOption`]
/// for channels other than 1 and 3 and for a size without pixels.
pub fn read_photo(
    path: &Path,
    channels: usize,
    size: (usize, usize),
) -> Result<Vec<u8>, DataError> {
    let bad = |option, value, accepted| DataError::BadOption {
        option,
        value,
        accepted,
    };
    if size.0 == 0 || size.1 == 0 {
        let value = format!("{}x{}", size.0, size.1);
        return Err(bad("image size", value, "at least 1 pixel per side"));
    }
    let picture = read(path)?;
    match channels {
        1 => Ok(fit(picture.into_luma8().into(), size)
            .into_luma8()
            .into_raw()),
        3 => Ok(planes(&fit(picture.into_rgb8().into(), size).into_rgb8())),
        _ => Err(bad("number of channels", channels.to_string(), "1 or 3")),
    }
}

/// The three color channels of an image, one plane after the other.
fn planes(picture: &RgbImage) -> Vec<u8> {
    let color = |channel| picture.as_raw().iter().skip(channel).step_by(3).copied();
    (0..3).flat_map(color).collect()
}

/// Decodes a photograph, upright and without transparency.
fn read(path: &Path) -> Result<DynamicImage, DataError> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(DataError::io(path))?;
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(DataError::io(path))?;
    let picture = match bytes.len() as u64 > MAX_FILE {
        true => Err(format!("a file of more than {MAX_FILE} bytes")),
        false => decode(&bytes),
    };
    picture.map_err(|reason| DataError::UnreadableImage {
        path: path.to_path_buf(),
        reason,
    })
}

/// Decodes the bytes of a JPEG or PNG file, upright and without transparency; errors in words.
pub(crate) fn decode(bytes: &[u8]) -> Result<DynamicImage, String> {
    let (mut picture, orientation) = match bytes.starts_with(&jpeg::SIGNATURE) {
        true => jpeg::decode(bytes, MAX_BYTES)?,
        false => decode_other(bytes).map_err(|error| match error {
            Failure::Image(error) => error.to_string(),
            Failure::Size([width, height]) => {
                format!("{width}x{height} pixels take more than {MAX_BYTES} bytes")
            }
        })?,
    };
    picture.apply_orientation(orientation);
    match picture.width() == 0 || picture.height() == 0 {
        true => Err("no pixels".into()),
        false => Ok(on_white(picture)),
    }
}

/// Why an image that is not a JPEG cannot be decoded.
enum Failure {
    Image(image::ImageError),
    Size([u32; 2]),
}

impl From<image::ImageError> for Failure {
    fn from(error: image::ImageError) -> Self {
        Self::Image(error)
    }
}

fn decode_other(bytes: &[u8]) -> Result<(DynamicImage, Orientation), Failure> {
    let mut decoder = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(image::ImageError::from)?
        .into_decoder()?;
    if decoder.total_bytes() > MAX_BYTES {
        return Err(Failure::Size(decoder.dimensions().into()));
    }
    let orientation = decoder.orientation()?;
    Ok((DynamicImage::from_decoder(decoder)?, orientation))
}

/// The image composited on white: the color behind transparent pixels is arbitrary.
fn on_white(picture: DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return picture;
    }
    let picture = picture.into_rgba8();
    let pixels = RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0;
        Rgb([red, green, blue].map(|color| over_white(color, alpha)))
    });
    pixels.into()
}

fn over_white(color: u8, alpha: u8) -> u8 {
    let (color, alpha) = (u32::from(color), u32::from(alpha));
    // At most 255.
    ((color * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

/// The largest centered crop of the requested shape, resized. Cropping first gives the same result
/// as resizing first, and keeps extremely long images cheap.
pub(super) fn fit(picture: DynamicImage, (height, width): (usize, usize)) -> DynamicImage {
    let (w, h) = (u64::from(picture.width()), u64::from(picture.height()));
    let (wanted_w, wanted_h) = (width as u64, height as u64);
    let (crop_w, crop_h) = if w * wanted_h > h * wanted_w {
        (rounded(h * wanted_w, wanted_h).clamp(1, w), h)
    } else {
        (w, rounded(w * wanted_h, wanted_w).clamp(1, h))
    };
    let (x, y) = ((w - crop_w) / 2, (h - crop_h) / 2);
    // All four fit the image's own 32-bit sides.
    let cropped = picture.crop_imm(x as u32, y as u32, crop_w as u32, crop_h as u32);
    if (crop_w, crop_h) == (wanted_w, wanted_h) {
        return cropped;
    }
    // The triangle filter widens with the reduction, which avoids aliasing.
    cropped.resize_exact(width as u32, height as u32, FilterType::Triangle)
}

fn rounded(numerator: u64, denominator: u64) -> u64 {
    (numerator + denominator / 2) / denominator
}

#[cfg(test)]
mod tests {
    use image::{LumaA, Rgba, RgbaImage};

    use super::*;

    #[test]
    fn transparent_pixels_show_the_white_behind_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        // A hidden red, a half covering blue, an opaque green.
        let pixels = [[255, 0, 0, 0], [0, 0, 255, 128], [0, 200, 0, 255]];
        let picture = RgbaImage::from_fn(3, 1, |x, _| Rgba(pixels[x as usize]));
        picture.save(&path).unwrap();
        let planes = read_photo(&path, 3, (1, 3)).unwrap();
        assert_eq!(planes, [255, 127, 0, 255, 127, 200, 255, 255, 0]);

        let gray = image::GrayAlphaImage::from_fn(2, 1, |x, _| LumaA([90, 255 * x as u8]));
        gray.save(&path).unwrap();
        assert_eq!(read_photo(&path, 1, (1, 2)).unwrap(), [255, 90]);
        assert_eq!(read_photo(&path, 3, (1, 2)).unwrap(), [255, 90].repeat(3));
    }

    #[test]
    fn the_center_of_a_wide_or_tall_picture_is_kept_undistorted() {
        // Three colors in thirds: only the middle one survives a square crop.
        for wide in [true, false] {
            let (w, h) = if wide { (90, 30) } else { (30, 90) };
            let picture = RgbImage::from_fn(w, h, |x, y| {
                let third = if wide { x } else { y } / 30;
                Rgb([[255, 0, 0], [0, 200, 0], [0, 0, 255]][third as usize])
            });
            for size in [(10, 10), (30, 30), (45, 45)] {
                let fitted = fit(picture.clone().into(), size).into_rgb8();
                assert_eq!((fitted.height() as usize, fitted.width() as usize), size);
                assert!(fitted.pixels().all(|p| p.0 == [0, 200, 0]));
            }
        }
    }

    #[test]
    fn a_ramp_stays_a_ramp_when_reduced() {
        let picture = RgbImage::from_fn(64, 64, |x, _| Rgb([(4 * x) as u8; 3]));
        let fitted = fit(picture.into(), (16, 16)).into_rgb8();
        for x in 2..14 {
            // The mean of 4 pixels of step 4, from 16·x on: 16·x + 6.
            assert!((i32::from(fitted.get_pixel(x, 8).0[0]) - (16 * x as i32 + 6)).abs() <= 1);
        }
    }

    #[test]
    fn an_extremely_long_picture_costs_little() {
        let picture = DynamicImage::ImageRgb8(RgbImage::new(1, 60_000));
        assert_eq!(
            fit(picture, (150, 150)).into_rgb8().dimensions(),
            (150, 150)
        );
    }

    #[test]
    fn a_photograph_of_the_right_size_keeps_every_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        let picture = RgbImage::from_fn(2, 1, |x, _| Rgb([x as u8, 10 + x as u8, 20 + x as u8]));
        picture.save(&path).unwrap();
        let planes = read_photo(&path, 3, (1, 2)).unwrap();
        assert_eq!(planes, [0, 1, 10, 11, 20, 21]);
        assert_eq!(read_photo(&path, 1, (1, 2)).unwrap().len(), 2);
    }

    #[test]
    fn channels_and_sizes_that_no_photograph_has_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        RgbImage::new(2, 2).save(&path).unwrap();
        let error = read_photo(&path, 2, (1, 2)).unwrap_err().to_string();
        assert!(error.contains('2') && error.contains("1 or 3"), "{error}");
        assert!(read_photo(&path, 3, (0, 2)).is_err());
    }
}
