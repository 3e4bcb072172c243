//! Panels of channels in vectors, and the conversion between planes and rows of such panels.

use spectral_lanes::{MAX_LANES, Scalar, Simd};

/// Division of channels into panels of up to a few vectors, the rows of which are the factor that tiles share.
#[derive(Clone, Debug)]
pub struct Panels {
    pub channels: usize,
    lanes: usize,
    /// The first vector of each panel, followed by the number of vectors.
    bounds: Vec<usize>,
}

/// A range of vectors of channels.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    pub first: usize,
    /// Number of channels that exist.
    pub channels: usize,
    pub vectors: usize,
    /// Number of vectors in the preceding panels.
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

    /// Number of vectors in all panels.
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

/// Rows of elements, one per channel, `stride` apart.
#[derive(Clone, Copy)]
pub struct Planes<P> {
    pub start: P,
    pub stride: usize,
    /// Number of channels that exist.
    pub channels: usize,
    /// Elements per channel.
    pub len: usize,
}

/// Interleaves up to one vector of channels: element `k` of channel `i` becomes lane `i` of the vector at `to + k·row`.
/// Lanes without a channel repeat the last one.
///
/// # Safety
/// The planes must be readable and all the vectors writable, and the two must not overlap.
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
        // SAFETY: guaranteed by the caller; only the first `count` elements are read and rows written.
        unsafe { simd.transpose(&from, count, &rows, count, S::LANES) };
    }
}

/// The inverse of [`interleave`]: lane `i` of the vector at `from + k·row` becomes element `k` of channel `i`.
///
/// # Safety
/// All the vectors must be readable and the planes writable, and the two must not overlap.
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
        // SAFETY: guaranteed by the caller; only the first `count` elements of existing channels are written.
        unsafe { simd.transpose(&rows, S::LANES, &to, planes.channels, count) };
    }
}
