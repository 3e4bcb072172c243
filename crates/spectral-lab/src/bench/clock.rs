//! Time samples and their median.

use std::time::Instant;

/// How long to time.
#[derive(Clone, Copy, Debug)]
pub struct Sampling {
    /// Seconds of samples.
    pub seconds: f64,
    /// Minimum number of calls, even if they take longer.
    pub least: usize,
    /// Maximum number of calls, even if they take less.
    pub most: usize,
}

impl Sampling {
    /// Milliseconds per call.
    pub fn samples(&self, mut work: impl FnMut()) -> Vec<f64> {
        let (mut samples, start) = (Vec::new(), Instant::now());
        while samples.len() < self.least
            || samples.len() < self.most && start.elapsed().as_secs_f64() < self.seconds
        {
            let before = Instant::now();
            work();
            samples.push(before.elapsed().as_secs_f64() * 1e3);
        }
        samples
    }
}

/// The median; none of an empty list.
pub fn median(samples: &[f64]) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        count if count % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

/// The minimum; none of an empty list.
pub fn shortest(samples: &[f64]) -> Option<f64> {
    samples.iter().copied().min_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 100.0]), Some(3.0));
        assert_eq!(median(&[4.0, 1.0, 100.0, 2.0]), Some(3.0));
        assert_eq!(shortest(&[4.0, 1.0, 100.0]), Some(1.0));
    }

    #[test]
    fn calls_are_bounded_from_both_sides() {
        let calls = |seconds, least, most| {
            let mut calls = 0;
            let sampling = Sampling {
                seconds,
                least,
                most,
            };
            assert_eq!(sampling.samples(|| calls += 1).len(), calls);
            calls
        };
        assert_eq!(calls(0.0, 3, 9), 3);
        assert_eq!(calls(1e9, 3, 9), 9);
    }
}
