//! Layers that return spectra: as real channels, weighted by gates, of local patches.
//!
//! A transform alone has nothing to learn, its magnitude has no phase, and it sees the whole image
//! at once. [`FftLayer`] chooses what of the spectrum the next layers see, [`FrequencyGate`] and
//! [`ElementGate`] weigh its frequencies, and [`PatchStft2d`] looks at one place at a time.

mod element_gate;
mod fft_layer;
mod frequency_gate;
mod patch;
mod window;

pub use element_gate::{ElementGate, ElementGateConfig, GateConfig};
pub use fft_layer::{FftLayer, FftLayerConfig, SpectrumExtent, SpectrumOutput};
pub use frequency_gate::{FrequencyGate, FrequencyGateConfig, GateFeatures};
pub use patch::{PatchEdges, PatchStft2d, PatchStft2dConfig};
pub use window::PatchWindow;
