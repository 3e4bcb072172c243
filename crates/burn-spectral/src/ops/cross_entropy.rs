//! The cross-entropy of class labels, as one operation.

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::flex::FlexTensor;
use burn::backend::{
    Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension, tensor::FloatTensor,
};
use burn::tensor::activation::log_softmax;
use burn::tensor::{ElementConversion, Shape, Tensor, TensorData};

use super::buffer;
use super::flex::{Contiguous, with_dtype};
use super::{Half, has_kernels};

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
/// When there is not one label a row, or one is no class.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::ops::{CrossEntropySpec, cross_entropy};
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
    if let Some(half) = Half::of(&logits) {
        return half.round(cross_entropy(half.widen(logits), spec));
    }
    if !has_kernels(&logits) {
        return portable(logits, &spec);
    }
    Tensor::from_dispatch(<Dispatch as CrossEntropyOps>::spectral_cross_entropy(
        logits.into_dispatch(),
        spec,
    ))
}

/// The same in ordinary tensor operations.
pub fn portable(logits: Tensor<2>, spec: &CrossEntropySpec) -> Tensor<1> {
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

/// The operation and its gradient, without differentiation.
pub trait CrossEntropyPrimitives: Backend {
    /// The loss and, if asked for, its gradient.
    fn prim_cross_entropy(
        logits: FloatTensor<Self>,
        spec: &CrossEntropySpec,
        gradient: bool,
    ) -> (FloatTensor<Self>, Option<FloatTensor<Self>>);

    /// The product of an array with a number `[1]`.
    fn prim_scale(x: FloatTensor<Self>, factor: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// The operation that Burn dispatches by device, with differentiation.
#[backend_extension(Flex, Autodiff)]
pub trait CrossEntropyOps: Backend {
    /// The loss.
    fn spectral_cross_entropy(
        logits: FloatTensor<Self>,
        spec: CrossEntropySpec,
    ) -> FloatTensor<Self>;
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

impl CrossEntropyPrimitives for Flex {
    fn prim_cross_entropy(
        logits: FlexTensor,
        spec: &CrossEntropySpec,
        gradient: bool,
    ) -> (FlexTensor, Option<FlexTensor>) {
        let shape = logits.shape();
        let logits = Contiguous::new(logits);
        let (rows, classes) = (shape[0], shape[1]);
        let (share, spread) = (1.0 / rows as f64, spec.smoothing / classes as f64);
        let (mut wide, mut softmax) = (vec![0.0; classes], vec![0.0; classes]);
        with_dtype!(logits.0, E => {
            let mut loss = 0.0;
            let mut gradients = gradient.then(|| buffer::take::<E>(rows * classes));
            let logits = logits.slice::<E>().chunks_exact(classes.max(1));
            for (b, (logits, label)) in logits.zip(&spec.labels).enumerate() {
                for (to, x) in wide.iter_mut().zip(logits) {
                    *to = x.elem();
                }
                loss += row(&wide, *label, spec.smoothing, &mut softmax);
                if let Some(gradients) = &mut gradients {
                    softmax[*label] -= 1.0 - spec.smoothing;
                    let to = &mut gradients[b * classes..(b + 1) * classes];
                    for (to, p) in to.iter_mut().zip(&softmax) {
                        *to = (share * (p - spread)) as E;
                    }
                }
            }
            let loss = buffer::into_tensor(vec![(share * loss) as E], &Shape::new([1]));
            (loss, gradients.map(|gradients| buffer::into_tensor(gradients, &shape)))
        })
    }

    fn prim_scale(mut x: FlexTensor, factor: FlexTensor) -> FlexTensor {
        let factor = Contiguous::new(factor);
        with_dtype!(factor.0, E => {
            let factor = factor.slice::<E>()[0];
            if factor != 1.0 {
                x.storage_mut::<E>().iter_mut().for_each(|x| *x *= factor);
            }
        });
        x
    }
}

impl CrossEntropyOps for Flex {
    fn spectral_cross_entropy(logits: FlexTensor, spec: CrossEntropySpec) -> FlexTensor {
        Self::prim_cross_entropy(logits, &spec, false).0
    }
}

#[derive(Debug)]
struct CrossEntropy;

impl<B: CrossEntropyPrimitives> Backward<B, 1> for CrossEntropy {
    type State = FloatTensor<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        if let [Some(node)] = ops.parents {
            grads.register::<B>(node.id, B::prim_scale(ops.state, grad));
        }
    }
}

impl<B: CrossEntropyPrimitives, C: CheckpointStrategy> CrossEntropyOps for Autodiff<B, C> {
    fn spectral_cross_entropy(
        logits: FloatTensor<Self>,
        spec: CrossEntropySpec,
    ) -> FloatTensor<Self> {
        let (tracked, node) = (logits.is_tracked(), logits.node());
        let (loss, gradient) = B::prim_cross_entropy(logits.into_primitive(), &spec, tracked);
        match CrossEntropy.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let gradient = gradient.expect("computed, as the logits are tracked");
                prep.finish(gradient, loss)
            }
            OpsKind::UnTracked(prep) => prep.finish(loss),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, Distribution};

    fn logits(shape: [usize; 2], dtype: DType) -> Tensor<2> {
        let device = Device::flex().autodiff();
        let spread = Distribution::Uniform(-4.0, 4.0);
        Tensor::<2>::random(shape, spread, (&device, dtype)).require_grad()
    }

    #[track_caller]
    fn assert_close<const D: usize>(got: Tensor<D>, expected: Tensor<D>) {
        let limit = if got.dtype() == DType::F64 {
            1e-14
        } else {
            1e-6
        };
        let worst: f64 = (got - expected).abs().max().into_scalar();
        assert!(worst <= limit, "off by {worst}");
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
                    let theirs = portable(x.clone(), &spec);
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
        let expected = portable(x.clone(), &spec).backward();
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
