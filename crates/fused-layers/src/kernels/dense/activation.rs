//! The backward pass of the activation.

use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd};

use crate::kernels::activation::Form;

/// Computes the gradient before an activation from the gradient after it.
pub struct Before<'a, T> {
    pub(crate) form: Form<T>,
    /// Outputs of the activation.
    pub y: &'a [T],
    /// Gradient of the outputs.
    pub gy: &'a [T],
    /// Destination of the gradient before the activation.
    pub g: &'a mut [T],
}

spectral_lanes::entry!(BeforeEntry, Before);

impl<T: Scalar> Before<'_, T> {
    /// Runs the computation.
    pub fn run(self) {
        T::dispatch(InstructionSet::current(), self);
    }
}

impl<T: Scalar> Kernel<T> for Before<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let len = self.g.len();
        let (y, gy) = (&self.y[..len], &self.gy[..len]);
        for at in (0..len).step_by(S::LANES) {
            let lanes = S::LANES.min(len - at);
            // SAFETY: all three slices hold `len` elements.
            unsafe {
                let y = simd.load_part(y[at..].as_ptr(), lanes);
                let gy = simd.load_part(gy[at..].as_ptr(), lanes);
                let g = self.form.gradient(simd, y, gy);
                simd.store_part(self.g[at..].as_mut_ptr(), g, lanes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Dense;
    use crate::kernels::activation::Activation;

    #[test]
    fn gradients_pass_where_the_output_is_positive_and_elsewhere_by_the_slope() {
        for rows in [0, 1, 7, 33] {
            let layer = Dense {
                rows,
                inputs: 1,
                outputs: 3,
            };
            let y: Vec<f32> = (0..3 * rows).map(|i| (i % 5) as f32 - 2.0).collect();
            let gy: Vec<f32> = (0..3 * rows).map(|i| 1.0 + i as f32).collect();
            for slope in [0.0, 0.25, 1.0] {
                let mut g = vec![f32::NAN; y.len()];
                layer.adjoint_activation(&y, &gy, Activation::LeakyRelu { slope }, &mut g);
                for i in 0..g.len() {
                    let factor = if y[i] > 0.0 { 1.0 } else { slope as f32 };
                    assert_eq!(g[i], factor * gy[i]);
                }
            }
        }
    }
}
