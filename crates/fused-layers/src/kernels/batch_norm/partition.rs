//! Division of the work into groups of channels and, for the sums, into chunks of images.

use std::ops::Range;

use spectral_lanes::parallel::{for_each, threads_for};

use super::FusedBatchNorm;

/// Target size of a group of channels: a share of the L2 cache.
const GROUP_BYTES: usize = 384 << 10;
/// Minimum number of contiguous bytes per image and group.
const ROW_BYTES: usize = 1024;
/// Maximum number of elements per channel that are summed in lanes before the sums are accumulated in `f64`.
pub const CHUNK: usize = 4096;
/// Maximum number of elements per lane before that. Rounding errors grow with this number, and it is larger the fewer
/// lanes a vector has.
const LANE_SUM: usize = 128;

/// Number of elements to sum at a time in `sums` vectors of `lanes`.
pub const fn strip(sums: usize, lanes: usize) -> usize {
    let most = LANE_SUM * sums * lanes;
    if most < CHUNK { most } else { CHUNK }
}
/// Bytes per task if the coefficients are already known.
const TASK_BYTES: usize = 128 << 10;

/// A range of channels of a range of images.
#[derive(Clone, Debug)]
pub struct Region {
    pub images: Range<usize>,
    pub channels: Range<usize>,
}

/// Part `index` of `0..count`, `step` long except for the last.
fn part(count: usize, step: usize, index: usize) -> Range<usize> {
    (index * step).min(count)..((index + 1) * step).min(count)
}

/// The division of one problem into parts.
pub struct Partition {
    batch: usize,
    channels: usize,
    /// Channels per group.
    group: usize,
    /// Images per chunk. Depends only on the shape, so that sums do not depend on the number of threads.
    chunk: usize,
    /// Images per task if the coefficients are already known.
    images: usize,
    /// Estimated time of one pass over everything, in nanoseconds.
    work: usize,
}

impl Partition {
    pub fn new<T>(map: &FusedBatchNorm, work: usize) -> Self {
        let threads = threads_for(work);
        let plane = map.plane();
        let plane_bytes = plane * size_of::<T>();
        let fitting = GROUP_BYTES / (map.batch * plane_bytes);
        let least = ROW_BYTES.div_ceil(plane_bytes);
        let balanced = map.channels / if threads > 1 { 2 * threads } else { 1 };
        let group = fitting.max(least).min(balanced).min(CHUNK / plane).max(1);
        let wanted = TASK_BYTES.div_ceil(map.channels * plane_bytes);
        let images = match threads {
            1 => map.batch,
            _ => wanted.min(map.batch.div_ceil(2 * threads)),
        };
        Partition {
            batch: map.batch,
            channels: map.channels,
            group,
            chunk: (CHUNK / plane).clamp(1, LANE_SUM),
            images: images.max(1),
            work,
        }
    }

    fn groups(&self) -> usize {
        self.channels.div_ceil(self.group)
    }

    /// Number of chunks of images.
    pub fn chunks(&self) -> usize {
        self.batch.div_ceil(self.chunk)
    }

    /// The images of a chunk.
    pub fn chunk(&self, index: usize) -> Range<usize> {
        part(self.batch, self.chunk, index)
    }

    /// Whether there are enough groups to occupy all threads.
    pub fn by_groups(&self) -> bool {
        let threads = threads_for(self.work);
        self.groups() >= 2 * threads || self.groups().is_multiple_of(threads)
    }

    /// Calls `task` with each group of channels, for all images.
    pub fn for_each_group(&self, task: impl Fn(Region) + Send + Sync) {
        for_each(self.groups(), self.work, |index| {
            task(Region {
                images: 0..self.batch,
                channels: part(self.channels, self.group, index),
            });
        });
    }

    /// Calls `task` with each group of channels and each chunk of images, and the index of the chunk.
    pub fn for_each_chunk(&self, task: impl Fn(Region, usize) + Send + Sync) {
        let chunks = self.chunks();
        for_each(self.groups() * chunks, self.work, |index| {
            let (group, chunk) = (index / chunks, index % chunks);
            let region = Region {
                images: self.chunk(chunk),
                channels: part(self.channels, self.group, group),
            };
            task(region, chunk);
        });
    }

    /// Calls `task` with ranges of images, for all channels.
    pub fn for_each_image(&self, task: impl Fn(Region) + Send + Sync) {
        for_each(self.batch.div_ceil(self.images), self.work, |index| {
            task(Region {
                images: part(self.batch, self.images, index),
                channels: 0..self.channels,
            });
        });
    }
}
