//! Transforms of single lines that are too long to be processed side by side.

use spectral_lanes::Scalar;
use spectral_lanes::parallel::Shared;

use super::Request;
use super::layout::Layout;
use super::run::share;
use crate::shape::half_bins;
use crate::transform::long::Lines;
use crate::transform::oriented::Oriented;

/// Transforms tiles one at a time, with groups of `unit` neighbors per task.
pub fn run<T: Scalar>(
    request: &Request<'_, T>,
    layout: &Layout<T>,
    unit: usize,
    real: Shared<T>,
    spectrum: [Shared<T>; 2],
) {
    let (n, bins) = (layout.n, layout.bins);
    let transform = Oriented::new(request.kind, n, request.scale, request.weight);
    share(request.images(), unit, 1, request.points(), |first, end| {
        let Some(mut lines) = Lines::new(&transform) else {
            return;
        };
        let mut samples = vec![T::of(0.0); n];
        let mut parts = [0, 1].map(|_| vec![T::of(0.0); half_bins(n)]);
        for image in first..end {
            let (plane, spans) = layout.place(image);
            let span = spans[2];
            let outside = (0..span.first).chain(span.grid().end..n);
            // SAFETY: these are the plane samples of the span; no other task writes the plane, and it has been
            // initialized if tiles overlap.
            let shared = unsafe {
                std::slice::from_raw_parts_mut(
                    real.at(plane + layout.line_at(&spans, 0, 0)),
                    span.count,
                )
            };
            // SAFETY: these are the kept bins of the image, which no other task accesses.
            let mut kept = spectrum
                .map(|part| unsafe { std::slice::from_raw_parts_mut(part.at(image * bins), bins) });
            let [re, im] = &mut parts;
            if layout.forward {
                samples[span.grid()].copy_from_slice(shared);
                for j in outside {
                    samples[j] = T::of(0.0);
                }
                lines.transform(&samples, &[]);
                lines.store(re, im);
                for (kept, part) in kept.iter_mut().zip(&parts) {
                    kept.copy_from_slice(&part[..bins]);
                }
            } else {
                for (kept, part) in kept.iter().zip(&mut parts) {
                    part[..bins].copy_from_slice(kept);
                }
                let [re, im] = &parts;
                lines.transform(re, im);
                lines.store(&mut samples, &mut []);
                let samples = &samples[span.grid()];
                if layout.overlaps {
                    for (sum, x) in shared.iter_mut().zip(samples) {
                        *sum = *sum + *x;
                    }
                } else {
                    shared.copy_from_slice(samples);
                }
            }
        }
    });
}
