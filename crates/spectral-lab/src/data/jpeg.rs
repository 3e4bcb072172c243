//! JPEG files, decoded only if they are complete.
//!
//! Decoders made for viewers show what there is of a damaged file and fill the rest with gray;
//! training data must not contain such pixels.

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// The first bytes of every JPEG.
pub(super) const SIGNATURE: [u8; 3] = [0xFF, 0xD8, 0xFF];

/// The end-of-image marker.
const END: u8 = 0xD9;

/// The start-of-scan marker.
const SCAN: u8 = 0xDA;

/// The image as stored, and its orientation; `most` limits the memory of its pixels in bytes.
///
/// # Errors
///
/// A description of the problem: the file is truncated, damaged, of an unsupported kind, or too
/// large.
pub(super) fn decode(bytes: &[u8], most: u64) -> Result<(DynamicImage, Orientation), String> {
    check_whole(bytes)?;
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder
        .decode_headers()
        .map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions().ok_or("no size in its header")?;
    let (color, channels) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (ColorSpace::Luma, 1),
        _ => (ColorSpace::RGB, 3),
    };
    // Sides have 16 bits.
    if (width * height * channels) as u64 > most {
        return Err(format!(
            "{width}x{height} pixels take more than {most} bytes"
        ));
    }
    let orientation = decoder
        .exif()
        .and_then(|exif| Orientation::from_exif_chunk(exif));
    // Extra bytes are harmless between headers; in a scan they are lost pixels.
    let options = options.set_strict_mode(true).jpeg_set_out_colorspace(color);
    decoder.set_options(options);
    let pixels = decoder.decode().map_err(|error| error.to_string())?;
    // Sides of 16 bits again.
    let (width, height) = (width as u32, height as u32);
    let picture = match color {
        ColorSpace::Luma => GrayImage::from_raw(width, height, pixels).map(DynamicImage::from),
        _ => RgbImage::from_raw(width, height, pixels).map(DynamicImage::from),
    };
    let picture = picture.ok_or("fewer pixels than its header says")?;
    Ok((picture, orientation.unwrap_or(Orientation::NoTransforms)))
}

/// Follows the segments and scans up to the end-of-image marker.
fn check_whole(bytes: &[u8]) -> Result<(), String> {
    let cut = || {
        format!(
            "the JPEG is truncated: no end marker after {} bytes",
            bytes.len()
        )
    };
    let mut at = 2;
    let mut scans = 0;
    loop {
        // The next marker: in a scan 0xFF 0x00 is a data byte, and restart markers belong to the
        // data.
        let marker = loop {
            let pair = bytes.get(at..at + 2).ok_or_else(cut)?;
            at += 1;
            match pair {
                [0xFF, 0x00 | 0x01 | 0xFF | 0xD0..=0xD7] => {}
                [0xFF, marker] => break *marker,
                _ => {}
            }
        };
        at += 1;
        if marker == END {
            return match scans {
                0 => Err("the JPEG ends before its first scan".into()),
                _ => Ok(()),
            };
        }
        let length = bytes.get(at..at + 2).ok_or_else(cut)?;
        at += usize::from(u16::from_be_bytes([length[0], length[1]]));
        scans += usize::from(marker == SCAN);
    }
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use image::{Rgb, RgbImage};

    use super::*;

    const MOST: u64 = 1 << 24;

    /// A picture with detail everywhere.
    fn picture(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            Rgb([(x * 37 + y * 11) as u8, (x * y) as u8, (y * 53) as u8])
        })
    }

    fn encoded(picture: &RgbImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 90)
            .encode_image(picture)
            .unwrap();
        bytes
    }

    #[test]
    fn a_whole_jpeg_is_decoded_as_the_image_crate_does() {
        let bytes = encoded(&picture(45, 31));
        let (decoded, orientation) = decode(&bytes, MOST).unwrap();
        assert_eq!(orientation, Orientation::NoTransforms);
        let expected = image::load_from_memory(&bytes).unwrap();
        assert_eq!(decoded, expected);
        // What follows the end is no part of the picture.
        let more = [&bytes[..], b"appended"].concat();
        assert_eq!(decode(&more, MOST).unwrap().0, expected);
    }

    #[test]
    fn a_gray_jpeg_stays_gray() {
        let mut bytes = Vec::new();
        let gray = GrayImage::from_fn(20, 9, |x, y| image::Luma([(x * 12 + y) as u8]));
        JpegEncoder::new(&mut bytes).encode_image(&gray).unwrap();
        let (decoded, _) = decode(&bytes, MOST).unwrap();
        assert_eq!(decoded, image::load_from_memory(&bytes).unwrap());
        assert!(decoded.as_luma8().is_some());
    }

    #[test]
    fn a_jpeg_cut_anywhere_is_refused() {
        let bytes = encoded(&picture(40, 40));
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length], MOST).is_err(), "{length}");
        }
        let error = decode(&bytes[..bytes.len() / 2], MOST).unwrap_err();
        assert!(error.contains("truncated"), "{error}");
    }

    #[test]
    fn a_foreign_marker_among_the_pixels_is_refused() {
        let mut bytes = encoded(&picture(64, 64));
        let middle = bytes.len() * 2 / 3;
        bytes[middle] = 0xFF;
        bytes[middle + 1] = 0xC4;
        assert!(decode(&bytes, MOST).is_err());
    }

    #[test]
    fn a_jpeg_larger_than_allowed_is_refused_before_it_is_decoded() {
        let error = decode(&encoded(&picture(40, 30)), 3 * 40 * 30 - 1).unwrap_err();
        assert!(error.contains("40x30"), "{error}");
    }
}
