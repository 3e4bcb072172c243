//! What of each complaint is true, by rules that are stated beside it.

use burn::module::Module;
use burn_spectral::fft::Rfft2;

use spectral_lab::report::{Spread, chance::margin_of_mean};

use super::super::comparison::{Compared, points};
use super::cost::Timed;
use super::gradients::Operation;
use super::zero::Polar;
use super::{Figures, MAGNITUDES};

/// Errors below this are those of single precision.
const EXACT: f64 = 1e-5;

/// So many times the error of a convolution's gradient is more than its error.
const WORSE: f64 = 10.0;

/// Share of the frequencies above which a pixel reaches all of them.
const ALL: f64 = 0.99;

/// What came of a complaint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Holds,
    Fails,
    /// Within chance.
    Open,
}

impl Verdict {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Holds => "yes",
            Self::Fails => "no",
            Self::Open => "undecided",
        }
    }

    fn of(holds: bool) -> Self {
        match holds {
            true => Self::Holds,
            false => Self::Fails,
        }
    }
}

/// A complaint as it can be measured.
#[derive(Clone, Debug)]
pub(super) struct Complaint {
    /// Which of the five it belongs to.
    pub(super) number: usize,
    pub(super) claim: &'static str,
    pub(super) verdict: Verdict,
    /// What it is about.
    pub(super) about: &'static str,
    pub(super) mended_by: &'static str,
    pub(super) figure: String,
    /// When it is said to hold.
    pub(super) rule: String,
}

/// How much better one network is than another, seed by seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Gap {
    pub(super) mean: f64,
    /// Half the 95 % interval of the mean; none of one seed.
    pub(super) margin: Option<f64>,
}

impl Gap {
    pub(super) fn of(compared: &Compared, better: &str, worse: &str) -> Option<Self> {
        let (better, worse) = (compared.find(better)?, compared.find(worse)?);
        Some(Self::from(better.minus(worse)))
    }

    /// Whether the first is better, by more than its interval.
    pub(super) fn verdict(self) -> Verdict {
        let margin = self.margin.unwrap_or(f64::INFINITY);
        match self.mean {
            mean if mean > margin => Verdict::Holds,
            mean if mean < -margin => Verdict::Fails,
            _ => Verdict::Open,
        }
    }

    fn words(self) -> String {
        let margin = self
            .margin
            .map_or_else(String::new, |margin| format!(" ± {:.2}", 100.0 * margin));
        format!("{}{margin} points", points(self.mean))
    }
}

impl From<Vec<f64>> for Gap {
    /// Of differences seed by seed.
    fn from(differences: Vec<f64>) -> Self {
        let count = differences.len().max(1) as f64;
        Self {
            mean: differences.iter().sum::<f64>() / count,
            margin: Spread::of(differences.into_iter()).map(margin_of_mean),
        }
    }
}

/// All complaints that the figures say something about.
pub(super) fn complaints(of: &Figures) -> Vec<Complaint> {
    let found = [
        parameters(of),
        learning(of),
        information(of),
        magnitude(of),
        carried(of),
        price(of),
        share(of),
        exactness(of),
        at_zero(of),
        scale(of),
        spread(of),
        local(of),
    ];
    found.into_iter().flatten().collect()
}

fn by_gap(
    of: &Figures,
    [better, worse]: [&'static str; 2],
    complaint: Complaint,
) -> Option<Complaint> {
    let gap = Gap::of(&of.compared, better, worse)?;
    Some(Complaint {
        verdict: gap.verdict(),
        figure: format!("{better} less {worse}: {}", gap.words()),
        ..complaint
    })
}

fn blank(number: usize, claim: &'static str) -> Complaint {
    Complaint {
        number,
        claim,
        verdict: Verdict::Open,
        about: "",
        mended_by: "–",
        figure: String::new(),
        rule: String::new(),
    }
}

fn parameters(_of: &Figures) -> Option<Complaint> {
    let count = Rfft2::default().num_params();
    Some(Complaint {
        verdict: Verdict::of(count == 0),
        about: "every transform",
        mended_by: "a learned gate a frequency, or layers behind it",
        figure: format!("{count} parameters in rfft2"),
        rule: "The layer has no parameters.".into(),
        ..blank(1, "the transform has nothing to learn")
    })
}

fn learning(of: &Figures) -> Option<Complaint> {
    let found = by_gap(of, ["fft-only-repaired", "fft-only"], Complaint {
        about: "fft-only",
        mended_by: "the imaginary part, and a hidden layer",
        rule: "The same transform with its imaginary part and a hidden layer behind it is no better than \
               with a linear head on its real part."
            .into(),
        ..blank(1, "a network cannot learn on it")
    })?;
    Some(Complaint {
        verdict: match found.verdict {
            Verdict::Holds => Verdict::Fails,
            Verdict::Fails => Verdict::Holds,
            Verdict::Open => Verdict::Open,
        },
        ..found
    })
}

fn information(of: &Figures) -> Option<Complaint> {
    Some(Complaint {
        verdict: Verdict::of(of.kept.round_trip > EXACT),
        about: "rfft2, complex",
        figure: format!("error {:.0e} there and back", of.kept.round_trip),
        rule: format!("Images transformed there and back differ by more than {EXACT:.0e}."),
        ..blank(2, "the transform loses information")
    })
}

fn magnitude(of: &Figures) -> Option<Complaint> {
    by_gap(
        of,
        ["fft-magnitude-repaired", "fft-magnitude"],
        Complaint {
            about: "fft-magnitude",
            mended_by: "cosine and sine of the phase beside it",
            rule: "With the phase beside the magnitude, and a hidden layer, a network is better."
                .into(),
            ..blank(2, "magnitude alone loses what matters")
        },
    )
}

fn carried(of: &Figures) -> Option<Complaint> {
    let baseline = of.exchanged.first()?;
    let differences = baseline.seeds.iter();
    let differences: Vec<f64> = differences
        .map(|found| found.as_phase - found.as_magnitude)
        .collect();
    Some(Complaint {
        verdict: Gap::from(differences).verdict(),
        about: "fft-cnn-small, and others below",
        figure: format!(
            "of mixed images {:.1} % as their phase, {:.1} % as their magnitude",
            100.0 * baseline.mean(|found| found.as_phase),
            100.0 * baseline.mean(|found| found.as_magnitude)
        ),
        rule: "The convolutional network names images of the phase of one and the magnitude of another \
               rather as the one."
            .into(),
        ..blank(2, "the phase carries what an image shows")
    })
}

fn price(of: &Figures) -> Option<Complaint> {
    let ratios: Vec<f64> = of.timed.iter().map(Timed::of_convolution).collect();
    let (least, most) = ends(&ratios)?;
    let dearer = ratios.iter().filter(|ratio| **ratio > 1.0).count();
    Some(Complaint {
        verdict: Verdict::of(2 * dearer > ratios.len()),
        about: "rfft2, forward and backward",
        figure: format!("{least:.2} to {most:.2} times a 3×3 convolution"),
        rule: "At most sizes it takes longer than a 3×3 convolution of as many channels.".into(),
        ..blank(3, "the transform is dear")
    })
}

fn share(of: &Figures) -> Option<Complaint> {
    let ratios: Vec<f64> = of.timed.iter().map(Timed::of_image_net).collect();
    let shares: Vec<f64> = of.timed.iter().map(Timed::of_step).collect();
    let ((least, most), (thin, thick)) = (ends(&ratios)?, ends(&shares)?);
    let dearer = ratios.iter().filter(|ratio| **ratio > 1.0).count();
    Some(Complaint {
        verdict: Verdict::of(2 * dearer > ratios.len()),
        about: "fft-only-repaired",
        figure: format!(
            "{least:.2} to {most:.2} times the step of fft-cnn-small, {:.0} to {:.0} % of it the transform",
            100.0 * thin,
            100.0 * thick
        ),
        rule: "At most sizes forward and backward pass of the network around it take longer than those of \
               the convolutional one."
            .into(),
        ..blank(3, "the transform makes training dear")
    })
}

fn ends(values: &[f64]) -> Option<(f64, f64)> {
    let least = values.iter().copied().min_by(f64::total_cmp)?;
    Some((least, values.iter().copied().max_by(f64::total_cmp)?))
}

/// The largest error of the gradients of an operation.
pub(super) fn largest(of: &Figures, operation: Operation) -> Option<f64> {
    let rows = of.exactness.iter().filter(|row| row.operation == operation);
    rows.map(|row| row.error).max_by(f64::total_cmp)
}

fn exactness(of: &Figures) -> Option<Complaint> {
    let convolution = largest(of, Operation::Convolution)?;
    let others = Operation::ALL
        .into_iter()
        .filter(|op| *op != Operation::Convolution);
    let worst = others
        .filter_map(|op| largest(of, op))
        .max_by(f64::total_cmp)?;
    Some(Complaint {
        verdict: Verdict::of(worst > WORSE * convolution),
        about: "rfft2, irfft2, magnitude, filters",
        figure: format!("{worst:.0e}, of a 3×3 convolution {convolution:.0e}"),
        rule: format!(
            "At some size the relative error of a gradient in f32 is more than {WORSE:.0} times that of \
             the 3×3 convolution."
        ),
        ..blank(4, "gradients through it are inexact")
    })
}

fn at_zero(of: &Figures) -> Option<Complaint> {
    let zero = MAGNITUDES.iter().position(|magnitude| *magnitude == 0.0)?;
    let at = |function| {
        let row = of.steepness.iter().find(|row| row.function == function)?;
        row.gradients.get(zero).copied()
    };
    let words = |gradient: Option<f64>| {
        gradient.map_or_else(|| "no number".to_string(), |gradient| format!("{gradient}"))
    };
    let (plain, ours) = (at(Polar::PlainMagnitude)?, at(Polar::Magnitude)?);
    Some(Complaint {
        verdict: Verdict::of(plain.is_none()),
        about: "√(re² + im²) at zero",
        mended_by: "the gradient taken as 0 there (abs)",
        figure: format!("{} as written, {} by abs", words(plain), words(ours)),
        rule: "The gradient of the formula at zero is no number.".into(),
        ..blank(4, "gradients of the magnitude break down")
    })
}

fn scale(of: &Figures) -> Option<Complaint> {
    let side = of.extent.sizes.iter().copied().max()?;
    let gain = |norm: &str| {
        let mut rows = of.gains.iter();
        let row = rows.find(|row| row.size == side && row.norm == norm);
        row.map(|row| row.transform)
    };
    let (backward, ortho) = (gain("backward")?, gain("ortho")?);
    Some(Complaint {
        verdict: Verdict::of(backward > WORSE * ortho),
        about: "a transform without norm",
        mended_by: "the norm ortho",
        figure: format!("times {backward:.0} at {side}×{side}, {ortho:.2} by ortho"),
        rule: format!(
            "At the largest size gradients grow more than {WORSE:.0} times as much as through a transform \
             that keeps lengths."
        ),
        ..blank(4, "gradients through it grow")
    })
}

fn spread(of: &Figures) -> Option<Complaint> {
    let whole = of.reaches.first()?;
    let share = whole.by_pixel / whole.outputs.max(1) as f64;
    let others: Vec<String> = of.reaches[1..]
        .iter()
        .map(|reach| {
            let share = 100.0 * reach.by_pixel / reach.outputs.max(1) as f64;
            format!("{share:.1} % of a {}", reach.map)
        })
        .collect();
    Some(Complaint {
        verdict: Verdict::of(share > ALL),
        about: "the transform of an image",
        mended_by: "patches; filters that lead back to the image",
        figure: format!(
            "a pixel reaches {:.1} % of the outputs; {}",
            100.0 * share,
            others.join(", ")
        ),
        rule: format!(
            "A pixel changes more than {:.0} % of the frequencies.",
            100.0 * ALL
        ),
        ..blank(5, "it takes the whole image at once")
    })
}

fn local(of: &Figures) -> Option<Complaint> {
    by_gap(
        of,
        ["fft-local", "fft-only-repaired"],
        Complaint {
            about: "fft-only-repaired",
            mended_by: "spectra of 8×8 patches",
            rule: "Features of the spectra of patches, as many parameters, are better.".into(),
            ..blank(5, "a network is worse for want of locality")
        },
    )
}

#[cfg(test)]
mod tests {
    use super::super::super::comparison::tests::compared;
    use super::*;

    #[test]
    fn a_gap_is_decided_by_its_interval() {
        // 1 point with every seed.
        let gap = Gap::of(&compared(), "twin", "net").unwrap();
        assert!((gap.mean - 0.01).abs() < 1e-9 && gap.margin.unwrap() < 1e-9);
        assert_eq!(gap.verdict(), Verdict::Holds);
        assert_eq!(gap.words(), "+1.00 ± 0.00 points");
        let back = Gap::of(&compared(), "net", "twin").unwrap();
        assert_eq!(back.verdict(), Verdict::Fails);
        // 10, 12 and 14 points: the margin of three is 4.303·2/√3.
        let gap = Gap::of(&compared(), "twin", "net-half").unwrap();
        assert!((gap.margin.unwrap() - 4.303 * 0.02 / 3.0_f64.sqrt()).abs() < 1e-4);
        let wide = Gap {
            mean: 0.1,
            margin: Some(0.2),
        };
        assert_eq!(wide.verdict(), Verdict::Open);
        let alone = Gap {
            mean: 0.1,
            margin: None,
        };
        assert_eq!(alone.verdict(), Verdict::Open);
        assert!(Gap::of(&compared(), "twin", "nobody").is_none());
    }
}
