//! From which kernel size the spectrum wins, over image sizes, channels and groups.

use burn::tensor::Device;
use burn_spectral::SpectralError;
use serde::Serialize;

use super::{Advice, Budget, Question, Way};

/// Kernel sizes of the sweep.
const KERNELS: [usize; 9] = [3, 5, 7, 9, 11, 15, 21, 31, 47];

/// Convolutions that differ in the kernel alone.
#[derive(Clone, Debug, Serialize)]
pub struct Family {
    /// What the others are.
    pub name: String,
    /// With a kernel of 1.
    pub question: Question,
}

/// One kernel size of a family.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// Height and width of the kernel.
    pub kernel: usize,
    /// Every algorithm.
    pub ways: Vec<Way>,
}

/// A family, measured.
#[derive(Clone, Debug, Serialize)]
pub struct Crossover {
    /// What was measured.
    pub family: Family,
    /// By kernel size.
    pub cases: Vec<Case>,
    /// The smallest kernel measured from which on the spectrum is always faster.
    pub measured_from: Option<usize>,
    /// The smallest kernel of the same sizes from which on it is predicted to be.
    pub predicted_from: Option<usize>,
}

impl Case {
    /// The fastest way, as measured, with its milliseconds.
    fn best(&self) -> Option<(&Way, f64)> {
        let measured = self
            .ways
            .iter()
            .filter_map(|way| Some((way, way.fwdbwd_ms?)));
        measured.min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// What the chosen way takes, relative to the fastest one.
    pub fn loss(&self) -> Option<f64> {
        let chosen = self.ways.iter().find(|way| way.chosen)?.fwdbwd_ms?;
        Some(chosen / self.best()?.1)
    }
}

impl Crossover {
    fn from(cases: &[Case], is_direct: impl Fn(&Case) -> Option<bool>) -> Option<usize> {
        let last_direct = cases.iter().rposition(|case| is_direct(case) == Some(true));
        let first = last_direct.map_or(0, |at| at + 1);
        cases.get(first).map(|case| case.kernel)
    }
}

fn families() -> Vec<Family> {
    let family = |batch, [inputs, outputs]: [usize; 2], groups, size: usize| {
        let kind = match groups {
            1 => "dense".to_string(),
            groups if groups == inputs && groups == outputs => "depthwise".to_string(),
            groups => format!("{groups} groups"),
        };
        Family {
            name: format!("{kind}, {inputs}→{outputs}, {size}², batch {batch}"),
            question: Question {
                batch,
                inputs,
                outputs,
                groups,
                size: [size; 2],
                kernel: 1,
                stride: 1,
                recompute: false,
            },
        }
    };
    vec![
        family(8, [16, 16], 1, 32),
        family(8, [16, 16], 1, 64),
        family(2, [16, 16], 1, 128),
        family(2, [3, 16], 1, 128),
        family(8, [64, 64], 1, 32),
        family(4, [64, 64], 1, 64),
        family(8, [64, 64], 8, 64),
        family(8, [64, 64], 64, 14),
        family(8, [64, 64], 64, 32),
        family(8, [64, 64], 64, 64),
        family(4, [32, 32], 32, 128),
    ]
}

/// Measures the sweep; `progress` is told of every family.
///
/// # Errors
/// When a shape is refused, which none of them is.
pub fn crossovers(
    device: &Device,
    budget: Budget,
    progress: impl Fn(&Family),
) -> Result<Vec<Crossover>, SpectralError> {
    let mut all = Vec::new();
    for family in families() {
        progress(&family);
        let mut cases = Vec::new();
        for kernel in KERNELS {
            // Beyond twice the image every further tap meets zeros alone.
            if kernel > 2 * family.question.size[0] {
                continue;
            }
            let question = Question {
                kernel,
                ..family.question.clone()
            };
            let Advice { ways, .. } = question.advise(device, budget)?;
            cases.push(Case { kernel, ways });
        }
        let measured_from = Crossover::from(&cases, |case| {
            case.best().map(|(way, _)| way.algorithm == "direct")
        });
        let predicted_from = Crossover::from(&cases, |case| {
            let chosen = case.ways.iter().find(|way| way.chosen);
            chosen.map(|way| way.algorithm == "direct")
        });
        all.push(Crossover {
            family,
            cases,
            measured_from,
            predicted_from,
        });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(kernel: usize, direct_ms: f64, whole_ms: f64, is_direct: bool) -> Case {
        let way = |algorithm: &str, ms, chosen| Way {
            algorithm: algorithm.into(),
            chosen,
            predicted_fwd_ms: 1.0,
            predicted_fwdbwd_ms: 3.0,
            fwd_ms: Some(ms / 3.0),
            fwdbwd_ms: Some(ms),
            memory_bytes: 0,
        };
        Case {
            kernel,
            ways: vec![
                way("direct", direct_ms, is_direct),
                way("whole", whole_ms, !is_direct),
            ],
        }
    }

    #[test]
    fn a_crossover_is_where_direct_stops_winning_for_good() {
        let cases = [
            case(3, 2.0, 1.0, true),
            case(5, 1.0, 2.0, true),
            case(7, 4.0, 2.0, true),
            case(9, 8.0, 2.0, false),
        ];
        let fastest = |case: &Case| case.best().map(|(way, _)| way.algorithm == "direct");
        assert_eq!(Crossover::from(&cases, fastest), Some(7));
        assert_eq!(Crossover::from(&cases[..2], fastest), None);
        assert_eq!(cases[2].loss(), Some(2.0));
        assert_eq!(cases[3].loss(), Some(1.0));
    }
}
