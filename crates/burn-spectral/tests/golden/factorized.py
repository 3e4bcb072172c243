"""The factorized Fourier neural operator, whose spectral convolutions run along one axis at a time."""

import numpy as np
import torch

from support import Case, half, same, text


def along_axes(x, weights, library=torch):
    """Σ over the axes of irfft(R·rfft(x)), channels second; R is [out, in, modes]."""
    rank = x.ndim - 2
    letters = "uvw"[:rank]
    total = 0
    for a, R in enumerate(weights):
        n, modes = x.shape[a + 2], R.shape[2]
        X = library.fft.rfft(x, axis=a + 2)
        X = X[(slice(None),) * (a + 2) + (slice(0, modes),)]
        k = letters[a]
        Y = library.einsum(f"bi{letters},oi{k}->bo{letters}", X, R)
        # A shorter spectrum is padded with zeros; of its own conjugates the real part is read.
        total = total + library.fft.irfft(Y, n, axis=a + 2)
    return total


def axis_case(size, modes, channels=(2, 3), batch=2):
    case = Case(f"axes{len(size)}d.b{batch}.{channels[0]}-{channels[1]}.{text(size)}.k{text(modes)}", kind="axes")
    case.leaf("input", (batch, channels[0], *size))
    for a, count in enumerate(modes):
        case.leaf(f"axis{a}", (channels[1], channels[0], count), is_complex=True)

    def function(input, **weights):
        return along_axes(input, list(weights.values()))

    output, _ = case.finish(function)
    values = [value.detach().numpy() for value in case.leaves.values()]
    same(output, along_axes(values[0], values[1:], np), case.name)
    return case


def pointwise(x, weight, bias):
    return torch.einsum("bi...,oi->bo...", x, weight) + bias.reshape(-1, *[1] * (x.ndim - 2))


def network_case(size, modes, channels=(1, 2), hidden=3, layers=2, factor=4, shared=False, batch=2):
    rank = len(size)
    kind = "shared" if shared else "own"
    case = Case(
        f"ffno{rank}d.b{batch}.{channels[0]}-{channels[1]}.{text(size)}.k{text(modes)}.h{hidden}.f{factor}.{kind}",
        kind="network", hidden=hidden, layers=layers, factor=factor, shared=shared, modes=list(modes),
    )
    case.leaf("input", (batch, channels[0], *size))
    for name, (inn, out) in {"lifting": (channels[0], hidden), "projection": (hidden, channels[1])}.items():
        case.leaf(f"{name}.weight", (out, inn))
        case.leaf(f"{name}.bias", (out,))
    for layer in range(1 if shared else layers):
        for a, count in enumerate(modes):
            case.leaf(f"filter{layer}.axis{a}", (hidden, hidden, count), is_complex=True)
    for layer in range(layers):
        case.leaf(f"first{layer}.weight", (hidden, factor * hidden))
        case.leaf(f"first{layer}.bias", (factor * hidden,))
        case.leaf(f"second{layer}.weight", (factor * hidden, hidden))
        case.leaf(f"second{layer}.bias", (hidden,))

    def function(**p):
        x = pointwise(p["input"], p["lifting.weight"], p["lifting.bias"])
        for layer in range(layers):
            own = 0 if shared else layer
            y = along_axes(x, [p[f"filter{own}.axis{a}"] for a in range(rank)])
            y = pointwise(y, p[f"first{layer}.weight"].T, p[f"first{layer}.bias"]).relu()
            x = x + pointwise(y, p[f"second{layer}.weight"].T, p[f"second{layer}.bias"])
        return pointwise(x, p["projection.weight"], p["projection.bias"])

    case.finish(function)
    return case


def factorized():
    return [
        axis_case((12,), (5,)), axis_case((13,), (7,), batch=1), axis_case((8, 9), (3, 5)),
        axis_case((7, 10), (4, 6), (3, 1), 1), axis_case((5, 6, 7), (2, 4, 3)), axis_case((4, 3, 2), (3, 1, 2), (1, 2)),
        network_case((11,), (4,)), network_case((6, 7), (3, 2), shared=True), network_case((4, 3, 5), (2, 2, 3), factor=2, batch=1),
    ]
