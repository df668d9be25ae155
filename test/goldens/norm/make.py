"""Makes torch.json: /usr/bin/python3 test/goldens/norm/make.py

Normalizations of PyTorch in float64: all inputs, the output, running statistics, and the gradients of sum(c * output).
"""

import json
import os

import torch
import torch.nn.functional as F
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
EPSILON, MOMENTUM = 0.03, 0.2


def normal(generator, *shape):
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def flat(tensor):
    return tensor.detach().reshape(-1).tolist()


def differentiate(inputs, output, generator):
    """The output, the cotangent, and the gradient by each input."""
    cotangent = normal(generator, *output.shape)
    slopes = torch.autograd.grad((output * cotangent).sum(), list(inputs.values()))
    return {
        "inputs": {name: {"shape": list(x.shape), "data": flat(x)} for name, x in inputs.items()},
        "output": flat(output),
        "cotangent": flat(cotangent),
        "gradients": dict(zip(inputs, map(flat, slopes))),
    }


def batch_norm(seed, shape, training):
    generator = torch.Generator().manual_seed(seed)
    inputs = affine_inputs(generator, shape, (shape[1],))
    mean, var = normal(generator, shape[1]), normal(generator, shape[1]) ** 2 + 0.5
    before = {"running_mean": flat(mean), "running_var": flat(var)}
    x, weight, bias = inputs.values()
    output = F.batch_norm(x, mean, var, weight, bias, training, MOMENTUM, EPSILON)  # replaces mean and var in training
    after = {"running_mean": flat(mean), "running_var": flat(var)}
    return {**differentiate(inputs, output, generator), "before": before, "after": after}


def affine_inputs(generator, shape, parameters):
    return {
        "x": (2 + 3 * normal(generator, *shape)).requires_grad_(),
        "weight": (1 + 0.5 * normal(generator, *parameters)).requires_grad_(),
        "bias": normal(generator, *parameters).requires_grad_(),
    }


def stateless(seed, shape, parameters, function):
    generator = torch.Generator().manual_seed(seed)
    inputs = affine_inputs(generator, shape, parameters)
    return differentiate(inputs, function(*inputs.values()), generator)


def weight_norm(seed, dim):
    generator = torch.Generator().manual_seed(seed)
    layer = nn.utils.weight_norm(nn.Linear(5, 3).double(), dim=dim)
    with torch.no_grad():
        layer.weight_v.copy_(normal(generator, 3, 5))
        layer.weight_g.copy_(1 + normal(generator, *layer.weight_g.shape) ** 2)
        layer.bias.copy_(normal(generator, 3))
    x = normal(generator, 4, 5).requires_grad_()
    inputs = {"x": x, "weight_v": layer.weight_v, "weight_g": layer.weight_g, "bias": layer.bias}
    return differentiate(inputs, layer(x), generator)


GOLDEN = {
    "made by": f"test/goldens/norm/make.py, PyTorch {torch.__version__}, float64",
    "epsilon": EPSILON,
    "momentum": MOMENTUM,
    "cases": {
        "batchNorm [N, C], training": batch_norm(1, (6, 3), True),
        "batchNorm [N, C], evaluation": batch_norm(2, (6, 3), False),
        "batchNorm [N, C, H, W], training": batch_norm(3, (4, 3, 2, 3), True),
        "batchNorm [N, C, H, W], evaluation": batch_norm(4, (4, 3, 2, 3), False),
        "layerNorm": stateless(5, (4, 7), (7,), lambda x, w, b: F.layer_norm(x, (7,), w, b, EPSILON)),
        "layerNorm, 2 axes": stateless(6, (2, 3, 4), (3, 4), lambda x, w, b: F.layer_norm(x, (3, 4), w, b, EPSILON)),
        "groupNorm": stateless(7, (2, 6, 2, 3), (6,), lambda x, w, b: F.group_norm(x, 2, w, b, EPSILON)),
        "instanceNorm": stateless(
            8, (2, 3, 3, 4), (3,), lambda x, w, b: F.instance_norm(x, weight=w, bias=b, eps=EPSILON)
        ),
        "weightNorm per channel": weight_norm(9, 0),
        "weightNorm per layer": weight_norm(10, None),
    },
}

if __name__ == "__main__":
    with open(os.path.join(HERE, "torch.json"), "w") as file:
        cases = [f"    {json.dumps(name)}: {json.dumps(case)}" for name, case in GOLDEN.pop("cases").items()]
        head = json.dumps(GOLDEN, indent=2)[:-2]
        file.write(head + ',\n  "cases": {\n' + ",\n".join(cases) + "\n  }\n}\n")
