//! Transforms between real samples and spectra, one line per lane (two for odd lengths).

use spectral_lanes::{Gather, Scalar, Scatter, Simd, copy};

use super::frame::Span;
use super::task::{Block, Buffers, Task};
use crate::real::{Join, LastBin, Split, Tangle, Untangle};
use crate::view::View;

impl<T: Scalar> Task<'_, T> {
    fn last_bin(&self) -> LastBin {
        if self.layout.packed {
            LastBin::InFirst
        } else {
            LastBin::Own
        }
    }

    /// Elements of the block between consecutive real samples of a lane.
    #[inline(always)]
    fn row<S: Simd<T>>(&self) -> usize {
        if self.layout.twiddles.is_some() {
            S::LANES
        } else {
            2 * S::LANES
        }
    }

    /// Whether all lines cover the same samples of the grid.
    #[inline(always)]
    fn alike(&self, lines: Block<'_, T>) -> bool {
        let span = lines.spans[0];
        let same = |other: &Span| (other.first, other.count) == (span.first, span.count);
        self.layout.alike || lines.spans.iter().all(same)
    }

    /// Transforms real lines of even length to half-spectra.
    #[inline(always)]
    pub(super) fn even_rows_in<S: Simd<T>>(&self, simd: S, buffers: &mut Buffers<'_, T>) {
        let layout = self.layout;
        let Some(twiddles) = layout.twiddles.as_deref() else {
            return;
        };
        let view = View::interleaved(buffers.block.as_mut_ptr(), S::LANES);
        let count = self.lines[0].count;
        for first in (0..count).step_by(S::LANES) {
            let lines = self.lines[0].block(first);
            self.read(simd, buffers, lines, 0);
            // SAFETY: the block holds n/2 elements of one vector each.
            unsafe { layout.plan.run(simd, view, view, buffers.scratch) };
            simd.call(Untangle {
                view,
                half: layout.n / 2,
                twiddles,
                scales: layout.scales,
                last: self.last_bin(),
                bins: layout.bins,
            });
            self.write_bins(simd, view, lines, S::LANES.min(count - first));
        }
    }

    /// Transforms half-spectra to real lines of even length.
    #[inline(always)]
    pub(super) fn even_rows_out<S: Simd<T>>(&self, simd: S, buffers: &mut Buffers<'_, T>) {
        let layout = self.layout;
        let Some(twiddles) = layout.twiddles.as_deref() else {
            return;
        };
        let half = layout.n / 2;
        let view = View::interleaved(buffers.block.as_mut_ptr(), S::LANES);
        let count = self.lines[0].count;
        for first in (0..count).step_by(S::LANES) {
            let lines = self.lines[0].block(first);
            if !layout.packed {
                let rest = 2 * S::LANES * layout.bins..2 * S::LANES * (half + 1);
                buffers.block[rest].fill(T::of(0.0));
            }
            self.read_bins(simd, view, lines);
            simd.call(Tangle {
                view,
                half,
                twiddles,
                scales: layout.scales,
                last: self.last_bin(),
                bins: layout.bins,
            });
            let turned = view.swapped();
            // SAFETY: the block holds n/2 elements of one vector each.
            unsafe { layout.plan.run(simd, turned, turned, buffers.scratch) };
            self.write(simd, buffers, lines, 0, S::LANES.min(count - first));
        }
    }

    /// Transforms real lines of odd length to half-spectra.
    #[inline(always)]
    pub(super) fn odd_rows_in<S: Simd<T>>(&self, simd: S, buffers: &mut Buffers<'_, T>) {
        let layout = self.layout;
        let view = View::interleaved(buffers.block.as_mut_ptr(), S::LANES);
        let [first, second] = buffers
            .pairs
            .map(|start| View::interleaved(start, S::LANES));
        let count = self.lines[0].count;
        for at in (0..count).step_by(S::LANES) {
            let members = [self.lines[0].block(at), self.lines[1].block(at)];
            for (p, lines) in members.into_iter().enumerate() {
                self.read(simd, buffers, lines, p);
            }
            // SAFETY: the block holds `n` elements of one vector each.
            unsafe { layout.plan.run(simd, view, view, buffers.scratch) };
            simd.call(Split {
                view,
                n: layout.n,
                first,
                second,
                scales: layout.scales,
                bins: layout.bins,
            });
            for (view, lines) in [first, second].into_iter().zip(members) {
                self.write_bins(simd, view, lines, S::LANES.min(count - at));
            }
        }
    }

    /// Transforms half-spectra to real lines of odd length.
    #[inline(always)]
    pub(super) fn odd_rows_out<S: Simd<T>>(&self, simd: S, buffers: &mut Buffers<'_, T>) {
        let layout = self.layout;
        let view = View::interleaved(buffers.block.as_mut_ptr(), S::LANES);
        let [first, second] = buffers
            .pairs
            .map(|start| View::interleaved(start, S::LANES));
        let count = self.lines[0].count;
        for at in (0..count).step_by(S::LANES) {
            let members = [self.lines[0].block(at), self.lines[1].block(at)];
            for (view, lines) in [first, second].into_iter().zip(members) {
                self.read_bins(simd, view, lines);
            }
            let rest = layout.bins..layout.n - layout.bins + 1;
            buffers.block[2 * S::LANES * rest.start..2 * S::LANES * rest.end].fill(T::of(0.0));
            simd.call(Join {
                view,
                n: layout.n,
                first,
                second: Some(second),
                scales: layout.scales,
                bins: layout.bins,
            });
            let turned = view.swapped();
            // SAFETY: the block holds `n` elements of one vector each.
            unsafe { layout.plan.run(simd, turned, turned, buffers.scratch) };
            for (p, lines) in members.into_iter().enumerate() {
                self.write(simd, buffers, lines, p, S::LANES.min(count - at));
            }
        }
    }

    /// Loads real samples into part `p` of the block, with zeros elsewhere; sample `j` starts at element
    /// [`j·row`](Self::row).
    #[inline(always)]
    fn read<S: Simd<T>>(
        &self,
        simd: S,
        buffers: &mut Buffers<'_, T>,
        lines: Block<'_, T>,
        p: usize,
    ) {
        let (n, span, row) = (self.layout.n, lines.spans[0], self.row::<S>());
        let stride = self.layout.staged_stride();
        let mut from = lines.real.map(<*mut T>::cast_const);
        let (mut first, mut count) = (span.first, span.count);
        if !self.alike(lines) {
            for i in 0..S::LANES {
                let staged = &mut buffers.staged[i * stride..][..n];
                let grid = lines.spans[i].grid();
                staged[..grid.start].fill(T::of(0.0));
                staged[grid.end..].fill(T::of(0.0));
                // SAFETY: the line holds as many samples as its span counts, all within the grid.
                unsafe {
                    copy(
                        simd,
                        from[i],
                        staged.as_mut_ptr().add(grid.start),
                        grid.len(),
                    )
                };
                from[i] = staged.as_ptr();
            }
            (first, count) = (0, n);
        }
        for j in (0..first).chain(first + count..n) {
            buffers.block[j * row + p * S::LANES..][..S::LANES].fill(T::of(0.0));
        }
        // SAFETY: each line holds `count` elements, and the buffer as many rows of one vector.
        let gather = unsafe {
            Gather::new(
                &from,
                count,
                buffers
                    .block
                    .as_mut_ptr()
                    .wrapping_add(first * row + p * S::LANES),
                row,
            )
        };
        simd.call(gather);
    }

    /// Stores part `p` of the block to the first `lanes` lines of real samples, adding to them if tiles overlap.
    #[inline(always)]
    fn write<S: Simd<T>>(
        &self,
        simd: S,
        buffers: &mut Buffers<'_, T>,
        lines: Block<'_, T>,
        p: usize,
        lanes: usize,
    ) {
        let (n, span, row) = (self.layout.n, lines.spans[0], self.row::<S>());
        let from = buffers.block.as_ptr().wrapping_add(p * S::LANES);
        if self.alike(lines) && !self.layout.overlaps {
            if span.count > 0 {
                // SAFETY: the buffer holds `count` rows of one vector, and no other task accesses the lines.
                let scatter = unsafe {
                    Scatter::new(
                        from.wrapping_add(span.first * row),
                        row,
                        span.count,
                        lines.real,
                        lanes,
                    )
                };
                simd.call(scatter);
            }
            return;
        }
        let stride = self.layout.staged_stride();
        let staged = buffers.staged.as_mut_ptr();
        let to = std::array::from_fn(|i| staged.wrapping_add(i.min(S::LANES - 1) * stride));
        // SAFETY: the buffer holds `count` rows of one vector, and no other task accesses the lines.
        let scatter = unsafe { Scatter::new(from, row, n, &to, lanes) };
        simd.call(scatter);
        for i in 0..lanes {
            let (real, span) = (lines.real[i], lines.spans[i]);
            let from = to[i].wrapping_add(span.first);
            // SAFETY: the span counts samples within both the grid and the plane; no other task writes the plane, and
            // it has been initialized if tiles overlap.
            unsafe {
                if self.layout.overlaps {
                    add(simd, from, real, span.count);
                } else {
                    copy(simd, from, real, span.count);
                }
            }
        }
    }

    /// Stores the kept bins of the block to the spectra of the first `lanes` lines.
    #[inline(always)]
    fn write_bins<S: Simd<T>>(&self, simd: S, view: View<T>, lines: Block<'_, T>, lanes: usize) {
        for (part, from) in [view.re, view.im].into_iter().enumerate() {
            // SAFETY: the buffer holds `count` rows of one vector, and no other task accesses the lines.
            let scatter = unsafe {
                Scatter::new(
                    from,
                    view.stride,
                    self.layout.columns,
                    lines.spectrum[part],
                    lanes,
                )
            };
            simd.call(scatter);
        }
    }

    /// Loads the kept bins of the block from the spectra of lines.
    #[inline(always)]
    fn read_bins<S: Simd<T>>(&self, simd: S, view: View<T>, lines: Block<'_, T>) {
        for (part, to) in [view.re, view.im].into_iter().enumerate() {
            let ends = lines.spectrum[part].map(<*mut T>::cast_const);
            // SAFETY: each line holds `count` elements, and the buffer as many rows of one vector.
            let gather = unsafe { Gather::new(&ends, self.layout.columns, to, view.stride) };
            simd.call(gather);
        }
    }
}

/// Adds `count` elements to others.
///
/// # Safety
/// `from` must be readable, and `to` readable and writable, for `count` elements, and the two must not overlap.
#[inline(always)]
unsafe fn add<T: Scalar, S: Simd<T>>(simd: S, from: *const T, to: *mut T, count: usize) {
    let whole = count - count % S::LANES;
    for at in (0..whole).step_by(S::LANES) {
        // SAFETY: at + LANES ≤ count.
        unsafe { simd.store(to.add(at), simd.load(to.add(at)) + simd.load(from.add(at))) };
    }
    if whole < count {
        let rest = count - whole;
        // SAFETY: the remaining elements of `count`.
        unsafe {
            let sum = simd.load_part(to.add(whole), rest) + simd.load_part(from.add(whole), rest);
            simd.store_part(to.add(whole), sum, rest);
        }
    }
}
