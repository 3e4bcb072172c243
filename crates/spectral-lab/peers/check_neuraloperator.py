"""Checks that neuraloperator loads state dicts and predicts the same.

    python check_neuraloperator.py FOLDER

For every NAME.safetensors in the folder, builds the FNO of the metadata entry "neuraloperator", loads the
tensors with `strict=True`, and compares its prediction for the `input` in NAME_example.safetensors with the
`prediction` there. Prints one line per file, and fails if a difference is above 1e-5 of the largest value.
"""

import json
import sys
from pathlib import Path

import torch
from neuralop.models import FNO
from safetensors import safe_open
from safetensors.torch import load_file

from neuraloperator_files import has_odd_axis, inverts_shift

LIMIT = 1e-5


def difference(path):
    """The largest difference, relative to the largest value."""
    with safe_open(path, "pt") as file:
        arguments = json.loads(file.metadata()["neuraloperator"])
    # Given by name there; both are the defaults.
    arguments = {name: value for name, value in arguments.items() if name not in ("non_linearity", "conv_module")}
    model = FNO(**{**arguments, "n_modes": tuple(arguments["n_modes"])}).eval()
    model.load_state_dict(load_file(path), strict=True)
    example = load_file(path.with_name(f"{path.stem}_example.safetensors"))
    if has_odd_axis(example["input"].shape) and not inverts_shift():
        return None
    with torch.no_grad():
        found = model(example["input"])
    expected = example["prediction"]
    if found.shape != expected.shape:
        raise SystemExit(f"{path.stem}: shape {list(found.shape)}, expected {list(expected.shape)}")
    return ((found - expected).abs().max() / expected.abs().max()).item()


def main():
    torch.set_num_threads(1)
    paths = sorted(path for path in Path(sys.argv[1]).glob("*.safetensors") if not path.stem.endswith("_example"))
    if not paths:
        raise SystemExit(f"no state dicts in {sys.argv[1]}")
    worst = 0.0
    for path in paths:
        found = difference(path)
        if found is None:
            print(f"{path.stem}: skipped, this release is wrong on odd sizes")
            continue
        print(f"{path.stem}: {found:.1e}")
        # A comparison with NaN is false.
        worst = max(worst, found if found <= LIMIT else float("inf"))
    if worst > LIMIT:
        raise SystemExit(f"a difference is above {LIMIT}")


if __name__ == "__main__":
    main()
