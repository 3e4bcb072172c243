//! Measures a case, ours and the peer taking turns.

use super::build::build;
use super::cases::Case;
use super::clock::{Sampling, median, shortest};
use super::error::BenchError;
use super::peer::{Form, Pass, Peers};
use super::rates::Rates;
use super::report::{PeerReport, Report};
use super::spec::Spec;
use super::turns::{self, Progress, Variant, fastest, take_turns};
use super::work::Work;

/// Measures the peak memory of a layer in a separate process.
type Peak<'a> = &'a dyn Fn(&Spec) -> Result<Option<f64>, BenchError>;

/// Settings of the measurement.
pub struct Bench<'a> {
    /// The throughput of the machine.
    pub rates: Rates,
    /// The peer, if any.
    pub peers: Option<Peers>,
    /// Seconds to sample each number.
    pub seconds: f64,
    /// How to measure memory, if at all.
    pub peak: Option<Peak<'a>>,
    /// The machine, in words.
    pub machine: String,
}

/// Samples of both passes.
type Samples = [Vec<f64>; 2];

const PASSES: [Pass; 2] = [Pass::Forward, Pass::Both];

/// A variant of the peer: a form of the case.
type Timed<'a> = Variant<&'a Form, Samples>;

impl Bench<'_> {
    /// Times a case.
    ///
    /// # Errors
    /// If the layer does not accept its sizes, or a peer's process ended. A variant that cannot run
    /// is reported and skipped.
    pub fn run(&mut self, case: &Case, tell: Progress<'_>) -> Result<Report, BenchError> {
        let subject = build(&case.spec)?;
        for _ in 0..2 {
            subject.forward();
            subject.both();
        }
        let mut timed: Vec<Timed<'_>> = turns::variants(
            &mut self.peers,
            &case.forms,
            |peers, key, form| Ok(peers.prepare(key, form)?.map_or(Ok(*form), Err)),
            |form, reason| tell(&format!("{}: no {}: {reason}", case.name, form.name)),
        )?;
        let (seconds, mut ours) = (self.seconds, Samples::default());
        take_turns(
            seconds,
            &mut self.peers,
            &mut timed,
            |sampling| {
                ours[0].extend(sampling.samples(|| subject.forward()));
                ours[1].extend(sampling.samples(|| subject.both()));
            },
            |peers, timed, sampling| time_peer(peers, timed, sampling, seconds),
        )?;
        let params = subject.parameters();
        drop(subject);

        let mut report = self.report(case, &ours, params);
        let peers = timed.iter().map(|timed| timed.report()).collect();
        report.set_peers(peers);
        self.measure_memory(case, &timed, &mut report)?;
        if let Some(peers) = &mut self.peers {
            peers.forget()?;
        }
        Ok(report)
    }

    fn report(&self, case: &Case, ours: &Samples, params: usize) -> Report {
        let spec = &case.spec;
        let work = Work::of(spec);
        let limit = self.rates.limit(&work);
        let [fwd_ms, fwdbwd_ms] = each(ours, median);
        let [fwd_min_ms, fwdbwd_min_ms] = each(ours, shortest);
        Report {
            case: case.name.clone(),
            layer: spec.layer.name(),
            shape: spec.shape.clone(),
            out: spec.outputs(),
            params,
            fwd_ms,
            fwdbwd_ms,
            fwd_min_ms,
            fwdbwd_min_ms,
            peer_fwd_ms: None,
            peer_fwdbwd_ms: None,
            ratio_fwd: None,
            ratio_fwdbwd: None,
            noisy: false,
            limit_ms: limit.ms,
            limited_by: if limit.by_memory {
                "memory"
            } else {
                "arithmetic"
            },
            times_limit: fwdbwd_ms / limit.ms,
            flops: work.flops,
            bytes: work.bytes,
            peak_mb: None,
            peer_peak_mb: None,
            peers: Vec::new(),
            peer: self.peers.as_ref().map(|peers| peers.version().to_string()),
            threads: self.rates.threads,
            machine: self.machine.clone(),
            gflops_per_s: self.rates.flops_per_s / 1e9,
            gb_per_s: self.rates.memory_bandwidth() / 1e9,
        }
    }

    fn measure_memory(
        &mut self,
        case: &Case,
        timed: &[Timed<'_>],
        report: &mut Report,
    ) -> Result<(), BenchError> {
        let Some(peak) = self.peak else {
            return Ok(());
        };
        report.peak_mb = peak(&case.spec)?;
        let fastest = fastest(timed, |timed| each(&timed.samples, median)[1]);
        if let (Some(peers), Some(fastest)) = (&mut self.peers, fastest) {
            report.peer_peak_mb = peers.peak(fastest.form)?;
        }
        Ok(())
    }
}

/// Samples both passes of a variant.
fn time_peer(
    peers: &mut Peers,
    timed: &mut Timed<'_>,
    sampling: &Sampling,
    seconds: f64,
) -> Result<(), BenchError> {
    for (pass, samples) in PASSES.into_iter().zip(&mut timed.samples) {
        if !turns::is_done(samples, seconds) {
            let (runner, key) = (timed.runner, timed.key);
            samples.extend(peers.samples(runner, key, pass, sampling.seconds, sampling.most)?);
        }
    }
    Ok(())
}

impl Timed<'_> {
    fn report(&self) -> PeerReport {
        let [fwd_ms, fwdbwd_ms] = each(&self.samples, median);
        let [fwd_min_ms, fwdbwd_min_ms] = each(&self.samples, shortest);
        PeerReport {
            form: self.form.name.clone(),
            malloc: self.malloc(),
            fwd_ms,
            fwdbwd_ms,
            fwd_min_ms,
            fwdbwd_min_ms,
        }
    }
}

/// A statistic of both passes; each has at least one sample.
fn each(samples: &Samples, figure: fn(&[f64]) -> Option<f64>) -> [f64; 2] {
    [0, 1].map(|pass| figure(&samples[pass]).unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::peer::ALLOCATORS;
    use crate::bench::spec::Layer;

    #[test]
    fn a_case_without_a_peer_has_times_and_a_limit() {
        let mut bench = Bench {
            rates: Rates {
                threads: 1,
                flops_per_s: 1e15,
                bytes_per_s: vec![(1, 1e15)],
            },
            peers: None,
            seconds: 0.0,
            peak: Some(&|_| Ok(Some(7.0))),
            machine: "a machine".into(),
        };
        let case = Case::own(Spec::new(Layer::Dense { out: 3 }, [2, 2, 5, 4]).unwrap());
        let mut told = Vec::new();
        let report = bench
            .run(&case, &mut |line| told.push(line.to_string()))
            .unwrap();
        assert!(told.is_empty(), "{told:?}");
        assert!(report.fwdbwd_ms > 0.0 && report.fwd_ms > 0.0, "{report:?}");
        // A thousandth of a nanosecond or so: nothing is as fast as this machine.
        assert!(report.times_limit > 1.0, "{report:?}");
        assert_eq!(report.params, 2 * 2 * 3 * 5 * 3);
        assert_eq!((report.peak_mb, report.peer_fwd_ms), (Some(7.0), None));
    }

    #[test]
    fn of_several_peers_the_fastest_counts_for_each_pass() {
        let peer = |form: &str, fwd_ms, fwdbwd_ms| PeerReport {
            form: form.into(),
            malloc: ALLOCATORS[0],
            fwd_ms,
            fwdbwd_ms,
            fwd_min_ms: fwd_ms,
            fwdbwd_min_ms: fwdbwd_ms,
        };
        let bench = Bench {
            rates: Rates {
                threads: 1,
                flops_per_s: 1.0,
                bytes_per_s: vec![],
            },
            peers: None,
            seconds: 0.0,
            peak: None,
            machine: String::new(),
        };
        let case = Case::own(Spec::new(Layer::RoundTrip, [1, 1, 4]).unwrap());
        let mut report = bench.report(&case, &[vec![1.0], vec![4.0]], 0);
        report.set_peers(vec![peer("a", 3.0, 8.0), peer("b", 2.0, 9.0)]);
        assert_eq!(
            (report.peer_fwd_ms, report.peer_fwdbwd_ms),
            (Some(2.0), Some(8.0))
        );
        assert_eq!(
            (report.ratio_fwd, report.ratio_fwdbwd),
            (Some(2.0), Some(2.0))
        );
        assert_eq!(report.worst_ratio(), Some(2.0));
        assert!(!report.noisy);
        // Only a peer whose time counts is asked how steady it was.
        let unsteady = PeerReport {
            fwd_min_ms: 0.5,
            ..peer("c", 2.0, 9.0)
        };
        report.set_peers(vec![peer("a", 3.0, 8.0), unsteady.clone()]);
        assert!(report.noisy);
        report.set_peers(vec![peer("a", 1.0, 8.0), unsteady]);
        assert!(!report.noisy);
    }
}
