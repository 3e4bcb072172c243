//! The register block of matrix products, and the packing of its panels.

mod block;
mod panel;

pub use block::Block;
pub use panel::{Source, scatter};
