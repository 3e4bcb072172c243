//! From which kernel size on FFT convolution is faster than direct convolution, measured and predicted.

mod page;

use serde_json::json;

use spectral_lab::advise::{Budget, Crossover, Family, KERNELS, families};
use spectral_lab::report::Report;

use crate::kit::Extents;
use crate::{StudyError, StudyInfo, StudyRun};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "crossover",
    summary: "kernel size from which FFT convolution is faster than direct convolution",
    question: "From which kernel size on is FFT convolution faster than direct convolution, and does \
               the cost model predict it?",
    source: "Mathieu, Henaff and LeCun, Fast Training of Convolutional Networks through FFTs, 2014",
    budget: None,
    make,
};

/// What is measured.
struct Extent {
    families: Vec<Family>,
    kernels: Vec<usize>,
    budget: Budget,
}

fn full() -> Extent {
    Extent {
        families: families(),
        kernels: KERNELS.to_vec(),
        budget: Budget {
            seconds: 0.1,
            runs: (3, 20),
            patience: 0.8,
        },
    }
}

/// A dense and a depthwise family of small images.
fn quick() -> Extent {
    let is_small = |family: &Family| {
        let question = &family.question;
        question.size == [32, 32] && (question.groups > 1 || question.inputs == 16)
    };
    Extent {
        families: families().into_iter().filter(is_small).collect(),
        kernels: vec![3, 7, 15, 31],
        budget: Budget {
            seconds: 0.02,
            runs: (3, 5),
            patience: 1.5,
        },
    }
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let extent = Extents {
        full: full(),
        quick: quick(),
    }
    .of(run);
    let mut all = Vec::new();
    for family in &extent.families {
        all.push(measured(run, family, &extent)?);
    }
    page::page(run, &extent, &all)
}

fn measured(
    run: &mut StudyRun<'_>,
    family: &Family,
    extent: &Extent,
) -> Result<Crossover, StudyError> {
    let Budget {
        seconds,
        runs,
        patience,
    } = extent.budget;
    let settings = json!({
        "family": family,
        "kernels": extent.kernels,
        "seconds": seconds,
        "runs": runs,
        "patience": patience,
    });
    run.step(&step_name(&family.name), settings, |run| {
        Ok(family.measure(&extent.kernels, run.device(), extent.budget)?)
    })
}

/// The name of a family as that of a file: its letters and digits, with dashes between.
fn step_name(family: &str) -> String {
    let words = family.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_a_step_of_its_own() {
        let mut names: Vec<String> = families().iter().map(|f| step_name(&f.name)).collect();
        assert_eq!(names[0], "dense-16-16-32-batch-8");
        names.sort();
        names.dedup();
        assert_eq!(names.len(), families().len());
    }

    #[test]
    fn a_quick_look_has_dense_and_depthwise_convolutions() {
        let groups: Vec<usize> = quick().families.iter().map(|f| f.question.groups).collect();
        assert_eq!(groups, [1, 64]);
    }
}
