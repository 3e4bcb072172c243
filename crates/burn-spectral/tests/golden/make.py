"""Writes the golden vectors that the tests of burn-spectral read; README.md says what they hold.

Inputs, parameters and cotangents are drawn in float32; outputs and gradients are computed from
these rounded numbers in float64. Every result has a second, independent source (NumPy, SciPy, a
dense matrix, a direct sum or finite differences), asserted before anything is written.
"""

import sys

import torch

from causal import kramers_kronig
from cemnet import cemnet
from convolution import fftconv
from factorized import factorized
from layers import LAYERS
from long import long
from losses import losses
from low_rank import low_rank
from modes import modes
from norm import norm
from operator_networks import fno, uno
from operators import operator_blocks
from parametric import parametric, spectra
from responses import constant, free, kernel
from stacks import stacks
from support import write
from transforms import frequencies, transforms

BUILDS = (
    transforms, frequencies, fftconv, free, modes, constant, kernel, kramers_kronig, parametric, spectra, *LAYERS, stacks,
    long, norm, cemnet, losses, low_rank, factorized, operator_blocks, fno, uno,
)

if __name__ == "__main__":
    torch.set_num_threads(2)
    torch.manual_seed(0)
    names = sys.argv[1:]
    known = [build.__name__ for build in BUILDS]
    if unknown := set(names) - set(known):
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    for build in BUILDS:
        if not names or build.__name__ in names:
            write(f"{build.__name__}.safetensors", build())
