//! The networks of the lab, by name.
//!
//! Every spectral network has a spatial baseline: the same network with ordinary convolutions in
//! place of the spectral layers.

mod autoencoder;
mod cats;
mod cemnet;
mod cifar;
mod cnn;
mod conv_net;
mod error;
mod feature_net;
mod filter;
mod fixed;
mod frequency_stack;
mod image_stack;
mod info;
mod input;
mod keras;
mod network;
pub mod operator;
mod parameters;
mod plan;
mod probe;
mod registry;
mod scaled;
mod spectral_best;
mod spectrum_net;
mod stage;
#[cfg(test)]
mod tests;

pub use autoencoder::{Autoencoder, Encoder};
pub use cemnet::{
    BranchLayer, Branches, CemBlock, CemHead, CemNet, Fixation, ImageSteps, JoinedHead,
    PublishedSteps, Steps,
};
pub use cnn::Cnn;
pub use conv_net::ConvNet;
pub use error::ModelError;
pub use feature_net::{FeatureLayer, FeatureNet, FilterLayer, PatchLayer};
pub(crate) use filter::match_filter;
pub use filter::{Filter, FilterKind};
pub use fixed::{FirstLayer, FixedNet};
pub use frequency_stack::{FrequencyStack, PublishedLayers};
pub use image_stack::ImageStack;
pub use info::ModelInfo;
pub use input::InputSpec;
pub use network::Network;
pub use parameters::trainable;
pub use plan::Head;
pub use probe::{FilterProbe, probe_filters};
pub use registry::{build, find, models};
pub use spectral_best::{
    BestBlock, BestFilter, BestStage, FilterDomain, PointwiseMix, SpectralBest, Trigonometric,
    TrigonometricConfig,
};
pub use spectrum_net::{Features, SpectrumNet};
pub use stage::Stage;
