"""Makes the golden trainings of this folder: /usr/bin/python3 test/goldens/training/make.py

Each file holds ten steps of SGD by PyTorch in float64, as summaries, and how far PyTorch's own float32 is from them.

The seeds are ones with no gate near its edge: rounding in float32 moves no ReLU and no pooling winner in any of the ten
steps. With other seeds one gate or another flips in one program and not in the next, by chance, and turns a distance of
1e-6 into 1e-3 (ResNet-20: into 0.5 by the tenth step); comparing two such distances would measure luck. To be robust, a
seed must survive all of FLOAT32_SETTINGS and PERTURBATIONS, weights changed by up to 2^-22 of themselves before training:
every gradient must stay within CALM of the truth. `make.py --search resnet20 60` tries seeds for 60 s. ResNet-20 has a
batch of two and a smaller rate because such seeds are too rare otherwise.
"""

import json
import os
import sys
import time

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../../../bench/torch")]

from generator import hashes, images, initial, summary, uniform  # noqa: E402
from networks import NETWORKS, normalize  # noqa: E402

SGD = {"momentum": 0.9, "weight_decay": 5e-4}
STEPS, RECORDED = 10, (1, 10)
TRAININGS = {
    "vgg11-quarter": {"model": "vgg11", "width": 0.25, "batch": 8, "lr": 0.05, "seed": 8},
    "resnet20": {"model": "resnet20", "width": 1.0, "batch": 2, "lr": 0.01, "seed": 162},
}
FLOAT32_SETTINGS = {
    "default, 1 thread": {"threads": 1},
    "default, 2 threads": {"threads": 2},
    "channels_last, 2 threads": {"threads": 2, "channels_last": True},
}
PERTURBATIONS = [1, 2, 3]
CALM = 3e-5


class Training:
    """A network from generated weights and its optimizer; each step is on a generated batch."""

    def __init__(
        self, model, width, batch, lr, seed, dtype=torch.float64, channels_last=False, nesterov=False, perturbation=None
    ):
        self.seed, self.batch, self.dtype, self.count = seed, batch, dtype, 0
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.net = NETWORKS[model](width).to(dtype)
        start = self.net.state_dict()
        for name, value in start.items():
            if value.dim():  # num_batches_tracked is a scalar
                start[name] = torch.from_numpy(initial(seed, name, tuple(value.shape)))
        self.net.load_state_dict(start)
        self.net.to(memory_format=self.format)
        if perturbation is not None:
            random = torch.Generator().manual_seed(perturbation)
            with torch.no_grad():
                for p in self.net.parameters():
                    p.mul_(1 + torch.randint(-1, 2, p.shape, generator=random) * 2.0**-22)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=lr, nesterov=nesterov, **SGD)

    def step(self):
        self.count += 1
        pixels, labels = images(self.seed, self.count, self.batch)
        x = normalize(torch.from_numpy(pixels).to(self.dtype)).to(memory_format=self.format)
        loss = F.cross_entropy(self.net(x), torch.from_numpy(labels))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def kinds(self):
        """The tensors after a step: gradients of that step, updated parameters, updated running statistics."""
        copy = lambda pairs: {name: value.detach().double().contiguous() for name, value in pairs if value.dim()}
        return {
            "gradients": copy((name, p.grad) for name, p in self.net.named_parameters()),
            "parameters": copy(self.net.named_parameters()),
            "statistics": copy(self.net.named_buffers()),
        }


def squares(tensors):
    return sum(float((value * value).sum()) for value in tensors.values())


def distance(tensors, truth):
    """Relative L2 distance of all tensors as one vector, and of each."""
    difference = {name: tensors[name] - value for name, value in truth.items()}
    each = {name: float(difference[name].norm() / value.norm()) for name, value in truth.items()}
    return {"whole": (squares(difference) / squares(truth)) ** 0.5, "each": each}


def run(options, threads=2, **more):
    torch.set_num_threads(threads)
    training = Training(**options, **more)
    losses, recorded = [], {}
    for count in range(1, STEPS + 1):
        losses.append(training.step())
        if count in RECORDED:
            recorded[count] = {
                kind: {name: value.clone() for name, value in tensors.items()}
                for kind, tensors in training.kinds().items()
            }
    return losses, recorded


def nesterov(options, steps=3):
    training = Training(**options, nesterov=True)
    losses = [training.step() for _ in range(steps)]
    parameters = {name: summary(name, value.numpy()) for name, value in training.kinds()["parameters"].items()}
    return {"losses": losses, "parameters": parameters}


def make(name, options):
    losses, truth = run(options)
    steps = {
        str(count): {
            kind: {key: summary(key, value.numpy()) for key, value in tensors.items()}
            for kind, tensors in kinds.items()
        }
        for count, kinds in truth.items()
    }
    float32 = {}
    for setting, how in FLOAT32_SETTINGS.items():
        own, recorded = run(options, dtype=torch.float32, **how)
        distances = {
            str(count): {kind: distance(recorded[count][kind], tensors) for kind, tensors in kinds.items()}
            for count, kinds in truth.items()
        }
        float32[setting] = {"losses": own, "distance": distances}
    sample = initial(options["seed"], "conv1.weight", (16, 3, 3, 3)).reshape(-1)
    pixels, labels = images(options["seed"], 1, options["batch"])
    golden = {
        "made by": "test/goldens/training/make.py",
        "torch": torch.__version__,
        **options,
        **SGD,
        "generator": {
            "hashes": [int(v) for v in hashes("pin", 4)],
            "uniform": [float(v) for v in uniform("pin", 4)],
            "initial": [float(v) for v in sample[:4]],
            "pixels": [int(v) for v in pixels.reshape(-1)[:8]],
            "pixelSum": int(pixels.sum()),
            "labels": [int(v) for v in labels],
        },
        "losses": losses,
        "steps": steps,
        "float32": float32,
    }
    if options["model"] == "vgg11":
        golden["nesterov"] = nesterov(options)
    with open(os.path.join(HERE, f"{name}.json"), "w") as file:
        file.write(layout(golden) + "\n")


def layout(value, depth=0):
    """JSON with one line for each tensor."""
    if isinstance(value, dict) and "norm" not in value and any(isinstance(v, dict) for v in value.values()):
        inner = [f'{"  " * (depth + 1)}{json.dumps(key)}: {layout(v, depth + 1)}' for key, v in value.items()]
        return "{\n" + ",\n".join(inner) + "\n" + "  " * depth + "}"
    return json.dumps(value)


def calm(options):
    """Steps (up to ten) that all float32 trainings stay with the truth, and their distances in the last."""
    torch.set_num_threads(1)
    truth = Training(**options)
    variants = [{"channels_last": False}, {"channels_last": True}, *({"perturbation": p} for p in PERTURBATIONS)]
    others = [Training(**options, dtype=torch.float32, **variant) for variant in variants]
    for count in range(1, STEPS + 1):
        truth.step()
        gradients = truth.kinds()["gradients"]
        distances = []
        for other in others:
            other.step()
            distances.append(distance(other.kinds()["gradients"], gradients)["whole"])
            if not distances[-1] < CALM:
                return count - 1, distances
    return STEPS, distances


def own_distances(options):
    """Distances of the last gradient in each of FLOAT32_SETTINGS."""
    truth = run(options)[1][STEPS]["gradients"]
    for how in FLOAT32_SETTINGS.values():
        yield distance(run(options, dtype=torch.float32, **how)[1][STEPS]["gradients"], truth)["whole"]


def search(name, seconds, seed=0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        steps, distances = calm({**TRAININGS[name], "seed": seed})
        if steps == STEPS:
            print(seed, distances + list(own_distances({**TRAININGS[name], "seed": seed})), flush=True)
        seed += 1
    print(f"{seed} seeds")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--search"]:
        search(sys.argv[2], float(sys.argv[3]), *map(int, sys.argv[4:]))
    else:
        for key, chosen in TRAININGS.items():
            make(key, chosen)
