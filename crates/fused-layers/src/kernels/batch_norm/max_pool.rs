//! Max-pooling windows.

use std::ops::Range;

/// Max-pooling. Of equal values in a window the first wins, and NaN wins over any number (the last NaN, if there are
/// several).
///
/// Padding never wins: windows are clipped at the edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaxPool {
    /// Height and width of the window.
    pub window: [usize; 2],
    /// Step between windows, vertical and horizontal.
    pub stride: [usize; 2],
    /// Padding before and after the input, vertical and horizontal; at most half the window.
    pub padding: [usize; 2],
}

impl MaxPool {
    /// Non-overlapping windows of this size, without padding.
    pub fn new(window: [usize; 2]) -> Self {
        MaxPool {
            window,
            stride: window,
            padding: [0; 2],
        }
    }

    /// Whether the pool fits inputs of these sizes: every window contains an input position, and there is at least one
    /// window.
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
    /// If the pool does not fit the input sizes.
    pub fn output_sizes(&self, sizes: [usize; 2]) -> [usize; 2] {
        assert!(
            self.fits(sizes),
            "max-pool does not fit input sizes {sizes:?}: windows must be 1 to the padded size, strides at least 1 and \
             padding at most half a window, got {self:?}"
        );
        std::array::from_fn(|axis| {
            (sizes[axis] - (self.window[axis] - 2 * self.padding[axis])) / self.stride[axis] + 1
        })
    }

    /// The input positions in the window of output `output`, along an axis of `size` positions.
    #[inline(always)]
    pub fn taps(&self, axis: usize, size: usize, output: usize) -> Range<usize> {
        let first = output * self.stride[axis];
        let end = first.saturating_add(self.window[axis] - self.padding[axis]);
        first.saturating_sub(self.padding[axis])..end.min(size)
    }

    /// Whether this is the common 2×2 window with stride 2 and no padding.
    pub fn is_two_by_two(&self) -> bool {
        *self == MaxPool::new([2, 2])
    }

    /// Whether consecutive rows of windows share no input rows and do not extend past the input.
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
    #[should_panic(expected = "max-pool does not fit input sizes [1, 5]")]
    fn a_window_that_does_not_fit_is_reported() {
        MaxPool::new([2, 2]).output_sizes([1, 5]);
    }
}
