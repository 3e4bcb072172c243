//! Software prefetch for strided reads, which the hardware prefetcher does not predict.

/// How many strided terms ahead of the packing loop are prefetched.
pub const AHEAD: usize = 4;
/// Smaller operands stay in the L2 cache, where a prefetch only costs time.
const L2_BYTES: usize = 1 << 20;
/// Bytes of a cache line.
const LINE_BYTES: usize = 64;

/// Whether a plane is too large for the L2 cache, so that prefetching it pays.
pub fn exceeds_l2<T>(plane: &[T]) -> bool {
    size_of_val(plane) >= L2_BYTES
}

/// Prefetches a run of numbers.
#[inline(always)]
pub fn prefetch<T>(from: *const T, length: usize) {
    let step = LINE_BYTES / size_of::<T>();
    for at in (0..length).step_by(step).chain([length - 1]) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: every x86-64 processor has this instruction, and it does not fault on any address.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T1>(from.wrapping_add(at).cast());
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = at;
    }
}
