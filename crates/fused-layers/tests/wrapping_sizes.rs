//! Sizes whose products overflow must be rejected before any pointer is derived from them, even by safe functions.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fused_layers::kernels::{Activation, Convolution, Dense, FusedBatchNorm, MaxPool};

const HALF: usize = 1 << (usize::BITS - 1);

/// The product of `HALF + 1` and 2 wraps around to 2, so that slices of two elements would match the array's size.
#[test]
fn sizes_whose_product_overflows_are_rejected_before_any_slice_is_accessed() {
    let mut two = [0.0_f32; 2];
    let x = [0.0_f32; 2];
    let batch = HALF + 1;
    let rejected = |what: &str, call: &mut dyn FnMut()| {
        let caught = catch_unwind(AssertUnwindSafe(call));
        let error = caught.expect_err(what);
        let text = error.downcast_ref::<String>().cloned().unwrap_or_default();
        let text = error
            .downcast_ref::<&str>()
            .map_or(text, |text| (*text).into());
        assert!(text.contains("too large"), "{what}: {text}");
    };
    rejected("dense", &mut || {
        let dense = Dense {
            rows: batch,
            inputs: 2,
            outputs: 2,
        };
        dense.forward(&x, &[0.0; 4], None, Activation::Identity, &mut two);
    });
    rejected("batch norm", &mut || {
        let map = FusedBatchNorm {
            batch,
            channels: 2,
            sizes: [1, 1],
            activation: Activation::Identity,
            pool: None,
        };
        let _ = map.input_len();
    });
    rejected("padding", &mut || {
        let shape = Convolution {
            batch: 1,
            groups: 1,
            in_per_group: 1,
            out_per_group: 1,
            sizes: [1, 2],
            kernel: [1, 1],
            stride: [1, 1],
            padding: [(0, 0), (usize::MAX, 2)],
            dilation: [1, 1],
        };
        let _ = shape.output_sizes();
    });
}

#[test]
fn pools_that_overflow_do_not_fit() {
    let pool = MaxPool {
        window: [1, 1],
        stride: [1, 1],
        padding: [HALF, HALF],
    };
    assert!(!pool.fits([4, 4]));
}
