"""The PyTorch side of `npm run bench`: one training step after another, on command.

Reads a JSON object per line: {"model": "vgg11", "threads": 2, "channelsLast": false, "batch": 128, "warmSteps": 1,
"steps": 5}, and answers each with {"seconds": ..., "peakMegabytes": ..., "processorSeconds": ..., "parameters": ...,
"about": ...}, or {"error": ...}. `seconds` are those of the steps behind the warm-up. With "profile": true the answer
also has "operators", where the time of the steps went. The first line it writes says what it is:
{"versions": {"torch": ..., "python": ..., "productGigaflops": ...}}. A process trains one configuration.
"""

import json
import os
import platform
import resource
import sys
import time

import torch

from trainers import faster_update, trainer_of


def prepare(ask):
    """The configuration's trainer, with the faster of the optimizer's two ways to update."""
    foreach = faster_update(ask)
    trainer = trainer_of(ask, foreach)
    about = trainer.about + ("" if foreach is None else f", foreach={foreach}")
    return trainer, about


def operators(trainer, steps):
    """Milliseconds of the fastest step by PyTorch's own operators, those inside one another not counted twice."""
    profiles = []
    for _ in range(steps):
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
            trainer.step()
        profiles.append([
            {"kind": event.key, "count": event.count, "milliseconds": event.self_cpu_time_total / 1000}
            for event in profile.key_averages()
        ])
    return min(profiles, key=lambda events: sum(event["milliseconds"] for event in events))


def answer(ask, trainer, about):
    for _ in range(ask.get("warmSteps", 0)):
        trainer.step()
    steps = ask["steps"]
    start = time.perf_counter()
    for _ in range(steps):
        trainer.step()
    seconds = time.perf_counter() - start
    times = os.times()
    return {
        "seconds": seconds,
        "peakMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "processorSeconds": times.user + times.system,
        "parameters": sum(parameter.numel() for parameter in trainer.parameters),
        "about": about,
        **({"operators": operators(trainer, steps)} if ask.get("profile") else {}),
    }


def product_rate():
    """10^9 operations per second of a small matrix product: about 1 with the reference BLAS, 50 and more with a real one."""
    a = torch.ones(256, 256)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        a @ a
        seconds.append(time.perf_counter() - start)
    return 2 * 256**3 / min(seconds) / 1e9


def main():
    say = lambda message: print(json.dumps(message), flush=True)
    versions = {"torch": torch.__version__, "python": platform.python_version()}
    say({"versions": {**versions, "productGigaflops": f"{product_rate():.1f}"}})
    prepared = None
    for line in sys.stdin:
        try:
            ask = json.loads(line)
            torch.set_num_threads(ask["threads"])
            prepared = prepared or prepare(ask)
            say(answer(ask, *prepared))
        except Exception as error:  # the asker decides what a failure means
            say({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":  # the process that tries the updates imports this file
    main()
