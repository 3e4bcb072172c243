"""The networks of Pan et al. (CEMNet, 2022; TFDMNet, 2024): as the published layer graph on full
spectra, and repaired on half-spectra.

A spectrum is a pair of real tensors [batch, channel, row, column]. The same product can be written
in several ways, `PRODUCTS`; the repaired network also as the network of images that it is.
"""

import torch
from torch import nn
from torch.fft import fft2, ifft2, irfft2, rfft2
from torch.nn.functional import leaky_relu_, max_pool2d, pad

EINSUM = "bihw,oihw->bohw"
SLOPE = 0.2
PENALTY = 1e-3
# Up to so many input channels a sum by broadcasting is faster than matrix products a bin.
FEW = 8


def parts(z):
    return z.real.contiguous(), z.imag.contiguous()


def summed(x, w):
    """Elementwise product, then a sum over input channels."""
    return (x[:, None] * w).sum(2)


def contracted(x, w):
    return torch.einsum(EINSUM, x, w)


def mixed(x, w):
    return (summed if w.shape[1] <= FEW else contracted)(x, w)


def real_products(multiply):
    """conj(x)·w by four products of real tensors."""

    def product(x, w):
        (xr, xi), (wr, wi) = x, w
        real = multiply(xr, wr) + multiply(xi, wi)
        return real, multiply(xr, wi) - multiply(xi, wr)

    return product


def complex_product(multiply):
    """conj(x)·w by one product of complex tensors."""
    return lambda x, w: parts(multiply(torch.complex(*x).conj(), torch.complex(*w)))


PRODUCTS = {
    "published": real_products(summed),
    "einsum": real_products(contracted),
    "complex": complex_product(contracted),
    "mixed": complex_product(mixed),
}


class FreeWeight(nn.Module):
    """One complex number per bin, in two real tensors. Real and imaginary parts are initialized as
    those of the spectra of two kernels."""

    def __init__(self, channels, taps, size):
        super().__init__()
        spectra = [fft2(torch.randn(*reversed(channels), *taps), s=size) for _ in range(2)]
        self.re = nn.Parameter(spectra[0].real.clone())
        self.im = nn.Parameter(spectra[1].imag.clone())
        mask = torch.zeros(size)
        mask[: taps[0], : taps[1]] = 1
        self.register_buffer("mask", mask, persistent=False)

    def forward(self):
        return self.re, self.im

    @torch.no_grad()
    def project(self):
        """Inverse transform, real part, mask, transform, assignment."""
        kept = fft2(ifft2(torch.complex(self.re, self.im)).real * self.mask)
        self.re.copy_(kept.real)
        self.im.copy_(kept.imag)

    def energy_outside(self):
        kernel = ifft2(torch.complex(self.re, self.im))
        outside = (kernel.real * (1 - self.mask)).square().sum()
        return outside + kernel.imag.square().sum()


class TapWeight(nn.Module):
    """The taps of a kernel, transformed in every pass."""

    def __init__(self, channels, taps, size):
        super().__init__()
        deviation = (2 / (channels[0] * taps[0] * taps[1])) ** 0.5
        self.taps = nn.Parameter(deviation * torch.randn(*reversed(channels), *taps))
        self.size = size

    def forward(self):
        return parts(fft2(self.taps, s=self.size))


class Noise(nn.Module):
    """Multiplication by N(1, rate/2) in training."""

    def __init__(self, rate):
        super().__init__()
        self.deviation = rate / 2

    def forward(self, x):
        return x * torch.empty_like(x).normal_(1, self.deviation) if self.training else x


class PublishedBlock(nn.Module):
    """Product, then normalization, leaky ReLU and noise on both parts; max-pooling in the image."""

    def __init__(self, channels, taps, size, pools, weight, product, rate):
        super().__init__()
        self.weight, self.product, self.pools = weight(channels, taps, size), product, pools
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels[1]) for _ in range(2))
        self.noise = Noise(rate)

    def forward(self, x):
        y = self.product(x, self.weight())
        y = [self.noise(leaky_relu_(norm(part), SLOPE)) for norm, part in zip(self.norms, y)]
        return parts(fft2(max_pool2d(ifft2(torch.complex(*y)).real, 2))) if self.pools else y


class Branches(nn.Module):
    """Dense layers per part, joined before the last one."""

    def __init__(self, features, classes, hidden, rate):
        super().__init__()

        def branch():
            layers = []
            for inputs, outputs in zip([features, *hidden], hidden):
                layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs)]
                layers += [nn.LeakyReLU(SLOPE, inplace=True), Noise(rate)]
            return nn.Sequential(*layers)

        self.branches = nn.ModuleList(branch() for _ in range(2))
        self.output = nn.Linear(2 * hidden[-1], classes)

    def forward(self, z):
        return self.output(torch.cat([f(part.flatten(1)) for f, part in zip(self.branches, z)], 1))


class RepairedBlock(nn.Module):
    """The spectrum of a convolution of circular images, the tap in the middle on sample 0, without
    offset; in the image normalization, ReLU and max-pool."""

    def __init__(self, channels, taps, size, pools):
        super().__init__()
        self.taps = TapWeight(channels, taps, size).taps
        self.norm, self.size, self.pools = nn.BatchNorm2d(channels[1]), size, pools

    def kernel(self):
        """The taps on the grid of the image."""
        height, width = self.taps.shape[2:]
        padded = pad(self.taps, (0, self.size[1] - width, 0, self.size[0] - height))
        return padded.roll((-(height // 2), -(width // 2)), (-2, -1))

    def in_image(self, images):
        images = self.norm(images).relu_()
        return max_pool2d(images, 2) if self.pools else images


class RepairedSpectra(RepairedBlock):
    """From spectrum to spectrum."""

    def convolve(self, z):
        return mixed(z, rfft2(self.kernel()).conj())

    def forward(self, z):
        return rfft2(self.in_image(irfft2(self.convolve(z), s=self.size)))


class RepairedImages(RepairedBlock):
    """The same from image to image, as a circular convolution."""

    def convolve(self, images):
        before = [taps // 2 for taps in self.taps.shape[2:]]
        after = [taps - 1 - first for taps, first in zip(self.taps.shape[2:], before)]
        margins = (before[1], after[1], before[0], after[0])
        return nn.functional.conv2d(pad(images, margins, mode="circular"), self.taps)

    def forward(self, images):
        return self.in_image(self.convolve(images))


class JoinedHead(nn.Module):
    """Dense layers with ReLU on a half-spectrum, scaled to an orthonormal basis."""

    def __init__(self, channels, size, classes, hidden):
        super().__init__()
        height, width = size
        bins = width // 2 + 1
        count = torch.full([bins], 2.0)
        count[0] = 1
        if width % 2 == 0:
            count[-1] = 1
        self.register_buffer("scale", (count / (height * width)).sqrt(), persistent=False)
        features, layers = 2 * channels * height * bins, []
        for units in hidden:
            layers += [nn.Linear(features, units), nn.ReLU(inplace=True)]
            features = units
        self.layers = nn.Sequential(*layers, nn.Linear(features, classes))

    def forward(self, z):
        return self.layers((torch.cat([z.real, z.imag], 1) * self.scale).flatten(1))


def stage(channels, taps, pools):
    """A block of images."""
    layers = [
        nn.Conv2d(*channels, taps, padding=taps // 2),
        nn.BatchNorm2d(channels[1]),
        nn.ReLU(inplace=True),
    ]
    return nn.Sequential(*layers, *([nn.MaxPool2d(2)] if pools else []))


class CemNet(nn.Module):
    """Blocks of images if there are any, blocks on spectra, and a head.

    `product` is one of `PRODUCTS`; or the network is repaired: `spectra`, or in `images` as far as
    the head. `fixation` holds free weights to small kernels: `projection` after every step,
    `penalty`, or None.
    """

    def __init__(
        self, shape, classes, product, widths, pooled, taps, hidden, rates, spatial=0, free=False,
        fixation=None,
    ):
        super().__init__()
        channels, *size = shape
        self.fixation, self.product = fixation, product
        stages, blocks = [], []
        for number, width in enumerate(widths):
            ends, pools = (channels, width), number < pooled
            fitting = [min(taps, side) for side in size]
            if number < spatial:
                stages.append(stage(ends, taps, pools))
            elif product in PRODUCTS:
                weight = FreeWeight if free else TapWeight
                settings = weight, PRODUCTS[product], rates[0]
                blocks.append(PublishedBlock(ends, fitting, size, pools, *settings))
            else:
                block = {"spectra": RepairedSpectra, "images": RepairedImages}[product]
                blocks.append(block(ends, fitting, size, pools))
            if pools:
                size = [side // 2 for side in size]
            channels = width
        self.stages, self.blocks = nn.Sequential(*stages), nn.Sequential(*blocks)
        if product in PRODUCTS:
            self.head = Branches(channels * size[0] * size[1], classes, hidden, rates[1])
        else:
            self.head = JoinedHead(channels, size, classes, hidden)

    def forward(self, images):
        images = self.stages(images)
        if self.product == "images":
            return self.head(rfft2(self.blocks(images)))
        if self.product == "spectra":
            return self.head(self.blocks(rfft2(images)))
        return self.head(self.blocks(parts(fft2(images))))

    def penalty(self):
        """The penalty added to the loss, if any."""
        if self.fixation == "penalty":
            return PENALTY * sum(block.weight.energy_outside() for block in self.blocks)
        return None

    def after_step(self):
        """The weight constraint after an optimizer update."""
        if self.fixation == "projection":
            for block in self.blocks:
                block.weight.project()
