"""Writes the files beside this script, which test that arrays written by NumPy are read.

The value at position i in C order is i / 8 - 1, exact in every floating-point type here. Integers are i.

    python make.py
"""

from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def ramp(*shape, dtype=np.float32, order="C"):
    values = np.arange(np.prod(shape)).reshape(shape)
    if np.dtype(dtype).kind == "f":
        values = values / 8 - 1
    return np.asarray(values.astype(dtype), order=order)


def cut(name, kept):
    """A copy of a file without its end."""
    path = HERE / name
    data = path.read_bytes()
    (HERE / f"cut-{name}").write_bytes(data[: int(len(data) * kept)])


np.savez(
    HERE / "pairs.npz",
    x=ramp(3, 2, 4, dtype=np.float64),
    y=ramp(3, 1, 4),
    x_test=ramp(2, 2, 8, dtype=np.float16),
    y_test=ramp(2, 8, dtype=np.uint8),
    grid=np.linspace(0, 1, 4),
)
np.savez_compressed(
    HERE / "fortran.npz",
    x=ramp(3, 2, 4, 5, order="F"),
    y=ramp(3, 1, 4, 5, dtype=np.float16, order="F"),
)
np.savez_compressed(HERE / "big-endian.npz", u=ramp(4, 3, 1, 6, dtype=">f8"), u_test=ramp(2, 3, 1, 6, dtype=">i2"))
np.save(HERE / "half.npy", ramp(4, 3, 1, 6, dtype=np.float16))
ragged = np.empty(2, dtype=object)
ragged[:] = [np.zeros(3), np.zeros(4)]
np.savez(HERE / "object.npz", x=ragged, y=ragged)
np.savez(HERE / "complex.npz", x=ramp(2, 4) + 0j, y=ramp(2, 4))
np.savez(HERE / "bare.npz", a=ramp(2, 4), b=ramp(2, 4))
np.savez(HERE / "unpaired.npz", x=ramp(2, 4), u=ramp(2, 3, 4))
gap = ramp(2, 3, 4)
gap[1, 2, 0] = np.nan
np.savez(HERE / "gap.npz", u=gap)
cut("half.npy", 0.9)
cut("pairs.npz", 0.6)
