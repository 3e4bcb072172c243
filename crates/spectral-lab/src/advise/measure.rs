//! Times the algorithms on this machine.

use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::conv::{FftConvAlgorithm, InitFft};
use burn_spectral::ops::SavedSpectrum;

use super::Question;

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Seconds of runs per pass.
    pub seconds: f64,
    /// Minimum and maximum number of runs; the median counts.
    pub runs: (usize, usize),
    /// A pass that took longer than this, in seconds, is not repeated.
    pub patience: f64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            seconds: 0.3,
            runs: (3, 40),
            patience: 1.5,
        }
    }
}

/// Median milliseconds; none if a run took too long to be repeated.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// A forward pass.
    pub fwd_ms: Option<f64>,
    /// A forward and backward pass with the gradients of input and weight.
    pub fwdbwd_ms: Option<f64>,
}

/// Times `run` after one warm-up run.
fn time(budget: Budget, mut run: impl FnMut()) -> Option<f64> {
    let mut once = || {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    };
    if once() > budget.patience {
        return None;
    }
    let (mut times, mut sum) = (Vec::new(), 0.0);
    while times.len() < budget.runs.0 || (sum < budget.seconds && times.len() < budget.runs.1) {
        let seconds = once();
        sum += seconds;
        times.push(seconds);
    }
    times.sort_by(f64::total_cmp);
    Some(times[times.len() / 2] * 1e3)
}

/// Times an algorithm on random images in float32.
pub fn measure(
    question: &Question,
    algorithm: FftConvAlgorithm,
    device: &Device,
    budget: Budget,
) -> Measured {
    let saved = match question.recompute {
        true => SavedSpectrum::Recompute,
        false => SavedSpectrum::Keep,
    };
    let [height, width] = question.size;
    let dims = [question.batch, question.inputs, height, width];
    let prepare = |device: &Device| {
        let layer = question.config().init_fft(device);
        let x = Tensor::<4>::random(dims, Distribution::Default, device);
        (
            layer.with_algorithm(algorithm).with_saved_spectrum(saved),
            x,
        )
    };
    let (layer, x) = prepare(device);
    let fwd_ms = time(budget, || {
        layer.forward(x.clone());
    });
    let (layer, x) = prepare(&device.clone().autodiff());
    let x = x.require_grad();
    let fwdbwd_ms = fwd_ms.and_then(|_| {
        time(budget, || {
            layer.forward(x.clone()).sum().backward();
        })
    });
    Measured { fwd_ms, fwdbwd_ms }
}
