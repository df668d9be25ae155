"""Which weights are scale-invariant, by numbers alone: /usr/bin/python3 test/goldens/zoo/oracle.py [NAME …]

Runs the models of models.py in training mode and float64, with every epsilon at 1e-12, and asks for each parameter
(PyTorch's names, groups along axis 0) for the finest group whose scale does not matter: each channel, each head (blocks
of rows, in attention only), the tensor as a whole, or none. A weight w is scale-invariant where <w, dL/dw> = 0 for every
cotangent of the outputs (Euler), so that each group's product is taken for two random ones; a group found so is then
scaled by random factors between 1/2 and 2 and the outputs are compared.

Writes oracle.json. Of each parameter:
  invariance   channel | head | tensor | none; a pair that must be scaled together counts as none here
  channels     [invariant, without effect, all]: how many of its channels are which
  effect       false where the outputs do not depend on it
  products     <w, dL/dw> / (|w| |dL/dw|) of the whole tensor, for each cotangent
  euler        <w, dL/dw> of the whole tensor, for each: for a joint invariance, these sum to nothing
  moved        by how much the outputs changed, relative to the largest, when the groups were scaled; null if not tried
"""

import json
import math
import os
import sys

import torch
import torchvision
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

from models import HEADS, LENGTH, NAMES, TOKENS, build, example  # noqa: E402

EPSILON, BATCH, SIZE = 1e-12, 2, 64
SIZES = {"swin_t": 224}  # several windows in every stage
OPTIONS = {"vit_b_16": {"image_size": SIZE}}
INVARIANT = 1e-6  # largest |<w, g>| / (|w| |g|) that counts as 0
STILL = 1e-7  # largest relative change of the outputs that counts as none
IDLE = 1e-10  # largest |w| |g|, relative to the largest of all parameters, that counts as no effect


def inputs(name):
    if name in ("bert", "gpt"):  # every token occurs, at some place
        random = torch.Generator().manual_seed(3)
        return torch.randperm(TOKENS, generator=random).view(-1, LENGTH)
    return example(name, SIZES.get(name, SIZE), BATCH, torch.float64)


def heads_of(net):
    """The numbers of heads in the module that each parameter belongs to."""
    found = {}
    for path, module in net.named_modules():
        count = getattr(module, "num_heads", None)
        if isinstance(module, nn.MultiheadAttention) or count is not None:
            found.update({f"{path}.{key}": count for key, _ in module.named_parameters()})
        if type(module).__name__ == "GptBlock":
            found.update({f"{path}.{key}": HEADS for key, _ in module.named_parameters() if "ln" not in key})
    return found


def blocks_of(parameter, count):
    """The parameter as [blocks, elements of a block]."""
    return parameter.reshape(count, -1)


def products(parameter, gradient, count):
    """<w, g>, |w| |g| of each of `count` blocks of rows."""
    w, g = blocks_of(parameter, count), blocks_of(gradient, count)
    return (w * g).sum(1), w.norm(dim=1) * g.norm(dim=1)


class Oracle:
    def __init__(self, name):
        self.net = build(name, **OPTIONS.get(name, {})).double()
        for module in self.net.modules():
            if isinstance(getattr(module, "eps", None), float):
                module.eps = EPSILON
        self.x = inputs(name)
        self.heads = heads_of(self.net)
        self.random = torch.Generator().manual_seed(4)
        y = self.net(self.x)
        self.y = y.detach()
        names, parameters = zip(*self.net.named_parameters())
        self.gradients = []
        for last in (False, True):
            cotangent = torch.randn(y.shape, generator=self.random, dtype=y.dtype)
            slopes = torch.autograd.grad(y, parameters, cotangent, retain_graph=not last)
            self.gradients.append(dict(zip(names, slopes)))
        self.largest = [max((p.norm() * g[n].norm()).item() for n, p in zip(names, parameters)) for g in self.gradients]

    def groups(self, name, parameter, count):
        """Of each of `count` blocks, whether its scale does not matter and whether it has no effect at all."""
        still = torch.ones(count, dtype=torch.bool)
        idle = torch.ones(count, dtype=torch.bool)
        for gradient, largest in zip(self.gradients, self.largest):
            product, size = products(parameter.detach(), gradient[name], count)
            nothing = size <= IDLE * largest
            still &= nothing | (product.abs() <= INVARIANT * size)
            idle &= nothing
        return still & ~idle, idle

    def moved(self, parameter, count):
        """The largest change of the outputs, relative to the largest output, when each block is scaled."""
        factors = torch.exp2(2 * torch.rand((count, 1), generator=self.random, dtype=torch.float64) - 1)
        kept = parameter.detach().clone()
        with torch.no_grad():
            parameter.copy_((blocks_of(kept, count) * factors).reshape(kept.shape))
            change = (self.net(self.x) - self.y).abs().max() / self.y.abs().max()
            parameter.copy_(kept)
        return change.item()

    def verdict(self, name, parameter):
        rows = parameter.shape[0]
        invariant, idle = self.groups(name, parameter, rows)
        entry = {
            "invariance": "none",
            "channels": [int(invariant.sum()), int(idle.sum()), rows],
            "effect": not bool(idle.all()),
            "products": [],
            "euler": [],
            "moved": None,
        }
        for gradient in self.gradients:
            product, size = products(parameter.detach(), gradient[name], 1)
            entry["products"].append(float(f"{product.item() / max(size.item(), 1e-300):.3e}"))
            entry["euler"].append(product.item())
        heads = self.heads.get(name)
        candidates = [("channel", rows)]
        candidates += [("head", n * heads) for n in (3, 1) if heads and rows % (n * heads) == 0 and rows > n * heads]
        candidates += [("tensor", 1)]
        for kind, count in candidates:
            invariant, idle = self.groups(name, parameter, count)
            if bool((invariant | idle).all()):
                change = self.moved(parameter, count)
                if change > STILL:
                    raise SystemExit(f"{name}: products say {kind}, but scaling moves the outputs by {change}")
                return {**entry, "invariance": kind, "moved": float(f"{change:.1e}")}
        if abs(entry["products"][0]) < 100 * INVARIANT:
            print(f"  {name}: near the edge", entry, flush=True)
        return entry


def layout(golden):
    """JSON with one line for each parameter."""
    models = []
    for name, weights in golden["models"].items():
        lines = ",\n".join(f"      {json.dumps(key)}: {json.dumps(value)}" for key, value in weights.items())
        models.append(f"    {json.dumps(name)}: {{\n{lines}\n    }}")
    rest = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items() if key != "models"]
    return "{\n" + ",\n".join(rest) + ',\n  "models": {\n' + ",\n".join(models) + "\n  }\n}\n"


if __name__ == "__main__":
    path = os.path.join(HERE, "oracle.json")
    golden = {"made by": "test/goldens/zoo/oracle.py", "torch": torch.__version__, "torchvision": torchvision.__version__}
    models = json.load(open(path))["models"] if os.path.exists(path) else {}
    torch.set_num_threads(1)
    for model in sys.argv[1:] or NAMES:
        oracle = Oracle(model)
        models[model] = {key: oracle.verdict(key, value) for key, value in oracle.net.named_parameters()}
        kinds = [entry["invariance"] if entry["effect"] else "no effect" for entry in models[model].values()]
        print(model, {kind: kinds.count(kind) for kind in sorted(set(kinds))}, flush=True)
        golden["models"] = {key: models[key] for key in NAMES if key in models}
        with open(path, "w") as file:
            file.write(layout(golden))
