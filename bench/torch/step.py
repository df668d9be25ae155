"""The PyTorch side of `npm run bench`: one training step after another, on command.

Reads a JSON object per line: {"model": "vgg11" | "resnet20", "width": 1, "threads": 2, "channelsLast": false,
"batch": 128, "steps": 5}, and answers each with {"seconds": ..., "peakMegabytes": ...}, or {"error": ...}. The first
line it writes says what it is: {"versions": {"torch": ..., "python": ...}}. The first run of a configuration is to be
counted as warm-up by whoever asks.
"""

import json
import platform
import resource
import sys
import time

import torch
import torch.nn.functional as F

from networks import NETWORKS, normalize


class Trainer:
    """A network with SGD (momentum, decay on all parameters) and one batch of random bytes."""

    def __init__(self, model, width, channels_last, batch):
        generator = torch.Generator().manual_seed(1)
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.net = NETWORKS[model](width).to(memory_format=self.format)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
        self.images = torch.randint(0, 256, (batch, 3, 32, 32), generator=generator, dtype=torch.uint8)
        self.labels = torch.randint(0, 10, (batch,), generator=generator)

    def step(self):
        x = normalize(self.images.float()).to(memory_format=self.format)
        loss = F.cross_entropy(self.net(x), self.labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.item()


def answer(line, trainers):
    ask = json.loads(line)
    key = (ask["model"], ask.get("width", 1), ask.get("channelsLast", False), ask.get("batch", 128))
    torch.set_num_threads(ask.get("threads", 1))
    if key not in trainers:
        trainers.clear()
        trainers[key] = Trainer(*key)
    start = time.perf_counter()
    for _ in range(ask.get("steps", 1)):
        trainers[key].step()
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "peakMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main():
    say = lambda message: print(json.dumps(message), flush=True)
    say({"versions": {"torch": torch.__version__, "python": platform.python_version()}})
    trainers = {}
    for line in sys.stdin:
        try:
            say(answer(line, trainers))
        except Exception as error:  # the asker decides what a failure means
            say({"error": f"{type(error).__name__}: {error}"})


main()
