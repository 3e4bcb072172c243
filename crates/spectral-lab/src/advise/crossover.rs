//! The kernel size from which FFT evaluation is faster, for many image sizes, channels and groups.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use super::{Advice, AdviseError, Budget, Question, Way};

/// Kernel sizes of the sweep.
pub const KERNELS: [usize; 9] = [3, 5, 7, 9, 11, 15, 21, 31, 47];

/// Convolutions that differ only in kernel size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Family {
    /// A description.
    pub name: String,
    /// The convolution with a kernel size of 1.
    pub question: Question,
}

/// The measurements at one kernel size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Height and width of the kernel.
    pub kernel: usize,
    /// All algorithms.
    pub ways: Vec<Way>,
}

/// The measurements of a family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Crossover {
    /// The family.
    pub family: Family,
    /// By kernel size.
    pub cases: Vec<Case>,
    /// The smallest kernel size measured from which FFT is always faster.
    pub measured_from: Option<usize>,
    /// The smallest of the same kernel sizes from which FFT is predicted to be faster.
    pub predicted_from: Option<usize>,
}

impl Case {
    /// The fastest measured algorithm and its milliseconds.
    fn best(&self) -> Option<(&Way, f64)> {
        let measured = self
            .ways
            .iter()
            .filter_map(|way| Some((way, way.fwdbwd_ms?)));
        measured.min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// The time of the chosen algorithm relative to the fastest.
    pub fn loss(&self) -> Option<f64> {
        let chosen = self.ways.iter().find(|way| way.chosen)?.fwdbwd_ms?;
        Some(chosen / self.best()?.1)
    }
}

impl Crossover {
    fn from(cases: &[Case], is_direct: impl Fn(&Case) -> Option<bool>) -> Option<usize> {
        // Algorithms without a time are skipped.
        let known = cases.iter();
        let known = known.filter_map(|case| Some((case.kernel, is_direct(case)?)));
        let known: Vec<(usize, bool)> = known.collect();
        let last_direct = known.iter().rposition(|(_, is_direct)| *is_direct);
        let first = last_direct.map_or(0, |at| at + 1);
        known.get(first).map(|(kernel, _)| *kernel)
    }
}

/// The accuracy of the cost model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picks {
    /// Number of convolutions measured.
    pub of: usize,
    /// Number of them for which the model picks the fastest algorithm.
    pub right: usize,
    /// Mean time of its pick relative to the fastest, over the others; 0 if there are none.
    pub mean_loss: f64,
    /// The same for the worst of them; 1 if there are none.
    pub worst_loss: f64,
}

/// Evaluates the cost model on the measurements.
pub fn picks(all: &[Crossover]) -> Picks {
    let losses: Vec<f64> = (all.iter())
        .flat_map(|crossover| crossover.cases.iter().filter_map(Case::loss))
        .collect();
    let missed: Vec<f64> = losses.iter().copied().filter(|loss| *loss > 1.0).collect();
    Picks {
        of: losses.len(),
        right: losses.len() - missed.len(),
        mean_loss: missed.iter().sum::<f64>() / missed.len().max(1) as f64,
        worst_loss: missed.iter().copied().fold(1.0, f64::max),
    }
}

impl Family {
    /// Measures the family at the given kernel sizes up to twice the image size: taps beyond only
    /// meet zeros.
    ///
    /// # Errors
    /// If a shape is invalid.
    pub fn measure(
        &self,
        kernels: &[usize],
        device: &Device,
        budget: Budget,
    ) -> Result<Crossover, AdviseError> {
        let kernels = kernels
            .iter()
            .filter(|kernel| **kernel <= 2 * self.question.size[0]);
        let cases = kernels.map(|&kernel| {
            let question = Question {
                kernel,
                ..self.question.clone()
            };
            let Advice { ways, .. } = question.advise(device, budget)?;
            Ok(Case { kernel, ways })
        });
        let cases = cases.collect::<Result<Vec<_>, AdviseError>>()?;
        let measured_from = Crossover::from(&cases, |case| {
            case.best().map(|(way, _)| way.algorithm == "direct")
        });
        let predicted_from = Crossover::from(&cases, |case| {
            let chosen = case.ways.iter().find(|way| way.chosen);
            chosen.map(|way| way.algorithm == "direct")
        });
        Ok(Crossover {
            family: self.clone(),
            cases,
            measured_from,
            predicted_from,
        })
    }
}

/// The families to measure.
pub fn families() -> Vec<Family> {
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

/// Measures all families; calls `progress` with each.
///
/// # Errors
/// If a shape is invalid, which none of them is.
pub fn crossovers(
    device: &Device,
    budget: Budget,
    progress: impl Fn(&Family),
) -> Result<Vec<Crossover>, AdviseError> {
    let measured = families().into_iter().map(|family| {
        progress(&family);
        family.measure(&KERNELS, device, budget)
    });
    measured.collect()
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
        // Kernels that took too long to be timed have no part in it.
        let timed = |case: &Case| fastest(case).filter(|_| case.kernel != 7);
        assert_eq!(Crossover::from(&cases, timed), Some(9));
        assert_eq!(Crossover::from(&cases, |_| None), None);
        assert_eq!(cases[2].loss(), Some(2.0));
        assert_eq!(cases[3].loss(), Some(1.0));
    }

    #[test]
    fn picks_are_counted_with_what_the_missed_ones_cost() {
        let family = families().remove(0);
        let crossover = Crossover {
            cases: vec![
                case(3, 2.0, 1.0, true),
                case(5, 1.0, 2.0, true),
                case(7, 4.0, 1.0, true),
            ],
            family,
            measured_from: None,
            predicted_from: None,
        };
        let found = picks(&[crossover]);
        assert_eq!((found.of, found.right), (3, 1));
        assert_eq!((found.mean_loss, found.worst_loss), (3.0, 4.0));
        let none = picks(&[]);
        assert_eq!((none.of, none.mean_loss, none.worst_loss), (0, 0.0, 1.0));
    }

    #[test]
    fn kernels_beyond_twice_the_image_are_left_out() {
        let family = Family {
            name: "small".into(),
            question: Question {
                batch: 1,
                inputs: 1,
                outputs: 1,
                groups: 1,
                size: [4, 4],
                kernel: 1,
                stride: 1,
                recompute: false,
            },
        };
        let budget = Budget {
            seconds: 0.0,
            ..Budget::default()
        };
        let measured = family.measure(&[3, 8, 9], &Device::flex(), budget).unwrap();
        let kernels: Vec<usize> = measured.cases.iter().map(|case| case.kernel).collect();
        assert_eq!(kernels, [3, 8]);
    }
}
