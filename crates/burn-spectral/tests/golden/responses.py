"""Spectral convolutions with a free response and with one that is constant in frequency."""

from itertools import product

import numpy as np
import torch

from sampled import Sampled
from support import Case, half, same, staged_irfftn, text

SIZES = ((14, 14), (28, 28), (150, 150), (13, 11))
CONJUGATES = ("none", "response", "input")


def couple(X, R, coupling):
    """Σ over input channels of R·X, for X [batch, in, …] and R as the README lays out."""
    if coupling == "dense":
        return torch.einsum("bi...,oi...->bo...", X, R)
    if coupling == "depthwise":
        return X * R
    if coupling == "shared":
        return X.sum(1, keepdim=True) * R
    groups = X.shape[1] // R.shape[1]
    parts = zip(X.chunk(groups, 1), R.chunk(groups, 0))
    return torch.cat([couple(x, r, "dense") for x, r in parts], 1)


def conjugated(X, R, conjugate):
    return X.conj() if conjugate == "input" else X, R.conj() if conjugate == "response" else R


def free_gradients(x, R, cotangent, size, coupling, conjugate):
    """The adjoint written out, with half-spectra alone: what the layer's own backward computes."""
    axes = tuple(range(2, 2 + len(size)))
    X = np.fft.rfftn(x, axes=axes)
    G = np.fft.rfftn(cotangent, axes=axes)
    weight = np.full(half(size)[-1], 2.0)
    weight[0] = 1.0
    if size[-1] % 2 == 0:
        weight[-1] = 1.0
    weight /= np.prod(size)
    # y = Σ A·B with (A, B) = (X, R) up to conjugation: ∂L/∂B = (c/N)·Σ conj(A)·G.
    A = X.conj() if conjugate == "input" else X
    B = R.conj() if conjugate == "response" else R
    inn = X.shape[1]
    if coupling == "dense":
        gB = np.einsum("bi...,bo...->oi...", A.conj(), G)
        gA = np.einsum("oi...,bo...->bi...", B.conj(), G)
    elif coupling == "depthwise":
        gB, gA = (A.conj() * G).sum(0), B.conj() * G
    elif coupling == "shared":
        gB = (A.sum(1, keepdims=True).conj() * G).sum(0)
        gA = np.repeat((B.conj() * G).sum(1, keepdims=True), inn, 1)
    else:
        groups = inn // R.shape[1]
        pieces = [
            (np.einsum("bi...,bo...->oi...", a.conj(), g), np.einsum("oi...,bo...->bi...", b.conj(), g))
            for a, b, g in zip(np.split(A, groups, 1), np.split(B, groups, 0), np.split(G, groups, 1))
        ]
        gB, gA = np.concatenate([p[0] for p in pieces], 0), np.concatenate([p[1] for p in pieces], 1)
    gR = weight * (gB.conj() if conjugate == "response" else gB)
    gX = gA.conj() if conjugate == "input" else gA
    return np.fft.irfftn(gX, s=size, axes=axes), gR


def free_case(size, coupling="dense", conjugate="none", channels=(2, 3), batch=1, groups=1, make=Case):
    inn, out = channels
    tail = f".g{groups}" if coupling == "grouped" else ""
    case = make(
        f"free{len(size)}d.b{batch}.{inn}-{out}.{text(size)}.{coupling}{tail}.{conjugate}",
        coupling=coupling, conjugate=conjugate, size=list(size), groups=groups,
    )
    leading = {"dense": (out, inn), "depthwise": (out,), "grouped": (out, inn // groups), "shared": (out,)}
    axes = tuple(range(2, 2 + len(size)))
    case.leaf("input", (batch, inn, *size))
    case.leaf("response", (*leading[coupling], *half(size)), is_complex=True)

    def function(input, response):
        X, R = conjugated(torch.fft.rfftn(input, dim=axes), response, conjugate)
        return staged_irfftn(couple(X, R, coupling), size, axes)

    output, cotangent = case.finish(function)
    x, R = (value.detach().numpy() for value in case.leaves.values())
    X, B = conjugated(torch.from_numpy(np.fft.rfftn(x, axes=axes)), torch.from_numpy(R), conjugate)
    expected = np.fft.irfftn(couple(X, B, coupling).resolve_conj().numpy(), s=size, axes=axes)
    same(output, expected, case.name)
    gradients = free_gradients(x, R, cotangent, size, coupling, conjugate)
    for leaf, expected in zip(case.leaves.values(), gradients):
        same(leaf.grad.resolve_conj().numpy(), expected, f"{case.name}: gradient")
    return case


def free():
    cases = []
    for size, conjugate in product(((4, 6), (7, 7)), CONJUGATES):
        cases += [
            free_case(size, "dense", conjugate),
            free_case(size, "depthwise", conjugate, (3, 3), batch=3),
            free_case(size, "grouped", conjugate, (4, 2), groups=2),
            free_case(size, "shared", conjugate, (3, 2)),
        ]
    # One channel, where all couplings are one.
    cases += [free_case((5, 8), coupling, channels=(1, 1)) for coupling in ("dense", "depthwise", "grouped", "shared")]
    cases += [
        free_case((5, 8), batch=3), free_case((5, 8), "shared", "input", (1, 3)),
        free_case((13, 3), conjugate="response"), free_case((13, 3), "depthwise", channels=(2, 2)),
        free_case((1,)), free_case((1,), conjugate="input"), free_case((2,), batch=3), free_case((2,), "shared", "response"),
        free_case((9,), conjugate="response"), free_case((9,), "grouped", channels=(4, 6), groups=2, batch=3),
        free_case((16,), batch=3), free_case((16,), "depthwise", "input", (4, 4)),
        free_case((13,), conjugate="input", batch=3), free_case((13,), "shared", channels=(3, 2)),
        free_case((3, 4, 5)), free_case((3, 4, 5), "depthwise", "response", (2, 2), batch=3),
        free_case((3, 4, 5), "grouped", "input", (2, 2), groups=2), free_case((3, 4, 5), "shared", channels=(2, 2)),
        free_case((2, 3, 6), conjugate="input"),
    ]
    cases += [
        free_case(size, "dense", conjugate, make=Sampled)
        for size, conjugate in zip(SIZES, (*CONJUGATES, "none"))
    ]
    cases += [
        free_case((14, 14), channels=(1, 1), make=Sampled),
        free_case((28, 28), "shared", "none", (3, 2), make=Sampled),
        free_case((150, 150), "depthwise", "response", (2, 2), make=Sampled),
    ]
    return cases


def published_kk(x, alpha, beta):
    """The published layer, one output and one input channel at a time, real and imaginary apart."""
    output = np.empty((x.shape[0], alpha.shape[0], *x.shape[2:]))
    axes = tuple(range(1, x.ndim - 1))
    for o in range(alpha.shape[0]):
        spectrum = 0
        for i in range(alpha.shape[1]):
            X = np.fft.fftn(x[:, i], axes=axes)
            a, b = alpha[o, i], beta[o, i]
            spectrum = spectrum + (a * X.real + b * X.imag) + 1j * (b * X.real - a * X.imag)
        output[:, o] = np.fft.ifftn(spectrum, axes=axes).real
    return output


def constant_case(size, conjugate, channels, batch=1, make=Case):
    case = make(
        f"constant{len(size)}d.b{batch}.{channels[0]}-{channels[1]}.{text(size)}.{conjugate}",
        conjugate=conjugate, size=list(size),
    )
    axes = tuple(range(2, 2 + len(size)))
    case.leaf("input", (batch, channels[0], *size))
    case.leaf("alpha", channels[::-1])
    case.leaf("beta", channels[::-1])

    def function(input, alpha, beta):
        X, R = conjugated(torch.fft.fftn(input, dim=axes), torch.complex(alpha, beta), conjugate)
        return torch.fft.ifftn(torch.einsum("bi...,oi->bo...", X, R), dim=axes).real

    output, _ = case.finish(function)
    x, alpha, beta = (value.detach().numpy() for value in case.leaves.values())
    mixed = x
    if conjugate == "input":
        same(output, published_kk(x, alpha, beta), case.name)
        mixed = np.roll(np.flip(x, axes), 1, axes)
    same(output, np.einsum("bi...,oi->bo...", mixed, alpha), f"{case.name}: as a mix of channels")
    # Zero in exact arithmetic; what is left is rounding and would only mislead a relative error.
    same(case.leaves["beta"].grad.numpy(), np.zeros_like(beta), f"{case.name}: gradient of beta")
    case.store("grad.beta", np.zeros_like(beta))
    return case


def constant():
    cases = [constant_case(size, conjugate, (3, 2), batch=2)
             for size, conjugate in product(((7, 7), (4, 6)), CONJUGATES)]
    cases += [constant_case((5, 8), "input", (1, 4)), constant_case((13, 3), "input", (2, 1)),
              constant_case((1, 4), "input", (1, 1)), constant_case((5, 8), "none", (1, 4))]
    cases += [constant_case((n,), conjugate, (2, 3)) for n, conjugate in product((1, 8, 9), ("none", "input"))]
    cases += [constant_case((3, 4, 5), conjugate, (2, 2)) for conjugate in ("none", "input")]
    return cases + [constant_case(size, "input", (2, 3), make=Sampled) for size in SIZES]


def kernel_case(size, taps, conjugate="none", channels=(2, 3), batch=1):
    """A few taps as a circular convolution, or with the response conjugated a cross-correlation."""
    inn, out = channels
    case = Sampled(
        f"kernel{len(size)}d.b{batch}.{inn}-{out}.{text(size)}.k{text(taps)}.{conjugate}",
        conjugate=conjugate, size=list(size),
    )
    axes = tuple(range(2, 2 + len(size)))
    case.leaf("input", (batch, inn, *size))
    case.leaf("weight", (out, inn, *taps))

    def function(input, weight):
        X, R = torch.fft.rfftn(input, dim=axes), torch.fft.rfftn(weight, s=size, dim=axes)
        X, R = conjugated(X, R, conjugate)
        return torch.fft.irfftn(couple(X, R, "dense"), s=size, dim=axes)

    output, _ = case.finish(function)
    x, w = (value.detach().numpy() for value in case.leaves.values())
    expected = np.zeros(output.shape)
    for shift in np.ndindex(*taps):
        # Tap by tap: a convolution moves the signal on, a correlation back.
        moved = np.roll(x, [-t if conjugate == "response" else t for t in shift], axes)
        expected += np.einsum("bi...,oi->bo...", moved, w[(slice(None), slice(None), *shift)])
    same(output, expected, case.name)
    return case


def kernel():
    cases = [kernel_case(size, taps, conjugate)
             for size, taps in (((7, 7), (3, 3)), ((150, 150), (5, 4)))
             for conjugate in ("none", "response")]
    cases += [kernel_case((14, 14), (4, 3)), kernel_case((28, 28), (5, 5), "response"),
              kernel_case((13, 11), (2, 5), channels=(1, 1)), kernel_case((4, 6), (4, 6), batch=2),
              kernel_case((9,), (4,), "response"), kernel_case((3, 4, 5), (2, 3, 1), channels=(2, 2))]
    return cases
