"""Makes the goldens of this folder: /usr/bin/python3 test/goldens/sequences/make.py

What PyTorch computes in float64, forward and backward, for layers of sequence networks. Inputs, parameters and the
cotangent are not kept: each is hashed from "CASE/NAME" (../training/generator.py, whose twin the tests use).
"""

import json
import os
import sys

import torch
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../training"))

from generator import uniform  # noqa: E402

N, S, T, WIDTH, HEADS, FEED_FORWARD = 2, 5, 4, 8, 2, 12
SOURCE = torch.tensor([[7, 5, 4, 2, 0], [3, 2, 0, 0, 0]])  # 0 is padding


def hashed(case, name, shape):
    return torch.from_numpy(uniform(f"{case}/{name}", int(torch.Size(shape).numel()))).reshape(shape).clone()


def prepare(case, module):
    """In float64, with hashed parameters: gains around 1, all else around 0."""
    module.double().train()
    with torch.no_grad():
        for name, p in module.named_parameters():
            gain = name.startswith("norm") and name.endswith("weight")
            p.copy_(hashed(case, name, p.shape) * 0.5 + (1 if gain else 0))
    return module


def tensor(value):
    return {"shape": list(value.shape), "data": value.detach().reshape(-1).tolist()}


def record(case, inputs, outputs, module=None):
    cotangents = {name: hashed(case, f"cotangent/{name}", value.shape) for name, value in outputs.items()}
    sum((value * cotangents[name]).sum() for name, value in outputs.items()).backward()
    wanted = {**inputs, **(dict(module.named_parameters()) if module else {})}
    return {
        "outputs": {name: tensor(value) for name, value in outputs.items()},
        "gradients": {name: tensor(value.grad) for name, value in wanted.items()},
    }


def inputs(case, **shapes):
    return {name: hashed(case, name, shape).requires_grad_() for name, shape in shapes.items()}


def encoder(case, norm_first):
    layer = prepare(
        case,
        nn.TransformerEncoderLayer(WIDTH, HEADS, FEED_FORWARD, dropout=0.0, batch_first=True, norm_first=norm_first),
    )
    x = inputs(case, x=(N, S, WIDTH))
    return record(case, x, {"y": layer(x["x"], src_key_padding_mask=SOURCE == 0)}, layer)


def decoder(case, norm_first):
    layer = prepare(
        case,
        nn.TransformerDecoderLayer(WIDTH, HEADS, FEED_FORWARD, dropout=0.0, batch_first=True, norm_first=norm_first),
    )
    x = inputs(case, x=(N, T, WIDTH), read=(N, S, WIDTH))
    later = torch.triu(torch.ones(T, T, dtype=torch.bool), diagonal=1)
    y = layer(x["x"], x["read"], tgt_mask=later, memory_key_padding_mask=SOURCE == 0)
    return record(case, x, {"y": y}, layer)


def recurrent(case):
    layer = prepare(case, nn.LSTM(3, WIDTH))
    x = inputs(case, x=(T, N, 3), hidden=(1, N, WIDTH), cell=(1, N, WIDTH))
    y, (_, last) = layer(x["x"], (x["hidden"], x["cell"]))
    return record(case, x, {"hidden": y, "cell": last[0]}, layer)


def loss(case, smoothing):
    x = inputs(case, logits=(N * S, 9))
    mean = nn.CrossEntropyLoss(ignore_index=0, label_smoothing=smoothing)(x["logits"] * 4, SOURCE.reshape(-1))
    return record(case, x, {"loss": mean})


GOLDENS = {
    "encoder-pre": lambda case: encoder(case, True),
    "encoder-post": lambda case: encoder(case, False),
    "decoder-pre": lambda case: decoder(case, True),
    "decoder-post": lambda case: decoder(case, False),
    "lstm": recurrent,
    "loss": lambda case: loss(case, 0.0),
    "loss-smoothed": lambda case: loss(case, 0.1),
}

if __name__ == "__main__":
    made = {case: make(case) for case, make in GOLDENS.items()}
    with open(os.path.join(HERE, "golden.json"), "w") as file:
        json.dump({"made_by": f"make.py with torch {torch.__version__}", "cases": made}, file)
        file.write("\n")
