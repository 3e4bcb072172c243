"""Trains neuraloperator's FNO on its small Darcy set, with the settings of its example.

Modes 8x8, 24 channels, 4 layers; AdamW at 1e-2 with weight decay 1e-4, a cosine over 30 epochs of which
15 run, batches of 64, relative H1 loss of normalized outputs; relative L2 and H1 errors on the test
samples at 16x16 and, unchanged, at 32x32. Training samples are shuffled.

    python neuraloperator_darcy.py FOLDER --seed 0 1 2

reads `darcy_train_16.npz`, `darcy_test_16.npz` and `darcy_test_32.npz` (`x` and `y`, [sample, row,
column]) and prints one JSON object per epoch, and one with the errors and the seconds of each run.
"""

import argparse
import json
import time
from pathlib import Path

import numpy
import torch
from neuralop.data.transforms.normalizers import UnitGaussianNormalizer
from neuralop.losses import H1Loss, LpLoss
from neuralop.models import FNO
from neuralop.training import AdamW
from neuralop.utils import count_model_params

EPOCHS, COSINE, BATCH = 15, 30, 64


def load(path):
    """Inputs and targets of a file, [sample, 1, row, column]."""
    arrays = numpy.load(path)
    return [torch.from_numpy(arrays[name].astype(numpy.float32)).unsqueeze(1) for name in ("x", "y")]


def network():
    return FNO(n_modes=(8, 8), in_channels=1, out_channels=1, hidden_channels=24, projection_channel_ratio=2)


def epoch(model, optimizer, loss, inputs, targets):
    """One pass over the shuffled samples; the mean loss per sample."""
    model.train()
    total = 0.0
    for indices in torch.randperm(len(inputs)).split(BATCH):
        optimizer.zero_grad(set_to_none=True)
        value = loss(model(inputs[indices]), targets[indices])
        value.backward()
        optimizer.step()
        total += value.item()
    return total / len(inputs)


@torch.no_grad()
def errors(model, normalizer, inputs, targets):
    """Mean relative errors per sample."""
    model.eval()
    outputs = normalizer.inverse_transform(model(inputs))
    measures = {"l2": LpLoss(d=2, p=2), "h1": H1Loss(d=2)}
    return {name: measure(outputs, targets).item() / len(inputs) for name, measure in measures.items()}


def train(folder, seed, epochs):
    torch.manual_seed(seed)
    inputs, targets = load(folder / "darcy_train_16.npz")
    tests = {size: load(folder / f"darcy_test_{size}.npz") for size in (16, 32)}
    normalizer = UnitGaussianNormalizer(dim=[0, 1, 2, 3])
    normalizer.fit(targets)
    targets = normalizer.transform(targets)
    model = network()
    optimizer = AdamW(model.parameters(), lr=1e-2, weight_decay=1e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=COSINE)
    loss, seconds = H1Loss(d=2), 0.0
    for index in range(epochs):
        start = time.perf_counter()
        value = epoch(model, optimizer, loss, inputs, targets)
        scheduler.step()
        seconds += time.perf_counter() - start
        print(json.dumps({"seed": seed, "epoch": index + 1, "loss": value}), flush=True)
    found = {f"{name}_{size}": value
             for size, test in tests.items()
             for name, value in errors(model, normalizer, *test).items()}
    return {"seed": seed, "params": count_model_params(model), "train_s": seconds, **found}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for seed in arguments.seed:
        print(json.dumps(train(arguments.folder, seed, arguments.epochs)), flush=True)
