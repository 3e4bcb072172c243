"""Layers of networks that live on spectra, as Pan et al. (2022) publish them and repaired."""

import numpy as np
import scipy.signal
import torch
from torch.nn.functional import batch_norm, leaky_relu, max_pool2d

from layers import resampling
from parametric import Kinked
from sampled import Sampled
from support import half, same, staged_irfftn, text

SIZES = ((7, 7), (13, 11), (14, 14), (28, 28), (150, 150))
EPSILON = 1e-3


def bins(size, extent):
    return half(size) if extent == "half" else tuple(size)


def multiplicity(size, extent):
    """How many bins of the full spectrum each bin stands for, by its column."""
    if extent == "full":
        return np.ones(size[1])
    columns = np.arange(size[1] // 2 + 1)
    return np.where((columns == 0) | (2 * columns == size[1]), 1.0, 2.0)


def to_image(X, size, extent):
    return staged_irfftn(X, size, (-2, -1)) if extent == "half" else torch.fft.ifft2(X).real


def to_spectrum(x, extent):
    return torch.fft.rfft2(x) if extent == "half" else torch.fft.fft2(x)


def before(taps, origin):
    return tuple(k // 2 for k in taps) if origin == "center" else (0, 0)


def taps_spectrum(w, size, extent, origin):
    """Zero padding, a circular shift, a transform."""
    padded = torch.nn.functional.pad(w, (0, size[1] - w.shape[-1], 0, size[0] - w.shape[-2]))
    shift = [-n for n in before(w.shape[-2:], origin)]
    return to_spectrum(torch.roll(padded, shift, (-2, -1)), extent)


def waves(size, taps, extent, origin):
    """The spectrum of each tap alone, [taps, taps, bins], tap by tap."""
    rows, columns = (np.arange(n) for n in bins(size, extent))
    top, left = before(taps, origin)
    table = np.empty((*taps, len(rows), len(columns)), complex)
    for r, c in np.ndindex(*taps):
        turns = rows[:, None] * (r - top) / size[0] + columns[None, :] * (c - left) / size[1]
        table[r, c] = np.exp(-2j * np.pi * turns)
    return table


def project(W, size, taps, extent, origin, rule):
    """Inverse transform, real part, mask, transform; or with what was removed handed back."""
    mask = torch.zeros(size, dtype=torch.float64)
    mask[: taps[0], : taps[1]] = 1
    mask = torch.roll(mask, [-n for n in before(taps, origin)], (0, 1))
    w = to_image(W, size, extent)
    kept = w * mask
    if rule == "oblique":
        removed = (w * (1 - mask)).sum((-2, -1), keepdim=True)
        kept = kept + removed / (taps[0] * taps[1]) * mask
    return to_spectrum(kept, extent)


def nearest(W, size, taps, extent, origin, rule):
    """The taps by least squares in the inner product that counts every bin of the full spectrum."""
    table = waves(size, taps, extent, origin).reshape(taps[0] * taps[1], -1)
    weight = np.sqrt(np.broadcast_to(multiplicity(size, extent), bins(size, extent))).reshape(-1)
    design = (table * weight).T
    wanted = (W.reshape(-1, weight.size) * weight).T
    stack = lambda z: np.concatenate([z.real, z.imag])
    w = np.linalg.lstsq(stack(design), stack(wanted), rcond=None)[0]
    if rule == "oblique":
        w = w + (W[..., 0, 0].real.reshape(-1) - w.sum(0)) / len(w)
    return (w.T @ table).reshape(W.shape), w


def elementwise_case(size, form, weights, origin="first", channels=(2, 3), batch=1, taps=(3, 3)):
    extent = "half" if form == "repaired" else "full"
    case = Sampled(
        f"elementwise.{form}.{weights}.{origin}.b{batch}.{channels[0]}-{channels[1]}.{text(size)}.k{text(taps)}",
        kind="elementwise", form=form, weights=weights, origin=origin, size=list(size),
        taps=list(taps), channels=list(channels),
    )
    case.leaf("input", (batch, channels[0], *bins(size, extent)), is_complex=True)
    own = taps if weights == "taps" else bins(size, extent)
    case.leaf("weight", (channels[1], channels[0], *own), is_complex=weights != "taps")

    def spectrum(weight):
        if weights == "taps":
            return taps_spectrum(weight, size, extent, origin)
        if weights == "free":
            return weight
        return project(weight, size, taps, extent, origin, weights)

    def function(input, weight):
        # Four real products, as published.
        W = spectrum(weight)
        Xr, Xi, Wr, Wi = input.real, input.imag, W.real, W.imag
        product = lambda a, b: torch.einsum("bihw,oihw->bohw", a, b)
        real = product(Xr, Wr) + product(Xi, Wi)
        imag = product(Xr, Wi) - product(Xi, Wr)
        return torch.complex(real, imag if form == "published" else -imag)

    output, _ = case.finish(function)
    X, W = (value.detach().numpy() for value in case.leaves.values())
    if weights == "taps":
        W = np.einsum("oirc,rchw->oihw", W, waves(size, taps, extent, origin))
    elif weights != "free":
        W, _ = nearest(W, size, taps, extent, origin, weights)
    product = X.conj()[:, None] * W[None] if form == "published" else X[:, None] * W.conj()[None]
    same(output, product.sum(2), case.name, 1e-11)
    return case


def outside_case(size, extent, origin="first", channels=(2, 3), taps=(3, 3)):
    case = Sampled(f"outside.{extent}.{origin}.{text(size)}.k{text(taps)}", kind="outside",
                   extent=extent, origin=origin, size=list(size), taps=list(taps))
    case.leaf("weight", (*channels[::-1], *bins(size, extent)), is_complex=True)
    count = torch.from_numpy(multiplicity(size, extent))

    def function(weight):
        removed = weight - project(weight, size, taps, extent, origin, "orthogonal")
        energy = removed.real**2 + removed.imag**2
        return (energy * count).sum().reshape(1) / (size[0] * size[1])

    output, _ = case.finish(function)
    W = case.leaves["weight"].detach().numpy()
    kept, _ = nearest(W, size, taps, extent, origin, "orthogonal")
    energy = np.abs(W - kept) ** 2 * multiplicity(size, extent)
    same(output, [energy.sum() / np.prod(size)], case.name, 1e-11)
    return case


def channel(values):
    return values[None, :, None, None]


def per_part(input, gamma, beta):
    parts = [
        batch_norm(part, None, None, gamma[i], beta[i], training=True, eps=EPSILON)
        for i, part in enumerate((input.real, input.imag))
    ]
    return torch.complex(*parts)


def magnitude(size, extent, is_centered):
    count = torch.from_numpy(multiplicity(size, extent))

    def function(input, gamma, beta=None):
        at_zero = torch.zeros(input.shape[-2:], dtype=torch.float64)
        at_zero[0, 0] = 1
        X = input
        if is_centered:
            X = X - channel(X[..., 0, 0].mean(0)) * at_zero
        power = (count * (X.real**2 + X.imag**2)).sum((0, 2, 3)) / (len(X) * size[0] * size[1])
        Y = X * channel(gamma / (power + EPSILON).sqrt())
        if is_centered:
            Y = Y + channel(torch.complex(beta[0], beta[1])) * at_zero
        return Y

    return function


def covariance(X):
    """Of real and imaginary part, [channels, 2, 2], by NumPy's own function."""
    flat = np.moveaxis(X, 1, 0).reshape(X.shape[1], -1)
    return np.array([np.cov(np.stack([z.real, z.imag]), bias=True) for z in flat])


def whitening(input, gamma, beta):
    """The inverse root by an eigendecomposition, where the layer has it in closed form."""
    parts = torch.stack([input.real, input.imag], -1)
    centered = parts - parts.mean((0, 2, 3), keepdim=True)
    V = torch.einsum("bchwp,bchwq->cpq", centered, centered) / (centered[:, 0].numel() / 2)
    values, vectors = torch.linalg.eigh(V + EPSILON * torch.eye(2, dtype=torch.float64))
    root = torch.einsum("cpk,ck,cqk->cpq", vectors, values.rsqrt(), vectors)
    rr, ri, ii = gamma
    scale = torch.stack([torch.stack([rr, ri], -1), torch.stack([ri, ii], -1)], -2)
    out = torch.einsum("cpq,cqr,bchwr->bchwp", scale, root, centered) + beta.T[None, :, None, None]
    return torch.complex(out[..., 0], out[..., 1])


def whitening_by_formula(X, gamma, beta):
    """Trabelsi et al. (2018), their formulas written out for one channel at a time."""
    Y = np.empty_like(X)
    for c, V in enumerate(covariance(X)):
        vrr, vri, vii = V[0, 0] + EPSILON, V[0, 1], V[1, 1] + EPSILON
        s = np.sqrt(vrr * vii - vri**2)
        t = np.sqrt(vrr + vii + 2 * s)
        wrr, wii, wri = (vii + s) / (s * t), (vrr + s) / (s * t), -vri / (s * t)
        re, im = X[:, c].real - X[:, c].real.mean(), X[:, c].imag - X[:, c].imag.mean()
        re, im = wrr * re + wri * im, wri * re + wii * im
        Y[:, c] = (gamma[0, c] * re + gamma[1, c] * im + beta[0, c]
                   + 1j * (gamma[1, c] * re + gamma[2, c] * im + beta[1, c]))
    return Y


def norm_case(size, form, extent="half", channels=3, batch=2):
    case = Sampled(f"norm.{form}.{extent}.b{batch}.{channels}.{text(size)}", kind="norm", form=form,
                   extent=extent, size=list(size), channels=channels)
    shape = (batch, channels, *bins(size, extent))
    if form == "image":
        case.leaf("input", (batch, channels, *size))
    else:
        case.leaf("input", shape, is_complex=True)
    rows = {"per_part": (2, 2), "magnitude": (None, 0), "centered": (None, 2),
            "whitening": (3, 2), "image": (None, None)}[form]
    for key, count in zip(("gamma", "beta"), rows):
        if count != 0:
            case.leaf(key, (channels,) if count is None else (count, channels))
    if form == "image":
        function = lambda input, gamma, beta: batch_norm(
            input, None, None, gamma, beta, training=True, eps=EPSILON)
    else:
        function = {"per_part": per_part, "whitening": whitening}.get(form) or magnitude(size, extent, form == "centered")
    output, _ = case.finish(function)
    X, gamma, *beta = (value.detach().numpy() for value in case.leaves.values())
    axes = (0, 2, 3)
    # Statistics of the batch, in the units of the layer's running ones.
    if form == "per_part":
        mean = np.array([X.real.mean(axes), X.imag.mean(axes)])
        spread = np.array([X.real.var(axes), X.imag.var(axes)])
        parts = [channel(g) * (x - channel(m)) / np.sqrt(channel(v) + EPSILON) + channel(b)
                 for x, g, b, m, v in zip((X.real, X.imag), gamma, beta[0], mean, spread)]
        expected = parts[0] + 1j * parts[1]
    elif form == "whitening":
        V = covariance(X)
        mean = np.array([X.real.mean(axes), X.imag.mean(axes)])
        spread = np.array([V[:, 0, 0], V[:, 0, 1], V[:, 1, 1]])
        expected = whitening_by_formula(X, gamma, beta[0])
    elif form == "image":
        mean, spread = X.mean(axes), X.var(axes)
        expected = channel(gamma) * (X - channel(mean)) / np.sqrt(channel(spread) + EPSILON) + channel(beta[0])
        F = np.fft.rfft2(X) if extent == "half" else np.fft.fft2(X)
        N, power = np.prod(size), (np.abs(F) ** 2 * multiplicity(size, extent)).sum((2, 3))
        same(F[..., 0, 0].real.mean(0) / N, mean, f"{case.name}: mean by the spectrum")
        same(power.mean(0) / N**2 - mean**2, spread, f"{case.name}: variance by Parseval")
    else:
        # Bin by bin of the full spectrum: those that a half-spectrum lacks count like their mirror images.
        mean = X[..., 0, 0].mean(0) if form == "centered" else np.zeros(channels)
        moved = X.copy()
        moved[..., 0, 0] -= mean
        columns = range(size[1]) if extent == "full" else [min(c, size[1] - c) for c in range(size[1])]
        spread = sum((np.abs(moved[..., c]) ** 2).sum((0, 2)) for c in columns) / (batch * np.prod(size))
        expected = moved * channel(gamma / np.sqrt(spread + EPSILON))
        if form == "centered":
            expected[..., 0, 0] += beta[0][0] + 1j * beta[0][1]
        mean = np.array([mean.real, mean.imag])
    same(output, expected, case.name, 1e-11)
    case.store("mean", mean)
    case.store("spread", spread)
    return case


def through_case(size, operation, extent="half", channels=2, batch=2):
    """An operation on the image between two transforms; a hyperbolic tangent on a finer grid."""
    kind = Sampled if operation == "antialiased" else Kinked
    case = kind(f"through.{operation}.{extent}.b{batch}.{channels}.{text(size)}", kind="through",
                operation=operation, extent=extent, size=list(size))
    if operation == "antialiased":
        # From an image: on the columns that are their own mirror image a finer grid tells apart
        # spectra that the image's own grid does not.
        case.leaf("input", (batch, channels, *size))
        fine = tuple(2 * n for n in size)
        up, down = resampling(size, fine), resampling(fine, size)
        output, _ = case.finish(lambda input: to_spectrum(down(torch.tanh(up(input))), extent))
        x = case.leaves["input"].detach().numpy()
        for to in (fine, size):
            x = scipy.signal.resample(scipy.signal.resample(x, to[0], axis=-2), to[1], axis=-1)
            x = np.tanh(x) if to == fine else x
        same(output, to_spectrum(torch.from_numpy(x), extent).numpy(), case.name, 1e-11)
        return case
    case.leaf("input", (batch, channels, *bins(size, extent)), is_complex=True)
    act = {
        "leaky": lambda x: leaky_relu(x, 0.1),
        "pool": lambda x: max_pool2d(x, 2),
        "leaky_pool": lambda x: max_pool2d(leaky_relu(x, 0.1), 2),
    }[operation]
    output, cotangent = case.finish(lambda input: to_spectrum(act(to_image(input, size, extent)), extent))
    X = case.leaves["input"].detach().numpy()
    x = np.fft.ifft2(X).real if extent == "full" else np.fft.irfft(np.fft.ifft(X, axis=-2), size[1], axis=-1)
    y = np.where(x > 0, x, 0.1 * x) if "leaky" in operation else x
    if "pool" in operation:
        h, w = (n // 2 for n in size)
        y = y[..., : 2 * h, : 2 * w].reshape(*y.shape[:2], h, 2, w, 2).max((3, 5))
    same(output, np.fft.fft2(y)[..., : output.shape[-1]], case.name)
    # The map is linear near this input: its value there is its differential, applied to the input.
    gradient = case.leaves["input"].grad.resolve_conj().numpy()
    pairing = lambda a, b: (a.real * b.real + a.imag * b.imag).sum()
    same(pairing(gradient, X), pairing(cotangent, output), f"{case.name}: gradient", 1e-10)
    return case


def leaky_case(size):
    case = Kinked(f"cleakyrelu.{text(size)}", kind="cleakyrelu", size=list(size))
    case.leaf("input", (1, 3, *half(size)), is_complex=True)
    output, cotangent = case.finish(
        lambda input: torch.complex(leaky_relu(input.real, 0.2), leaky_relu(input.imag, 0.2)))
    z = case.leaves["input"].detach().numpy()
    slope = lambda part: np.where(part > 0, 1.0, 0.2)
    same(output, z.real * slope(z.real) + 1j * z.imag * slope(z.imag), case.name)
    gradient = cotangent.real * slope(z.real) + 1j * cotangent.imag * slope(z.imag)
    same(case.leaves["input"].grad.resolve_conj().numpy(), gradient, f"{case.name}: gradient")
    return case


def dense_case(form, features=(5, 4), batch=3):
    case = Sampled(f"dense.{form}.b{batch}.{features[0]}-{features[1]}", kind="dense", form=form)
    case.leaf("input", (batch, features[0]), is_complex=True)
    case.leaf("weight", features, is_complex=True)
    case.leaf("bias", (features[1],), is_complex=True)

    def function(input, weight, bias):
        if form == "complex":
            return input @ weight + bias
        return torch.complex(
            torch.nn.functional.linear(input.real, weight.real.T, bias.real),
            torch.nn.functional.linear(input.imag, weight.imag.T, bias.imag),
        )

    output, _ = case.finish(function)
    x, w, b = (value.detach().numpy() for value in case.leaves.values())
    real, imag = x.real @ w.real, x.imag @ w.imag
    if form == "complex":
        real, imag = real - imag, x.real @ w.imag + x.imag @ w.real
    same(output, real + b.real + 1j * (imag + b.imag), case.name)
    return case


def cemnet():
    cases = []
    for size in SIZES:
        for form in ("repaired", "published"):
            cases += [elementwise_case(size, form, weights) for weights in ("free", "taps", "orthogonal")]
            cases.append(elementwise_case(size, form, "oblique", "center", (1, 2)))
    for form in ("repaired", "published"):
        cases += [
            elementwise_case((5, 8), form, "taps", "center", batch=3),
            elementwise_case((6, 7), form, "taps", "center", (1, 1), 2, (4, 2)),
            elementwise_case((8, 5), form, "orthogonal", "center", (1, 1), 1, (2, 5)),
            elementwise_case((28, 28), form, "taps", "first", (1, 6), 2, (5, 5)),
            elementwise_case((3, 3), form, "taps", "first", (2, 2)),
            elementwise_case((1, 1), form, "oblique", "first", (2, 2), 2, (1, 1)),
        ]
    for extent in ("half", "full"):
        cases += [outside_case(size, extent) for size in SIZES]
        cases += [outside_case((5, 8), extent, "center", taps=(4, 3)), outside_case((1, 2), extent, taps=(1, 1))]
    for size in SIZES:
        cases += [norm_case(size, form) for form in ("per_part", "magnitude", "centered", "whitening", "image")]
    for form in ("per_part", "magnitude", "centered", "whitening", "image"):
        cases += [norm_case((5, 8), form, "full", 1, 1), norm_case((6, 5), form, "half", 1, 3),
                  norm_case((7, 6), form, "full", 4, 2)]
    for operation in ("leaky", "pool", "leaky_pool", "antialiased"):
        cases += [through_case(size, operation, batch=1) for size in SIZES]
        cases += [through_case((5, 8), operation, extent, 1, 3) for extent in ("half", "full")]
        cases.append(through_case((14, 14), operation, "full"))
    cases += [leaky_case(size) for size in SIZES]
    cases += [dense_case(form) for form in ("branches", "complex")]
    return cases + [dense_case(form, (1, 1), 1) for form in ("branches", "complex")]
