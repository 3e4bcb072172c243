//! Distribution of images over tasks: a few at a time, or one at a time with all threads on each.

use spectral_lanes::parallel::{Shared, for_each, threads_for};
use spectral_lanes::{InstructionSet, Scalar, with_scratch};

use super::layout::Layout;
use super::task::{Lines, Task};
use super::{Request, long, whole};
use crate::transform::nd::{LARGEST_TILE_BYTES, SMALL_POINTS, TASKS_PER_THREAD};

/// A request, its real samples, and its kept bins as real and imaginary parts.
type Arguments<'a, T> = (Request<'a, T>, Shared<T>, [Shared<T>; 2]);

spectral_lanes::entry!(PrunedEntry, <'a, T> Arguments<'a, T>, |(request, real, spectrum)| {
    run(&request, real, spectrum)
});

/// Runs a request on planes whose lengths have been checked: real samples, and kept bins as real and imaginary parts.
pub fn run<T: Scalar>(request: &Request<'_, T>, real: Shared<T>, spectrum: [Shared<T>; 2]) {
    let images = request.images();
    if images == 0 {
        return;
    }
    let points = request.points();
    let threads = threads_for(points);
    let set = InstructionSet::current();
    let layout = Layout::new(request, set, images.div_ceil(threads));
    if !layout.forward && (layout.gaps || layout.overlaps) {
        clear(request, real);
    }
    // Overlapping tiles of one plane are summed by one task.
    let unit = if !layout.forward && layout.overlaps {
        layout.tiles
    } else {
        1
    };
    if layout.rows == 1 && layout.plan.one_at_a_time() {
        long::run(request, &layout, unit, real, spectrum);
        return;
    }
    let spread =
        images / unit >= threads && layout.tile_len() * size_of::<T>() <= LARGEST_TILE_BYTES;
    if !spread && points >= SMALL_POINTS && layout.rows > 1 {
        whole::run(request, &layout, real, spectrum);
        return;
    }
    let layout = &layout;
    share(images, unit, layout.group, points, |first, end| {
        let mut lines = [Lines::new(), Lines::new()];
        with_scratch(layout.buffers(), |mut buffers| {
            for first in (first..end).step_by(layout.group) {
                let task = Task {
                    layout,
                    real,
                    spectrum,
                    first,
                    count: layout.group.min(end - first),
                    buffers: buffers.each_mut().map(|buffer| &mut **buffer),
                    lines: &mut lines,
                };
                T::dispatch(layout.set, task);
            }
        });
    });
}

/// Calls `task` with ranges of images, in multiples of `unit` and, if possible, of `group`.
pub fn share(
    images: usize,
    unit: usize,
    group: usize,
    points: usize,
    task: impl Fn(usize, usize) + Send + Sync,
) {
    let quantum = if unit == 1 { group } else { unit };
    let quanta = images.div_ceil(quantum);
    let each = quanta.div_ceil(TASKS_PER_THREAD * threads_for(points)) * quantum;
    for_each(images.div_ceil(each), points, |i| {
        task(i * each, images.min((i + 1) * each));
    });
}

/// Fills all planes with zeros.
fn clear<T: Scalar>(request: &Request<'_, T>, real: Shared<T>) {
    let samples = request.fft.plane_len();
    for_each(request.batch, request.batch * samples, |plane| {
        // SAFETY: the planes hold `batch` times `samples` elements, and no other task accesses this one.
        unsafe { std::slice::from_raw_parts_mut(real.at(plane * samples), samples) }
            .fill(T::of(0.0));
    });
}
