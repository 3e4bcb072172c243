//! Channels side by side in vectors: how many vectors a row has, and the way from planes to such rows and back.

use spectral_lanes::Scalar;
use spectral_lanes::{MAX_LANES, Simd};

/// Channels in panels of up to a few vectors, rows of which are the factor that tiles share.
#[derive(Clone, Debug)]
pub struct Panels {
    pub channels: usize,
    lanes: usize,
    /// First vector of each panel, and their number in the end.
    bounds: Vec<usize>,
}

/// Some vectors of channels.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    pub first: usize,
    /// Channels that there are.
    pub channels: usize,
    pub vectors: usize,
    /// Vectors of the panels before.
    pub before: usize,
}

impl Panels {
    pub fn new(channels: usize, lanes: usize, most: usize) -> Self {
        let vectors = channels.div_ceil(lanes);
        let count = vectors.div_ceil(most);
        Panels {
            channels,
            lanes,
            bounds: (0..=count).map(|panel| vectors * panel / count).collect(),
        }
    }

    pub fn count(&self) -> usize {
        self.bounds.len() - 1
    }

    /// Vectors of all panels.
    pub fn vectors(&self) -> usize {
        self.bounds[self.count()]
    }

    pub fn get(&self, panel: usize) -> Panel {
        let (before, end) = (self.bounds[panel], self.bounds[panel + 1]);
        let first = before * self.lanes;
        Panel {
            first,
            channels: (end * self.lanes).min(self.channels) - first,
            vectors: end - before,
            before,
        }
    }
}

/// Rows of numbers, one a channel, `stride` apart.
#[derive(Clone, Copy)]
pub struct Planes<P> {
    pub start: P,
    pub stride: usize,
    /// Channels that there are.
    pub channels: usize,
    /// Numbers of each.
    pub len: usize,
}

/// Lays the numbers of up to a vector of channels side by side: number `k` of channel `i` becomes lane `i` of the vector at
/// `to + k·row`. Lanes without a channel repeat the last one.
///
/// # Safety
/// The planes must be readable and all the vectors writable, and apart.
#[inline(always)]
pub unsafe fn interleave<T: Scalar, S: Simd<T>>(
    simd: S,
    planes: Planes<*const T>,
    to: *mut T,
    row: usize,
) {
    let mut from = [std::ptr::null(); MAX_LANES];
    let mut rows = [std::ptr::null_mut(); MAX_LANES];
    for at in (0..planes.len).step_by(S::LANES) {
        let count = S::LANES.min(planes.len - at);
        for i in 0..S::LANES {
            let channel = i.min(planes.channels - 1);
            from[i] = planes.start.wrapping_add(channel * planes.stride + at);
            rows[i] = to.wrapping_add((at + i) * row);
        }
        // SAFETY: by the caller's promise; only the first `count` numbers are read and rows written.
        unsafe { simd.transpose(&from, count, &rows, count, S::LANES) };
    }
}

/// The way back of [`interleave`]: lane `i` of the vector at `from + k·row` becomes number `k` of channel `i`.
///
/// # Safety
/// All the vectors must be readable and the planes writable, and apart.
#[inline(always)]
pub unsafe fn separate<T: Scalar, S: Simd<T>>(
    simd: S,
    from: *const T,
    row: usize,
    planes: Planes<*mut T>,
) {
    let mut rows = [std::ptr::null(); MAX_LANES];
    let mut to = [std::ptr::null_mut(); MAX_LANES];
    for at in (0..planes.len).step_by(S::LANES) {
        let count = S::LANES.min(planes.len - at);
        for i in 0..S::LANES {
            rows[i] = from.wrapping_add((at + i.min(count - 1)) * row);
            to[i] = planes.start.wrapping_add(i * planes.stride + at);
        }
        // SAFETY: by the caller's promise; only the first `count` numbers of the channels that there are are written.
        unsafe { simd.transpose(&rows, S::LANES, &to, planes.channels, count) };
    }
}
