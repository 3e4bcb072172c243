//! Adjoints of the operations, for any backend that has the primitives.

use std::sync::{Arc, Mutex};

use burn::backend::Autodiff;
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, NodeGuard, Ops, OpsKind, unary},
};
use burn::backend::{AutodiffBackend, Backend, TensorMetadata, tensor::FloatTensor};
use burn::tensor::Shape;
use spectral_kernels::BinWeight;

use super::backend::{Planes, SpectralOps, SpectralPrimitives};
use super::spec::{ComplexTransform, ConvSpec, MixSpec, RealTransform, SavedSpectrum, StackSpec};
use super::stack;

/// The adjoint of an operation that takes `N` tensors and gives the two parts of a complex array.
pub(super) trait Adjoint<B: Backend, const N: usize>:
    Clone + Send + core::fmt::Debug + 'static
{
    /// Gradients of the inputs; none where the adjoint kept nothing to find it with.
    fn pull_back(self, grad: Planes<B>) -> [Option<FloatTensor<B>>; N];
}

/// Where the gradients of the two parts wait for each other.
type Slot<B> = Arc<Mutex<[Option<FloatTensor<B>>; 2]>>;

/// Backward step of one part.
#[derive(Debug)]
struct Part;

impl<B: Backend> Backward<B, 1> for Part {
    type State = (Slot<B>, usize);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let empty = B::float_zeros(Shape::new([1]), &grad.device(), grad.dtype().into());
        let (slot, part) = ops.state;
        slot.lock().expect("no step panics while it holds the slot")[part] = Some(grad);
        if let [Some(joint)] = ops.parents {
            grads.register::<B>(joint.id, empty);
        }
    }
}

/// Backward step of the whole operation: one adjoint for both parts.
///
/// Burn's steps have one output each. A joint node stands between the inputs and the two parts;
/// the parts leave their gradients in a slot, pass it an empty one, and the joint node then runs
/// the adjoint once.
#[derive(Debug)]
struct Joint<A>(core::marker::PhantomData<A>);

impl<B: Backend, A: Adjoint<B, N>, const N: usize> Backward<B, N> for Joint<A> {
    type State = (A, Slot<B>);

    fn backward(
        self,
        ops: Ops<Self::State, N>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        grads.consume::<B>(&ops.node);
        let (adjoint, slot) = ops.state;
        let parts = core::mem::take(&mut *slot.lock().expect("no step panics with the slot"));
        let grad = match parts {
            [Some(re), Some(im)] => (re, im),
            [Some(re), None] => (re.clone(), zeros_like::<B>(&re)),
            [None, Some(im)] => (zeros_like::<B>(&im), im),
            [None, None] => return,
        };
        let gradients = adjoint.pull_back(grad);
        for (node, gradient) in ops.parents.into_iter().zip(gradients) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

fn zeros_like<B: Backend>(tensor: &FloatTensor<B>) -> FloatTensor<B> {
    B::float_zeros(tensor.shape(), &tensor.device(), tensor.dtype().into())
}

/// Records an operation with two outputs.
pub(super) fn record_two<B, C, A, const N: usize>(
    inputs: [NodeGuard; N],
    adjoint: A,
    (re, im): Planes<B>,
) -> Planes<Autodiff<B, C>>
where
    B: Backend,
    C: CheckpointStrategy,
    A: Adjoint<B, N>,
{
    let empty = B::float_zeros(Shape::new([1]), &re.device(), re.dtype().into());
    let joint = Joint::<A>(core::marker::PhantomData);
    match joint.prepare::<C>(inputs).compute_bound().stateful() {
        OpsKind::UnTracked(_) => (
            <Autodiff<B, C> as AutodiffBackend>::from_inner(re),
            <Autodiff<B, C> as AutodiffBackend>::from_inner(im),
        ),
        OpsKind::Tracked(prep) => {
            let slot = Slot::<B>::default();
            let joint = prep.finish((adjoint, slot.clone()), empty);
            let part = |index, output| match Part
                .prepare::<C>([joint.node()])
                .compute_bound()
                .stateful()
            {
                OpsKind::Tracked(prep) => prep.finish((slot.clone(), index), output),
                OpsKind::UnTracked(prep) => prep.finish(output),
            };
            (part(0, re), part(1, im))
        }
    }
}

#[derive(Clone, Debug)]
struct RfftAdjoint(RealTransform);

impl<B: SpectralPrimitives> Adjoint<B, 1> for RfftAdjoint {
    fn pull_back(self, grad: Planes<B>) -> [Option<FloatTensor<B>>; 1] {
        [Some(B::prim_irfft(
            grad,
            self.0.with_weight(BinWeight::Halve),
        ))]
    }
}

#[derive(Clone, Debug)]
struct FftAdjoint(ComplexTransform);

impl<B: SpectralPrimitives> Adjoint<B, 2> for FftAdjoint {
    fn pull_back(self, grad: Planes<B>) -> [Option<FloatTensor<B>>; 2] {
        let (re, im) = B::prim_fft(grad, self.0.adjoint());
        [Some(re), Some(im)]
    }
}

/// Each factor is kept for the gradient of the other, if that one is learned.
#[derive(Clone, Debug)]
struct MixAdjoint<B: Backend> {
    x: Option<Planes<B>>,
    response: Option<Planes<B>>,
    mix: MixSpec,
}

impl<B: SpectralPrimitives> Adjoint<B, 4> for MixAdjoint<B> {
    fn pull_back(self, grad: Planes<B>) -> [Option<FloatTensor<B>>; 4] {
        let Self { x, response, mix } = self;
        let input = response
            .map(|response| B::prim_mix_adjoint_input(grad.clone(), response, mix))
            .unzip();
        let response = x
            .map(|x| B::prim_mix_adjoint_response(x, grad, mix))
            .unzip();
        [input.0, input.1, response.0, response.1]
    }
}

#[derive(Debug)]
struct Irfft;

impl<B: SpectralPrimitives> Backward<B, 2> for Irfft {
    type State = RealTransform;

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let (re, im) = B::prim_rfft(grad, ops.state.with_weight(BinWeight::Double));
        for (node, grad) in ops.parents.into_iter().zip([re, im]) {
            if let Some(node) = node {
                grads.register::<B>(node.id, grad);
            }
        }
    }
}

/// Reversal is its own inverse and a permutation, so it is its own adjoint.
#[derive(Debug)]
struct Reverse;

impl<B: SpectralPrimitives> Backward<B, 1> for Reverse {
    type State = usize;

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        unary::<B, _>(ops.parents, ops.node, grads, |grad| {
            B::prim_reverse(grad, ops.state)
        });
    }
}

/// State of the spectral convolution: what it did, and its input, as it is or its spectrum, and its
/// response, each if the other is learned.
#[derive(Clone, Debug)]
struct ConvState<B: Backend> {
    input: Option<Input<B>>,
    response: Option<Planes<B>>,
    signal: Shape,
    conv: ConvSpec,
}

/// What is kept of the input.
#[derive(Clone, Debug)]
enum Input<B: Backend> {
    Signal(FloatTensor<B>),
    Spectrum(Planes<B>),
}

#[derive(Debug)]
struct Conv;

impl<B: SpectralPrimitives> Backward<B, 3> for Conv {
    type State = ConvState<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let ConvState {
            input,
            response,
            signal,
            conv,
        } = ops.state;
        let synthesis = conv.synthesis(&signal).with_weight(BinWeight::Double);
        let grad = B::prim_rfft(grad, synthesis);
        let [x, r_re, r_im] = ops.parents;

        if let Some(input) = input {
            let spectrum = match input {
                Input::Signal(x) => B::prim_rfft(x, conv.analysis(&signal)),
                Input::Spectrum(spectrum) => spectrum,
            };
            let (re, im) = B::prim_mix_adjoint_response(spectrum, grad.clone(), conv.mix);
            for (node, grad) in [(r_re, re), (r_im, im)] {
                if let Some(node) = node {
                    grads.register::<B>(node.id, grad);
                }
            }
        }
        if let (Some(x), Some(response)) = (x, response) {
            let mixed = B::prim_mix_adjoint_input(grad, response, conv.mix);
            let analysis = conv.analysis(&signal).with_weight(BinWeight::Halve);
            grads.register::<B>(x.id, B::prim_irfft(mixed, analysis));
        }
    }
}

impl<B: SpectralPrimitives, C: CheckpointStrategy> SpectralOps for Autodiff<B, C> {
    fn spectral_rfft(
        signal: FloatTensor<Self>,
        transform: RealTransform,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (signal, node) = signal.into_parts();
        let output = B::prim_rfft(signal, transform);
        record_two::<B, C, _, 1>([node], RfftAdjoint(transform), output)
    }

    fn spectral_irfft(
        re: FloatTensor<Self>,
        im: FloatTensor<Self>,
        transform: RealTransform,
    ) -> FloatTensor<Self> {
        let ((re, re_node), (im, im_node)) = (re.into_parts(), im.into_parts());
        let output = B::prim_irfft((re, im), transform);
        match Irfft
            .prepare::<C>([re_node, im_node])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => prep.finish(transform, output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn spectral_fft(
        re: FloatTensor<Self>,
        im: FloatTensor<Self>,
        transform: ComplexTransform,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let ((re, re_node), (im, im_node)) = (re.into_parts(), im.into_parts());
        let output = B::prim_fft((re, im), transform);
        record_two::<B, C, _, 2>([re_node, im_node], FftAdjoint(transform), output)
    }

    fn spectral_mix(
        x_re: FloatTensor<Self>,
        x_im: FloatTensor<Self>,
        r_re: FloatTensor<Self>,
        r_im: FloatTensor<Self>,
        mix: MixSpec,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let nodes = [x_re.node(), x_im.node(), r_re.node(), r_im.node()];
        let input_learns = x_re.is_tracked() || x_im.is_tracked();
        let response_learns = r_re.is_tracked() || r_im.is_tracked();
        let x = (x_re.into_primitive(), x_im.into_primitive());
        let response = (r_re.into_primitive(), r_im.into_primitive());
        let output = B::prim_mix(x.clone(), response.clone(), mix);
        let adjoint = MixAdjoint {
            x: response_learns.then_some(x),
            response: input_learns.then_some(response),
            mix,
        };
        record_two::<B, C, _, 4>(nodes, adjoint, output)
    }

    fn spectral_conv(
        x: FloatTensor<Self>,
        r_re: FloatTensor<Self>,
        r_im: FloatTensor<Self>,
        conv: ConvSpec,
    ) -> FloatTensor<Self> {
        let input_learns = x.is_tracked();
        let response_learns = r_re.is_tracked() || r_im.is_tracked();
        let nodes = [x.node(), r_re.node(), r_im.node()];
        let (x, response) = (
            x.into_primitive(),
            (r_re.into_primitive(), r_im.into_primitive()),
        );
        let signal = x.shape();
        let keeps_signal = conv.saved == SavedSpectrum::Recompute;
        let kept = (response_learns && keeps_signal).then(|| Input::Signal(x.clone()));
        let spectrum = B::prim_rfft(x, conv.analysis(&signal));
        let kept = match response_learns && !keeps_signal {
            true => Some(Input::Spectrum(spectrum.clone())),
            false => kept,
        };
        let mixed = B::prim_mix(spectrum, response.clone(), conv.mix);
        let output = B::prim_irfft(mixed, conv.synthesis(&signal));
        match Conv.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let state = ConvState {
                    input: kept,
                    response: input_learns.then_some(response),
                    signal,
                    conv,
                };
                prep.finish(state, output)
            }
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn spectral_stack(
        s_re: FloatTensor<Self>,
        s_im: FloatTensor<Self>,
        r_re: FloatTensor<Self>,
        r_im: FloatTensor<Self>,
        stack: StackSpec,
    ) -> FloatTensor<Self> {
        stack::record::<B, C>((s_re, s_im), (r_re, r_im), stack)
    }

    fn spectral_stack_dense(
        s_re: FloatTensor<Self>,
        s_im: FloatTensor<Self>,
        r_re: FloatTensor<Self>,
        r_im: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        stack: StackSpec,
    ) -> FloatTensor<Self> {
        stack::record_dense::<B, C>((s_re, s_im), (r_re, r_im), weight, stack)
    }

    fn spectral_reverse(x: FloatTensor<Self>, spatial: usize) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        let output = B::prim_reverse(x, spatial);
        match Reverse.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(spatial, output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }
}
