//! Burn's spatial layers on faster CPU kernels: same modules, same parameters, same results.
//!
//! Burn's modules hold the parameters, so that records, optimizers and summaries see what they saw; these functions take
//! the place of `forward`, faster on the CPU, where they can with what usually follows. Where a setting or a backend is
//! not served they run Burn's own.

mod batch_norm;
mod conv;
mod linear;
mod pool;

pub use crate::ops::Activation;
pub use batch_norm::{batch_norm, batch_norm_activate, batch_norm_with};
pub use conv::{conv1d, conv1d_with, conv2d, conv2d_with, try_conv1d_with, try_conv2d_with};
pub use linear::{linear, linear_with};
pub use pool::{activate_pool, max_pool2d};
