//! The number types that kernels support: `f32` and `f64`.

use std::fmt::Debug;

use num_traits::{FromPrimitive, Signed};

#[cfg(target_arch = "x86_64")]
use super::x86;
use super::{InstructionSet, Kernel, Simd, portable};
use crate::exp::Exp;

/// Work that is compiled once per number type, in the crate that defines it, instead of in every crate that calls a
/// generic function.
///
/// Use [`entry!`](crate::entry) to implement it for a type with a method `run`.
pub trait Entry {
    /// The work, on elements of type `T`.
    type Work<'a, T: Scalar>;

    /// Runs the work in single precision.
    fn single(work: Self::Work<'_, f32>);

    /// Runs the work in double precision.
    fn double(work: Self::Work<'_, f64>);
}

/// Defines an [`Entry`] for a type of work with a method `run(self)`.
///
/// ```
/// use spectral_lanes::{Scalar, entry};
///
/// pub struct Double<'a, T>(&'a mut [T]);
///
/// impl<T: Scalar> Double<'_, T> {
///     fn run(self) {
///         self.0.iter_mut().for_each(|x| *x = *x + *x);
///     }
/// }
///
/// entry!(DoubleEntry, Double);
///
/// let mut x = [1.0_f32, 2.0];
/// f32::enter::<DoubleEntry>(Double(&mut x));
/// assert_eq!(x, [2.0, 4.0]);
/// ```
#[macro_export]
macro_rules! entry {
    ($entry:ident, $work:ident) => {
        $crate::entry!($entry, <'a, T> $work<'a, T>, $work::run);
    };
    ($entry:ident, <$life:lifetime, $t:ident> $work:ty, $run:expr) => {
        #[doc = "Compiled once for each number type."]
        pub struct $entry;

        impl $crate::Entry for $entry {
            type Work<$life, $t: $crate::Scalar> = $work;

            fn single(work: Self::Work<'_, f32>) {
                ($run)(work);
            }

            fn double(work: Self::Work<'_, f64>) {
                ($run)(work);
            }
        }
    };
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// A real number type that kernels support: `f32` or `f64`. Sealed.
pub trait Scalar:
    sealed::Sealed
    + Copy
    + Send
    + Sync
    + Debug
    + Default
    + PartialOrd
    + FromPrimitive
    + Signed
    + Exp
    + 'static
{
    /// Rounds `x` to the nearest number of this type.
    fn of(x: f64) -> Self;

    /// Converts to `f64`, exactly.
    fn widen(self) -> f64;

    /// The square root.
    fn root(self) -> Self;

    /// Runs the version of `kernel` that is compiled for `set`, or the portable one if the processor does not support
    /// `set`.
    fn dispatch<K: Kernel<Self>>(set: InstructionSet, kernel: K) -> K::Output;

    /// The number of lanes in one vector of `set`.
    fn lanes(set: InstructionSet) -> usize;

    /// Runs the version of the work that is compiled for this type.
    fn enter<E: Entry>(work: E::Work<'_, Self>);
}

macro_rules! scalar {
    ($t:ty, $entry:ident) => {
        impl Scalar for $t {
            #[inline(always)]
            fn of(x: f64) -> $t {
                x as $t
            }

            #[inline(always)]
            fn widen(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn root(self) -> $t {
                self.sqrt()
            }

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

            #[inline]
            fn enter<E: Entry>(work: E::Work<'_, $t>) {
                E::$entry(work);
            }
        }
    };
}

scalar!(f32, single);
scalar!(f64, double);
