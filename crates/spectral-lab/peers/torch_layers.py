"""Times spectral layers and convolutions in PyTorch (float32)."""

from forms import conv, packaged_fft_conv, packaged_operator
from layers import (
    DenseFilter, FlipKK, GlobalFilter, LongConvolution, LowModes, PlainFftConv, PublishedKK, SharedGaussian,
    VectorKK,
)
from timing import run, time_module

# Name: how to build the layer, and the shape of its input.
CASES = {
    "conv3_64x1-16_14": (lambda: conv(1, 16, 3, bias=False), (64, 1, 14, 14)),
    "kk_literal_64x1-16_14": (lambda: PublishedKK(1, 16), (64, 1, 14, 14)),
    "kk_vector_64x1-16_14": (lambda: VectorKK(1, 16), (64, 1, 14, 14)),
    "kk_flip_64x1-16_14": (lambda: FlipKK(1, 16), (64, 1, 14, 14)),
    "conv3_64x16-32_7": (lambda: conv(16, 32, 3, bias=False), (64, 16, 7, 7)),
    "kk_literal_64x16-32_7": (lambda: PublishedKK(16, 32), (64, 16, 7, 7)),
    "kk_vector_64x16-32_7": (lambda: VectorKK(16, 32), (64, 16, 7, 7)),
    "kk_flip_64x16-32_7": (lambda: FlipKK(16, 32), (64, 16, 7, 7)),
    "conv3_64x16-32_28": (lambda: conv(16, 32, 3, bias=False), (64, 16, 28, 28)),
    "dense_64x16-32_28": (lambda: DenseFilter(16, 32, 28, 28), (64, 16, 28, 28)),
    "dense_32x64-64_32": (lambda: DenseFilter(64, 64, 32, 32), (32, 64, 32, 32)),
    "modes12_16x32-32_64": (lambda: LowModes(32, 32, 12, 12), (16, 32, 64, 64)),
    "neuralop24_16x32-32_64": (lambda: packaged_operator(32, 32, 24), (16, 32, 64, 64)),
    "gaussian_32x3-6_150": (lambda: SharedGaussian(6), (32, 3, 150, 150)),
    "globalfilter_32x14x14x384": (lambda: GlobalFilter(384, 14, 14), (32, 14, 14, 384)),
    "fftconv31_4x32-32_128": (lambda: packaged_fft_conv(32, 32, 31), (4, 32, 128, 128)),
    "fftconv31plain_4x32-32_128": (lambda: PlainFftConv(32, 32, 31), (4, 32, 128, 128)),
    "conv31_4x32-32_128": (lambda: conv(32, 32, 31), (4, 32, 128, 128)),
    "fftconv31dw_8x64_64": (lambda: packaged_fft_conv(64, 64, 31, 64), (8, 64, 64, 64)),
    "fftconv31dwplain_8x64_64": (lambda: PlainFftConv(64, 64, 31, 64), (8, 64, 64, 64)),
    "conv31dw_8x64_64": (lambda: conv(64, 64, 31, groups=64), (8, 64, 64, 64)),
    "longconv_4x256_8192": (lambda: LongConvolution(256, 8192), (4, 256, 8192)),
}

if __name__ == "__main__":
    run(__doc__, CASES, lambda case, budget: time_module(case[0](), case[1], budget))
