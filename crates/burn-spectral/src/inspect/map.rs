//! What a map from images to images computes.

use burn::tensor::Tensor;
use serde::Serialize;

use crate::SpectralError;

use super::equivalence::{Equivalence, Operation, Surround, find};
use super::kernel::{EffectiveKernel, MeasuredResponse};
use super::mixing::{self, Mixing};
use super::probe::{Operator, Probe, energy, relative};
use super::sweep::{LARGEST_WINDOW, Sweep};

/// Random images, and random shifts of them.
const IMAGES: usize = 4;

/// Gains below this share of the largest count as lost.
const LOST: f64 = 1e-3;

/// What a map from images to images computes, apart from biases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MapReport {
    /// Input and output channels.
    pub channels: [usize; 2],
    /// Height and width of the images.
    pub size: [usize; 2],
    /// Positions at which it was shown a point, in every channel.
    pub positions: usize,
    /// `‖f(ax + by) − a·f(x) − b·f(y)‖ / ‖f(ax + by)‖` without offset; 0 for a linear map.
    pub nonlinearity: f64,
    /// Whether that is no more than rounding. Where it is not, all below describes the linear map
    /// nearest to the answers to single points.
    pub is_linear: bool,
    /// Root mean square of what comes out of an image of zeros.
    pub offset: f64,
    /// `‖f(shifted x) − shifted f(x)‖ / ‖f(x)‖`, the root mean square over random circular shifts.
    pub shift_error: f64,
    /// The same with the output shifted the other way: 0 for a map that reverses.
    pub flipped_shift_error: f64,
    /// The simplest ordinary operation that does the same.
    pub equivalence: Equivalence,
    /// What it lets meet.
    pub mixing: Mixing,
    /// How far the energy of an answer lies from its pixel, in pixels.
    pub energy_radius: f64,
    /// The share of that energy within `k × k`, for odd `k` that fit.
    pub windows: Vec<WindowShare>,
    /// The share of the energy that goes the short way round over the border of the image.
    pub wrapped: f64,
    /// The share of the energy from samples further down, and further right: 0 for a kernel that is
    /// causal along height, and along width. Round the border or not, whichever is less.
    pub ahead: [f64; 2],
    /// How evenly it treats frequencies.
    pub conditioning: Conditioning,
    /// The taps; of the reversed image where the equivalent reverses.
    pub kernel: EffectiveKernel,
    /// The spectrum of these taps.
    #[serde(skip)]
    pub response: MeasuredResponse,
}

/// The share of a kernel's energy in a window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WindowShare {
    /// Height and width of the window.
    pub taps: usize,
    /// The share within it.
    pub share: f64,
}

/// Gains over frequencies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Conditioning {
    /// The largest gain.
    pub largest: f64,
    /// The smallest gain.
    pub smallest: f64,
    /// Their ratio: 1 for a map that treats all frequencies alike, infinite where one is lost.
    pub ratio: f64,
    /// The share of frequencies with less than a thousandth of the largest gain.
    pub lost: f64,
}

impl Conditioning {
    fn of(gains: &[f64]) -> Self {
        let largest = gains.iter().copied().fold(0.0, f64::max);
        let smallest = gains.iter().copied().fold(f64::INFINITY, f64::min);
        let lost = gains.iter().filter(|gain| **gain < LOST * largest).count();
        Self {
            largest,
            smallest,
            ratio: largest / smallest,
            lost: lost as f64 / gains.len().max(1) as f64,
        }
    }
}

/// Finds out what a map from images `[batch, channels, height, width]` to images of the same size
/// does, by probing it.
///
/// The map treats images of a batch apart, as every layer does after training. It is asked for
/// points at every position (at some 4,096 of them in all, spread over image and channels, where
/// there are more), and for random images.
///
/// # Errors
/// [`SpectralError::NotSameSize`] when the map changes the size of its images.
///
/// # Example
/// ```
/// use burn::tensor::Device;
/// use burn_spectral::published::KkLayerConfig;
/// use burn_spectral::inspect::{Probe, inspect_map};
///
/// let device = Device::flex();
/// let layer = KkLayerConfig::new([2, 3]).init(&device);
/// let report = inspect_map(|x| layer.forward(x), &Probe::new(2, [14, 14], &device)?)?;
/// let equivalence = &report.equivalence;
/// assert_eq!(equivalence.equivalent.kind, "flip, then 1x1 convolution");
/// assert!(equivalence.is_equal && equivalence.equivalent.residual < 1e-6);
/// assert_eq!(report.mixing.words(), "channels");
/// # Ok::<(), burn_spectral::SpectralError>(())
/// ```
pub fn inspect_map(
    map: impl Fn(Tensor<4>) -> Tensor<4>,
    probe: &Probe,
) -> Result<MapReport, SpectralError> {
    let operator = Operator::new(&map, probe)?;
    let tolerance = probe.rounding();
    let nonlinearity = linearity(&operator);
    let sweep = Sweep::of(&operator);
    let equivalence = find(&operator, &sweep, tolerance);
    let equivalent = &equivalence.equivalent;
    let side = usize::from(equivalent.flip);
    let kernel = match equivalent.operation {
        Operation::Convolution {
            taps,
            surround: Surround::Zeros,
        } => sweep.padded[side].cut(taps, [0, 0]),
        _ => sweep.circular[side].clone(),
    };
    let response = kernel.response();
    let mixing = mixing::measure(&operator, &sweep, equivalence.is_equal.then_some(&kernel));
    let [shift_error, flipped_shift_error] = shift_errors(&operator);
    let smaller = probe.size[0].min(probe.size[1]);
    let windows = (1..=LARGEST_WINDOW)
        .step_by(2)
        .filter(|taps| *taps <= smaller);
    Ok(MapReport {
        channels: [probe.channels, operator.outputs],
        size: probe.size,
        positions: sweep.positions,
        nonlinearity,
        is_linear: nonlinearity <= tolerance,
        offset: (energy(&operator.offset.values) / operator.offset.values.len() as f64).sqrt(),
        shift_error,
        flipped_shift_error,
        mixing,
        energy_radius: kernel.energy_radius(),
        windows: windows
            .map(|taps| WindowShare {
                taps,
                share: kernel.share_within(taps),
            })
            .collect(),
        wrapped: sweep.wrapped(side),
        ahead: [0, 1].map(|axis| sweep.ahead(side, axis)),
        conditioning: Conditioning::of(&response.gain()),
        equivalence,
        kernel,
        response,
    })
}

/// How far a map is from linear.
pub(super) fn linearity(operator: &Operator) -> f64 {
    let mut generator = operator.probe.generator(1);
    let [x, y] = [(), ()].map(|()| operator.probe.noise(IMAGES, &mut generator));
    let [a, b] = [0.75, -1.5];
    let mixed = |x: &[f64], y: &[f64]| -> Vec<f64> {
        x.iter().zip(y).map(|(x, y)| a * x + b * y).collect()
    };
    let mut sum = x.clone();
    sum.values = mixed(&x.values, &y.values);
    let got = operator.apply(&sum);
    let [x, y] = [x, y].map(|images| operator.apply(&images));
    relative(&mixed(&x.values, &y.values), &got.values)
}

/// How far a map is from taking shifted images to shifted ones, and to ones shifted the other way.
fn shift_errors(operator: &Operator) -> [f64; 2] {
    let probe = operator.probe;
    let mut generator = probe.generator(7);
    let images = probe.noise(IMAGES, &mut generator);
    let answers = operator.apply(&images);
    let mut sums = [0.0; 2];
    for _ in 0..IMAGES {
        let shift = probe.size.map(|size| generator.below(size));
        let back = [0, 1].map(|axis| (probe.size[axis] - shift[axis]) % probe.size[axis]);
        let got = operator.apply(&images.shifted(shift));
        for (sum, shift) in sums.iter_mut().zip([shift, back]) {
            let want = answers.shifted(shift);
            *sum += relative(&got.values, &want.values).powi(2) / IMAGES as f64;
        }
    }
    sums.map(f64::sqrt)
}
