"""Causal convolutions with long kernels."""

import torch
from scipy.signal import lfilter

from support import Case, same


def long_case(batch, channels, length, taps, skip=False):
    case = Case(f"long.b{batch}.{channels}.{length}.k{taps}{'.skip' if skip else ''}", skip=skip)
    case.leaf("input", (batch, channels, length))
    case.leaf("kernel", (channels, taps))
    if skip:
        case.leaf("skip", (channels,))

    def function(input, kernel, skip=None):
        # As it is usually written: both padded to twice the length.
        n = 2 * max(length, taps)
        spectrum = torch.fft.rfft(input, n=n) * torch.fft.rfft(kernel, n=n)
        y = torch.fft.irfft(spectrum, n=n)[..., :length]
        return y if skip is None else y + input * skip[:, None]

    output, _ = case.finish(function)
    values = {key: value.detach().numpy() for key, value in case.leaves.items()}
    for b in range(batch):
        for c in range(channels):
            signal = values["input"][b, c]
            expected = lfilter(values["kernel"][c], [1.0], signal)
            if skip:
                expected = expected + values["skip"][c] * signal
            same(output[b, c], expected, case.name)
    return case


def long():
    make = long_case
    return [
        make(1, 1, 1, 1), make(1, 2, 2, 2), make(2, 1, 3, 3, True), make(2, 3, 7, 7), make(1, 2, 7, 3),
        make(2, 2, 31, 31, True), make(1, 3, 31, 40), make(3, 2, 64, 50), make(1, 17, 100, 100, True),
        make(2, 5, 127, 127), make(1, 2, 300, 60), make(1, 1, 257, 257),
    ]
