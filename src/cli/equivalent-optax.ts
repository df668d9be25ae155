import { assertArgument } from "../core/index.js";
import type { Equivalent } from "./equivalent-arguments.js";
import { factorExpression, purpose, pythonAt, pythonEvents, pythonNumbers } from "./python-schedule.js";

/**
 * A translated schedule as Python source for JAX and Optax: the rate of each step by the recursion in plain Python, and a
 * gradient transformation that takes the steps, rescalings included, on the parameters labelled scale-invariant.
 *
 * @throws InvalidArgumentError where the original decay differs from step to step, which the other parameters would need.
 */
export function optaxSource(equivalent: Equivalent): string {
  const { optimizer, schedule, baseRate, steps, weightDecay, toWeightDecay, momentum, translated } = equivalent;
  const fix = "use json, csv or pytorch";
  assertArgument(typeof weightDecay === "number", "--format optax", "one original decay", "one for each step", fix);
  const [adam, coupled] = [optimizer === "adamw", optimizer === "sgd" || optimizer === "nesterov"];
  const power = adam ? "" : "2 * ";
  const others = {
    sgd: "optax.chain(optax.add_decayed_weights(WEIGHT_DECAY), optax.sgd(original_schedule, momentum=MOMENTUM))",
    nesterov:
      "optax.chain(optax.add_decayed_weights(WEIGHT_DECAY), optax.sgd(original_schedule, momentum=MOMENTUM, nesterov=True))",
    sgdw: "optax.chain(optax.trace(MOMENTUM), optax.add_decayed_weights(WEIGHT_DECAY), optax.scale_by_learning_rate(original_schedule))",
    adamw: "optax.adamw(original_schedule, weight_decay=WEIGHT_DECAY)",
  }[optimizer];

  return `"""${purpose(equivalent)}

${translated.because[0]!.toUpperCase()}${translated.because.slice(1)}.

It holds for weights whose scale a normalization cancels; all others keep their rate and decay. Say which is which with a tree
of labels like the parameters:

    labels = jax.tree_util.tree_map_with_path(lambda path, _: "invariant" if is_invariant(path) else "other", params)
    optimizer = equivalent_optimizer(labels)
    opt_state = optimizer.init(params)
    updates, opt_state = optimizer.update(grads, opt_state, params)  # the parameters are needed
    params = optax.apply_updates(params, updates)

For the last digits multiply the epsilon of each normalization by norm_ratio(step) ** 2. Leave out clipping by the norm of all
gradients: it does not scale with the weights. Written by \`normwise equivalent\`.
"""
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

STEPS = ${steps}
MOMENTUM = ${momentum}
WEIGHT_DECAY = ${weightDecay}
NEW_WEIGHT_DECAY = ${pythonNumbers(toWeightDecay)}
RESCALE = ${pythonEvents(equivalent)}  # before a step: weights / c, momentum * c


def original_rate(step):
    return ${baseRate} * ${factorExpression(schedule, equivalent.stepsPerEpoch, 0)}


def translate():
    """Lists over the steps: original rate, translated rate, new decay, momentum, rescaling, norm over the original's."""
    log_scale, shift, lag, rows = 0.0, 0.0, 0.0, []
    for step in range(STEPS):
        c = RESCALE.get(step, 1.0)
        log_scale += math.log(c)
        rate = original_rate(step)
        new_decay = ${pythonAt("NEW_WEIGHT_DECAY", toWeightDecay)}
        pull = ${coupled ? "MOMENTUM * shift + " : ""}WEIGHT_DECAY - new_decay * math.exp(-${power}log_scale)
        log_ratio = math.log1p(-rate * pull)
        translated = rate * math.exp(-${power}log_scale - log_ratio)
        rows.append((rate, translated, new_decay, MOMENTUM * math.exp(lag), c, math.exp(-log_scale)))
        log_scale += log_ratio
        shift = ${coupled ? "pull / (1 - rate * pull)" : "0.0"}${optimizer === "sgdw" ? "\n        lag = log_ratio" : ""}
    return [list(column) for column in zip(*rows)]


ORIGINAL, RATE, DECAY, MU, C, NORM_RATIO = (jnp.asarray(column) for column in translate())


def at(table, step):
    return table[jnp.minimum(step, STEPS - 1)]


def original_schedule(step):
    return at(ORIGINAL, step)


def translated_schedule(step):
    return at(RATE, step)


def norm_ratio(step):
    return at(NORM_RATIO, step)


class EquivalentState(NamedTuple):
    step: Any
    momentum: Any
    second: Any  # of AdamW


def equivalent_transformation(b1=0.9, b2=0.999, eps=1e-8):
    """Steps of the translated run. Weights rescaled to v / c have gradients c times as large."""
    tree = jax.tree_util.tree_map

    def init(params):
        return EquivalentState(jnp.zeros([], jnp.int32), tree(jnp.zeros_like, params), tree(jnp.zeros_like, params))

    def update(grads, state, params):
        rate, decay, mu, c = (at(table, state.step) for table in (RATE, DECAY, MU, C))
${adam ? adamBody : bodyOf(optimizer)}        return updates, EquivalentState(state.step + 1, momentum, second)

    return optax.GradientTransformation(init, update)


def equivalent_optimizer(labels):
    """The translated run for what is labelled "invariant", the original one for "other"."""
    other = ${others}
    return optax.multi_transform({"invariant": equivalent_transformation(), "other": other}, labels)
`;
}

const adamBody = `        count = state.step + 1
        momentum = tree(lambda g, m: b1 * c * m + (1 - b1) * c * g, grads, state.momentum)
        second = tree(lambda g, s: b2 * c**2 * s + (1 - b2) * (c * g) ** 2, grads, state.second)

        def step(m, s, v):
            turned = m / (1 - b1**count) / (jnp.sqrt(s / (1 - b2**count)) + eps)
            return v * (1 / c - 1) - rate * (turned + decay * v / c)

        updates = tree(step, momentum, second, params)
`;

/** Python for the steps of the optimizers without second moments. */
function bodyOf(optimizer: "sgd" | "nesterov" | "sgdw" | "adamw"): string {
  const decayed = optimizer === "sgdw" ? "c * g" : "c * g + decay * v / c";
  const direction = {
    sgd: "m",
    sgdw: "(m + decay * v / c)",
    nesterov: `(${decayed} + mu * m)`,
    adamw: "",
  }[optimizer];
  return `        second = state.second
        momentum = tree(lambda g, m, v: mu * c * m + ${decayed}, grads, state.momentum, params)
        updates = tree(lambda g, m, v: v * (1 / c - 1) - rate * ${direction}, grads, momentum, params)
`;
}
