//! Times of layers and training steps, beside those of other implementations and what the machine allows.
//!
//! A [`Spec`] says what is timed, a layer and the shape of its input; [`cases`] names the usual
//! ones. [`Subject`] runs it: forward alone, without gradients, or forward and backward, with the
//! gradients of the input and of every parameter from a random cotangent. [`Peers`] runs the same
//! in processes of their own, in turns with ours, and [`Rates`] measures the machine, so that
//! [`Work`] can say how long the layer must take at least.
//!
//! A [`StepSpec`] and its [`StepBench`] do the same for the whole training step of a network.
//!
//! All is single precision on the CPU.

mod build;
mod cases;
mod clock;
mod cotangent;
mod error;
mod layers;
mod memory;
mod peer;
mod rates;
mod report;
mod run;
mod spec;
mod step;
mod subject;
mod sweep;
mod work;

pub use build::build;
pub use cases::{Case, case, cases};
pub use clock::{Sampling, median};
pub use cotangent::backward;
pub use error::BenchError;
pub use memory::peak_of;
pub use peer::{Form, Peers, StepForm, StepSamples};
pub use rates::{Limit, Rates};
pub use report::{PeerReport, Report};
pub use run::{Bench, Progress};
pub use spec::{Layer, Options, Spec};
pub use step::{
    Parts, PeerStepReport, STEPS, StepBench, StepReport, StepSpec, StepSubject, peak_of_step,
};
pub use subject::Subject;
pub use sweep::sweep;
pub use work::Work;
