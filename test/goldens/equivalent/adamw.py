"""Trains with weight decay 0 as list:1,1,0.5,0.25,0.1,0.1;per=epoch at 0.01 does with weight decay 0.2.

Approximate: Adam's moments mix gradients taken at different norms; exact only if each gradient is multiplied by the norm ratio of its step before it enters the moments.

It holds for weights whose scale a normalization cancels (convolutions followed by batch norm); all others keep their decay:

    groups = [{"params": scale_invariant, "weight_decay": 0}, {"params": others, "weight_decay": 0.2}]
    optimizer = torch.optim.AdamW(groups, lr=0.01)
    schedule = EquivalentSchedule(optimizer, normalizations=[m for m in model.modules() if hasattr(m, "eps")])
    for x, y in batches:
        schedule.step()  # first of all: it sets the rate of this step
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()

Leave out clipping by the norm of all gradients: it does not scale with the weights. Written by `normwise equivalent`.
"""
import math

STEPS = 120
MOMENTUM = 0.9
WEIGHT_DECAY = 0.2
NEW_WEIGHT_DECAY = 0


def original_rate(step):
    return 0.01 * [1, 1, 0.5, 0.25, 0.1, 0.1][int(step // 20)]


class EquivalentSchedule:
    """Sets the learning rate of group `invariant` to the translated one, and that of all other groups to the original.

    `normalizations` are the modules whose epsilon follows the norm of the weights; without them the match is approximate.
    """

    def __init__(self, optimizer, invariant=0, normalizations=()):
        self.optimizer, self.invariant = optimizer, invariant
        self.normalizations = [(module, module.eps) for module in normalizations]
        # v = w / q, with log_scale = log q.
        self.state = {"step": 0, "log_scale": 0.0, "shift": 0.0}

    def step(self):
        step, log_scale, shift = self.state["step"], self.state["log_scale"], self.state["shift"]
        if step >= STEPS:
            raise RuntimeError(f"the schedule has {STEPS} steps")
        rate = original_rate(step)
        pull = WEIGHT_DECAY - NEW_WEIGHT_DECAY * math.exp(-log_scale)
        next_log_scale = log_scale + math.log1p(-rate * pull)
        translated = rate * math.exp(-next_log_scale)
        for index, group in enumerate(self.optimizer.param_groups):
            group["lr"] = translated if index == self.invariant else rate
        for module, epsilon in self.normalizations:
            module.eps = epsilon * math.exp(-2 * log_scale)
        self.state = {"step": step + 1, "log_scale": next_log_scale, "shift": 0.0}
        return translated

    def state_dict(self):
        return dict(self.state)

    def load_state_dict(self, state):
        self.state = dict(state)
