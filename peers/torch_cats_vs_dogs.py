"""Times training steps of the cats-vs-dogs networks of Wood and Larson (2021), in PyTorch.

Batch 64 of 3x150x150 float32, mean squared error on one-hot labels, Adam. The spectral networks are
the published layer graph: transform each channel, and a layer is four real einsums, which add up its
input channels, on filters expanded one at a time, then ReLU on both parts.
"""

import torch
from torch import nn
from torch.nn.functional import mse_loss, one_hot

from timing import median_ms, run

BATCH, SIZE, BINS = 64, 150, 76
EINSUM = "bijc,ijo->bijo"


class Filtered(nn.Module):
    """A layer on spectra [batch, row, column, channel], whose filters a subclass gives."""

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
    """A free weight a frequency and filter."""

    def __init__(self, filters):
        super().__init__()
        bound = (6 / (SIZE * (BINS + filters))) ** 0.5
        self.weight = nn.Parameter(torch.empty(2, SIZE, BINS, filters).uniform_(-bound, bound))

    def filters(self):
        return self.weight.unbind(0)


class Parametric(Filtered):
    """Filters of a few parameters, expanded in a loop."""

    def __init__(self, filters, terms, deviation):
        super().__init__()
        self.weight = nn.Parameter(deviation * torch.randn(2, filters, terms))
        self.register_buffer("row", torch.arange(SIZE)[:, None] / SIZE - 0.5, persistent=False)
        self.register_buffer("column", torch.arange(BINS)[None, :] / BINS, persistent=False)

    def filters(self):
        return [torch.stack([self.expand(p) for p in part], 2) for part in self.weight]


class Linear(Parametric):
    """A polynomial of order one along each axis: row, then column, by degree from 0."""

    def __init__(self, filters):
        super().__init__(filters, 4, 0.005)

    def expand(self, p):
        return (p[0] + p[1] * self.row) + (p[2] + p[3] * (self.column - 0.5))


class Gaussian(Parametric):
    """A rotated Gaussian: x0, y0, a, b, c, s0."""

    def __init__(self, filters):
        super().__init__(filters, 6, 0.05)

    def expand(self, p):
        x0, y0, a, b, c, s0 = p
        dx, dy = self.column - y0, self.row - x0
        return s0 * torch.exp(-a * dx**2 + 2 * b * dx * dy - c * dy**2)


class Spectral(nn.Module):
    """Transform, layers, dense head of two units."""

    def __init__(self, layer, filters):
        super().__init__()
        self.layers = nn.ModuleList(layer(count) for count in filters)
        self.head = nn.Linear(2 * SIZE * BINS * filters[-1], 2)

    def forward(self, images):
        spectrum = torch.fft.rfft2(images).permute(0, 2, 3, 1)
        z = spectrum.real.contiguous(), spectrum.imag.contiguous()
        for layer in self.layers:
            z = layer(z)
        return self.head(torch.stack(z, -1).flatten(1))


def spatial(filters):
    layers, channels = [], 3
    for count in filters:
        layers += [nn.Conv2d(channels, count, 3, padding=1), nn.ReLU()]
        channels = count
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(SIZE * SIZE * channels, 2))


FOUR = (6, 6, 6, 6)
CASES = {
    "spatial": lambda: spatial(FOUR),
    "fourier": lambda: Spectral(Fourier, FOUR),
    "linear": lambda: Spectral(Linear, FOUR),
    "gaussian": lambda: Spectral(Gaussian, FOUR),
    "gaussian_wide": lambda: Spectral(Gaussian, (6, 6, 12, 12, 24, 24)),
}


def measure(case, budget):
    """Forward and backward are those of the network and its loss; the step adds Adam's update."""
    model = case()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7)
    images = torch.rand(BATCH, 3, SIZE, SIZE)
    targets = one_hot(torch.randint(0, 2, (BATCH,)), 2).float()

    def forward():
        with torch.no_grad():
            mse_loss(model(images), targets)

    def both():
        optimizer.zero_grad()
        mse_loss(model(images), targets).backward()

    def step():
        both()
        optimizer.step()

    fields = {"fwd_ms": median_ms(forward, budget), "fwdbwd_ms": median_ms(both, budget)}
    fields["step_ms"] = median_ms(step, budget)
    fields["params"] = sum(p.numel() for p in model.parameters())
    return fields


if __name__ == "__main__":
    run(__doc__, CASES, measure)
