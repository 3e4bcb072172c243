//! What came of a step.

use serde::Serialize;

use super::parts::Parts;

/// Times and memory of a step. Times are medians in milliseconds; a step is forward, loss, backward
/// and the optimizer's update.
#[derive(Clone, Debug, Serialize)]
pub struct StepReport {
    /// The network's name.
    pub case: String,
    /// The recipe that loss and optimizer come from.
    pub recipe: &'static str,
    /// The shape of the input.
    pub shape: [usize; 4],
    /// Images of a step.
    pub batch: usize,
    /// Numbers that are learned.
    pub params: usize,
    /// The whole step.
    pub fwdbwd_ms: f64,
    /// The shortest.
    pub fwdbwd_min_ms: f64,
    /// Images of a batch over the time of a step.
    pub images_per_s: f64,
    /// The parts of the step.
    #[serde(flatten)]
    pub parts: Parts,
    /// The fastest peer's whole step.
    pub peer_fwdbwd_ms: Option<f64>,
    /// The shortest step of any peer's: what a busy machine disturbed least.
    pub peer_fwdbwd_min_ms: Option<f64>,
    /// The fastest peer's images a second.
    pub peer_images_per_s: Option<f64>,
    /// The parts of the fastest peer's step.
    pub peer_parts: Option<Parts>,
    /// Numbers that the fastest peer learns.
    pub peer_params: Option<usize>,
    /// How many times as long the fastest peer takes.
    pub ratio: Option<f64>,
    /// Whether a median that counts is more than twice the shortest time.
    pub noisy: bool,
    /// Megabytes of a fresh process at its peak, above what it held before.
    pub peak_mb: Option<f64>,
    /// The same of the fastest peer.
    pub peer_peak_mb: Option<f64>,
    /// The peer's forms one by one, the fastest first.
    pub peers: Vec<PeerStepReport>,
    /// What ran the peer's forms.
    pub peer: Option<String>,
    /// Threads.
    pub threads: usize,
    /// The machine.
    pub machine: String,
}

/// Times of one form with one way to allocate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PeerStepReport {
    /// How the network is written.
    pub form: String,
    /// How the optimizer goes over the parameters.
    pub optimizer: &'static str,
    /// Whether images lie in memory with their channels last.
    pub channels_last: bool,
    /// How it allocated.
    pub malloc: &'static str,
    /// Numbers that are learned.
    pub params: Option<usize>,
    /// The whole step.
    pub fwdbwd_ms: f64,
    /// The shortest.
    pub fwdbwd_min_ms: f64,
    /// The parts of the step.
    #[serde(flatten)]
    pub parts: Parts,
}

impl StepReport {
    /// Enters the peer's times: the shortest counts.
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
