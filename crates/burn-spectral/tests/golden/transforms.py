"""Transforms over one to three axes, sample frequencies and shifts."""

from itertools import product

import numpy as np
import torch

from sampled import Sampled
from support import Case, half, same, staged_irfftn, text


def numpy_transform(kind, value, size, axes, norm):
    if kind in ("fft", "ifft"):
        return getattr(np.fft, kind + "n")(value, axes=axes, norm=norm)
    if kind == "rfft":
        return np.fft.rfftn(value, axes=axes, norm=norm)
    return np.fft.irfftn(value, s=size, axes=axes, norm=norm)


def torch_transform(kind, value, size, axes, norm):
    if kind in ("fft", "ifft"):
        return getattr(torch.fft, kind + "n")(value, dim=axes, norm=norm)
    if kind == "rfft":
        return torch.fft.rfftn(value, dim=axes, norm=norm)
    return staged_irfftn(value, size, axes, norm)


def numpy_gradient(kind, shape, size, axes, norm, cotangent):
    """Aᵀ·cotangent with the dense real matrix A of the transform, column by column from NumPy."""
    count = int(np.prod(shape))
    directions = (1.0,) if kind == "rfft" else (1.0, 1.0j)
    gradient = []
    for unit in directions:
        basis = unit * np.eye(count).reshape(count, *shape)
        columns = numpy_transform(kind, basis, size, tuple(a + 1 for a in axes), norm)
        inner_products = columns.reshape(count, -1).conj() @ cotangent.reshape(-1)
        gradient.append(inner_products.real.reshape(shape))
    return gradient[0] if len(gradient) == 1 else gradient[0] + 1j * gradient[1]


def adjoint(kind, size, axes, cotangent):
    """The same by other transforms, for sizes whose matrix is too large; without norm."""
    count = np.prod(size)
    if kind == "fft":
        return count * np.fft.ifftn(cotangent, axes=axes)
    if kind == "ifft":
        return np.fft.fftn(cotangent, axes=axes) / count
    if kind == "rfft":
        missing = [(0, 0)] * cotangent.ndim
        missing[axes[-1]] = (0, size[-1] - cotangent.shape[axes[-1]])
        return count * np.fft.ifftn(np.pad(cotangent, missing), axes=axes).real
    weight = np.full(half(size)[-1], 2.0)
    weight[0] = 1.0
    if size[-1] % 2 == 0:
        weight[-1] = 1.0
    return np.fft.rfftn(cotangent, axes=axes) * weight / count


def transform_case(kind, shape, axes, norm, make=Case):
    """`shape` is that of the real signal (or of the complex one); `axes` the transformed ones."""
    size = tuple(shape[a] for a in axes)
    suffix = {1: "", 2: "2", 3: "n"}[len(axes)]
    place = "" if axes[-1] == len(shape) - 1 else f".axis{axes[-1]}"
    case = make(
        f"{kind}{suffix}.{text(size)}{place}.{norm}",
        kind=kind, axes=list(axes), size=list(size), norm=norm,
    )
    given = list(shape)
    if kind == "irfft":
        given[axes[-1]] = shape[axes[-1]] // 2 + 1
    case.leaf("input", tuple(given), kind != "rfft")
    output, cotangent = case.finish(lambda input: torch_transform(kind, input, size, axes, norm))
    given_value = case.leaves["input"].detach().numpy()
    same(output, numpy_transform(kind, given_value, size, axes, norm), case.name)
    gradient = case.leaves["input"].grad.numpy()
    if make is Sampled:
        expected = adjoint(kind, size, axes, cotangent)
    else:
        expected = numpy_gradient(kind, tuple(given), size, axes, norm, cotangent)
    same(gradient, expected, case.name)
    if kind == "irfft":
        whole = torch.fft.irfftn(case.leaves["input"].detach(), s=size, dim=axes, norm=norm)
        same(whole.numpy(), output, f"{case.name}: torch.fft.irfftn against its stages")
    return case


def transforms():
    kinds = ("fft", "ifft", "rfft", "irfft")
    norms = ("backward", "ortho", "forward")
    cases = []
    for kind in kinds:
        for n in (1, 2, 5, 7, 8, 12, 13, 28):
            for norm in norms if n in (5, 8) else norms[:1]:
                cases.append(transform_case(kind, (3, n), (1,), norm))
        for n, norm in zip((5, 8, 13), norms):
            cases.append(transform_case(kind, (2, n, 3), (1,), norm))
        for size in ((4, 6), (5, 7), (7, 8), (6, 5), (1, 4), (13, 3)):
            for norm in norms if size in ((5, 7), (7, 8)) else norms[:1]:
                cases.append(transform_case(kind, (2, *size), (1, 2), norm))
        for size, norm in (((3, 4, 5), "backward"), ((2, 3, 6), "ortho"), ((2, 3, 6), "forward")):
            cases.append(transform_case(kind, (2, *size), (1, 2, 3), norm))
    for kind, n in product(kinds, (7, 14, 28, 150)):
        cases.append(transform_case(kind, (1, n, n), (1, 2), "backward", Sampled))
    return cases


def frequencies():
    cases = []
    for kind, n, spacing in product(("fftfreq", "rfftfreq"), (1, 2, 5, 7, 8, 13), (1.0, 0.25)):
        case = Case(f"{kind}.{n}.d{spacing}", kind=kind, n=n, d=spacing)
        values = getattr(np.fft, kind)(n, spacing)
        same(getattr(torch.fft, kind)(n, spacing, dtype=torch.float64), values, case.name)
        case.store("output", values)
        cases.append(case)
    shapes = (((1,), (0,)), ((7,), (0,)), ((8,), (0,)), ((4, 5), (0, 1)), ((4, 5), (0,)), ((4, 5), (1,)),
              ((3, 4, 5), (0, 1, 2)))
    for kind, (shape, axes) in product(("fftshift", "ifftshift"), shapes):
        case = Case(f"{kind}.{text(shape)}.axes{text(axes)}", kind=kind, axes=list(axes))
        case.leaf("input", shape)
        output, _ = case.finish(lambda input: getattr(torch.fft, kind)(input, dim=axes))
        same(output, getattr(np.fft, kind)(case.leaves["input"].detach().numpy(), axes), case.name)
        cases.append(case)
    return cases
