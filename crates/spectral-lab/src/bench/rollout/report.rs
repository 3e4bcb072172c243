//! Results of a rollout.

use serde::Serialize;

/// Times of a rollout, medians in milliseconds.
#[derive(Clone, Debug, Serialize)]
pub struct RolloutReport {
    /// The network's name.
    pub case: String,
    /// The shape of a state.
    pub shape: [usize; 4],
    /// How often the network was applied.
    pub steps: usize,
    /// The whole rollout.
    pub ms: f64,
    /// The minimum.
    pub min_ms: f64,
    /// The fastest peer variant's rollout.
    pub peer_ms: Option<f64>,
    /// The minimum over all peer variants, least affected by other load.
    pub peer_min_ms: Option<f64>,
    /// The fastest peer variant's time over ours.
    pub ratio: Option<f64>,
    /// Whether a relevant median is more than twice the minimum.
    pub noisy: bool,
    /// All peer variants, the fastest first.
    pub peers: Vec<PeerRolloutReport>,
    /// The peer's program and version.
    pub peer: Option<String>,
    /// Number of threads.
    pub threads: usize,
    /// The machine.
    pub machine: String,
}

/// Times of one variant with one malloc setting.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PeerRolloutReport {
    /// The variant's name.
    pub form: String,
    /// The malloc setting.
    pub malloc: &'static str,
    /// The whole rollout.
    pub ms: f64,
    /// The minimum.
    pub min_ms: f64,
}

impl RolloutReport {
    /// Records the peer's times: the minimum counts.
    pub(super) fn set_peers(&mut self, mut peers: Vec<PeerRolloutReport>) {
        peers.sort_by(|a, b| a.ms.total_cmp(&b.ms));
        let best = peers.first();
        self.peer_ms = best.map(|peer| peer.ms);
        let shortest = peers.iter().map(|peer| peer.min_ms);
        self.peer_min_ms = shortest.min_by(f64::total_cmp);
        self.ratio = best.map(|peer| peer.ms / self.ms);
        let noisy = |median: f64, shortest: f64| median > 2.0 * shortest;
        self.noisy =
            noisy(self.ms, self.min_ms) || best.is_some_and(|peer| noisy(peer.ms, peer.min_ms));
        self.peers = peers;
    }
}
