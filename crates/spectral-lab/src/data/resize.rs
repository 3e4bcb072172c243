//! Resampling of images.

use image::imageops::{FilterType, resize};
use image::{ImageBuffer, Luma};
use rayon::prelude::*;

use super::error::DataError;
use super::images::Images;
use crate::limits;

/// Maximum side of a resampled image.
const MAX_SIDE: usize = 4096;

/// Resamples images with a triangle filter: bilinear interpolation for enlarging, and an average as
/// wide as the reduction for shrinking, which avoids aliasing. Height and width are scaled
/// independently; nothing is cropped.
///
/// # Errors
///
/// [`DataError::BadOption`] for a side of 0 or above 4096 pixels.
pub fn resized(images: &Images, (height, width): (usize, usize)) -> Result<Images, DataError> {
    let sides = 1..=MAX_SIDE;
    if !sides.contains(&height) || !sides.contains(&width) {
        return Err(DataError::BadOption {
            option: "image size",
            value: format!("{height}x{width}"),
            accepted: "1 to 4096 pixels per side",
        });
    }
    if (images.height, images.width) == (height, width) || images.pixels.is_empty() {
        return Ok(Images {
            height,
            width,
            ..images.clone()
        });
    }
    let bytes = limits::product([images.len(), images.channels, height, width]);
    if bytes > limits::SET {
        return Err(DataError::TooLarge {
            images: images.len(),
            size: (height, width),
            memory: limits::memory(bytes),
            most: limits::memory(limits::SET),
        });
    }
    let plane = images.height * images.width;
    let pixels = images
        .pixels
        .par_chunks_exact(plane)
        .flat_map_iter(|bytes| {
            // The sides fit: they are at most 4096, like those of loaded images.
            let (from_width, from_height) = (images.width as u32, images.height as u32);
            let gray = ImageBuffer::<Luma<u8>, _>::from_raw(from_width, from_height, bytes)
                .expect("a plane has height times width bytes");
            resize(&gray, width as u32, height as u32, FilterType::Triangle).into_raw()
        })
        .collect();
    Ok(Images {
        pixels,
        channels: images.channels,
        height,
        width,
        labels: images.labels.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(height: usize, width: usize, value: impl Fn(usize, usize, usize) -> u8) -> Images {
        let area = height * width;
        Images {
            pixels: (0..2 * 3 * area)
                .map(|i| value(i / area, i % area / width, i % width))
                .collect(),
            channels: 3,
            height,
            width,
            labels: vec![4, 2],
        }
    }

    #[test]
    fn the_same_size_keeps_every_byte() {
        let images = images(3, 4, |p, y, x| (p + 7 * y + 31 * x) as u8);
        assert_eq!(resized(&images, (3, 4)).unwrap(), images);
    }

    #[test]
    fn planes_stay_apart_and_ramps_ramps() {
        let images = images(8, 12, |plane, _, x| (plane * 20 + 8 * x) as u8);
        for (height, width) in [(16, 24), (5, 18), (13, 30)] {
            let grown = resized(&images, (height, width)).unwrap();
            assert_eq!(
                (grown.shape(), &grown.labels),
                ([3, height, width], &images.labels)
            );
            let scale = 12.0 / width as f64;
            for (i, &byte) in grown.pixels.iter().enumerate() {
                let (plane, x) = (i / (height * width), i % width);
                // Pixel centers of the old grid; flat beyond the outer ones.
                let at = ((x as f64 + 0.5) * scale - 0.5).clamp(0.0, 11.0);
                let expected = plane as f64 * 20.0 + 8.0 * at;
                assert!(
                    (f64::from(byte) - expected).abs() <= 1.0,
                    "{byte} {expected}"
                );
            }
        }
    }

    #[test]
    fn absurd_sizes_are_refused() {
        let images = images(2, 2, |_, _, _| 0);
        for size in [(0, 3), (3, 0), (5000, 3)] {
            let error = resized(&images, size).unwrap_err().to_string();
            assert!(error.contains("1 to 4096"), "{error}");
        }
    }
}
