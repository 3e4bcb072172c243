//! Networks that learn solution operators of PDEs, and the losses they are trained with.

mod loss;

pub use loss::{
    Derivative, RelativeH1, relative_h1, relative_h1_per_sample, relative_l2,
    relative_l2_per_sample,
};
