"""Times whole training steps of the lab's networks in PyTorch, by their published recipes (float32).

Batch 64 and the fused Adam; cross-entropy, and squared error for cats and dogs.
"""

import statistics

from networks import NETWORKS
from steps import Step
from timing import median_ms, run

PARTS = ("forward_ms", "loss_ms", "backward_ms", "optimizer_ms")


def settings(name):
    adam = {"kind": "adam", "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "amsgrad": False}
    form = {"network": name, "implementation": "fused", "channels_last": False}
    common = {**form, "rate": 1e-3, "rebuilds": False}
    if name.startswith("cats"):
        sizes, loss = {"shape": (64, 3, 150, 150), "classes": 2}, {"kind": "mean-squared-error"}
        optimizer = {**adam, "epsilon": 1e-7, "weight_decay": 0.0}
    else:
        image = (3, 32, 32) if name.startswith(("cifar", "vgg", "cemnet-cifar", "tfdmnet")) else (1, 28, 28)
        sizes, loss = {"shape": (64, *image), "classes": 10}, {"kind": "cross-entropy", "label_smoothing": 0.0}
        optimizer = {**adam, "weight_decay": 5e-4}
    return {**common, **sizes, "loss": loss, "optimizer": optimizer}


def measure(name, budget):
    step, parts = Step(settings(name)), []
    fields = {"step_ms": median_ms(lambda: parts.append(step()), budget)}
    for part, samples in zip(PARTS, zip(*parts[2:])):
        fields[part] = round(statistics.median(samples), 3)
    fields["images_per_s"] = round(len(step.inputs) / fields["step_ms"] * 1e3)
    fields["params"] = step.params
    return fields


if __name__ == "__main__":
    run(__doc__, {name: name for name in NETWORKS}, measure)
