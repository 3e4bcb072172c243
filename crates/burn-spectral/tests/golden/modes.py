"""Spectral convolutions with free weights on the lowest modes (Li et al., 2021)."""

import numpy as np
import torch

from responses import conjugated, couple, free_gradients
from support import Case, half, same, staged_irfftn, text


def kept(n, positive, negative):
    """Indices of the kept bins of an axis of n bins, in the order of the weights."""
    return [*range(positive), *range(n - negative, n)]


def spread(R, size, corners):
    """Weights on the kept bins as a response on all of them."""
    bins = half(size)
    full = torch.zeros(*R.shape[: R.ndim - len(size)], *bins, dtype=R.dtype)
    index = np.ix_(*(kept(n, *corner) for n, corner in zip(bins, corners)))
    full[(..., *(torch.from_numpy(i) for i in index))] = R
    return full


def published(x, R, modes, size):
    """The authors' layer in two dimensions: two weights, [in, out, m1, m2], for two corners."""
    m1, m2 = modes
    first, second = R[:, :, :m1].transpose(0, 1), R[:, :, m1:].transpose(0, 1)
    X = torch.fft.rfft2(x)
    out = torch.zeros(x.shape[0], R.shape[0], *half(size), dtype=torch.cdouble)
    out[:, :, :m1, :m2] = torch.einsum("bixy,ioxy->boxy", X[:, :, :m1, :m2], first)
    out[:, :, -m1:, :m2] = torch.einsum("bixy,ioxy->boxy", X[:, :, -m1:, :m2], second)
    return torch.fft.irfft2(out, s=size)


def modes_case(size, corners, coupling="dense", conjugate="none", channels=(2, 3), batch=2, groups=1):
    inn, out = channels
    counted = text([sum(corner) for corner in corners])
    case = Case(
        f"modes{len(size)}d.b{batch}.{inn}-{out}.{text(size)}.k{counted}.{coupling}.{conjugate}",
        coupling=coupling, conjugate=conjugate, size=list(size), groups=groups,
        positive=[p for p, _ in corners], negative=[n for _, n in corners],
    )
    leading = {"dense": (out, inn), "depthwise": (out, 1), "grouped": (out, inn // groups), "shared": (out, 1)}
    axes = tuple(range(2, 2 + len(size)))
    case.leaf("input", (batch, inn, *size))
    case.leaf("response", (*leading[coupling], *(p + n for p, n in corners)), is_complex=True)
    squeezed = coupling in ("depthwise", "shared")

    def whole(response):
        full = spread(response, size, corners)
        return full.squeeze(1) if squeezed else full

    def function(input, response):
        X, R = conjugated(torch.fft.rfftn(input, dim=axes), whole(response), conjugate)
        return staged_irfftn(couple(X, R, coupling), size, axes)

    output, cotangent = case.finish(function)
    x, R = (value.detach() for value in case.leaves.values())
    if coupling == "dense" and conjugate == "none" and len(size) == 2 and corners[0][0] == corners[0][1]:
        modes = (corners[0][0], corners[1][0])
        same(output, published(x, R, modes, size).numpy(), f"{case.name}: as published")
    full = whole(R)
    X, B = conjugated(torch.from_numpy(np.fft.rfftn(x.numpy(), axes=axes)), full, conjugate)
    expected = np.fft.irfftn(couple(X, B, coupling).resolve_conj().numpy(), s=size, axes=axes)
    same(output, expected, case.name)
    gx, gR = free_gradients(x.numpy(), full.numpy(), cotangent, size, coupling, conjugate)
    if squeezed:
        gR = np.expand_dims(gR, 1)
    index = np.ix_(*(kept(n, *corner) for n, corner in zip(half(size), corners)))
    for leaf, expected in zip(case.leaves.values(), (gx, gR[(..., *index)])):
        same(leaf.grad.resolve_conj().numpy(), expected, f"{case.name}: gradient")
    return case


def modes():
    two = ((3, 3), (4, 0))
    return [
        modes_case((8, 9), two), modes_case((8, 9), two, conjugate="response"),
        modes_case((8, 9), two, conjugate="input"),
        modes_case((7, 8), two, "depthwise", channels=(3, 3)),
        modes_case((11, 13), two, "grouped", channels=(4, 6), groups=2),
        modes_case((10, 6), two, "shared", channels=(3, 2)),
        # All rows, one more positive than negative, and the last bin of an even axis.
        modes_case((6, 6), ((3, 3), (4, 0))), modes_case((9, 10), ((4, 3), (6, 0))),
        modes_case((1, 5), ((1, 0), (2, 0)), channels=(1, 1), batch=1),
        modes_case((12,), ((5, 0),)), modes_case((13,), ((7, 0),), conjugate="input"), modes_case((8,), ((5, 0),), channels=(1, 1)),
        modes_case((5, 6, 7), ((2, 2), (2, 1), (3, 0))), modes_case((4, 5, 4), ((2, 2), (1, 1), (3, 0)), "depthwise", "response", (2, 2)),
    ]
