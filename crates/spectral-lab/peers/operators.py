"""Fourier neural operators in training and in rollouts: neuraloperator's own, and one in plain PyTorch.

`settings` of both: `network`, a name in `NETWORKS`; `shape` [batch, channels, height, width] of inputs and
outputs; `hidden` channels, `layers` and `modes` per axis as neuraloperator counts them.
"""

import torch
from neuralop.losses import H1Loss
from neuralop.models import FNO
from neuralop.training import AdamW
from torch import nn
from torch.nn.functional import gelu

from layers import LowModes
from steps import TimedStep, keep_parts


def packaged(channels, hidden, layers, modes):
    return FNO(
        n_modes=tuple(modes), in_channels=channels, out_channels=channels, hidden_channels=hidden,
        n_layers=layers, projection_channel_ratio=2,
    )


def perceptron(channels_in, hidden, channels_out):
    return nn.Sequential(nn.Conv2d(channels_in, hidden, 1), nn.GELU(), nn.Conv2d(hidden, channels_out, 1))


class Block(nn.Module):
    """A block with a linear skip, and a channel MLP with a gated one."""

    def __init__(self, hidden, modes, is_last):
        super().__init__()
        rows, columns = modes
        if rows % 2:
            raise ValueError(f"an even number of modes of the first axis, not {rows}")
        self.spectral = LowModes(hidden, hidden, rows // 2, columns // 2 + 1)
        self.bias = nn.Parameter(torch.zeros(hidden, 1, 1))
        self.skip = nn.Conv2d(hidden, hidden, 1, bias=False)
        self.mlp = perceptron(hidden, round(hidden / 2), hidden)
        self.gate = nn.Parameter(torch.ones(hidden, 1, 1))
        self.activation = nn.Identity() if is_last else gelu

    def forward(self, x):
        y = self.activation(self.spectral(x) + self.bias + self.skip(x))
        return self.activation(self.mlp(y) + self.gate * x)


class PlainFno(nn.Module):
    """The network of `packaged` in 1x1 convolutions and `LowModes`, which touches only the kept modes."""

    def __init__(self, channels, hidden, layers, modes):
        super().__init__()
        self.lifting = perceptron(channels + 2, 2 * hidden, hidden)
        self.blocks = nn.Sequential(*(Block(hidden, modes, index == layers - 1) for index in range(layers)))
        self.projection = perceptron(hidden, 2 * hidden, channels)

    def forward(self, x):
        size = x.shape[-2:]
        rows, columns = (torch.arange(n, dtype=x.dtype) / n for n in size)
        grid = torch.stack(torch.meshgrid(rows, columns, indexing="ij"))
        x = torch.cat([x, grid.expand(len(x), 2, *size)], 1)
        return self.projection(self.blocks(self.lifting(x)))


NETWORKS = {
    "neuraloperator": packaged,
    "plain_fno": PlainFno,
}


def build(settings):
    return NETWORKS[settings["network"]](
        settings["shape"][1], settings["hidden"], settings["layers"], settings["modes"]
    )


def optimizer_of(module, settings, rate, implementation):
    if settings["kind"] != "adamw":
        raise ValueError(f"no optimizer '{settings['kind']}' here; there is adamw")
    common = {
        "lr": rate, "betas": (settings["beta_1"], settings["beta_2"]), "eps": settings["epsilon"],
        "weight_decay": settings["weight_decay"],
    }
    if implementation == "neuraloperator":
        return AdamW(module.parameters(), **common)
    which = {"foreach": implementation == "foreach", "fused": implementation == "fused"}
    return torch.optim.AdamW(module.parameters(), **common, **which)


class OperatorStep(TimedStep):
    """A training step with the relative H1 loss by periodic differences.

    `settings` have besides: `implementation` of AdamW, `neuraloperator`, `foreach` or `fused`; `optimizer`
    and `rate` as `spectral` writes them.
    """

    def __init__(self, settings):
        self.module = build(settings)
        self.params = self.count()
        if settings["implementation"] == "fused":
            keep_parts(self.module)
        self.inputs = torch.randn(*settings["shape"])
        self.optimizer = optimizer_of(
            self.module, settings["optimizer"], settings["rate"], settings["implementation"]
        )
        targets, measure = torch.randn(*settings["shape"]), H1Loss(d=2)
        self.loss = lambda outputs: measure(outputs, targets)


class Rollout:
    """`steps` applications of a network to its own output."""

    def __init__(self, settings):
        self.module = build(settings).eval()
        self.params = sum((1 + p.is_complex()) * p.numel() for p in self.module.parameters())
        self.start = torch.randn(*settings["shape"])
        self.steps = settings["steps"]

    @torch.inference_mode()
    def __call__(self):
        state = self.start
        for _ in range(self.steps):
            state = self.module(state)
        if not state.abs().max().isfinite():
            raise ValueError("the rollout diverged")
