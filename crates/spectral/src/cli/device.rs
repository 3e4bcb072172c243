//! Compute devices.

use burn::tensor::Device;
use clap::ValueEnum;

/// A backend compiled into this program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Backend {
    /// CPU
    #[default]
    Cpu,
    /// Any GPU, through the system's native graphics API
    #[cfg(feature = "wgpu")]
    Wgpu,
    /// Any GPU, through Vulkan
    #[cfg(feature = "vulkan")]
    Vulkan,
    /// Apple GPU
    #[cfg(feature = "metal")]
    Metal,
    /// NVIDIA GPU
    #[cfg(feature = "cuda")]
    Cuda,
    /// AMD GPU
    #[cfg(feature = "rocm")]
    Rocm,
}

impl Backend {
    /// The backend's default device.
    pub(super) fn device(self) -> Device {
        match self {
            Self::Cpu => Device::flex(),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => Device::wgpu(Default::default()),
            #[cfg(feature = "vulkan")]
            Self::Vulkan => Device::vulkan(Default::default()),
            #[cfg(feature = "metal")]
            Self::Metal => Device::metal(Default::default()),
            #[cfg(feature = "cuda")]
            Self::Cuda => Device::cuda(0),
            #[cfg(feature = "rocm")]
            Self::Rocm => Device::rocm(0),
        }
    }
}
