//! Memory asked for ahead of use: what lies far apart the processor does not foresee.

/// Terms that lie apart are asked for so many before they are packed.
pub const AHEAD: usize = 4;
/// Numbers of less than this stay in the second-level cache: to ask for them would only cost.
const FAR_BYTES: usize = 1 << 20;
/// Bytes of a cache line.
const LINE_BYTES: usize = 64;

/// Whether it pays to ask for numbers of this plane.
pub fn far<T>(plane: &[T]) -> bool {
    size_of_val(plane) >= FAR_BYTES
}

/// Asks for a run of numbers ahead of use.
#[inline(always)]
pub fn ask_for<T>(from: *const T, length: usize) {
    let step = LINE_BYTES / size_of::<T>();
    for at in (0..length).step_by(step).chain([length - 1]) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: every processor of this kind has the instruction, and it faults on no address.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T1>(from.wrapping_add(at).cast());
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = at;
    }
}
