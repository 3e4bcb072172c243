"""Responses whose imaginary part follows from the learned real part by the Kramers-Kronig relations."""

from itertools import product

import numpy as np
import scipy.signal
import torch

from responses import SIZES, couple
from sampled import Sampled
from support import Case, half, same, staged_irfftn, text


def causal_window(n):
    """1 at 0 and at n/2 (even n), 2 between, 0 on the negative half."""
    window = np.zeros(n)
    window[1 : (n + 1) // 2] = 2.0
    window[0] = 1.0
    if n % 2 == 0:
        window[n // 2] = 1.0
    return window


def check_kramers_kronig(name, P, h, H, size, axis):
    """Causality along the axis, and both relations by SciPy's discrete Hilbert transform."""
    rank = len(size)
    axes, along = tuple(range(2, 2 + rank)), axis + 2
    n = size[axis]

    def line(values):
        return values.reshape([-1 if a == along else 1 for a in range(h.ndim)])

    def hilbert(values):
        return scipy.signal.hilbert(values, axis=along).imag

    negative = line(np.arange(n)) * np.ones(h.shape) > n / 2
    same(h[negative], np.zeros(negative.sum()), f"{name}: causal")
    whole = np.fft.fftn(h, axes=axes)
    same(H, whole[..., : half(size)[-1]], f"{name}: half-spectrum")
    even = np.fft.fftn(np.fft.irfftn(P, s=size, axes=axes), axes=axes)
    same(even.imag, np.zeros(even.shape), f"{name}: an even response is real")
    same(whole.real, even.real, f"{name}: Re H is the learned even part")
    if rank == 1:
        same(H.real, P, f"{name}: Re H is the learned real part")
    same(whole.imag, -hilbert(whole.real), f"{name}: Im H = -Hilbert(Re H)")
    # What the odd part of h cannot know: its lines at 0 and n/2, transformed over the other axes.
    other = tuple(a for a in axes if a != along)
    edges = np.fft.fftn(h, axes=other) if other else h.astype(complex)
    rest = np.take(edges, [0], along).real * np.ones(h.shape)
    if n % 2 == 0 and n > 1:
        rest = rest + np.take(edges, [n // 2], along).real * line((-1.0) ** np.arange(n))
    same(whole.real, hilbert(whole.imag) + rest, f"{name}: Re H = Hilbert(Im H) + edges")


def kramers_kronig_case(size, axis=0, channels=(2, 2), batch=1, make=Case):
    place = f".axis{axis}" if len(size) > 1 else ""
    case = make(
        f"kk{len(size)}d.b{batch}.{channels[0]}-{channels[1]}.{text(size)}{place}",
        size=list(size), axis=axis,
    )
    axes = tuple(range(2, 2 + len(size)))
    window = torch.from_numpy(causal_window(size[axis]).reshape([-1 if a == axis else 1 for a in range(len(size))]))
    case.leaf("input", (batch, channels[0], *size))
    case.leaf("real_part", (channels[1], channels[0], *half(size)))

    def impulse_response(real_part):
        return window * staged_irfftn(torch.complex(real_part, torch.zeros_like(real_part)), size, axes)

    def function(input, real_part):
        H = torch.fft.rfftn(impulse_response(real_part), dim=axes)
        return staged_irfftn(couple(torch.fft.rfftn(input, dim=axes), H, "dense"), size, axes)

    output, _ = case.finish(function)
    x, P = (value.detach().numpy() for value in case.leaves.values())
    h = impulse_response(torch.from_numpy(P)).numpy()
    H = np.fft.rfftn(h, axes=axes)
    case.store("impulse_response", h)
    case.store("response", H)
    check_kramers_kronig(case.name, P, h, H, size, axis)
    # The output as a circular convolution, tap by tap.
    expected = np.zeros(output.shape)
    for shift in np.ndindex(*size):
        taps = h[(slice(None), slice(None), *shift)]
        expected += np.einsum("bi...,oi->bo...", np.roll(x, shift, axes), taps)
    same(output, expected, f"{case.name}: as a circular convolution")
    return case


def kramers_kronig():
    cases = [kramers_kronig_case((n,), batch=2) for n in (1, 2, 7, 8, 13)]
    cases += [kramers_kronig_case(size, axis) for size, axis in product(((7, 7), (4, 6), (5, 8), (8, 5)), (0, 1))]
    cases += [kramers_kronig_case((4, 6), axis, (1, 3), batch=3) for axis in (0, 1)]
    cases += [kramers_kronig_case(size, axis, make=Sampled) for size, axis in zip(SIZES, (0, 1, 1, 0))]
    return cases
