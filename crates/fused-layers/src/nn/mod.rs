//! Burn's `nn` with its layers on the CPU kernels: change `use burn::nn::…` to `use fused_layers::nn::…`.
//!
//! [`Conv1d`](conv::Conv1d), [`Conv2d`](conv::Conv2d), [`BatchNorm`], [`Linear`] and [`MaxPool2d`](pool::MaxPool2d) and
//! their configurations take the place of Burn's of the same name; everything else here is Burn's own. Each wraps Burn's
//! layer and differs in `forward` alone:
//!
//! - a configuration has Burn's fields, defaults and JSON, and its `init` initializes Burn's layer;
//! - records, parameter names and the printed form are Burn's, so checkpoints of either load into the other;
//! - the layer dereferences to Burn's (`layer.weight`, `layer.stride`), and converts from and into it;
//! - where the kernels do not serve a backend, a dtype or a setting, `forward` runs Burn's operations.
//!
//! The functions of [`spatial`](crate::spatial) take these layers too, and fuse the activation that follows them.
//!
//! # Example
//! ```
//! use burn::module::Module;
//! use burn::tensor::activation::relu;
//! use burn::tensor::{Device, Distribution, Tensor};
//! // Before: use burn::nn::{Linear, LinearConfig, PaddingConfig2d, conv::{Conv2d, Conv2dConfig}};
//! use fused_layers::nn::{Linear, LinearConfig, PaddingConfig2d, conv::{Conv2d, Conv2dConfig}};
//!
//! #[derive(Module, Debug)]
//! struct Network {
//!     conv: Conv2d,
//!     head: Linear,
//! }
//!
//! impl Network {
//!     fn new(device: &Device) -> Self {
//!         let conv = Conv2dConfig::new([1, 8], [3, 3]).with_padding(PaddingConfig2d::Same);
//!         Self {
//!             conv: conv.init(device),
//!             head: LinearConfig::new(8 * 14 * 14, 10).init(device),
//!         }
//!     }
//!
//!     fn forward(&self, images: Tensor<4>) -> Tensor<2> {
//!         self.head.forward(relu(self.conv.forward(images)).flatten(1, 3))
//!     }
//! }
//!
//! let device = Device::flex();
//! let network = Network::new(&device);
//! let images = Tensor::random([2, 1, 14, 14], Distribution::Default, &device);
//! assert_eq!(network.forward(images).dims(), [2, 10]);
//! ```

mod batch_norm;
pub mod conv;
mod linear;
pub mod pool;
mod wrap;

pub use batch_norm::{BatchNorm, BatchNormConfig};
pub use burn::nn::*;
pub use linear::{Linear, LinearConfig};

/// Burn's normalization layers, with [`BatchNorm`] on the kernels.
pub mod norm {
    pub use super::batch_norm::{BatchNorm, BatchNormConfig};
    pub use burn::nn::norm::*;
}
