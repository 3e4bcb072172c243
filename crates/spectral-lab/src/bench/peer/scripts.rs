//! The peer's scripts, embedded in the program.

use std::fs;

use tempfile::TempDir;

use crate::bench::error::BenchError;

/// The script that answers requests.
pub(super) const SERVER: &str = "serve.py";

macro_rules! script {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../peers/", $name)))
    };
}

/// That script and the ones it imports.
const SCRIPTS: [(&str, &str); 9] = [
    script!("serve.py"),
    script!("cemnet.py"),
    script!("forms.py"),
    script!("layers.py"),
    script!("networks.py"),
    script!("operators.py"),
    script!("spectral_stack.py"),
    script!("steps.py"),
    script!("timing.py"),
];

/// Writes the scripts to a temporary folder.
pub(super) fn write() -> Result<TempDir, BenchError> {
    let folder = tempfile::tempdir().map_err(BenchError::Scripts)?;
    for (name, text) in SCRIPTS {
        fs::write(folder.path().join(name), text).map_err(BenchError::Scripts)?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn everything_that_is_imported_is_there() {
        let folder = write().unwrap();
        for (_, text) in SCRIPTS {
            for line in text.lines() {
                let module = line
                    .trim()
                    .strip_prefix("from ")
                    .and_then(|rest| rest.split_once(" import"))
                    .map(|(module, _)| module);
                let Some(module) = module else { continue };
                let own = format!("{}/peers/{module}.py", env!("CARGO_MANIFEST_DIR"));
                if Path::new(&own).is_file() {
                    let carried = folder.path().join(format!("{module}.py"));
                    assert!(carried.is_file(), "{module}");
                }
            }
        }
    }
}
