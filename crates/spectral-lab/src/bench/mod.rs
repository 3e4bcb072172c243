//! Times layers and training steps, against PyTorch and against the limits of the machine.
//!
//! A [`Spec`] is a layer and its input shape; [`cases`] lists the usual ones. [`Subject`] runs it:
//! forward without gradients, or forward and backward with the gradients of the input and all
//! parameters for a random cotangent. [`Peers`] runs the same in separate processes, taking turns,
//! and [`Rates`] measures the machine, from which [`Work`] derives the minimum time of the layer.
//!
//! [`StepSpec`] and [`StepBench`] do the same for a whole training step of a network, and
//! [`RolloutSpec`] and [`RolloutBench`] for a neural operator applied to its own output.
//!
//! Everything is in float32 on the CPU.

mod build;
mod cases;
mod clock;
mod cotangent;
mod error;
mod layers;
mod memory;
mod operator;
mod peer;
mod rates;
mod report;
mod rollout;
mod run;
mod spec;
mod step;
mod subject;
mod sweep;
mod turns;
mod work;

pub use build::build;
pub use cases::{Case, case, cases};
pub use clock::{Sampling, median};
pub use cotangent::backward;
pub use error::BenchError;
pub use memory::peak_of;
pub use operator::OperatorCase;
pub use peer::{Form, Peers, ROLLOUT_FORMS, StepForm, StepSamples};
pub use rates::{Limit, Rates};
pub use report::{PeerReport, Report};
pub use rollout::{PeerRolloutReport, RolloutBench, RolloutReport, RolloutSpec};
pub use run::Bench;
pub use spec::{Layer, Options, Spec};
pub use step::{
    Parts, PeerStepReport, STEPS, StepBench, StepNetwork, StepReport, StepSpec, StepSubject,
    peak_of_step,
};
pub use subject::Subject;
pub use sweep::sweep;
pub use turns::Progress;
pub use work::Work;
