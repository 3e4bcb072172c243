"""Times two-dimensional real transforms and their round trip in PyTorch (float32)."""

import torch
from torch.fft import irfft2, rfft2

from timing import run, time_module

SHAPES = {
    "64x16_28": (64, 16, 28, 28),
    "64x32_32": (64, 32, 32, 32),
    "16x8_150": (16, 8, 150, 150),
    "16x8_256": (16, 8, 256, 256),
}


class Inverse(torch.nn.Module):
    """irfft2 of a spectrum held as pairs, so that the gradient is that of real and imaginary parts."""

    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, pairs):
        return irfft2(torch.view_as_complex(pairs), s=self.size)


def round_trip(x):
    return irfft2(rfft2(x), s=x.shape[-2:])


def half_spectrum(shape):
    return (*shape[:-1], shape[-1] // 2 + 1, 2)


CASES = {}
for label, shape in SHAPES.items():
    CASES[f"rfft2_{label}"] = (rfft2, shape)
    CASES[f"irfft2_{label}"] = (Inverse(shape[-2:]), half_spectrum(shape))
    CASES[f"rfft2_irfft2_{label}"] = (round_trip, shape)

if __name__ == "__main__":
    run(__doc__, CASES, lambda case, budget: time_module(*case, budget))
