//! The forward pass.

use spectral_lanes::parallel::{Shared, for_each};
use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd, with_scratch};

use super::{CHUNK, ExponentialFactors, ExponentialSum, chunks, exponentials, pad, work};

/// Computes all surfaces.
pub struct Forward<'a, T> {
    shape: ExponentialSum,
    factors: ExponentialFactors<'a, T>,
    y: Shared<T>,
}

spectral_lanes::entry!(ForwardEntry, Forward);

impl<'a, T: Scalar> Forward<'a, T> {
    pub fn new(shape: ExponentialSum, factors: ExponentialFactors<'a, T>, y: &'a mut [T]) -> Self {
        let y = Shared::new(y);
        Forward { shape, factors, y }
    }

    /// Runs the computation, in parallel if it is large enough.
    pub fn run(self) {
        let shape = self.shape;
        if shape.output_len() == 0 {
            return;
        }
        let set = InstructionSet::current();
        let surface = shape.rows * shape.columns;
        let work = work(shape.filters * shape.terms * surface);
        for_each(shape.filters, work, |filter| {
            let padded = shape.terms * ExponentialSum::RANK * shape.width();
            with_scratch([padded], |[columns]| {
                // SAFETY: the output holds one surface per filter, and each task writes only that of its own filter.
                let y =
                    unsafe { std::slice::from_raw_parts_mut(self.y.at(filter * surface), surface) };
                T::dispatch(
                    set,
                    Surface {
                        all: &self,
                        filter,
                        columns: &mut columns[..padded],
                        y,
                    },
                );
            });
        });
    }
}

/// Computes the surface of one filter.
struct Surface<'a, T> {
    all: &'a Forward<'a, T>,
    filter: usize,
    columns: &'a mut [T],
    y: &'a mut [T],
}

impl<T: Scalar> Kernel<T> for Surface<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, _simd: S) {
        let shape = self.all.shape;
        let factors = self.all.factors;
        let (width, rank) = (shape.width(), ExponentialSum::RANK);
        let scale = &factors.scale[self.filter * shape.terms..][..shape.terms];
        let rows = &factors.rows[self.filter * shape.terms * rank * shape.rows..];
        let columns = &factors.columns[self.filter * shape.terms * rank * shape.columns..]
            [..shape.terms * rank * shape.columns];
        pad(shape.columns, width, columns, self.columns);
        for (row, y) in self.y.chunks_exact_mut(shape.columns).enumerate() {
            for (chunk, y) in y.chunks_mut(CHUNK).enumerate() {
                let mut sum = [T::of(0.0); CHUNK];
                for (term, scale) in scale.iter().enumerate() {
                    let u = core::array::from_fn(|product| {
                        rows[(term * rank + product) * shape.rows + row]
                    });
                    let v = chunks(&self.columns[term * rank * width..], width, chunk);
                    let values = exponentials(u, v);
                    for lane in 0..CHUNK {
                        sum[lane] = sum[lane] + *scale * values[lane];
                    }
                }
                y.copy_from_slice(&sum[..y.len()]);
            }
        }
    }
}
