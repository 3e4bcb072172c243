//! Blocked matrix product.

use std::ops::Range;

use spectral_lanes::gemm::Block;
use spectral_lanes::gemm::Source;
use spectral_lanes::parallel::{Shared, for_each, product_work, worth_sharing};
use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd, with_scratch};

use crate::kernels::activation::Form;

/// Rows per block of the result.
const ROWS: usize = 64;
/// Vectors per row of a block.
const VECTORS: usize = 4;
/// Terms summed before the sums are written to memory.
const MOST_TERMS: usize = 256;
/// Number of blocks below which sums are split to occupy all threads.
const BLOCKS: usize = 8;

/// A matrix, or its transpose.
#[derive(Clone, Copy)]
pub struct Matrix<'a, T> {
    data: &'a [T],
    /// Size as stored in memory.
    size: [usize; 2],
    transposed: bool,
}

impl<'a, T> Matrix<'a, T> {
    /// A row-major matrix of this shape.
    pub fn of(data: &'a [T], size: [usize; 2]) -> Self {
        Matrix {
            data,
            size,
            transposed: false,
        }
    }

    pub fn transposed(self) -> Self {
        Matrix {
            transposed: !self.transposed,
            ..self
        }
    }

    fn rows(&self) -> usize {
        self.size[usize::from(self.transposed)]
    }

    fn columns(&self) -> usize {
        self.size[usize::from(!self.transposed)]
    }
}

/// What is applied to the completed sums.
#[derive(Clone, Copy)]
pub(crate) struct Finish<'a, T> {
    /// Added, one value per column.
    pub bias: Option<&'a [T]>,
    /// Applied after the bias.
    pub form: Form<T>,
}

impl<T> Finish<'_, T> {
    /// Leaves the sums unchanged.
    pub const NOTHING: Self = Finish {
        bias: None,
        form: Form::Identity,
    };
}

/// `c[m,n] = f( bias[n] + Σ_k a[m,k]·b[k,n] )`.
pub struct Product<'a, T> {
    a: Matrix<'a, T>,
    b: Matrix<'a, T>,
    finish: Finish<'a, T>,
    c: &'a mut [T],
}

spectral_lanes::entry!(ProductEntry, Product);

impl<'a, T: Scalar> Product<'a, T> {
    pub(crate) fn new(
        a: Matrix<'a, T>,
        b: Matrix<'a, T>,
        finish: Finish<'a, T>,
        c: &'a mut [T],
    ) -> Self {
        Product { a, b, finish, c }
    }

    /// Runs the computation, in parallel if it is large enough. Long sums with few results are split into parts,
    /// depending only on the sizes.
    pub fn run(self) {
        let (rows, terms, columns) = (self.a.rows(), self.a.columns(), self.b.columns());
        let len = rows * columns;
        if len == 0 {
            return;
        }
        let set = InstructionSet::current();
        let width = VECTORS * T::lanes(set);
        let grid = [rows.div_ceil(ROWS), columns.div_ceil(width)];
        let blocks = grid[0] * grid[1];
        let work = product_work(len * terms);
        let parts = match worth_sharing(work) {
            true => (BLOCKS / blocks).clamp(1, terms.div_ceil(MOST_TERMS).max(1)),
            false => 1,
        };
        let each = terms.div_ceil(parts);
        let mut sums = vec![T::of(0.0); if parts > 1 { parts * len } else { 0 }];
        let c = Shared::new(self.c);
        let to = if parts > 1 { Shared::new(&mut sums) } else { c };
        let most = each.min(MOST_TERMS);
        for_each(parts * blocks, work, |task| {
            let (part, block) = (task / blocks, task % blocks);
            let (i, j) = (block / grid[1] * ROWS, block % grid[1] * width);
            let packed = if self.a.transposed { most * ROWS } else { 0 };
            with_scratch([most * width, packed], |[panel, factors]| {
                let piece = Piece {
                    a: self.a,
                    b: self.b,
                    rows: i..rows.min(i + ROWS),
                    columns: j..columns.min(j + width),
                    terms: (part * each).min(terms)..terms.min((part + 1) * each),
                    c: to.at(part * len),
                    finish: (parts == 1).then_some(self.finish),
                    panel,
                    factors,
                };
                T::dispatch(set, piece);
            });
        });
        if parts > 1 {
            let total = Total {
                sums: &sums,
                columns,
                c: c.at(0),
                len,
                finish: self.finish,
            };
            T::dispatch(set, total);
        }
    }
}

/// A block of the result, or of a part of its sums.
struct Piece<'a, T> {
    a: Matrix<'a, T>,
    b: Matrix<'a, T>,
    rows: Range<usize>,
    columns: Range<usize>,
    terms: Range<usize>,
    /// The whole result.
    c: *mut T,
    finish: Option<Finish<'a, T>>,
    panel: &'a mut [T],
    factors: &'a mut [T],
}

impl<T: Scalar> Piece<'_, T> {
    /// Packs the second matrix: a row of `width` elements per term.
    #[inline(always)]
    fn pack_panel<S: Simd<T>>(&mut self, simd: S, terms: &Range<usize>, width: usize) {
        let step = self.b.size[1];
        if self.b.transposed {
            let source = Source {
                data: &self.b.data[self.columns.start * step..],
                sizes: &[],
                reversed: false,
                channels: self.columns.len(),
                samples: step,
                first: terms.start,
                count: terms.len(),
            };
            source.columns(simd, width, self.panel);
            return;
        }
        let lines = self.panel.chunks_exact_mut(width);
        for (term, to) in terms.clone().zip(lines) {
            let from = &self.b.data[term * step..][self.columns.clone()];
            copy_vectors(simd, from, to);
        }
    }

    /// The address of the first matrix, and its strides between rows and between terms. A transposed matrix is packed,
    /// since lines that are far apart would map to few cache sets.
    #[inline(always)]
    fn pack_factors<S: Simd<T>>(
        &mut self,
        simd: S,
        terms: &Range<usize>,
    ) -> (*const T, usize, usize) {
        let step = self.a.size[1];
        if !self.a.transposed {
            let first = self.rows.start * step + terms.start;
            return (self.a.data[first..].as_ptr(), step, 1);
        }
        for (term, to) in terms.clone().zip(self.factors.chunks_exact_mut(ROWS)) {
            let from = &self.a.data[term * step..][self.rows.clone()];
            copy_vectors(simd, from, to);
        }
        (self.factors.as_ptr(), 1, ROWS)
    }
}

/// Copies a short line; the last vector is filled with zeros.
#[inline(always)]
fn copy_vectors<T: Scalar, S: Simd<T>>(simd: S, from: &[T], to: &mut [T]) {
    assert!(from.len().next_multiple_of(S::LANES) <= to.len());
    let whole = from.len() / S::LANES * S::LANES;
    // SAFETY: only the elements of `from` are read, and `to` holds whole vectors.
    unsafe {
        for at in (0..whole).step_by(S::LANES) {
            simd.store(to.as_mut_ptr().add(at), simd.load(from.as_ptr().add(at)));
        }
        if whole < from.len() {
            let last = simd.load_part(from.as_ptr().add(whole), from.len() - whole);
            simd.store(to.as_mut_ptr().add(whole), last);
        }
    }
}

impl<T: Scalar> Kernel<T> for Piece<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let step = self.b.columns();
        let width = self.columns.len().next_multiple_of(S::LANES);
        let c = self
            .c
            .wrapping_add(self.rows.start * step + self.columns.start);
        let mut first = self.terms.start;
        loop {
            let terms = first..self.terms.end.min(first + MOST_TERMS);
            assert!(self.panel.len() >= terms.len() * width);
            let (a, row, term) = match terms.is_empty() {
                true => (self.a.data.as_ptr(), 0, 0),
                false => {
                    self.pack_panel(simd, &terms, width);
                    self.pack_factors(simd, &terms)
                }
            };
            let block = Block {
                a,
                row,
                term,
                rows: self.rows.len(),
                terms: terms.len(),
                panel: self.panel.as_ptr(),
                width,
                c,
                step,
                columns: self.columns.len(),
                add: first > self.terms.start,
            };
            // SAFETY: the first matrix or its packed rows hold these rows and terms, the panel was written above, and
            // this block of the result belongs to this task alone.
            unsafe { block.run(simd) };
            first = terms.end;
            if first >= self.terms.end {
                break;
            }
        }
        if let Some(finish) = self.finish {
            for row in 0..self.rows.len() {
                let line = c.wrapping_add(row * step);
                // SAFETY: as above.
                unsafe { finish.line(simd, line, line, self.columns.clone()) };
            }
        }
    }
}

impl<T: Scalar> Finish<'_, T> {
    /// Applies the epilogue to columns `columns` of a row, from `from` to `to`.
    ///
    /// # Safety
    /// `from` must be readable and `to` writable for as many elements as there are columns.
    #[inline(always)]
    unsafe fn line<S: Simd<T>>(&self, simd: S, from: *const T, to: *mut T, columns: Range<usize>) {
        if self.bias.is_none() && self.form == Form::Identity && std::ptr::eq(from, to) {
            return;
        }
        let bias = self.bias.map(|bias| &bias[columns.clone()]);
        for at in (0..columns.len()).step_by(S::LANES) {
            let lanes = S::LANES.min(columns.len() - at);
            // SAFETY: guaranteed by the caller; the bias has one element per column.
            unsafe {
                let mut sum = simd.load_part(from.add(at), lanes);
                if let Some(bias) = bias {
                    sum = sum + simd.load_part(bias[at..].as_ptr(), lanes);
                }
                simd.store_part(to.add(at), self.form.apply(simd, sum), lanes);
            }
        }
    }
}

/// Sums the parts.
struct Total<'a, T> {
    sums: &'a [T],
    columns: usize,
    c: *mut T,
    len: usize,
    finish: Finish<'a, T>,
}

impl<T: Scalar> Kernel<T> for Total<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        for row in (0..self.len).step_by(self.columns) {
            let line = self.c.wrapping_add(row);
            for at in (0..self.columns).step_by(S::LANES) {
                let lanes = S::LANES.min(self.columns - at);
                let mut sum = simd.splat(T::of(0.0));
                for part in self.sums.chunks_exact(self.len) {
                    // SAFETY: a part holds all rows.
                    sum = sum + unsafe { simd.load_part(part[row + at..].as_ptr(), lanes) };
                }
                // SAFETY: the result holds all rows, and nothing else writes it.
                unsafe { simd.store_part(line.wrapping_add(at), sum, lanes) };
            }
            // SAFETY: as above.
            unsafe { self.finish.line(simd, line, line, 0..self.columns) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Dense;
    use crate::kernels::activation::Activation;
    use spectral_lanes::Scalar;

    fn noise<T: Scalar>(len: usize, seed: usize) -> Vec<T> {
        let value = |i: usize| ((i * 7919 + seed * 104_729) % 2003) as f64 / 1001.5 - 1.0;
        (0..len).map(|i| T::of(value(i))).collect()
    }

    /// The largest error relative to the largest expected magnitude.
    #[track_caller]
    fn assert_close<T: Scalar + Into<f64>>(
        got: &[T],
        expected: impl Iterator<Item = f64>,
        what: &str,
    ) {
        let limit = if size_of::<T>() == 8 { 1e-14 } else { 2e-6 };
        let expected: Vec<f64> = expected.collect();
        assert_eq!(got.len(), expected.len(), "{what}");
        let most = expected.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
        for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
            let got: f64 = (*got).into();
            let error = (got - expected).abs() / most;
            assert!(error <= limit, "{what}, {i}: {got} instead of {expected}");
        }
    }

    fn check<T: Scalar + Into<f64>>(layer: Dense) {
        let Dense {
            rows,
            inputs,
            outputs,
        } = layer;
        let (x, w, b, g) = (
            noise::<T>(layer.input_len(), 1),
            noise::<T>(layer.weight_len(), 2),
            noise::<T>(outputs, 3),
            noise::<T>(layer.output_len(), 4),
        );
        let at = |slice: &[T], i: usize| -> f64 { slice[i].into() };
        let nan = |len: usize| vec![T::of(f64::NAN); len];
        for (bias, activation) in [
            (None, Activation::Identity),
            (Some(&b[..]), Activation::Identity),
            (Some(&b[..]), Activation::LeakyRelu { slope: 0.25 }),
            (None, Activation::RELU),
        ] {
            let mut y = nan(layer.output_len());
            layer.forward(&x, &w, bias, activation, &mut y);
            let expected = (0..rows * outputs).map(|i| {
                let (row, o) = (i / outputs, i % outputs);
                let terms = (0..inputs).map(|i| at(&x, row * inputs + i) * at(&w, i * outputs + o));
                let sum = bias.map_or(0.0, |b| at(b, o)) + terms.sum::<f64>();
                if sum > 0.0 {
                    sum
                } else {
                    sum * activation.slope()
                }
            });
            assert_close(&y, expected, &format!("{layer:?} {activation:?}"));
        }
        let [mut gx, mut gw, mut gb] = [layer.input_len(), layer.weight_len(), outputs].map(nan);
        layer.adjoint_input(&g, &w, &mut gx);
        layer.adjoint_weight(&x, &g, &mut gw);
        layer.adjoint_bias(&g, &mut gb);
        let expected = (0..rows * inputs).map(|at_x| {
            let (row, i) = (at_x / inputs, at_x % inputs);
            let terms = (0..outputs).map(|o| at(&g, row * outputs + o) * at(&w, i * outputs + o));
            terms.sum()
        });
        assert_close(&gx, expected, &format!("{layer:?}, input gradient"));
        let expected = (0..inputs * outputs).map(|at_w| {
            let (i, o) = (at_w / outputs, at_w % outputs);
            let terms = (0..rows).map(|row| at(&x, row * inputs + i) * at(&g, row * outputs + o));
            terms.sum()
        });
        assert_close(&gw, expected, &format!("{layer:?}, weight gradient"));
        let expected = (0..outputs).map(|o| (0..rows).map(|row| at(&g, row * outputs + o)).sum());
        assert_close(&gb, expected, &format!("{layer:?}, bias gradient"));
    }

    #[test]
    fn products_match_the_definition() {
        for [rows, inputs, outputs] in [
            [0, 3, 2],
            [1, 1, 1],
            [3, 0, 5],
            [2, 3, 0],
            [1, 17, 10],
            [5, 7, 67],
            [67, 13, 2],
            [64, 64, 10],
            [65, 257, 31],
            [3, 1031, 129],
            [70, 5003, 11],
            [9, 4099, 130],
        ] {
            let layer = Dense {
                rows,
                inputs,
                outputs,
            };
            check::<f32>(layer);
            check::<f64>(layer);
        }
    }

    #[test]
    fn results_do_not_depend_on_the_number_of_threads() {
        let layer = Dense {
            rows: 70,
            inputs: 5003,
            outputs: 75,
        };
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build().unwrap().install(|| {
                let (x, w) = (noise(layer.input_len(), 1), noise(layer.weight_len(), 2));
                let g = noise::<f32>(layer.output_len(), 3);
                let [mut y, mut gx, mut gw] =
                    [g.len(), x.len(), w.len()].map(|len| vec![0.0_f32; len]);
                layer.forward(&x, &w, None, Activation::RELU, &mut y);
                layer.adjoint_input(&g, &w, &mut gx);
                layer.adjoint_weight(&x, &g, &mut gw);
                [y, gx, gw]
            })
        };
        let one = run(1);
        assert!(run(2) == one && run(3) == one);
    }

    #[test]
    #[should_panic(expected = "dense layer, weight: expected 6 real elements, got 5")]
    fn a_weight_of_the_wrong_length_is_rejected() {
        let layer = Dense {
            rows: 1,
            inputs: 2,
            outputs: 3,
        };
        layer.adjoint_input(&[0.0_f32; 3], &[0.0; 5], &mut [0.0; 2]);
    }
}
