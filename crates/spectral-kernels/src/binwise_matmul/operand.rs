//! Operands of the products: frequencies are contiguous, all other indices have arbitrary strides.

use spectral_lanes::parallel::Shared;

use crate::shape::Planar;

/// A two-level stride: indices within a block of `block` are `inner` elements apart, blocks are `outer` elements apart.
#[derive(Clone, Copy)]
pub struct Stride {
    block: usize,
    inner: usize,
    outer: usize,
}

impl Stride {
    pub fn new(step: usize) -> Self {
        Stride {
            block: 1,
            inner: 0,
            outer: step,
        }
    }

    pub fn blocks(block: usize, inner: usize, outer: usize) -> Self {
        Stride {
            block,
            inner,
            outer,
        }
    }

    /// Whether neighboring indices are always `step` apart.
    pub fn is(self, step: usize) -> bool {
        self.block == 1 && self.outer == step
    }

    /// Offset of index `i`.
    #[inline(always)]
    pub fn at(self, i: usize) -> usize {
        if self.block == 1 {
            self.outer * i
        } else {
            self.outer * (i / self.block) + self.inner * (i % self.block)
        }
    }
}

/// A factor; the element at frequency `k` has offset `group·g + line(m or n) + term(p) + k`.
#[derive(Clone, Copy)]
pub struct Operand<'a, T> {
    pub data: Planar<'a, T>,
    pub group: usize,
    pub line: Stride,
    pub term: Stride,
    pub conjugated: bool,
}

impl<T> Operand<'_, T> {
    /// Exchanges the roles of lines and terms.
    pub fn transposed(self) -> Self {
        Operand {
            line: self.term,
            term: self.line,
            ..self
        }
    }
}

/// The product; the element at frequency `k` has offset `group·g + row(m) + column(n) + k`.
#[derive(Clone, Copy)]
pub struct Target<T> {
    pub re: Shared<T>,
    pub im: Shared<T>,
    pub group: usize,
    pub row: Stride,
    pub column: Stride,
}

/// One matrix product per group and frequency.
#[derive(Clone, Copy)]
pub struct Product<'a, T> {
    pub groups: usize,
    pub rows: usize,
    pub columns: usize,
    pub terms: usize,
    pub bins: usize,
    pub a: Operand<'a, T>,
    pub b: Operand<'a, T>,
    pub c: Target<T>,
}
