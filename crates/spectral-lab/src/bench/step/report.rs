//! Results of a step.

use serde::Serialize;

use super::parts::Parts;

/// Times and memory of a step. Times are medians in milliseconds; a step is forward pass, loss,
/// backward pass and optimizer update.
#[derive(Clone, Debug, Serialize)]
pub struct StepReport {
    /// The network's name.
    pub case: String,
    /// The recipe that loss and optimizer are taken from.
    pub recipe: &'static str,
    /// The input shape.
    pub shape: [usize; 4],
    /// The batch size.
    pub batch: usize,
    /// Number of trainable parameters.
    pub params: usize,
    /// The whole step.
    pub fwdbwd_ms: f64,
    /// The minimum.
    pub fwdbwd_min_ms: f64,
    /// Images, or other samples, per second: the batch size over the time of a step.
    pub images_per_s: f64,
    /// The parts of the step.
    #[serde(flatten)]
    pub parts: Parts,
    /// The fastest peer variant's whole step.
    pub peer_fwdbwd_ms: Option<f64>,
    /// The minimum over all peer variants, least affected by other load.
    pub peer_fwdbwd_min_ms: Option<f64>,
    /// The fastest peer variant's images per second.
    pub peer_images_per_s: Option<f64>,
    /// The parts of the fastest peer variant's step.
    pub peer_parts: Option<Parts>,
    /// Number of trainable parameters of the fastest peer variant.
    pub peer_params: Option<usize>,
    /// The fastest peer variant's time over ours.
    pub ratio: Option<f64>,
    /// Whether a relevant median is more than twice the minimum.
    pub noisy: bool,
    /// Peak megabytes of a fresh process above its starting level.
    pub peak_mb: Option<f64>,
    /// The same for the fastest peer variant.
    pub peer_peak_mb: Option<f64>,
    /// All peer variants, the fastest first.
    pub peers: Vec<PeerStepReport>,
    /// The peer's program and version.
    pub peer: Option<String>,
    /// Number of threads.
    pub threads: usize,
    /// The machine.
    pub machine: String,
}

/// Times of one variant with one malloc setting.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PeerStepReport {
    /// The variant's name.
    pub form: String,
    /// The optimizer's implementation.
    pub optimizer: &'static str,
    /// Whether the memory format is channels-last.
    pub channels_last: bool,
    /// The malloc setting.
    pub malloc: &'static str,
    /// Number of trainable parameters.
    pub params: Option<usize>,
    /// The whole step.
    pub fwdbwd_ms: f64,
    /// The minimum.
    pub fwdbwd_min_ms: f64,
    /// The parts of the step.
    #[serde(flatten)]
    pub parts: Parts,
}

impl StepReport {
    /// Records the peer's times: the minimum counts.
    pub(super) fn set_peers(&mut self, mut peers: Vec<PeerStepReport>) {
        peers.sort_by(|a, b| a.fwdbwd_ms.total_cmp(&b.fwdbwd_ms));
        let best = peers.first();
        let ms = best.map(|peer| peer.fwdbwd_ms);
        self.peer_fwdbwd_ms = ms;
        let shortest = peers.iter().map(|peer| peer.fwdbwd_min_ms);
        self.peer_fwdbwd_min_ms = shortest.min_by(f64::total_cmp);
        self.peer_images_per_s = ms.map(|ms| self.batch as f64 / ms * 1e3);
        self.peer_parts = best.map(|peer| peer.parts);
        self.peer_params = best.and_then(|peer| peer.params);
        self.ratio = ms.map(|ms| ms / self.fwdbwd_ms);
        let noisy = |median: f64, shortest: f64| median > 2.0 * shortest;
        self.noisy = noisy(self.fwdbwd_ms, self.fwdbwd_min_ms)
            || best.is_some_and(|peer| noisy(peer.fwdbwd_ms, peer.fwdbwd_min_ms));
        self.peers = peers;
    }
}
