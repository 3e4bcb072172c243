"""The networks of Wood and Larson (2021) on spectra, as the published layer graph.

Transform each channel; a layer is four real einsums, which sum its input channels, on filters
expanded one at a time, then ReLU on both parts. Frequencies are not mixed before the head.
"""

import torch
from torch import nn

EINSUM = "bijc,ijo->bijo"


class Filtered(nn.Module):
    """A layer on spectra [batch, row, column, channel], whose filters a subclass defines."""

    def forward(self, z):
        real, imaginary = z
        filter_real, filter_imaginary = self.filters()
        product_real = torch.einsum(EINSUM, real, filter_real) - torch.einsum(
            EINSUM, imaginary, filter_imaginary
        )
        product_imaginary = torch.einsum(EINSUM, real, filter_imaginary) + torch.einsum(
            EINSUM, imaginary, filter_real
        )
        return product_real.relu(), product_imaginary.relu()


class Fourier(Filtered):
    """One free weight per frequency and filter."""

    def __init__(self, filters, height, width):
        super().__init__()
        bins = width // 2 + 1
        bound = (6 / (height * (bins + filters))) ** 0.5
        self.weight = nn.Parameter(torch.empty(2, height, bins, filters).uniform_(-bound, bound))

    def filters(self):
        return self.weight.unbind(0)


class Parametric(Filtered):
    """Filters with a few parameters, expanded in a loop."""

    def __init__(self, filters, height, width, terms, deviation):
        super().__init__()
        bins = width // 2 + 1
        self.weight = nn.Parameter(deviation * torch.randn(2, filters, terms))
        self.register_buffer("row", torch.arange(height)[:, None] / height - 0.5, persistent=False)
        self.register_buffer("column", torch.arange(bins)[None, :] / bins, persistent=False)

    def filters(self):
        return [torch.stack([self.expand(p) for p in part], 2) for part in self.weight]


class Linear(Parametric):
    """A polynomial of order one along each axis: row, then column, by degree from 0."""

    def __init__(self, filters, height, width):
        super().__init__(filters, height, width, 4, 0.005)

    def expand(self, p):
        return (p[0] + p[1] * self.row) + (p[2] + p[3] * (self.column - 0.5))


class Gaussian(Parametric):
    """A rotated Gaussian: x0, y0, a, b, c, s0."""

    def __init__(self, filters, height, width):
        super().__init__(filters, height, width, 6, 0.05)

    def expand(self, p):
        x0, y0, a, b, c, s0 = p
        dx, dy = self.column - y0, self.row - x0
        return s0 * torch.exp(-a * dx**2 + 2 * b * dx * dy - c * dy**2)


class SpectralStack(nn.Module):
    """Transform, layers with dropout after every second one, and a head on the stacked parts."""

    def __init__(self, layer, filters, size, head, dropout=None):
        super().__init__()
        self.layers = nn.ModuleList(layer(count, *size) for count in filters)
        self.dropout = nn.Dropout(dropout) if dropout else None
        self.head = head

    def forward(self, images):
        spectrum = torch.fft.rfft2(images).permute(0, 2, 3, 1)
        z = spectrum.real.contiguous(), spectrum.imag.contiguous()
        for number, layer in enumerate(self.layers, 1):
            z = layer(z)
            if self.dropout and number % 2 == 0:
                z = [self.dropout(part) for part in z]
        return self.head(torch.stack(z, -1).flatten(1))
