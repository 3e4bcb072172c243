"""Writes small state dicts of neuraloperator's FNO and TFNO, each with an input and its prediction.

    python neuraloperator_files.py FOLDER                     # the cases that this installation computes correctly
    python neuraloperator_files.py FOLDER --case fno_2d --pt  # one case, also as a .pt file

NAME.safetensors holds the state dict; its metadata entry "neuraloperator" is a JSON object of the
constructor's arguments. NAME_example.safetensors holds `input` and `prediction`. NAME.pt is what
`torch.save(model.state_dict())` writes.

Release 2.0.0 shifts spectra back by the wrong number of bins where an axis other than the last has an
odd size; such cases are skipped with it (install from the repository).
"""

import argparse
import json
from pathlib import Path

import torch
from neuralop.layers.spectral_convolution import SpectralConv
from neuralop.models import FNO, TFNO
from safetensors.torch import save_file

# Constructor, arguments, and the input's shape.
CASES = {
    "fno_1d": (FNO, {"n_modes": [6], "in_channels": 1, "out_channels": 1, "hidden_channels": 4, "n_layers": 2}, [2, 1, 17]),
    "fno_2d": (FNO, {"n_modes": [4, 5], "in_channels": 2, "out_channels": 1, "hidden_channels": 3, "n_layers": 3}, [2, 2, 8, 7]),
    "fno_2d_odd": (FNO, {"n_modes": [5, 4], "in_channels": 1, "out_channels": 2, "hidden_channels": 3, "n_layers": 2}, [2, 1, 9, 11]),
    "fno_3d": (FNO, {"n_modes": [4, 3, 4], "in_channels": 1, "out_channels": 1, "hidden_channels": 3, "n_layers": 2}, [1, 1, 6, 5, 7]),
    "fno_gated": (FNO, {
        "n_modes": [4, 4], "in_channels": 1, "out_channels": 1, "hidden_channels": 4, "n_layers": 2,
        "fno_skip": "soft-gating", "channel_mlp_skip": "linear", "norm": "group_norm",
        "positional_embedding": None, "channel_mlp_expansion": 1.5, "lifting_channel_ratio": 1.5,
    }, [2, 1, 8, 6]),
    "fno_plain": (FNO, {
        "n_modes": [4, 4], "in_channels": 1, "out_channels": 1, "hidden_channels": 4, "n_layers": 2,
        "fno_skip": "identity", "channel_mlp_skip": "identity", "norm": "instance_norm",
    }, [2, 1, 8, 6]),
    "fno_batch_norm": (FNO, {
        "n_modes": [4, 4], "in_channels": 1, "out_channels": 1, "hidden_channels": 4, "n_layers": 2,
        "norm": "batch_norm",
    }, [2, 1, 8, 6]),
    "fno_no_skips": (FNO, {
        "n_modes": [4, 4], "in_channels": 1, "out_channels": 1, "hidden_channels": 4, "n_layers": 2,
        "fno_skip": None, "channel_mlp_skip": None,
    }, [2, 1, 8, 6]),
    "fno_padded": (FNO, {
        "n_modes": [4, 4], "in_channels": 1, "out_channels": 1, "hidden_channels": 3, "n_layers": 2,
        "domain_padding": [0.25, 0.3],
    }, [2, 1, 8, 10]),
    "tfno_1d_cp": (TFNO, {
        "n_modes": [8], "in_channels": 1, "out_channels": 1, "hidden_channels": 4, "n_layers": 2,
        "factorization": "CP", "rank": 0.6,
    }, [2, 1, 15]),
    "tfno_2d_tt": (TFNO, {
        "n_modes": [4, 4], "in_channels": 1, "out_channels": 1, "hidden_channels": 3, "n_layers": 1,
        "factorization": "TT", "rank": 0.5,
    }, [1, 1, 8, 8]),
    "tfno_2d_tucker": (TFNO, {
        "n_modes": [4, 6], "in_channels": 1, "out_channels": 1, "hidden_channels": 4, "n_layers": 2,
        "factorization": "Tucker", "rank": 0.4,
    }, [2, 1, 10, 9]),
    "tfno_3d_tucker": (TFNO, {
        "n_modes": [4, 3, 4], "in_channels": 1, "out_channels": 1, "hidden_channels": 3, "n_layers": 1,
        "factorization": "Tucker", "rank": 0.3, "implementation": "reconstructed",
    }, [1, 1, 6, 5, 8]),
}


def inverts_shift():
    """Whether a convolution keeps a constant constant on an odd grid."""
    layer = SpectralConv(1, 1, (3, 2), bias=False)
    with torch.no_grad():
        return layer(torch.ones(1, 1, 5, 4)).std().item() < 1e-6


def has_odd_axis(shape):
    return any(size % 2 for size in shape[2:-1])


def build(constructor, arguments):
    model = constructor(**{**arguments, "n_modes": tuple(arguments["n_modes"])}).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            # So that gates and norms, which start as ones and zeros, show where they are applied.
            if (parameter == parameter.flatten()[0]).all():
                parameter.add_(0.3 * torch.randn_like(parameter))
        for name, buffer in model.named_buffers():
            if "running" in name:
                buffer.add_(0.3 * torch.rand_like(buffer))
    return model


def plain(value):
    """An argument as JSON has it; modules and functions by name."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return getattr(value, "__name__", type(value).__name__)


def arguments_of(model):
    """The arguments a model was built with, defaults included."""
    found = {"factorization": model.factorization, "rank": model.rank}
    kept = {key: value for key, value in model._init_kwargs.items() if not key.startswith("_")}
    kept.pop("args", None)
    return {key: plain(value) for key, value in {**kept, **found}.items()}


def write(folder, name, constructor, arguments, shape, pt):
    torch.manual_seed(0)
    model = build(constructor, arguments)
    x = torch.randn(*shape)
    with torch.no_grad():
        prediction = model(x)
    tensors = {key: value for key, value in model.state_dict().items() if key != "_metadata"}
    metadata = {"neuraloperator": json.dumps(arguments_of(model))}
    save_file(tensors, folder / f"{name}.safetensors", metadata=metadata)
    save_file({"input": x, "prediction": prediction}, folder / f"{name}_example.safetensors")
    if pt:
        torch.save(model.state_dict(), folder / f"{name}.pt")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--case", nargs="+", choices=list(CASES), default=list(CASES), metavar="NAME")
    parser.add_argument("--pt", action="store_true", help="also write .pt files")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    correct = inverts_shift()
    for name in chosen.case:
        constructor, arguments, shape = CASES[name]
        if has_odd_axis(shape) and not correct:
            print(f"{name}: skipped, this release is wrong on odd sizes")
            continue
        write(chosen.folder, name, constructor, arguments, shape, chosen.pt)
        print(name)
