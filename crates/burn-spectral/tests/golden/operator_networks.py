"""Whole neural operators: the FNO and the U-NO, from the parts in `operators`."""

import math

import torch
from torch.nn import functional as F

from operators import (
    NEURALOP, Network, agrees_with_neuraloperator, block, corners_of, described, even, form, load_block, load_mlp, mlp,
    resample, skip,
)
from support import text


def with_grid(x, grid):
    """The coordinates as channels, in float64."""
    if not grid:
        return x
    steps = [n if grid == "half-open" else max(n - 1, 1) for n in x.shape[2:]]
    axes = [torch.arange(n, dtype=torch.float64) / s for n, s in zip(x.shape[2:], steps)]
    planes = torch.stack(torch.meshgrid(*axes, indexing="ij"))
    return torch.cat([x, planes.expand(x.shape[0], *planes.shape)], 1)


def zeros(n, fraction):
    return round(n * fraction)


def pad(x, padding):
    pairs = [(zeros(n, f) if padding["symmetric"] else 0, zeros(n, f)) for n, f in zip(x.shape[2:], padding["fractions"])]
    return F.pad(x, [n for pair in reversed(pairs) for n in pair])


def crop(x, padding, size):
    for a, (n, f) in enumerate(zip(size, padding["fractions"])):
        x = x.narrow(2 + a, zeros(n, f) if padding["symmetric"] else 0, n)
    return x


def network(kind, size, channels, batch, grid, lifting, projection, padding, blocks, **more):
    inn, out = channels
    name = f"{kind}{len(size)}d.b{batch}.{inn}-{out}.{text(size)}.{blocks}" + ".padded" * bool(padding)
    return Network(
        name + (f".{grid}" if grid else ""), kind=kind, size=list(size), channels=list(channels), grid=grid,
        lifting=lifting, projection=projection, padding=padding, **more,
    )


def fno_case(
    size, modes, form, channels=(1, 1), hidden=3, layers=2, batch=2, grid="half-open", lifting=None, projection=5,
    padding=None,
):
    case = network(
        "fno", size, channels, batch, grid, lifting, projection, padding, f"k{text(modes)}.{layers}x{described(form)}",
        modes=list(modes), hidden=hidden, layers=layers, **form,
    )
    inn, out = channels
    case.leaf("input", (batch, inn, *size))
    hidden_of = lambda first, middle, last: [n for n in (first, middle, last) if n]  # noqa: E731
    case.mlp("lifting", hidden_of(inn + len(size) * bool(grid), lifting, hidden))
    for index in range(layers):
        case.block(form, (hidden, hidden), modes, f"blocks.{index}.")
    case.mlp("projection", hidden_of(hidden, projection, out))
    corners = corners_of(form["counting"], modes)

    def function(input, **p):
        x = mlp(with_grid(input, grid), p, "lifting")
        if padding:
            x = pad(x, padding)
        for index in range(layers):
            x = block(x, p, form, corners, index + 1 < layers, f"blocks.{index}.")
        if padding:
            x = crop(x, padding, size)
        return mlp(x, p, "projection")

    output, cotangent = case.finish(function)
    padded = [n + 2 * zeros(n, f) for n, f in zip(size, padding["fractions"])] if padding else size
    if form == NEURALOP and even(padded) and grid == "half-open" and not (padding and not padding["symmetric"]):
        from neuralop.models import FNO

        theirs = FNO(
            modes, inn, out, hidden, n_layers=layers, lifting_channel_ratio=lifting / hidden,
            projection_channel_ratio=projection / hidden,
            domain_padding=padding and list(padding["fractions"]),
        )
        load_mlp(theirs.lifting, case.leaves, "lifting")
        load_mlp(theirs.projection, case.leaves, "projection")
        for index in range(layers):
            load_block(theirs.fno_blocks, index, case.leaves, f"blocks.{index}.")
        agrees_with_neuraloperator(case, theirs, output, cotangent, case.leaves["input"])
    return case


def fno():
    """Fourier neural operators in the plain form and in that of neuraloperator, padded and not."""
    check_count()
    one_sided = dict(fractions=[0.25], symmetric=False)
    symmetric = dict(fractions=[0.25, 0.25], symmetric=True)
    plain = form()
    return [
        fno_case((16,), (5,), plain, grid="closed"), fno_case((13,), (7,), plain, (2, 3), layers=1),
        fno_case((11,), (6,), NEURALOP, lifting=6, projection=6, batch=1), fno_case((8,), (8,), NEURALOP, lifting=6, projection=6),
        fno_case((14,), (4,), form(local="zeros"), padding=one_sided, grid=None, projection=None),
        fno_case((8, 10), (3, 3), plain, (1, 2), grid="closed", layers=3), fno_case((7, 11), (2, 3), plain, hidden=2),
        fno_case((8, 8), (4, 4), NEURALOP, lifting=6, projection=6, layers=3),
        fno_case((6, 9), (5, 4), NEURALOP, (2, 1), hidden=4, lifting=8, projection=8, batch=1),
        fno_case((8, 8), (6, 6), NEURALOP, lifting=6, projection=6, padding=symmetric),
        fno_case((5, 7), (2, 4), form(norm="group"), padding=dict(fractions=[0.0, 0.3], symmetric=False)),
        fno_case((4, 4, 6), (2, 2, 2), NEURALOP, hidden=2, lifting=4, projection=4),
        fno_case((5, 4, 7), (1, 2, 2), plain, hidden=2, grid="closed", batch=1),
    ]


def check_count():
    """The number of parameters that the Rust tests expect, complex ones counted as two."""
    from neuralop.models import FNO

    model = FNO((8, 8), 1, 1, 24)
    assert sum(p.numel() * (2 if p.is_complex() else 1) for p in model.parameters()) == 191_881


def uno_case(
    size, layers, form, channels=(1, 1), hidden=2, batch=2, connection="identity", activation=True, grid="half-open",
    lifting=None, projection=5, padding=None, connections=None,
):
    """`layers`: of each block the output channels, the modes and the scaling along every axis."""
    count = len(layers)
    if connections is None:
        connections = [[i, count - 1 - i] for i in range(count // 2)]
    case = network(
        "uno", size, channels, batch, grid, lifting, projection, padding,
        f"{count}x{described(form)}.{connection}" + ".linear" * (not activation), hidden=hidden,
        layers=[dict(channels=c, modes=list(m), scaling=list(s)) for c, m, s in layers], connection=connection,
        connections=connections, activation=activation, **form,
    )
    inn, out = channels
    source = {to: (index, start) for index, (start, to) in enumerate(connections)}
    case.leaf("input", (batch, inn, *size))
    hidden_of = lambda first, middle, last: [n for n in (first, middle, last) if n]  # noqa: E731
    case.mlp("lifting", hidden_of(inn + len(size) * bool(grid), lifting, hidden))
    current = hidden
    for index, (width, modes, _) in enumerate(layers):
        if index in source:
            current += layers[source[index][1]][0]
        case.block(form, (current, width), modes, f"blocks.{index}.")
        current = width
    for index, (start, _) in enumerate(connections):
        case.skip(f"connections.{index}", connection, layers[start][0], layers[start][0])
    case.mlp("projection", hidden_of(current, projection, out))
    total = [math.prod(scaling) for scaling in zip(*(scaling for _, _, scaling in layers))]

    def function(input, **p):
        x = mlp(with_grid(input, grid), p, "lifting")
        if padding:
            x = pad(x, padding)
        last = [round(n * t) for n, t in zip(x.shape[2:], total)]
        kept = {}
        for index, (_, modes, scaling) in enumerate(layers):
            if index in source:
                number, start = source[index]
                earlier = skip(kept[start], connection, p, f"connections.{number}")
                x = torch.cat([x, resample(earlier, x.shape[2:])], 1)
            sizes = last if index + 1 == count else [round(n * s) for n, s in zip(x.shape[2:], scaling)]
            corners = corners_of(form["counting"], modes)
            x = block(x, p, form, corners, activation and index + 1 < count, f"blocks.{index}.", sizes)
            kept[index] = x
        if padding:
            x = crop(x, padding, size)
        return mlp(x, p, "projection")

    output, cotangent = case.finish(function)
    # Without changes of resolution neuraloperator's network is this one.
    unscaled = all(s == 1 for _, _, scaling in layers for s in scaling)
    if unscaled and form["counting"] == "centered" and even(size) and not padding:
        from contextlib import redirect_stdout
        from io import StringIO
        from neuralop.models import UNO

        with redirect_stdout(StringIO()):
            theirs = UNO(
                inn, out, hidden, lifting, projection, n_layers=count, uno_out_channels=[c for c, _, _ in layers],
                uno_n_modes=[list(m) for _, m, _ in layers], uno_scalings=[list(s) for _, _, s in layers],
                horizontal_skip=connection, channel_mlp_skip=form["mlp"],
            )
        load_mlp(theirs.lifting, case.leaves, "lifting")
        load_mlp(theirs.projection, case.leaves, "projection")
        for index in range(count):
            load_block(theirs.fno_blocks[index], 0, case.leaves, f"blocks.{index}.")
        for index, (start, _) in enumerate(connections):
            target = theirs.horizontal_skips[str(start)].conv
            target.weight.data = case.leaves[f"connections.{index}.weight"].detach().reshape(target.weight.shape)
        agrees_with_neuraloperator(case, theirs, output, cotangent, case.leaves["input"])
    return case


def uno():
    """U-shaped neural operators: resolutions that halve and double, odd sizes, own connections."""
    plain, theirs = form(), form("centered", mlp="linear")
    five = [(2, 1), (3, 0.5), (3, 1), (2, 2), (2, 1)]
    layers = lambda modes, axes: [(c, [modes] * axes, [s] * axes) for c, s in five]  # noqa: E731
    return [
        uno_case((16,), layers(3, 1), plain), uno_case((13,), layers(2, 1), plain, (2, 3), batch=1),
        uno_case((8, 10), layers(2, 2), plain, grid="closed"), uno_case((7, 9), layers(2, 2), theirs, connection="linear"),
        uno_case(
            (8, 8), [(2, [4, 4], [1, 1]), (3, [4, 3], [1, 1]), (2, [2, 4], [1, 1])], theirs, hidden=3, lifting=4,
            connection="linear", activation=False,
        ),
        uno_case(
            (9, 6), [(2, [2, 2], [1, 1]), (2, [2, 1], [0.5, 0.75]), (3, [2, 1], [2, 4 / 3])], plain, grid=None,
            connection="soft-gating", connections=[[0, 1]], padding=dict(fractions=[0.25, 0.5], symmetric=True),
            projection=None,
        ),
        uno_case((5, 4, 6), [(2, [1, 1, 2], [1] * 3), (2, [1, 1, 2], [0.8, 1, 0.5]), (1, [1, 1, 2], [1.25, 1, 2])], plain, batch=1),
    ]


