//! Peak memory of a layer.

use std::fs;

use super::build::build;
use super::error::BenchError;
use super::spec::{Layer, Spec};

/// Megabytes used by building a layer and two of its training passes above the current level of
/// this process, including input, parameters and gradients; none if the system does not tell.
///
/// On Linux this is the high-water mark of the resident set, which is reset first. Memory kept from
/// earlier work hides some of it, so the process should be fresh.
///
/// # Errors
/// As for [`build`].
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

/// Peak megabytes of `work` above the level after `warm_up`, which loads the program's own code and
/// tables so that they do not count.
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

/// A field of this process's memory status in megabytes.
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
