//! Rollouts in the peer.

use super::Peers;
use super::step::merge;
use crate::bench::error::BenchError;
use crate::bench::rollout::RolloutSpec;

/// The networks of `operators.py`.
pub const ROLLOUT_FORMS: [&str; 2] = ["neuraloperator", "plain_fno"];

impl Peers {
    /// Builds a rollout under a key in both processes and runs it once. Returns none, or why the
    /// variant is not available.
    ///
    /// # Errors
    /// If a process ended.
    pub fn prepare_rollout(
        &mut self,
        key: usize,
        form: &str,
        spec: &RolloutSpec,
    ) -> Result<Option<String>, BenchError> {
        let mut settings = serde_json::json!({ "network": form });
        merge(&mut settings, spec.request());
        let request = serde_json::json!({ "rollout": settings });
        Ok(self.build(key, request)?.err())
    }

    /// Milliseconds of prepared rollouts, as many as fit into `seconds` but at least one, in process
    /// number `runner`.
    ///
    /// # Errors
    /// If the process ended or the rollout failed.
    pub fn rollouts(
        &mut self,
        runner: usize,
        key: usize,
        seconds: f64,
        most: usize,
    ) -> Result<Vec<f64>, BenchError> {
        let request = serde_json::json!({
            "do": "time", "key": key, "pass": "rollout", "seconds": seconds, "most": most,
        });
        Ok(self.time(runner, &request)?.0)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Runs where TORCH_PYTHON names a Python with PyTorch.
    #[test]
    fn pytorch_runs_every_form() {
        let Some(python) = std::env::var_os("TORCH_PYTHON") else {
            eprintln!("skipped: TORCH_PYTHON names no Python with PyTorch");
            return;
        };
        let mut peers = Peers::start(Path::new(&python), 1).unwrap();
        let spec = RolloutSpec {
            steps: 2,
            ..RolloutSpec::new("fno-darcy").unwrap()
        };
        for form in ROLLOUT_FORMS {
            match peers.prepare_rollout(0, form, &spec).unwrap() {
                None => assert!(peers.rollouts(1, 0, 0.0, 1).unwrap()[0] > 0.0),
                Some(reason) => assert!(
                    reason.is_empty() || reason.contains("has no package"),
                    "{form}: {reason}"
                ),
            }
        }
    }
}
