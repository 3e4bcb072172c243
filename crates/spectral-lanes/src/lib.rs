//! Infrastructure for CPU kernels: number types, SIMD vectors with run-time dispatch, threading, scratch memory, and
//! the register-blocked inner loop of matrix products.
//!
//! A kernel is written once, generic over [`Simd`], and compiled for every instruction set ([`Kernel`],
//! [`Scalar::dispatch`]). Work on slices is compiled once per number type, in the crate that defines it ([`Entry`]).
//! Nothing in this crate is specific to a layer or a transform.
//!
//! # Example
//! ```
//! use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd};
//!
//! /// Doubles every element, one vector at a time.
//! struct Double<'a, T>(&'a mut [T]);
//!
//! impl<T: Scalar> Kernel<T> for Double<'_, T> {
//!     type Output = ();
//!
//!     #[inline(always)]
//!     fn run<S: Simd<T>>(self, simd: S) {
//!         for chunk in self.0.chunks_mut(S::LANES) {
//!             // SAFETY: the chunk holds `chunk.len() ≤ LANES` elements.
//!             unsafe {
//!                 let x = simd.load_part(chunk.as_ptr(), chunk.len());
//!                 simd.store_part(chunk.as_mut_ptr(), x + x, chunk.len());
//!             }
//!         }
//!     }
//! }
//!
//! let mut x = [1.0_f32, 2.0, 3.0];
//! f32::dispatch(InstructionSet::current(), Double(&mut x));
//! assert_eq!(x, [2.0, 4.0, 6.0]);
//! ```
#![warn(missing_docs)]
#![allow(
    clippy::needless_range_loop,
    reason = "blocks of registers are indexed by constants"
)]

mod check;
mod exp;
mod gather;
pub mod gemm;
mod memory;
pub mod parallel;
mod scratch;
pub mod simd;

pub use check::{count, expect_len};
pub use exp::Exp;
pub use gather::{Gather, Scatter, copy, copy_scaled};
pub use memory::keep_freed_pages;
pub use parallel::threads;
pub use scratch::{with_outer_scratch, with_scratch};
pub use simd::{Entry, InstructionSet, Kernel, MAX_LANES, Scalar, Simd, Vector};

/// Compiles and runs the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
