"""Blocks of neural operators and whole networks.

The reference is a direct sum over modes and samples in float64, without an FFT, by the definition of the block. Where
neuraloperator defines the same map, its own modules with the same weights are asserted to agree, to the precision of
the complex64 arithmetic that it uses throughout. It does not define the same map

- on odd sizes of any axis but the last, where its version 2.0 shifts the spectrum back by `fftshift` instead of
  `ifftshift` and so by one frequency (later versions are right);
- where a block changes the resolution: `irfftn(…, s=…)` pads or cuts spectra at the end of each axis, which moves the
  negative frequencies of all axes but the last, and skips are interpolated by (bi)linear and bicubic polynomials. Here
  every mode keeps its frequency, and skips are interpolated by Fourier series (`scipy.signal.resample`).
"""

import itertools
import math

import numpy as np
import scipy.signal
import torch
from torch.nn import functional as F

from modes import kept
from support import Case, half, inner, same, staged_irfftn, text

LETTERS = "xyz"


def phases(indices, n, sign):
    """exp(±2πi·k·j/n) for the given bins k and all samples j."""
    k = torch.tensor(indices, dtype=torch.float64)[:, None]
    j = torch.arange(n, dtype=torch.float64)[None]
    return torch.exp(sign * 2j * math.pi * k * j / n)


def spectral(x, R, corners, sizes=None):
    """A spectral convolution on the kept modes by direct sums, with its output on a grid of any size.

    A bin of negative frequency counts from the end of its own grid, so that its frequency stays what it is.
    """
    size = x.shape[2:]
    sizes = size if sizes is None else sizes
    axes = LETTERS[: len(size)]
    X = x.to(torch.cdouble)
    for a, (n, corner) in enumerate(zip(size, corners)):
        frequencies = [*range(corner[0]), *range(-corner[1], 0)]
        X = torch.einsum(f"bc{axes},k{axes[a]}->bc{axes.replace(axes[a], 'k')}", X, phases(frequencies, n, -1))
    bins = "klm"[: len(size)]
    X = X / math.prod(size)
    Y = torch.einsum(f"bi{bins},oi{bins}->bo{bins}", X, R)
    # A bin of the half-spectrum stands for itself and its conjugate, but for the first and the last of an even axis.
    last = sizes[-1]
    weight = torch.tensor([1.0 if k == 0 or 2 * k == last else 2.0 for k in range(corners[-1][0])])
    Y = Y * weight
    for a, (n, corner) in enumerate(zip(sizes, corners)):
        frequencies = [*range(corner[0]), *range(-corner[1], 0)]
        Y = torch.einsum(f"bc{axes},{axes[a]}j->bc{axes.replace(axes[a], 'j')}", Y, phases(frequencies, n, 1))
    return Y.real


def by_fft(x, R, corners, sizes):
    """The same through NumPy's transforms of the two grids."""
    size = x.shape[2:]
    axes = tuple(range(2, 2 + len(size)))
    X = np.fft.rfftn(x, axes=axes) / math.prod(size)
    X = X[(..., *np.ix_(*(kept(n, *corner) for n, corner in zip(half(size), corners))))]
    bins = "klm"[: len(size)]
    Y = np.einsum(f"bi{bins},oi{bins}->bo{bins}", X, R)
    full = np.zeros((*Y.shape[:2], *half(sizes)), complex)
    full[(..., *np.ix_(*(kept(n, *corner) for n, corner in zip(half(sizes), corners))))] = Y
    return np.fft.irfftn(full, s=sizes, axes=axes) * math.prod(sizes)


def resample(x, sizes):
    """Fourier interpolation along each axis: the matrix that SciPy's resampling is."""
    for a, m in enumerate(sizes):
        n = x.shape[2 + a]
        if m != n:
            matrix = torch.from_numpy(scipy.signal.resample(np.eye(n), m, axis=0))
            x = torch.movedim(torch.movedim(x, 2 + a, -1) @ matrix.T, -1, 2 + a)
    return x


def pointwise(x, weight, bias=None):
    y = torch.einsum("bi...,oi->bo...", x, weight)
    return y if bias is None else y + along(bias, y)


def along(values, x):
    return values.reshape(1, -1, *[1] * (x.ndim - 2))


def local(x, weight, points, boundary):
    """The kernel less its mean, over the spacing, as a sum of shifted inputs."""
    axes = x.ndim - 2
    taps = tuple(range(2, 2 + axes))
    weight = (weight - weight.mean(dim=taps, keepdim=True)) * (x.shape[-1] / points)
    if boundary == "zeros":
        padded = F.pad(x, [1, 1] * axes)
    y = 0
    for offsets in itertools.product(range(3), repeat=axes):
        if boundary == "zeros":
            index = (..., *(slice(o, o + n) for o, n in zip(offsets, x.shape[2:])))
            shifted = padded[index]
        else:
            shifted = torch.roll(x, tuple(1 - o for o in offsets), taps)
        y = y + pointwise(shifted, weight[(..., *offsets)])
    return y


def normalize(x, kind, p, prefix):
    """Biased variance and epsilon 1e-5, as PyTorch has them."""
    axes = {"instance": tuple(range(2, x.ndim)), "group": tuple(range(1, x.ndim)), "batch": (0, *range(2, x.ndim))}[kind]
    centered = x - x.mean(dim=axes, keepdim=True)
    y = centered / (centered.square().mean(dim=axes, keepdim=True) + 1e-5).sqrt()
    if kind == "instance":
        return y
    return y * along(p[f"{prefix}.gamma"], x) + along(p[f"{prefix}.beta"], x)


def mlp(x, p, prefix):
    layers = sorted(int(key.split(".")[-2]) for key in p if key.startswith(f"{prefix}.") and key.endswith("weight"))
    for layer in layers:
        if layer > 0:
            x = F.gelu(x)
        x = pointwise(x, p[f"{prefix}.{layer}.weight"], p[f"{prefix}.{layer}.bias"])
    return x


def skip(x, kind, p, prefix):
    if kind == "linear":
        return pointwise(x, p[f"{prefix}.weight"])
    if kind == "soft-gating":
        return x * along(p[f"{prefix}.weight"], x)
    return {"identity": x, "none": 0}[kind]


def block(x, p, form, corners, activation, prefix="", sizes=None):
    """The block as `FnoBlock` documents it."""
    y = spectral(x, p[f"{prefix}response"], corners, sizes)
    y = y + along(p[f"{prefix}bias"], y)
    if form["norm"]:
        y = normalize(y, form["norm"], p, f"{prefix}norm")
    around = x if sizes is None else resample(x, sizes)
    if form["local"]:
        y = y + local(around, p[f"{prefix}local"], form["points"], form["local"])
    y = y + skip(around, form["skip"], p, f"{prefix}skip")
    if form["mlp"]:
        y = F.gelu(y) if activation else y
        y = mlp(y, p, f"{prefix}mlp") + skip(around, form["mlp"], p, f"{prefix}mlp_skip")
        if form["norm"]:
            y = normalize(y, form["norm"], p, f"{prefix}mlp_norm")
    return F.gelu(y) if activation else y


def form(counting="lowest", skip="linear", mlp=None, norm=None, local=None, points=8):
    return dict(counting=counting, skip=skip, mlp=mlp, norm=norm, local=local, points=points)


NEURALOP = form("centered", mlp="soft-gating")


def corners_of(counting, modes):
    """Bins of non-negative and of negative frequency that are kept along each axis."""
    if counting == "lowest":
        return [(m, 0 if a + 1 == len(modes) else m) for a, m in enumerate(modes)]
    return [(m // 2 + 1, 0) if a + 1 == len(modes) else (m - m // 2, m // 2) for a, m in enumerate(modes)]


class Network(Case):
    """A case with named parameters, drawn on the scale of fresh ones."""

    def parameter(self, key, shape, scale, is_complex=False, shift=0.0):
        parts = [(self.random.standard_normal(shape) * scale + shift).astype(np.float32) for _ in range(1 + is_complex)]
        value = parts[0].astype(np.float64)
        if is_complex:
            value = value + 1j * parts[1].astype(np.float64)
        self.store(key, value, np.float32)
        self.leaves[key] = torch.from_numpy(value).requires_grad_(True)

    def pointwise(self, prefix, inn, out, bias=True):
        self.parameter(f"{prefix}.weight", (out, inn), inn**-0.5)
        if bias:
            self.parameter(f"{prefix}.bias", (out,), 0.5)

    def skip(self, prefix, kind, inn, out):
        if kind == "linear":
            self.pointwise(prefix, inn, out, bias=False)
        elif kind == "soft-gating":
            self.parameter(f"{prefix}.weight", (inn,), 0.5, shift=1.0)

    def norm(self, prefix, kind, channels):
        if kind in ("group", "batch"):
            self.parameter(f"{prefix}.gamma", (channels,), 0.3, shift=1.0)
            self.parameter(f"{prefix}.beta", (channels,), 0.5)

    def mlp(self, prefix, channels):
        for layer, (inn, out) in enumerate(zip(channels, channels[1:])):
            self.pointwise(f"{prefix}.{layer}", inn, out)

    def block(self, form, channels, modes, prefix=""):
        inn, out = channels
        bins = [p + n for p, n in corners_of(form["counting"], modes)]
        self.parameter(f"{prefix}response", (out, inn, *bins), inn**-0.5, is_complex=True)
        self.parameter(f"{prefix}bias", (out,), 0.5)
        self.skip(f"{prefix}skip", form["skip"], inn, out)
        self.norm(f"{prefix}norm", form["norm"], out)
        if form["local"]:
            self.parameter(f"{prefix}local", (out, inn, *[3] * len(modes)), (inn * 3 ** len(modes)) ** -0.5)
        if form["mlp"]:
            self.mlp(f"{prefix}mlp", (out, round(out * 0.5), out))
            self.skip(f"{prefix}mlp_skip", form["mlp"], inn, out)
            self.norm(f"{prefix}mlp_norm", form["norm"], out)


def described(form):
    keys = ("counting", "skip", "mlp", "norm", "local")
    return ".".join(str(form[key]) for key in keys if form[key])


# The same map by neuraloperator, in complex64.


def load_spectral(conv, R):
    """Our weights [out, in, bins from 0 up, then negative] as theirs, [in, out, shifted bins]."""
    R = R.detach().transpose(0, 1)
    axes = tuple(range(2, R.ndim - 1))
    conv.weight.tensor.data = torch.fft.fftshift(R, dim=axes).to(torch.cfloat) if axes else R.to(torch.cfloat)


def load_block(blocks, index, p, prefix):
    state = {key[len(prefix) :]: value.detach() for key, value in p.items() if key.startswith(prefix)}
    load_spectral(blocks.convs[index], state["response"])
    blocks.convs[index].bias.data = state["bias"].reshape(blocks.convs[index].bias.shape)
    if "skip.weight" in state:
        target = blocks.fno_skips[index]
        target = getattr(target, "conv", target)
        target.weight.data = state["skip.weight"].reshape(target.weight.shape)
    if "mlp.0.weight" in state:
        load_mlp(blocks.channel_mlp[index], state, "mlp")
        if "mlp_skip.weight" in state:
            target = blocks.channel_mlp_skips[index]
            target = getattr(target, "conv", target)
            target.weight.data = state["mlp_skip.weight"].reshape(target.weight.shape)
    for place, key in enumerate(("norm", "mlp_norm")):
        if f"{key}.gamma" in state:
            norm = blocks.norm[2 * index + place]
            norm = getattr(norm, "norm", norm)
            norm.weight.data, norm.bias.data = state[f"{key}.gamma"].clone(), state[f"{key}.beta"].clone()


def load_mlp(target, state, prefix):
    for layer, fc in enumerate(target.fcs):
        fc.weight.data = state[f"{prefix}.{layer}.weight"].detach().reshape(fc.weight.shape)
        fc.bias.data = state[f"{prefix}.{layer}.bias"].detach().clone()


def agrees_with_neuraloperator(case, module, output, cotangent, x):
    """Output and input gradient, to the precision of complex64."""
    module = module.float()
    x = x.detach().float().requires_grad_(True)
    theirs = module(x)
    inner(theirs, torch.from_numpy(cotangent).float()).backward()
    ours = [output, case.leaves["input"].grad.numpy()]
    for got, expected, what in zip((theirs.detach().numpy(), x.grad.numpy()), ours, ("output", "gradient")):
        scale = max(1.0, np.abs(expected).max())
        same(got / scale, expected / scale, f"{case.name}: neuraloperator's {what}", 2e-5)


def even(size):
    return all(n % 2 == 0 for n in size[:-1])


def block_case(size, modes, form, channels=(3, 3), batch=2, sizes=None, activation=True):
    counted = text(modes)
    case = Network(
        f"block{len(size)}d.b{batch}.{channels[0]}-{channels[1]}.{text(size)}"
        f"{'to' + text(sizes) if sizes else ''}.k{counted}.{described(form)}{'' if activation else '.last'}",
        kind="block", size=list(size), modes=list(modes), channels=list(channels), activation=activation,
        sizes=list(sizes or size), **form,
    )
    case.leaf("input", (batch, channels[0], *size))
    case.block(form, channels, modes)
    corners = corners_of(form["counting"], modes)

    def function(input, **p):
        return block(input, p, form, corners, activation, sizes=sizes)

    output, cotangent = case.finish(function)
    x, R = (case.leaves[key].detach() for key in ("input", "response"))
    same(spectral(x, R, corners, sizes).numpy(), by_fft(x.numpy(), R.numpy(), corners, sizes or size), f"{case.name}: FFT")
    centered = form["counting"] == "centered" and form["mlp"] and not form["local"]
    if centered and even(size) and sizes is None:
        from neuralop.layers.fno_block import FNOBlocks

        norms = {None: None, "instance": "instance_norm", "group": "group_norm", "batch": "batch_norm"}
        blocks = FNOBlocks(
            *channels, modes, n_layers=2, fno_skip=named(form["skip"]), channel_mlp_skip=named(form["mlp"]),
            norm=norms[form["norm"]],
        )
        index = 0 if activation else 1
        load_block(blocks, index, case.leaves, "")
        whole = lambda y: blocks(y, index)  # noqa: E731
        blocks.float()
        agrees_with_neuraloperator(case, Callable(blocks, whole), output, cotangent, x)
    return case


def named(skip):
    return None if skip == "none" else skip


class Callable:
    """A module together with a call of it."""

    def __init__(self, module, call):
        self.module, self.call = module, call

    def float(self):
        self.module.float()
        return self.call


def operator_blocks():
    """Each form of a block, and blocks that change the resolution."""
    plain = form()
    cases = []
    for size, modes in [((16,), (5,)), ((13,), (7,)), ((8, 8), (3, 4)), ((7, 11), (2, 3)), ((4, 5, 6), (2, 1, 3))]:
        cases += [block_case(size, modes, plain), block_case(size, [2 * m - 1 for m in modes], NEURALOP)]
    cases += [
        block_case((9, 8), (3, 3), plain, (1, 1), batch=1), block_case((9, 8), (3, 3), plain, (2, 4), activation=False),
        block_case((8, 9), (5, 7), form("centered", mlp="linear"), (2, 4), batch=1),
        block_case((8, 9), (4, 5), form("centered", mlp="identity"), activation=False),
        block_case((6, 6), (6, 6), form("centered"), (1, 1)), block_case((6, 5), (2, 2), form(skip="none")),
        block_case((6, 5), (3, 2), form(skip="identity")), block_case((6, 5), (2, 3), form(skip="soft-gating")),
        block_case((6, 8), (4, 4), form("centered", skip="soft-gating", mlp="none")),
    ]
    for norm in ("instance", "group", "batch"):
        cases += [
            block_case((6, 7), (4, 4), form("centered", mlp="soft-gating", norm=norm)),
            block_case((9,), (3,), form(norm=norm), activation=False),
        ]
    cases.append(block_case((4, 3, 5), (1, 1, 2), form(norm="batch")))
    for boundary in ("periodic", "zeros"):
        cases += [
            block_case((11,), (3,), form(local=boundary, points=7), (2, 3)),
            block_case((6, 7), (2, 2), form(local=boundary)),
            block_case((3, 4, 5), (1, 2, 2), form(local=boundary), (1, 2), batch=1),
        ]
    cases.append(block_case((4, 6), (2, 2), form("centered", mlp="soft-gating", norm="group", local="periodic")))
    for size, sizes, modes in [
        ((16,), (8,), (4,)), ((7,), (13,), (4,)), ((8, 9), (5, 12), (2, 3)), ((6, 5), (12, 10), (3, 3)),
        ((5, 6, 7), (7, 4, 6), (2, 2, 3)), ((8, 8), (4, 4), (2, 2)),
    ]:
        cases += [
            block_case(size, modes, plain, (2, 3), sizes=sizes),
            block_case(size, modes, form("centered", mlp="linear"), (2, 2), sizes=sizes, batch=1),
        ]
    cases.append(block_case((6, 8), (2, 2), form(skip="soft-gating", norm="instance", local="zeros"), sizes=(9, 6)))
    return cases
