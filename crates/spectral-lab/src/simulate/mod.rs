//! Data sets of solutions of partial differential equations, for learning solution operators: equations by name with
//! their defaults, and `.npz` files.
//!
//! ```
//! use spectral_lab::simulate::{Request, Simulation};
//!
//! let request = Request {
//!     points: Some(64),
//!     ..Request::new("burgers", 4)
//! };
//! let arrays = Simulation::new(&request)?.run(&|_done| {})?;
//! assert_eq!(arrays[0].name, "x");
//! assert_eq!(arrays[0].shape, [4, 1, 64]);
//! # Ok::<(), spectral_lab::simulate::SimulateError>(())
//! ```

mod array;
mod equations;
mod error;
mod law;
mod settings;
mod simulation;

pub use array::{Array, Precision, Values, write_npz};
pub use equations::{Equation, Force, PARAMETERS, Parameter, Time, equation, equations};
pub use error::SimulateError;
pub use law::Law;
pub use settings::{Request, Settings};
pub use simulation::Simulation;
