//! The output and the input gradient with vectors along channels: no sample is padded, moved or multiplied by zero.
//!
//! For every target position, sums over channels and contributing taps of a sample times a row of weights. Positions
//! with the same contributing taps are processed a few at a time, from any image and row.

use spectral_lanes::parallel::{Shared, for_each};
use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd, with_outer_scratch, with_scratch};

use super::correlate::Correlate;
use super::panels::{Panels, Planes, interleave, separate};
use super::reach::{Class, Reach};
use super::terms::Direction;
use super::tile::{MOST_ROWS, Start, Tile, most_vectors, rows_for};
use crate::kernels::activation::Form;

/// Target size of a task's sums: a share of the L2 cache.
const SUMS_BYTES: usize = 192 << 10;
/// Maximum number of positions of a map for which vectors along channels are faster.
const MOST_POSITIONS: usize = 300;
/// Minimum number of summed channels for which they are faster.
const LEAST_CHANNELS: usize = 8;
/// Tasks per thread, for load balancing.
const TASKS: usize = 8;

/// Source and target channels per group, and the strides of both in the weight.
struct Channels {
    sources: usize,
    targets: usize,
    source_step: usize,
    target_step: usize,
}

impl<T: Scalar> Correlate<'_, T> {
    fn group_channels(&self) -> Channels {
        let conv = self.conv;
        let taps = conv.kernel[0] * conv.kernel[1];
        let [output, input] = [conv.in_per_group * taps, taps];
        match self.direction {
            Direction::Forward => Channels {
                sources: conv.in_per_group,
                targets: conv.out_per_group,
                source_step: input,
                target_step: output,
            },
            Direction::Adjoint => Channels {
                sources: conv.out_per_group,
                targets: conv.in_per_group,
                source_step: output,
                target_step: input,
            },
        }
    }

    /// Whether vectors run along channels rather than positions.
    pub fn is_blocked(&self, lanes: usize) -> bool {
        let Channels {
            sources, targets, ..
        } = self.group_channels();
        let strided = self.direction == Direction::Adjoint && self.conv.stride != [1, 1];
        let positions: usize = match self.direction {
            Direction::Forward => self.conv.output_sizes().iter().product(),
            Direction::Adjoint => self.conv.sizes.iter().product(),
        };
        !strided
            && sources >= LEAST_CHANNELS
            && 4 * targets >= 3 * targets.next_multiple_of(lanes)
            && positions <= MOST_POSITIONS
    }

    /// Runs the pass with vectors along channels.
    pub fn run_blocked(&self, set: InstructionSet) {
        let conv = self.conv;
        let lanes = T::lanes(set);
        let most = most_vectors(lanes * size_of::<T>());
        let reach = [0, 1].map(|axis| match self.direction {
            Direction::Forward => Reach::forward(conv, axis),
            Direction::Adjoint => Reach::adjoint(conv, axis),
        });
        let channels = self.group_channels();
        let panels = Panels::new(channels.targets, lanes, most);
        let taps = conv.kernel[0] * conv.kernel[1];
        let group_len = channels.sources * taps * panels.vectors() * lanes;
        let positions = reach[0].targets * reach[1].targets;

        let most = most.min(panels.vectors()) * lanes;
        let fitting = SUMS_BYTES / (positions * most * size_of::<T>());
        let threads = rayon::current_num_threads();
        let pieces = conv.batch.div_ceil(fitting.clamp(1, conv.batch));
        let images = conv.batch.div_ceil(pieces);
        let pieces = conv.batch.div_ceil(images);
        let shares = match threads {
            1 => 1,
            _ => (TASKS * threads)
                .div_ceil(conv.groups * pieces)
                .clamp(1, panels.count()),
        };
        let work = conv.multiply_adds() / 8 + self.source.len();
        with_outer_scratch([conv.groups * group_len], |[weights]| {
            self.pack(set, &channels, &panels, group_len, weights);
            let weights = &*weights;
            for_each(conv.groups * pieces * shares, work, |task| {
                let (task, share) = (task / shares, task % shares);
                let (group, piece) = (task / pieces, task % pieces);
                let images = piece * images..conv.batch.min((piece + 1) * images);
                let sums_len = images.len() * positions * most;
                with_scratch([sums_len, most], |[sums, bias]| {
                    T::dispatch(
                        set,
                        Task {
                            pass: self,
                            channels: &channels,
                            reach: &reach,
                            panels: &panels,
                            range: panels.count() * share / shares
                                ..panels.count() * (share + 1) / shares,
                            weights: &weights[group * group_len..],
                            group,
                            images,
                            sums,
                            bias,
                        },
                    );
                });
            });
        });
    }

    /// Packs the weight as `[group][panel][source][tap][target of the panel]`.
    fn pack(
        &self,
        set: InstructionSet,
        channels: &Channels,
        panels: &Panels,
        group_len: usize,
        weights: &mut [T],
    ) {
        let taps = self.conv.kernel[0] * self.conv.kernel[1];
        let lanes = T::lanes(set);
        let to = Shared::new(weights);
        let group_weights = channels.sources * channels.targets * taps;
        for_each(
            self.conv.groups * panels.count(),
            self.weight.len(),
            |task| {
                let (group, panel) = (task / panels.count(), panels.get(task % panels.count()));
                let start = group * group_len + channels.sources * taps * panel.before * lanes;
                T::dispatch(
                    set,
                    PackPanel {
                        weight: &self.weight
                            [group * group_weights + panel.first * channels.target_step..],
                        channels,
                        taps,
                        targets: panel.channels,
                        vectors: panel.vectors,
                        to: to.skip(start),
                    },
                );
            },
        );
    }
}

struct PackPanel<'a, T> {
    weight: &'a [T],
    channels: &'a Channels,
    taps: usize,
    targets: usize,
    vectors: usize,
    to: Shared<T>,
}

impl<T: Scalar> Kernel<T> for PackPanel<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let row = self.vectors * S::LANES;
        // If the taps of consecutive sources are contiguous, they form a single run.
        let (runs, len) = match self.channels.source_step == self.taps {
            true => (1, self.channels.sources * self.taps),
            false => (self.channels.sources, self.taps),
        };
        for run in 0..runs {
            for vector in 0..self.vectors {
                let first = vector * S::LANES;
                let start = first * self.channels.target_step + run * self.channels.source_step;
                let channels = S::LANES.min(self.targets - first);
                let last = start + (channels - 1) * self.channels.target_step + len;
                assert!(self.weight.len() >= last);
                // SAFETY: the weight holds these elements, as asserted; no other task writes this panel, which has one
                // row per tap of each source.
                unsafe {
                    interleave(
                        simd,
                        Planes {
                            start: self.weight.as_ptr().add(start),
                            stride: self.channels.target_step,
                            channels,
                            len,
                        },
                        self.to.at(run * len * row + first),
                        row,
                    );
                }
            }
        }
    }
}

/// Some panels of one group, for some images.
struct Task<'a, T> {
    pass: &'a Correlate<'a, T>,
    channels: &'a Channels,
    reach: &'a [Reach; 2],
    panels: &'a Panels,
    range: std::ops::Range<usize>,
    /// The weights of the group.
    weights: &'a [T],
    group: usize,
    images: std::ops::Range<usize>,
    /// Sums, `[image][position][target of a panel]`.
    sums: &'a mut [T],
    /// The bias of a panel.
    bias: &'a mut [T],
}

/// Positions with the same contributing taps.
struct Positions {
    terms: Vec<[u32; 2]>,
    /// For each position, the offset of its first sample in the source, and the position itself.
    places: Vec<[usize; 2]>,
}

impl<T: Scalar> Task<'_, T> {
    fn positions(&self, classes: [&Class; 2]) -> Positions {
        let conv = self.pass.conv;
        let [rows, columns] = self.reach;
        let plane = rows.sources * columns.sources;
        let image = conv.groups * self.channels.sources * plane;
        let group = self.group * self.channels.sources * plane;
        // The sample for each tap at the first position, relative to the smallest.
        let mut taps = Vec::new();
        for row in classes[0].taps.clone() {
            for column in classes[1].taps.clone() {
                let at = rows.sample(classes[0].targets.start, row) * columns.sources
                    + columns.sample(classes[1].targets.start, column);
                taps.push([at, row * conv.kernel[1] + column]);
            }
        }
        let least = taps.iter().map(|tap| tap[0]).min();
        let base = |row: usize, column: usize| match least {
            Some(least) => {
                let tap = [classes[0].taps.start, classes[1].taps.start];
                let at = |row, column| {
                    rows.sample(row, tap[0]) * columns.sources + columns.sample(column, tap[1])
                };
                let first = at(classes[0].targets.start, classes[1].targets.start);
                at(row, column) + least - first
            }
            None => 0,
        };
        let mut places = Vec::new();
        for nth in 0..self.images.len() {
            let start = (self.images.start + nth) * image + group;
            for row in classes[0].targets.clone() {
                for column in classes[1].targets.clone() {
                    let position = (nth * rows.targets + row) * columns.targets + column;
                    places.push([start + base(row, column), position]);
                }
            }
        }
        let least = least.unwrap_or(0);
        Positions {
            terms: taps
                .iter()
                .map(|[at, tap]| [(at - least) as u32, *tap as u32])
                .collect(),
            places,
        }
    }
}

impl<T: Scalar> Kernel<T> for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let pass = self.pass;
        let [rows, columns] = self.reach.map(|reach| reach.classes());
        let mut classes = Vec::with_capacity(rows.len() * columns.len());
        for row in &rows {
            for column in &columns {
                classes.push(self.positions([row, column]));
            }
        }
        let plane = self.reach[0].sources * self.reach[1].sources;
        let positions = self.reach[0].targets * self.reach[1].targets;
        let taps = pass.conv.kernel[0] * pass.conv.kernel[1];
        let channels = pass.conv.groups * self.channels.targets;
        let form: Form<T> = pass.epilogue.activation.form();
        for panel in self.range.clone() {
            let panel = self.panels.get(panel);
            let width = panel.vectors * S::LANES;
            let rows_at_once = rows_for(S::LANES * size_of::<T>(), panel.vectors);
            let weights = self.channels.sources * taps;
            let weights = &self.weights[weights * panel.before * S::LANES..][..weights * width];
            let first = self.group * self.channels.targets + panel.first;
            let start = match pass.epilogue.bias {
                Some(bias) => {
                    self.bias[..width].fill(T::of(0.0));
                    self.bias[..panel.channels]
                        .copy_from_slice(&bias[first..first + panel.channels]);
                    Start::Row(&self.bias[..width])
                }
                None => Start::Zero,
            };
            assert!(self.sums.len() >= self.images.len() * positions * width);
            let sums = Shared::new(self.sums);
            for class in &classes {
                for places in class.places.chunks(rows_at_once) {
                    let mut at = [0; MOST_ROWS];
                    let mut to_rows = [0; MOST_ROWS];
                    for m in 0..rows_at_once {
                        let [source, position] = places[m.min(places.len() - 1)];
                        (at[m], to_rows[m]) = (source, position * width);
                    }
                    // SAFETY: the sums hold one row per position, as asserted, and all positions are distinct.
                    unsafe {
                        Tile {
                            a: pass.source,
                            rows: at,
                            b: weights,
                            terms: &class.terms,
                            repeats: self.channels.sources,
                            steps: [plane, taps],
                            vectors: panel.vectors,
                            start,
                            form,
                            to: sums,
                            to_rows,
                            count: places.len(),
                        }
                        .run(simd);
                    }
                }
            }
            for (nth, image) in self.images.clone().enumerate() {
                for vector in 0..panel.vectors {
                    let channel = first + vector * S::LANES;
                    // SAFETY: the sums of the image have been written; the target has these channels, which no other
                    // task writes.
                    unsafe {
                        separate(
                            simd,
                            sums.at(nth * positions * width + vector * S::LANES),
                            width,
                            Planes {
                                start: pass.target.at((image * channels + channel) * positions),
                                stride: positions,
                                channels: S::LANES.min(panel.channels - vector * S::LANES),
                                len: positions,
                            },
                        );
                    }
                }
            }
        }
    }
}
