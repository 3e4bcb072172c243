//! Windows of a max-pool.

use std::ops::Range;

/// The greatest of each window; the first of equal ones, and the last that is not a number.
///
/// What is padded never wins: windows are cut at the edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaxPool {
    /// Height and width of a window.
    pub window: [usize; 2],
    /// Step between windows.
    pub stride: [usize; 2],
    /// Places before and after the input, at most half a window.
    pub padding: [usize; 2],
}

impl MaxPool {
    /// Windows of this size side by side.
    pub fn new(window: [usize; 2]) -> Self {
        MaxPool {
            window,
            stride: window,
            padding: [0; 2],
        }
    }

    /// Whether every window has a place of an input of these sizes, and there is at least one.
    pub fn fits(&self, sizes: [usize; 2]) -> bool {
        (0..2).all(|axis| {
            let (window, padding) = (self.window[axis], self.padding[axis]);
            window > 0
                && self.stride[axis] > 0
                && padding <= window / 2
                && window - 2 * padding <= sizes[axis]
                && sizes[axis] > 0
        })
    }

    /// Height and width of the output, `(size + 2·padding − window) / stride + 1`.
    ///
    /// # Panics
    /// When the pool does not fit.
    pub fn output_sizes(&self, sizes: [usize; 2]) -> [usize; 2] {
        assert!(
            self.fits(sizes),
            "a max-pool over {sizes:?} needs windows from 1 to the padded size, strides from 1 and a padding of at most \
             half a window, got {self:?}"
        );
        std::array::from_fn(|axis| {
            (sizes[axis] - (self.window[axis] - 2 * self.padding[axis])) / self.stride[axis] + 1
        })
    }

    /// Places of the input that output `output` of an axis of `size` places sees.
    #[inline(always)]
    pub fn taps(&self, axis: usize, size: usize, output: usize) -> Range<usize> {
        let first = output * self.stride[axis];
        let end = first.saturating_add(self.window[axis] - self.padding[axis]);
        first.saturating_sub(self.padding[axis])..end.min(size)
    }

    /// Whether it is 2×2 with step 2, as most are.
    pub fn is_two_by_two(&self) -> bool {
        *self == MaxPool::new([2, 2])
    }

    /// Whether rows of windows share no row of the input, nor reach beyond it.
    pub fn rows_are_apart(&self) -> bool {
        self.stride[0] >= self.window[0] && self.padding[0] == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_cover_the_window_inside_the_input() {
        let pool = MaxPool {
            window: [3, 3],
            stride: [2, 2],
            padding: [1, 0],
        };
        assert_eq!(pool.output_sizes([7, 7]), [4, 3]);
        assert_eq!(pool.taps(0, 7, 0), 0..2);
        assert_eq!(pool.taps(0, 7, 3), 5..7);
        assert_eq!(pool.taps(1, 7, 2), 4..7);
    }

    #[test]
    #[should_panic(expected = "a max-pool over [1, 5]")]
    fn a_window_that_does_not_fit_is_named() {
        MaxPool::new([2, 2]).output_sizes([1, 5]);
    }
}
