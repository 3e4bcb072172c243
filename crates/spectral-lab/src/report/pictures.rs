//! Grids of numbers and small images as PNG, and as data URLs.

use std::{f32::consts::PI, io::Cursor};

use base64::{Engine, engine::general_purpose::STANDARD};
use image::{DynamicImage, GrayImage, ImageFormat, Rgb, RgbImage};

use super::{ColorMap, Grid, Picture, ReportError};

/// Maximum side of an image in a page, in pixels; larger ones are downscaled.
const LARGEST: u32 = 320;

/// The color of values that are not finite.
pub(super) const UNKNOWN: [u8; 3] = [0x9A; 3];

/// A grid as a PNG with one pixel per value.
///
/// # Errors
/// [`ReportError::Grid`] if the number of values is wrong.
pub fn grid_png(grid: &Grid, map: ColorMap, label: &str) -> Result<Vec<u8>, ReportError> {
    if grid.values.is_empty() || grid.rows.checked_mul(grid.cols) != Some(grid.values.len()) {
        return Err(ReportError::Grid {
            label: label.into(),
            rows: grid.rows,
            cols: grid.cols,
            values: grid.values.len(),
        });
    }
    let largest = largest(grid);
    let image = RgbImage::from_fn(grid.cols as u32, grid.rows as u32, |x, y| {
        let value = grid.values[y as usize * grid.cols + x as usize];
        Rgb(if value.is_finite() {
            map.at(position(value, largest, map))
        } else {
            UNKNOWN
        })
    });
    png(image.into(), label)
}

/// An image as a PNG of its own size.
///
/// # Errors
/// [`ReportError::Picture`] if the number of bytes is wrong, or for channels other than 1 and 3.
pub fn picture_png(picture: &Picture) -> Result<Vec<u8>, ReportError> {
    png(image(picture)?, &picture.label)
}

/// The largest finite magnitude of a grid; 0 if there is none.
pub(super) fn largest(grid: &Grid) -> f32 {
    let finite = grid.values.iter().filter(|value| value.is_finite());
    finite.fold(0.0, |largest, value| largest.max(value.abs()))
}

/// A grid as a data URL.
pub(super) fn grid_uri(grid: &Grid, map: ColorMap, label: &str) -> Result<String, ReportError> {
    Ok(uri(&grid_png(grid, map, label)?))
}

/// A picture as a data URL, downscaled if it is larger than a page needs.
pub(super) fn picture_uri(picture: &Picture) -> Result<String, ReportError> {
    let mut image = image(picture)?;
    if image.width().max(image.height()) > LARGEST {
        image = image.thumbnail(LARGEST, LARGEST);
    }
    Ok(uri(&png(image, &picture.label)?))
}

/// The position of a value in its color map, 0 to 1.
fn position(value: f32, largest: f32, map: ColorMap) -> f32 {
    match map {
        ColorMap::Diverging if largest == 0.0 => 0.5,
        ColorMap::Diverging => 0.5 + 0.5 * (value / largest),
        ColorMap::Sequential if largest == 0.0 => 0.0,
        ColorMap::Sequential => value / largest,
        ColorMap::Cyclic => ((value + PI) / (2.0 * PI)).rem_euclid(1.0),
    }
}

fn image(picture: &Picture) -> Result<DynamicImage, ReportError> {
    let Picture {
        label,
        rows,
        cols,
        channels,
        pixels,
    } = picture;
    let wrong = || ReportError::Picture {
        label: label.clone(),
        rows: *rows,
        cols: *cols,
        channels: *channels,
        bytes: pixels.len(),
    };
    let bytes = rows
        .checked_mul(*cols)
        .and_then(|pixels| pixels.checked_mul(*channels));
    if pixels.is_empty() || bytes != Some(pixels.len()) {
        return Err(wrong());
    }
    let (Ok(width), Ok(height)) = (u32::try_from(*cols), u32::try_from(*rows)) else {
        return Err(wrong());
    };
    let pixels = pixels.clone();
    match channels {
        1 => GrayImage::from_raw(width, height, pixels).map(DynamicImage::from),
        3 => RgbImage::from_raw(width, height, pixels).map(DynamicImage::from),
        _ => None,
    }
    .ok_or_else(wrong)
}

fn png(image: DynamicImage, label: &str) -> Result<Vec<u8>, ReportError> {
    let mut bytes = Cursor::new(Vec::new());
    image
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|source| ReportError::Image {
            label: label.into(),
            source,
        })?;
    Ok(bytes.into_inner())
}

fn uri(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(png: &[u8]) -> RgbImage {
        image::load_from_memory_with_format(png, ImageFormat::Png)
            .unwrap()
            .to_rgb8()
    }

    fn colors(values: &[f32], map: ColorMap) -> Vec<[u8; 3]> {
        let grid = Grid {
            rows: 1,
            cols: values.len(),
            values: values.to_vec(),
        };
        decode(&grid_png(&grid, map, "grid").unwrap())
            .pixels()
            .map(|pixel| pixel.0)
            .collect()
    }

    #[test]
    fn a_signed_grid_is_white_at_zero_and_symmetric_about_it() {
        let ends = ColorMap::Diverging;
        assert_eq!(
            colors(&[-2.0, 0.0, 1.0], ends),
            [ends.at(0.0), [255; 3], ends.at(0.75)]
        );
        assert_eq!(colors(&[0.0, 0.0], ends), [[255; 3]; 2]);
    }

    #[test]
    fn a_magnitude_is_dark_at_zero_and_brightest_at_its_largest() {
        let map = ColorMap::Sequential;
        assert_eq!(colors(&[0.0, 3.0], map), [map.at(0.0), map.at(1.0)]);
    }

    #[test]
    fn phases_a_turn_apart_look_alike() {
        let map = ColorMap::Cyclic;
        let seen = colors(&[0.5, 0.5 + 2.0 * PI, -PI, PI], map);
        assert_eq!(seen[0], seen[1]);
        assert_eq!(seen[2], seen[3]);
    }

    #[test]
    fn values_that_are_not_finite_are_gray_and_spare_the_others() {
        let map = ColorMap::Diverging;
        let seen = colors(&[f32::NAN, f32::INFINITY, 1.0, f32::NEG_INFINITY], map);
        assert_eq!(seen, [UNKNOWN, UNKNOWN, map.at(1.0), UNKNOWN]);
    }

    #[test]
    fn a_picture_survives_its_png() {
        let pixels: Vec<u8> = (0..24).collect();
        let color = Picture {
            label: "c".into(),
            rows: 2,
            cols: 4,
            channels: 3,
            pixels: pixels.clone(),
        };
        let image = decode(&picture_png(&color).unwrap());
        assert_eq!(image.dimensions(), (4, 2));
        assert_eq!(image.into_raw(), pixels);
        let gray = Picture {
            channels: 1,
            rows: 6,
            ..color
        };
        assert_eq!(
            decode(&picture_png(&gray).unwrap()).get_pixel(1, 2).0,
            [9; 3]
        );
    }

    #[test]
    fn large_pictures_are_made_smaller_for_the_page() {
        let large = Picture {
            label: "l".into(),
            rows: 400,
            cols: 200,
            channels: 1,
            pixels: vec![7; 80_000],
        };
        let uri = picture_uri(&large).unwrap();
        let png = STANDARD
            .decode(uri.strip_prefix("data:image/png;base64,").unwrap())
            .unwrap();
        assert_eq!(decode(&png).dimensions(), (LARGEST / 2, LARGEST));
    }

    #[test]
    fn wrong_shapes_are_named() {
        let grid = Grid {
            rows: 2,
            cols: 3,
            values: vec![0.0; 5],
        };
        let message = grid_png(&grid, ColorMap::Cyclic, "filter 1")
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("filter 1") && message.contains('6') && message.contains('5'),
            "{message}"
        );
        assert!(grid_png(&Grid::default(), ColorMap::Cyclic, "none").is_err());
        let picture = Picture {
            label: "cat".into(),
            rows: 1,
            cols: 1,
            channels: 2,
            pixels: vec![0; 2],
        };
        assert!(
            picture_png(&picture)
                .unwrap_err()
                .to_string()
                .contains("`cat`")
        );
        let overflow = Picture {
            rows: usize::MAX,
            cols: 2,
            ..picture
        };
        assert!(picture_png(&overflow).is_err());
    }
}
