"""The variants that can be timed, by name: how to build each from plain numbers."""

from torch import nn

from layers import (
    ChannelFilter, DenseFilter, FlipKK, GlobalFilter, LongConvolution, LowModes, PlainFftConv,
    PublishedKK, RoundTrip, SharedGaussian, VectorKK,
)


def conv(channels_in, channels_out, kernel, groups=1, bias=True):
    return nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2, groups=groups, bias=bias)


def packaged_fft_conv(channels_in, channels_out, kernel, groups=1):
    from fft_conv_pytorch import FFTConv2d

    return FFTConv2d(channels_in, channels_out, kernel, padding=kernel // 2, groups=groups)


def packaged_operator(channels_in, channels_out, modes):
    from neuralop.layers.spectral_convolution import SpectralConv

    return SpectralConv(channels_in, channels_out, (modes, modes), bias=False)


FORMS = {
    "conv2d": conv,
    "published_kk": PublishedKK,
    "vector_kk": VectorKK,
    "flip_kk": FlipKK,
    "dense_filter": DenseFilter,
    "channel_filter": ChannelFilter,
    "low_modes": LowModes,
    "neuraloperator": packaged_operator,
    "global_filter": GlobalFilter,
    "shared_gaussian": SharedGaussian,
    "long_convolution": LongConvolution,
    "fft_conv_pytorch": packaged_fft_conv,
    "plain_fft_conv": PlainFftConv,
    "round_trip": RoundTrip,
}
