//! Building blocks of matrix products: the register-blocked inner loop and panel packing.

mod block;
mod panel;

pub use block::Block;
pub use panel::{Source, scatter};
