//! Which claims of each complaint hold, by rules that the page states beside them.

use burn::module::Module;
use burn_spectral::fft::Rfft2;
use serde::Serialize;

use super::cost::Timed;
use super::gradients::Operation;
use super::zero::Polar;
use super::{Figures, MAGNITUDES};
use crate::kit::comparison::{Compared, Mean};

/// Errors below this are those of single precision.
const EXACT: f64 = 1e-5;

/// So many times the error of a convolution's gradient is more than its error.
const WORSE: f64 = 10.0;

/// Share of the frequencies above which a pixel reaches all of them.
const ALL: f64 = 0.99;

/// What came of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Verdict {
    #[serde(rename = "yes")]
    Holds,
    #[serde(rename = "no")]
    Fails,
    /// Within chance.
    #[serde(rename = "undecided")]
    Open,
}

impl Verdict {
    fn of(holds: bool) -> Self {
        match holds {
            true => Self::Holds,
            false => Self::Fails,
        }
    }

    /// Whether a difference is above zero by more than its interval.
    fn by_sign(difference: Mean) -> Self {
        match (difference.is_significant(), difference.mean > 0.0) {
            (Some(true), true) => Self::Holds,
            (Some(true), false) => Self::Fails,
            _ => Self::Open,
        }
    }

    fn opposite(self) -> Self {
        match self {
            Self::Holds => Self::Fails,
            Self::Fails => Self::Holds,
            Self::Open => Self::Open,
        }
    }
}

/// A claim with what decides it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Claim<T> {
    holds: Verdict,
    figure: T,
}

impl<T> Claim<T> {
    fn new(holds: Verdict, figure: T) -> Self {
        Self { holds, figure }
    }
}

/// The claims in the order of the page, each after the figure that decides it, and the limits of their
/// rules.
#[derive(Debug, Serialize)]
pub(super) struct Complaints {
    exact: f64,
    worse: f64,
    all: f64,
    /// Parameters of the transform.
    parameters: Claim<usize>,
    /// fft-only-repaired minus fft-only.
    learning: Claim<Mean>,
    /// The error of a round trip.
    information: Claim<f64>,
    /// fft-magnitude-repaired minus fft-magnitude.
    magnitude: Claim<Mean>,
    /// Shares of mixed images classified as the image of their phase and of their magnitude.
    phase: Claim<[f64; 2]>,
    /// The least and the most time relative to a convolution.
    time: Claim<[f64; 2]>,
    /// The same of the networks, and the share of the transform.
    training: Claim<Training>,
    /// The largest error of a gradient, and that of a convolution.
    gradients: Claim<[f64; 2]>,
    /// The gradient of the magnitude at zero: of the formula, and of this library.
    at_zero: Claim<[Option<f64>; 2]>,
    growth: Claim<Growth>,
    whole: Claim<Whole>,
    /// fft-local minus fft-only-repaired.
    locality: Claim<Mean>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Training {
    ratios: [f64; 2],
    shares: [f64; 2],
}

/// How much longer gradients are behind a transform of the largest size.
#[derive(Clone, Copy, Debug, Serialize)]
struct Growth {
    size: [usize; 2],
    backward: f64,
    ortho: f64,
}

/// The share of the outputs that a pixel changes.
#[derive(Debug, Serialize)]
struct Whole {
    share: f64,
    /// The same of other maps.
    others: Vec<(String, f64)>,
}

/// What came of all claims; none where something was not measured.
pub(super) fn complaints(of: &Figures) -> Option<Complaints> {
    let parameters = Rfft2::default().num_params();
    let learning = difference(&of.compared, "fft-only-repaired", "fft-only")?;
    let magnitude = difference(&of.compared, "fft-magnitude-repaired", "fft-magnitude")?;
    let locality = difference(&of.compared, "fft-local", "fft-only-repaired")?;
    Some(Complaints {
        exact: EXACT,
        worse: WORSE,
        all: ALL,
        parameters: Claim::new(Verdict::of(parameters == 0), parameters),
        learning: Claim::new(Verdict::by_sign(learning).opposite(), learning),
        information: Claim::new(Verdict::of(of.kept.round_trip > EXACT), of.kept.round_trip),
        magnitude: Claim::new(Verdict::by_sign(magnitude), magnitude),
        phase: phase(of)?,
        time: time(of)?,
        training: training(of)?,
        gradients: gradients(of)?,
        at_zero: at_zero(of)?,
        growth: growth(of)?,
        whole: whole(of)?,
        locality: Claim::new(Verdict::by_sign(locality), locality),
    })
}

/// How much better one network is than another, seed by seed.
fn difference(compared: &Compared, better: &str, worse: &str) -> Option<Mean> {
    let differences = compared.find(better)?.minus(compared.find(worse)?);
    Some(Mean::of(&differences))
}

fn phase(of: &Figures) -> Option<Claim<[f64; 2]>> {
    let baseline = of.exchanged.first()?;
    let seeds = baseline.seeds.iter();
    let differences: Vec<f64> = seeds
        .map(|found| found.as_phase - found.as_magnitude)
        .collect();
    Some(Claim::new(
        Verdict::by_sign(Mean::of(&differences)),
        [
            baseline.mean(|found| found.as_phase),
            baseline.mean(|found| found.as_magnitude),
        ],
    ))
}

/// Whether most of the ratios are above 1.
fn mostly_longer(ratios: &[f64]) -> Verdict {
    let longer = ratios.iter().filter(|ratio| **ratio > 1.0).count();
    Verdict::of(2 * longer > ratios.len())
}

fn ends(values: &[f64]) -> Option<[f64; 2]> {
    let least = values.iter().copied().min_by(f64::total_cmp)?;
    Some([least, values.iter().copied().max_by(f64::total_cmp)?])
}

fn time(of: &Figures) -> Option<Claim<[f64; 2]>> {
    let ratios: Vec<f64> = of.timed.iter().map(Timed::of_convolution).collect();
    Some(Claim::new(mostly_longer(&ratios), ends(&ratios)?))
}

fn training(of: &Figures) -> Option<Claim<Training>> {
    let ratios: Vec<f64> = of.timed.iter().map(Timed::of_image_net).collect();
    let shares: Vec<f64> = of.timed.iter().map(Timed::of_step).collect();
    let training = Training {
        ratios: ends(&ratios)?,
        shares: ends(&shares)?,
    };
    Some(Claim::new(mostly_longer(&ratios), training))
}

/// The largest error of the gradients of an operation.
pub(super) fn largest(of: &Figures, operation: Operation) -> Option<f64> {
    let rows = of.exactness.iter().filter(|row| row.operation == operation);
    rows.map(|row| row.error).max_by(f64::total_cmp)
}

fn gradients(of: &Figures) -> Option<Claim<[f64; 2]>> {
    let convolution = largest(of, Operation::Convolution)?;
    let others = Operation::ALL
        .into_iter()
        .filter(|op| *op != Operation::Convolution);
    let worst = others
        .filter_map(|op| largest(of, op))
        .max_by(f64::total_cmp)?;
    let is_worse = Verdict::of(worst > WORSE * convolution);
    Some(Claim::new(is_worse, [worst, convolution]))
}

fn at_zero(of: &Figures) -> Option<Claim<[Option<f64>; 2]>> {
    let zero = MAGNITUDES.iter().position(|magnitude| *magnitude == 0.0)?;
    let at = |function| {
        let row = of.steepness.iter().find(|row| row.function == function)?;
        row.gradients.get(zero).copied()
    };
    let (plain, ours) = (at(Polar::PlainMagnitude)?, at(Polar::Magnitude)?);
    Some(Claim::new(Verdict::of(plain.is_none()), [plain, ours]))
}

fn growth(of: &Figures) -> Option<Claim<Growth>> {
    let side = of.extent.sizes.iter().copied().max()?;
    let gain = |norm: &str| {
        let mut rows = of.gains.iter();
        let row = rows.find(|row| row.size == side && row.norm == norm);
        row.map(|row| row.transform)
    };
    let (backward, ortho) = (gain("backward")?, gain("ortho")?);
    let growth = Growth {
        size: [side; 2],
        backward,
        ortho,
    };
    Some(Claim::new(Verdict::of(backward > WORSE * ortho), growth))
}

fn whole(of: &Figures) -> Option<Claim<Whole>> {
    let shares = of.reaches.iter().map(|reach| {
        let share = reach.by_pixel / reach.outputs.max(1) as f64;
        (reach.map.clone(), share)
    });
    let mut shares = shares.collect::<Vec<_>>().into_iter();
    let (_, share) = shares.next()?;
    let others = shares.collect();
    Some(Claim::new(
        Verdict::of(share > ALL),
        Whole { share, others },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::comparison::tests::compared;

    #[test]
    fn a_difference_is_decided_by_its_interval() {
        // 1 point with every seed.
        let one = difference(&compared(), "twin", "net").unwrap();
        assert!((one.mean - 0.01).abs() < 1e-9 && one.margin.unwrap() < 1e-9);
        assert_eq!(Verdict::by_sign(one), Verdict::Holds);
        let back = difference(&compared(), "net", "twin").unwrap();
        assert_eq!(Verdict::by_sign(back), Verdict::Fails);
        assert_eq!(Verdict::by_sign(back).opposite(), Verdict::Holds);
        // 10, 12 and 14 points: the margin of three is 4.303·2/√3.
        let apart = difference(&compared(), "twin", "net-half").unwrap();
        assert!((apart.margin.unwrap() - 4.303 * 0.02 / 3.0_f64.sqrt()).abs() < 1e-4);
        for margin in [Some(0.2), None] {
            let open = Verdict::by_sign(Mean { mean: 0.1, margin });
            assert_eq!((open, open.opposite()), (Verdict::Open, Verdict::Open));
        }
        assert!(difference(&compared(), "twin", "nobody").is_none());
    }
}
