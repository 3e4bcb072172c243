//! The operations as a Burn backend extension.

use burn::backend::{Backend, backend_extension, tensor::FloatTensor};

use super::spec::{ComplexTransform, ConvSpec, MixSpec, RealTransform, StackSpec};

/// What a backend with kernels of its own supplies: every operation and its adjoints, without
/// differentiation.
pub trait SpectralPrimitives: Backend {
    /// Half-spectrum of a real signal.
    fn prim_rfft(signal: FloatTensor<Self>, transform: RealTransform) -> Planes<Self>;

    /// Real signal of a half-spectrum.
    fn prim_irfft(spectrum: Planes<Self>, transform: RealTransform) -> FloatTensor<Self>;

    /// Complex transform.
    fn prim_fft(input: Planes<Self>, transform: ComplexTransform) -> Planes<Self>;

    /// `y[b,o] = Σ_i r[o,i]·x[b,i]` in every bin.
    fn prim_mix(x: Planes<Self>, response: Planes<Self>, mix: MixSpec) -> Planes<Self>;

    /// Gradient of [`prim_mix`](Self::prim_mix) for its spectrum.
    fn prim_mix_adjoint_input(
        grad: Planes<Self>,
        response: Planes<Self>,
        mix: MixSpec,
    ) -> Planes<Self>;

    /// Gradient of [`prim_mix`](Self::prim_mix) for its response.
    fn prim_mix_adjoint_response(x: Planes<Self>, grad: Planes<Self>, mix: MixSpec)
    -> Planes<Self>;

    /// The last layer of a rectified stack.
    fn prim_stack(s: Planes<Self>, responses: Planes<Self>, stack: &StackSpec)
    -> FloatTensor<Self>;

    /// Gradients of [`prim_stack`](Self::prim_stack): for its spectrum if `input`, and for its
    /// responses.
    fn prim_stack_adjoint(
        s: Planes<Self>,
        responses: Planes<Self>,
        grad: FloatTensor<Self>,
        stack: &StackSpec,
        input: bool,
    ) -> (Option<Planes<Self>>, Planes<Self>);

    /// A dense head on the last layer of a rectified stack.
    fn prim_stack_dense(
        s: Planes<Self>,
        responses: Planes<Self>,
        weight: FloatTensor<Self>,
        stack: &StackSpec,
    ) -> FloatTensor<Self>;

    /// Gradients of [`prim_stack_dense`](Self::prim_stack_dense): for its spectrum if `input`, for
    /// its responses, and for its weights.
    fn prim_stack_dense_adjoint(
        s: Planes<Self>,
        responses: Planes<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        stack: &StackSpec,
        input: bool,
    ) -> (Option<Planes<Self>>, Planes<Self>, FloatTensor<Self>);

    /// Circular reversal of the last `spatial` axes.
    fn prim_reverse(x: FloatTensor<Self>, spatial: usize) -> FloatTensor<Self>;
}

/// The real and the imaginary part of a complex array.
pub type Planes<B> = (FloatTensor<B>, FloatTensor<B>);

/// The operations that Burn dispatches by device, with differentiation.
#[backend_extension(Flex, Autodiff)]
pub trait SpectralOps: Backend {
    /// Half-spectrum of a real signal.
    fn spectral_rfft(
        signal: FloatTensor<Self>,
        transform: RealTransform,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Real signal of a half-spectrum.
    fn spectral_irfft(
        re: FloatTensor<Self>,
        im: FloatTensor<Self>,
        transform: RealTransform,
    ) -> FloatTensor<Self>;

    /// Complex transform.
    fn spectral_fft(
        re: FloatTensor<Self>,
        im: FloatTensor<Self>,
        transform: ComplexTransform,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// BinwiseMatmul of a spectrum with a response, bin by bin.
    fn spectral_mix(
        x_re: FloatTensor<Self>,
        x_im: FloatTensor<Self>,
        r_re: FloatTensor<Self>,
        r_im: FloatTensor<Self>,
        mix: MixSpec,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Transform, contraction and inverse transform as one operation with one adjoint.
    fn spectral_conv(
        x: FloatTensor<Self>,
        r_re: FloatTensor<Self>,
        r_im: FloatTensor<Self>,
        conv: ConvSpec,
    ) -> FloatTensor<Self>;

    /// The last layer of a rectified stack.
    fn spectral_stack(
        s_re: FloatTensor<Self>,
        s_im: FloatTensor<Self>,
        r_re: FloatTensor<Self>,
        r_im: FloatTensor<Self>,
        stack: StackSpec,
    ) -> FloatTensor<Self>;

    /// A dense head on the last layer of a rectified stack.
    fn spectral_stack_dense(
        s_re: FloatTensor<Self>,
        s_im: FloatTensor<Self>,
        r_re: FloatTensor<Self>,
        r_im: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        stack: StackSpec,
    ) -> FloatTensor<Self>;

    /// Circular reversal of the last `spatial` axes.
    fn spectral_reverse(x: FloatTensor<Self>, spatial: usize) -> FloatTensor<Self>;
}
