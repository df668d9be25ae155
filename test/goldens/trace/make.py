"""Golden of `normwise trace`: a small convnet trained by PyTorch, its checkpoints, and what it measured of itself.

Run with PyTorch 1.13 as `python3 make.py sgd` and `python3 make.py adamw`; each writes step-*.safetensors and golden.json
into a folder of that name beside this file. The data are
noise around ten patterns, with a tenth of the labels wrong, so that gradients stay noisy. Norms and rotations are
taken in float64 from the weights before and after every step: rotations as 2 asin(chord/2), their root mean square over the
steps between two checkpoints per channel, then the median over channels.
"""

import json
import sys
from pathlib import Path

import torch
from torch import nn

from save_safetensors import save_safetensors

optimizer_name = sys.argv[1]
here = Path(__file__).parent / optimizer_name
here.mkdir(exist_ok=True)
torch.manual_seed(0)
torch.set_num_threads(2)

model = nn.Sequential(
    *(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Conv2d(8, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU()),
    *(nn.Conv2d(12, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()),
    *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10)),
)
numbers = {
    "sgd": dict(lr=0.1, weight_decay=2e-3, momentum=0.9),
    "adamw": dict(lr=0.01, weight_decay=0.2, momentum=0.9),
}[optimizer_name]
if optimizer_name == "sgd":
    optimizer = torch.optim.SGD(model.parameters(), **numbers)
else:
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=numbers["lr"], betas=(0.9, 0.99), weight_decay=numbers["weight_decay"]
    )

patterns = torch.randn(10, 3, 10, 10)
labels = torch.randint(10, (2000,))
images = patterns[labels] * 0.5 + torch.randn(2000, 3, 10, 10)
labels = torch.where(torch.rand(2000) < 0.1, torch.randint(10, (2000,)), labels)

saved = [600, 601, 620, 640, 660, 680, 700]
tracked = ["0.weight", "4.weight", "7.weight"]
parameters = dict(model.named_parameters())


def flat():
    return {name: parameters[name].detach().double().flatten(1).clone() for name in tracked}


losses, checkpoints = [], []
squares = {name: 0 for name in tracked}
count = 0
for step in range(saved[-1] + 1):
    if step in saved:
        own = flat()
        save_safetensors(model.state_dict(), here / f"step-{step:05}.safetensors", step=step)
        record = {"step": step, "norm": {name: own[name].norm(dim=1).quantile(0.5).item() for name in tracked}}
        if checkpoints:
            record["rotation"] = {name: (squares[name] / count).sqrt().quantile(0.5).item() for name in tracked}
        checkpoints.append(record)
        squares = {name: 0 for name in tracked}
        count = 0
    before = flat()
    batch = torch.randint(2000, (64,))
    loss = nn.functional.cross_entropy(model(images[batch]), labels[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    after = flat()
    for name in tracked:
        chord = (after[name] / after[name].norm(dim=1, keepdim=True)) - (
            before[name] / before[name].norm(dim=1, keepdim=True)
        )
        squares[name] = squares[name] + (2 * torch.asin(chord.norm(dim=1) / 2)) ** 2
    count += 1

golden = {
    "origin": f"PyTorch {torch.__version__}, test/goldens/trace/make.py",
    "optimizer": optimizer_name,
    **numbers,
    "loss": sum(losses[-100:]) / 100,
    "checkpoints": checkpoints,
}
(here / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
