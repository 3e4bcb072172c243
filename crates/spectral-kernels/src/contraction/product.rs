//! `c[g,m,n,k] = Σ_p a[g,m,p,k]·b[g,n,p,k]`, frequencies `k` contiguous, the rest at any stride: the one form of the
//! contraction and both its adjoints.

use super::direct::DirectTask;
use super::packed::{PackedTask, Tiling};
use crate::parallel::{Shared, for_each, product_work, threads_for};
use crate::scalar::Scalar;
use crate::scratch::with_scratch;
use crate::shape::Planar;
use crate::simd::InstructionSet;

/// From index to index: blocks of `block` indices `inner` numbers apart, the blocks `outer` apart.
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

    /// Where index `i` starts.
    #[inline(always)]
    pub fn at(self, i: usize) -> usize {
        if self.block == 1 {
            self.outer * i
        } else {
            self.outer * (i / self.block) + self.inner * (i % self.block)
        }
    }
}

/// A factor: the numbers of frequency `k` lie at `group·g + line(m or n) + term(p) + k`.
#[derive(Clone, Copy)]
pub struct Operand<'a, T> {
    pub data: Planar<'a, T>,
    pub group: usize,
    pub line: Stride,
    pub term: Stride,
    pub conjugated: bool,
}

impl<T> Operand<'_, T> {
    /// The sum taken over what were lines.
    pub fn transposed(self) -> Self {
        Operand {
            line: self.term,
            term: self.line,
            ..self
        }
    }
}

/// The product: the numbers of frequency `k` lie at `group·g + row(m) + column(n) + k`.
#[derive(Clone, Copy)]
pub struct Target<T> {
    pub re: Shared<T>,
    pub im: Shared<T>,
    pub group: usize,
    pub row: Stride,
    pub column: Stride,
}

/// One product a group and frequency.
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

/// Numbers a task of a product without reuse works on, about.
const DIRECT_ELEMENTS: usize = 1 << 15;

impl<T: Scalar> Product<'_, T> {
    /// Computes all of it, in parallel where it pays.
    pub fn run(self) {
        let outputs = self.groups * self.rows * self.columns;
        if outputs == 0 || self.bins == 0 {
            return;
        }
        let set = InstructionSet::current();
        let complex_products = outputs * self.bins * self.terms.max(1);
        // A matrix-vector product uses each number of one factor once: nothing to gain from packing it.
        if self.rows == 1 || self.columns == 1 || self.terms == 0 {
            let each = DIRECT_ELEMENTS.div_ceil(self.bins * self.terms.max(1));
            // Bound by memory, which takes as long as a transform does.
            let work = complex_products;
            for_each(outputs.div_ceil(each), work, |task| {
                let first = task * each;
                let count = each.min(outputs - first);
                T::dispatch(
                    set,
                    DirectTask {
                        product: &self,
                        first,
                        count,
                    },
                );
            });
        } else {
            let work = product_work(4 * complex_products);
            let tiling = Tiling::new(&self, T::lanes(set), threads_for(work));
            for_each(tiling.tasks(), work, |task| {
                with_scratch(tiling.panels(), |panels| {
                    T::dispatch(
                        set,
                        PackedTask {
                            product: &self,
                            tiling,
                            task,
                            panels,
                        },
                    );
                });
            });
        }
    }
}
