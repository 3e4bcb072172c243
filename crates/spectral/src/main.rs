//! The `spectral` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    spectral::cli::run(std::env::args_os())
}
