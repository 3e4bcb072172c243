//! The output and the input gradient: channels are mixed, with samples in the lanes.

use spectral_lanes::gemm::Block;
use spectral_lanes::gemm::{Source, scatter};
use spectral_lanes::parallel::{Shared, for_each, product_work};
use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd, with_scratch};

use super::Pointwise;

/// Target size of a packed panel: a share of the L1 cache.
const PANEL_BYTES: usize = 32 << 10;
/// Channels summed before the sums are written to memory.
const MOST_TERMS: usize = 256;
/// Approximate number of multiplications per task.
const TASK_WORK: usize = 1 << 17;

/// `to[b,g,m,n] = Σ_k w[g, m, k]·from[b,g,k,σ(n)]`.
pub struct Mix<'a, T> {
    shape: &'a Pointwise<'a>,
    /// Channels per group, summed and resulting.
    channels: [usize; 2],
    /// Strides between resulting and summed channels in the weights of a group.
    strides: [usize; 2],
    from: &'a [T],
    weight: &'a [T],
    to: Shared<T>,
}

spectral_lanes::entry!(MixEntry, Mix);

impl<'a, T: Scalar> Mix<'a, T> {
    pub fn new(
        shape: &'a Pointwise<'a>,
        channels: [usize; 2],
        strides: [usize; 2],
        from: &'a [T],
        weight: &'a [T],
        to: &'a mut [T],
    ) -> Self {
        let to = Shared::new(to);
        Mix {
            shape,
            channels,
            strides,
            from,
            weight,
            to,
        }
    }

    /// Runs the computation, in parallel if it is large enough.
    pub fn run(self) {
        let ([terms, rows], samples) = (self.channels, self.shape.samples());
        let planes = self.shape.batch * self.shape.groups;
        if planes * rows * samples == 0 {
            return;
        }
        let set = InstructionSet::current();
        let lanes = T::lanes(set);
        let most = terms.clamp(1, MOST_TERMS);
        let fitting = PANEL_BYTES / (most * size_of::<T>());
        let count = (fitting / lanes).max(4).min(samples.div_ceil(lanes)) * lanes;
        let parts = samples.div_ceil(count);
        let work = rows * terms.max(1);
        let each = (TASK_WORK / (work * count)).clamp(1, planes * parts);
        let work = product_work(planes * samples * work);
        // Reversal commutes with mixing, so it is applied on the side with fewer channels.
        let reversed_rows = if self.shape.reversed && rows < terms {
            rows
        } else {
            0
        };
        for_each((planes * parts).div_ceil(each), work, |task| {
            with_scratch([most * count, reversed_rows * count], |[panel, lines]| {
                for piece in task * each..(planes * parts).min((task + 1) * each) {
                    let (plane, first) = (piece / parts, piece % parts * count);
                    let piece = Piece {
                        mix: &self,
                        plane,
                        first,
                        count: count.min(samples - first),
                        panel: &mut *panel,
                        lines: &mut lines[..reversed_rows * count],
                    };
                    T::dispatch(set, piece);
                }
            });
        });
    }
}

/// Samples `first..first + count` of one group of one batch entry.
struct Piece<'a, T> {
    mix: &'a Mix<'a, T>,
    plane: usize,
    first: usize,
    count: usize,
    panel: &'a mut [T],
    /// Buffer for the resulting rows if they are to be reversed, otherwise empty.
    lines: &'a mut [T],
}

impl<T: Scalar> Kernel<T> for Piece<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let Piece {
            mix,
            plane,
            first,
            count,
            panel,
            lines,
        } = self;
        let ([terms, rows], samples) = (mix.channels, mix.shape.samples());
        let width = count.next_multiple_of(S::LANES);
        let weight = &mix.weight[plane % mix.shape.groups * terms * rows..][..terms * rows];
        let result = mix.to.at(plane * rows * samples);
        let (to, step) = if lines.is_empty() {
            (result.wrapping_add(first), samples)
        } else {
            (lines.as_mut_ptr(), count)
        };
        let mut term = 0;
        loop {
            let part = MOST_TERMS.min(terms - term);
            let source = Source {
                data: &mix.from[(plane * terms + term) * samples..],
                sizes: mix.shape.sizes,
                reversed: mix.shape.reversed && lines.is_empty(),
                channels: part,
                samples,
                first,
                count,
            };
            assert!(panel.len() >= part * width);
            source.rows(width, panel);
            let block = Block {
                a: weight.as_ptr().wrapping_add(term * mix.strides[1]),
                row: mix.strides[0],
                term: mix.strides[1],
                rows,
                terms: part,
                panel: panel.as_ptr(),
                width,
                c: to,
                step,
                columns: count,
                add: term > 0,
            };
            // SAFETY: the weights hold all rows and terms, the panel was written above, and these samples of the result
            // belong to this task alone.
            unsafe { block.run(simd) };
            term += part;
            if term >= terms {
                break;
            }
        }
        for (row, line) in lines.chunks_exact(count).take(rows).enumerate() {
            // SAFETY: the result's plane holds all samples; other tasks write different ones.
            unsafe { scatter(mix.shape.sizes, line, first, result.add(row * samples)) };
        }
    }
}
