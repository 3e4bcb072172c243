//! Sizes whose products overflow must be rejected before any pointer is derived from them, even by safe functions.

use std::panic::{AssertUnwindSafe, catch_unwind};

use spectral_kernels::{
    BinwiseMatmul, Conjugate, Direction, Frame, HermitianSpectra, LongConvolution, Modes, Planar,
    PlanarMut, Pointwise, PrunedFft, RectifiedStack, fftn,
};

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
    let both = Planar { re: &x, im: &x };
    rejected("long convolution", &mut || {
        let shape = LongConvolution {
            batch,
            channels: 2,
            length: 1,
            taps: 1,
        };
        shape.forward(&x, &x, None, &mut two);
    });
    rejected("binwise matmul", &mut || {
        let shape = BinwiseMatmul {
            batch,
            groups: 1,
            in_per_group: 2,
            out_per_group: 2,
            bins: 1,
            conjugate: Conjugate::None,
        };
        let _ = shape.input_len();
    });
    rejected("tiles", &mut || {
        let shape = BinwiseMatmul {
            batch: 1,
            groups: 1,
            in_per_group: 1,
            out_per_group: 1,
            bins: 2,
            conjugate: Conjugate::None,
        };
        let (mut re, mut im) = ([0.0; 2], [0.0; 2]);
        let to = PlanarMut {
            re: &mut re,
            im: &mut im,
        };
        shape.tiled(batch).forward(both, both, to);
    });
    rejected("pointwise", &mut || {
        let shape = Pointwise {
            batch,
            groups: 2,
            in_per_group: 1,
            out_per_group: 1,
            sizes: &[1],
            reversed: false,
        };
        shape.forward(&x, &x, &mut two);
    });
    rejected("Hermitian spectra", &mut || {
        let spectra = HermitianSpectra {
            count: batch,
            size: [2, 1],
        };
        let _ = spectra.full_len();
    });
    rejected("stack", &mut || {
        let stack = RectifiedStack {
            batch: 1,
            filters: &[usize::MAX, 2],
            bins: 1,
        };
        let _ = stack.response_len();
    });
    rejected("images", &mut || {
        let (mut re, mut im) = ([0.0; 2], [0.0; 2]);
        let to = PlanarMut {
            re: &mut re,
            im: &mut im,
        };
        fftn(batch, &[2], Direction::Forward, 1.0, both, to);
    });
}

#[test]
fn frames_and_modes_that_overflow_are_rejected() {
    let panics = |call: &dyn Fn()| catch_unwind(AssertUnwindSafe(call)).is_err();
    let fft = PrunedFft::new(&[8]);
    let modes = Modes::new(3, usize::MAX);
    let fft2 = PrunedFft::new(&[8, 8]);
    assert!(panics(&|| drop(
        fft2.clone().with_modes(&[modes, Modes::new(1, 0)])
    )));
    for frame in [
        Frame::new(HALF - 1, 0, 8),
        Frame::new(8, isize::MIN, 8),
        Frame::new(8, 0, 8).tiled(3, HALF),
    ] {
        assert!(
            panics(&|| drop(fft.clone().with_frames(std::slice::from_ref(&frame)))),
            "{frame:?}"
        );
    }
}
