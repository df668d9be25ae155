"""Models that the fuzzing of readers starts from: a convnet with batch-norm in training form, and a block of a transformer.

Run with PyTorch 1.13 as `python3 make.py`; writes convnet.onnx and transformer.onnx beside this file.
"""

import math
from pathlib import Path

import torch
from torch import nn

here = Path(__file__).parent
torch.manual_seed(0)

convnet = nn.Sequential(
    *(nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Conv2d(4, 6, 3, padding=1, groups=2), nn.BatchNorm2d(6), nn.Hardtanh()),
    *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 5)),
)


class Transformer(nn.Module):
    def __init__(self, words=12, width=8, heads=2):
        super().__init__()
        self.heads = heads
        self.embedding = nn.Embedding(words, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.head = nn.Linear(width, words, bias=False)

    def forward(self, tokens):
        x = self.embedding(tokens)
        batch, length, width = x.shape
        split = self.query_key_value(self.norm1(x)).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        weights = (query @ key.transpose(-2, -1) / math.sqrt(width // self.heads)).softmax(-1)
        x = x + self.out((weights @ value).transpose(1, 2).reshape(batch, length, width))
        x = x + self.down(nn.functional.gelu(self.up(self.norm2(x))))
        return self.head(x)


torch.onnx.export(
    convnet,
    torch.randn(2, 3, 8, 8),
    here / "convnet.onnx",
    training=torch.onnx.TrainingMode.TRAINING,
    do_constant_folding=False,
    input_names=["images"],
    dynamic_axes={"images": {0: "batch"}},
)
torch.onnx.export(
    Transformer(),
    torch.randint(12, (2, 6)),
    here / "transformer.onnx",
    input_names=["tokens"],
    dynamic_axes={"tokens": {0: "batch", 1: "length"}},
)
