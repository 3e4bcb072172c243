//! The cost model of convolutions: work divided by measured rates.
//!
//! The rates were fitted to measurements on one thread of an AMD EPYC (family 26, AVX-512) in float32. Another machine is
//! faster or slower in all of them alike, roughly, which is why the choice between the algorithms holds elsewhere and
//! the milliseconds do not.

use crate::ops::{FftConvAxis, FftConvSpec, SavedSpectrum};

use super::algorithm::ConvShape;
use super::lengths::length_factor;

/// Nanoseconds of a multiplication with an addition in registers.
const DIRECT_NS: f64 = 0.01;
/// Nanoseconds of reading or writing a number of a signal, packing included.
const SIGNAL_NS: f64 = 0.15;
/// Nanoseconds of a transform one way, a point.
const TRANSFORM_NS: f64 = 0.5;
/// Nanoseconds of a complex multiplication with an addition.
const MIX_NS: f64 = 0.055;
/// How much longer a transform of tiles takes, whose pieces lie apart.
const TILED: f64 = 1.5;
/// Nanoseconds of writing a complex number of a spectrum to memory and reading it again: of the images where every channel
/// has a filter of its own, of the images where channels are mixed (they are packed for that), and of the filters.
const SPECTRUM_NS: [f64; 3] = [0.6, 1.4, 2.1];
/// Nanoseconds of a multiplication with an addition in Burn's own convolution, which serves three axes.
const BURN_NS: f64 = 0.1;
/// Nanoseconds of starting an operation, direct and through the spectrum.
const START_NS: [f64; 2] = [10_000.0, 40_000.0];

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passes {
    /// The output.
    Forward,
    /// The output, then the gradients of input and weight.
    Both,
}

/// Predicted cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub ms: f64,
    pub bytes: usize,
}

/// Milliseconds of `shared` nanoseconds of work that the threads share and `memory`, of which they share half.
fn milliseconds(shared: f64, memory: f64, start: f64) -> f64 {
    let threads = spectral_kernels::threads() as f64;
    (shared / threads + memory * (0.5 + 0.5 / threads) + start) * 1e-6
}

fn product(sizes: &[usize]) -> f64 {
    sizes.iter().map(|size| *size as f64).product()
}

/// Tap by tap.
pub fn direct(shape: &ConvShape, passes: Passes) -> Cost {
    let [inputs, outputs] = shape.channels;
    let groups = shape.options.groups;
    let positions: f64 = (0..shape.signal.len())
        .map(|axis| {
            let (before, after) = shape.options.padding[axis];
            let padded = before + shape.signal[axis] + after;
            ((padded - shape.extent(axis)) / shape.options.stride[axis] + 1) as f64
        })
        .product();
    let taps = product(&shape.kernel);
    let weight = outputs as f64 * (inputs / groups) as f64 * taps;
    let products = shape.batch as f64 * positions * weight;
    let is_depthwise = inputs == groups && outputs == groups;
    let each = match (shape.signal.len(), is_depthwise) {
        (3.., _) => BURN_NS,
        // Rows share the samples they sum, but not at the kernel's edges. A signal is an image of one row.
        (_, true) => {
            let height = match shape.kernel[..] {
                [.., height, _] => height as f64,
                _ => 1.0,
            };
            DIRECT_NS * 1.5 * (height + 4.0) / height
        }
        (_, false) => DIRECT_NS,
    };
    let numbers = inputs as f64 * product(&shape.signal) + outputs as f64 * positions;
    let numbers = shape.batch as f64 * numbers;
    let passes = match passes {
        Passes::Forward => 1.0,
        Passes::Both => 3.1,
    };
    Cost {
        ms: milliseconds(
            passes * (products * each + numbers * SIGNAL_NS),
            0.0,
            passes * START_NS[0],
        ),
        bytes: (4.0 * 2.0 * weight) as usize,
    }
}

/// Through the spectrum.
pub fn fft(shape: &ConvShape, axes: &[FftConvAxis], passes: Passes) -> Cost {
    let spec = FftConvSpec {
        axes: axes.to_vec(),
        groups: shape.options.groups,
        saved: shape.options.saved,
    };
    let [inputs, outputs] = shape.channels;
    let images = shape.batch as f64 * spec.tiles() as f64;
    let [inputs, outputs] = [inputs, outputs].map(|channels| channels as f64);
    let filters = outputs * inputs / spec.groups as f64;
    let bins = spec.bins() as f64;
    let factor: f64 = axes
        .iter()
        .map(|axis| length_factor(axis.grid))
        .sum::<f64>()
        / axes.len() as f64;
    // Of the taps' rows most are zero and not transformed.
    let filled: f64 = axes[..axes.len() - 1]
        .iter()
        .map(|axis| axis.extent as f64 / axis.grid as f64)
        .product();
    let one = spec.points() as f64 * factor * TRANSFORM_NS;
    let taps = filters * one * (1.0 + filled) / 2.0;
    let transform = match spec.tiles() {
        1 => one,
        _ => one * TILED,
    };
    let (x, y) = (images * inputs * transform, images * outputs * transform);
    let mix = images * filters * bins * MIX_NS;
    let [x_bins, w_bins, y_bins] =
        [images * inputs, filters, images * outputs].map(|spectra| spectra * bins);
    let image_ns = SPECTRUM_NS[usize::from(filters != inputs.max(outputs))];
    let filter_ns = SPECTRUM_NS[2];
    let mut shared = x + y + taps + mix;
    let mut moved = (x_bins + y_bins) * image_ns + w_bins * filter_ns;
    let mut most = x_bins + w_bins + y_bins;
    if passes == Passes::Both {
        let again = match spec.saved {
            SavedSpectrum::Keep => 0.0,
            SavedSpectrum::Recompute => x + taps,
        };
        shared += x + y + taps + 2.0 * mix + again;
        // Two spectra written and read, and those of the forward pass read again.
        moved += (1.5 * x_bins + y_bins) * image_ns + 1.5 * w_bins * filter_ns;
        most = most.max(match spec.saved {
            SavedSpectrum::Keep => y_bins + x_bins + w_bins + x_bins.max(w_bins),
            SavedSpectrum::Recompute => y_bins + x_bins + w_bins,
        });
    }
    let starts = if passes == Passes::Both { 3.0 } else { 1.0 };
    Cost {
        ms: milliseconds(shared, moved, starts * START_NS[1]),
        bytes: (most * 8.0) as usize,
    }
}
