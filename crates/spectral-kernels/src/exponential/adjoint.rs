//! The gradients with respect to the factors.

use spectral_lanes::parallel::{Shared, for_each};
use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd, with_scratch};

use super::{
    CHUNK, ExponentialFactors, ExponentialGradients, ExponentialSum, chunks, exponentials, pad,
    work,
};

/// Computes the gradients of all filters' factors.
pub struct Adjoint<'a, T> {
    shape: ExponentialSum,
    factors: ExponentialFactors<'a, T>,
    gy: &'a [T],
    scale: Shared<T>,
    rows: Shared<T>,
    columns: Shared<T>,
}

spectral_lanes::entry!(AdjointEntry, Adjoint);

impl<'a, T: Scalar> Adjoint<'a, T> {
    pub fn new(
        shape: ExponentialSum,
        factors: ExponentialFactors<'a, T>,
        gy: &'a [T],
        gradients: ExponentialGradients<'a, T>,
    ) -> Self {
        Adjoint {
            shape,
            factors,
            gy,
            scale: Shared::new(gradients.scale),
            rows: Shared::new(gradients.rows),
            columns: Shared::new(gradients.columns),
        }
    }

    /// Runs the computation, in parallel if it is large enough.
    pub fn run(self) {
        let shape = self.shape;
        let set = InstructionSet::current();
        let surface = shape.rows * shape.columns;
        let work = work(2 * shape.filters * shape.terms * surface);
        let factors = shape.terms * ExponentialSum::RANK;
        for_each(shape.filters, work, |filter| {
            let padded = factors * shape.width();
            with_scratch([padded, padded, shape.width()], |[columns, sums, gy]| {
                let part = |shared: Shared<T>, len: usize| {
                    // SAFETY: the gradients hold `len` elements per filter, and each task writes only those of its own
                    // filter.
                    unsafe { std::slice::from_raw_parts_mut(shared.at(filter * len), len) }
                };
                T::dispatch(
                    set,
                    FilterGradient {
                        all: &self,
                        filter,
                        columns: &mut columns[..padded],
                        sums: &mut sums[..padded],
                        row: &mut gy[..shape.width()],
                        gradients: ExponentialGradients {
                            scale: part(self.scale, shape.terms),
                            rows: part(self.rows, factors * shape.rows),
                            columns: part(self.columns, factors * shape.columns),
                        },
                    },
                );
            });
        });
    }
}

/// Computes the gradients of one filter's factors.
struct FilterGradient<'a, T> {
    all: &'a Adjoint<'a, T>,
    filter: usize,
    columns: &'a mut [T],
    /// The gradients of the column factors, padded like the column factors.
    sums: &'a mut [T],
    /// A row of the output gradient, padded likewise.
    row: &'a mut [T],
    gradients: ExponentialGradients<'a, T>,
}

impl<T: Scalar> Kernel<T> for FilterGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, _simd: S) {
        let (shape, factors) = (self.all.shape, self.all.factors);
        let (width, rank) = (shape.width(), ExponentialSum::RANK);
        let zero = T::of(0.0);
        let scale = &factors.scale[self.filter * shape.terms..][..shape.terms];
        let rows = &factors.rows[self.filter * shape.terms * rank * shape.rows..];
        let columns = &factors.columns[self.filter * shape.terms * rank * shape.columns..]
            [..shape.terms * rank * shape.columns];
        let surface = shape.rows * shape.columns;
        let gy = &self.all.gy[self.filter * surface..][..surface];
        if surface == 0 {
            self.gradients.scale.fill(zero);
            self.gradients.rows.fill(zero);
            self.gradients.columns.fill(zero);
            return;
        }
        pad(shape.columns, width, columns, self.columns);
        self.sums.fill(zero);
        self.gradients.scale.fill(zero);
        for (row, gy) in gy.chunks_exact(shape.columns).enumerate() {
            pad(shape.columns, width, gy, self.row);
            for (term, scale) in scale.iter().enumerate() {
                let u: [T; 3] = core::array::from_fn(|product| {
                    rows[(term * rank + product) * shape.rows + row]
                });
                let own = &self.columns[term * rank * width..][..rank * width];
                let sums = &mut self.sums[term * rank * width..][..rank * width];
                let (first, rest) = sums.split_at_mut(width);
                let (second, third) = rest.split_at_mut(width);
                let mut total = [zero; CHUNK];
                let mut row_sums = [[zero; CHUNK]; 3];
                for (chunk, g) in self.row.as_chunks::<CHUNK>().0.iter().enumerate() {
                    let v = chunks(own, width, chunk);
                    let values = exponentials(u, v);
                    let g: [T; CHUNK] = core::array::from_fn(|lane| g[lane] * values[lane]);
                    total = core::array::from_fn(|lane| total[lane] + g[lane]);
                    let h: [T; CHUNK] = core::array::from_fn(|lane| *scale * g[lane]);
                    for (product, sums) in [&mut *first, second, third].into_iter().enumerate() {
                        row_sums[product] = core::array::from_fn(|lane| {
                            row_sums[product][lane] + h[lane] * v[product][lane]
                        });
                        let sums = &mut sums.as_chunks_mut::<CHUNK>().0[chunk];
                        *sums = core::array::from_fn(|lane| sums[lane] + h[lane] * u[product]);
                    }
                }
                let add = |lanes: [T; CHUNK]| lanes.into_iter().fold(zero, |sum, x| sum + x);
                self.gradients.scale[term] = self.gradients.scale[term] + add(total);
                for (product, lanes) in row_sums.into_iter().enumerate() {
                    self.gradients.rows[(term * rank + product) * shape.rows + row] = add(lanes);
                }
            }
        }
        let sums = self.sums.chunks_exact(width);
        for (to, from) in self
            .gradients
            .columns
            .chunks_exact_mut(shape.columns)
            .zip(sums)
        {
            to.copy_from_slice(&from[..shape.columns]);
        }
    }
}
