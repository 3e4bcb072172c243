//! What networks compute on.

use burn::tensor::Device;
use clap::ValueEnum;

/// A backend that this program was built with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Backend {
    /// The processor
    #[default]
    Cpu,
    /// Any GPU, by the system's best graphics API
    #[cfg(feature = "wgpu")]
    Wgpu,
    /// Any GPU, by Vulkan
    #[cfg(feature = "vulkan")]
    Vulkan,
    /// An Apple GPU
    #[cfg(feature = "metal")]
    Metal,
    /// An NVIDIA GPU
    #[cfg(feature = "cuda")]
    Cuda,
    /// An AMD GPU
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
