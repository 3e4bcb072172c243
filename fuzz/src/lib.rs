//! What every fuzz target does: one parser, in a folder of its own.

use std::sync::LazyLock;

use spectral::fuzz::Target;
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a temporary folder can be made"));

/// Lets the parser of that name read the bytes.
pub fn run(name: &str, bytes: &[u8]) {
    let target = Target::named(name).expect("the target is one of spectral::fuzz::TARGETS");
    target.run(FOLDER.path(), bytes);
}
