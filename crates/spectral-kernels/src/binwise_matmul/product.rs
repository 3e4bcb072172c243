//! `c[g,m,n,k] = Σ_p a[g,m,p,k]·b[g,n,p,k]`, with contiguous frequencies `k` and arbitrary strides for all other
//! indices: the common form of the matrix product and both of its adjoints.

use spectral_lanes::parallel::{for_each, product_work, threads_for};
use spectral_lanes::{InstructionSet, Scalar, with_scratch};

use super::along_rows::{self, RowsTask};
use super::direct::DirectTask;
use super::operand::{Product, Target};
use super::packed::{PackedTask, Tiling};

/// The dimension that vectors run along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path {
    Bins,
    Rows,
    Columns,
}

/// Measured throughput of vectors along frequencies relative to vectors along rows, if all dimensions are large.
const BINS_RATE: f64 = 0.93;
/// Measured cost of transposing one element, in units of complex vector multiply-adds.
const TRANSPOSING: f64 = 2.9;

impl Path {
    /// Chooses the path with the lowest estimated cost. Depends only on the sizes, not on the number of threads.
    fn of(sizes: [usize; 3], bins: usize, lanes: usize) -> Path {
        let busy = |count: usize| count as f64 / count.next_multiple_of(lanes) as f64;
        // Each element is packed once for all lines of the other factor, and each sum stored once for all of its terms.
        let transposed: f64 = sizes.iter().map(|count| 1.0 / *count as f64).sum();
        let rate = 1.0 / (1.0 + TRANSPOSING * transposed);
        let [rows, columns, _] = sizes;
        let mut best = (Path::Bins, BINS_RATE * busy(bins));
        for (path, lines) in [(Path::Rows, rows), (Path::Columns, columns)] {
            if rate * busy(lines) > best.1 {
                best = (path, rate * busy(lines));
            }
        }
        best.0
    }
}

/// Approximate number of elements per task of a product without reuse.
const DIRECT_ELEMENTS: usize = 1 << 15;

spectral_lanes::entry!(ProductEntry, Product);

impl<T: Scalar> Product<'_, T> {
    /// Runs the computation, in parallel if it is large enough.
    pub fn run(self) {
        let outputs = self.groups * self.rows * self.columns;
        if outputs == 0 || self.bins == 0 {
            return;
        }
        let set = InstructionSet::current();
        let complex_products = outputs * self.bins * self.terms.max(1);
        // A matrix–vector product uses each element of one factor only once, so packing it would not help.
        if self.rows == 1 || self.columns == 1 || self.terms == 0 {
            let each = DIRECT_ELEMENTS.div_ceil(self.bins * self.terms.max(1));
            // Memory-bound, and takes about as long as a transform.
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
            return;
        }
        let lanes = T::lanes(set);
        let work = product_work(4 * complex_products);
        let threads = threads_for(work);
        match Path::of([self.rows, self.columns, self.terms], self.bins, lanes) {
            Path::Bins => {
                let tiling = Tiling::new(&self, lanes, threads);
                for_each(tiling.tasks(), work, |task| {
                    with_scratch(tiling.panels(), |panels| {
                        let product = &self;
                        let task = PackedTask {
                            product,
                            tiling,
                            task,
                            panels,
                        };
                        T::dispatch(set, task);
                    });
                });
            }
            Path::Rows => self.run_along_rows(set, threads, work),
            Path::Columns => self.swapped().run_along_rows(set, threads, work),
        }
    }

    fn run_along_rows(&self, set: InstructionSet, threads: usize, work: usize) {
        let tiling = along_rows::Tiling::new(self, T::lanes(set), threads);
        for_each(tiling.tasks(), work, |task| {
            with_scratch(tiling.scratch::<T>(), |scratch| {
                let product = self;
                let task = RowsTask {
                    product,
                    tiling,
                    task,
                    scratch,
                };
                T::dispatch(set, task);
            });
        });
    }

    /// Exchanges rows and columns.
    fn swapped(self) -> Self {
        Product {
            rows: self.columns,
            columns: self.rows,
            a: self.b,
            b: self.a,
            c: Target {
                row: self.c.column,
                column: self.c.row,
                ..self.c
            },
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn vectors_run_along_channels_or_the_batch_if_frequencies_are_few() {
        for (sizes, bins, path) in [
            ([64, 512, 512], 4, Path::Rows),
            ([64, 512, 256], 12, Path::Rows),
            ([64, 512, 256], 16, Path::Rows),
            ([64, 256, 128], 64, Path::Bins),
            ([4, 512, 512], 4, Path::Columns),
            ([64, 64, 3], 1024, Path::Bins),
            ([100, 16, 6], 196, Path::Bins),
            ([64, 64, 64], 544, Path::Bins),
        ] {
            assert_eq!(Path::of(sizes, bins, 16), path, "{sizes:?} at {bins}");
        }
        // With as many lanes as frequencies, no lane is idle.
        assert_eq!(Path::of([8, 8, 8], 4, 4), Path::Bins);
    }
}
