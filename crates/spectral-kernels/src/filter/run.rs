//! Distribution of the work over threads.

use spectral_lanes::parallel::{Shared, for_each, parts_for, threads_for};
use spectral_lanes::{InstructionSet, Scalar, with_scratch};

use super::engine::{Buffers, Engine, Unit};
use super::lanes::ChannelLanes;
use super::planes::Planes;
use super::task::Task;
use super::{InputGradient, Layout, ResponseGradient, SpectralFilter, unfused};
use crate::cache;
use crate::plan::Plan;
use crate::shape::{Planar, PlanarMut, half_bins};

/// A pass over slices whose lengths have been checked.
pub enum Work<T> {
    Forward {
        filter: SpectralFilter,
        x: Shared<T>,
        r: [Shared<T>; 2],
        y: Shared<T>,
    },
    Adjoint {
        filter: SpectralFilter,
        gy: Shared<T>,
        input: Option<InputWork<T>>,
        response: Option<ResponseWork<T>>,
    },
}

/// Operands of the gradient with respect to the input.
#[derive(Clone, Copy)]
pub struct InputWork<T> {
    pub r: [Shared<T>; 2],
    pub gx: Shared<T>,
}

/// Operands of the gradient with respect to the response.
#[derive(Clone, Copy)]
pub struct ResponseWork<T> {
    pub x: Shared<T>,
    pub gr: [Shared<T>; 2],
}

/// Larger tiles are better processed through memory, with all threads on each transform.
const LARGEST_TILE_BYTES: usize = 2 << 20;
/// Elements per task of the forward pass.
const TASK_ELEMENTS: usize = 1 << 16;
/// Tasks per thread, for load balancing.
const TASKS_PER_THREAD: usize = 4;

/// Whether one image fits in cache, its lengths are supported by the vector kernels, and there are enough images for
/// all threads.
pub fn is_fused<T: Scalar>(filter: &SpectralFilter) -> bool {
    let [height, n] = filter.grid;
    let row = if n.is_multiple_of(2) { n / 2 } else { n };
    if cache::plan::<Plan<T>>(row).one_at_a_time() || cache::plan::<Plan<T>>(height).one_at_a_time()
    {
        return false;
    }
    let lanes = match filter.layout {
        Layout::Planes => 1,
        Layout::ChannelsLast => T::lanes(InstructionSet::current()),
    };
    let tile = 2 * height * half_bins(n) * lanes * size_of::<T>();
    let images = filter.batch * filter.groups.div_ceil(lanes);
    tile <= LARGEST_TILE_BYTES && images >= threads_for(points(filter))
}

/// Total number of transformed samples, as a measure of the work.
fn points(filter: &SpectralFilter) -> usize {
    let SpectralFilter { batch, groups, .. } = *filter;
    batch * groups * (1 + filter.multiplier) * filter.grid[0] * filter.grid[1]
}

spectral_lanes::entry!(WorkEntry, <'a, T> Work<T>, Work::run);

impl<T: Scalar> Work<T> {
    pub fn run(self) {
        let (Work::Forward { filter, .. } | Work::Adjoint { filter, .. }) = self;
        let empty = filter.input_len() == 0 || filter.output_len() == 0;
        if empty {
            return self.clear();
        }
        if !is_fused::<T>(&filter) {
            return self.run_unfused();
        }
        let set = InstructionSet::current();
        match filter.layout {
            Layout::Planes => self.run_with(set, &Planes::new(&filter, set)),
            Layout::ChannelsLast => self.run_with(set, &ChannelLanes::new(&filter, set)),
        }
    }

    /// Fills all results with zeros, for empty inputs.
    fn clear(self) {
        let fill = |start: Shared<T>, len: usize| {
            // SAFETY: the result is a slice of that length.
            unsafe { std::slice::from_raw_parts_mut(start.at(0), len) }.fill(T::of(0.0));
        };
        match self {
            Work::Forward { filter, y, .. } => fill(y, filter.output_len()),
            Work::Adjoint {
                filter,
                input,
                response,
                ..
            } => {
                if let Some(input) = input {
                    fill(input.gx, filter.input_len());
                }
                for part in response.into_iter().flat_map(|response| response.gr) {
                    fill(part, filter.response_len());
                }
            }
        }
    }

    fn run_unfused(self) {
        // SAFETY: the slices have these lengths, and those that are written are not accessed by anything else.
        unsafe {
            let read = |start: Shared<T>, len: usize| std::slice::from_raw_parts(start.at(0), len);
            let write =
                |start: Shared<T>, len: usize| std::slice::from_raw_parts_mut(start.at(0), len);
            match self {
                Work::Forward { filter, x, r, y } => {
                    let [re, im] = r.map(|part| read(part, filter.response_len()));
                    let x = read(x, filter.input_len());
                    let y = write(y, filter.output_len());
                    unfused::forward(&filter, x, Planar { re, im }, y);
                }
                Work::Adjoint {
                    filter,
                    gy,
                    input,
                    response,
                } => {
                    let len = filter.response_len();
                    let input = input.map(|InputWork { r, gx }| {
                        let [re, im] = r.map(|part| read(part, len));
                        InputGradient {
                            response: Planar { re, im },
                            gradient: write(gx, filter.input_len()),
                        }
                    });
                    let response = response.map(|ResponseWork { x, gr }| {
                        let [re, im] = gr.map(|part| write(part, len));
                        ResponseGradient {
                            input: read(x, filter.input_len()),
                            gradient: PlanarMut { re, im },
                        }
                    });
                    let gy = read(gy, filter.output_len());
                    unfused::adjoint(&filter, gy, input, response);
                }
            }
        }
    }

    fn run_with<E: Engine<T>>(self, set: InstructionSet, engine: &E) {
        let (Work::Forward { filter, .. } | Work::Adjoint { filter, .. }) = self;
        let elements = points(&filter);
        let threads = threads_for(elements);
        let [unit_groups, unit_entries] = engine.unit();
        let mut groups = engine.groups_of_task();
        let parts = parts_for(elements);
        while groups > unit_groups && filter.groups.div_ceil(groups) * filter.batch < parts {
            groups -= unit_groups;
        }
        let ranges = filter.groups.div_ceil(groups);
        let gradients = match self {
            Work::Adjoint { response, .. } => response.map(|response| response.gr),
            Work::Forward { .. } => None,
        };
        // Tasks that add to the same gradient need separate copies of it.
        let splits = match gradients {
            Some(_) => parts.div_ceil(ranges).min(filter.batch),
            None => {
                let per_entry = elements / (filter.batch * ranges);
                let entries = TASK_ELEMENTS.div_ceil(per_entry);
                let fewest = (TASKS_PER_THREAD * threads).div_ceil(ranges);
                filter.batch.div_ceil(entries).max(fewest).min(filter.batch)
            }
        };
        let entries = filter.batch.div_ceil(splits);
        let entries = match splits {
            1 => entries,
            // Use whole tiles if that leaves enough tasks.
            _ if entries > unit_entries && gradients.is_none() => {
                entries.next_multiple_of(unit_entries)
            }
            _ => entries,
        };
        let splits = filter.batch.div_ceil(entries);
        let response_len = filter.response_len();
        let copies = if gradients.is_some() { splits - 1 } else { 0 };
        let mut partial = vec![T::of(0.0); 2 * copies * response_len];
        let shared = Shared::new(&mut partial);

        for_each(ranges * splits, elements, |task| {
            let (range, split) = (task % ranges, task / ranges);
            let all = Unit {
                group: range * groups,
                groups: groups.min(filter.groups - range * groups),
                entry: split * entries,
                entries: entries.min(filter.batch - split * entries),
            };
            let gradients = gradients.map(|planes| match split {
                0 => planes,
                _ => [0, 1].map(|part| shared.skip((2 * (split - 1) + part) * response_len)),
            });
            let tile = engine.tile_len();
            let [a, b, c, d, e, f, g] = engine.lens();
            let two = match &self {
                Work::Forward { .. } if filter.multiplier > 1 => [tile, 0],
                Work::Forward { .. } => [0, 0],
                Work::Adjoint { .. } => [tile, if filter.multiplier > 1 { tile } else { 0 }],
            };
            let lens = [tile, two[0], two[1], a, b, c, d, e, f, g];
            with_scratch(lens, |[tile, second, third, a, b, c, d, e, f, g]| {
                let task = Task {
                    engine,
                    work: &self,
                    filter: &filter,
                    all,
                    gradients,
                    tiles: [tile, second, third].map(|tile| tile.as_mut_ptr()),
                    buffers: Buffers::new([a, b, c, d, e, f, g]),
                };
                T::dispatch(set, task);
            });
        });
        if let (Some(planes), true) = (gradients, copies > 0) {
            add_up(planes, &partial, response_len);
        }
    }
}

/// Sums the copies of a gradient.
fn add_up<T: Scalar>(planes: [Shared<T>; 2], partial: &[T], len: usize) {
    for (index, copy) in partial.chunks_exact(len).enumerate() {
        // SAFETY: the gradient is a slice of that length, and no task is running any more.
        let sum = unsafe { std::slice::from_raw_parts_mut(planes[index % 2].at(0), len) };
        for (sum, x) in sum.iter_mut().zip(copy) {
            *sum = *sum + *x;
        }
    }
}
