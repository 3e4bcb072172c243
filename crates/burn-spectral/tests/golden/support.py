"""What all cases share: seeded draws, gradients, the comparison of results, and the file format."""

import json
import zlib
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save

FOLDER = Path(__file__).resolve().parent
TOLERANCE = 1e-12


class Case:
    """One case: its draws, its differentiable leaves and the tensors that go into the file."""

    def __init__(self, name, **parameters):
        self.name = name
        self.parameters = parameters
        self.tensors = {}
        self.leaves = {}
        # Seeded by name, so that a new case leaves all others as they are.
        self.random = np.random.default_rng(zlib.crc32(name.encode()))

    def store(self, key, value, dtype=np.float64):
        value = np.asarray(value)
        if np.iscomplexobj(value):
            self.store(f"{key}.re", value.real, dtype)
            self.store(f"{key}.im", value.imag, dtype)
        else:
            self.tensors[f"{self.name}/{key}"] = np.array(value, dtype, order="C")

    def draw(self, key, shape, is_complex=False):
        """Standard normal float32 values, stored, and returned in float64."""
        parts = [
            self.random.standard_normal(shape).astype(np.float32)
            for _ in range(2 if is_complex else 1)
        ]
        value = parts[0].astype(np.float64)
        if is_complex:
            value = value + 1j * parts[1].astype(np.float64)
        self.store(key, value, np.float32)
        return value

    def leaf(self, key, shape, is_complex=False):
        """As `draw`, as a tensor whose gradient is stored too."""
        value = torch.from_numpy(self.draw(key, shape, is_complex)).requires_grad_(True)
        self.leaves[key] = value
        return value

    def finish(self, function):
        """Stores function(**leaves), a cotangent and the gradient of their inner product."""
        output = function(**self.leaves)
        cotangent = torch.from_numpy(
            self.draw("cotangent", tuple(output.shape), output.is_complex())
        )
        inner(output, cotangent).backward()
        self.store("output", output.detach().numpy())
        for key, value in self.leaves.items():
            self.store(f"grad.{key}", value.grad.resolve_conj().numpy())
        self.check_directional_derivative(function, cotangent)
        return output.detach().numpy(), cotangent.numpy()

    def check_directional_derivative(self, function, cotangent):
        """Central differences along one random direction of all leaves at once.

        The maps are of degree three at most, where the central difference is off by step² times
        the third derivative and by the rounding of the loss over the step.
        """
        step = 1e-5
        with torch.no_grad():
            away = {key: torch.randn_like(value) for key, value in self.leaves.items()}

            def loss(s):
                return inner(function(**{k: v + s * away[k] for k, v in self.leaves.items()}), cotangent)

            measured = (loss(step) - loss(-step)) / (2 * step)
            stored = sum(inner(value.grad, away[key]) for key, value in self.leaves.items())
            magnitude = sum(value.grad.abs().square().sum() for value in self.leaves.values()).sqrt()
        assert abs(measured - stored) <= 1e-7 * (magnitude + 1), self.name


def inner(a, b):
    """Σ re·re + im·im, whose gradient in PyTorch is (∂/∂re) + i (∂/∂im)."""
    if a.is_complex():
        a, b = torch.view_as_real(a.resolve_conj()), torch.view_as_real(b)
    return (a * b).sum()


def same(a, b, what, tolerance=TOLERANCE):
    """Asserts that two arrays agree, relative to the larger of 1 and their largest magnitude."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape, f"{what}: {a.shape} against {b.shape}"
    scale = max(1.0, np.abs(b).max(initial=0.0))
    error = np.abs(a - b).max(initial=0.0) / scale
    assert error <= tolerance, f"{what}: off by {error:.2e}"


def write(file, cases):
    """One safetensors file: tensors named CASE/…, metadata CASE = its parameters as JSON."""
    names = [case.name for case in cases]
    assert len(set(names)) == len(names), f"{file}: a case name occurs twice"
    tensors = {key: value for case in cases for key, value in case.tensors.items()}
    metadata = {case.name: json.dumps(case.parameters, sort_keys=True) for case in cases}
    raw = save(tensors, metadata)
    # The library writes metadata in the order of a randomly seeded hash map; sorting the header
    # makes equal content equal bytes.
    length = int.from_bytes(raw[:8], "little")
    header = json.dumps(json.loads(raw[8 : 8 + length]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    path = FOLDER / file
    path.write_bytes(len(header).to_bytes(8, "little") + header + raw[8 + length :])
    read = load_file(path)
    assert read.keys() == tensors.keys()
    assert all(np.array_equal(read[key], tensors[key]) for key in tensors)
    print(f"{file}: {len(cases)} cases, {len(tensors)} tensors, {path.stat().st_size} bytes")


def text(size):
    return "x".join(map(str, size))


def staged_irfftn(value, size, axes, norm="backward"):
    """Complex inverse over all axes but the last, then a real inverse over the last.

    The real inverse reads the real part alone of bins 0 and n/2 (even n) of the last axis: so
    NumPy does with a spectrum that no real signal has.
    """
    if len(axes) > 1:
        value = torch.fft.ifftn(value, dim=axes[:-1], norm=norm)
    return torch.fft.irfft(value, n=size[-1], dim=axes[-1], norm=norm)


def half(size):
    return (*size[:-1], size[-1] // 2 + 1)
