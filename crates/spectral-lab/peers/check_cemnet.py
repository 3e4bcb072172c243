"""Checks that all variants of CEMNet compute the same outputs and gradients, in float64.

Prints the largest deviation of each check and fails if one exceeds its bound. Products are also
compared with their formula in NumPy, repaired layers with PyTorch's own circular Conv2d.
"""

import sys

import numpy as np
import torch
from torch import nn
from torch.fft import fft2, ifft2, irfft2, rfft2

from cemnet import PRODUCTS, FreeWeight, RepairedImages, RepairedSpectra
from networks import NETWORKS, REPAIRED, SPECTRA

failures = []


def check(name, got, expected, bound):
    """Compares lists of tensors, relative to the largest value of each."""
    error = max(
        ((a - b).abs().max() / b.abs().max().clamp(min=1e-12)).item() for a, b in zip(got, expected, strict=True)
    )
    print(f"{name}: {error:.1e}")
    if not error <= bound:
        failures.append(name)


def products():
    """Every product and its gradients, against the first and against NumPy."""
    shape = dict(x=(3, 5, 7, 6), w=(4, 5, 7, 6))
    values = {key: [torch.randn(*dims) for _ in range(2)] for key, dims in shape.items()}
    X, W = (re.numpy() + 1j * im.numpy() for re, im in values.values())
    Y = torch.from_numpy((X.conj()[:, None] * W[None]).sum(2))
    weights = [torch.randn(*Y.shape) for _ in range(2)]
    expected = None
    for name, product in PRODUCTS.items():
        leaves = [part.clone().requires_grad_() for part in (*values["x"], *values["w"])]
        y = product(leaves[:2], leaves[2:])
        gradients = torch.autograd.grad(sum((a * b).sum() for a, b in zip(y, weights)), leaves)
        expected = expected or gradients
        check(f"product {name}: formula", y, (Y.real, Y.imag), 1e-12)
        check(f"product {name}: gradients", gradients, expected, 1e-12)


def repaired_layer(taps, size):
    """Spectra and images, against Conv2d on circularly padded images, and the published product of
    the same taps, flipped."""
    spectra, images = (block((3, 4), (taps, taps), size, False) for block in (RepairedSpectra, RepairedImages))
    images.load_state_dict(spectra.state_dict())
    x = torch.randn(2, 3, *size)
    weight = spectra.taps.detach()
    conv = nn.Conv2d(3, 4, taps, padding=taps // 2, padding_mode="circular", bias=False)
    conv.weight.data.copy_(weight)
    expected = conv(x)
    name = f"layer {taps} on {size}"
    y = irfft2(spectra.convolve(rfft2(x)), s=size)
    check(f"{name}: spectra are Conv2d", [y], [expected], 1e-12)
    check(f"{name}: images are Conv2d", [images.convolve(x)], [expected], 1e-12)
    X, W = fft2(x), fft2(spectra.kernel())
    published = PRODUCTS["published"]((X.real, X.imag), (W.real, W.imag))
    reversed_ = ifft2(torch.complex(*published)).real.flip((-2, -1)).roll((1, 1), (-2, -1))
    check(f"{name}: published is Conv2d reversed", [reversed_], [expected], 1e-12)
    single = spectra.float().convolve(rfft2(x.float()))
    check(f"{name}: float32", [irfft2(single, s=size)], [expected], 1e-5)


def projection():
    """Projection: idempotent, and the energy it removes is the penalty."""
    weight = FreeWeight((2, 3), (3, 3), (8, 7))
    before = torch.complex(*weight())
    outside = weight.energy_outside()
    weight.project()
    kept = torch.complex(*weight()).detach()
    energy = (before - kept).abs().square().sum() / 56
    check("projection: energy taken away", [outside], [energy], 1e-12)
    kernel = np.fft.ifft2(before.detach().numpy()).real
    kernel[..., 3:, :] = 0
    kernel[..., 3:] = 0
    check("projection: by NumPy", [kept], [torch.from_numpy(np.fft.fft2(kernel))], 1e-12)
    weight.project()
    check("projection: idempotent", [torch.complex(*weight())], [kept], 1e-12)


def networks():
    """All variants of a network, with the same weights and the same noise."""
    for plans, ways in ((SPECTRA, list(PRODUCTS)), (REPAIRED, ["spectra", "images"])):
        for name in plans:
            shape = (1, 28, 28) if "mnist" in name else (3, 32, 32)
            images = torch.randn(5, *shape)
            first = NETWORKS[f"{name}_{ways[0]}"](shape, 10)
            # Imaginary parts that vanish for real images would lie at the kink of the activation.
            for module in first.modules():
                if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
                    nn.init.normal_(module.bias)
            results = []
            for way in ways:
                module = NETWORKS[f"{name}_{way}"](shape, 10)
                module.load_state_dict(first.state_dict())
                torch.manual_seed(1)
                outputs = module(images)
                gradients = torch.autograd.grad(outputs.square().sum(), list(module.parameters()))
                # Offsets before a normalization have no gradient but rounding.
                largest = max(g.abs().max() for g in gradients)
                results.append([outputs, torch.cat([g.flatten() / largest for g in gradients])])
            for way, result in zip(ways[1:], results[1:]):
                check(f"{name}: {way} is {ways[0]}", result, results[0], 1e-10)


if __name__ == "__main__":
    torch.set_num_threads(2)
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    products()
    for taps, size in ((5, (28, 28)), (5, (14, 14)), (3, (7, 6)), (3, (4, 4))):
        repaired_layer(taps, size)
    projection()
    networks()
    sys.exit(f"beyond their bounds: {', '.join(failures)}" if failures else 0)
