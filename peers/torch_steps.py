"""Times whole training steps of the Fashion-MNIST network, convolutional and spectral, in PyTorch.

Batch 64 of 1x28x28 float32, Adam with learning rate 1e-3 and weight decay 5e-4, cross-entropy.
"""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from layers import DenseFilter, PublishedKK, VectorKK
from timing import median_ms, run

BATCH = 64


def convolution(channels_in, channels_out, _size):
    return nn.Conv2d(channels_in, channels_out, 3, padding=1)


def published_kk(channels_in, channels_out, _size):
    return PublishedKK(channels_in, channels_out)


def vector_kk(channels_in, channels_out, _size):
    return VectorKK(channels_in, channels_out)


def free(channels_in, channels_out, size):
    return DenseFilter(channels_in, channels_out, size, size)


def network(*mixers):
    """Three blocks of pooling, mixing, norm and activation; `mixers` replace the first convolutions."""
    widths, sizes = (1, 16, 32, 64), (14, 7, 3)
    blocks = []
    for block, mixer in enumerate([*mixers, *[convolution] * (3 - len(mixers))]):
        blocks += [
            nn.MaxPool2d(2),
            mixer(widths[block], widths[block + 1], sizes[block]),
            nn.BatchNorm2d(widths[block + 1]),
            nn.LeakyReLU(0.01),
        ]
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


CASES = {
    "cnn_step": (),
    "kk1_step": (published_kk,),
    "kk2_step": (published_kk, published_kk),
    "kk1_vector_step": (vector_kk,),
    "kk2_vector_step": (vector_kk, vector_kk),
    "free1_step": (free,),
    "free2_step": (free, free),
}


def measure(mixers, budget):
    """Forward and backward are those of the network and its loss; the step adds Adam's update."""
    model = network(*mixers)
    optimizer = torch.optim.Adam(
        model.parameters(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=5e-4
    )
    images, labels = torch.randn(BATCH, 1, 28, 28), torch.randint(0, 10, (BATCH,))

    def forward():
        with torch.no_grad():
            cross_entropy(model(images), labels)

    def both():
        optimizer.zero_grad()
        cross_entropy(model(images), labels).backward()

    def step():
        both()
        optimizer.step()

    fields = {"fwd_ms": median_ms(forward, budget), "fwdbwd_ms": median_ms(both, budget)}
    fields["step_ms"] = median_ms(step, budget)
    fields["images_per_s"] = round(BATCH / fields["step_ms"] * 1e3)
    # A complex weight is two real numbers.
    fields["params"] = sum((1 + p.is_complex()) * p.numel() for p in model.parameters())
    return fields


if __name__ == "__main__":
    run(__doc__, CASES, measure)
