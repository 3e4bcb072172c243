//! Batched real and complex FFTs, spectral filters and long convolutions on plain slices.
//!
//! The computational core of Spectral: slices in, slices out, no tensors. Networks transform thousands of small signals
//! of awkward lengths (7, 14, 28, 75, 150), so vector registers are filled with several signals, one per lane, rather
//! than with the elements of one signal. A transform of 28 points then needs no shuffles, and any length up to 4096
//! without a prime factor above 199 runs at about the speed of a power of two.
//!
//! # Conventions
//!
//! - **Layout**: row-major. Complex data are planar: two slices of equal length ([`Planar`], [`PlanarMut`]).
//! - **Normalization**: nothing is scaled except by the `scale` argument; [`Norm`] provides the usual choices. The
//!   forward transform uses `exp(-2πi jk/n)`, the inverse `exp(+2πi jk/n)`.
//! - **Output order**: bin `k` has frequency `k/n`; bins above `n/2` are the negative frequencies `k/n − 1`.
//!   Half-spectra of real signals consist of the `n/2 + 1` bins `0, …, n/2` ([`half_bins`]), along the last transformed
//!   axis.
//! - **Any input**: inverse real transforms are defined for every spectrum, Hermitian or not: complex over the leading
//!   axes, then the real part over the last one. The same functions compute their adjoints, with a [`BinWeight`].
//! - **Pruning**: a [`PrunedFft`] transforms only the nonzero parts of padded, cropped or tiled signals ([`Frame`]),
//!   and only the kept [`Modes`] of their spectra.
//! - **Errors**: a slice of the wrong length causes a panic with the expected and the actual length. Callers should
//!   check shapes first.
//! - **Threads**: rayon's current pool; small amounts of work stay on the calling thread.
//! - **Independence**: batch entries do not affect each other, neither by rounding nor by non-finite values.
//! - **Accuracy**: relative L2 error below 5e-7 (`f32`) and 1e-14 (`f64`), tested against [`oracle`] at every length
//!   from 1 to 64 and selected lengths up to 8195.
//!
//! # Speed
//!
//! Instructions (AVX-512, AVX2 with FMA, or the target's baseline) are selected at run time; the environment variable
//! `SPECTRAL_INSTRUCTION_SET` can lower the selection ([`InstructionSet`]). The table shows `rfftn` followed by
//! `irfftn` in `f32`, in milliseconds (minimum of many runs), on two cores of an AMD EPYC (family 26, AVX-512) with two
//! threads, compared with a plain loop of realfft and rustfft over images with rayon (`cargo bench --bench fft`):
//!
//! | images | this crate | realfft loop |
//! |---|---|---|
//! | 1024 × 28 × 28 | 0.58 | 2.2 |
//! | 2048 × 32 × 32 | 1.2 | 3.1 |
//! | 128 × 150 × 150 | 3.0 | 7.6 |
//! | 128 × 256 × 256 | 6.5 | 30 |
//!
//! Complex transforms of lines of one length, one thread, in GFLOP/s (counting 5·n·log2 n): 28: 45, 64: 65, 100: 72,
//! 128: 78, 150: 55, 256: 71, 512: 74, 1000: 84, 4096: 48, 65536: 46. Slower cases: lengths below 16 (7: 15, 14: 30),
//! primes (31: 28, 127: 26, 257: 17), and one-dimensional real lines of odd length, which take twice the work.
//!
//! [`BinwiseMatmul`] runs at 145 to 180 GFLOP/s per thread (counting 8 flops per complex multiply-add) for dense
//! couplings of 16 channels and more; depthwise ones are memory-bound.
//!
//! # Example
//!
//! ```
//! use spectral_kernels::{BinWeight, Norm, Planar, PlanarMut, half_bins, irfftn, rfftn};
//!
//! let (batch, sizes) = (2, [3, 5]);
//! let x: Vec<f32> = (0..30).map(|i| i as f32).collect();
//! let bins = batch * sizes[0] * half_bins(sizes[1]);
//! let (mut re, mut im) = (vec![0.0; bins], vec![0.0; bins]);
//! rfftn(batch, &sizes, 1.0, BinWeight::One, &x, PlanarMut { re: &mut re, im: &mut im });
//! assert_eq!(re[0], (0..15).sum::<i32>() as f32);
//!
//! let mut back = vec![0.0; 30];
//! let scale = Norm::Backward.inverse_scale(15) as f32;
//! irfftn(batch, &sizes, scale, BinWeight::One, Planar { re: &re, im: &im }, &mut back);
//! assert!(back.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-5));
//! ```
#![warn(missing_docs)]
#![allow(
    clippy::needless_range_loop,
    reason = "blocks of registers are indexed by constants"
)]

mod algorithm;
mod binwise_matmul;
mod cache;
mod exponential;
mod filter;
mod hermitian;
mod long_convolution;
mod noise;
mod norm;
pub mod oracle;
mod plan;
mod pointwise;
mod real;
mod reverse;
mod shape;
mod stack;
mod transform;
mod view;

pub use binwise_matmul::{BinwiseMatmul, Conjugate, TiledBinwiseMatmul};
pub use cache::{PlanMemory, clear_plans, plan_memory, set_plan_memory};
pub use exponential::{ExponentialFactors, ExponentialGradients, ExponentialSum};
pub use filter::{InputGradient, Layout, Placement, ResponseGradient, SpectralFilter};
pub use hermitian::HermitianSpectra;
pub use long_convolution::{LongConvolution, LongGradients};
pub use noise::NormalNoise;
pub use norm::Norm;
pub use pointwise::Pointwise;
pub use reverse::reverse;
pub use shape::{Axis, BinWeight, Direction, Planar, PlanarMut, half_bins};
pub use spectral_lanes::{InstructionSet, Scalar, keep_freed_pages, threads};
pub use stack::{DenseGradients, DenseHead, RectifiedStack};
pub use transform::{
    Frame, Modes, PrunedFft, fft_axis, fftn, irfft_axis, irfftn, rfft_axis, rfftn,
};

/// Compiles and runs the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
