"""Cases of large arrays: seeds on the way in, samples on the way out.

Inputs and cotangents are `noise` of the tests, restated here, and of outputs and their gradients
every `stride`-th element is kept.
"""

from itertools import count
from math import gcd

import numpy as np

from support import Case

# Arrays above this many elements are drawn by `noise` and sampled.
SMALL = 64


def noise(elements, seed):
    """SplitMix64 (Steele, Lea and Flood, 2014), its upper 24 bits as a float32 in [−1, 1)."""
    golden, wrap = 0x9E3779B97F4A7C15, 1 << 64
    start = (seed * golden % wrap) | 1
    with np.errstate(over="ignore"):
        z = np.uint64(start) + np.uint64(golden) * np.arange(1, elements + 1, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(40)).astype(np.float64) / (1 << 23) - 1).astype(np.float32)


class Sampled(Case):
    """A case whose larger arrays are seeds on the way in and samples on the way out."""

    def __init__(self, name, **parameters):
        super().__init__(name, **parameters)
        self.scale = 1.0
        self.parameters |= {"seeds": {}, "strides": {}}

    def draw(self, key, shape, is_complex=False):
        elements = int(np.prod(shape))
        if elements > SMALL:
            seeds = self.parameters["seeds"]
            seeds[key] = {"seed": 10 * len(seeds) + 1, "shape": list(shape)}
            parts = [noise(elements, seeds[key]["seed"] + i) for i in range(2 if is_complex else 1)]
        else:
            parts = [
                (self.scale * self.random.standard_normal(shape)).astype(np.float32)
                for _ in range(2 if is_complex else 1)
            ]
            for name, part in zip((f"{key}.re", f"{key}.im") if is_complex else (key,), parts):
                self.store(name, part, np.float32)
        parts = [part.astype(np.float64).reshape(shape) for part in parts]
        return parts[0] + 1j * parts[1] if is_complex else parts[0]

    def store(self, key, value, dtype=np.float64):
        value = np.asarray(value)
        if value.size > SMALL and not np.iscomplexobj(value):
            # Coprime to every length, so that the samples wander over every axis.
            stride = next(s for s in count(value.size // SMALL) if gcd(s, value.size) == 1)
            self.parameters["strides"][key] = {"stride": stride, "shape": list(value.shape)}
            value = value.reshape(-1)[::stride]
        super().store(key, value, dtype)

    def parameter(self, key, shape, scale):
        """A leaf of small values."""
        self.scale = scale
        leaf = self.leaf(key, shape)
        self.scale = 1.0
        return leaf
