//! Packing of parts of a factor, frequency by frequency.

use std::ops::Range;

use spectral_lanes::{MAX_LANES, Scalar, Simd};

use super::super::operand::Operand;
use super::super::prefetch::{AHEAD, exceeds_l2, prefetch};
use super::sums::VECTORS;

/// A range of lines, terms and frequencies of one group of a factor.
pub struct Part<'a, T> {
    pub operand: &'a Operand<'a, T>,
    pub group: usize,
    pub lines: Range<usize>,
    pub terms: Range<usize>,
    pub bins: Range<usize>,
    /// Total number of frequencies.
    pub all_bins: usize,
}

/// Strides of packed elements between frequencies, terms and lines.
pub struct Steps {
    pub bin: usize,
    pub term: usize,
    pub line: usize,
}

impl<T: Scalar> Part<'_, T> {
    /// Offset of the elements of a line and term, both relative to the start of this part.
    #[inline(always)]
    fn start(&self, line: usize, term: usize) -> usize {
        let o = self.operand;
        o.group * self.group
            + o.line.at(self.lines.start + line)
            + o.term.at(self.terms.start + term)
            + self.bins.start
    }

    /// # Panics
    /// If either plane does not contain the part.
    fn expect_inside(&self) {
        let end = self.start(self.lines.len() - 1, self.terms.len() - 1) + self.bins.len();
        let data = self.operand.data;
        assert!(data.re.len() >= end && data.im.len() >= end);
    }

    /// Whether the part contains all frequencies, so that neighbors `all_bins` elements apart are contiguous.
    fn whole(&self) -> bool {
        self.bins.len() == self.all_bins
    }

    /// Prefetches piece `i` of `count` pieces of the data.
    #[inline(always)]
    pub fn prefetch(&self, i: usize, count: usize) {
        let (bins, terms, lines) = (self.bins.len(), self.terms.len(), self.lines.len());
        let prefetch = |line: usize, term: usize, length: usize| {
            let start = self.start(line, term);
            for plane in [self.operand.data.re, self.operand.data.im] {
                prefetch(plane.as_ptr().wrapping_add(start), length);
            }
        };
        if self.by_line() {
            (i * lines / count..(i + 1) * lines / count)
                .for_each(|line| prefetch(line, 0, terms * bins));
            return;
        }
        for term in i * terms / count..(i + 1) * terms / count {
            if self.by_term() {
                prefetch(0, term, lines * bins);
            } else {
                (0..lines).for_each(|line| prefetch(line, term, bins));
            }
        }
    }

    /// Distance between frequencies in the output of [`Self::vectors`].
    pub fn bin_step(vectors: usize, terms: usize, lanes: usize) -> usize {
        vectors * terms * 2 * lanes
    }

    /// Packs vectors of lines as `[bin][pair of vectors][term][vector][re, im][lane]`; missing lines repeat the last.
    #[inline(always)]
    pub fn vectors<S: Simd<T>>(&self, simd: S, to: &mut [T]) {
        let (bins, terms) = (self.bins.len(), self.terms.len());
        let vectors = self.lines.len().div_ceil(S::LANES);
        self.expect_inside();
        assert!(to.len() >= bins * Self::bin_step(vectors, terms, S::LANES));
        let to = to.as_mut_ptr();
        let bin_step = Self::bin_step(vectors, terms, S::LANES);
        // Contiguous terms are transposed together.
        let together = if self.by_line() { terms } else { 1 };
        let ask = together == 1 && exceeds_l2(self.operand.data.re);
        for vector in 0..vectors {
            let first = vector / VECTORS * VECTORS;
            let term_step = VECTORS.min(vectors - first) * 2 * S::LANES;
            let place = (first * terms + vector - first) * 2 * S::LANES;
            for start in (0..terms).step_by(together) {
                let mut from = [0; MAX_LANES];
                for (i, from) in from.iter_mut().enumerate().take(S::LANES) {
                    let line = (vector * S::LANES + i).min(self.lines.len() - 1);
                    *from = self.start(line, start);
                }
                let length = together * bins;
                if ask && start + AHEAD < terms {
                    let ahead = self.start(0, start + AHEAD) - self.start(0, start);
                    for from in &from[..S::LANES] {
                        for plane in [self.operand.data.re, self.operand.data.im] {
                            prefetch(plane.as_ptr().wrapping_add(from + ahead), bins);
                        }
                    }
                }
                for (part, data) in [self.operand.data.re, self.operand.data.im]
                    .into_iter()
                    .enumerate()
                {
                    let (mut term, mut bin) = (start, 0);
                    for at in (0..length).step_by(S::LANES) {
                        let count = S::LANES.min(length - at);
                        let lines = from.map(|from| data.as_ptr().wrapping_add(from + at));
                        let mut places = [to; MAX_LANES];
                        for column in places.iter_mut().take(count) {
                            let offset = bin * bin_step + place + term * term_step;
                            *column = to.wrapping_add(offset + part * S::LANES);
                            bin += 1;
                            if bin == bins {
                                (bin, term) = (0, term + 1);
                            }
                        }
                        // SAFETY: both planes and the size of the output were checked above.
                        unsafe { simd.transpose(&lines, count, &places, count, S::LANES) };
                    }
                }
            }
        }
    }

    /// Elements per plane of one panel packed by [`Self::numbers`].
    pub fn room(lines: usize, terms: usize, bins: usize, lanes: usize) -> usize {
        (bins * (lines * terms).next_multiple_of(lanes) + lanes).next_multiple_of(lanes)
    }

    /// Packs the elements in panels of `PER` lines, `panel` elements apart: real parts to the first slice, imaginary
    /// parts (negated if conjugated) to the second. Frequencies are deinterleaved if there are many, and stay adjacent
    /// if there are few. Returns the strides in all panels but the last, and in the last.
    #[inline(always)]
    pub fn numbers<S: Simd<T>, const PER: usize>(
        &self,
        simd: S,
        conjugated: bool,
        to: [&mut [T]; 2],
        panel: usize,
    ) -> [Steps; 2] {
        let (bins, terms, lines) = (self.bins.len(), self.terms.len(), self.lines.len());
        self.expect_inside();
        let panels = lines.div_ceil(PER);
        let last = lines - (panels - 1) * PER;
        let data = self.operand.data;
        let apart = bins.is_multiple_of(S::LANES);
        for ((to, from), negated) in to
            .into_iter()
            .zip([data.re, data.im])
            .zip([false, conjugated])
        {
            assert!(
                panel >= Self::room(PER.min(lines), terms, bins, S::LANES)
                    && to.len() >= panels * panel
            );
            let (from, to) = (from.as_ptr(), to.as_mut_ptr());
            // SAFETY: the planes and the size of the output were checked.
            unsafe {
                if apart {
                    for i in 0..panels {
                        let lines = i * PER..lines.min((i + 1) * PER);
                        let to = to.wrapping_add(i * panel);
                        self.take_apart(simd, lines, from, to);
                        if negated {
                            let steps = self.steps(
                                true,
                                if i + 1 == panels { last } else { PER },
                                S::LANES,
                            );
                            copy(simd, to, to, steps.bin * bins, true);
                        }
                    }
                } else {
                    self.copy_panels::<S, PER>(simd, from, to, panel, negated);
                }
            }
        }
        [PER, last].map(|lines| self.steps(apart, lines, S::LANES))
    }

    /// Whether lines are contiguous.
    fn by_term(&self) -> bool {
        self.whole() && self.operand.line.is(self.all_bins)
    }

    /// Whether terms are contiguous.
    fn by_line(&self) -> bool {
        self.whole() && self.operand.term.is(self.all_bins)
    }

    /// Strides in a panel of `lines` lines.
    #[inline(always)]
    fn steps(&self, apart: bool, lines: usize, lanes: usize) -> Steps {
        let (bins, terms) = (self.bins.len(), self.terms.len());
        let (bin, term, line) = if apart {
            ((lines * terms).next_multiple_of(lanes), lines, 1)
        } else if self.by_line() {
            (1, bins, terms * bins)
        } else {
            (1, lines * bins, bins)
        };
        Steps { bin, term, line }
    }

    /// Packs as `[bin][term][line]`.
    ///
    /// # Safety
    /// The part must be within `from`, and `to` must be writable for [`Self::room`] elements.
    #[inline(always)]
    unsafe fn take_apart<S: Simd<T>>(
        &self,
        simd: S,
        lines: Range<usize>,
        from: *const T,
        to: *mut T,
    ) {
        let (bins, terms) = (self.bins.len(), self.terms.len());
        let step = self.steps(true, lines.len(), S::LANES).bin;
        let (mut term, mut line) = (0, lines.start);
        for place in (0..lines.len() * terms).step_by(S::LANES) {
            let mut sources = [from; MAX_LANES];
            for source in sources.iter_mut().take(S::LANES) {
                *source = from.wrapping_add(self.start(line, term.min(terms - 1)));
                line += 1;
                if line == lines.end {
                    (line, term) = (lines.start, term + 1);
                }
            }
            for bin in (0..bins).step_by(S::LANES) {
                let count = S::LANES.min(bins - bin);
                let mut places = [to; MAX_LANES];
                for (i, column) in places.iter_mut().enumerate() {
                    *column = to.wrapping_add((bin + i) * step + place);
                }
                let lines = sources.map(|source| source.wrapping_add(bin));
                // SAFETY: guaranteed by the caller.
                unsafe { simd.transpose(&lines, count, &places, count, S::LANES) };
            }
        }
    }

    /// Packs panels as `[term][line][bin]`, or as `[line][term][bin]` if terms are contiguous.
    ///
    /// # Safety
    /// The part must be within `from`, and `to` must have room for as many panels.
    #[inline(always)]
    unsafe fn copy_panels<S: Simd<T>, const PER: usize>(
        &self,
        simd: S,
        from: *const T,
        to: *mut T,
        panel: usize,
        negated: bool,
    ) {
        let (bins, terms, lines) = (self.bins.len(), self.terms.len(), self.lines.len());
        // SAFETY: guaranteed by the caller. What the last vector of a run writes past its end is either overwritten
        // later or falls within the spare vector at the end of the panel.
        unsafe {
            if self.by_line() {
                for line in 0..lines {
                    let to = to.wrapping_add(line / PER * panel + line % PER * terms * bins);
                    let from = from.wrapping_add(self.start(line, 0));
                    copy(simd, from, to, terms * bins, negated);
                }
                return;
            }
            let joined = self.by_term();
            for term in 0..terms {
                for first in (0..lines).step_by(PER) {
                    let count = PER.min(lines - first);
                    let to = to.wrapping_add(first / PER * panel + term * count * bins);
                    if joined {
                        let from = from.wrapping_add(self.start(first, term));
                        copy(simd, from, to, count * bins, negated);
                    } else {
                        for line in 0..count {
                            let from = from.wrapping_add(self.start(first + line, term));
                            copy(simd, from, to.wrapping_add(line * bins), bins, negated);
                        }
                    }
                }
            }
        }
    }
}

/// Copies a run in whole vectors.
///
/// # Safety
/// `from` must be readable for `length` elements, and `to` writable for `length` rounded up to whole vectors.
#[inline(always)]
unsafe fn copy<T: Scalar, S: Simd<T>>(
    simd: S,
    from: *const T,
    to: *mut T,
    length: usize,
    negated: bool,
) {
    let zero = simd.splat(T::of(0.0));
    for at in (0..length).step_by(S::LANES) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            let numbers = if at + S::LANES <= length {
                simd.load(from.add(at))
            } else {
                simd.load_part(from.add(at), length - at)
            };
            simd.store(to.add(at), if negated { zero - numbers } else { numbers });
        }
    }
}
