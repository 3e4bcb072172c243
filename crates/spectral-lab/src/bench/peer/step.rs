//! Training steps in the peer.

use super::Peers;
use crate::bench::error::BenchError;
use crate::bench::step::{StepNetwork, StepSpec};
use crate::train::Target;

/// A training network of `networks.py` or `operators.py`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepForm {
    /// Its name there.
    pub network: String,
    /// The optimizer's implementation: PyTorch's `fused` or `foreach`, or neuraloperator's own.
    pub optimizer: &'static str,
    /// Whether the memory format is channels-last, which suits some convolutions better.
    pub channels_last: bool,
}

/// Samples of a step.
pub struct StepSamples {
    /// Milliseconds of each step.
    pub ms: Vec<f64>,
    /// The four parts of each.
    pub parts: Vec<[f64; 4]>,
}

impl StepForm {
    /// All variants of a network worth timing, none without a PyTorch port; the fastest counts.
    pub fn of(spec: &StepSpec) -> Vec<Self> {
        let name = spec.name();
        let form = |network: &str, optimizer, channels_last| Self {
            network: network.into(),
            optimizer,
            channels_last,
        };
        let both = |network: &str| {
            vec![
                form(network, "fused", false),
                form(network, "foreach", false),
            ]
        };
        match name {
            "fno-darcy" | "fno-64" => vec![
                form("neuraloperator", "neuraloperator", false),
                form("neuraloperator", "foreach", false),
                form("plain_fno", "foreach", false),
                form("plain_fno", "fused", false),
            ],
            "cnn"
            | "lenet"
            | "vgg"
            | "cats-spatial"
            | "cats-spatial-deep"
            | "cifar-spatial"
            | "cifar-residual-spatial" => {
                let mut forms = both(name);
                forms.push(form(name, "fused", true));
                forms
            }
            "free1" | "free2" | "cats-fourier" | "cats-linear" | "cats-gaussian"
            | "cats-gaussian-deep" | "cifar-linear" => both(name),
            "kk1" => [
                both("kk1_vector"),
                vec![form("kk1_published", "fused", false)],
            ]
            .concat(),
            "kk2" => [
                both("kk2_vector"),
                vec![form("kk2_published", "fused", false)],
            ]
            .concat(),
            "cemnet-mnist-repaired" | "cemnet-cifar-repaired" => {
                let images = format!("{name}_images");
                let mut forms = both(&images);
                forms.push(form(&images, "fused", true));
                forms.push(form(&format!("{name}_spectra"), "fused", false));
                forms
            }
            "cemnet-mnist"
            | "cemnet-mnist-taps"
            | "cemnet-mnist-penalty"
            | "cemnet-mnist-unfixed"
            | "cemnet-cifar"
            | "cemnet-cifar-projected"
            | "cemnet-cifar-penalty"
            | "cemnet-cifar-unfixed"
            | "tfdmnet-cifar" => {
                let mut forms = both(&format!("{name}_mixed"));
                let others = ["complex", "einsum", "published"];
                forms.extend(others.map(|way| form(&format!("{name}_{way}"), "fused", false)));
                forms
            }
            _ => Vec::new(),
        }
    }

    /// The fields of a request for it.
    fn request(&self, spec: &StepSpec) -> serde_json::Value {
        let config = &spec.config;
        let mut settings = serde_json::json!({
            "network": self.network,
            "implementation": self.optimizer,
            "channels_last": self.channels_last,
            "shape": spec.shape(),
            "optimizer": config.optimizer,
            "rate": config.learning_rate,
        });
        let (kind, more) = match spec.network {
            StepNetwork::Images(info) => (
                "step",
                serde_json::json!({
                    "classes": info.input.classes,
                    "rebuilds": config.target == Target::Image,
                    "loss": config.loss,
                }),
            ),
            StepNetwork::Fields(case) => ("operator", case.request(config.batch_size)),
        };
        merge(&mut settings, more);
        serde_json::json!({ kind: settings })
    }
}

/// Adds the entries of an object to another.
pub(super) fn merge(object: &mut serde_json::Value, more: serde_json::Value) {
    if let (Some(object), serde_json::Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
}

impl Peers {
    /// Builds a step under a key in both processes and runs it once: returns the number of
    /// parameters, if reported, or why the variant is not available.
    ///
    /// # Errors
    /// If a process ended.
    pub fn prepare_step(
        &mut self,
        key: usize,
        form: &StepForm,
        spec: &StepSpec,
    ) -> Result<Result<Option<usize>, String>, BenchError> {
        let answer = self.build(key, form.request(spec))?;
        Ok(answer.map(|answer| answer.params))
    }

    /// Samples of a prepared step, as many as fit into `seconds` but at least one, in process
    /// number `runner`.
    ///
    /// # Errors
    /// If the process ended or the step failed.
    pub fn steps(
        &mut self,
        runner: usize,
        key: usize,
        seconds: f64,
        most: usize,
    ) -> Result<StepSamples, BenchError> {
        let request = serde_json::json!({
            "do": "time", "key": key, "pass": "step", "seconds": seconds, "most": most,
        });
        let (ms, answer) = self.time(runner, &request)?;
        match answer.parts {
            Some(parts) if parts.len() == ms.len() => Ok(StepSamples { ms, parts }),
            _ => {
                let reason = "returned step times without the times of the parts";
                Err(self.runners[runner].failure(reason.into()))
            }
        }
    }

    /// Peak megabytes of a step, counted as in [`peak_of_step`](crate::bench::peak_of_step); none
    /// if unknown.
    ///
    /// # Errors
    /// If the process ended.
    pub fn peak_step(
        &mut self,
        form: &StepForm,
        spec: &StepSpec,
    ) -> Result<Option<f64>, BenchError> {
        self.peak_of(form.request(spec))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::bench::operator::OperatorCase;
    use crate::bench::step::STEPS;
    use crate::bench::step::StepSubject;
    use crate::model::models;

    fn steps() -> impl Iterator<Item = StepSpec> {
        let operators = OperatorCase::all().iter().map(|case| case.name);
        let names = models().iter().map(|info| info.name).chain(operators);
        names.map(|name| StepSpec::new(name, Some(2)).unwrap())
    }

    #[test]
    fn every_form_is_one_that_the_script_builds() {
        let script = include_str!("../../../peers/networks.py");
        let products = include_str!("../../../peers/cemnet.py");
        let operators = include_str!("../../../peers/operators.py");
        let is_line = |name: &str, text: &str| text.contains(&format!("    \"{name}\": "));
        for spec in steps() {
            let forms = StepForm::of(&spec);
            let is_operator = matches!(spec.network, StepNetwork::Fields(_));
            let usual = is_operator || STEPS.contains(&spec.name());
            assert!(!usual || !forms.is_empty(), "{}", spec.name());
            for form in forms {
                let network = form.network.as_str();
                if is_operator {
                    assert!(is_line(network, operators), "{form:?}");
                    continue;
                }
                let is_written = network.rsplit_once('_').is_some_and(|(plan, way)| {
                    let ways = ["spectra", "images"];
                    is_line(plan, script) && (ways.contains(&way) || is_line(way, products))
                });
                assert!(is_written || is_line(network, script), "{form:?}");
            }
        }
    }

    #[test]
    fn networks_on_spectra_are_compared_in_every_way_to_write_them() {
        for (name, ways) in [
            (
                "cemnet-mnist",
                &["mixed", "complex", "einsum", "published"][..],
            ),
            ("cemnet-mnist-repaired", &["images", "spectra"]),
        ] {
            let forms = StepForm::of(&StepSpec::new(name, None).unwrap());
            for way in ways {
                let network = format!("{name}_{way}");
                assert!(
                    forms.iter().any(|form| form.network == network),
                    "{network}"
                );
            }
        }
    }

    /// Runs where TORCH_PYTHON names a Python with PyTorch.
    #[test]
    fn pytorch_learns_as_many_numbers_and_runs_every_step() {
        let Some(python) = std::env::var_os("TORCH_PYTHON") else {
            eprintln!("skipped: TORCH_PYTHON names no Python with PyTorch");
            return;
        };
        let mut peers = Peers::start(Path::new(&python), 1).unwrap();
        for spec in steps() {
            let forms = StepForm::of(&spec);
            if forms.is_empty() {
                continue;
            }
            let ours = StepSubject::new(&spec).unwrap().parameters();
            for form in forms {
                let params = match peers.prepare_step(0, &form, &spec).unwrap() {
                    // A package that is not installed, told once.
                    Err(reason) if reason.is_empty() || reason.contains("no package") => continue,
                    params => params,
                };
                assert_eq!(params, Ok(Some(ours)), "{form:?}");
                let samples = peers.steps(1, 0, 0.0, 1).unwrap();
                let sum: f64 = samples.parts[0].iter().sum();
                assert!(sum > 0.0 && sum <= samples.ms[0], "{form:?}");
                peers.forget().unwrap();
            }
        }
        let spec = StepSpec::new("vgg", Some(2)).unwrap();
        let form = &StepForm::of(&spec)[0];
        #[cfg(target_os = "linux")]
        // Weights, gradients and two moments.
        assert!(peers.peak_step(form, &spec).unwrap().unwrap() > 4.0 * 4e-6 * 4_181_514.0);
    }
}
