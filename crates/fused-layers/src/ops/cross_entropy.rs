//! The cross-entropy of class labels, as one operation.

use burn::backend::TensorMetadata;
use burn::tensor::activation::log_softmax;
use burn::tensor::{ElementConversion, Shape, Tensor, TensorData};

use crate::operation::flex::{Contiguous, with_dtype};
use crate::operation::{
    FlexTensor, Forward, Gradients, KernelOperation, Names, Tensors, apply, buffer,
};

/// What logits are compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossEntropySpec {
    /// The class of each row.
    pub labels: Vec<usize>,
    /// The share of each target's weight that is spread evenly over all classes, 0 to 1.
    pub smoothing: f64,
}

/// The cross-entropy of softmax(logits) with the classes of the rows, averaged over them:
///
/// ```text
/// loss = (1/B)·Σ_b ( lse(x_b) − (1 − s)·x[b, label_b] − (s/C)·Σ_c x[b,c] ),   lse(x) = log Σ_c exp(x_c)
/// ```
///
/// The logarithm of the sum is taken relative to the row's largest logit, so no finite logits overflow. On the kernels the
/// gradient `(softmax − target)/B` is made from the exponentials of the forward pass.
///
/// # Shapes
/// - `logits`: `[rows, classes]`
/// - output: `[1]`
///
/// # Panics
/// When there is not one label per row, or a label is not a class.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use fused_layers::ops::{CrossEntropySpec, cross_entropy};
///
/// let logits = Tensor::<2>::from_data([[0.0, 0.0, 0.0, 0.0]], &Device::flex());
/// let spec = CrossEntropySpec { labels: vec![2], smoothing: 0.0 };
/// let loss = cross_entropy(logits, spec).into_scalar::<f32>();
/// assert!((loss - 4_f32.ln()).abs() < 1e-6);
/// ```
pub fn cross_entropy(logits: Tensor<2>, spec: CrossEntropySpec) -> Tensor<1> {
    let [rows, classes] = logits.dims();
    assert_eq!(
        spec.labels.len(),
        rows,
        "cross-entropy: expected {rows} labels, one a row, got {}",
        spec.labels.len()
    );
    if let Some(label) = spec.labels.iter().find(|label| **label >= classes) {
        panic!("cross-entropy: expected labels below {classes}, the classes, got {label}");
    }
    apply(spec, logits, |spec, logits| fallback(logits, &spec))
}

/// [`cross_entropy`] in ordinary tensor operations.
pub fn fallback(logits: Tensor<2>, spec: &CrossEntropySpec) -> Tensor<1> {
    let [rows, classes] = logits.dims();
    let spread = spec.smoothing / classes as f64;
    let mut targets = vec![spread; rows * classes];
    for (row, label) in targets.chunks_exact_mut(classes).zip(&spec.labels) {
        row[*label] += 1.0 - spec.smoothing;
    }
    let options = (&logits.device(), logits.dtype());
    let targets = TensorData::new(targets, [rows, classes]);
    let targets = Tensor::<2>::from_data(targets.convert_dtype(logits.dtype()), options);
    (targets * log_softmax(logits, 1)).sum_dim(1).mean().neg()
}

/// The loss of a row, and the exponentials of its logits over their sum.
fn row(logits: &[f64], label: usize, smoothing: f64, softmax: &mut [f64]) -> f64 {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for (to, x) in softmax.iter_mut().zip(logits) {
        *to = (x - most).exp();
        sum += *to;
    }
    for to in softmax.iter_mut() {
        *to /= sum;
    }
    // All logits relative to the largest, which may be larger than anything that is left of it.
    let chosen = sum.ln() - (1.0 - smoothing) * (logits[label] - most);
    // Without smoothing an infinite logit of another class must not meet a factor of zero.
    match smoothing > 0.0 {
        true => {
            let below: f64 = logits.iter().map(|x| x - most).sum();
            chosen - smoothing / logits.len() as f64 * below
        }
        false => chosen,
    }
}

/// Saved is the gradient of the loss, made from the exponentials of the forward pass.
impl KernelOperation<1, 1> for CrossEntropySpec {
    const INPUTS: Names = &["logits"];
    type Saved = Option<FlexTensor>;

    fn forward(&self, [logits]: Tensors<1>, [tracked]: [bool; 1]) -> Forward<Self::Saved, 1> {
        let shape = logits.shape();
        let logits = Contiguous::new(logits);
        let (rows, classes) = (shape[0], shape[1]);
        let (share, spread) = (1.0 / rows as f64, self.smoothing / classes as f64);
        let (mut wide, mut softmax) = (vec![0.0; classes], vec![0.0; classes]);
        with_dtype!(logits, E => {
            let mut loss = 0.0;
            let mut gradients = tracked.then(|| buffer::take::<E>(rows * classes));
            let logits = logits.slice::<E>().chunks_exact(classes.max(1));
            for (b, (logits, label)) in logits.zip(&self.labels).enumerate() {
                for (to, x) in wide.iter_mut().zip(logits) {
                    *to = x.elem();
                }
                loss += row(&wide, *label, self.smoothing, &mut softmax);
                if let Some(gradients) = &mut gradients {
                    softmax[*label] -= 1.0 - self.smoothing;
                    let to = &mut gradients[b * classes..(b + 1) * classes];
                    for (to, p) in to.iter_mut().zip(&softmax) {
                        *to = (share * (p - spread)) as E;
                    }
                }
            }
            let loss = buffer::into_tensor(vec![(share * loss) as E], &Shape::new([1]));
            Forward::new([loss], gradients.map(|of| buffer::into_tensor(of, &shape)))
        })
    }

    fn adjoint(self, saved: Self::Saved, [grad]: Tensors<1>, _: [bool; 1]) -> Gradients<1> {
        let mut gradient = saved.expect("computed, as the logits are tracked");
        let grad = Contiguous::new(grad);
        with_dtype!(grad, E => {
            let factor = grad.slice::<E>()[0];
            if factor != 1.0 {
                gradient.storage_mut::<E>().iter_mut().for_each(|x| *x *= factor);
            }
        });
        [Some(gradient)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::close::assert_close;
    use burn::tensor::{DType, Device, Distribution};

    fn logits(shape: [usize; 2], dtype: DType) -> Tensor<2> {
        let device = Device::flex().autodiff();
        let spread = Distribution::Uniform(-4.0, 4.0);
        Tensor::<2>::random(shape, spread, (&device, dtype)).require_grad()
    }

    #[test]
    fn loss_and_gradient_are_those_of_tensor_operations() {
        for dtype in [DType::F32, DType::F64] {
            for [rows, classes] in [[1, 1], [1, 3], [7, 10], [64, 11]] {
                for smoothing in [0.0, 0.1, 1.0] {
                    let x = logits([rows, classes], dtype);
                    let labels = (0..rows).map(|b| (5 * b + 2) % classes).collect();
                    let spec = CrossEntropySpec { labels, smoothing };
                    let ours = cross_entropy(x.clone(), spec.clone());
                    let theirs = fallback(x.clone(), &spec);
                    assert_close(ours.clone(), theirs.clone());
                    // A cotangent other than one, and one that is not the loss alone.
                    let [ours, theirs] = [ours, theirs].map(|loss| (loss * 3.0).backward());
                    assert_close(x.grad(&ours).unwrap(), x.grad(&theirs).unwrap());
                }
            }
        }
    }

    #[test]
    fn the_backward_pass_can_be_taken_from_a_shared_loss() {
        let x = logits([4, 3], DType::F32);
        let spec = CrossEntropySpec {
            labels: vec![0, 1, 2, 0],
            smoothing: 0.0,
        };
        let loss = cross_entropy(x.clone(), spec.clone());
        let got = (loss.clone() * 0.5 + loss * 0.5).backward();
        let expected = fallback(x.clone(), &spec).backward();
        assert_close(x.grad(&got).unwrap(), x.grad(&expected).unwrap());
    }

    #[test]
    fn large_logits_do_not_overflow() {
        let device = Device::flex().autodiff();
        let x = Tensor::<2>::from_data([[1e30f32, -1e30], [3e38, 3e38]], &device).require_grad();
        let spec = CrossEntropySpec {
            labels: vec![0, 1],
            smoothing: 0.0,
        };
        let loss = cross_entropy(x.clone(), spec);
        let value = loss.clone().into_scalar::<f32>();
        assert!((value - 0.5 * 2_f32.ln()).abs() < 1e-6, "{value}");
        let gradient = x.grad(&loss.backward()).unwrap();
        let gradient = gradient.try_into_vec_as::<f32>().unwrap();
        assert_eq!(gradient, [0.0, 0.0, 0.25, -0.25]);
    }

    #[test]
    #[should_panic(expected = "expected labels below 3, the classes, got 3")]
    fn a_label_that_is_no_class_is_refused() {
        let spec = CrossEntropySpec {
            labels: vec![3],
            smoothing: 0.0,
        };
        cross_entropy(Tensor::zeros([1, 3], &Device::flex()), spec);
    }

    #[test]
    #[should_panic(expected = "expected 2 labels, one a row, got 1")]
    fn a_missing_label_is_refused() {
        let spec = CrossEntropySpec {
            labels: vec![0],
            smoothing: 0.0,
        };
        cross_entropy(Tensor::zeros([2, 3], &Device::flex()), spec);
    }
}
