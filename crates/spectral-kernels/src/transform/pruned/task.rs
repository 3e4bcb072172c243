//! One group of images, from memory to memory.

use spectral_lanes::parallel::Shared;
use spectral_lanes::{Kernel, MAX_LANES, Scalar, Simd};

use super::frame::Span;
use super::layout::Layout;
use crate::shape::Direction;
use crate::view::View;

/// Lines of real samples and the locations of their half-spectra. Each list ends with copies of its last line, enough
/// to fill the lanes of a last block.
pub struct Lines<T> {
    pub count: usize,
    /// The samples described by `spans`.
    pub real: Vec<*mut T>,
    pub spans: Vec<Span>,
    /// Real and imaginary parts, in the tile or in memory.
    pub spectrum: [Vec<*mut T>; 2],
}

impl<T> Lines<T> {
    pub fn new() -> Self {
        Lines {
            count: 0,
            real: Vec::new(),
            spans: Vec::new(),
            spectrum: [Vec::new(), Vec::new()],
        }
    }

    fn clear(&mut self) {
        self.count = 0;
        self.real.clear();
        self.spans.clear();
        for part in &mut self.spectrum {
            part.clear();
        }
    }

    /// Adds `count` lines with the given distances in both places.
    fn push(
        &mut self,
        count: usize,
        (real, real_step): (*mut T, usize),
        span: Span,
        (spectrum, step): ([*mut T; 2], usize),
    ) {
        let every =
            |start: *mut T, step: usize| (0..count).map(move |j| start.wrapping_add(j * step));
        self.count += count;
        self.real.extend(every(real, real_step));
        self.spans.extend((0..count).map(|_| span));
        for (part, start) in self.spectrum.iter_mut().zip(spectrum) {
            part.extend(every(start, step));
        }
    }

    fn pad(&mut self) {
        let Some(last) = self.count.checked_sub(1) else {
            return;
        };
        let len = self.count + MAX_LANES - 1;
        self.real.resize(len, self.real[last]);
        self.spans.resize(len, self.spans[last]);
        for part in &mut self.spectrum {
            part.resize(len, part[last]);
        }
    }

    /// A block of lines starting with `first`.
    #[inline(always)]
    pub fn block(&self, first: usize) -> Block<'_, T> {
        let part = |list: &'_ Vec<*mut T>| -> *const [*mut T; MAX_LANES] {
            list[first..first + MAX_LANES].as_ptr().cast()
        };
        // SAFETY: the lists contain these lines, as their slicing checks.
        unsafe {
            Block {
                real: &*part(&self.real),
                spans: &*self.spans[first..first + MAX_LANES].as_ptr().cast(),
                spectrum: [&*part(&self.spectrum[0]), &*part(&self.spectrum[1])],
            }
        }
    }
}

/// [`Lines`] for the lanes of a block.
#[derive(Clone, Copy)]
pub struct Block<'a, T> {
    pub real: &'a [*mut T; MAX_LANES],
    pub spans: &'a [Span; MAX_LANES],
    pub spectrum: [&'a [*mut T; MAX_LANES]; 2],
}

/// A range of images of a batch.
pub struct Task<'a, T: Scalar> {
    pub layout: &'a Layout<T>,
    pub real: Shared<T>,
    pub spectrum: [Shared<T>; 2],
    pub first: usize,
    pub count: usize,
    /// Buffers of the lengths in [`Layout::buffers`].
    pub buffers: [&'a mut [T]; 8],
    /// Buffers for the lines of a group, reused for every group; if two lines share a lane, first and second lines.
    pub lines: &'a mut [Lines<T>; 2],
}

/// The buffers of a task.
pub struct Buffers<'a, T> {
    pub tile: *mut T,
    /// One block of lines, one line per lane.
    pub block: &'a mut [T],
    /// Half-spectra of paired lines, first and second.
    pub pairs: [*mut T; 2],
    /// Lines of the block, including their zeros, one after the other.
    pub staged: &'a mut [T],
    /// As many zeros as a line has elements: the source of missing lines.
    pub zeros: *mut T,
    /// The destination of missing lines; never read.
    pub discard: *mut T,
    pub scratch: &'a mut [T],
}

impl<T: Scalar> Kernel<T> for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let [tile, block, a, b, staged, zeros, discard, scratch] =
            std::mem::take(&mut self.buffers);
        zeros.fill(T::of(0.0));
        if self.layout.rows > 1 {
            for rows in &self.layout.clear {
                let (width, count) = (self.layout.width, self.layout.columns * self.count);
                if count + S::LANES > width {
                    tile[2 * rows.start * width..2 * rows.end * width].fill(T::of(0.0));
                } else {
                    for row in 2 * rows.start..2 * rows.end {
                        tile[row * width..][..count].fill(T::of(0.0));
                    }
                }
            }
        }
        let mut buffers = Buffers {
            tile: tile.as_mut_ptr(),
            block,
            pairs: [a.as_mut_ptr(), b.as_mut_ptr()],
            staged,
            zeros: zeros.as_mut_ptr(),
            discard: discard.as_mut_ptr(),
            scratch,
        };
        self.list(&buffers);
        let even = self.layout.twiddles.is_some();
        let flat = self.layout.rows == 1;
        if self.layout.forward {
            if even {
                self.even_rows_in(simd, &mut buffers);
            } else {
                self.odd_rows_in(simd, &mut buffers);
            }
            if !flat {
                self.columns(simd, &mut buffers, Direction::Forward);
                self.spectra_out(simd, buffers.tile);
            }
        } else {
            if !flat {
                self.spectra_in(simd, buffers.tile);
                self.columns(simd, &mut buffers, Direction::Inverse);
            }
            if even {
                self.even_rows_out(simd, &mut buffers);
            } else {
                self.odd_rows_out(simd, &mut buffers);
            }
        }
    }
}

impl<T: Scalar> Task<'_, T> {
    /// Offset in the tile of a row's real parts; the imaginary parts are one row further on.
    #[inline(always)]
    pub fn in_tile(&self, image: usize, row: usize) -> usize {
        2 * row * self.layout.width + image * self.layout.columns
    }

    /// Lists the lines of the group. If two lines share a lane, they are neighbors in one image; if a row of lines is
    /// odd in number, its last line is paired with a source of zeros, and the partner's result is discarded.
    fn list(&mut self, buffers: &Buffers<'_, T>) {
        let layout = self.layout;
        let members = if layout.twiddles.is_some() { 1 } else { 2 };
        for lines in self.lines.iter_mut() {
            lines.clear();
        }
        for image in 0..self.count {
            let index = self.first + image;
            let (plane, spans) = layout.place(index);
            for i in 0..spans[0].count {
                let row = (spans[0].first + i) * layout.lens[1] + spans[1].first;
                let count = spans[1].count;
                for (p, lines) in self.lines.iter_mut().enumerate().take(members) {
                    let real = self.real.at(plane + layout.line_at(&spans, i, p));
                    let spectrum = if layout.rows == 1 {
                        self.spectrum.map(|part| part.at(index * layout.bins))
                    } else {
                        let at = 2 * (row + p) * layout.width + image * layout.columns;
                        let start = buffers.tile.wrapping_add(at);
                        [start, start.wrapping_add(layout.width)]
                    };
                    lines.push(
                        (count + members - 1 - p) / members,
                        (real, members * layout.plane[2]),
                        spans[2],
                        (spectrum, members * 2 * layout.width),
                    );
                }
                if !count.is_multiple_of(members) {
                    let (read, write) = (buffers.zeros, buffers.discard);
                    let (real, spectrum) = if layout.forward {
                        (read, write)
                    } else {
                        (write, read)
                    };
                    self.lines[1].push(1, (real, 0), spans[2], ([spectrum; 2], 0));
                }
            }
        }
        for lines in self.lines.iter_mut() {
            lines.pad();
        }
    }

    #[inline(always)]
    fn columns<S: Simd<T>>(&self, simd: S, buffers: &mut Buffers<'_, T>, direction: Direction) {
        let layout = self.layout;
        let whole = View::interleaved(buffers.tile, layout.width);
        let view = if direction == Direction::Forward {
            whole
        } else {
            whole.swapped()
        };
        let axes = layout.leading.len();
        for i in 0..axes {
            // The inverse processes the axes in the opposite order: lines that are nonzero before the forward transform
            // of an axis are those that are needed after its inverse.
            let axis = &layout.leading[if layout.forward { axes - 1 - i } else { i }];
            for lane in (0..self.count * layout.columns).step_by(S::LANES) {
                for &first in &axis.lines {
                    let line = view.lanes_from(lane).elements_from(first, axis.below);
                    // SAFETY: elements first, first + below, …, as many as the axis is long, are within the tile, whose
                    // rows are whole vectors.
                    unsafe { axis.plan.run(simd, line, line, buffers.scratch) };
                }
            }
        }
    }
}
