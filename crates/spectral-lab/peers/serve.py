"""Times variants of layers and training steps on request of another program.

Reads one JSON object per line from stdin and answers each with one on stdout; sleeps between
requests. `python serve.py THREADS` first prints {"ready": "PyTorch VERSION"}.

{"do": "prepare", "key": …, "form": NAME, "arguments": […], "shape": […]}   builds and warms up: {}
{"do": "time", "key": …, "pass": "forward" | "both", "seconds": S, "most": N}   {"ms": [sample, …]}
{"do": "forget"}                                                            drops all that was built: {}
{"do": "peak", "form": …, "arguments": …, "shape": …}                       {"mb": M or null}

A whole training step is asked for by {"step": SETTINGS} (see `steps.py`), or {"operator": SETTINGS} for
one of a neural operator (see `operators.py`), in place of the form: then "prepare" answers {"params": N},
and the pass "step" {"ms": [sample, …], "parts": [[forward, loss, backward, optimizer], …]}. A network that
is applied to its own output is asked for by {"rollout": SETTINGS}, with the pass "rollout".

A failure is {"error": TEXT}, or {"missing": PACKAGE} for one that is not installed. Times are
milliseconds, one a call. `peak` is the memory that building a form and two of its training passes
take above what the process held before, in a fork of its own; the process must not have computed
anything before, because a fork has none of its threads.
"""

import json
import os
import sys


def answer_on(stream, value):
    stream.write(json.dumps(value) + "\n")
    stream.flush()


def failure(error):
    if isinstance(error, ModuleNotFoundError):
        return {"missing": error.name}
    return {"error": f"{type(error).__name__}: {error}"}


def build(request):
    """What can be timed, by name: both passes of a variant on one standard normal input, from a fixed
    random cotangent; or a step; or a rollout."""
    import torch

    torch.manual_seed(0)
    if "step" in request:
        from steps import Step

        return {"step": Step(request["step"])}
    if "operator" in request:
        from operators import OperatorStep

        return {"step": OperatorStep(request["operator"])}
    if "rollout" in request:
        from operators import Rollout

        return {"rollout": Rollout(request["rollout"])}

    from forms import FORMS
    from timing import passes

    module = FORMS[request["form"]](*request["arguments"])
    return dict(zip(("forward", "both"), passes(module, request["shape"])))


def samples(work, seconds, most):
    """Milliseconds of as many calls as fit into `seconds`, at least one, and what they returned."""
    import time

    taken, returned, start = [], [], time.perf_counter()
    while len(taken) < most:
        before = time.perf_counter()
        returned.append(work())
        after = time.perf_counter()
        taken.append(1e3 * (after - before))
        if after - start >= seconds:
            break
    return taken, returned


def timed(prepared, request):
    taken, returned = samples(prepared[request["pass"]], request["seconds"], request["most"])
    return {"ms": taken, "parts": returned} if request["pass"] == "step" else {"ms": taken}


def status(field):
    """A field of the process's memory in MB, none if the system does not tell."""
    try:
        with open("/proc/self/status") as lines:
            for line in lines:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    return None


def peak_here(request):
    """The peak memory of a variant and its passes in this process."""
    # The libraries' own code and tables, which no form is to be charged with.
    small = {"form": "plain_fft_conv", "arguments": [1, 1, 3], "shape": [1, 1, 8, 8]}
    if "step" in request:
        small = {"step": {**request["step"], "network": "cnn", "shape": [2, 1, 8, 8]}}
    for kind in ("operator", "rollout"):
        if kind in request:
            sizes = {"shape": [1, 1, 8, 8], "hidden": 2, "modes": [4, 4], "steps": 2}
            small = {kind: {**request[kind], **sizes}}
    for work in build(small).values():
        work()
    try:
        with open("/proc/self/clear_refs", "w") as control:
            control.write("5")
    except OSError:
        return {"mb": None}
    level = status("VmRSS")
    prepared = build(request)
    work = prepared.get("both") or next(iter(prepared.values()))
    for _ in range(2):
        work()
    peak = status("VmHWM")
    return {"mb": None if level is None or peak is None else peak - level}


def peak(request):
    if not hasattr(os, "fork"):
        return {"mb": None}
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reader)
            try:
                value = peak_here(request)
            except Exception as error:
                value = failure(error)
            with os.fdopen(writer, "w") as stream:
                answer_on(stream, value)
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as stream:
        text = stream.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else {"error": "the process that measures memory ended early"}


def main():
    # What packages print must not mix with the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        import torch
    except ModuleNotFoundError as error:
        answer_on(answers, failure(error))
        return
    torch.set_num_threads(int(sys.argv[1]))
    answer_on(answers, {"ready": f"PyTorch {torch.__version__}"})

    built = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "prepare":
                built[request["key"]] = prepared = build(request)
                for work in prepared.values():
                    work()
                work = prepared.get("step") or prepared.get("rollout")
                value = {"params": work.params} if work else {}
            elif request["do"] == "time":
                value = timed(built[request["key"]], request)
            elif request["do"] == "forget":
                built.clear()
                value = {}
            elif request["do"] == "peak":
                value = peak(request)
            else:
                value = {"error": f"unknown request {request['do']}"}
        except Exception as error:
            value = failure(error)
        answer_on(answers, value)


if __name__ == "__main__":
    main()
