//! Measures a rollout, ours and the peer taking turns.

use super::report::{PeerRolloutReport, RolloutReport};
use super::spec::{RolloutSpec, RolloutSubject};
use crate::bench::clock::{Sampling, median, shortest};
use crate::bench::error::BenchError;
use crate::bench::peer::{Peers, ROLLOUT_FORMS};
use crate::bench::turns::{self, Progress, Variant, take_turns};

/// Settings of the measurement.
pub struct RolloutBench {
    /// The peer, if any.
    pub peers: Option<Peers>,
    /// Seconds to sample each number.
    pub seconds: f64,
    /// Number of threads.
    pub threads: usize,
    /// The machine, in words.
    pub machine: String,
}

/// A variant of the peer with the milliseconds of its rollouts.
type Timed = Variant<&'static str, Vec<f64>>;

impl RolloutBench {
    /// Times a rollout.
    ///
    /// # Errors
    /// If the network cannot be built, or a peer's process ended. A variant that cannot run is
    /// reported and skipped.
    pub fn run(
        &mut self,
        spec: &RolloutSpec,
        tell: Progress<'_>,
    ) -> Result<RolloutReport, BenchError> {
        let subject = RolloutSubject::new(spec)?;
        subject.run();
        let mut timed = self.prepare(spec, tell)?;
        let (seconds, mut ours) = (self.seconds, Vec::new());
        take_turns(
            seconds,
            &mut self.peers,
            &mut timed,
            |sampling| {
                ours.extend(sampling.samples(|| {
                    subject.run();
                }));
            },
            |peers, timed: &mut Timed, sampling| time_peer(peers, timed, sampling, seconds),
        )?;
        let mut report = RolloutReport {
            case: spec.case.name.into(),
            shape: spec.case.shape(spec.batch),
            steps: spec.steps,
            ms: median(&ours).unwrap_or(f64::NAN),
            min_ms: shortest(&ours).unwrap_or(f64::NAN),
            peer_ms: None,
            peer_min_ms: None,
            ratio: None,
            noisy: false,
            peers: Vec::new(),
            peer: self.peers.as_ref().map(|peers| peers.version().to_string()),
            threads: self.threads,
            machine: self.machine.clone(),
        };
        report.set_peers(timed.iter().map(Timed::report).collect());
        if let Some(peers) = &mut self.peers {
            peers.forget()?;
        }
        Ok(report)
    }

    /// Prepares the variants that can run.
    fn prepare(
        &mut self,
        spec: &RolloutSpec,
        tell: Progress<'_>,
    ) -> Result<Vec<Timed>, BenchError> {
        turns::variants(
            &mut self.peers,
            ROLLOUT_FORMS,
            |peers, key, form| {
                let refused = peers.prepare_rollout(key, form, spec)?;
                Ok(refused.map_or(Ok(*form), Err))
            },
            |form, reason| tell(&format!("{}: no {form}: {reason}", spec.case.name)),
        )
    }
}

/// Samples rollouts of a variant.
fn time_peer(
    peers: &mut Peers,
    timed: &mut Timed,
    sampling: &Sampling,
    seconds: f64,
) -> Result<(), BenchError> {
    if !turns::is_done(&timed.samples, seconds) {
        let more = peers.rollouts(timed.runner, timed.key, sampling.seconds, sampling.most)?;
        timed.samples.extend(more);
    }
    Ok(())
}

impl Timed {
    fn report(&self) -> PeerRolloutReport {
        PeerRolloutReport {
            form: self.form.into(),
            malloc: self.malloc(),
            ms: median(&self.samples).unwrap_or(f64::NAN),
            min_ms: shortest(&self.samples).unwrap_or(f64::NAN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollout_without_a_peer_is_timed_alone() {
        let spec = RolloutSpec {
            steps: 3,
            ..RolloutSpec::new("fno-darcy").unwrap()
        };
        let mut bench = RolloutBench {
            peers: None,
            seconds: 0.0,
            threads: 1,
            machine: "a machine".into(),
        };
        let mut report = bench.run(&spec, &mut |_| ()).unwrap();
        assert!(report.min_ms > 0.0 && report.ms >= report.min_ms);
        assert_eq!((report.ratio, report.steps), (None, 3));

        report.ms = 2.0;
        let peer = |form: &str, ms| PeerRolloutReport {
            form: form.into(),
            malloc: "default malloc",
            ms,
            min_ms: ms,
        };
        report.set_peers(vec![peer("slow", 9.0), peer("fast", 8.0)]);
        assert_eq!((report.peer_ms, report.ratio), (Some(8.0), Some(4.0)));
        assert_eq!(report.peers[0].form, "fast");
    }
}
