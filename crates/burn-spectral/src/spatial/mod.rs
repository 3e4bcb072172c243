//! Burn's spatial layers on the kernels: same modules, same parameters, same results.
//!
//! Burn's modules hold the parameters, so that configurations, records and summaries stay as they are; the functions here
//! take a module and compute its output, faster on the CPU, where they can with what usually follows it.

mod conv;

pub use crate::ops::Activation;
pub use conv::{conv1d, conv1d_with, conv2d, conv2d_with, try_conv1d_with, try_conv2d_with};
