"""Makes the small*.onnx of this folder: /usr/bin/python3 test/goldens/foreign-training/small.py

A residual network of three convolutions with dropout, all sizes but the channels free: in training form with 10 logits, with
the softmax of 7, and in evaluation form with its batch-norms folded.
"""

import os

import torch
from torch import nn
from torch.onnx import TrainingMode

HERE = os.path.dirname(os.path.abspath(__file__))


class Small(nn.Module):
    def __init__(self, classes, softmax):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.branch = nn.Sequential(
            nn.Conv2d(8, 8, 3, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 8, 1, bias=False),
            nn.BatchNorm2d(8),
        )
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(8, classes))
        self.last = nn.Softmax(dim=1) if softmax else nn.Identity()

    def forward(self, x):
        x = self.stem(x)
        return self.last(self.head(torch.relu(x + self.branch(x))))


def export(path, classes, softmax=False, training=True):
    torch.manual_seed(1)
    free = {0: "batch", 2: "height", 3: "width"}
    torch.onnx.export(
        Small(classes, softmax).train(training),
        torch.zeros(2, 3, 16, 16),
        os.path.join(HERE, path),
        training=TrainingMode.TRAINING if training else TrainingMode.EVAL,
        do_constant_folding=not training,
        opset_version=13,
        input_names=["input"],
        output_names=["output"],
        dynamic_axes={"input": free, "output": {0: "batch"}},
    )


if __name__ == "__main__":
    export("small.onnx", 10)
    export("small-softmax.onnx", 7, softmax=True)
    export("small-folded.onnx", 10, training=False)
