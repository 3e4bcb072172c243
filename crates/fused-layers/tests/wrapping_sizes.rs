//! Sizes whose products wrap round: safe functions make pointers from them, so they are refused before any is made.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fused_layers::kernels::{Activation, Convolution, Dense, FusedBatchNorm, MaxPool};

const HALF: usize = 1 << (usize::BITS - 1);

/// `HALF + 1` twos wrap round to two, so that slices of two elements would pass for such an array.
#[test]
fn sizes_whose_product_wraps_are_refused_before_any_slice_is_touched() {
    let mut two = [0.0_f32; 2];
    let x = [0.0_f32; 2];
    let batch = HALF + 1;
    let refused = |what: &str, call: &mut dyn FnMut()| {
        let caught = catch_unwind(AssertUnwindSafe(call));
        let error = caught.expect_err(what);
        let text = error.downcast_ref::<String>().cloned().unwrap_or_default();
        let text = error
            .downcast_ref::<&str>()
            .map_or(text, |text| (*text).into());
        assert!(
            text.contains("too large") || text.contains("counted"),
            "{what}: {text}"
        );
    };
    refused("dense", &mut || {
        let dense = Dense {
            rows: batch,
            inputs: 2,
            outputs: 2,
        };
        dense.forward(&x, &[0.0; 4], None, Activation::Identity, &mut two);
    });
    refused("batch norm", &mut || {
        let map = FusedBatchNorm {
            batch,
            channels: 2,
            sizes: [1, 1],
            activation: Activation::Identity,
            pool: None,
        };
        let _ = map.input_len();
    });
    refused("padding", &mut || {
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
fn pools_that_wrap_do_not_fit() {
    let pool = MaxPool {
        window: [1, 1],
        stride: [1, 1],
        padding: [HALF, HALF],
    };
    assert!(!pool.fits([4, 4]));
}
