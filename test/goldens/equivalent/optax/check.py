"""Runs what `normwise equivalent --format optax` printed (the files beside this one) on a scale-invariant problem in float64, against
the original optimizer written out here, and records rates and angles. JAX and Optax are stood in for by NumPy, as far as these files
use them: tree_map over dictionaries, zeros_like, minimum, GradientTransformation, multi_transform.

With NumPy:  python3 test/goldens/equivalent/optax/check.py
"""
import hashlib
import importlib.util
import json
import pathlib
import sys
import types
from typing import NamedTuple

import numpy as np

HERE = pathlib.Path(__file__).parent


class GradientTransformation(NamedTuple):
    init: object
    update: object


def tree_map(f, tree, *rest):
    return {name: f(leaf, *(other[name] for other in rest)) for name, leaf in tree.items()}


def multi_transform(transforms, labels):
    """Only the invariant part is run; the others are Optax's own."""
    names = [name for name, label in labels.items() if label == "invariant"]
    init, update = transforms["invariant"]
    pick = lambda tree: {name: tree[name] for name in names}
    return GradientTransformation(lambda params: init(pick(params)), lambda g, s, params: update(pick(g), s, pick(params)))


def stand_in(name, **members):
    sys.modules[name] = types.SimpleNamespace(**members)
    return sys.modules[name]


numpy = stand_in("jax.numpy", asarray=np.asarray, zeros=lambda shape, dtype: 0, int32=int, zeros_like=np.zeros_like, minimum=min, sqrt=np.sqrt)
stand_in("jax", numpy=numpy, tree_util=types.SimpleNamespace(tree_map=tree_map))
optax_parts = ("chain", "add_decayed_weights", "sgd", "trace", "scale_by_learning_rate", "adamw")
stand_in("optax", GradientTransformation=GradientTransformation, multi_transform=multi_transform, **{name: lambda *a, **k: None for name in optax_parts})


def load(name):
    spec = importlib.util.spec_from_file_location(name.replace("-", "_"), HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


rng = np.random.default_rng(1)
A, B, FIRST = rng.normal(size=(3, 12))
NOISE = rng.normal(size=(400, 12))


def gradient(w, step):
    """Of sum(sin(a u + b)) + <noise, u>, u = w / |w|."""
    norm = np.linalg.norm(w)
    u = w / norm
    g = A * np.cos(A * u + B) + NOISE[step]
    return (g - u * (u @ g)) / norm


def original(kind, module):
    w, m, s = FIRST.copy(), np.zeros(12), np.zeros(12)
    for t in range(module.STEPS):
        rate, decay, mu = module.original_rate(t), module.WEIGHT_DECAY, module.MOMENTUM
        g = gradient(w, t)
        if kind == "adamw":
            m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
            w = (1 - rate * decay) * w - rate * (m / (1 - 0.9 ** (t + 1))) / (np.sqrt(s / (1 - 0.999 ** (t + 1))) + 1e-8)
        elif kind == "sgdw":
            m = mu * m + g
            w = (1 - rate * decay) * w - rate * m
        else:
            d = g + decay * w
            m = mu * m + d
            w = w - rate * (d + mu * m if kind == "nesterov" else m)
        yield w


def translated(module):
    params = {"conv": FIRST.copy(), "bias": np.zeros(1)}
    optimizer = module.equivalent_optimizer({"conv": "invariant", "bias": "other"})
    state = optimizer.init(params)
    for t in range(module.STEPS):
        updates, state = optimizer.update({"conv": gradient(params["conv"], t), "bias": np.zeros(1)}, state, params)
        params["conv"] = params["conv"] + updates["conv"]
        yield params["conv"]


golden = {"program": "test/goldens/equivalent/optax/check.py", "numpy": np.__version__, "runs": {}}
for name in json.loads((HERE / "commands.json").read_text()):
    module = load(name)
    angles, ratios = [], []
    for v, w in zip(translated(module), original(name.split("-")[0], module)):
        angles.append(np.linalg.norm(v / np.linalg.norm(v) - w / np.linalg.norm(w)))
        ratios.append(np.linalg.norm(v) / np.linalg.norm(w))
    golden["runs"][name] = {
        "source": hashlib.sha256((HERE / f"{name}.py").read_bytes()).hexdigest(),
        "learningRate": [float(module.translated_schedule(t)) for t in range(module.STEPS)],
        "largestAngle": max(angles),
        "finalNormRatio": ratios[-1],
    }
    print(name, f"largest angle {max(angles):.2e}, final norm ratio {ratios[-1]:.6f}")
(HERE / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
