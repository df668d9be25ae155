"""Trains a small batch-normalized convolutional network in PyTorch, in float32 and in float64: with weight decay, and without
it on the schedule that `normwise equivalent --format pytorch` printed (schedule.py, held to that command by a test). Records
every loss and the step at which the float32 runs part; beside them, as a yardstick, float32 with decay whose batches are
summed in another order, which parts by rounding alone, and the run that leaves decay out and translates nothing.

With PyTorch 1.13:  python3 test/goldens/equivalent/convnet/train.py
"""
import json
import pathlib
import time

import schedule
import torch

HERE = pathlib.Path(__file__).parent
APART = 1e-4  # relative difference of losses at which two runs count as parted
torch.set_num_threads(1)


def network(dtype):
    torch.manual_seed(1)
    layers, inputs = [], 3
    for outputs, stride in ((8, 1), (16, 2), (16, 2)):
        layers += [torch.nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), torch.nn.BatchNorm2d(outputs), torch.nn.ReLU()]
        inputs = outputs
    return torch.nn.Sequential(*layers, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(inputs, 10)).to(dtype)


def batches(dtype, reverse):
    """Ten smooth patterns, shifted and with noise, 32 images a batch; the same in every run, made in float64."""
    generator = torch.Generator().manual_seed(2)
    coarse = torch.randn(10, 3, 4, 4, generator=generator, dtype=torch.float64)
    patterns = torch.nn.functional.interpolate(coarse, size=16, mode="bilinear", align_corners=False)
    for _ in range(schedule.STEPS):
        y = torch.randint(10, (32,), generator=generator)
        shifts = torch.randint(16, (32, 2), generator=generator).tolist()
        x = torch.stack([torch.roll(patterns[k], tuple(shift), (1, 2)) for k, shift in zip(y.tolist(), shifts)])
        x = (x + torch.randn(x.shape, generator=generator, dtype=torch.float64)).to(dtype)
        yield (x.flip(0), y.flip(0)) if reverse else (x, y)


def train(dtype, decay, translated, reverse=False):
    model = network(dtype)
    convolutions = [m.weight for m in model.modules() if isinstance(m, torch.nn.Conv2d)]
    others = [p for p in model.parameters() if not any(p is w for w in convolutions)]
    groups = [{"params": convolutions, "weight_decay": decay}, {"params": others, "weight_decay": schedule.WEIGHT_DECAY}]
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=schedule.MOMENTUM)
    equivalent = schedule.EquivalentSchedule(optimizer, normalizations=[m for m in model.modules() if hasattr(m, "eps")])
    losses, rates = [], []
    for step, (x, y) in enumerate(batches(dtype, reverse)):
        if translated:
            rates.append(equivalent.step())
        else:
            for group in optimizer.param_groups:
                group["lr"] = schedule.original_rate(step)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, rates


def parted(one, other):
    """The first step whose losses differ by more than APART; the number of steps if none do."""
    return next((t for t, (a, b) in enumerate(zip(one, other)) if abs(a - b) > APART * a), len(one))


if __name__ == "__main__":
    began = time.time()
    runs, rates = {}, []
    for name, dtype in (("float64", torch.float64), ("float32", torch.float32)):
        original, _ = train(dtype, schedule.WEIGHT_DECAY, translated=False)
        translated, rates = train(dtype, schedule.NEW_WEIGHT_DECAY, translated=True)
        reordered, _ = train(dtype, schedule.WEIGHT_DECAY, translated=False, reverse=True)
        untranslated, _ = train(dtype, schedule.NEW_WEIGHT_DECAY, translated=False)
        runs[name] = {
            "original": original,
            "translated": translated,
            "reordered": reordered,
            "untranslated": untranslated,
        }
        largest = max(abs(a - b) / a for a, b in zip(original, translated))
        print(
            f"{name}: loss {original[0]:.4f} to {original[-1]:.4f} in {len(original)} steps; largest relative difference of the "
            f"translated run {largest:.2e}; parts by {APART:g} at step: translated {parted(original, translated)}, "
            f"another order of sums {parted(original, reordered)}, decay left out alone {parted(original, untranslated)}"
        )
    apart = {name: {run: parted(losses["original"], losses[run]) for run in losses if run != "original"} for name, losses in runs.items()}
    golden = {"program": "test/goldens/equivalent/convnet/train.py", "torch": torch.__version__, "apart": apart, "learningRate": rates, "losses": runs}
    text = json.dumps(golden)
    (HERE / "losses.json").write_text(text.replace("], ", "],\n").replace("}, ", "},\n") + "\n")
    print(f"PyTorch {torch.__version__}, {time.time() - began:.0f} s")
