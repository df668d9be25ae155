"""Batch-norms and weight norms of a small network in evaluation, and what PyTorch folds them into.

usage: python3 test/goldens/fold/make.py     (writes network.json beside this file)
"""
import json
import pathlib

import torch
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval, remove_weight_norm, weight_norm

torch.manual_seed(20181)
torch.set_default_dtype(torch.float64)

network = nn.Sequential(
    nn.Conv2d(2, 4, 3, padding=1),
    nn.BatchNorm2d(4),
    nn.ReLU(),
    weight_norm(nn.Conv2d(4, 5, 3, padding=1, bias=False)),
    nn.BatchNorm2d(5),
    nn.ReLU(),
    nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    weight_norm(nn.Linear(5, 3)),
).eval()
with torch.no_grad():
    for name, value in network.state_dict().items():
        if name.endswith("running_var") or name.endswith("weight_g"):
            value.uniform_(0.5, 2)
        elif value.dtype == torch.float64:
            value.normal_(0, 0.5)
images = torch.randn(4, 2, 6, 6)
outputs = network(images)
tensors = {name: value.clone() for name, value in network.state_dict().items() if "num_batches" not in name}

remove_weight_norm(network[3])
remove_weight_norm(network[7])
fused = nn.Sequential(
    fuse_conv_bn_eval(network[0], network[1]), nn.ReLU(), fuse_conv_bn_eval(network[3], network[4]), nn.ReLU(), *network[6:]
)
assert torch.allclose(fused(images), outputs, atol=1e-12)

plain = lambda tensor: {"shape": list(tensor.shape), "data": [round(x, 9) for x in tensor.flatten().tolist()]}
golden = {
    "madeBy": f"test/goldens/fold/make.py, PyTorch {torch.__version__}, float64",
    "tensors": {name: plain(value) for name, value in tensors.items()},
    "images": plain(images),
    "outputs": plain(outputs),
    "fused": {"0.weight": plain(fused[0].weight), "0.bias": plain(fused[0].bias), "3.weight": plain(fused[2].weight), "3.bias": plain(fused[2].bias)},
    "removed": {"3.weight": plain(network[3].weight), "7.weight": plain(network[7].weight)},
}
path = pathlib.Path(__file__).with_name("network.json")
path.write_text(json.dumps(golden, indent=1) + "\n")
