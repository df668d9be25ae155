"""Makes the golden trainings of this folder: /usr/bin/python3 test/goldens/foreign-training/make.py FOLDER

torchvision's networks with 10 classes and generated weights, exported to FOLDER/NAME.onnx in training form before the first
step (scripts/strip-onnx.ts makes the fixtures here: the weights are generated, so that a test can put them back), then 20
steps of SGD on generated batches; dropout is off. Losses are PyTorch's in float64 and in float32, and those of the
network as it was.

Rates and sizes are ones at which rounding stays small: fresh batch-norm networks are chaotic. At a rate of 5e-4 on 8 images of
64 pixels PyTorch's own float32 is 1% from its float64 after 20 steps of ResNet-18, and 10% for MobileNetV2.
"""

import json
import os
import sys

import torch
import torch.nn.functional as F
import torchvision
from torch.onnx import TrainingMode

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../training")]

from generator import images, initial  # noqa: E402

SEED, STEPS, CLASSES = 1, 20, 10
SGD = {"momentum": 0.9, "weight_decay": 5e-4}
TRAININGS = {
    "resnet18": {"model": "resnet18", "batch": 8, "size": 64, "lr": 3e-5},
    "mobilenet_v2": {"model": "mobilenet_v2", "batch": 16, "size": 128, "lr": 5e-6},
    "mobilenet_v2-small": {"model": "mobilenet_v2", "batch": 4, "size": 64, "lr": 5e-6},
}


def build(name, dtype):
    net = getattr(torchvision.models, name)(num_classes=CLASSES).to(dtype)
    start = {key: value for key, value in net.state_dict().items() if value.dim()}  # num_batches_tracked is a scalar
    net.load_state_dict({key: torch.from_numpy(initial(SEED, key, tuple(v.shape))) for key, v in start.items()}, False)
    for module in net.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return net.train()


def train(model, batch, size, lr, dtype=torch.float64):
    net = build(model, dtype)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, **SGD)
    losses = []
    for step in range(1, STEPS + 1):
        pixels, labels = images(SEED, step, batch, size)
        x = (torch.from_numpy(pixels).to(dtype) / 255 - 0.5) / 0.25
        loss = F.cross_entropy(net(x), torch.from_numpy(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def export(name, path):
    free = {0: "batch", 2: "height", 3: "width"}
    torch.onnx.export(
        build(name, torch.float32),
        torch.zeros(2, 3, 64, 64),
        path,
        training=TrainingMode.TRAINING,
        do_constant_folding=False,
        opset_version=13,
        input_names=["input"],
        output_names=["output"],
        dynamic_axes={"input": free, "output": {0: "batch"}},
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    folder, *names = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    for name in names or TRAININGS:
        options = TRAININGS[name]
        export(options["model"], os.path.join(folder, f"{options['model']}.onnx"))
        golden = {
            "made by": "test/goldens/foreign-training/make.py",
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
            "seed": SEED,
            **options,
            **SGD,
            "float32": train(**options, dtype=torch.float32),
            "losses": train(**options),
            "untrained": train(**{**options, "lr": 0.0}),
        }
        apart = [abs(a - b) / a for a, b in zip(golden["losses"], golden["float32"])]
        print(name, "float32 from float64:", " ".join(f"{each:.0e}" for each in apart), flush=True)
        with open(os.path.join(HERE, f"{name}.json"), "w") as file:
            file.write(json.dumps(golden, indent=1) + "\n")
