"""A whole training step: forward, loss, backward, and the optimizer's update."""

import time

import torch
from torch import nn
from torch.nn.functional import (
    binary_cross_entropy_with_logits, cross_entropy, mse_loss, one_hot,
)
from torch.nn.utils.parametrize import register_parametrization

from networks import NETWORKS


class AsComplex(nn.Module):
    """A complex tensor of a real one whose last axis holds both parts."""

    def forward(self, parts):
        return torch.view_as_complex(parts)


def keep_parts(module):
    """Keeps complex parameters as real ones, which are all that the fused optimizer takes."""
    for layer in list(module.modules()):
        for name, parameter in list(layer.named_parameters(recurse=False)):
            if parameter.is_complex():
                setattr(layer, name, nn.Parameter(torch.view_as_real(parameter.detach()).clone()))
                register_parametrization(layer, name, AsComplex(), unsafe=True)


def build_optimizer(module, settings, rate, implementation):
    if settings["kind"] != "adam":
        raise ValueError(f"no optimizer '{settings['kind']}' here; there is adam")
    return torch.optim.Adam(
        module.parameters(),
        lr=rate,
        betas=(settings["beta_1"], settings["beta_2"]),
        eps=settings["epsilon"],
        weight_decay=settings["weight_decay"],
        amsgrad=settings["amsgrad"],
        foreach=implementation == "foreach",
        fused=implementation == "fused",
    )


def criterion(loss, labels, targets, classes):
    """The loss of outputs, against `targets` if there are any, else against labels."""
    kind = loss["kind"]
    if kind == "cross-entropy":
        return lambda outputs: cross_entropy(outputs, labels, label_smoothing=loss["label_smoothing"])
    if targets is None:
        targets = one_hot(labels, classes).float()
    measure = {"mean-squared-error": mse_loss, "binary-cross-entropy": binary_cross_entropy_with_logits}
    return lambda outputs: measure[kind](outputs, targets)


class TimedStep:
    """A network in training with one batch: `module`, `inputs`, `loss` of its outputs, `optimizer`."""

    # What networks add to the loss, and what they do to their weights after the update.
    penalty = staticmethod(lambda: None)
    after_step = staticmethod(lambda: None)

    def count(self):
        """Trainable numbers; a complex weight is two."""
        return sum((1 + p.is_complex()) * p.numel() for p in self.module.parameters())

    def __call__(self):
        """Runs a step; milliseconds of its four parts."""
        times = [time.perf_counter()]

        def done():
            times.append(time.perf_counter())

        self.optimizer.zero_grad()
        outputs = self.module(self.inputs)
        done()
        loss = self.loss(outputs)
        penalty = self.penalty()
        if penalty is not None:
            loss = loss + penalty
        done()
        loss.backward()
        done()
        self.optimizer.step()
        self.after_step()
        done()
        return [1e3 * (after - before) for before, after in zip(times, times[1:])]


class Step(TimedStep):
    """A step on images.

    `settings`: `network`; `implementation` of the optimizer, `fused`, `foreach`, or `single` for
    PyTorch's default, a loop over the parameters; `channels_last` in memory; `shape` [batch,
    channels, height, width]; `classes`; `rebuilds`, whether outputs are compared with pixels;
    `loss`, `optimizer` and `rate` as `spectral` writes them.
    """

    def __init__(self, settings):
        shape, classes = settings["shape"], settings["classes"]
        self.module = NETWORKS[settings["network"]](shape[1:], classes)
        self.params = self.count()
        self.inputs = torch.randn(*shape)
        self.penalty = getattr(self.module, "penalty", lambda: None)
        self.after_step = getattr(self.module, "after_step", lambda: None)
        if settings["implementation"] == "fused":
            keep_parts(self.module)
        if settings["channels_last"]:
            self.module = self.module.to(memory_format=torch.channels_last)
            self.inputs = self.inputs.to(memory_format=torch.channels_last)
        self.optimizer = build_optimizer(
            self.module, settings["optimizer"], settings["rate"], settings["implementation"]
        )
        labels = torch.arange(shape[0]) % classes
        targets = torch.rand(*shape).flatten(1) if settings["rebuilds"] else None
        self.loss = criterion(settings["loss"], labels, targets, classes)
