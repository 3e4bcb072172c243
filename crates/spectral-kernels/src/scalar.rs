//! The number types the kernels work on.

use crate::cache::Plans;
use crate::channel_affine;
use crate::contraction::Product;
use crate::convolution::{Correlate, EpilogueGradient, WeightGradient};
use crate::dense;
use crate::exponential::{self, Exp};
use crate::filter;
use crate::hermitian;
use crate::long_convolution;
use crate::noise;
use crate::optimizer;
use crate::parallel::Shared;
use crate::pointwise::{self, Mix};
use crate::shape::{Axis, BinWeight};
#[cfg(target_arch = "x86_64")]
use crate::simd::x86;
use crate::simd::{InstructionSet, Kernel, Simd, portable};
use crate::stack::{Adjoint, Forward};
use crate::transform::{self, Kind, Request, pruned};

/// What the kernels need of a number type beyond arithmetic; out of reach of other crates.
pub trait Internals: rustfft::FftNum + Default + PartialOrd + Exp {
    /// Runs `kernel` compiled for `set`.
    fn dispatch<K: Kernel<Self>>(set: InstructionSet, kernel: K) -> K::Output
    where
        Self: Scalar;

    /// Numbers in one vector of `set`.
    fn lanes(set: InstructionSet) -> usize
    where
        Self: Scalar;

    /// [`crate::transform::axis`] for this type. Like the next two it is a method so that the kernels are compiled once,
    /// here, and not again in every crate that calls a generic function.
    fn transform_axis(
        axis: Axis,
        kind: Kind,
        scale: Self,
        weight: BinWeight,
        input: [Shared<Self>; 2],
        output: [Shared<Self>; 2],
    ) where
        Self: Scalar;

    /// [`crate::transform::nd`] for this type.
    fn transform_nd(
        request: &Request<'_, Self>,
        input: [Shared<Self>; 2],
        output: [Shared<Self>; 2],
    ) where
        Self: Scalar;

    /// [`crate::transform::pruned`] for this type.
    fn transform_pruned(
        request: &pruned::Request<'_, Self>,
        real: Shared<Self>,
        spectrum: [Shared<Self>; 2],
    ) where
        Self: Scalar;

    /// [`Product::run`] for this type.
    fn multiply(product: Product<'_, Self>)
    where
        Self: Scalar;

    /// [`Mix::run`] for this type.
    fn pointwise_mix(work: Mix<'_, Self>)
    where
        Self: Scalar;

    /// [`pointwise::WeightGradient::run`] for this type.
    fn pointwise_weight(work: pointwise::WeightGradient<'_, Self>)
    where
        Self: Scalar;

    /// [`Forward::run`] for this type.
    fn stack_forward(work: Forward<'_, Self>)
    where
        Self: Scalar;

    /// [`Adjoint::run`] for this type.
    fn stack_adjoint(work: Adjoint<'_, Self>)
    where
        Self: Scalar;

    /// [`Correlate::run`] for this type.
    fn correlate(work: Correlate<'_, Self>)
    where
        Self: Scalar;

    /// [`WeightGradient::run`] for this type.
    fn weight_gradient(work: WeightGradient<'_, Self>)
    where
        Self: Scalar;

    /// [`EpilogueGradient::run`] for this type.
    fn epilogue_gradient(work: EpilogueGradient<'_, Self>)
    where
        Self: Scalar;

    /// The forward pass of [`crate::LongConvolution`] for this type.
    fn long_forward(work: long_convolution::Forward<'_, Self>)
    where
        Self: Scalar;

    /// The backward pass of [`crate::LongConvolution`] for this type.
    fn long_adjoint(work: long_convolution::Adjoint<'_, Self>)
    where
        Self: Scalar;

    /// [`exponential::Forward::run`] for this type.
    fn exponential_forward(work: exponential::Forward<'_, Self>)
    where
        Self: Scalar;

    /// [`exponential::Adjoint::run`] for this type.
    fn exponential_adjoint(work: exponential::Adjoint<'_, Self>)
    where
        Self: Scalar;

    /// [`filter::Work::run`] for this type.
    fn filter(work: filter::Work<Self>)
    where
        Self: Scalar;

    /// [`hermitian::Work::run`] for this type.
    fn hermitian(work: hermitian::Work<'_, Self>)
    where
        Self: Scalar;

    /// [`noise::Work::run`] for this type.
    fn noise(work: noise::Work<'_, Self>)
    where
        Self: Scalar;

    /// The forward pass of [`crate::FusedBatchNorm`] for this type.
    fn channel_forward(work: channel_affine::Forward<'_, Self>)
    where
        Self: Scalar;

    /// The backward pass of [`crate::FusedBatchNorm`] for this type.
    fn channel_adjoint(work: channel_affine::Adjoint<'_, Self>)
    where
        Self: Scalar;

    /// [`dense::Product::run`] for this type.
    fn matrix_product(work: dense::Product<'_, Self>)
    where
        Self: Scalar;

    /// [`dense::Before::run`] for this type.
    fn matrix_activation(work: dense::Before<'_, Self>)
    where
        Self: Scalar;

    /// [`optimizer::Update::run`] for this type.
    fn optimize(update: optimizer::Update<'_, Self>)
    where
        Self: Scalar;

    /// The square root.
    fn root(self) -> Self;

    /// The process-wide plans of this type.
    fn plans() -> &'static Plans<Self>
    where
        Self: Scalar;
}

/// A real number type with kernels: `f32` or `f64`. Sealed.
pub trait Scalar: Copy + Send + Sync + 'static + Internals {
    /// The nearest number of this type.
    fn of(x: f64) -> Self;

    /// The same number, exactly.
    fn widen(self) -> f64;
}

impl Scalar for f32 {
    #[inline(always)]
    fn of(x: f64) -> f32 {
        x as f32
    }

    #[inline(always)]
    fn widen(self) -> f64 {
        f64::from(self)
    }
}

impl Scalar for f64 {
    #[inline(always)]
    fn of(x: f64) -> f64 {
        x
    }

    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }
}

macro_rules! internals {
    ($t:ty) => {
        impl Internals for $t {
            fn dispatch<K: Kernel<$t>>(set: InstructionSet, kernel: K) -> K::Output {
                #[cfg(target_arch = "x86_64")]
                {
                    if set == InstructionSet::Avx512
                        && let Some(simd) = x86::Avx512::detect()
                    {
                        return Simd::<$t>::call(simd, kernel);
                    }
                    if set == InstructionSet::Avx2
                        && let Some(simd) = x86::Avx2::detect()
                    {
                        return Simd::<$t>::call(simd, kernel);
                    }
                }
                let _ = set;
                Simd::<$t>::call(portable::Portable, kernel)
            }

            fn lanes(set: InstructionSet) -> usize {
                match set {
                    InstructionSet::Avx512 => 64 / size_of::<$t>(),
                    InstructionSet::Avx2 => 32 / size_of::<$t>(),
                    InstructionSet::Portable => 16 / size_of::<$t>(),
                }
            }

            fn transform_axis(
                axis: Axis,
                kind: Kind,
                scale: $t,
                weight: BinWeight,
                input: [Shared<$t>; 2],
                output: [Shared<$t>; 2],
            ) {
                transform::axis::run(axis, kind, scale, weight, input, output);
            }

            fn transform_nd(
                request: &Request<'_, $t>,
                input: [Shared<$t>; 2],
                output: [Shared<$t>; 2],
            ) {
                transform::nd::run(request, input, output);
            }

            fn transform_pruned(
                request: &pruned::Request<'_, $t>,
                real: Shared<$t>,
                spectrum: [Shared<$t>; 2],
            ) {
                pruned::run(request, real, spectrum);
            }

            fn multiply(product: Product<'_, $t>) {
                product.run();
            }

            fn pointwise_mix(work: Mix<'_, $t>) {
                work.run();
            }

            fn pointwise_weight(work: pointwise::WeightGradient<'_, $t>) {
                work.run();
            }

            fn stack_forward(work: Forward<'_, $t>) {
                work.run();
            }

            fn stack_adjoint(work: Adjoint<'_, $t>) {
                work.run();
            }

            fn correlate(work: Correlate<'_, $t>) {
                work.run();
            }

            fn weight_gradient(work: WeightGradient<'_, $t>) {
                work.run();
            }

            fn epilogue_gradient(work: EpilogueGradient<'_, $t>) {
                work.run();
            }

            fn long_forward(work: long_convolution::Forward<'_, $t>) {
                work.run();
            }

            fn long_adjoint(work: long_convolution::Adjoint<'_, $t>) {
                work.run();
            }

            fn exponential_forward(work: exponential::Forward<'_, $t>) {
                work.run();
            }

            fn exponential_adjoint(work: exponential::Adjoint<'_, $t>) {
                work.run();
            }

            fn filter(work: filter::Work<$t>) {
                work.run();
            }

            fn hermitian(work: hermitian::Work<'_, $t>) {
                work.run();
            }

            fn noise(work: noise::Work<'_, $t>) {
                work.run();
            }

            fn channel_forward(work: channel_affine::Forward<'_, $t>) {
                work.run();
            }

            fn channel_adjoint(work: channel_affine::Adjoint<'_, $t>) {
                work.run();
            }

            fn matrix_product(work: dense::Product<'_, $t>) {
                work.run();
            }

            fn matrix_activation(work: dense::Before<'_, $t>) {
                work.run();
            }

            fn optimize(update: optimizer::Update<'_, $t>) {
                update.run();
            }

            #[inline(always)]
            fn root(self) -> $t {
                self.sqrt()
            }

            fn plans() -> &'static Plans<$t> {
                static PLANS: Plans<$t> = Plans::new();
                &PLANS
            }
        }
    };
}

internals!(f32);
internals!(f64);
