"""PyTorch ports of the lab's networks, by name: `NETWORKS[name](shape, classes)` for images of a shape
[channels, height, width]. Networks with several variants have the variant appended to the name.
"""

from functools import partial

from torch import nn

from cemnet import PRODUCTS, CemNet
from layers import DenseFilter, PublishedKK, VectorKK
from spectral_stack import Fourier, Gaussian, Linear, SpectralStack


def convolution(channels_in, channels_out, _size):
    return nn.Conv2d(channels_in, channels_out, 3, padding=1)


def published_kk(channels_in, channels_out, _size):
    return PublishedKK(channels_in, channels_out)


def vector_kk(channels_in, channels_out, _size):
    return VectorKK(channels_in, channels_out)


class FreeFilter(DenseFilter):
    """One free complex weight per output, input and frequency, and one bias per output."""

    def __init__(self, channels_in, channels_out, size):
        super().__init__(channels_in, channels_out, *size)
        self.bias = nn.Parameter(self.weight.new_zeros(channels_out, 1, 1).real.clone())

    def forward(self, x):
        return super().forward(x) + self.bias


def pooled(shape, classes, mixers=()):
    """Three blocks of pooling, mixing, norm and activation; `mixers` replace the first convolutions."""
    channels, *size = shape
    layers = []
    for mixer, width in zip([*mixers, *[convolution] * (3 - len(mixers))], (16, 32, 64)):
        size = [side // 2 for side in size]
        layers += [
            nn.MaxPool2d(2),
            mixer(channels, width, size),
            nn.BatchNorm2d(width),
            nn.LeakyReLU(0.01, inplace=True),
        ]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


def convolutional(shape, classes, kernel, widths, pools, hidden):
    """Stages of convolution, norm and activation, the first `pools` with pooling; dense layers."""
    channels, *size = shape
    layers = []
    for stage, width in enumerate(widths):
        layers += [
            nn.Conv2d(channels, width, kernel, padding=kernel // 2),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        ]
        channels = width
        if stage < pools:
            layers.append(nn.MaxPool2d(2))
            size = [side // 2 for side in size]
    layers.append(nn.Flatten())
    features = channels * size[0] * size[1]
    for units in hidden:
        layers += [nn.Linear(features, units), nn.ReLU(inplace=True)]
        features = units
    return nn.Sequential(*layers, nn.Linear(features, classes))


def head(features, classes, hidden=None, dropout=None):
    if not hidden:
        return nn.Linear(features, classes)
    return nn.Sequential(
        nn.Linear(features, hidden), nn.ReLU(inplace=True), nn.Dropout(dropout), nn.Linear(hidden, classes)
    )


class Residual(nn.Module):
    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        return self.body(x) + x


def image_stack(shape, classes, widths, residual=False, hidden=None, dropout=None):
    """Convolutions with ReLU, dropout after every second one, and a head on all pixels."""
    channels, height, width = shape
    layers = []
    for number, outputs in enumerate(widths, 1):
        layer = nn.Sequential(nn.Conv2d(channels, outputs, 3, padding=1), nn.ReLU(inplace=not residual))
        layers.append(Residual(layer) if residual and number > 1 else layer)
        if dropout and number % 2 == 0:
            layers.append(nn.Dropout(dropout))
        channels = outputs
    return nn.Sequential(*layers, nn.Flatten(), head(channels * height * width, classes, hidden, dropout))


def spectral_stack(shape, classes, layer, widths, hidden=None, dropout=None):
    """The same plan on spectra, as published."""
    _, height, width = shape
    features = 2 * height * (width // 2 + 1) * widths[-1]
    return SpectralStack(layer, widths, [height, width], head(features, classes, hidden, dropout), dropout)


CATS = (6, 6, 6, 6)
CATS_DEEP = (6, 6, 12, 12, 24, 24)
DIGITS = dict(widths=(6, 16), pooled=1, taps=5, hidden=(120, 84), rates=(0.4, 0.5))
COLOR = dict(widths=(64, 128, 256, 512, 512), pooled=5, taps=3, hidden=(512,), rates=(0.5, 0.5))
CIFAR = dict(widths=(32, 32, 64, 64, 128, 128), hidden=128, dropout=0.2)

NETWORKS = {
    "cnn": pooled,
    "kk1_vector": partial(pooled, mixers=(vector_kk,)),
    "kk1_published": partial(pooled, mixers=(published_kk,)),
    "kk2_vector": partial(pooled, mixers=(vector_kk, vector_kk)),
    "kk2_published": partial(pooled, mixers=(published_kk, published_kk)),
    "free1": partial(pooled, mixers=(FreeFilter,)),
    "free2": partial(pooled, mixers=(FreeFilter, FreeFilter)),
    "lenet": partial(convolutional, kernel=5, widths=(6, 16), pools=1, hidden=(120, 84)),
    "vgg": partial(convolutional, kernel=3, widths=(64, 128, 256, 512, 512), pools=5, hidden=(512,)),
    "cats-spatial": partial(image_stack, widths=CATS),
    "cats-spatial-deep": partial(image_stack, widths=CATS_DEEP),
    "cats-fourier": partial(spectral_stack, layer=Fourier, widths=CATS),
    "cats-linear": partial(spectral_stack, layer=Linear, widths=CATS),
    "cats-gaussian": partial(spectral_stack, layer=Gaussian, widths=CATS),
    "cats-gaussian-deep": partial(spectral_stack, layer=Gaussian, widths=CATS_DEEP),
    "cifar-spatial": partial(image_stack, **CIFAR),
    "cifar-linear": partial(spectral_stack, layer=Linear, **CIFAR),
    "cifar-residual-spatial": partial(image_stack, widths=(64,) * 11, residual=True),
}

# CEMNet and TFDMNet, each in every way its product can be written, which follows the name.
FREE = dict(free=True, fixation="projection")
SPECTRA = {
    "cemnet-mnist": {**DIGITS, **FREE},
    "cemnet-mnist-unfixed": {**DIGITS, "free": True},
    "cemnet-mnist-penalty": {**DIGITS, **FREE, "fixation": "penalty"},
    "cemnet-mnist-taps": DIGITS,
    "cemnet-cifar": COLOR,
    "cemnet-cifar-projected": {**COLOR, **FREE},
    "cemnet-cifar-unfixed": {**COLOR, "free": True},
    "cemnet-cifar-penalty": {**COLOR, **FREE, "fixation": "penalty"},
    "tfdmnet-cifar": {**COLOR, "spatial": 3},
}
REPAIRED = {
    "cemnet-mnist-repaired": DIGITS,
    "cemnet-cifar-repaired": COLOR,
}
for plans, products in ((SPECTRA, PRODUCTS), (REPAIRED, ("spectra", "images"))):
    for name, plan in plans.items():
        for product in products:
            NETWORKS[f"{name}_{product}"] = partial(CemNet, product=product, **plan)
