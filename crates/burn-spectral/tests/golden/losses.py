"""Relative errors in L2 and H1, by the losses of the neuraloperator library."""

import math

import numpy as np
import torch

from support import Case, same, text


def spectral_slope(u, axis, length):
    """The derivative of the trigonometric interpolant; that of the highest frequency of an even grid is zero."""
    points = u.shape[axis]
    wave = 2 * math.pi * torch.fft.fftfreq(points, length / points, dtype=torch.float64)
    if points % 2 == 0:
        wave[points // 2] = 0
    shape = [1] * u.ndim
    shape[axis] = points
    return torch.fft.ifft(1j * wave.reshape(shape) * torch.fft.fft(u, dim=axis), dim=axis).real


def loss_case(kind, size, batch=2, channels=1, lengths=None):
    from neuralop.losses import H1Loss, LpLoss

    rank = len(size)
    tag = "" if lengths is None else ".l" + text(lengths)
    case = Case(
        f"{kind}.b{batch}.c{channels}.{text(size)}{tag}",
        kind=kind, **({} if lengths is None else {"lengths": list(lengths)}),
    )
    measure = [1.0] * rank if lengths is None else list(lengths)
    case.leaf("input", (batch, channels, *size))
    case.leaf("target", (batch, channels, *size))
    periodic = kind == "h1_periodic"
    flags = dict(periodic_in_x=periodic, periodic_in_y=periodic, periodic_in_z=periodic)
    h1 = H1Loss(d=rank, measure=measure, reduction="mean", **flags)
    axes = tuple(range(2, 2 + rank))

    def terms(input, target):
        if kind == "h1_spectral":
            return [
                [u, *(spectral_slope(u, axis, length) for axis, length in zip(axes, measure))]
                for u in (input, target)
            ]
        return [list(d.values()) for d in h1.compute_terms(input, target, h1.uniform_quadrature(input))]

    def function(input, target):
        if kind == "l2":
            return LpLoss(d=rank + 1, p=2, reduction="mean").rel(input, target).reshape(1)
        x, y = terms(input, target)
        error = sum(((a - b) ** 2).flatten(1).sum(1) for a, b in zip(x, y)).sqrt()
        scale = sum((b**2).flatten(1).sum(1) for b in y).sqrt()
        return (error / (scale + h1.eps)).mean().reshape(1)

    output, _ = case.finish(function)
    x, y = (value.detach() for value in case.leaves.values())
    if kind == "l2":
        d, t = ((v.numpy().reshape(batch, -1)) for v in (x - y, y))
        expected = np.mean(np.linalg.norm(d, axis=1) / (np.linalg.norm(t, axis=1) + 1e-8))
        same(output, [expected], case.name)
    elif kind != "h1_spectral" and channels == 1:
        same(output, h1(x, y).reshape(1).numpy(), f"{case.name}: as published")
    return case


def losses():
    cases = [loss_case("l2", (9,)), loss_case("l2", (5, 6), 3, 2), loss_case("l2", (2, 3, 4), 1)]
    for kind in ("h1_periodic", "h1_one_sided", "h1_spectral"):
        cases += [
            loss_case(kind, (8,), 3), loss_case(kind, (13,), 1, lengths=(2.5,)), loss_case(kind, (4,)),
            loss_case(kind, (6, 7)), loss_case(kind, (5, 8), 3, 2, (1.5, 0.5)), loss_case(kind, (4, 5, 6), 1),
            loss_case(kind, (7, 4, 5), 2, 2, (1.0, 2.0, 0.25)),
        ]
    cases += [loss_case(kind, size) for kind in ("h1_periodic", "h1_spectral") for size in ((1,), (2, 3))]
    return cases
