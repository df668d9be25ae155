"""Trains with weight decay 0 as warmup:30+cosine at 0.1 does with weight decay 0.005.

Exact: with heavy ball and coupled decay, every state of one run, momentum included, maps onto one of the other.

It holds for weights whose scale a normalization cancels (convolutions followed by batch norm); all others keep their decay:

    groups = [{"params": scale_invariant, "weight_decay": 0}, {"params": others, "weight_decay": 0.005}]
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
    schedule = EquivalentSchedule(optimizer, normalizations=[m for m in model.modules() if hasattr(m, "eps")])
    for x, y in batches:
        schedule.step()  # first of all: it sets the rate of this step
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()

Leave out clipping by the norm of all gradients: it does not scale with the weights. Written by `normwise equivalent`.
"""
import math

STEPS = 300
MOMENTUM = 0.9
WEIGHT_DECAY = 0.005
NEW_WEIGHT_DECAY = 0


def original_rate(step):
    return 0.1 * (step / 30 if step < 30 else 1.0) * ((1 + math.cos(math.pi * max(0, step - 30) / (STEPS - 30))) / 2)


class EquivalentSchedule:
    """Sets the learning rate of group `invariant` to the translated one, and that of all other groups to the original.

    `normalizations` are the modules whose epsilon follows the norm of the weights; without them the match is approximate.
    """

    def __init__(self, optimizer, invariant=0, normalizations=()):
        self.optimizer, self.invariant = optimizer, invariant
        self.normalizations = [(module, module.eps) for module in normalizations]
        # v = w / q, with log_scale = log q; the momentum of v is q * (m - shift * w).
        self.state = {"step": 0, "log_scale": 0.0, "shift": 0.0}

    def step(self):
        step, log_scale, shift = self.state["step"], self.state["log_scale"], self.state["shift"]
        if step >= STEPS:
            raise RuntimeError(f"the schedule has {STEPS} steps")
        rate = original_rate(step)
        pull = MOMENTUM * shift + WEIGHT_DECAY - NEW_WEIGHT_DECAY * math.exp(-2 * log_scale)
        next_log_scale = log_scale + math.log1p(-rate * pull)
        translated = rate * math.exp(-log_scale - next_log_scale)
        for index, group in enumerate(self.optimizer.param_groups):
            group["lr"] = translated if index == self.invariant else rate
        for module, epsilon in self.normalizations:
            module.eps = epsilon * math.exp(-2 * log_scale)
        self.state = {"step": step + 1, "log_scale": next_log_scale, "shift": pull / (1 - rate * pull)}
        return translated

    def state_dict(self):
        return dict(self.state)

    def load_state_dict(self, state):
        self.state = dict(state)
