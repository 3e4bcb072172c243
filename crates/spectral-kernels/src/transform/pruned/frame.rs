//! How a transform's grid is placed on a plane of samples, and which of its frequencies are kept.

use std::ops::Range;

/// One axis of a transform's grid placed on a plane of another size, as one tile or several.
///
/// Grid sample `j` of tile `t` is plane sample `origin + t·step + j`. Samples outside the plane or outside `live` are
/// zero when the plane is read, and dropped when it is written. This covers zero padding, cropping, small kernels and
/// the tiles of overlap-save and overlap-add:
///
/// | use | frame on a grid of `n` |
/// |---|---|
/// | a kernel of `k` taps at the grid's origin | `Frame::new(k, 0, n)` |
/// | a signal of `m` samples, preceded by `p` zeros | `Frame::new(m, -p, n)` |
/// | the `m` outputs from grid sample `c` on | `Frame::new(m, -c, n)` |
/// | overlap-save, `s` new samples per tile, preceded by `p` zeros | `Frame::new(m, -p, n).tiled(m.div_ceil(s), s)` |
/// | its outputs, valid at grid samples `c..c + s` | `Frame::new(m, -c, n).tiled(…, s).live(c..c + s)` |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Number of samples of the plane along this axis, at least 1.
    pub plane: usize,
    /// The plane sample at grid sample 0 of tile 0; may be outside the plane.
    pub origin: isize,
    /// The range of grid samples that are read or written; must be within the grid.
    pub live: Range<usize>,
    /// Number of tiles along this axis, at least 1.
    pub tiles: usize,
    /// Distance between the origins of neighboring tiles, in plane samples.
    pub step: usize,
}

impl Frame {
    /// A frame with one tile, on a grid of `n` samples that are all live.
    pub fn new(plane: usize, origin: isize, n: usize) -> Self {
        Frame {
            plane,
            origin,
            live: 0..n,
            tiles: 1,
            step: n,
        }
    }

    /// A frame for a plane of the same size `n` as the grid.
    pub fn whole(n: usize) -> Self {
        Frame::new(n, 0, n)
    }

    /// Sets the number of tiles and the distance between them, in samples.
    pub fn tiled(self, tiles: usize, step: usize) -> Self {
        Frame {
            tiles,
            step,
            ..self
        }
    }

    /// Sets the range of live grid samples.
    pub fn live(self, live: Range<usize>) -> Self {
        Frame { live, ..self }
    }

    /// The samples that tile `t` shares with the plane.
    pub(crate) fn span(&self, t: usize) -> Span {
        let shift = self.origin + (t * self.step).cast_signed();
        let first = self.live.start.cast_signed().max(-shift);
        let end = (self.live.end.cast_signed()).min(self.plane.cast_signed() - shift);
        if first < end {
            Span {
                first: first.unsigned_abs(),
                count: (end - first).unsigned_abs(),
                plane: (first + shift).unsigned_abs(),
            }
        } else {
            Span::default()
        }
    }

    /// [`Self::span`] for every tile.
    pub(crate) fn spans(&self) -> Vec<Span> {
        (0..self.tiles).map(|t| self.span(t)).collect()
    }

    #[track_caller]
    pub(crate) fn check(&self, n: usize) {
        assert!(
            self.plane > 0 && self.tiles > 0,
            "a frame must have at least 1 sample and 1 tile, got {self:?}"
        );
        // Offsets are signed, and sums of them must not overflow.
        let small = |size: usize| size <= isize::MAX as usize / 8;
        let last = (self.tiles - 1).checked_mul(self.step);
        assert!(
            small(self.plane) && small(self.origin.unsigned_abs()) && last.is_some_and(small),
            "frame is too large: {self:?}"
        );
        assert!(
            self.live.start <= self.live.end && self.live.end <= n,
            "live samples of a frame must be within its grid of {n}, got {:?}",
            self.live
        );
    }
}

/// A range of samples that a tile shares with its plane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first of them, as a grid index.
    pub first: usize,
    pub count: usize,
    /// The first of them, as a plane index.
    pub plane: usize,
}

impl Span {
    /// The range in grid indices.
    pub fn grid(&self) -> Range<usize> {
        self.first..self.first + self.count
    }
}

/// Whether some samples of a plane of `len` are in no tile, and whether some are in several.
pub fn coverage(spans: &[Span], len: usize) -> (bool, bool) {
    let (mut gaps, mut overlaps, mut end) = (false, false, 0);
    for span in spans.iter().filter(|span| span.count > 0) {
        gaps |= span.plane > end;
        overlaps |= span.plane < end;
        end = end.max(span.plane + span.count);
    }
    (gaps || end < len, overlaps)
}

/// The lowest frequencies of one axis: bins `0..positive` and, on axes with a full spectrum, `n − negative..n`.
///
/// In memory, a spectrum contains these `positive + negative` bins in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modes {
    /// Number of bins from 0 upwards; at most `n/2 + 1` on the half-spectrum axis.
    pub positive: usize,
    /// Number of bins with the lowest negative frequencies; 0 on the half-spectrum axis.
    pub negative: usize,
}

impl Modes {
    /// Keeps the first `positive` and the last `negative` bins.
    pub fn new(positive: usize, negative: usize) -> Self {
        Modes { positive, negative }
    }

    /// Number of bins kept. Saturates on overflow, so that the result exceeds any grid.
    pub fn kept(self) -> usize {
        self.positive.saturating_add(self.negative)
    }

    /// The bin, out of `n`, with index `i` in memory.
    pub(crate) fn bin(self, i: usize, n: usize) -> usize {
        if i < self.positive {
            i
        } else {
            n - self.kept() + i
        }
    }

    #[track_caller]
    pub(crate) fn check(self, most: usize, half: bool) {
        assert!(
            self.positive > 0 && self.kept() <= most && !(half && self.negative > 0),
            "modes must keep 1 to {most} bins{}, got {self:?}",
            if half { ", none of them negative" } else { "" }
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_the_part_of_a_tile_inside_the_plane() {
        let frame = Frame::new(10, -3, 8).tiled(3, 4).live(1..8);
        let parts: Vec<_> = frame
            .spans()
            .iter()
            .map(|s| (s.first, s.count, s.plane))
            .collect();
        assert_eq!(parts, [(3, 5, 0), (1, 7, 2), (1, 4, 6)]);
        assert_eq!(Frame::new(5, 9, 8).span(0).count, 0, "beyond the plane");
        assert_eq!(Frame::new(5, -9, 8).span(0).count, 0, "before the plane");
    }

    #[test]
    fn gaps_and_overlaps_are_detected() {
        let of = |frame: Frame| coverage(&frame.spans(), frame.plane);
        assert_eq!(of(Frame::whole(6)), (false, false));
        assert_eq!(of(Frame::new(8, 0, 4).tiled(2, 4)), (false, false));
        assert_eq!(of(Frame::new(8, 0, 4).tiled(2, 3)), (true, true));
        assert_eq!(of(Frame::new(9, 1, 4)), (true, false));
        assert_eq!(of(Frame::new(9, -1, 12)), (false, false));
    }

    #[test]
    fn kept_bins_are_in_the_order_of_the_spectrum() {
        let modes = Modes::new(3, 2);
        let bins: Vec<usize> = (0..modes.kept()).map(|i| modes.bin(i, 9)).collect();
        assert_eq!(bins, [0, 1, 2, 7, 8]);
    }
}
