//! The weight gradient: products of channels summed over samples and batch, with channels in the lanes.

use spectral_lanes::gemm::Block;
use spectral_lanes::gemm::Source;
use spectral_lanes::parallel::{Shared, for_each, product_work};
use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd, with_scratch};

use super::Pointwise;

/// Target size of a packed panel: a share of the L2 cache.
const PANEL_BYTES: usize = 128 << 10;
/// Samples per panel.
const MOST_SAMPLES: usize = 256;
/// Approximate number of multiplications per task.
const TASK_WORK: usize = 1 << 18;
/// Maximum number of tasks, for load balancing. Chosen by size alone, so that results do not depend on the number of
/// threads.
const MOST_TASKS: usize = 16;

/// `gw[g,o,i] = Σ_b Σ_n gy[b,g,o,n]·x[b,g,i,σ(n)]`.
pub struct WeightGradient<'a, T> {
    shape: &'a Pointwise<'a>,
    /// The factor with more channels, which fill the lanes; the other factor provides the rows.
    wide: &'a [T],
    tall: &'a [T],
    columns: usize,
    rows: usize,
    /// Whether the lanes hold the inputs.
    inputs_wide: bool,
    gradient: &'a mut [T],
}

/// How the sum is split into tasks.
#[derive(Clone, Copy)]
struct Tiling {
    /// Batch entries per task, and tasks per group.
    entries: usize,
    chunks: usize,
    /// Rows per task, and the number of tasks that cover all rows.
    rows: usize,
    bands: usize,
    samples: usize,
    width: usize,
}

spectral_lanes::entry!(WeightEntry, WeightGradient);

impl<'a, T: Scalar> WeightGradient<'a, T> {
    pub fn new(shape: &'a Pointwise<'a>, x: &'a [T], gy: &'a [T], gradient: &'a mut [T]) -> Self {
        let (inputs, outputs) = (shape.in_per_group, shape.out_per_group);
        let inputs_wide = inputs >= outputs;
        let (wide, tall, columns, rows) = if inputs_wide {
            (x, gy, inputs, outputs)
        } else {
            (gy, x, outputs, inputs)
        };
        WeightGradient {
            shape,
            wide,
            tall,
            columns,
            rows,
            inputs_wide,
            gradient,
        }
    }

    /// Runs the computation, in parallel if it is large enough.
    pub fn run(self) {
        let (groups, batch) = (self.shape.groups, self.shape.batch);
        let work = groups * self.rows * self.columns * batch * self.shape.samples();
        if work == 0 {
            self.gradient.fill(T::of(0.0));
            return;
        }
        let set = InstructionSet::current();
        let tiling = self.tiling(work, T::lanes(set));
        let group_len = self.rows * tiling.width;
        let mut sums = vec![T::of(0.0); tiling.chunks * groups * group_len];
        let shared = Shared::new(&mut sums);
        for_each(
            tiling.chunks * groups * tiling.bands,
            product_work(work),
            |task| {
                let (band, group) = (task % tiling.bands, task / tiling.bands % groups);
                let chunk = task / (tiling.bands * groups);
                let first_row = band * tiling.rows;
                let to = shared.at((chunk * groups + group) * group_len + first_row * tiling.width);
                let lines = if self.shape.reversed {
                    tiling.rows * tiling.samples
                } else {
                    0
                };
                with_scratch([tiling.samples * tiling.width, lines], |[panel, lines]| {
                    let entries = chunk * tiling.entries..batch.min((chunk + 1) * tiling.entries);
                    let rows = first_row..self.rows.min(first_row + tiling.rows);
                    T::dispatch(
                        set,
                        Chunk {
                            whole: &self,
                            tiling,
                            group,
                            entries,
                            rows,
                            panel,
                            lines,
                            to,
                        },
                    );
                });
            },
        );
        let (rows, columns) = (self.rows, self.columns);
        for group in 0..groups {
            let gradient = &mut self.gradient[group * rows * columns..][..rows * columns];
            for row in 0..rows {
                for column in 0..columns {
                    let at = group * group_len + row * tiling.width + column;
                    let parts =
                        (0..tiling.chunks).map(|chunk| sums[chunk * groups * group_len + at]);
                    let sum = parts.fold(T::of(0.0), |sum, part| sum + part);
                    let to = if self.inputs_wide {
                        row * columns + column
                    } else {
                        column * rows + row
                    };
                    gradient[to] = sum;
                }
            }
        }
    }

    fn tiling(&self, work: usize, lanes: usize) -> Tiling {
        let (groups, batch) = (self.shape.groups, self.shape.batch);
        let width = self.columns.next_multiple_of(lanes);
        let fitting = PANEL_BYTES / (width * size_of::<T>()) / lanes * lanes;
        let samples = fitting.clamp(lanes, MOST_SAMPLES).min(self.shape.samples());
        let wanted = (work / TASK_WORK).clamp(1, MOST_TASKS).div_ceil(groups);
        let entries = batch.div_ceil(wanted);
        let chunks = batch.div_ceil(entries);
        let rows = self
            .rows
            .div_ceil(wanted.div_ceil(chunks))
            .max(4)
            .min(self.rows);
        Tiling {
            entries,
            chunks,
            rows,
            bands: self.rows.div_ceil(rows),
            samples,
            width,
        }
    }
}

/// A range of batch entries and rows of one group.
struct Chunk<'a, T> {
    whole: &'a WeightGradient<'a, T>,
    tiling: Tiling,
    group: usize,
    entries: std::ops::Range<usize>,
    rows: std::ops::Range<usize>,
    panel: &'a mut [T],
    /// Buffer for reversed rows, or empty.
    lines: &'a mut [T],
    to: *mut T,
}

impl<T: Scalar> Kernel<T> for Chunk<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let Chunk {
            whole,
            tiling,
            group,
            entries,
            rows,
            panel,
            lines,
            to,
        } = self;
        let samples = whole.shape.samples();
        for entry in entries {
            let plane = entry * whole.shape.groups + group;
            for first in (0..samples).step_by(tiling.samples) {
                let count = tiling.samples.min(samples - first);
                let source = |data, channels| Source {
                    data,
                    sizes: whole.shape.sizes,
                    reversed: whole.shape.reversed,
                    channels,
                    samples,
                    first,
                    count,
                };
                let wide = &whole.wide[plane * whole.columns * samples..];
                source(wide, whole.columns).columns(simd, tiling.width, panel);
                let tall = &whole.tall[(plane * whole.rows + rows.start) * samples..];
                let (tall, row) = if whole.shape.reversed {
                    source(tall, rows.len()).rows(count, lines);
                    (&*lines, count)
                } else {
                    (&tall[first..], samples)
                };
                let block = Block {
                    a: tall.as_ptr(),
                    row,
                    term: 1,
                    rows: rows.len(),
                    terms: count,
                    panel: panel.as_ptr(),
                    width: tiling.width,
                    c: to,
                    step: tiling.width,
                    columns: tiling.width,
                    add: true,
                };
                // SAFETY: the rows hold these samples, the panel was written above, and the sums belong to this task
                // alone.
                unsafe { block.run(simd) };
            }
        }
    }
}
