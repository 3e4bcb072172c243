//! State shared by one invocation.

use std::ffi::OsString;
use std::time::{Instant, SystemTime};

use burn::tensor::Device;

use super::args::GlobalArgs;
use super::error::CliError;
use super::provenance;
use spectral_lab::report::Provenance;

/// The default seed.
const DEFAULT_SEED: u64 = 0;

/// State shared by one invocation.
pub(super) struct Context {
    /// The device of all tensors.
    pub(super) device: Device,
    /// The number of threads, if given.
    given_threads: Option<u16>,
    /// Whether stdout is JSON.
    pub(super) json: bool,
    /// The seed, if given.
    pub(super) given_seed: Option<u64>,
    command: String,
    started: Instant,
    began: SystemTime,
}

impl Context {
    /// Sets up threads and device.
    pub(super) fn new(global: &GlobalArgs, arguments: &[OsString]) -> Result<Self, CliError> {
        if let Some(threads) = global.threads {
            start_threads(threads.into())?;
        }
        Ok(Self {
            device: global.device.device(),
            given_threads: global.threads,
            json: global.json,
            given_seed: global.seed,
            command: provenance::command_line(arguments),
            started: Instant::now(),
            began: SystemTime::now(),
        })
    }

    /// The number of threads, or `fallback` if none was given. Call it once, before anything is
    /// computed.
    pub(super) fn threads_or(&self, fallback: usize) -> Result<usize, CliError> {
        match self.given_threads {
            Some(threads) => Ok(threads.into()),
            None => start_threads(fallback).map(|()| fallback),
        }
    }

    /// The seed to use.
    pub(super) fn seed(&self) -> u64 {
        self.given_seed.unwrap_or(DEFAULT_SEED)
    }

    /// The provenance of the results so far.
    pub(super) fn provenance(&self, seed: u64) -> Provenance {
        Provenance {
            command: self.command.clone(),
            commit: provenance::commit(),
            seed,
            machine: provenance::machine(),
            threads: rayon::current_num_threads(),
            versions: provenance::versions(),
            date: provenance::utc(self.began),
            elapsed_s: self.started.elapsed().as_secs_f64(),
        }
    }
}

fn start_threads(threads: usize) -> Result<(), CliError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|error| CliError::Failed(format!("cannot start {threads} threads: {error}")))
}
