//! Networks from fields to fields, by name: neural operators beside convolutional networks, their baselines.
//!
//! Inputs and outputs are `[batch, channels, spatial…]` with one to three spatial axes; `D` is the rank of these tensors.
//! All convolutions keep the grid: padded periodically where the domain is periodic, else with zeros.
//!
//! | network | source | published parameters |
//! |:--|:--|--:|
//! | [`ResNet`] | APEBench (Koehler et al., 2024), after He et al. (2016) | 32,943 |
//! | [`DilatedResNet`] | APEBench, after Stachenfeld et al. (2022) | 31,777 |
//! | [`UNet`] | APEBench, after Ronneberger et al. (2015) | 27,193 |
//! | [`ModernUNet`] | PDEArena (Gupta and Brandstetter, 2022) | 144 M (577.055 MB) |
//!
//! The defaults here have as many: of APEBench in 1-D from one channel to one, with 26, 32 and 12 hidden channels;
//! of PDEArena in 2-D from 12 channels to 3, with 64.
//! [`nearest_width`] gives the width for another count.
//!
//! ```
//! use burn::module::Module;
//! use burn::tensor::{Device, Tensor};
//! use spectral_lab::model::operator::{ResNetConfig, nearest_width};
//!
//! let config = ResNetConfig::new([1, 1], 26);
//! let width = nearest_width(100_000, |width| config.clone().with_hidden(width).parameters(1));
//! let network = config.with_hidden(width).try_init::<3>(&Device::flex())?;
//! assert!(network.num_params().abs_diff(100_000) < 3_000);
//! let y = network.forward(Tensor::zeros([2, 1, 160], &Device::flex()));
//! assert_eq!(y.dims(), [2, 1, 160]);
//! # Ok::<(), spectral_lab::model::ModelError>(())
//! ```

mod build;
mod conv;
mod dilated;
mod modern_unet;
mod network;
mod norm;
mod registry;
mod res_net;
mod spec;
#[cfg(test)]
mod tests;
mod unet;
mod upsample;
mod width;

pub use conv::{Conv, ConvConfig};
pub use dilated::{DilatedBlock, DilatedResNet, DilatedResNetConfig};
pub use modern_unet::{ModernUNet, ModernUNetConfig, PreActivationBlock, UNetStep};
pub use network::OperatorNetwork;
pub use registry::{OperatorInfo, OperatorInput, find_operator, operators};
pub use res_net::{ResBlock, ResNet, ResNetConfig};
pub use spec::{Architecture, ArchitectureRequest, OperatorSpec};
pub use unet::{DoubleConv, UNet, UNetConfig};
pub use upsample::{Upsample, UpsampleConfig};
pub use width::nearest_width;

use super::ModelError;

/// Checks that an input has a network's channels, and sizes that are multiples of `multiple`.
fn check_input(
    model: &'static str,
    dims: &[usize],
    channels: usize,
    multiple: usize,
) -> Result<(), ModelError> {
    if dims[1] != channels {
        return Err(ModelError::Count {
            model,
            what: "channels",
            built: channels,
            got: dims[1],
        });
    }
    match dims[2..]
        .iter()
        .all(|size| *size > 0 && size.is_multiple_of(multiple))
    {
        true => Ok(()),
        false => Err(ModelError::Grid {
            model,
            multiple,
            got: dims[2..].to_vec(),
        }),
    }
}
