"""Spectral layers as a PyTorch user would write them: complex parameters, autograd's own backward."""

import torch
from torch import nn
from torch.fft import fft2, ifft2, irfft, irfft2, rfft, rfft2


class PublishedKK(nn.Module):
    """KKLayer as published: real and imaginary parts mixed channel by channel in Python loops."""

    def __init__(self, channels_in, channels_out):
        super().__init__()
        self.alpha = nn.Parameter(torch.randn(channels_out, channels_in))
        self.beta = nn.Parameter(torch.randn(channels_out, channels_in))

    def forward(self, x):
        spectrum = fft2(x)
        result = x.new_zeros(x.shape[0], len(self.alpha), *x.shape[2:])
        for o, (alpha, beta) in enumerate(zip(self.alpha, self.beta)):
            real, imaginary = torch.zeros_like(spectrum.real), torch.zeros_like(spectrum.imag)
            for i in range(x.shape[1]):
                channel = spectrum[:, i]
                real[:, i] = alpha[i] * channel.real + beta[i] * channel.imag
                imaginary[:, i] = beta[i] * channel.real - alpha[i] * channel.imag
            result[:, o] = ifft2(torch.complex(real.sum(1), imaginary.sum(1))).real
        return result


class VectorKK(nn.Module):
    """The same function as one complex product over channels."""

    def __init__(self, channels_in, channels_out):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels_out, channels_in, dtype=torch.cfloat))

    def forward(self, x):
        return ifft2(torch.einsum("oi,bihw->bohw", self.weight, fft2(x).conj())).real


class FlipKK(nn.Module):
    """What the published KKLayer is equivalent to: a 1×1 convolution of the circularly flipped image."""

    def __init__(self, channels_in, channels_out):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels_out, channels_in, 1, 1))

    def forward(self, x):
        return nn.functional.conv2d(x.flip((-2, -1)).roll((1, 1), (-2, -1)), self.weight)


def complex_normal(*shape, variance):
    """Circular complex normal values with E|w|² = variance."""
    return nn.Parameter(variance**0.5 * torch.randn(*shape, dtype=torch.cfloat))


class DenseFilter(nn.Module):
    """One free complex weight per output, input and frequency."""

    def __init__(self, channels_in, channels_out, height, width):
        super().__init__()
        # The output variance on white input of a fresh nn.Conv2d.
        variance = 1 / (3 * channels_in)
        self.weight = complex_normal(channels_out, channels_in, height, width // 2 + 1, variance=variance)

    def forward(self, x):
        mixed = torch.einsum("oihw,bihw->bohw", self.weight, rfft2(x))
        return irfft2(mixed, s=x.shape[-2:])


class ChannelFilter(nn.Module):
    """One complex weight per channel and frequency, channels first."""

    def __init__(self, channels, height, width):
        super().__init__()
        self.weight = complex_normal(channels, height, width // 2 + 1, variance=1 / 3)

    def forward(self, x):
        return irfft2(rfft2(x) * self.weight, s=x.shape[-2:])


class LowModes(nn.Module):
    """The Fourier neural operator's layer: free weights on the lowest modes, zero elsewhere."""

    def __init__(self, channels_in, channels_out, rows, columns):
        super().__init__()
        shape = (2, channels_out, channels_in, rows, columns)
        self.weight = complex_normal(*shape, variance=1 / (3 * channels_in))

    def forward(self, x):
        height, width = x.shape[-2:]
        rows, columns = self.weight.shape[-2:]
        low = rfft2(x)[..., :columns]
        kept = x.new_zeros(len(x), self.weight.shape[1], height, width // 2 + 1, dtype=torch.cfloat)
        for part, weight in zip((slice(None, rows), slice(-rows, None)), self.weight):
            kept[:, :, part, :columns] = torch.einsum("oihw,bihw->bohw", weight, low[:, :, part])
        return irfft2(kept, s=(height, width))


class GlobalFilter(nn.Module):
    """GFNet's filter: one complex weight per channel and frequency, channels last."""

    def __init__(self, channels, height, width):
        super().__init__()
        self.weight = complex_normal(height, width // 2 + 1, channels, variance=2 * 0.02**2)

    def forward(self, x):
        spectrum = rfft2(x, dim=(1, 2), norm="ortho") * self.weight
        return irfft2(spectrum, s=x.shape[1:3], dim=(1, 2), norm="ortho")


class SharedGaussian(nn.Module):
    """Rotated Gaussians of six parameters, real and imaginary apart, shared by the input channels."""

    def __init__(self, filters):
        super().__init__()
        self.parts = nn.Parameter(0.05 * torch.randn(2, 6, filters, 1, 1))

    def forward(self, x):
        height, width = x.shape[-2:]
        bins = width // 2 + 1
        row = torch.linspace(-0.5, 0.5, height + 1)[:-1, None]
        column = torch.linspace(0, 1, bins + 1)[None, :-1]
        x0, y0, a, b, c, gain = self.parts.unbind(1)
        u, v = row - x0, column - y0
        real, imaginary = gain * torch.exp(2 * b * u * v - a * v.square() - c * u.square())
        spectrum = rfft2(x).sum(1, keepdim=True) * torch.complex(real, imaginary)
        return irfft2(spectrum, s=(height, width))


class LongConvolution(nn.Module):
    """Causal convolution with one kernel per channel, as long as the signal."""

    def __init__(self, channels, length):
        super().__init__()
        self.kernel = nn.Parameter(0.02 * torch.randn(channels, length))

    def forward(self, x):
        length = x.shape[-1]
        padded = 2 * length
        return irfft(rfft(x, padded) * rfft(self.kernel, padded), padded)[..., :length]


class PlainFftConv(nn.Module):
    """nn.Conv2d with `same` padding for odd kernels, evaluated by one transform of the whole image."""

    def __init__(self, channels_in, channels_out, kernel, groups=1):
        super().__init__()
        self.convolution = nn.Conv2d(channels_in, channels_out, kernel, groups=groups)
        self.groups = groups

    def forward(self, x):
        weight, margin = self.convolution.weight, self.convolution.kernel_size[0] // 2
        size = [n + 2 * margin for n in x.shape[-2:]]
        signal = rfft2(x, s=size).unflatten(1, (self.groups, -1))
        response = rfft2(weight, s=size).conj().unflatten(0, (self.groups, -1))
        product = torch.einsum("bgihw,goihw->bgohw", signal, response).flatten(1, 2)
        # A correlation, so the first `margin` rows and columns have wrapped round to the end.
        whole = irfft2(product, s=size).roll((margin, margin), (-2, -1))
        return whole[..., : x.shape[-2], : x.shape[-1]] + self.convolution.bias[:, None, None]


class RoundTrip(nn.Module):
    """A real transform over the last `axes` axes and its inverse; no parameters."""

    def __init__(self, axes):
        super().__init__()
        self.axes = axes

    def forward(self, x):
        if self.axes == 1:
            return irfft(rfft(x), x.shape[-1])
        return irfft2(rfft2(x), s=x.shape[-2:])
