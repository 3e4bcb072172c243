//! Fourier convolution with filters that are given, not learned.

mod buffer;
mod config;
mod filter;
mod layer;

pub use buffer::Buffer;
pub use config::{FilterUse, FixedFourierConv2dConfig};
pub use filter::{FixedFilter, KernelOrigin, sinc_planes};
pub use layer::{FixedFourierConv2d, FixedSpectrum};
