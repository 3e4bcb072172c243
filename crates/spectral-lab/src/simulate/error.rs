//! Errors of making data.

use spectral_pde::PdeError;

/// An error that names the option, its value, and what is accepted.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum SimulateError {
    /// An unknown equation.
    #[error("unknown equation '{name}'; available: {}", .accepted.join(", "))]
    UnknownEquation {
        /// The name given.
        name: String,
        /// The available names.
        accepted: Vec<&'static str>,
    },
    /// An option out of range, or one that the equation does not have.
    #[error("{option} = {value} for '{equation}': accepted: {accepted}")]
    BadOption {
        /// The option.
        option: String,
        /// Its value.
        value: String,
        /// The equation.
        equation: &'static str,
        /// The accepted values, in words.
        accepted: String,
    },
    /// A result larger than the limit.
    #[error(
        "{arrays} in {dtype} take {memory} of memory, with working memory; at most {most} are accepted: choose fewer \
         samples, frames or points"
    )]
    TooLarge {
        /// The arrays with their shapes.
        arrays: String,
        /// The number type.
        dtype: &'static str,
        /// The memory needed, as text.
        memory: String,
        /// The limit, as text.
        most: String,
    },
    /// The solver rejects a value, or failed.
    #[error(transparent)]
    Pde(#[from] PdeError),
}
