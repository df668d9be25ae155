"""Makes the golden gradients of this folder: /usr/bin/python3 test/goldens/torchvision/make.py

Each file holds what torchvision's network, in float64 and training mode, makes of two generated images of 33 x 33 pixels:
logits, mean cross-entropy and its gradients, as summaries; and the shapes of all its tensors, by their names.
"""

import json
import os
import sys

import torch
import torch.nn.functional as F
import torchvision

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../training")]

from generator import hashes, initial, summary, uniform  # noqa: E402

SEED, BATCH, SIZE, CLASSES = 1, 2, 33, 10  # the smallest size that leaves the last stage more than one pixel


def make(name):
    net = getattr(torchvision.models, name)(num_classes=CLASSES).double().train()
    start = {key: value for key, value in net.state_dict().items() if value.dim()}  # num_batches_tracked is a scalar
    net.load_state_dict({key: torch.from_numpy(initial(SEED, key, tuple(v.shape))) for key, v in start.items()}, False)
    shape = (BATCH, 3, SIZE, SIZE)
    x = torch.from_numpy(uniform(f"{SEED}/images", BATCH * 3 * SIZE * SIZE).reshape(shape))
    labels = (hashes(f"{SEED}/labels", BATCH) % CLASSES).astype("int64")
    logits = net(x)
    loss = F.cross_entropy(logits, torch.from_numpy(labels))
    loss.backward()
    golden = {
        "made by": "test/goldens/torchvision/make.py",
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "model": name,
        "seed": SEED,
        "images": shape,
        "classes": CLASSES,
        "loss": loss.item(),
        "logits": logits.flatten().tolist(),
        "shapes": {key: list(value.shape) for key, value in start.items()},
        "gradients": {key: summary(key, p.grad.numpy()) for key, p in net.named_parameters()},
    }
    with open(os.path.join(HERE, f"{name}.json"), "w") as file:
        file.write(layout(golden) + "\n")


def layout(golden):
    """JSON with one line for each tensor's summary."""
    gradients = ",\n".join(f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in golden["gradients"].items())
    rest = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items() if key != "gradients"]
    return "{\n" + ",\n".join(rest) + ',\n  "gradients": {\n' + gradients + "\n  }\n}"


if __name__ == "__main__":
    for model in ("resnet18", "resnet50"):
        make(model)
