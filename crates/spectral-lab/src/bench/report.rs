//! What came of a case.

use serde::Serialize;

/// Times, memory and distance to the limit of a case. Times are medians in milliseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The case's name.
    pub case: String,
    /// The layer.
    pub layer: &'static str,
    /// The shape of the input.
    pub shape: Vec<usize>,
    /// Output channels.
    pub out: usize,
    /// Numbers that are learned.
    pub params: usize,
    /// Forward alone, without gradients.
    pub fwd_ms: f64,
    /// Forward and backward.
    pub fwdbwd_ms: f64,
    /// The shortest forward pass: what a busy machine disturbed least.
    pub fwd_min_ms: f64,
    /// The shortest forward and backward pass.
    pub fwdbwd_min_ms: f64,
    /// The fastest peer, forward alone.
    pub peer_fwd_ms: Option<f64>,
    /// The fastest peer, forward and backward.
    pub peer_fwdbwd_ms: Option<f64>,
    /// How many times as long the peer takes forward.
    pub ratio_fwd: Option<f64>,
    /// How many times as long the peer takes forward and backward.
    pub ratio_fwdbwd: Option<f64>,
    /// Whether a median that counts is more than twice the shortest time.
    pub noisy: bool,
    /// The least time that forward and backward can take here.
    pub limit_ms: f64,
    /// `arithmetic` or `memory`.
    pub limited_by: &'static str,
    /// How many times the limit forward and backward take.
    pub times_limit: f64,
    /// The arithmetic that forward and backward cannot do without.
    pub flops: f64,
    /// The bytes that they cannot but move.
    pub bytes: f64,
    /// Megabytes of a fresh process at its peak, above what it held before.
    pub peak_mb: Option<f64>,
    /// The same of the peer that was fastest forward and backward.
    pub peer_peak_mb: Option<f64>,
    /// The peer's forms one by one.
    pub peers: Vec<PeerReport>,
    /// What ran the peer's forms.
    pub peer: Option<String>,
    /// Threads.
    pub threads: usize,
    /// The machine.
    pub machine: String,
    /// The measured rate of arithmetic.
    pub gflops_per_s: f64,
    /// The measured bandwidth of the memory behind all caches.
    pub gb_per_s: f64,
}

/// Times of one form with one way to allocate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PeerReport {
    /// The form's name.
    pub form: String,
    /// How it allocated.
    pub malloc: &'static str,
    /// Forward alone, without gradients.
    pub fwd_ms: f64,
    /// Forward and backward.
    pub fwdbwd_ms: f64,
    /// The shortest forward pass.
    pub fwd_min_ms: f64,
    /// The shortest forward and backward pass.
    pub fwdbwd_min_ms: f64,
}

impl Report {
    /// Whether a median, ours or that of a peer that counts, is more than twice the shortest time:
    /// the machine had something else to do, and ratios of medians say little.
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

    /// Enters the peer's times: of each pass the shortest counts.
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
