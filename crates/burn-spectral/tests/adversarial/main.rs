//! Layers on shapes that nobody thought of: drawn at random, values and gradients compared with loops in f64.
//!
//! `SPECTRAL_CASES` sets how many cases of each kind are drawn, and `SPECTRAL_SEED` from which number on, so that
//!
//! ```text
//! SPECTRAL_CASES=20000 cargo test --release -p burn-spectral --test adversarial
//! ```
//!
//! looks for longer. What fails is printed as a line of Rust that, in a test of this file, reproduces it.

mod draw;
mod fft_conv;
mod fixed;
mod long_conv;
mod oracle;
mod pool;
mod spectral_conv;

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use draw::Draw;

/// Cases of each kind without the environment variable.
const CASES: u64 = 60;

/// A layer and its input.
trait Case: Debug {
    /// One at random.
    fn draw(draw: &mut Draw) -> Self;

    /// Compares the layer with the loops.
    fn check(&self) -> Result<(), String>;
}

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{variable} must be a whole number, got {text:?}")),
        Err(_) => default,
    }
}

/// The failure of a case, a panic counted.
fn failure(case: &impl Case) -> Option<String> {
    match catch_unwind(AssertUnwindSafe(|| case.check())) {
        Ok(result) => result.err(),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or(panic.downcast_ref::<&str>().map(|text| text.to_string()));
            Some(format!("panic: {}", text.unwrap_or_default()))
        }
    }
}

fn run<C: Case>() {
    let (cases, first) = (number("SPECTRAL_CASES", CASES), number("SPECTRAL_SEED", 0));
    let mut failures = Vec::new();
    for seed in first..first + cases {
        let case = C::draw(&mut Draw::new(seed));
        if let Some(failure) = failure(&case) {
            failures.push(format!("{case:?}.check().unwrap(); // {failure}"));
        }
    }
    println!("{cases} cases, {} failures", failures.len());
    assert!(
        failures.is_empty(),
        "{} of {cases} cases fail:\n{}",
        failures.len(),
        failures[..failures.len().min(5)].join("\n")
    );
}

#[test]
fn a_convolution_with_zero_padding_is_its_loops_by_every_algorithm() {
    run::<fft_conv::FftConv>();
}

#[test]
fn a_spectral_convolution_is_its_loops_for_every_response_and_coupling() {
    run::<spectral_conv::SpectralConv>();
}

#[test]
fn a_long_convolution_is_its_loops() {
    run::<long_conv::LongConv>();
}

#[test]
fn a_global_filter_is_its_loops() {
    run::<fixed::GlobalFilter>();
}

#[test]
fn a_fixed_convolution_is_its_loops() {
    run::<fixed::Fixed>();
}

#[test]
fn a_change_of_resolution_is_its_loops() {
    run::<pool::Resample>();
}

/// Cases that were drawn and failed.
#[test]
fn what_failed_once_stays_right() {
    use burn::tensor::DType::{F32, F64};
    use burn_spectral::conv::FftConvAlgorithm::{Auto, Tiled, Whole};
    use burn_spectral::ops::SavedSpectrum::{Keep, Recompute};
    use draw::Layout::{Contiguous, Flipped, Reversed, Sliced, Strided, Swapped};
    use fft_conv::FftConv;
    use fft_conv::Through::{Function, Layer};
    use pool::Resample;

    Resample {
        batch: 3,
        channels: 0,
        from: [5, 20],
        to: [20, 20],
        dtype: F32,
        layouts: [Flipped, Strided],
        seed: 9713262164882143271,
    }
    .check()
    .unwrap();
    FftConv {
        axes: 3,
        batch: 0,
        channels: [4, 4],
        groups: 1,
        size: [5, 2, 12],
        kernel: [2, 4, 2],
        stride: [50, 3, 1],
        dilation: [1, 1, 1],
        padding: [(2, 2), (0, 7), (1, 1)],
        bias: false,
        algorithm: Tiled { tile: 22 },
        saved: Keep,
        through: Function,
        dtype: F32,
        layouts: [Sliced, Sliced, Sliced],
        seed: 11432547783347574088,
    }
    .check()
    .unwrap();
    FftConv {
        axes: 1,
        batch: 1,
        channels: [4, 1],
        groups: 2,
        size: [1, 1, 422],
        kernel: [1, 1, 189],
        stride: [1, 1, 1],
        dilation: [1, 1, 1],
        padding: [(0, 0), (0, 0), (0, 0)],
        bias: false,
        algorithm: Auto,
        saved: Recompute,
        through: Function,
        dtype: F32,
        layouts: [Swapped, Contiguous, Swapped],
        seed: 6433485570344094324,
    }
    .check()
    .unwrap();
    FftConv {
        axes: 1,
        batch: 3,
        channels: [4, 1],
        groups: 4,
        size: [1, 1, 0],
        kernel: [1, 1, 2],
        stride: [1, 1, 3],
        dilation: [1, 1, 1],
        padding: [(0, 0), (0, 0), (2, 0)],
        bias: false,
        algorithm: Tiled { tile: 5 },
        saved: Recompute,
        through: Function,
        dtype: F64,
        layouts: [Contiguous, Sliced, Reversed],
        seed: 13400396203905508913,
    }
    .check()
    .unwrap();
    FftConv {
        axes: 3,
        batch: 3,
        channels: [4, 2],
        groups: 1,
        size: [1, 0, 5],
        kernel: [3, 1, 1],
        stride: [2, 2, 3],
        dilation: [1, 7, 7],
        padding: [(2, 2), (2, 2), (0, 0)],
        bias: true,
        algorithm: Whole,
        saved: Keep,
        through: Layer,
        dtype: F64,
        layouts: [Swapped, Strided, Strided],
        seed: 2972369404424820943,
    }
    .check()
    .unwrap();
    FftConv {
        axes: 1,
        batch: 3,
        channels: [1, 1],
        groups: 1,
        size: [1, 1, 482],
        kernel: [1, 1, 89],
        stride: [1, 1, 1],
        dilation: [1, 1, 3],
        padding: [(0, 0), (0, 0), (2, 3)],
        bias: true,
        algorithm: Auto,
        saved: Recompute,
        through: Function,
        dtype: F32,
        layouts: [Contiguous, Flipped, Swapped],
        seed: 12828999117048188938,
    }
    .check()
    .unwrap();
}

#[test]
fn a_wrong_layer_is_found() {
    /// The convolution, taken for one with another padding.
    #[derive(Debug)]
    struct Shifted(fft_conv::FftConv);

    impl Case for Shifted {
        fn draw(draw: &mut Draw) -> Self {
            Self(fft_conv::FftConv::draw(draw))
        }

        fn check(&self) -> Result<(), String> {
            let mut expected = self.0;
            let (before, after) = expected.padding[2];
            expected.padding[2] = (before + 1, after.saturating_sub(1));
            self.0.compare(&expected)
        }
    }

    let found = (0..60).filter(|&seed| failure(&Shifted::draw(&mut Draw::new(seed))).is_some());
    assert!(found.count() > 20);
}
