"""Batch normalization in training, leaky rectifier, max-pool."""

import numpy as np
import torch
import torch.nn.functional as F

from support import Case, same, text


def norm_case(shape, slope, pool=None):
    window, stride, padding = pool or (1, 1, 0)
    case = Case(
        f"norm.{text(shape)}.s{slope}.w{window}.{stride}.{padding}",
        slope=slope, epsilon=1e-5, window=[window] * 2, stride=[stride] * 2, padding=[padding] * 2,
    )
    case.leaf("input", shape)
    case.leaf("gamma", (shape[1],))
    case.leaf("beta", (shape[1],))

    def function(input, gamma, beta):
        y = F.batch_norm(input, None, None, gamma, beta, training=True, eps=1e-5)
        return F.max_pool2d(F.leaky_relu(y, slope), window, stride, padding)

    output, _ = case.finish(function)
    x, gamma, beta = (case.leaves[key].detach().numpy() for key in ("input", "gamma", "beta"))
    mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
    case.store("mean", mean)
    case.store("variance", variance)
    column = lambda values: values[:, None, None]
    z = (x - column(mean)) / np.sqrt(column(variance) + 1e-5) * column(gamma) + column(beta)
    z = np.where(z > 0, z, slope * z)
    z = np.pad(z, ((0, 0), (0, 0), (padding, padding), (padding, padding)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(z, (window, window), axis=(2, 3))
    same(windows[:, :, ::stride, ::stride].max((4, 5)), output, case.name)
    return case


def norm():
    make = norm_case
    two = (2, 2, 0)
    return [
        make((3, 2, 4, 5), 0.01), make((5, 3, 1, 1), 0.0), make((2, 3, 7, 7), 0.01, two), make((4, 17, 3, 3), 0.0, two),
        make((2, 1, 8, 33), 0.2, two), make((2, 2, 6, 9), 0.01, (3, 2, 1)), make((1, 2, 5, 5), 1.0, (2, 1, 0)),
    ]
