"""Stacks of shared rectified layers with a dense head, as Wood and Larson (2021) publish them."""

import numpy as np
import torch

from parametric import Kinked
from support import half, same, text


def stack_case(size, inputs, filters, batch, units=2):
    case = Kinked(f"stack.{batch}.{inputs}-{'-'.join(map(str, filters))}.{text(size)}",
                  size=list(size), inputs=inputs, filters=list(filters))
    bins = half(size)
    case.leaf("input", (batch, inputs, *size))
    case.leaf("response", (sum(filters), 1, *bins), is_complex=True)
    case.leaf("head", (2 * filters[-1] * int(np.prod(bins)), units))

    def function(input, response, head):
        # Four real products a layer, each of which adds up its input channels.
        spectrum = torch.fft.rfft2(input)
        Xr, Xi = spectrum.real, spectrum.imag
        product = "bihw,ohw->bohw"
        for own in torch.split(response[:, 0], filters):
            Wr, Wi = own.real, own.imag
            real = torch.einsum(product, Xr, Wr) - torch.einsum(product, Xi, Wi)
            imag = torch.einsum(product, Xr, Wi) + torch.einsum(product, Xi, Wr)
            Xr, Xi = real.relu(), imag.relu()
        return torch.cat([Xr.flatten(1), Xi.flatten(1)], 1) @ head

    output, cotangent = case.finish(function)
    x, R, head = (value.detach().numpy() for value in case.leaves.values())
    expected, gradients = by_hand(x, R[:, 0], head, filters, cotangent)
    same(output, expected, case.name, 1e-11)
    for key, gradient in gradients.items():
        got = case.leaves[key].grad.resolve_conj().numpy()
        scale = np.abs(gradient).max()
        same(got / scale, gradient / scale, f"{case.name}: {key}")
    return case


def by_hand(x, R, head, filters, cotangent):
    """The network and its gradients in NumPy, one complex number a frequency from layer to layer."""
    size, layers = x.shape[2:], np.split(R, np.cumsum(filters)[:-1])
    sums = [np.fft.rfft2(x.sum(1))]
    for layer in layers:
        P = sums[-1][:, None] * layer
        Y = np.maximum(P.real, 0) + 1j * np.maximum(P.imag, 0)
        sums.append(Y.sum(1))
    features = np.concatenate([Y.real.reshape(len(x), -1), Y.imag.reshape(len(x), -1)], 1)
    down = (cotangent @ head.T).reshape(len(x), 2, *Y.shape[1:])
    down, responses = down[:, 0] + 1j * down[:, 1], []
    for S, layer in zip(sums[-2::-1], layers[::-1]):
        P = S[:, None] * layer
        M = down.real * (P.real > 0) + 1j * down.imag * (P.imag > 0)
        responses.insert(0, (S[:, None].conj() * M).sum(0))
        down = (layer.conj() * M).sum(1, keepdims=True)
    # The adjoint of the half-spectrum: the real part of a whole transform of what the bins got.
    whole = np.zeros((len(x), *size), complex)
    whole[..., : down.shape[-1]] = down[:, 0]
    signal = np.fft.ifft2(whole).real * np.prod(size)
    gradients = {
        "input": np.broadcast_to(signal[:, None], x.shape),
        "response": np.concatenate(responses)[:, None],
        "head": features.T @ cotangent,
    }
    return features @ head, gradients


def stacks():
    return [
        stack_case((7, 7), 3, (2, 3), 2),
        stack_case((13, 11), 1, (4,), 3),
        stack_case((14, 14), 2, (1, 2, 1), 1),
        stack_case((28, 28), 3, (6, 6, 12), 2),
        stack_case((150, 150), 3, (6, 6, 6, 6), 2),
    ]
