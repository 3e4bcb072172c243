"""Parametric responses as published, alone and in a convolution, and the layers that stay on spectra."""

import numpy as np
import torch

from responses import couple
from sampled import Sampled
from support import half, same, staged_irfftn, text

def polynomial(size, re, im):
    """Coefficients [out, in, 2·(order + 1)]: by degree from 0, those of the height first."""
    h, w = half(size)
    terms = re.shape[-1] // 2
    u = torch.arange(h, dtype=torch.float64) / h - 0.5
    v = torch.arange(w, dtype=torch.float64) / w - 0.5

    def part(c):
        rows = sum(c[..., k, None] * u**k for k in range(terms))
        columns = sum(c[..., terms + k, None] * v**k for k in range(terms))
        return rows[..., :, None] + columns[..., None, :]

    return torch.complex(part(re), part(im))


def gaussian(size, re, im):
    """Parameters [out, in, 6]: x0, y0, a, b, c, s0."""
    h, w = half(size)
    u = torch.arange(h, dtype=torch.float64)[:, None] / h - 0.5
    v = torch.arange(w, dtype=torch.float64)[None, :] / w

    def part(parameters):
        x0, y0, a, b, c, s0 = parameters[..., None, None].unbind(-3)
        dx, dy = v - y0, u - x0
        return s0 * torch.exp(-a * dx**2 + 2 * b * dx * dy - c * dy**2)

    return torch.complex(part(re), part(im))


def one_bin_at_a_time(kind, size, re, im):
    """The same responses with loops over filters and bins, in NumPy."""
    h, w = half(size)
    result = np.empty((*re.shape[:2], h, w), complex)
    for o, i, row, column in np.ndindex(result.shape):
        values = []
        for p in (re[o, i], im[o, i]):
            if kind == "gaussian":
                dx, dy = column / w - p[1], row / h - 0.5 - p[0]
                values.append(p[5] * np.exp(-p[2] * dx * dx + 2 * p[3] * dx * dy - p[4] * dy * dy))
            else:
                terms = len(p) // 2
                # NumPy's polyval wants the highest degree first.
                values.append(np.polyval(p[:terms][::-1], row / h - 0.5)
                              + np.polyval(p[terms:][::-1], column / w - 0.5))
        result[o, i, row, column] = complex(*values)
    return result


def response_case(kind, size, coupling, layer, channels=(2, 2), order=1):
    inn, out = channels
    case = Sampled(
        f"{kind}{order if kind == 'polynomial' else ''}.{layer}.{inn}-{out}.{text(size)}.{coupling}",
        kind=kind, layer=layer, coupling=coupling, size=list(size), order=order, inputs=inn,
    )
    shape = (out, 1 if coupling == "shared" else inn, 2 * (order + 1) if kind == "polynomial" else 6)
    expand = {"polynomial": polynomial, "gaussian": gaussian}[kind]
    if layer == "mix":
        case.leaf("input", (1, inn, *half(size)), is_complex=True)
    else:
        case.leaf("input", (1, inn, *size))
    case.parameter("re", shape, 0.5)
    case.parameter("im", shape, 0.5)

    def function(input, re, im):
        R = expand(size, re, im)
        R = R[:, 0] if coupling == "shared" else R
        if layer == "mix":
            return couple(input, R, coupling)
        return staged_irfftn(couple(torch.fft.rfft2(input), R, coupling), size, (2, 3))

    output, _ = case.finish(function)
    x, re, im = (value.detach().numpy() for value in case.leaves.values())
    R = one_bin_at_a_time(kind, size, re, im)
    X = (x if layer == "mix" else np.fft.rfft2(x)).sum(1, keepdims=True) if coupling == "shared" else (
        x if layer == "mix" else np.fft.rfft2(x))
    Y = np.einsum("bihw,oihw->bohw", X, R)
    same(output, Y if layer == "mix" else np.fft.irfft2(Y, s=size), case.name)
    return case


def parametric():
    cases = []
    for size in ((7, 7), (13, 11), (14, 14), (28, 28), (150, 150)):
        for coupling in ("shared", "dense"):
            for layer in ("mix", "conv"):
                cases.append(response_case("polynomial", size, coupling, layer))
                cases.append(response_case("gaussian", size, coupling, layer))
    cases += [
        response_case("polynomial", (8, 9), coupling, "conv", (3, 2), order)
        for coupling, order in (("shared", 0), ("dense", 3))
    ]
    return cases


def activate(kind, z, offset):
    if kind == "crelu":
        return torch.complex(z.real.relu(), z.imag.relu())
    if kind == "zrelu":
        return z * ((z.real >= 0) & (z.imag >= 0))
    return (z.abs() + offset[:, None, None]).relu() * z / z.abs()


class Kinked(Sampled):
    """A case whose function is not smooth: its gradients are held to formulas instead."""

    def check_directional_derivative(self, function, cotangent):
        pass


def activation_case(kind, size):
    case = Kinked(f"{kind}.{text(size)}", kind=kind, size=list(size))
    shape = (1, 3, *half(size))
    case.leaf("input", shape, is_complex=True)
    if kind == "modrelu":
        case.parameter("offset", (3,), 0.5)
    output, cotangent = case.finish(lambda input, offset=None: activate(kind, input, offset))
    z = case.leaves["input"].detach().numpy()
    angle, radius = np.angle(z), np.abs(z)
    if kind == "crelu":
        expected = np.maximum(z.real, 0) + 1j * np.maximum(z.imag, 0)
        gradient = cotangent.real * (z.real > 0) + 1j * cotangent.imag * (z.imag > 0)
    elif kind == "zrelu":
        inside = (angle >= 0) & (angle <= np.pi / 2)
        expected, gradient = np.where(inside, z, 0), np.where(inside, cotangent, 0)
    else:
        offset = case.leaves["offset"].detach().numpy()[:, None, None]
        phase, alive = np.exp(1j * angle), radius + offset > 0
        expected = np.maximum(radius + offset, 0) * phase
        # Outwards the slope is one, around the circle that of the radius.
        along = cotangent * phase.conj() * alive
        gradient = phase * (along.real + 1j * along.imag * (radius + offset) / radius)
        same(case.leaves["offset"].grad.numpy(), along.real.sum((0, 2, 3)), f"{case.name}: offset")
    same(output, expected, case.name)
    same(case.leaves["input"].grad.resolve_conj().numpy(), gradient, f"{case.name}: gradient")
    return case


def fourier_domain_case(size, coupling):
    case = Sampled(f"fourier_domain.2-2.{text(size)}.{coupling}",
                   kind="fourier_domain", coupling=coupling, size=list(size))
    bins = half(size)
    case.leaf("input", (1, 2, *bins), is_complex=True)
    case.leaf("response", (2, 1 if coupling == "shared" else 2, *bins), is_complex=True)

    def function(input, response):
        # Real products alone, as the layer was published.
        Xr, Xi, Wr, Wi = input.real, input.imag, response.real, response.imag
        if coupling == "shared":
            Xr, Xi = Xr.sum(1, keepdim=True), Xi.sum(1, keepdim=True)
        product = "bihw,oihw->bohw"
        real = torch.einsum(product, Xr, Wr) - torch.einsum(product, Xi, Wi)
        imag = torch.einsum(product, Xr, Wi) + torch.einsum(product, Xi, Wr)
        return torch.complex(real, imag)

    output, _ = case.finish(function)
    X, W = (value.detach().numpy() for value in case.leaves.values())
    X = X.sum(1, keepdims=True) if coupling == "shared" else X
    same(output, (X[:, None] * W[None]).sum(2), case.name)
    return case


def spectra():
    sizes = ((7, 7), (13, 11), (14, 14), (28, 28), (150, 150))
    cases = [activation_case(kind, size) for kind in ("crelu", "modrelu", "zrelu") for size in sizes]
    cases += [fourier_domain_case(size, coupling) for coupling in ("shared", "dense") for size in sizes]
    return cases
