//! Differentiation of the operation.

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::{Autodiff, Backend, tensor::FloatTensor};

use super::super::backend::Planes;
use super::super::spec::SavedSpectrum;
use super::spec::Factor;
use super::{FftConvOps, FftConvPrimitives, FftConvSpec};

/// What is kept of a factor.
#[derive(Clone, Debug)]
enum Kept<B: Backend> {
    Spectrum(Planes<B>),
    Itself(FloatTensor<B>),
}

impl<B: FftConvPrimitives> Kept<B> {
    fn spectrum(self, which: Factor, conv: &FftConvSpec) -> Planes<B> {
        match self {
            Kept::Spectrum(planes) => planes,
            Kept::Itself(tensor) => B::prim_fft_conv_spectrum(tensor, which, conv),
        }
    }
}

/// Each factor, if the other is learned.
#[derive(Clone, Debug)]
struct State<B: Backend> {
    x: Option<Kept<B>>,
    weight: Option<Kept<B>>,
    conv: FftConvSpec,
}

#[derive(Debug)]
struct FftConv;

impl<B: FftConvPrimitives> Backward<B, 2> for FftConv {
    type State = State<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let State { x, weight, conv } = ops.state;
        let [x_node, weight_node] = ops.parents;
        let grad = B::prim_fft_conv_grad(grads.consume::<B>(&ops.node), &conv);
        if let (Some(node), Some(x)) = (weight_node, x) {
            let x = x.spectrum(Factor::Signal, &conv);
            let gradient = B::prim_fft_conv_weight(x, grad.clone(), &conv);
            grads.register::<B>(node.id, gradient);
        }
        if let (Some(node), Some(weight)) = (x_node, weight) {
            let weight = weight.spectrum(Factor::Taps, &conv);
            grads.register::<B>(node.id, B::prim_fft_conv_input(grad, weight, &conv));
        }
    }
}

impl<B: FftConvPrimitives, C: CheckpointStrategy> FftConvOps for Autodiff<B, C> {
    fn spectral_fft_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        conv: FftConvSpec,
    ) -> FloatTensor<Self> {
        let tracked = [x.is_tracked(), weight.is_tracked()];
        let nodes = [x.node(), weight.node()];
        let (x, weight) = (x.into_primitive(), weight.into_primitive());
        let keep = |factor: FloatTensor<B>, which, learned: bool| {
            let spectrum = B::prim_fft_conv_spectrum(factor.clone(), which, &conv);
            let kept = learned.then(|| match conv.saved {
                SavedSpectrum::Keep => Kept::Spectrum(spectrum.clone()),
                SavedSpectrum::Recompute => Kept::Itself(factor),
            });
            (spectrum, kept)
        };
        let (weight, kept_weight) = keep(weight, Factor::Taps, tracked[0]);
        let (x, kept_x) = keep(x, Factor::Signal, tracked[1]);
        let output = B::prim_fft_conv(x, weight, &conv);
        match FftConv.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let state = State {
                    x: kept_x,
                    weight: kept_weight,
                    conv,
                };
                prep.finish(state, output)
            }
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }
}
