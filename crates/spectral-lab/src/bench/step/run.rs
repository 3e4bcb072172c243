//! Measures a step, ours and the peer taking turns.

use super::parts::Parts;
use super::report::{PeerStepReport, StepReport};
use super::spec::StepSpec;
use super::subject::StepSubject;
use crate::bench::clock::{Sampling, median, shortest};
use crate::bench::error::BenchError;
use crate::bench::peer::{Peers, StepForm};
use crate::bench::turns::{self, Progress, Variant, fastest, take_turns};

/// Measures the peak memory of a step in a separate process.
type Peak<'a> = &'a dyn Fn(&StepSpec) -> Result<Option<f64>, BenchError>;

/// Settings of the measurement.
pub struct StepBench<'a> {
    /// The peer, if any.
    pub peers: Option<Peers>,
    /// Seconds to sample each number.
    pub seconds: f64,
    /// How to measure memory, if at all.
    pub peak: Option<Peak<'a>>,
    /// Number of threads.
    pub threads: usize,
    /// The machine, in words.
    pub machine: String,
}

/// Samples of whole steps and of their parts.
#[derive(Default)]
struct Samples {
    ms: Vec<f64>,
    parts: Vec<[f64; 4]>,
}

/// A variant of the peer, with the number of its parameters.
type Timed = Variant<(StepForm, Option<usize>), Samples>;

impl StepBench<'_> {
    /// Times a step.
    ///
    /// # Errors
    /// If the network cannot be built, or a peer's process ended. A variant that cannot run is
    /// reported and skipped.
    pub fn run(&mut self, spec: &StepSpec, tell: Progress<'_>) -> Result<StepReport, BenchError> {
        let mut subject = StepSubject::new(spec)?;
        for _ in 0..2 {
            subject.step();
        }
        let mut timed = self.prepare(spec, tell)?;
        let (seconds, mut ours) = (self.seconds, Samples::default());
        take_turns(
            seconds,
            &mut self.peers,
            &mut timed,
            |sampling| {
                let parts = &mut ours.parts;
                ours.ms
                    .extend(sampling.samples(|| parts.push(subject.step())));
            },
            |peers, timed: &mut Timed, sampling| time_peer(peers, timed, sampling, seconds),
        )?;
        let params = subject.parameters();
        drop(subject);

        let mut report = self.report(spec, &ours, params);
        report.set_peers(timed.iter().map(Timed::report).collect());
        self.measure_memory(spec, &timed, &mut report)?;
        if let Some(peers) = &mut self.peers {
            peers.forget()?;
        }
        Ok(report)
    }

    /// Prepares the variants of a network that can run.
    fn prepare(&mut self, spec: &StepSpec, tell: Progress<'_>) -> Result<Vec<Timed>, BenchError> {
        let forms = StepForm::of(spec);
        let name = spec.name();
        if self.peers.is_some() && forms.is_empty() {
            tell(&format!("{name}: timed without the peer: no PyTorch port"));
        }
        turns::variants(
            &mut self.peers,
            forms,
            |peers, key, form| {
                let prepared = peers.prepare_step(key, form, spec)?;
                Ok(prepared.map(|params| (form.clone(), params)))
            },
            |form, reason| {
                let StepForm {
                    network, optimizer, ..
                } = form;
                tell(&format!(
                    "{name}: no {network} with the {optimizer} optimizer: {reason}"
                ));
            },
        )
    }

    fn report(&self, spec: &StepSpec, ours: &Samples, params: usize) -> StepReport {
        let batch = spec.config.batch_size;
        let fwdbwd_ms = median(&ours.ms).unwrap_or(f64::NAN);
        StepReport {
            case: spec.name().into(),
            recipe: spec.network.recipe(),
            shape: spec.shape(),
            batch,
            params,
            fwdbwd_ms,
            fwdbwd_min_ms: shortest(&ours.ms).unwrap_or(f64::NAN),
            images_per_s: batch as f64 / fwdbwd_ms * 1e3,
            parts: Parts::medians(&ours.parts).unwrap_or_default(),
            peer_fwdbwd_ms: None,
            peer_fwdbwd_min_ms: None,
            peer_images_per_s: None,
            peer_parts: None,
            peer_params: None,
            ratio: None,
            noisy: false,
            peak_mb: None,
            peer_peak_mb: None,
            peers: Vec::new(),
            peer: self.peers.as_ref().map(|peers| peers.version().to_string()),
            threads: self.threads,
            machine: self.machine.clone(),
        }
    }

    fn measure_memory(
        &mut self,
        spec: &StepSpec,
        timed: &[Timed],
        report: &mut StepReport,
    ) -> Result<(), BenchError> {
        let Some(peak) = self.peak else {
            return Ok(());
        };
        report.peak_mb = peak(spec)?;
        let fastest = fastest(timed, |timed| timed.report().fwdbwd_ms);
        if let (Some(peers), Some(fastest)) = (&mut self.peers, fastest) {
            report.peer_peak_mb = peers.peak_step(&fastest.form.0, spec)?;
        }
        Ok(())
    }
}

/// Samples steps of a variant.
fn time_peer(
    peers: &mut Peers,
    timed: &mut Timed,
    sampling: &Sampling,
    seconds: f64,
) -> Result<(), BenchError> {
    let samples = &mut timed.samples;
    if !turns::is_done(&samples.ms, seconds) {
        let more = peers.steps(timed.runner, timed.key, sampling.seconds, sampling.most)?;
        samples.ms.extend(more.ms);
        samples.parts.extend(more.parts);
    }
    Ok(())
}

impl Timed {
    fn report(&self) -> PeerStepReport {
        let (form, params) = &self.form;
        PeerStepReport {
            form: form.network.clone(),
            optimizer: form.optimizer,
            channels_last: form.channels_last,
            malloc: self.malloc(),
            params: *params,
            fwdbwd_ms: median(&self.samples.ms).unwrap_or(f64::NAN),
            fwdbwd_min_ms: shortest(&self.samples.ms).unwrap_or(f64::NAN),
            parts: Parts::medians(&self.samples.parts).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::peer::ALLOCATORS;

    fn bench<'a>(peak: Option<Peak<'a>>) -> StepBench<'a> {
        StepBench {
            peers: None,
            seconds: 0.0,
            peak,
            threads: 1,
            machine: "a machine".into(),
        }
    }

    #[test]
    fn a_step_without_a_peer_has_times_parts_and_images_a_second() {
        let spec = StepSpec::new("fixed-conv", Some(3)).unwrap();
        let mut told = Vec::new();
        let report = bench(Some(&|_| Ok(Some(7.0))))
            .run(&spec, &mut |line| told.push(line.to_string()))
            .unwrap();
        assert!(told.is_empty(), "{told:?}");
        assert!((report.images_per_s * report.fwdbwd_ms - 3e3).abs() < 1e-6);
        let parts = report.parts;
        let largest = parts.forward_ms.max(parts.backward_ms);
        assert!(
            largest > 0.0 && largest < 2.0 * report.fwdbwd_ms,
            "{report:?}"
        );
        assert_eq!((report.params, report.peak_mb), (54_410, Some(7.0)));
        assert_eq!((report.ratio, report.peer_params), (None, None));
    }

    #[test]
    fn of_several_peers_the_fastest_counts_with_its_parts() {
        let spec = StepSpec::new("cnn", Some(10)).unwrap();
        let ours = Samples {
            ms: vec![4.0],
            parts: vec![[1.0; 4]],
        };
        let mut report = bench(None).report(&spec, &ours, 24_170);
        let timed = |ms: f64, runner| Timed {
            key: 0,
            runner,
            form: (StepForm::of(&spec)[0].clone(), Some(runner)),
            samples: Samples {
                ms: vec![ms, ms],
                parts: vec![[ms / 4.0; 4]],
            },
        };
        report.set_peers(vec![timed(9.0, 0).report(), timed(8.0, 1).report()]);
        assert_eq!(
            (report.peer_fwdbwd_ms, report.ratio),
            (Some(8.0), Some(2.0))
        );
        assert_eq!(report.peer_images_per_s, Some(1250.0));
        assert_eq!(report.peer_params, Some(1));
        assert_eq!(report.peer_parts.map(|parts| parts.loss_ms), Some(2.0));
        assert_eq!(report.peers[0].malloc, ALLOCATORS[1]);
        assert!(!report.noisy);
        let unsteady = PeerStepReport {
            fwdbwd_min_ms: 1.0,
            ..timed(8.0, 0).report()
        };
        report.set_peers(vec![unsteady]);
        assert!(report.noisy);
        assert_eq!(report.peer_fwdbwd_min_ms, Some(1.0));
    }
}
