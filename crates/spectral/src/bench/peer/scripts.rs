//! The peers' scripts, which the program carries with it.

use std::fs;

use tempfile::TempDir;

use crate::bench::error::BenchError;

/// The script that answers requests.
pub(super) const SERVER: &str = "serve.py";

macro_rules! script {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../../../peers/", $name)))
    };
}

/// That script and those it imports.
const SCRIPTS: [(&str, &str); 4] = [
    script!("serve.py"),
    script!("forms.py"),
    script!("layers.py"),
    script!("timing.py"),
];

/// Writes the scripts to a folder of their own.
pub(super) fn write() -> Result<TempDir, BenchError> {
    let folder = tempfile::tempdir().map_err(BenchError::Scripts)?;
    for (name, text) in SCRIPTS {
        fs::write(folder.path().join(name), text).map_err(BenchError::Scripts)?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
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
                let own = ["forms", "layers", "timing", "serve"];
                if let Some(module) = module.filter(|module| own.contains(module)) {
                    assert!(
                        folder.path().join(format!("{module}.py")).is_file(),
                        "{module}"
                    );
                }
            }
        }
    }
}
