//! Scaling of the bins of a half-spectrum.

use spectral_lanes::{Kernel, Scalar, Simd};

use crate::view::View;

/// Scales elements in place: element 0 and, if `even` is set, the last one by `ends`, the others by `interior`.
pub struct ScaleBins<T> {
    pub view: View<T>,
    pub count: usize,
    pub ends: T,
    pub interior: T,
}

impl<T: Scalar> Kernel<T> for ScaleBins<T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        for k in 0..self.count {
            let factor = simd.splat(if k == 0 { self.ends } else { self.interior });
            // SAFETY: the view is valid for `count` elements.
            unsafe {
                self.view
                    .store(simd, k, self.view.load(simd, k).scale(factor))
            };
        }
    }
}
