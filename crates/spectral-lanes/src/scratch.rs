//! Scratch memory that each thread reuses between calls.

use std::cell::Cell;

use crate::simd::Scalar;

/// A cache line, so that buffers are aligned for the widest vector.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u64; 8]);

/// Larger buffers are freed after use. Each thread keeps at most twice this, one buffer per slot.
const KEPT_BYTES: usize = 64 << 20;

type Slot = Cell<Vec<Line>>;

thread_local! {
    static BUFFER: Slot = const { Cell::new(Vec::new()) };
    static OUTER: Slot = const { Cell::new(Vec::new()) };
}

/// Calls `work` with `N` buffers of at least the given lengths, aligned to 64 bytes, with unspecified contents.
///
/// Calls may be nested; the inner call then allocates new memory.
///
/// # Panics
/// If the buffers exceed the address space.
pub fn with_scratch<T: Scalar, R, const N: usize>(
    lens: [usize; N],
    work: impl FnOnce([&mut [T]; N]) -> R,
) -> R {
    BUFFER.with(|slot| with_buffer(slot, lens, work))
}

/// Same as [`with_scratch`], but from a separate slot, for a call whose tasks use [`with_scratch`] themselves.
pub fn with_outer_scratch<T: Scalar, R, const N: usize>(
    lens: [usize; N],
    work: impl FnOnce([&mut [T]; N]) -> R,
) -> R {
    OUTER.with(|slot| with_buffer(slot, lens, work))
}

fn with_buffer<T: Scalar, R, const N: usize>(
    slot: &Slot,
    lens: [usize; N],
    work: impl FnOnce([&mut [T]; N]) -> R,
) -> R {
    let lines = lens.map(|len| len.div_ceil(size_of::<Line>() / size_of::<T>()));
    let total = lines
        .iter()
        .try_fold(0_usize, |total, lines| total.checked_add(*lines))
        .expect("scratch buffers exceed the address space");
    let mut buffer = slot.take();
    if buffer.len() < total {
        buffer.resize(total, Line([0; 8]));
    }
    let mut rest = &mut buffer[..];
    let buffers = lines.map(|count| {
        let (head, tail) = std::mem::take(&mut rest).split_at_mut(count);
        rest = tail;
        let len = size_of_val(head) / size_of::<T>();
        // SAFETY: the lines are initialized, aligned for any number type, and borrowed for as long as the slice.
        // `Scalar` is sealed: `f32` and `f64` have no padding and no invalid bit patterns, and their sizes divide a
        // cache line.
        unsafe { std::slice::from_raw_parts_mut(head.as_mut_ptr().cast::<T>(), len) }
    });
    let result = work(buffers);
    if size_of_val(&buffer[..]) <= KEPT_BYTES {
        slot.set(buffer);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_aligned_apart_and_long_enough() {
        with_scratch::<f32, _, 3>([5, 0, 17], |[a, b, c]| {
            assert!(a.len() >= 5 && b.is_empty() && c.len() >= 17);
            for buffer in [&a, &c] {
                assert_eq!(buffer.as_ptr() as usize % 64, 0);
            }
            a.fill(1.0);
            c.fill(2.0);
            assert!(a.iter().all(|x| *x == 1.0));
        });
    }

    #[test]
    #[should_panic(expected = "capacity overflow")]
    fn a_length_whose_bytes_overflow_is_rejected() {
        with_scratch::<f64, _, 1>([1 << (usize::BITS - 3)], |[buffer]| {
            assert!(buffer.is_empty())
        });
    }

    #[test]
    fn nested_calls_do_not_share_memory() {
        with_scratch::<f64, _, 1>([8], |[outer]| {
            outer.fill(3.0);
            with_scratch::<f64, _, 1>([8], |[inner]| inner.fill(4.0));
            assert!(outer.iter().all(|x| *x == 3.0));
        });
    }
}
