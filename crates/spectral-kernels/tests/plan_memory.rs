//! Memory of cached plans. Runs in its own process, whose allocations are counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use spectral_kernels::{
    Axis, BinWeight, Direction, Planar, PlanarMut, clear_plans, fft_axis, plan_memory, rfft_axis,
    set_plan_memory,
};

/// Number of bytes currently allocated.
static IN_USE: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: all calls are forwarded to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: guaranteed by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: guaranteed by the caller.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A complex and a real transform of one line of `n` samples, which use every type of plan.
fn transform(n: usize) {
    let axis = Axis {
        outer: 1,
        len: n,
        inner: 1,
    };
    let x = vec![1.0_f32; n];
    let (mut re, mut im) = (vec![0.0; n], vec![0.0; n]);
    fft_axis(
        axis,
        Direction::Forward,
        1.0,
        Planar { re: &x, im: &x },
        PlanarMut {
            re: &mut re,
            im: &mut im,
        },
    );
    let half = axis.half_elements();
    let to = PlanarMut {
        re: &mut re[..half],
        im: &mut im[..half],
    };
    rfft_axis(axis, 1.0, BinWeight::One, &x, to);
}

#[test]
fn hundreds_of_long_lengths_keep_no_more_bytes_of_plans_than_the_bound() {
    const MEGABYTE: usize = 1 << 20;
    assert_eq!(plan_memory().bound, 64 * MEGABYTE);
    // Allocates the thread's scratch memory before anything is counted.
    transform(100_003);
    clear_plans();
    assert_eq!((plan_memory().bytes, plan_memory().plans), (0, 0));
    let before = IN_USE.load(Ordering::Relaxed);
    for at in 0..300 {
        // Products of small factors, which are planned quickly, and occasionally a length that is not.
        transform(64 * (800 + at) + usize::from(at % 25 == 0));
    }
    let memory = plan_memory();
    let taken = IN_USE.load(Ordering::Relaxed).saturating_sub(before);
    assert!(memory.bytes <= 64 * MEGABYTE, "{memory:?}");
    assert!(
        memory.bytes > 56 * MEGABYTE,
        "the bound is used: {memory:?}"
    );
    assert!(taken <= 80 * MEGABYTE, "{taken} bytes for {memory:?}");
    assert!(2 * taken >= memory.bytes, "{taken} bytes for {memory:?}");

    set_plan_memory(4 * MEGABYTE);
    assert!(plan_memory().bytes <= 4 * MEGABYTE);
    // A plan larger than the limit works, and evicts nothing.
    let plans = plan_memory().plans;
    transform(1_000_003);
    assert!(plan_memory().bytes <= 4 * MEGABYTE && plan_memory().plans >= plans.min(1));
    set_plan_memory(0);
    assert_eq!((plan_memory().bytes, plan_memory().plans), (0, 0));
    transform(1000);
    set_plan_memory(64 * MEGABYTE);
    transform(1000);
    assert!(plan_memory().plans > 0);
}
