"""Convolutions with every setting that a drop-in FFT convolution has to honour."""

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view

from sampled import Sampled
from support import Case, same, text


def direct_convolution(x, weight, bias, stride, padding, dilation, groups):
    """Cross-correlation as a plain sum over windows."""
    rank = x.ndim - 2
    x = np.pad(x, [(0, 0), (0, 0)] + [(p, p) for p in padding])
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:])]
    windows = sliding_window_view(x, reach, axis=tuple(range(2, 2 + rank)))
    windows = windows[(slice(None),) * 2 + tuple(slice(None, None, s) for s in stride)
                      + tuple(slice(None, None, d) for d in dilation)]
    places, taps = "pqr"[:rank], "uvw"[:rank]
    outputs = [
        np.einsum(f"bi{places}{taps},oi{taps}->bo{places}", part, kernel)
        for part, kernel in zip(np.split(windows, groups, 1), np.split(weight, groups, 0))
    ]
    output = np.concatenate(outputs, 1)
    return output if bias is None else output + bias.reshape(-1, *[1] * rank)


def convolution_case(size, kernel, channels=(2, 3), batch=1, stride=1, padding=0, dilation=1, groups=1, bias=True, kind=Case):
    rank = len(size)
    stride, padding, dilation = (
        (v,) * rank if isinstance(v, int) else v for v in (stride, padding, dilation)
    )
    name = (
        f"conv{rank}d.b{batch}.{channels[0]}-{channels[1]}.{text(size)}.k{text(kernel)}.s{text(stride)}"
        f".p{text(padding)}.d{text(dilation)}.g{groups}.{'bias' if bias else 'nobias'}"
    )
    settings = dict(stride=stride, padding=padding, dilation=dilation, groups=groups)
    case = kind(name, bias=bias, groups=groups, **{k: list(v) for k, v in settings.items() if k != "groups"})
    case.leaf("input", (batch, channels[0], *size))
    case.leaf("weight", (channels[1], channels[0] // groups, *kernel))
    if bias:
        case.leaf("bias", (channels[1],))
    convolve = getattr(torch.nn.functional, f"conv{rank}d")

    def function(input, weight, bias=None):
        return convolve(input, weight, bias, **settings)

    output, _ = case.finish(function)
    values = {key: value.detach().numpy() for key, value in case.leaves.items()}
    expected = direct_convolution(values["input"], values["weight"], values.get("bias"), **settings)
    same(output, expected, name)
    return case


def fftconv():
    make = convolution_case
    return [
        make((5,), (1,)), make((7,), (3,), padding=1), make((8,), (4,), batch=2, padding=2),
        make((13,), (5,), padding=2, stride=2), make((12,), (3,), padding=2, dilation=2, bias=False),
        make((11,), (2,), (4, 4), groups=2, stride=3), make((9,), (3,), (3, 6), groups=3, padding=1),
        make((5, 5), (1, 1), batch=2), make((7, 7), (3, 3), padding=1),
        make((8, 8), (3, 3), batch=2, padding=1, bias=False), make((6, 9), (2, 2)),
        make((7, 10), (4, 4), padding=2), make((5, 7), (5, 5), padding=2, batch=2),
        make((5, 5), (5, 5)), make((6, 5), (2, 5), padding=(1, 2)), make((11, 7), (3, 1), padding=(1, 0)),
        make((13, 13), (3, 3), (1, 2), padding=1, stride=2), make((13, 12), (5, 5), (1, 2), padding=2, stride=3),
        make((8, 7), (3, 3), (1, 2), padding=1, stride=(1, 2)),
        make((9, 11), (3, 3), (1, 2), dilation=2), make((10, 9), (3, 2), (1, 2), padding=2, dilation=(1, 2)),
        make((13, 11), (3, 3), (1, 2), batch=2, padding=2, stride=2, dilation=2),
        make((12, 13), (4, 3), (1, 2), padding=1, stride=3, dilation=2, bias=False),
        make((7, 8), (3, 3), (4, 4), padding=1, groups=2), make((6, 5), (2, 2), (4, 2), groups=2, batch=2),
        make((7, 7), (3, 3), (3, 3), padding=1, groups=3), make((8, 5), (3, 3), (2, 4), padding=1, groups=2),
        make((7, 9), (5, 5), (3, 6), padding=2, stride=2, groups=3, batch=2, bias=False),
        make((9, 8), (3, 4), (2, 2), padding=1, dilation=2, groups=2),
        make((5, 6, 7), (3, 3, 3), (1, 2), padding=1), make((5, 5, 5), (2, 3, 1), (2, 2), batch=2, bias=False),
        make((6, 5, 7), (3, 2, 3), (1, 2), padding=1, stride=2, dilation=(1, 2, 1)),
        make((5, 6, 5), (3, 3, 3), (2, 4), padding=1, groups=2), make((6, 5, 5), (1, 2, 3), (4, 4), groups=2),
        make((14, 14), (5, 4), padding=2, kind=Sampled), make((28, 28), (3, 3), (1, 1), padding=1, kind=Sampled),
        make((150, 150), (7, 7), padding=3, stride=2, kind=Sampled),
    ]
