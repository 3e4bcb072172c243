"""Fixed filters, layers on spectra and changes of resolution."""

import numpy as np
import scipy.fft
import scipy.signal
import torch

from sampled import Sampled
from support import Case, same, text

def scipy_convolve(x, w, mode):
    """Every output channel as the sum of SciPy's convolutions over input channels."""
    rows = []
    for image in x:
        plane = []
        for filters in w:
            if mode == "circular":
                terms = [np.fft.ifft2(np.fft.fft2(a) * np.fft.fft2(k, a.shape)).real for a, k in zip(image, filters)]
            else:
                terms = [scipy.signal.fftconvolve(a, k, mode) for a, k in zip(image, filters)]
            plane.append(sum(terms))
        rows.append(plane)
    return np.array(rows)


def convolve(x, w, mode):
    """The convolution by its definition: every tap adds a shifted image to the full result."""
    (height, width), (kh, kw) = x.shape[-2:], w.shape[-2:]
    if mode == "circular":
        terms = [
            torch.einsum("bihw,oi->bohw", torch.roll(x, (r, c), (-2, -1)), w[..., r, c])
            for r in range(kh) for c in range(kw)
        ]
        return sum(terms)
    flipped = w.flip(-2, -1)
    full = torch.nn.functional.conv2d(x, flipped, padding=(kh - 1, kw - 1))
    if mode == "full":
        return full
    if mode == "same":
        top, left = (kh - 1) // 2, (kw - 1) // 2
        return full[..., top : top + height, left : left + width]
    top, left = min(height, kh) - 1, min(width, kw) - 1
    return full[..., top : top + abs(height - kh) + 1, left : left + abs(width - kw) + 1]


def convolve_case(size, kernel, mode, channels=(1, 1), batch=1, output="real", plane=False, make=Case):
    name = f"{mode}.{output}.b{batch}.{channels[0]}-{channels[1]}.{text(size)}.k{text(kernel)}{'.plane' if plane else ''}"
    case = make(name, mode=mode, output=output, plane=plane)
    case.leaf("input", (batch, channels[0], *size))
    case.leaf("filter", kernel if plane else (channels[1], channels[0], *kernel))

    def function(input, filter):
        if plane:
            planes = input.reshape(-1, 1, *size)
            y = convolve(planes, filter[None, None], mode)
            y = y.reshape(*input.shape[:2], *y.shape[-2:])
        else:
            y = convolve(input, filter, mode)
        return y.abs() if output == "magnitude" else y

    result, _ = case.finish(function)
    x, w = (value.detach().numpy() for value in case.leaves.values())
    if plane:
        expected = scipy_convolve(x.reshape(-1, 1, *size), w[None, None], mode).reshape(result.shape)
    else:
        expected = scipy_convolve(x, w, mode)
    same(result, np.abs(expected) if output == "magnitude" else expected, name)
    return case


def convolve2d():
    make = convolve_case
    modes = ("full", "same", "valid", "circular")
    cases = [make((7, 7), (3, 3), mode, (2, 3)) for mode in modes]
    cases += [make((8, 5), (4, 2), mode) for mode in modes]
    cases += [make((14, 14), (4, 5), mode) for mode in ("full", "circular")]
    cases += [make((13, 13), (5, 4), mode, plane=True) for mode in ("same", "valid")]
    cases += [make((28, 28), (5, 6), "same"), make((6, 7), (3, 2), "same", (2, 2), batch=2, plane=True)]
    # A filter larger than the image; SciPy crops `same` to the image and swaps the two for `valid`.
    cases += [make((5, 6), (8, 9), mode) for mode in ("full", "same", "valid")]
    cases += [make((5, 9), (8, 4), mode) for mode in ("full", "same")]
    cases += [make((7, 6), (4, 3), mode, output="magnitude") for mode in ("same", "circular")]
    cases += [make((14, 14), (3, 4), "valid", (2, 2), make=Sampled), make((28, 28), (28, 28), "circular", make=Sampled)]
    cases += [make((150, 150), (9, 8), mode, make=Sampled) for mode in ("full", "same", "valid", "circular")]
    return cases


def fixed_response(f_h, f_w):
    """A low-pass times a complex, one-sided, odd and even mixture: no symmetry to lean on."""
    envelope = np.exp(-6.0 * (f_h - 0.1) ** 2 - 9.0 * (f_w + 0.05) ** 2)
    return envelope * (1.0 + 2.0 * f_h + 1j * (0.5 - 3.0 * f_w + 4.0 * f_h * f_w))


def fixed_case(size, output, channels=1, make=Case):
    case = make(f"{output}.{channels}.{text(size)}", output=output)
    case.leaf("input", (1, channels, *size))
    grid = fixed_response(np.fft.fftfreq(size[0])[:, None], np.fft.fftfreq(size[1])[None, :])
    response = torch.from_numpy(grid)

    def function(input):
        y = torch.fft.ifft2(torch.fft.fft2(input) * response)
        return y.abs() if output == "magnitude" else y.real

    result, _ = case.finish(function)
    y = scipy.fft.ifft2(scipy.fft.fft2(case.leaves["input"].detach().numpy()) * grid)
    same(result, np.abs(y) if output == "magnitude" else y.real, case.name)
    return case


def fixed():
    cases = [fixed_case(size, output) for size in ((7, 7), (14, 14)) for output in ("real", "magnitude")]
    cases += [fixed_case((28, 28), "magnitude"), fixed_case((13, 13), "real")]
    cases += [fixed_case((6, 9), output, 2) for output in ("real", "magnitude")]
    cases += [fixed_case((150, 150), output, make=Sampled) for output in ("real", "magnitude")]
    cases += [fixed_case((28, 28), "real", 2, make=Sampled), fixed_case((13, 11), "magnitude", 2, make=Sampled)]
    return cases


def global_filter_case(size, channels, batch=2):
    """GFNet's filter as published: channels last, orthonormal transforms."""
    case = Case(f"b{batch}.c{channels}.{text(size)}")
    case.leaf("input", (batch, *size, channels))
    case.leaf("weight", (size[0], size[1] // 2 + 1, channels), is_complex=True)

    def function(input, weight):
        X = torch.fft.rfft2(input, dim=(1, 2), norm="ortho")
        return torch.fft.irfft2(X * weight, s=size, dim=(1, 2), norm="ortho")

    result, _ = case.finish(function)
    x, w = (value.detach().numpy() for value in case.leaves.values())
    staged = np.fft.ifft(scipy.fft.rfft2(x, axes=(1, 2)) * w, axis=1)
    same(result, np.fft.irfft(staged, size[1], axis=2), case.name)
    return case


def global_filter():
    sizes = ((1, 1), (7, 7), (8, 6), (5, 14), (14, 14))
    return [global_filter_case(size, 3) for size in sizes] + [global_filter_case((6, 7), 19, 1)]


FLOOR = 1e-3


def fft_layer_case(size, output, extent="half", channels=1, make=Case):
    case = make(f"{output}.{extent}.{channels}.{text(size)}", output=output, extent=extent)
    case.leaf("input", (1, channels, *size))

    def parts(X, library):
        magnitude = library.sqrt(X.real**2 + X.imag**2)
        length = library.sqrt(X.real**2 + X.imag**2 + FLOOR**2)
        return {
            "real_imaginary": (X.real, X.imag),
            "magnitude": (magnitude,),
            "magnitude_cos_sin": (magnitude, X.real / length, X.imag / length),
            "log_magnitude": (library.log(1.0 + magnitude),),
        }[output]

    def function(input):
        X = torch.fft.rfft2(input) if extent == "half" else torch.fft.fft2(input)
        return torch.cat(parts(X, torch), 1)

    result, _ = case.finish(function)
    x = case.leaves["input"].detach().numpy()
    X = np.fft.rfft2(x) if extent == "half" else np.fft.fft2(x)
    same(result, np.concatenate(parts(X, np), 1), case.name)
    return case


def fft_layer():
    outputs = ("real_imaginary", "magnitude", "magnitude_cos_sin", "log_magnitude")
    cases = [fft_layer_case((7, 7), output) for output in outputs]
    cases += [fft_layer_case((14, 14), output) for output in ("real_imaginary", "magnitude")]
    cases += [fft_layer_case((28, 28), "log_magnitude"), fft_layer_case((13, 13), "magnitude_cos_sin")]
    cases += [fft_layer_case((5, 6), output, "full", 2) for output in outputs]
    # The gradient of the logarithm is too small there to be told from the rounding of the loss.
    cases += [fft_layer_case((150, 150), output, make=Sampled) for output in outputs[:3]]
    cases += [fft_layer_case((28, 28), output, "full", 2, Sampled) for output in outputs]
    return cases


def frequency_gate_case(size, features, channels=1, batch=1, make=Case):
    """Weights of rank one, left·rightᵀ, so that the file stays small; their gradients too."""
    gates = size[0] * size[1]
    case = make(f"dense.{features}.b{batch}.{channels}.{text(size)}", kind="dense", features=features, size=list(size))
    case.leaf("input", (batch, channels, *size))
    case.leaf("left", (channels * gates,))
    case.leaf("right", (gates,))
    case.leaf("bias", (gates,))
    scale = 1.0 / gates

    def function(input, left, right, bias):
        X = torch.fft.fft2(input, norm="ortho")
        flat = (X.abs() if features == "magnitude" else X.real).reshape(batch, -1)
        gate = torch.sigmoid(flat @ (scale * torch.outer(left, right)) + bias)
        return X * gate.reshape(batch, 1, *size)

    result, _ = case.finish(function)
    x, left, right, bias = (value.detach().numpy() for value in case.leaves.values())
    X = np.fft.fft2(x, norm="ortho")
    flat = (np.abs(X) if features == "magnitude" else X.real).reshape(batch, -1)
    logits = scale * (flat @ left)[:, None] * right + bias
    same(result, X / (1 + np.exp(-logits)).reshape(batch, 1, *size), case.name)
    return case


def element_gate_case(size, channels=1, make=Case):
    case = make(f"element.{channels}.{text(size)}", kind="element", size=list(size))
    case.leaf("input", (1, channels, *size))
    case.leaf("logits", (channels, size[0], size[1] // 2 + 1))

    def function(input, logits):
        X = torch.fft.rfft2(input)
        return torch.fft.irfft2(X * torch.sigmoid(logits), s=size)

    result, _ = case.finish(function)
    x, logits = (value.detach().numpy() for value in case.leaves.values())
    X = np.fft.rfft2(x) / (1 + np.exp(-logits))
    # By columns, then rows: what a real inverse of a spectrum no real image has keeps of it.
    same(result, np.fft.irfft(np.fft.ifft(X, axis=-2), n=size[1], axis=-1), case.name)
    return case


def gates():
    cases = [frequency_gate_case((7, 7), features) for features in ("magnitude", "real")]
    cases += [frequency_gate_case((14, 14), "real"), frequency_gate_case((11, 11), "magnitude")]
    cases += [frequency_gate_case((5, 4), "magnitude", 2, 2), element_gate_case((6, 5), 2)]
    cases += [element_gate_case(size) for size in ((7, 7), (14, 14), (28, 28), (11, 11))]
    # A dense gate of 150×150 would have half a billion weights.
    cases += [frequency_gate_case((28, 28), features, make=Sampled) for features in ("magnitude", "real")]
    cases += [element_gate_case((150, 150), make=Sampled)]
    return cases


def patch_case(size, patch, hop, edges, channels=1, make=Case):
    case = make(
        f"{edges}.{channels}.{text(size)}.p{text(patch)}.h{text(hop)}",
        patch=list(patch), hop=list(hop), edges=edges,
    )
    case.leaf("input", (1, channels, *size))
    window = torch.outer(*[torch.hann_window(n, periodic=True, dtype=torch.float64) for n in patch])
    before = [0 if edges == "periodic" else p - h for p, h in zip(patch, hop)]
    count = [-(-(n + b) // h) for n, b, h in zip(size, before, hop)]

    def function(input):
        length = [(c - 1) * h + p for c, h, p in zip(count, hop, patch)]
        if edges == "periodic":
            again = [-(-n // s) for n, s in zip(length, size)]
            padded = input.repeat(1, 1, *again)[..., : length[0], : length[1]]
        else:
            after = [n - b - s for n, b, s in zip(length, before, size)]
            padded = torch.nn.functional.pad(input, (before[1], after[1], before[0], after[0]))
        patches = padded.unfold(2, patch[0], hop[0]).unfold(3, patch[1], hop[1])
        return torch.fft.rfft2(patches * window)

    result, _ = case.finish(function)
    assert list(result.shape[2:4]) == count
    # SciPy's own window, and every sample fetched by its index.
    x = case.leaves["input"].detach().numpy()
    tapers = [scipy.signal.get_window("hann", n, fftbins=True) for n in patch]
    for row, column in np.ndindex(*count):
        rows, columns = (
            k * h - b + np.arange(p) for k, h, b, p in zip((row, column), hop, before, patch)
        )
        inside = (((rows >= 0) & (rows < size[0]))[:, None] & ((columns >= 0) & (columns < size[1]))) | (edges == "periodic")
        samples = x[..., rows[:, None] % size[0], columns[None, :] % size[1]] * inside
        same(result[:, :, row, column], np.fft.rfft2(samples * np.outer(*tapers)), case.name)
    return case


def patches():
    make = patch_case
    return [
        make((7, 7), (4, 4), (2, 2), "periodic"), make((7, 7), (4, 4), (2, 2), "zero"),
        make((14, 14), (6, 4), (3, 2), "periodic"), make((11, 11), (6, 6), (4, 3), "zero"),
        make((28, 28), (8, 8), (6, 6), "periodic"), make((5, 6), (4, 5), (2, 2), "zero"),
        make((150, 150), (16, 16), (8, 8), "periodic", 2, Sampled), make((150, 150), (15, 16), (7, 6), "zero", 1, Sampled),
    ]


def resampling(size, to):
    """SciPy's resample along both axes as a matrix along each."""
    rows, columns = (
        torch.from_numpy(scipy.signal.resample(np.eye(n), m, axis=0)) for n, m in zip(size, to)
    )
    return lambda input: torch.einsum("pr,bcrs,qs->bcpq", rows, input, columns)


def resize_case(size, to, channels=1, make=Case):
    """SciPy's resample along both axes; the differentiable twin is its matrix along each."""
    case = make(f"{channels}.{text(size)}.to.{text(to)}", size=list(to))
    case.leaf("input", (1, channels, *size))
    result, _ = case.finish(resampling(size, to))
    x = case.leaves["input"].detach().numpy()
    expected = scipy.signal.resample(scipy.signal.resample(x, to[0], axis=-2), to[1], axis=-1)
    same(result, expected, case.name)
    same(result.mean((-2, -1)), x.mean((-2, -1)), f"{case.name}: mean")
    return case


def resize():
    pairs = (
        ((7, 7), (4, 5)), ((7, 7), (7, 3)), ((14, 14), (6, 7)), ((28, 28), (14, 13)),
        ((13, 13), (8, 7)), ((13, 13), (1, 2)), ((4, 3), (1, 1)),
    )
    cases = [resize_case(*pair) for pair in pairs] + [resize_case(to, size) for size, to in pairs]
    cases += [resize_case((150, 150), (75, 76), make=Sampled), resize_case((75, 76), (150, 150), make=Sampled)]
    return cases + [resize_case((6, 7), (9, 4), 2), resize_case((2, 4), (3, 8))]


def antialiased_case(size, factor=2, channels=1):
    """A hyperbolic tangent on a finer grid."""
    case = Sampled(f"{channels}.{text(size)}.x{factor}", factor=factor)
    case.leaf("input", (1, channels, *size))
    fine = tuple(factor * n for n in size)
    up, down = resampling(size, fine), resampling(fine, size)
    result, _ = case.finish(lambda input: down(torch.tanh(up(input))))
    x = case.leaves["input"].detach().numpy()
    x = scipy.signal.resample(scipy.signal.resample(x, fine[0], axis=-2), fine[1], axis=-1)
    x = scipy.signal.resample(scipy.signal.resample(np.tanh(x), size[0], axis=-2), size[1], axis=-1)
    same(result, x, case.name)
    return case


def antialiased():
    sizes = ((7, 7), (14, 14), (28, 28), (150, 150))
    return [antialiased_case(size) for size in sizes] + [antialiased_case((13, 8), 3, 2)]


LAYERS = (convolve2d, fixed, global_filter, fft_layer, gates, patches, resize, antialiased)
