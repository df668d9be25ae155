"""Trains a small batch-normalized network in PyTorch (float64) with weight decay, without it on the original schedule, and
without it on the schedules that `normwise equivalent --format pytorch` printed, and records losses and rates.

The schedulers beside this file are that command's output, unchanged; a test of the command holds them to it. Run with
PyTorch 1.13:  python3 test/goldens/equivalent/golden.py
"""
import hashlib
import importlib.util
import json
import pathlib

import torch

HERE = pathlib.Path(__file__).parent
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def scheduler(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def network():
    torch.manual_seed(1)
    layers = []
    for inputs, outputs in ((3, 8), (8, 8)):
        layers += [torch.nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), torch.nn.BatchNorm2d(outputs), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(8, 4))


def batches(steps):
    generator = torch.Generator().manual_seed(2)
    for _ in range(steps):
        y = torch.randint(4, (16,), generator=generator)
        x = torch.randn(16, 3, 8, 8, generator=generator)
        x[:, 0] += y.view(-1, 1, 1).double() * torch.linspace(-1, 1, 8)
        yield x, y


def train(module, kind, decay, translated, epsilon_follows=True):
    decay = decay[0] if isinstance(decay, list) else decay  # the scheduler sets that of each step
    model = network()
    convolutions = [m.weight for m in model.modules() if isinstance(m, torch.nn.Conv2d)]
    others = [p for p in model.parameters() if not any(p is w for w in convolutions)]
    groups = [{"params": convolutions, "weight_decay": decay}, {"params": others, "weight_decay": module.WEIGHT_DECAY}]
    if kind == "adamw":
        optimizer = torch.optim.AdamW(groups, lr=0.1)
    else:
        optimizer = torch.optim.SGD(groups, lr=0.1, momentum=module.MOMENTUM, nesterov=kind == "nesterov")
    norms = [m for m in model.modules() if hasattr(m, "eps")] if epsilon_follows else []
    schedule = module.EquivalentSchedule(optimizer, normalizations=norms)
    losses, rates = [], []
    for step, (x, y) in enumerate(batches(module.STEPS)):
        if translated:
            rates.append(schedule.step())
        else:
            for group in optimizer.param_groups:
                group["lr"] = module.original_rate(step)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {"losses": losses, "rates": rates, "weights": [w.detach().flatten(1) for w in convolutions], "state": schedule.state_dict()}


def apart(one, other):
    """The largest difference of losses, and 1 - the smallest cosine of a channel's directions at the end."""
    loss = max(abs(a - b) for a, b in zip(one["losses"], other["losses"]))
    cosine = min(torch.nn.functional.cosine_similarity(a, b).min().item() for a, b in zip(one["weights"], other["weights"]))
    return {"loss": loss, "direction": 1 - cosine}


golden = {"program": "test/goldens/equivalent/golden.py", "torch": torch.__version__, "runs": {}}
for name, kind in (("heavy-ball", "sgd"), ("rescaled", "sgd"), ("introduced", "sgd"), ("decays-for-rates", "sgd"), ("norms-for-rates", "sgd"), ("nesterov", "nesterov"), ("adamw", "adamw")):
    module = scheduler(name)
    on = train(module, kind, module.WEIGHT_DECAY, translated=False)
    off = train(module, kind, module.NEW_WEIGHT_DECAY, translated=False)
    translated = train(module, kind, module.NEW_WEIGHT_DECAY, translated=True)
    fixed = train(module, kind, module.NEW_WEIGHT_DECAY, translated=True, epsilon_follows=False)
    ratios = [(v.norm(dim=1) / w.norm(dim=1)).tolist() for v, w in zip(translated["weights"], on["weights"])]
    golden["runs"][name] = {
        "scheduler": hashlib.sha256((HERE / f"{name}.py").read_bytes()).hexdigest(),
        "learningRate": translated["rates"],
        "finalLogScale": translated["state"]["log_scale"],
        "finalNormRatios": [ratio for layer in ratios for ratio in layer],
        "losses": {"original": on["losses"], "translated": translated["losses"]},
        "apart": {
            "translated": apart(on, translated),
            "epsilonFixed": apart(on, fixed),
            "decayChangedOnly": apart(on, off),
        },
    }
    print(name, json.dumps(golden["runs"][name]["apart"]), f"first loss {on['losses'][0]:.4f}, last {on['losses'][-1]:.4f}")
(HERE / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
