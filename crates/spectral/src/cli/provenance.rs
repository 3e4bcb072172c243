//! What is needed to reproduce a result: command, commit, machine, versions, date.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::sources;

/// The version of Burn this is built with; a test compares it with the lock file.
const BURN: &str = "0.22.1";

/// The command line as typed, without the program's folder.
pub(super) fn command_line(arguments: &[OsString]) -> String {
    let mut words: Vec<String> = arguments
        .iter()
        .map(|argument| quoted(&argument.to_string_lossy()))
        .collect();
    if let Some(program) = words.first_mut() {
        *program = "spectral".into();
    }
    words.join(" ")
}

/// A word quoted for a shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_=+,./:@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The commit of the program's sources, as far as it is known.
pub(super) fn commit() -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = sources::fingerprint(folder).ok();
    let tree = Tree {
        is_same: sources.map(|hash| format!("{hash:016x}")).as_deref()
            == option_env!("SPECTRAL_SOURCES"),
        commit: sources::commit(folder),
    };
    named(option_env!("SPECTRAL_COMMIT"), tree)
}

/// The source tree that the program was built from, in its current state.
struct Tree {
    /// Whether it still holds the program's sources.
    is_same: bool,
    /// Its commit, if it is a checkout.
    commit: Option<String>,
}

/// The program's commit as text: that of the tree if it still holds the program's sources, whatever
/// was committed since; otherwise that of the tree at build time, and both where they differ.
fn named(built: Option<&str>, tree: Tree) -> Option<String> {
    match (built, tree.commit) {
        (_, Some(now)) if tree.is_same => Some(now),
        (Some(built), Some(now)) if built == now => Some(format!(
            "{built} (sources changed since the program was built)"
        )),
        (Some(built), Some(now)) => Some(format!("{built} (source tree since at {now})")),
        (None, Some(now)) => Some(format!("unknown (source tree at {now})")),
        (built, None) => built.map(str::to_string),
    }
}

/// The environment variable that replaces the name of the processor.
const MACHINE_VARIABLE: &str = "SPECTRAL_MACHINE_NAME";

/// The processor's name, or `SPECTRAL_MACHINE_NAME` if set.
pub(super) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let given = std::env::var_os(MACHINE_VARIABLE).filter(|name| !name.is_empty());
    let name = given
        .map(|name| name.to_string_lossy().into_owned())
        .or_else(|| processor(&fs::read_to_string(Path::new("/proc/cpuinfo")).ok()?))
        .unwrap_or_else(|| std::env::consts::ARCH.into())
        .replace(char::is_control, " ");
    let plural = if cores == 1 { "" } else { "s" };
    format!(
        "{name}, {cores} processor{plural}, {}",
        std::env::consts::OS
    )
}

fn processor(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))?;
    let (_, name) = line.split_once(':')?;
    Some(name.trim().to_string())
}

/// Versions of the relevant software.
pub(super) fn versions() -> Vec<(String, String)> {
    vec![
        ("spectral".into(), env!("CARGO_PKG_VERSION").into()),
        ("burn".into(), BURN.into()),
    ]
}

/// A time formatted as `2026-11-21 02:10:33 UTC`.
pub(super) fn utc(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// The Gregorian date of a day counted from 1970-01-01. Years begin in March, so that the leap day
/// comes last.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_OF_400_YEARS: u64 = 146_097;
    // Counted from 0000-03-01.
    let days = days + 719_468;
    let era = days / DAYS_OF_400_YEARS;
    let day = days % DAYS_OF_400_YEARS;
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_come_out_as_the_calendar_has_them() {
        // Seconds as `date --date=… +%s` gives them.
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_709_251_199, "2024-02-29 23:59:59 UTC"),
            (1_798_761_599, "2026-12-31 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(utc(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn the_commit_is_that_of_the_programs_sources() {
        let tree = |is_same, commit: &str| Tree {
            is_same,
            commit: Some(commit.to_string()).filter(|commit| !commit.is_empty()),
        };
        for (built, now, expected) in [
            // Built, then committed as it was: the sources are those of the commit.
            (Some("a-dirty"), tree(true, "b"), Some("b")),
            (None, tree(true, "b"), Some("b")),
            (
                Some("a"),
                tree(false, "b"),
                Some("a (source tree since at b)"),
            ),
            (
                Some("a-dirty"),
                tree(false, "a-dirty"),
                Some("a-dirty (sources changed since the program was built)"),
            ),
            (None, tree(false, "b"), Some("unknown (source tree at b)")),
            // The tree is gone, or never was a checkout.
            (Some("a"), tree(false, ""), Some("a")),
            (None, tree(false, ""), None),
            (None, tree(true, ""), None),
        ] {
            assert_eq!(named(built, now).as_deref(), expected);
        }
    }

    #[test]
    fn the_program_knows_its_sources() {
        let hash = env!("SPECTRAL_SOURCES");
        assert!(
            hash.len() == 16 && u64::from_str_radix(hash, 16).is_ok(),
            "{hash}"
        );
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(sources::fingerprint(folder).is_ok());
    }

    #[test]
    fn a_command_line_can_be_typed_again() {
        let arguments =
            ["/usr/bin/spectral", "predict", "a b.png", "it's", "x=1"].map(OsString::from);
        assert_eq!(
            command_line(&arguments),
            r"spectral predict 'a b.png' 'it'\''s' x=1"
        );
    }

    #[test]
    fn the_version_of_burn_is_the_locked_one() {
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
        let lock = fs::read_to_string(lock).unwrap();
        let entry = format!("name = \"burn\"\nversion = \"{BURN}\"\n");
        assert!(lock.contains(&entry));
    }

    #[test]
    fn the_processor_is_found_where_linux_names_it() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n";
        assert_eq!(processor(text).unwrap(), "Some CPU @ 2 GHz");
        assert_eq!(processor(""), None);
    }
}
