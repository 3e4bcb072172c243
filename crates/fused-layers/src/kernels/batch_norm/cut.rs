//! How the work is cut: into groups of channels, and into chunks of images for the sums.

use std::ops::Range;

use super::FusedBatchNorm;
use spectral_lanes::parallel::{for_each, threads_for};

/// What a group of channels may take of the second-level cache.
const GROUP_BYTES: usize = 384 << 10;
/// Least bytes in a row that a group should have of an image.
const ROW_BYTES: usize = 1024;
/// Most numbers of a channel that are summed in lanes before they are added up in `f64`.
pub const CHUNK: usize = 4096;
/// Most numbers that one lane adds up before that: rounding errors grow with them, and the fewer lanes a vector has the
/// more would fall to each.
const LANE_SUM: usize = 128;

/// Numbers to sum at a time in `sums` vectors of `lanes`.
pub const fn strip(sums: usize, lanes: usize) -> usize {
    let most = LANE_SUM * sums * lanes;
    if most < CHUNK { most } else { CHUNK }
}
/// Bytes of a task that knows its coefficients.
const TASK_BYTES: usize = 128 << 10;

/// Every one of `channels` of every one of `images`.
#[derive(Clone, Debug)]
pub struct Region {
    pub images: Range<usize>,
    pub channels: Range<usize>,
}

/// Parts of `0 … count`, `step` long but for the last.
fn part(count: usize, step: usize, index: usize) -> Range<usize> {
    (index * step).min(count)..((index + 1) * step).min(count)
}

/// The parts of one problem.
pub struct Cut {
    batch: usize,
    channels: usize,
    /// Channels of a group.
    group: usize,
    /// Images of a chunk: a matter of the shape alone, so that sums do not depend on the number of threads.
    chunk: usize,
    /// Images of a task that knows its coefficients.
    images: usize,
    /// Estimated time of one pass over everything, in nanoseconds.
    work: usize,
}

impl Cut {
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
        Cut {
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

    /// Chunks of images.
    pub fn chunks(&self) -> usize {
        self.batch.div_ceil(self.chunk)
    }

    /// A chunk of images.
    pub fn chunk(&self, index: usize) -> Range<usize> {
        part(self.batch, self.chunk, index)
    }

    /// Whether there are groups enough to keep the threads busy.
    pub fn by_groups(&self) -> bool {
        let threads = threads_for(self.work);
        self.groups() >= 2 * threads || self.groups().is_multiple_of(threads)
    }

    /// Calls `task` with each group of channels, of all images.
    pub fn for_each_group(&self, task: impl Fn(Region) + Send + Sync) {
        for_each(self.groups(), self.work, |index| {
            task(Region {
                images: 0..self.batch,
                channels: part(self.channels, self.group, index),
            });
        });
    }

    /// Calls `task` with each group of channels and each chunk of images, and the chunk's number.
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

    /// Calls `task` with parts of the images, of all channels.
    pub fn for_each_image(&self, task: impl Fn(Region) + Send + Sync) {
        for_each(self.batch.div_ceil(self.images), self.work, |index| {
            task(Region {
                images: part(self.batch, self.images, index),
                channels: 0..self.channels,
            });
        });
    }
}
