//! Labeled images of one size, as bytes.

use rayon::prelude::*;

use super::error::DataError;

/// Images of one size with a label each.
///
/// `pixels` is planar, `[count, channels, height, width]`, row by row, values 0 to 255; three
/// channels are red, green, blue. `labels` has one entry per image, an index into
/// [`DataSet::classes`](super::DataSet::classes).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    /// All pixels, `[count, channels, height, width]`.
    pub pixels: Vec<u8>,
    /// Channels per image: 1 (gray) or 3 (RGB).
    pub channels: usize,
    /// Rows per image.
    pub height: usize,
    /// Columns per image.
    pub width: usize,
    /// One class index per image.
    pub labels: Vec<u16>,
}

/// Mean and standard deviation of each channel, of pixels scaled to 0..1.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelStatistics {
    /// Mean per channel.
    pub mean: Vec<f32>,
    /// Standard deviation (of the population) per channel.
    pub std: Vec<f32>,
}

impl Images {
    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Bytes per image: `channels * height * width`.
    pub fn image_len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// The shape of one image: `[channels, height, width]`.
    pub fn shape(&self) -> [usize; 3] {
        [self.channels, self.height, self.width]
    }

    /// The pixels of one image, `[channels, height, width]`; `None` if out of range.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let start = index.checked_mul(self.image_len())?;
        let end = start.checked_add(self.image_len())?;
        self.pixels.get(start..end)
    }

    /// The pixels of one image, `[channels, height, width]`.
    ///
    /// # Panics
    ///
    /// If `index` is not below [`len`](Self::len); see [`get`](Self::get).
    pub fn image(&self, index: usize) -> &[u8] {
        let len = self.image_len();
        &self.pixels[index * len..(index + 1) * len]
    }

    /// A copy of the images at `indices`, in that order; indices may repeat.
    ///
    /// # Errors
    ///
    /// [`DataError::IndexOutOfRange`] for an index out of range.
    pub fn subset(&self, indices: &[u32]) -> Result<Self, DataError> {
        self.check_indices(indices)?;
        let mut pixels = Vec::with_capacity(indices.len() * self.image_len());
        for &index in indices {
            pixels.extend_from_slice(self.image(index as usize));
        }
        Ok(Self {
            pixels,
            labels: self.labels_at(indices),
            ..self.empty_like()
        })
    }

    /// Keeps the first `count` images; does nothing if there are fewer.
    pub fn truncate(&mut self, count: usize) {
        if count < self.len() {
            self.pixels.truncate(count * self.image_len());
            self.labels.truncate(count);
        }
    }

    /// The number of images of each of `classes` classes; labels out of range are not counted.
    pub fn class_counts(&self, classes: usize) -> Vec<usize> {
        let mut counts = vec![0; classes];
        for &label in &self.labels {
            if let Some(count) = counts.get_mut(usize::from(label)) {
                *count += 1;
            }
        }
        counts
    }

    /// Mean and standard deviation per channel over all images, of pixels scaled to 0..1 (zeros if
    /// there are no images).
    pub fn channel_statistics(&self) -> ChannelStatistics {
        let plane = (self.height * self.width).max(1);
        let channels = self.channels.max(1);
        let sums = self
            .pixels
            .par_chunks(plane)
            .enumerate()
            .fold(
                || vec![(0u64, 0u64); channels],
                |mut sums, (index, pixels)| {
                    let (sum, squares) = &mut sums[index % channels];
                    for &pixel in pixels {
                        *sum += u64::from(pixel);
                        *squares += u64::from(pixel) * u64::from(pixel);
                    }
                    sums
                },
            )
            .reduce(
                || vec![(0, 0); channels],
                |mut left, right| {
                    for (l, r) in left.iter_mut().zip(right) {
                        l.0 += r.0;
                        l.1 += r.1;
                    }
                    left
                },
            );
        // Sums of integers, so that the result does not depend on the number of threads.
        let count = (self.len() * plane).max(1) as f64;
        let (mean, std) = sums
            .iter()
            .map(|&(sum, squares)| {
                let mean = sum as f64 / count;
                let variance = (squares as f64 / count - mean * mean).max(0.0);
                ((mean / 255.0) as f32, (variance.sqrt() / 255.0) as f32)
            })
            .unzip();
        ChannelStatistics { mean, std }
    }

    pub(crate) fn check_indices(&self, indices: &[u32]) -> Result<(), DataError> {
        match indices.iter().find(|&&i| i as usize >= self.len()) {
            Some(&index) => Err(DataError::IndexOutOfRange {
                index: index as usize,
                len: self.len(),
            }),
            None => Ok(()),
        }
    }

    pub(crate) fn labels_at(&self, indices: &[u32]) -> Vec<u16> {
        indices.iter().map(|&i| self.labels[i as usize]).collect()
    }

    fn empty_like(&self) -> Self {
        Self {
            pixels: Vec::new(),
            labels: Vec::new(),
            ..*self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Images {
        Images {
            pixels: (0..24).collect(),
            channels: 2,
            height: 1,
            width: 4,
            labels: vec![0, 1, 0],
        }
    }

    #[test]
    fn an_image_is_its_own_part_of_the_pixels() {
        let images = three();
        assert_eq!(images.image(1), &(8..16).collect::<Vec<u8>>()[..]);
        assert_eq!(images.get(2), Some(images.image(2)));
        assert_eq!(images.get(3), None);
        assert_eq!(images.get(usize::MAX), None);
    }

    #[test]
    fn a_subset_keeps_the_order_asked_for() {
        let subset = three().subset(&[2, 0, 2]).unwrap();
        assert_eq!(subset.len(), 3);
        assert_eq!(subset.image(0), three().image(2));
        assert_eq!(subset.image(1), three().image(0));
        assert_eq!(subset.labels, vec![0, 0, 0]);
        assert_eq!(subset.shape(), [2, 1, 4]);
    }

    #[test]
    fn a_subset_past_the_end_is_an_error() {
        let error = three().subset(&[0, 3]).unwrap_err();
        assert!(matches!(
            error,
            DataError::IndexOutOfRange { index: 3, len: 3 }
        ));
    }

    #[test]
    fn truncating_to_more_than_there_is_changes_nothing() {
        let mut images = three();
        images.truncate(9);
        assert_eq!(images, three());
        images.truncate(1);
        assert_eq!(images.len(), 1);
        assert_eq!(images.pixels.len(), 8);
    }

    #[test]
    fn statistics_are_those_of_each_channel_apart() {
        let images = Images {
            pixels: vec![0, 255, 51, 51, 255, 0, 51, 51],
            channels: 2,
            height: 1,
            width: 2,
            labels: vec![0, 0],
        };
        let statistics = images.channel_statistics();
        assert_eq!(statistics.mean, vec![0.5, 0.2]);
        assert_eq!(statistics.std, vec![0.5, 0.0]);
    }

    #[test]
    fn class_counts_cover_every_class() {
        assert_eq!(three().class_counts(3), vec![2, 1, 0]);
    }
}
