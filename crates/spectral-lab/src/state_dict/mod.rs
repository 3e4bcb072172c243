//! Files of PyTorch state dicts: safetensors, read and written, and `.pt`, read.
//!
//! What a network's tensors are called is the library's business
//! ([`burn_spectral::operator::state_dict`]); here are the files.

mod arguments;
mod error;
mod number;
mod pickle;
mod pytorch;
mod safetensors;

use std::path::Path;

use burn_spectral::operator::state_dict::{Arguments, StateDict};

pub use error::StateFileError;

/// The contents of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateFile {
    /// The tensors.
    pub tensors: StateDict,
    /// The arguments of the network's constructor, as far as the file tells them: a `.pt` file that
    /// neuraloperator wrote does, and so does a safetensors file with the metadata entry
    /// `neuraloperator`, a JSON object.
    pub arguments: Arguments,
}

impl StateFile {
    /// Reads a file. Real tensors of other precisions become float32.
    ///
    /// | ending | format |
    /// |:--|:--|
    /// | `.pt`, `.pth` | what `torch.save(model.state_dict(), path)` writes since PyTorch 1.6; nothing in it is executed |
    /// | any other | safetensors |
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, or holds what is not supported, with its name.
    pub fn read(path: &Path) -> Result<Self, StateFileError> {
        let ending = path.extension().and_then(|ending| ending.to_str());
        match ending.map(str::to_ascii_lowercase).as_deref() {
            Some("pt" | "pth") => pytorch::read(path),
            _ => safetensors::read(path),
        }
    }

    /// Writes a safetensors file, with the arguments as the metadata entry `neuraloperator`. An existing
    /// file is replaced atomically.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), StateFileError> {
        safetensors::write(path, self)
    }
}
