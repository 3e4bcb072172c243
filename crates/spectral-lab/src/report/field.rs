//! Fields of numbers as pictures: a color map over a stated range.

use serde::{Deserialize, Serialize};

use super::{ColorMap, Picture, ReportError, format, pictures::UNKNOWN};

/// Fields are enlarged by the largest whole factor that keeps their longer side within this, in
/// pixels, so that a field of 16×16 points is visible.
const ENLARGED: usize = 128;

/// Longer fields are averaged over square blocks until their longer side is within this.
const LARGEST: usize = 320;

/// Height in pixels of a field of one row.
const BAND: usize = 24;

/// A smaller part of the range than this on one side of zero does not make a field signed.
const SIGNED: f32 = 0.1;

/// A color map with the range of values it covers; values beyond take the colors of the ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ColorScale {
    /// The colors.
    pub map: ColorMap,
    /// The value of the first color.
    pub low: f32,
    /// The value of the last color.
    pub high: f32,
}

impl ColorScale {
    /// A common scale of several fields, such as the truth and its prediction: diverging and symmetric
    /// about zero if they have values of both signs, sequential from the minimum to the maximum
    /// otherwise. Values that are not finite are left out; 0 to 0 if none is left.
    ///
    /// ```
    /// use spectral_lab::report::{ColorMap, ColorScale};
    ///
    /// let scale = ColorScale::of([&[-0.5, 1.0][..], &[2.0, f32::NAN]]);
    /// assert_eq!((scale.map, scale.low, scale.high), (ColorMap::Diverging, -2.0, 2.0));
    /// assert_eq!(scale.describe(), "−2.00 to 2.00");
    /// ```
    pub fn of<'a>(fields: impl IntoIterator<Item = &'a [f32]>) -> Self {
        let values = fields.into_iter().flatten().copied();
        let finite = values.filter(|value| value.is_finite());
        let (low, high) = finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        if low > high {
            return Self {
                map: ColorMap::Sequential,
                low: 0.0,
                high: 0.0,
            };
        }
        let largest = low.abs().max(high.abs());
        let is_signed = -low > SIGNED * largest && high > SIGNED * largest;
        match is_signed {
            true => Self {
                map: ColorMap::Diverging,
                low: -largest,
                high: largest,
            },
            false => Self {
                map: ColorMap::Sequential,
                low,
                high,
            },
        }
    }

    /// A diverging scale that is symmetric about zero, as for differences.
    pub fn symmetric<'a>(fields: impl IntoIterator<Item = &'a [f32]>) -> Self {
        let values = fields.into_iter().flatten();
        let finite = values.filter(|value| value.is_finite());
        let largest = finite.fold(0f32, |largest, value| largest.max(value.abs()));
        Self {
            map: ColorMap::Diverging,
            low: -largest,
            high: largest,
        }
    }

    /// The range in words: `−1.20 to 1.20`.
    pub fn describe(&self) -> String {
        let [low, high] = [self.low, self.high].map(|end| format::significant(f64::from(end)));
        format!("{low} to {high}")
    }

    /// [`field_picture`] in these colors.
    ///
    /// # Errors
    /// [`ReportError::Grid`] if the number of values is wrong.
    pub fn picture(
        &self,
        values: &[f32],
        rows: usize,
        cols: usize,
        label: impl Into<String>,
    ) -> Result<Picture, ReportError> {
        field_picture(values, rows, cols, self.map, (self.low, self.high), label)
    }

    /// The position of a value between the ends, 0 to 1; the middle of a diverging scale if they are
    /// equal.
    fn position(&self, value: f32) -> f32 {
        let [low, high, value] = [self.low, self.high, value].map(f64::from);
        match high > low {
            true => ((value - low) / (high - low)) as f32,
            false if self.map == ColorMap::Diverging => 0.5,
            false => 0.0,
        }
    }
}

/// A field of `rows · cols` values as a color picture: `range` gives the values of the first and the
/// last color, values beyond are clamped, and those that are not finite are gray. Small fields are
/// enlarged by whole factors, a single row becomes a band, and large fields are averaged over square
/// blocks.
///
/// Pictures to be compared need the same range, and their captions should state it
/// ([`ColorScale::describe`]).
///
/// # Errors
/// [`ReportError::Grid`] if the number of values is wrong.
///
/// ```
/// use spectral_lab::report::{ColorMap, field_picture};
///
/// let field: Vec<f32> = (0..256).map(|i| (i as f32 * 0.1).sin()).collect();
/// let picture = field_picture(&field, 16, 16, ColorMap::Diverging, (-1.0, 1.0), "t = 0")?;
/// assert_eq!((picture.rows, picture.cols, picture.channels), (128, 128, 3));
/// # Ok::<(), spectral_lab::report::ReportError>(())
/// ```
pub fn field_picture(
    values: &[f32],
    rows: usize,
    cols: usize,
    map: ColorMap,
    range: (f32, f32),
    label: impl Into<String>,
) -> Result<Picture, ReportError> {
    let label = label.into();
    if values.is_empty() || rows.checked_mul(cols) != Some(values.len()) {
        return Err(ReportError::Grid {
            label,
            rows,
            cols,
            values: values.len(),
        });
    }
    let scale = ColorScale {
        map,
        low: range.0,
        high: range.1,
    };
    let block = rows.max(cols).div_ceil(LARGEST);
    let (height, width) = (rows.div_ceil(block), cols.div_ceil(block));
    let across = (ENLARGED / height.max(width)).max(1);
    let down = match rows {
        1 => BAND,
        _ => across,
    };
    let mut pixels = Vec::with_capacity(height * down * width * across * 3);
    for row in 0..height {
        let colors = (0..width).map(|col| {
            let value = mean(values, [rows, cols], [row, col], block);
            match value.is_finite() {
                true => map.at(scale.position(value)),
                false => UNKNOWN,
            }
        });
        let line: Vec<u8> = colors
            .flat_map(|color| std::iter::repeat_n(color, across))
            .flatten()
            .collect();
        for _ in 0..down {
            pixels.extend_from_slice(&line);
        }
    }
    Ok(Picture {
        label,
        rows: height * down,
        cols: width * across,
        channels: 3,
        pixels,
    })
}

/// The mean over one block of a field; not finite if any of its values is not.
fn mean(values: &[f32], [rows, cols]: [usize; 2], [row, col]: [usize; 2], block: usize) -> f32 {
    let ys = row * block..rows.min((row + 1) * block);
    let xs = col * block..cols.min((col + 1) * block);
    let count = (ys.len() * xs.len()) as f64;
    let lines = ys.map(|y| &values[y * cols..][xs.clone()]);
    let sum: f64 = lines.flatten().copied().map(f64::from).sum();
    (sum / count) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixel(picture: &Picture, row: usize, col: usize) -> [u8; 3] {
        let at = (row * picture.cols + col) * 3;
        picture.pixels[at..at + 3].try_into().unwrap()
    }

    #[test]
    fn small_fields_are_enlarged_by_whole_factors_and_keep_their_colors() {
        let map = ColorMap::Sequential;
        let values: Vec<f32> = (0..6).map(|i| i as f32).collect();
        let picture = field_picture(&values, 2, 3, map, (0.0, 5.0), "f").unwrap();
        assert_eq!((picture.rows, picture.cols), (84, 126));
        for (index, value) in values.iter().enumerate() {
            let (row, col) = (42 * (index / 3), 42 * (index % 3));
            for (y, x) in [(0, 0), (0, 41), (41, 0), (41, 41)] {
                assert_eq!(
                    pixel(&picture, row + y, col + x),
                    map.at(value / 5.0),
                    "{index}"
                );
            }
        }
    }

    #[test]
    fn values_beyond_the_range_are_clamped_and_unknown_ones_are_gray() {
        let map = ColorMap::Diverging;
        let values = [-9.0, 0.0, 9.0, f32::NAN, f32::INFINITY, 0.5];
        let picture = field_picture(&values, 1, 6, map, (-1.0, 1.0), "f").unwrap();
        assert_eq!((picture.rows, picture.cols), (BAND, 126));
        let seen: Vec<_> = (0..6).map(|index| pixel(&picture, 3, 21 * index)).collect();
        let expected = [
            map.at(0.0),
            [255; 3],
            map.at(1.0),
            UNKNOWN,
            UNKNOWN,
            map.at(0.75),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn large_fields_are_averaged_over_blocks() {
        // 2×2 blocks of 0, 0, 2, 2 average to 1, the middle; the last column and row are alone.
        let (rows, cols) = (321, 641);
        let values: Vec<f32> = (0..rows * cols)
            .map(|i| (i / cols % 2 * 2) as f32)
            .collect();
        let map = ColorMap::Sequential;
        let picture = field_picture(&values, rows, cols, map, (0.0, 2.0), "f").unwrap();
        assert_eq!((picture.rows, picture.cols), (107, 214));
        // Blocks of 3×3: rows 0, 2, 0 average to 2/3, rows 2, 0, 2 to 4/3.
        assert_eq!(pixel(&picture, 0, 5), map.at(1.0 / 3.0));
        assert_eq!(pixel(&picture, 1, 213), map.at(2.0 / 3.0));
    }

    #[test]
    fn fields_of_both_signs_have_symmetric_scales_and_others_their_own_ends() {
        let scale = |values: &[f32]| ColorScale::of([values]);
        assert_eq!(scale(&[-0.5, 0.2]).map, ColorMap::Diverging);
        assert_eq!(
            (scale(&[-0.5, 0.2]).low, scale(&[-0.5, 0.2]).high),
            (-0.5, 0.5)
        );
        for values in [[0.1, 0.9], [-0.9, -0.1], [-0.01, 1.0]] {
            let scale = scale(&values);
            assert_eq!(scale.map, ColorMap::Sequential);
            assert_eq!([scale.low, scale.high], values);
        }
        assert_eq!(
            ColorScale::symmetric([&[0.25f32, -0.5, f32::NAN][..]]).low,
            -0.5
        );
        assert_eq!(scale(&[f32::NAN]).describe(), "0 to 0");
    }

    #[test]
    fn constant_and_extreme_fields_have_pictures() {
        let zero = ColorScale::symmetric([&[0.0f32; 4][..]]);
        let picture = zero.picture(&[0.0; 4], 2, 2, "f").unwrap();
        assert!(picture.pixels.iter().all(|&byte| byte == 255), "white");
        let ends = [f32::MIN, f32::MAX];
        let picture = ColorScale::of([&ends[..]])
            .picture(&ends, 1, 2, "f")
            .unwrap();
        assert_eq!(pixel(&picture, 0, 0), ColorMap::Diverging.at(0.0));
        assert_eq!(pixel(&picture, 0, 127), ColorMap::Diverging.at(1.0));
    }

    #[test]
    fn wrong_sizes_are_named() {
        for (rows, cols) in [(2, 2), (0, 0), (usize::MAX, 2)] {
            let error = field_picture(&[0.0; 3], rows, cols, ColorMap::Cyclic, (0.0, 1.0), "flow");
            let message = error.unwrap_err().to_string();
            assert!(
                message.contains("`flow`") && message.contains("got 3"),
                "{message}"
            );
        }
    }
}
