//! The memory that a layer takes at its peak.

use std::fs;

use super::build::build;
use super::error::BenchError;
use super::spec::{Layer, Spec};

/// Megabytes that building a layer and two of its training passes take above what this process
/// holds now, its input, parameters and gradients included; none where the system does not tell.
///
/// On Linux it is the high-water mark of the resident set, which this resets. Memory that the
/// process kept from earlier work hides some of it, so the process had better be fresh.
///
/// # Errors
/// Where [`build`] gives one.
pub fn peak_of(spec: &Spec) -> Result<Option<f64>, BenchError> {
    let small = Spec::new(Layer::Dense { out: 1 }, [1, 1, 8, 8])?;
    let run = |spec: &Spec| {
        let subject = build(spec)?;
        subject.both();
        subject.both();
        Ok(())
    };
    peak_above(|| run(&small), || run(spec))
}

/// Megabytes that `work` takes at its peak above what the process holds after `warm_up`, which is
/// to load the program's own code and tables: nothing measured is to be charged with them.
pub(super) fn peak_above(
    warm_up: impl FnOnce() -> Result<(), BenchError>,
    work: impl FnOnce() -> Result<(), BenchError>,
) -> Result<Option<f64>, BenchError> {
    warm_up()?;
    if fs::write("/proc/self/clear_refs", "5").is_err() {
        return Ok(None);
    }
    let level = resident("VmRSS");
    work()?;
    let peak = resident("VmHWM");
    Ok(level.zip(peak).map(|(level, peak)| (peak - level).max(0.0)))
}

/// A field of this process's memory in megabytes.
fn resident(field: &str) -> Option<f64> {
    kilobytes(&fs::read_to_string("/proc/self/status").ok()?, field).map(|kb| kb * 1024.0 / 1e6)
}

fn kilobytes(status: &str, field: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_by_its_whole_name() {
        let status = "VmHWM:\t    2048 kB\nVmHWMx:\t1 kB\nVmRSS:\t 1024 kB\n";
        assert_eq!(kilobytes(status, "VmHWM"), Some(2048.0));
        assert_eq!(kilobytes(status, "VmRSS"), Some(1024.0));
        assert_eq!(kilobytes(status, "VmPeak"), None);
    }
}
