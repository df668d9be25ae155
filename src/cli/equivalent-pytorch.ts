import { assertArgument } from "../core/index.js";
import type { Equivalent } from "./equivalent-arguments.js";
import { factorExpression, purpose, pythonAt, pythonEvents, pythonNumbers } from "./python-schedule.js";

/**
 * A translated schedule as Python source for PyTorch: one class that needs nothing but `math`.
 *
 * @throws InvalidArgumentError for `sgdw`, which PyTorch has no optimizer for.
 */
export function pytorchScheduler(equivalent: Equivalent): string {
  const { optimizer, schedule, baseRate, steps, weightDecay, toWeightDecay, momentum, by, translated } = equivalent;
  assertArgument(optimizer !== "sgdw", "--format pytorch", "an optimizer of PyTorch", optimizer, "use json or csv");
  const adam = optimizer === "adamw";
  const construct = {
    sgd: `SGD(groups, lr=${baseRate}, momentum=${momentum})`,
    nesterov: `SGD(groups, lr=${baseRate}, momentum=${momentum}, nesterov=True)`,
    adamw: `AdamW(groups, lr=${baseRate})`,
  }[optimizer];
  const power = adam ? "" : "2 * ";
  const rescaling = translated.rescaleEvents.length > 0;
  const [from, to] = [weightDecay, toWeightDecay].map((decay) => (typeof decay === "number" ? decay : decay[0]!));
  const changing = [weightDecay, toWeightDecay].map((decay) => typeof decay === "object");

  return `"""${purpose(equivalent)}

${translated.because[0]!.toUpperCase()}${translated.because.slice(1)}.

It holds for weights whose scale a normalization cancels (convolutions followed by batch norm); all others keep their decay:

    groups = [{"params": scale_invariant, "weight_decay": ${to}}, {"params": others, "weight_decay": ${from}}]
    optimizer = torch.optim.${construct}
    schedule = EquivalentSchedule(optimizer, normalizations=[m for m in model.modules() if hasattr(m, "eps")])
    for x, y in batches:
        schedule.step()  # first of all: it sets the rate of this step
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()

Leave out clipping by the norm of all gradients: it does not scale with the weights. Written by \`normwise equivalent\`.
"""
import math

STEPS = ${steps}
MOMENTUM = ${momentum}
WEIGHT_DECAY = ${pythonNumbers(weightDecay)}
NEW_WEIGHT_DECAY = ${pythonNumbers(toWeightDecay)}
${rescaling && by !== undefined ? `RESCALE = ${pythonEvents(equivalent)}\n` : ""}

def original_rate(step):
    return ${baseRate} * ${factorExpression(schedule, equivalent.stepsPerEpoch, 0)}


class EquivalentSchedule:
    """Sets the learning rate of group \`invariant\` to the translated one, and that of all other groups to the original.

    \`normalizations\` are the modules whose epsilon follows the norm of the weights; without them the match is approximate.
    """

    def __init__(self, optimizer, invariant=0, normalizations=()):
        self.optimizer, self.invariant = optimizer, invariant
        self.normalizations = [(module, module.eps) for module in normalizations]
        # v = w / q, with log_scale = log q${adam ? "" : "; the momentum of v is q * (m - shift * w)"}.
        self.state = {"step": 0, "log_scale": 0.0, "shift": 0.0}

    def step(self):
        step, log_scale, shift = self.state["step"], self.state["log_scale"], self.state["shift"]
        if step >= STEPS:
            raise RuntimeError(f"the schedule has {STEPS} steps")
${rescaling ? rescaleBlock(equivalent, adam) : ""}        rate = original_rate(step)
        pull = ${adam ? "" : "MOMENTUM * shift + "}${pythonAt("WEIGHT_DECAY", weightDecay)} - ${pythonAt("NEW_WEIGHT_DECAY", toWeightDecay)} * math.exp(-${power}log_scale)
        next_log_scale = log_scale + math.log1p(-rate * pull)
        translated = rate * math.exp(-${adam ? "" : "log_scale - "}next_log_scale)
        for index, group in enumerate(self.optimizer.param_groups):
            group["lr"] = translated if index == self.invariant else rate
${changing.includes(true) ? `            group["weight_decay"] = ${pythonAt("NEW_WEIGHT_DECAY", toWeightDecay)} if index == self.invariant else ${pythonAt("WEIGHT_DECAY", weightDecay)}\n` : ""}        for module, epsilon in self.normalizations:
            module.eps = epsilon * math.exp(-2 * log_scale)
        self.state = {"step": step + 1, "log_scale": next_log_scale, "shift": ${adam ? "0.0" : "pull / (1 - rate * pull)"}}
        return translated

    def state_dict(self):
        return dict(self.state)

    def load_state_dict(self, state):
        self.state = dict(state)
`;
}

/** Python for what happens where the weights would leave float32's range. */
function rescaleBlock({ rescaleBelow, by }: Equivalent, adam: boolean): string {
  const buffers = adam ? '("exp_avg", c), ("exp_avg_sq", c * c)' : '("momentum_buffer", c),';
  const when = `        if log_scale < math.log(${rescaleBelow}):  # keeps the weights in range; the function stays the same
            c = 2.0 ** round(-log_scale / math.log(2))
`;
  const listed = `        if step in RESCALE:  # the function stays the same
            c = RESCALE[step]
`;
  return `${by === undefined ? when : listed}            log_scale += math.log(c)
            for parameter in self.optimizer.param_groups[self.invariant]["params"]:
                parameter.data.div_(c)
                state = self.optimizer.state[parameter]
                for name, factor in (${buffers}):
                    if state.get(name) is not None:
                        state[name].mul_(factor)
            for module, _ in self.normalizations:  # whose inputs shrink too (if what is before them has no bias)
                if getattr(module, "running_var", None) is not None:
                    module.running_mean.div_(c)
                    module.running_var.div_(c * c)
`;
}
