//! Notes what sources the program is built from.
//!
//! It runs again when a source file changes, which compiles the program again anyway, and not when
//! something is committed.

use std::env;
use std::path::Path;

#[path = "src/cli/sources.rs"]
mod sources;

fn main() {
    let folder = env::var("CARGO_MANIFEST_DIR").expect("cargo names the folder");
    let folder = Path::new(&folder);
    println!("cargo::rerun-if-changed=build.rs");
    for place in sources::PLACES {
        // A place that is not there would count as changed each time.
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
