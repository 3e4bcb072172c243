//! A few large images: padded tiles and whole spectra in memory, transformed with all threads on each axis.

use spectral_lanes::Scalar;
use spectral_lanes::parallel::{Shared, for_each};

use super::Request;
use super::layout::Layout;
use crate::transform::image;
use crate::transform::nd;

/// Runs a request with explicit padding. Planes that are added to, or not fully covered, start as zeros.
pub fn run<T: Scalar>(
    request: &Request<'_, T>,
    layout: &Layout<T>,
    real: Shared<T>,
    spectrum: [Shared<T>; 2],
) {
    let images = request.images();
    let n = layout.n;
    let bins = n / 2 + 1;
    let mut padded = vec![T::of(0.0); images * layout.rows * n];
    let mut all = [0, 1].map(|_| vec![T::of(0.0); images * layout.rows * bins]);
    let samples = Shared::new(&mut padded);
    let parts = all.each_mut().map(|part| Shared::new(part));
    let plain = image::Request {
        batch: images,
        sizes: &request.fft.sizes,
        kind: request.kind,
        scale: request.scale,
        weight: request.weight,
    };
    if request.forward() {
        for_each(images, request.points(), |image| {
            each_line(layout, image, |line| {
                // SAFETY: these are the samples of the plane and of the grid in a line's span.
                unsafe {
                    let from = real.at(line.plane);
                    from.copy_to_nonoverlapping(samples.at(line.grid), line.count);
                }
            });
        });
        nd::run(&plain, [samples, samples], parts);
    }
    for_each(images, request.points(), |image| {
        for (i, row) in layout.kept.iter().enumerate() {
            let kept = (image * layout.kept.len() + i) * layout.bins;
            let at = (image * layout.rows + row) * bins;
            for (part, spectrum) in parts.iter().zip(&spectrum) {
                let (part, kept) = (part.at(at), spectrum.at(kept));
                // SAFETY: these are the kept bins of one line, on both sides, which no other task accesses.
                unsafe {
                    if request.forward() {
                        part.copy_to_nonoverlapping(kept, layout.bins);
                    } else {
                        kept.copy_to_nonoverlapping(part, layout.bins);
                    }
                }
            }
        }
    });
    if !request.forward() {
        nd::run(&plain, parts, [samples, samples]);
        for_each(request.batch, request.points(), |plane| {
            for tile in 0..layout.tiles {
                each_line(layout, plane * layout.tiles + tile, |line| {
                    for j in 0..line.count {
                        // SAFETY: as in the forward direction; no other task accesses this plane.
                        unsafe {
                            let (to, x) = (real.at(line.plane + j), *samples.at(line.grid + j));
                            *to = if layout.overlaps { *to + x } else { x };
                        }
                    }
                });
            }
        });
    }
}

/// The samples of one line, in the planes and in the padded tiles.
struct Line {
    plane: usize,
    grid: usize,
    count: usize,
}

fn each_line<T: Scalar>(layout: &Layout<T>, image: usize, mut visit: impl FnMut(&Line)) {
    let (plane, spans) = layout.place(image);
    for i in 0..spans[0].count {
        for j in 0..spans[1].count {
            let row = (spans[0].first + i) * layout.lens[1] + spans[1].first + j;
            visit(&Line {
                plane: plane + layout.line_at(&spans, i, j),
                grid: (image * layout.rows + row) * layout.n + spans[2].first,
                count: spans[2].count,
            });
        }
    }
}
