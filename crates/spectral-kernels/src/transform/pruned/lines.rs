//! Lines one a lane (of odd length two a lane): real samples into spectra and back.

use super::task::{Buffers, Line, Task};
use crate::real::{Join, LastBin, Split, Tangle, Untangle};
use crate::scalar::Scalar;
use crate::simd::{MAX_LANES, Simd};
use crate::transform::lanes::{Gather, Scatter, copy};
use crate::view::View;

/// Lines `first`, `first + step`, … of a list for the lanes of a block; beyond the last one, that one again.
#[inline(always)]
fn pick<T: Scalar>(lines: &[Line<T>], step: usize) -> [Line<T>; MAX_LANES] {
    let last = (lines.len() - 1) / step;
    std::array::from_fn(|i| lines[i.min(last) * step])
}

/// Whether all lines hold the same samples of the grid.
#[inline(always)]
fn alike<T: Scalar>(lines: &[Line<T>; MAX_LANES]) -> bool {
    let span = lines[0].span;
    lines
        .iter()
        .all(|line| line.span.first == span.first && line.span.count == span.count)
}

impl<T: Scalar> Task<'_, T> {
    fn last_bin(&self) -> LastBin {
        if self.layout.packed {
            LastBin::InFirst
        } else {
            LastBin::Own
        }
    }

    /// Real lines of even length → half-spectra.
    #[inline(always)]
    pub(super) fn even_rows_in<S: Simd<T>>(&self, simd: S, buffers: &mut Buffers<'_, T>) {
        let layout = self.layout;
        let Some(twiddles) = layout.twiddles.as_deref() else {
            return;
        };
        let view = View::interleaved(buffers.block.as_mut_ptr(), S::LANES);
        for chunk in self.lines.chunks(S::LANES) {
            let lines = pick(chunk, 1);
            self.read(simd, buffers, &lines, 0, S::LANES);
            // SAFETY: the block holds n/2 elements of one vector.
            unsafe { layout.plan.run(simd, view, view, buffers.scratch) };
            simd.call(Untangle {
                view,
                half: layout.n / 2,
                twiddles,
                scales: layout.scales,
                last: self.last_bin(),
                bins: layout.bins,
            });
            self.write_bins(simd, view, &lines, chunk.len());
        }
    }

    /// Half-spectra → real lines of even length.
    #[inline(always)]
    pub(super) fn even_rows_out<S: Simd<T>>(&self, simd: S, buffers: &mut Buffers<'_, T>) {
        let layout = self.layout;
        let Some(twiddles) = layout.twiddles.as_deref() else {
            return;
        };
        let half = layout.n / 2;
        let view = View::interleaved(buffers.block.as_mut_ptr(), S::LANES);
        for chunk in self.lines.chunks(S::LANES) {
            let lines = pick(chunk, 1);
            if !layout.packed {
                let rest = 2 * S::LANES * layout.bins..2 * S::LANES * (half + 1);
                buffers.block[rest].fill(T::of(0.0));
            }
            self.read_bins(simd, view, &lines);
            simd.call(Tangle {
                view,
                half,
                twiddles,
                scales: layout.scales,
                last: self.last_bin(),
                bins: layout.bins,
            });
            let turned = view.swapped();
            // SAFETY: the block holds n/2 elements of one vector.
            unsafe { layout.plan.run(simd, turned, turned, buffers.scratch) };
            self.write(simd, buffers, &lines, 0, S::LANES, chunk.len());
        }
    }

    /// Real lines of odd length → half-spectra.
    #[inline(always)]
    pub(super) fn odd_rows_in<S: Simd<T>>(&self, simd: S, buffers: &mut Buffers<'_, T>) {
        let layout = self.layout;
        let view = View::interleaved(buffers.block.as_mut_ptr(), S::LANES);
        let [first, second] = buffers
            .pairs
            .map(|start| View::interleaved(start, S::LANES));
        for chunk in self.lines.chunks(2 * S::LANES) {
            let members = [pick(chunk, 2), pick(&chunk[1..], 2)];
            for (p, lines) in members.iter().enumerate() {
                self.read(simd, buffers, lines, p, 2 * S::LANES);
            }
            // SAFETY: the block holds `n` elements of one vector.
            unsafe { layout.plan.run(simd, view, view, buffers.scratch) };
            simd.call(Split {
                view,
                n: layout.n,
                first,
                second,
                scales: layout.scales,
                bins: layout.bins,
            });
            for (view, lines) in [first, second].into_iter().zip(&members) {
                self.write_bins(simd, view, lines, chunk.len() / 2);
            }
        }
    }

    /// Half-spectra → real lines of odd length.
    #[inline(always)]
    pub(super) fn odd_rows_out<S: Simd<T>>(&self, simd: S, buffers: &mut Buffers<'_, T>) {
        let layout = self.layout;
        let view = View::interleaved(buffers.block.as_mut_ptr(), S::LANES);
        let [first, second] = buffers
            .pairs
            .map(|start| View::interleaved(start, S::LANES));
        for chunk in self.lines.chunks(2 * S::LANES) {
            let members = [pick(chunk, 2), pick(&chunk[1..], 2)];
            for (view, lines) in [first, second].into_iter().zip(&members) {
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
            // SAFETY: the block holds `n` elements of one vector.
            unsafe { layout.plan.run(simd, turned, turned, buffers.scratch) };
            for (p, lines) in members.iter().enumerate() {
                self.write(simd, buffers, lines, p, 2 * S::LANES, chunk.len() / 2);
            }
        }
    }

    /// Real samples → part `p` of the block, zeros where there are none; sample `j` goes to numbers `j·row` on.
    #[inline(always)]
    fn read<S: Simd<T>>(
        &self,
        simd: S,
        buffers: &mut Buffers<'_, T>,
        lines: &[Line<T>; MAX_LANES],
        p: usize,
        row: usize,
    ) {
        let (n, span) = (self.layout.n, lines[0].span);
        let stride = self.layout.staged_stride();
        let mut from = lines.map(|line| line.real.cast_const());
        let (mut first, mut count) = (span.first, span.count);
        if !alike(lines) {
            for (i, line) in lines.iter().enumerate().take(S::LANES) {
                let staged = &mut buffers.staged[i * stride..][..n];
                let grid = line.span.grid();
                staged[..grid.start].fill(T::of(0.0));
                staged[grid.end..].fill(T::of(0.0));
                // SAFETY: the line holds as many samples as its span counts, all inside the grid.
                unsafe {
                    copy(
                        simd,
                        line.real,
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
        simd.call(Gather {
            lines: &from,
            count,
            to: buffers
                .block
                .as_mut_ptr()
                .wrapping_add(first * row + p * S::LANES),
            row,
        });
    }

    /// Part `p` of the block → real samples of the first `lanes` lines, added to them where tiles overlap.
    #[inline(always)]
    fn write<S: Simd<T>>(
        &self,
        simd: S,
        buffers: &mut Buffers<'_, T>,
        lines: &[Line<T>; MAX_LANES],
        p: usize,
        row: usize,
        lanes: usize,
    ) {
        let (n, span) = (self.layout.n, lines[0].span);
        let from = buffers.block.as_ptr().wrapping_add(p * S::LANES);
        if alike(lines) && !self.layout.overlaps {
            if span.count > 0 {
                simd.call(Scatter {
                    from: from.wrapping_add(span.first * row),
                    row,
                    count: span.count,
                    lines: &lines.map(|line| line.real),
                    lanes,
                });
            }
            return;
        }
        let stride = self.layout.staged_stride();
        let staged = buffers.staged.as_mut_ptr();
        let to = std::array::from_fn(|i| staged.wrapping_add(i.min(S::LANES - 1) * stride));
        simd.call(Scatter {
            from,
            row,
            count: n,
            lines: &to,
            lanes,
        });
        for (line, from) in lines.iter().zip(to).take(lanes) {
            let from = from.wrapping_add(line.span.first);
            // SAFETY: as many samples of the grid and of the plane as the span counts; no other task writes the plane,
            // and where tiles overlap it has been set.
            unsafe {
                if self.layout.overlaps {
                    add(simd, from, line.real, line.span.count);
                } else {
                    copy(simd, from, line.real, line.span.count);
                }
            }
        }
    }

    /// Kept bins of the block → spectra of the first `lanes` lines.
    #[inline(always)]
    fn write_bins<S: Simd<T>>(
        &self,
        simd: S,
        view: View<T>,
        lines: &[Line<T>; MAX_LANES],
        lanes: usize,
    ) {
        for (part, from) in [view.re, view.im].into_iter().enumerate() {
            simd.call(Scatter {
                from,
                row: view.stride,
                count: self.layout.columns,
                lines: &lines.map(|line| line.spectrum[part]),
                lanes,
            });
        }
    }

    /// Spectra of lines → kept bins of the block.
    #[inline(always)]
    fn read_bins<S: Simd<T>>(&self, simd: S, view: View<T>, lines: &[Line<T>; MAX_LANES]) {
        for (part, to) in [view.re, view.im].into_iter().enumerate() {
            simd.call(Gather {
                lines: &lines.map(|line| line.spectrum[part].cast_const()),
                count: self.layout.columns,
                to,
                row: view.stride,
            });
        }
    }
}

/// Adds `count` numbers to others.
///
/// # Safety
/// They must be readable at `from`, readable and writable at `to`, and apart.
#[inline(always)]
unsafe fn add<T: Scalar, S: Simd<T>>(simd: S, from: *const T, to: *mut T, count: usize) {
    let whole = count - count % S::LANES;
    for at in (0..whole).step_by(S::LANES) {
        // SAFETY: at + LANES ≤ count.
        unsafe { simd.store(to.add(at), simd.load(to.add(at)) + simd.load(from.add(at))) };
    }
    if whole < count {
        let rest = count - whole;
        // SAFETY: the rest of `count` numbers.
        unsafe {
            let sum = simd.load_part(to.add(whole), rest) + simd.load_part(from.add(whole), rest);
            simd.store_part(to.add(whole), sum, rest);
        }
    }
}
