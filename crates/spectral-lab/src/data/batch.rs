//! Mini-batches: the order of an epoch, and its images as normalized floats.

use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::error::DataError;
use super::images::Images;
use super::normalize::Normalize;
use super::stream::{Purpose, stream};

/// Smaller batches are filled by one thread, since waking others costs more.
const PARALLEL_FROM: usize = 1 << 16;

/// The order in which `epoch` visits `len` images: a permutation of `0..len` that depends only on
/// `seed` and `epoch`, so that a resumed run sees the same order as an uninterrupted one.
///
/// # Panics
///
/// If `len` exceeds `u32::MAX`.
pub fn epoch_order(len: usize, seed: u64, epoch: u64) -> Vec<u32> {
    let mut order = natural_order(len);
    order.shuffle(&mut stream(seed, Purpose::Shuffle, epoch));
    order
}

fn natural_order(len: usize) -> Vec<u32> {
    let len = u32::try_from(len).expect("a data set has at most u32::MAX images");
    (0..len).collect()
}

/// The mini-batches of one epoch, as lists of image indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batches {
    order: Vec<u32>,
    size: usize,
}

impl Batches {
    /// Batches of `size` images in the shuffled order of [`epoch_order`]. The last batch may be
    /// smaller.
    ///
    /// # Errors
    ///
    /// [`DataError::BadOption`] if `size` is zero.
    pub fn shuffled(len: usize, size: usize, seed: u64, epoch: u64) -> Result<Self, DataError> {
        Self::new(epoch_order(len, seed, epoch), size)
    }

    /// Batches of `size` images in their original order, for evaluation.
    ///
    /// # Errors
    ///
    /// [`DataError::BadOption`] if `size` is zero.
    pub fn in_order(len: usize, size: usize) -> Result<Self, DataError> {
        Self::new(natural_order(len), size)
    }

    fn new(order: Vec<u32>, size: usize) -> Result<Self, DataError> {
        if size == 0 {
            return Err(DataError::BadOption {
                option: "batch size",
                value: "0".into(),
                accepted: "at least 1",
            });
        }
        Ok(Self { order, size })
    }

    /// Drops the last batch if it is smaller than the others (but never the only one).
    pub fn drop_last(mut self) -> Self {
        let full = self.order.len() / self.size * self.size;
        if full > 0 {
            self.order.truncate(full);
        }
        self
    }

    /// The number of batches.
    pub fn len(&self) -> usize {
        self.order.len().div_ceil(self.size)
    }

    /// Whether there are no batches.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The total number of images.
    pub fn images(&self) -> usize {
        self.order.len()
    }

    /// The batches, each a list of image indices.
    pub fn iter(&self) -> std::slice::Chunks<'_, u32> {
        self.order.chunks(self.size)
    }
}

impl<'a> IntoIterator for &'a Batches {
    type Item = &'a [u32];
    type IntoIter = std::slice::Chunks<'a, u32>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Writes the images at `indices` into `out` as normalized floats, `[indices.len(), channels,
/// height, width]`. `out` is overwritten and resized; reuse it from batch to batch.
///
/// # Errors
///
/// [`DataError::IndexOutOfRange`] for an index out of range, [`DataError::BadOption`] for
/// per-channel constants that do not fit the images.
pub fn fill_batch(
    images: &Images,
    indices: &[u32],
    normalize: &Normalize,
    out: &mut Vec<f32>,
) -> Result<(), DataError> {
    images.check_indices(indices)?;
    let tables = normalize.tables(images.channels)?;
    let len = images.image_len();
    let total = indices.len() * len;
    let plane = images.height * images.width;
    let planes = |index: u32| {
        let pixels = images.image(index as usize).chunks_exact(plane.max(1));
        pixels.zip(&tables)
    };
    if total < PARALLEL_FROM {
        out.clear();
        out.reserve(total);
        for (pixels, table) in indices.iter().flat_map(|&index| planes(index)) {
            out.extend(pixels.iter().map(|&pixel| table[usize::from(pixel)]));
        }
        return Ok(());
    }
    out.resize(total, 0.0);
    let images = out.par_chunks_exact_mut(len).zip(indices);
    images.for_each(|(out, &index)| {
        for (out, (pixels, table)) in out.chunks_exact_mut(plane).zip(planes(index)) {
            for (value, &pixel) in out.iter_mut().zip(pixels) {
                *value = table[usize::from(pixel)];
            }
        }
    });
    Ok(())
}

/// The labels of the images at `indices`, in that order.
///
/// # Errors
///
/// [`DataError::IndexOutOfRange`] for an index out of range.
pub fn batch_labels(images: &Images, indices: &[u32]) -> Result<Vec<u16>, DataError> {
    images.check_indices(indices)?;
    Ok(images.labels_at(indices))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(count: usize, height: usize, width: usize) -> Images {
        let len = count * 3 * height * width;
        Images {
            pixels: (0..len).map(|i| (i % 256) as u8).collect(),
            channels: 3,
            height,
            width,
            labels: (0..count).map(|i| (i % 7) as u16).collect(),
        }
    }

    #[test]
    fn an_epoch_visits_every_image_once() {
        let mut order = epoch_order(1000, 3, 4);
        assert_ne!(order, (0..1000).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn the_order_depends_on_seed_and_epoch_alone() {
        assert_eq!(epoch_order(100, 3, 4), epoch_order(100, 3, 4));
        assert_ne!(epoch_order(100, 3, 4), epoch_order(100, 3, 5));
        assert_ne!(epoch_order(100, 3, 4), epoch_order(100, 4, 4));
    }

    #[test]
    fn batches_cover_the_order_and_the_last_may_be_smaller() {
        let batches = Batches::shuffled(10, 4, 1, 2).unwrap();
        let sizes: Vec<_> = batches.iter().map(<[u32]>::len).collect();
        assert_eq!(sizes, vec![4, 4, 2]);
        assert_eq!(batches.len(), 3);
        assert_eq!(
            batches.iter().flatten().copied().collect::<Vec<_>>(),
            epoch_order(10, 1, 2)
        );
        assert_eq!(batches.drop_last().images(), 8);
        assert_eq!(Batches::in_order(3, 4).unwrap().drop_last().images(), 3);
    }

    #[test]
    fn a_batch_of_nothing_is_refused() {
        assert!(matches!(
            Batches::in_order(3, 0),
            Err(DataError::BadOption { .. })
        ));
    }

    #[test]
    fn symmetric_normalization_spans_minus_one_to_one() {
        let mut images = ramp(1, 1, 2);
        images.pixels = vec![0, 255, 51, 204, 102, 153];
        let mut out = vec![9.0; 99];
        fill_batch(&images, &[0], &Normalize::SymmetricOne, &mut out).unwrap();
        let expected = [-1.0, 1.0, -0.6, 0.6, -0.2, 0.2];
        assert_eq!(out.len(), 6);
        for (value, expected) in out.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-6, "{value} {expected}");
        }
    }

    #[test]
    fn a_large_batch_filled_in_parallel_equals_the_plain_formula() {
        let images = ramp(40, 31, 29);
        let order = epoch_order(40, 0, 0);
        let normalize = Normalize::PerChannel {
            mean: vec![0.1, 0.2, 0.3],
            std: vec![1.0, 0.5, 2.0],
        };
        let mut out = Vec::new();
        fill_batch(&images, &order, &normalize, &mut out).unwrap();
        assert!(out.len() > PARALLEL_FROM);
        let plane = 31 * 29;
        for (slot, value) in out.iter().enumerate() {
            let index = order[slot / (3 * plane)] as usize;
            let channel = slot / plane % 3;
            let pixel = images.image(index)[slot % (3 * plane)];
            let (mean, std) = ([0.1, 0.2, 0.3][channel], [1.0, 0.5, 2.0][channel]);
            let expected = (f64::from(pixel) / 255.0 - mean) / std;
            assert!((f64::from(*value) - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn normalizing_by_the_own_statistics_gives_mean_zero_and_std_one() {
        let images = ramp(30, 16, 16);
        let mut out = Vec::new();
        let normalize = Normalize::per_channel_of(&images);
        fill_batch(&images, &epoch_order(30, 0, 0), &normalize, &mut out).unwrap();
        for channel in 0..3 {
            let values: Vec<f64> = out
                .chunks_exact(256)
                .skip(channel)
                .step_by(3)
                .flatten()
                .map(|&v| f64::from(v))
                .collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance =
                values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
            assert!(mean.abs() < 1e-5 && (variance - 1.0).abs() < 1e-4);
        }
    }

    #[test]
    fn constants_that_do_not_fit_are_refused() {
        let images = ramp(1, 2, 2);
        let mut out = Vec::new();
        for (mean, std) in [
            (vec![0.0], vec![1.0]),
            (vec![0.0; 3], vec![1.0, 0.0, 1.0]),
            (vec![f32::NAN, 0.0, 0.0], vec![1.0; 3]),
        ] {
            let normalize = Normalize::PerChannel { mean, std };
            let error = fill_batch(&images, &[0], &normalize, &mut out).unwrap_err();
            assert!(matches!(error, DataError::BadOption { .. }));
        }
    }

    #[test]
    fn labels_follow_the_indices() {
        let images = ramp(9, 1, 1);
        assert_eq!(batch_labels(&images, &[8, 0]).unwrap(), vec![1, 0]);
        assert!(batch_labels(&images, &[9]).is_err());
    }
}
