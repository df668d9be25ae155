"""Small models as PyTorch exports them, and what PyTorch itself computes with them.

Run with PyTorch 1.13.0 (/usr/bin/python3 make.py, in this folder). Each NAME.FORM.opset.onnx is a file as a user would
export it; values.json has the inputs, the outputs in training mode and in evaluation, and the running statistics after
one forward pass in training mode.
"""
import json
import math
import warnings

import torch
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings("ignore")


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, groups=2)
        self.bn2 = nn.BatchNorm2d(width, momentum=0.3)

    def forward(self, x):
        return F.relu(x + self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU6(), nn.MaxPool2d(2, ceil_mode=True))
        self.blocks = nn.Sequential(Block(8), Block(8))
        self.fc = nn.Linear(8, 5)

    def forward(self, x):
        x = self.blocks(self.stem(x))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.token = nn.Embedding(20, 16)
        self.position = nn.Embedding(7, 16)
        layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, activation="gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 20)

    def forward(self, x):
        hidden = self.token(x) + self.position(torch.arange(x.shape[1]))
        return self.head(self.encoder(hidden))


class Sharpness(nn.Module):
    def __init__(self):
        super().__init__()
        self.temperature = nn.Parameter(torch.tensor(0.7))


class Decoder(nn.Module):
    """Causal attention by hand, GELU by tanh, and an output layer tied to the embedding."""

    def __init__(self):
        super().__init__()
        self.token = nn.Embedding(20, 16)
        self.register_buffer("mask", torch.tril(torch.ones(7, 7)).view(1, 1, 7, 7))
        self.norm = nn.LayerNorm(16)
        self.qkv = nn.Linear(16, 48)
        self.out = nn.Linear(16, 16, bias=False)
        self.sharpness = Sharpness()

    def forward(self, x):
        hidden = self.token(x)
        n, t, width = hidden.shape
        q, k, v = (part.view(n, t, 2, 8).transpose(1, 2) for part in self.qkv(self.norm(hidden)).split(16, dim=2))
        scores = (q @ k.transpose(-2, -1)) / math.sqrt(8) * self.sharpness.temperature
        scores = scores.masked_fill(self.mask[:, :, :t, :t] == 0, float("-inf"))
        read = (F.softmax(scores, dim=-1) @ v).transpose(1, 2).reshape(n, t, width)
        hidden = hidden + F.gelu(self.out(read), approximate="tanh")
        return hidden @ self.token.weight.t()


def plain(tensor):
    return {"shape": list(tensor.shape), "data": tensor.detach().flatten().tolist()}


torch.manual_seed(1)
images = torch.randn(4, 3, 13, 13)
tokens = torch.randint(0, 20, (3, 7))
values = {}
for name, model, x in [("convnet", ConvNet(), images), ("encoder", Encoder(), tokens), ("decoder", Decoder(), tokens)]:
    with torch.no_grad():
        for key, tensor in model.state_dict().items():
            if not tensor.is_floating_point():
                continue
            if "running_var" in key:
                tensor.uniform_(0.5, 2)
            elif "running_mean" in key or ("bias" in key):
                tensor.normal_(0, 0.3)
            elif "norm" in key or "bn" in key or key == "stem.1.weight":
                tensor.uniform_(0.7, 1.3)
            elif tensor.ndim == 2:  # copies of a layer begin equal
                tensor.normal_(0, 0.3)
    state = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    for form in ["eval", "train"]:
        for opset in [11, 13, 17]:
            if form == "eval" and opset != 13:
                continue
            model.load_state_dict(state)
            model.train(form == "train")
            extra = {"training": torch.onnx.TrainingMode.TRAINING, "do_constant_folding": False} if form == "train" else {}
            torch.onnx.export(
                model, x[:2], f"{name}.{form}.{opset}.onnx", opset_version=opset, input_names=["input"],
                output_names=["output"], dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}}, **extra,
            )
    # An export in training form runs the model before it writes the running statistics, so these are the file's.
    written = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    trained = model(x)
    running = {key: plain(tensor) for key, tensor in model.state_dict().items() if "running" in key}
    evaluated = {}
    for form, weights in [("train", written), ("eval", state)]:
        model.load_state_dict(weights)
        model.eval()
        evaluated[form] = plain(model(x))
    names = [key for key, _ in model.named_parameters()]
    values[name] = {"input": plain(x), "evaluated": evaluated, "trained": plain(trained), "running": running, "parameters": names}

with open("values.json", "w") as file:
    json.dump({"program": f"PyTorch {torch.__version__}", "values": values}, file)
    file.write("\n")
