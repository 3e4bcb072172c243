//! The `spectral` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    // A training step repeatedly frees and allocates the same tens of megabytes.
    burn_spectral::memory::keep_freed_pages();
    spectral::cli::run(std::env::args_os())
}
