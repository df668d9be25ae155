"""What the PyTorch side of `npm run bench` trains: each trainer takes a step, and says in `about` what it does."""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

import torch
import torch.nn.functional as F
from torch import nn

from networks import NETWORKS, TRANSFORMER_LENGTH, TRANSFORMER_VOCABULARY, Translator, normalize

# Side of the images and number of classes, where they are not 32 and 10.
SIZES = {"resnet50": (224, 1000)}


class ImageTrainer:
    """A network with SGD (momentum, decay on all parameters) and one batch of random bytes."""

    def __init__(self, model, channels_last, batch, foreach):
        side, classes = SIZES.get(model, (32, 10))
        generator = torch.Generator().manual_seed(1)
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.net = NETWORKS[model]().to(memory_format=self.format)
        self.parameters = list(self.net.parameters())
        self.optimizer = torch.optim.SGD(
            self.parameters, lr=0.01, momentum=0.9, weight_decay=5e-4, foreach=foreach
        )
        self.images = torch.randint(0, 256, (batch, 3, side, side), generator=generator, dtype=torch.uint8)
        self.labels = torch.randint(0, classes, (batch,), generator=generator)
        self.about = "SGD(momentum 0.9, weight decay 5e-4)"

    def step(self):
        x = normalize(self.images.float()).to(memory_format=self.format)
        loss = F.cross_entropy(self.net(x), self.labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.item()


class TranslationTrainer:
    """A Transformer with Adam and one batch of random sentences, all of the same length."""

    def __init__(self, batch, foreach):
        self.net = Translator()
        self.parameters = list(self.net.parameters())
        self.optimizer = torch.optim.Adam(self.parameters, lr=1e-3, betas=(0.9, 0.98), eps=1e-9, foreach=foreach)
        self.loss_of = nn.CrossEntropyLoss(ignore_index=0, label_smoothing=0.1)
        shape = (batch, TRANSFORMER_LENGTH)
        self.source, self.target, self.expected = (torch.randint(3, TRANSFORMER_VOCABULARY, shape) for _ in range(3))
        self.about = "Adam(0.9, 0.98)"

    def step(self):
        logits = self.net(self.source, self.target)
        loss = self.loss_of(logits.reshape(-1, TRANSFORMER_VOCABULARY), self.expected.reshape(-1))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.item()


class NormTrainer:
    """Batch-norm alone, [N, 64, 16, 16], forward and backward for a given gradient of its output."""

    def __init__(self, batch):
        self.norm = nn.BatchNorm2d(64)
        self.parameters = list(self.norm.parameters())
        self.x = torch.randn(batch, 64, 16, 16, requires_grad=True)
        self.dy = torch.randn(batch, 64, 16, 16)
        self.about = "BatchNorm2d, training"

    def step(self):
        torch.autograd.grad(self.norm(self.x), [self.x, *self.parameters], self.dy)


def trainer_of(ask, foreach=None):
    """The trainer of a configuration; `foreach`: whether the optimizer updates all parameters at once."""
    model, batch = ask["model"], ask["batch"]
    if model == "norm-l2":
        return NormTrainer(batch)
    if model == "transformer":
        return TranslationTrainer(batch, foreach)
    return ImageTrainer(model, ask.get("channelsLast", False), batch, foreach)


def faster_update(ask):
    """Whether `foreach` is faster here, None for what has no optimizer. Tried in another process, for peak memory's sake."""
    if ask["model"] == "norm-l2":
        return None
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(try_updates, ask).result()


def try_updates(ask):
    torch.set_num_threads(ask["threads"])
    trainer = trainer_of(ask)
    trainer.step()
    update = trainer.optimizer
    best = {}
    for foreach in [True, False] * 6:  # the update alone, on the gradients that are there
        update.param_groups[0]["foreach"] = foreach
        start = time.perf_counter()
        update.step()
        best[foreach] = min(best.get(foreach, float("inf")), time.perf_counter() - start)
    return best[True] < best[False]
