"""Spectral convolutions whose weight on the lowest modes is in CP or Tucker form."""

import numpy as np
import torch

from modes import kept, spread
from support import Case, half, same, staged_irfftn, text


def dense(form, leaves, rank):
    """The weight [out, in, kept…]: one einsum over all factors."""
    axes = "klm"[:rank]
    modes = [leaves[f"mode{a}"] for a in range(rank)]
    if form == "cp":
        equation = ",".join(["r", "or", "ir", *(f"{k}r" for k in axes)]) + f"->oi{axes}"
        return torch.einsum(equation, leaves["scale"], leaves["outputs"], leaves["inputs"], *modes)
    ranks = "xyz"[:rank]
    equation = ",".join([f"pq{ranks}", "op", "iq", *(k + e for k, e in zip(axes, ranks))]) + f"->oi{axes}"
    return torch.einsum(equation, leaves["core"], leaves["outputs"], leaves["inputs"], *modes)


def low_rank_case(form, size, corners, ranks, channels=(2, 3), batch=2, to=None):
    inn, out = channels
    to = size if to is None else to
    rank = len(size)
    counted = [p + n for p, n in corners]
    case = Case(
        f"{form}{rank}d.b{batch}.{inn}-{out}.{text(size)}.to{text(to)}.k{text(counted)}.r{text(ranks)}",
        form=form, size=list(size), to=list(to), positive=[p for p, _ in corners], negative=[n for _, n in corners],
    )
    case.leaf("input", (batch, inn, *size))
    if form == "cp":
        case.leaf("scale", ranks, is_complex=True)
        widths = [ranks[0]] * (rank + 2)
    else:
        case.leaf("core", ranks, is_complex=True)
        widths = ranks
    case.leaf("outputs", (out, widths[0]), is_complex=True)
    case.leaf("inputs", (inn, widths[1]), is_complex=True)
    for a in range(rank):
        case.leaf(f"mode{a}", (counted[a], widths[a + 2]), is_complex=True)
    axes = tuple(range(2, 2 + rank))

    def function(input, **factors):
        W = dense(form, factors, rank)
        X = torch.fft.rfftn(input, dim=axes, norm="forward")
        bins = np.ix_(*(kept(n, *corner) for n, corner in zip(half(size), corners)))
        X = X[(..., *(torch.from_numpy(i) for i in bins))]
        letters = "klm"[:rank]
        Y = torch.einsum(f"bi{letters},oi{letters}->bo{letters}", X, W)
        return staged_irfftn(spread(Y, to, corners), to, axes, "forward")

    output, _ = case.finish(function)
    if to == size:
        values = {key: value.detach() for key, value in case.leaves.items()}
        x = values.pop("input").numpy()
        W = spread(dense(form, values, rank), size, corners).numpy()
        letters = "klm"[:rank]
        Y = np.einsum(f"bi{letters},oi{letters}->bo{letters}", np.fft.rfftn(x, axes=axes), W)
        same(output, np.fft.irfftn(Y, s=size, axes=axes), case.name)
    return case


def low_rank():
    make = low_rank_case
    return [
        make("cp", (12,), ((5, 0),), (4,)), make("cp", (13,), ((7, 0),), (3,), batch=1, to=(16,)),
        make("cp", (8, 9), ((3, 3), (4, 0)), (5,)), make("cp", (7, 8), ((3, 2), (5, 0)), (2,), (3, 1), 1),
        make("cp", (10, 6), ((2, 3), (3, 0)), (3,), to=(7, 11)), make("cp", (5, 6, 7), ((2, 2), (2, 1), (3, 0)), (3,)),
        make("tucker", (12,), ((5, 0),), (2, 2, 3)), make("tucker", (13,), ((7, 0),), (3, 1, 4), batch=1, to=(16,)),
        make("tucker", (8, 9), ((3, 3), (4, 0)), (2, 1, 4, 3)), make("tucker", (7, 8), ((3, 2), (5, 0)), (1, 2, 3, 5), (3, 1), 1),
        make("tucker", (10, 6), ((2, 3), (3, 0)), (3, 2, 2, 2), to=(7, 11)),
        make("tucker", (5, 6, 7), ((2, 2), (2, 1), (3, 0)), (2, 2, 3, 2, 2)),
        make("tucker", (4, 5, 4), ((2, 2), (3, 2), (3, 0)), (2, 1, 2, 3, 2), to=(6, 5, 8)),
    ]
