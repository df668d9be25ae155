"""Exports the models of models.py to ONNX: /usr/bin/python3 test/goldens/zoo/make.py FOLDER [NAME …]

Each as NAME.train.onnx, in training form with every parameter under its name, and NAME.eval.onnx, as torch.onnx.export
does by default: batch-norms folded into convolutions. Opset 13, resnet18 in 11 and 17 too; the batch axis is free.
The files are large (3 GB in all); scripts/strip-onnx.ts makes of them the fixtures in this folder.
"""

import os
import sys

import torch
from torch.onnx import TrainingMode

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

from models import NAMES, build, example  # noqa: E402

OPSETS = {"resnet18": (11, 13, 17)}


def export(name, form, opset, path):
    net = build(name)
    training = form == "train"
    free = {0: "batch"}
    torch.onnx.export(
        net.train(training),
        example(name),
        path,
        training=TrainingMode.TRAINING if training else TrainingMode.EVAL,
        do_constant_folding=not training,
        opset_version=opset,
        input_names=["input"],
        output_names=["output"],
        dynamic_axes={"input": free, "output": free},
    )


if __name__ == "__main__":
    folder, *names = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    torch.set_num_threads(1)
    for name in names or NAMES:
        for opset in OPSETS.get(name, (13,)):
            for form in ("train", "eval"):
                stem = name if opset == 13 else f"{name}-opset{opset}"
                path = os.path.join(folder, f"{stem}.{form}.onnx")
                export(name, form, opset, path)
                print(path, os.path.getsize(path), flush=True)
