//! Results of a case.

use serde::Serialize;

/// Times, memory and distance to the hardware limit of a case. Times are medians in milliseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The case's name.
    pub case: String,
    /// The layer.
    pub layer: &'static str,
    /// The input shape.
    pub shape: Vec<usize>,
    /// Output channels.
    pub out: usize,
    /// Number of trainable parameters.
    pub params: usize,
    /// Forward pass without gradients.
    pub fwd_ms: f64,
    /// Forward and backward pass.
    pub fwdbwd_ms: f64,
    /// The minimum of the forward pass, least affected by other load.
    pub fwd_min_ms: f64,
    /// The minimum of the forward and backward pass.
    pub fwdbwd_min_ms: f64,
    /// The fastest peer variant, forward pass.
    pub peer_fwd_ms: Option<f64>,
    /// The fastest peer variant, forward and backward pass.
    pub peer_fwdbwd_ms: Option<f64>,
    /// The peer's time over ours, forward pass.
    pub ratio_fwd: Option<f64>,
    /// The peer's time over ours, forward and backward pass.
    pub ratio_fwdbwd: Option<f64>,
    /// Whether a relevant median is more than twice the minimum.
    pub noisy: bool,
    /// The minimum time of forward and backward pass on this machine.
    pub limit_ms: f64,
    /// `arithmetic` or `memory`.
    pub limited_by: &'static str,
    /// The time of forward and backward pass over the limit.
    pub times_limit: f64,
    /// The arithmetic that forward and backward pass need.
    pub flops: f64,
    /// The bytes that forward and backward pass must move.
    pub bytes: f64,
    /// Peak megabytes of a fresh process above its starting level.
    pub peak_mb: Option<f64>,
    /// The same for the fastest peer variant, forward and backward.
    pub peer_peak_mb: Option<f64>,
    /// All peer variants.
    pub peers: Vec<PeerReport>,
    /// The peer's program and version.
    pub peer: Option<String>,
    /// Number of threads.
    pub threads: usize,
    /// The machine.
    pub machine: String,
    /// The measured arithmetic throughput.
    pub gflops_per_s: f64,
    /// The measured bandwidth of the memory behind all caches.
    pub gb_per_s: f64,
}

/// Times of one variant with one malloc setting.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PeerReport {
    /// The variant's name.
    pub form: String,
    /// The malloc setting.
    pub malloc: &'static str,
    /// Forward pass without gradients.
    pub fwd_ms: f64,
    /// Forward and backward pass.
    pub fwdbwd_ms: f64,
    /// The minimum of the forward pass.
    pub fwd_min_ms: f64,
    /// The minimum of the forward and backward pass.
    pub fwdbwd_min_ms: f64,
}

impl Report {
    /// Whether a median, ours or that of a peer variant that counts, is more than twice the
    /// minimum: the machine was busy, and ratios of medians are unreliable.
    pub fn is_noisy(&self) -> bool {
        let noisy = |median: f64, shortest: f64| median > 2.0 * shortest;
        noisy(self.fwd_ms, self.fwd_min_ms)
            || noisy(self.fwdbwd_ms, self.fwdbwd_min_ms)
            || self.peers.iter().any(|peer| {
                Some(peer.fwd_ms) == self.peer_fwd_ms && noisy(peer.fwd_ms, peer.fwd_min_ms)
                    || Some(peer.fwdbwd_ms) == self.peer_fwdbwd_ms
                        && noisy(peer.fwdbwd_ms, peer.fwdbwd_min_ms)
            })
    }

    /// The smaller of the two ratios.
    pub fn worst_ratio(&self) -> Option<f64> {
        let (fwd, both) = self.ratio_fwd.zip(self.ratio_fwdbwd)?;
        Some(fwd.min(both))
    }

    /// Records the peer's times: for each pass the minimum counts.
    pub(super) fn set_peers(&mut self, peers: Vec<PeerReport>) {
        let least = |of: fn(&PeerReport) -> f64| peers.iter().map(of).min_by(f64::total_cmp);
        self.peer_fwd_ms = least(|peer| peer.fwd_ms);
        self.peer_fwdbwd_ms = least(|peer| peer.fwdbwd_ms);
        self.ratio_fwd = self.peer_fwd_ms.map(|ms| ms / self.fwd_ms);
        self.ratio_fwdbwd = self.peer_fwdbwd_ms.map(|ms| ms / self.fwdbwd_ms);
        self.peers = peers;
        self.noisy = self.is_noisy();
    }
}
