"""Writes the golden vectors that the tests of burn-spectral read; README.md says what they hold.

Inputs, parameters and cotangents are drawn in float32; outputs and gradients are computed from
these rounded numbers in float64. Every result has a second, independent source (NumPy, SciPy, a
dense matrix, a direct sum or finite differences), asserted before anything is written.
"""

import torch

from causal import kramers_kronig
from cemnet import cemnet
from convolution import fftconv
from layers import LAYERS
from long import long
from modes import modes
from norm import norm
from parametric import parametric, spectra
from responses import constant, free, kernel
from stacks import stacks
from support import write
from transforms import frequencies, transforms

if __name__ == "__main__":
    torch.set_num_threads(2)
    torch.manual_seed(0)
    for build in (transforms, frequencies, fftconv, free, modes, constant, kernel, kramers_kronig, parametric, spectra, *LAYERS, stacks, long, norm):
    for build in (transforms, frequencies, fftconv, free, modes, constant, kernel, kramers_kronig, parametric, spectra, *LAYERS, stacks, long, cemnet):
        write(f"{build.__name__}.safetensors", build())
