"""Median times of a forward pass and of a training pass, one JSON object per line."""

import argparse
import json
import statistics
import time

import torch


def median_ms(work, budget):
    """Median over as many calls as fit into `budget` seconds, at least 3 and at most 40."""
    work()
    start = time.perf_counter()
    work()
    once = time.perf_counter() - start
    samples = []
    for _ in range(max(3, min(40, int(budget / max(once, 1e-6))))):
        start = time.perf_counter()
        work()
        samples.append(1e3 * (time.perf_counter() - start))
    return round(statistics.median(samples), 3)


def passes(module, shape):
    """The forward pass, and the forward and backward pass, of a module, or of a function without
    parameters, on one standard normal input.

    Forward alone runs without gradients; forward and backward takes them for the input and for
    every parameter, from a fixed random cotangent.
    """
    x = torch.randn(*shape, requires_grad=True)
    leaves = [x, *(module.parameters() if isinstance(module, torch.nn.Module) else ())]
    with torch.no_grad():
        cotangent = torch.randn_like(module(x))

    def forward():
        with torch.no_grad():
            module(x)

    def both():
        for leaf in leaves:
            leaf.grad = None
        module(x).backward(cotangent)

    return forward, both


def time_module(module, shape, budget):
    """Times both passes of a module; see `passes`."""
    forward, both = passes(module, shape)
    return {"fwd_ms": median_ms(forward, budget), "fwdbwd_ms": median_ms(both, budget)}


def run(description, cases, measure):
    """The command line: times the cases named by --case (default: all).

    `measure(case, budget)` returns the fields to print. A case whose package is not installed is
    reported as skipped and does not stop the others.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--case", nargs="+", choices=list(cases), default=list(cases), metavar="NAME")
    parser.add_argument("--list", action="store_true", help="print the names of the cases and exit")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--budget", type=float, default=1.0, help="seconds of samples for each number")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(cases))
        return
    torch.set_num_threads(arguments.threads)
    for name in arguments.case:
        torch.manual_seed(0)
        try:
            fields = measure(cases[name], arguments.budget)
        except ModuleNotFoundError as error:
            fields = {"skipped": f"needs the package {error.name}"}
        print(json.dumps({"case": name, **fields}), flush=True)
