//! Ours and the variants of a peer take turns, so that a slow minute of the machine affects all of them.

use super::clock::Sampling;
use super::error::BenchError;
use super::peer::{ALLOCATORS, Peers};

/// Number of turns.
const ROUNDS: usize = 4;

/// Maximum number of calls per turn.
const MOST: usize = 500;

/// Minimum number of our calls, in all turns together.
const LEAST: usize = 8;

/// A peer variant gets no more turns once it took this many times its allotted seconds.
const PATIENCE: f64 = 10.0;

/// Receives progress messages.
pub type Progress<'a> = &'a mut dyn FnMut(&str);

/// A form of the peer in one of its processes.
pub(super) struct Variant<F, S> {
    pub(super) form: F,
    /// By what the process knows the form.
    pub(super) key: usize,
    /// The process: a setting of the allocator.
    pub(super) runner: usize,
    pub(super) samples: S,
}

impl<F, S> Variant<F, S> {
    /// The name of the allocator setting.
    pub(super) fn malloc(&self) -> &'static str {
        ALLOCATORS[self.runner]
    }
}

/// Prepares forms in every process of the peer. `prepare` returns the prepared form, or the reason why it cannot run,
/// which `refused` is told; an empty reason is not worth telling.
pub(super) fn variants<W, F: Clone, S: Default>(
    peers: &mut Option<Peers>,
    forms: impl IntoIterator<Item = W>,
    mut prepare: impl FnMut(&mut Peers, usize, &W) -> Result<Result<F, String>, BenchError>,
    mut refused: impl FnMut(&W, &str),
) -> Result<Vec<Variant<F, S>>, BenchError> {
    let Some(peers) = peers else {
        return Ok(Vec::new());
    };
    let mut variants = Vec::new();
    for (key, wanted) in forms.into_iter().enumerate() {
        match prepare(peers, key, &wanted)? {
            Ok(form) => variants.extend((0..ALLOCATORS.len()).map(|runner| Variant {
                form: form.clone(),
                key,
                runner,
                samples: S::default(),
            })),
            Err(reason) if reason.is_empty() => {}
            Err(reason) => refused(&wanted, &reason),
        }
    }
    Ok(variants)
}

/// Samples ours and every variant in turns, `seconds` for each figure.
pub(super) fn take_turns<F, S>(
    seconds: f64,
    peers: &mut Option<Peers>,
    variants: &mut [Variant<F, S>],
    mut ours: impl FnMut(&Sampling),
    mut theirs: impl FnMut(&mut Peers, &mut Variant<F, S>, &Sampling) -> Result<(), BenchError>,
) -> Result<(), BenchError> {
    let rounds = if variants.is_empty() { 1 } else { ROUNDS };
    let sampling = Sampling {
        seconds: seconds / rounds as f64,
        least: LEAST / rounds,
        most: MOST,
    };
    for _ in 0..rounds {
        ours(&sampling);
        let Some(peers) = peers else { continue };
        for variant in &mut *variants {
            theirs(peers, variant, &sampling)?;
        }
    }
    Ok(())
}

/// Whether a variant with these milliseconds had its time.
pub(super) fn is_done(samples: &[f64], seconds: f64) -> bool {
    samples.len() >= 2 && samples.iter().sum::<f64>() / 1e3 > PATIENCE * seconds
}

/// The variant with the least of a figure.
pub(super) fn fastest<F, S>(
    variants: &[Variant<F, S>],
    figure: impl Fn(&Variant<F, S>) -> f64,
) -> Option<&Variant<F, S>> {
    let order = |a: &&Variant<F, S>, b: &&Variant<F, S>| figure(a).total_cmp(&figure(b));
    variants.iter().min_by(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_alone_has_one_turn_of_all_seconds() {
        let mut seen = Vec::new();
        let mut none: [Variant<(), ()>; 0] = [];
        let ours = |sampling: &Sampling| seen.push((sampling.seconds, sampling.least));
        take_turns(2.0, &mut None, &mut none, ours, |_, _, _| unreachable!()).unwrap();
        assert_eq!(seen, [(2.0, LEAST)]);
    }

    #[test]
    fn a_variant_is_done_after_two_samples_and_ten_times_its_seconds() {
        assert!(!is_done(&[1e6], 1.0));
        assert!(!is_done(&[5e3, 5e3], 1.0));
        assert!(is_done(&[5e3, 5.001e3], 1.0));
    }
}
