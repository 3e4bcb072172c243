//! Records which sources the program is built from.
//!
//! It reruns when a source file changes, which recompiles the program anyway, and not on a commit.

use std::env;
use std::path::Path;

#[path = "src/cli/sources.rs"]
mod sources;

fn main() {
    let folder = env::var("CARGO_MANIFEST_DIR").expect("cargo names the folder");
    let folder = Path::new(&folder);
    println!("cargo::rerun-if-changed=build.rs");
    for place in sources::PLACES {
        // A missing path would count as changed on every build.
        if folder.join(place).exists() {
            println!("cargo::rerun-if-changed={place}");
        }
    }
    if let Ok(hash) = sources::fingerprint(folder) {
        println!("cargo::rustc-env=SPECTRAL_SOURCES={hash:016x}");
    }
    if let Some(commit) = sources::commit(folder) {
        println!("cargo::rustc-env=SPECTRAL_COMMIT={commit}");
    }
}
