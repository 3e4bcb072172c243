//! The `spectral` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    // A training step frees and asks for the same tens of megabytes again.
    burn_spectral::memory::keep_freed_pages();
    spectral::cli::run(std::env::args_os())
}
