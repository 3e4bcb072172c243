//! Where the samples of a transform lie in a plane, and which of its frequencies are kept.

use std::ops::Range;

/// Where one axis of a transform's grid lies in a plane of another size, and in how many tiles.
///
/// Grid sample `j` of tile `t` is plane sample `origin + t·step + j`. Samples outside the plane and those outside `live`
/// are zero where the plane is read, and dropped where it is written. Zero padding, cropping, small kernels and the
/// tiles of overlap-save and overlap-add are all of this form:
///
/// | use | frame on a grid of `n` |
/// |---|---|
/// | a kernel of `k` taps at the grid's origin | `Frame::new(k, 0, n)` |
/// | a signal of `m` samples with `p` zeros before it | `Frame::new(m, -p, n)` |
/// | the `m` outputs from grid sample `c` on | `Frame::new(m, -c, n)` |
/// | overlap-save, `s` new samples a tile, `p` zeros before | `Frame::new(m, -p, n).tiled(m.div_ceil(s), s)` |
/// | its outputs, valid at grid samples `c … c + s` | `Frame::new(m, -c, n).tiled(…, s).live(c..c + s)` |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Samples of the plane on this axis, at least 1.
    pub plane: usize,
    /// Plane sample under grid sample 0 of tile 0; may lie outside the plane.
    pub origin: isize,
    /// Grid samples that are read or written; within the grid.
    pub live: Range<usize>,
    /// Tiles on this axis, at least 1.
    pub tiles: usize,
    /// Plane samples between the origins of neighboring tiles.
    pub step: usize,
}

impl Frame {
    /// One tile of `n` live samples.
    pub fn new(plane: usize, origin: isize, n: usize) -> Self {
        Frame {
            plane,
            origin,
            live: 0..n,
            tiles: 1,
            step: n,
        }
    }

    /// A plane of the grid's own size `n`.
    pub fn whole(n: usize) -> Self {
        Frame::new(n, 0, n)
    }

    /// The same with `tiles` tiles, `step` samples apart.
    pub fn tiled(self, tiles: usize, step: usize) -> Self {
        Frame {
            tiles,
            step,
            ..self
        }
    }

    /// The same with only these grid samples live.
    pub fn live(self, live: Range<usize>) -> Self {
        Frame { live, ..self }
    }

    /// What tile `t` shares with the plane.
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

    /// [`Self::span`] of every tile.
    pub(crate) fn spans(&self) -> Vec<Span> {
        (0..self.tiles).map(|t| self.span(t)).collect()
    }

    #[track_caller]
    pub(crate) fn check(&self, n: usize) {
        assert!(
            self.plane > 0 && self.tiles > 0,
            "a frame has at least 1 sample and 1 tile, got {self:?}"
        );
        // Places are signed, and are added up.
        let small = |size: usize| size <= isize::MAX as usize / 8;
        let last = (self.tiles - 1).checked_mul(self.step);
        assert!(
            small(self.plane) && small(self.origin.unsigned_abs()) && last.is_some_and(small),
            "the tiles of a frame lie too far apart: {self:?}"
        );
        assert!(
            self.live.start <= self.live.end && self.live.end <= n,
            "the live samples of a frame lie in its grid of {n}, got {:?}",
            self.live
        );
    }
}

/// Samples that a tile shares with its plane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first of them, in the grid.
    pub first: usize,
    pub count: usize,
    /// The first of them, in the plane.
    pub plane: usize,
}

impl Span {
    /// Where they are in the grid.
    pub fn grid(&self) -> Range<usize> {
        self.first..self.first + self.count
    }
}

/// Whether some sample of a plane of `len` lies in no tile, and whether some lies in several.
pub fn coverage(spans: &[Span], len: usize) -> (bool, bool) {
    let (mut gaps, mut overlaps, mut end) = (false, false, 0);
    for span in spans.iter().filter(|span| span.count > 0) {
        gaps |= span.plane > end;
        overlaps |= span.plane < end;
        end = end.max(span.plane + span.count);
    }
    (gaps || end < len, overlaps)
}

/// The lowest frequencies of one axis: bins `0 … positive` and, on axes with a whole spectrum, `n − negative … n`.
///
/// A spectrum in memory holds them in this order, `positive + negative` bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modes {
    /// Bins from 0 up; on the half-spectrum axis at most `n/2 + 1`.
    pub positive: usize,
    /// Bins of the lowest negative frequencies; none on the half-spectrum axis.
    pub negative: usize,
}

impl Modes {
    /// The first `positive` and the last `negative` bins.
    pub fn new(positive: usize, negative: usize) -> Self {
        Modes { positive, negative }
    }

    /// Bins kept; the largest number there is where the sum is beyond it, so that no grid has them.
    pub fn kept(self) -> usize {
        self.positive.saturating_add(self.negative)
    }

    /// The bin, of `n`, that is `i`-th in memory.
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
            "modes keep 1 to {most} bins{}, got {self:?}",
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
    fn gaps_and_overlaps_are_seen() {
        let of = |frame: Frame| coverage(&frame.spans(), frame.plane);
        assert_eq!(of(Frame::whole(6)), (false, false));
        assert_eq!(of(Frame::new(8, 0, 4).tiled(2, 4)), (false, false));
        assert_eq!(of(Frame::new(8, 0, 4).tiled(2, 3)), (true, true));
        assert_eq!(of(Frame::new(9, 1, 4)), (true, false));
        assert_eq!(of(Frame::new(9, -1, 12)), (false, false));
    }

    #[test]
    fn kept_bins_come_in_the_order_of_the_spectrum() {
        let modes = Modes::new(3, 2);
        let bins: Vec<usize> = (0..modes.kept()).map(|i| modes.bin(i, 9)).collect();
        assert_eq!(bins, [0, 1, 2, 7, 8]);
    }
}
