"""Trains with weight decay 0 as cosine at 0.01 does with weight decay 0.2.

Approximate: Adam's moments mix gradients taken at different norms; exact only if each gradient is multiplied by the norm ratio of its step before it enters the moments.

It holds for weights whose scale a normalization cancels; all others keep their rate and decay. Say which is which with a tree
of labels like the parameters:

    labels = jax.tree_util.tree_map_with_path(lambda path, _: "invariant" if is_invariant(path) else "other", params)
    optimizer = equivalent_optimizer(labels)
    opt_state = optimizer.init(params)
    updates, opt_state = optimizer.update(grads, opt_state, params)  # the parameters are needed
    params = optax.apply_updates(params, updates)

For the last digits multiply the epsilon of each normalization by norm_ratio(step) ** 2. Leave out clipping by the norm of all
gradients: it does not scale with the weights. Written by `normwise equivalent`.
"""
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

STEPS = 200
MOMENTUM = 0.9
WEIGHT_DECAY = 0.2
NEW_WEIGHT_DECAY = 0
RESCALE = {}  # before a step: weights / c, momentum * c


def original_rate(step):
    return 0.01 * ((1 + math.cos(math.pi * step / STEPS)) / 2)


def translate():
    """Lists over the steps: original rate, translated rate, new decay, momentum, rescaling, norm over the original's."""
    log_scale, shift, lag, rows = 0.0, 0.0, 0.0, []
    for step in range(STEPS):
        c = RESCALE.get(step, 1.0)
        log_scale += math.log(c)
        rate = original_rate(step)
        new_decay = NEW_WEIGHT_DECAY
        pull = WEIGHT_DECAY - new_decay * math.exp(-log_scale)
        log_ratio = math.log1p(-rate * pull)
        translated = rate * math.exp(-log_scale - log_ratio)
        rows.append((rate, translated, new_decay, MOMENTUM * math.exp(lag), c, math.exp(-log_scale)))
        log_scale += log_ratio
        shift = 0.0
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
        count = state.step + 1
        momentum = tree(lambda g, m: b1 * c * m + (1 - b1) * c * g, grads, state.momentum)
        second = tree(lambda g, s: b2 * c**2 * s + (1 - b2) * (c * g) ** 2, grads, state.second)

        def step(m, s, v):
            turned = m / (1 - b1**count) / (jnp.sqrt(s / (1 - b2**count)) + eps)
            return v * (1 / c - 1) - rate * (turned + decay * v / c)

        updates = tree(step, momentum, second, params)
        return updates, EquivalentState(state.step + 1, momentum, second)

    return optax.GradientTransformation(init, update)


def equivalent_optimizer(labels):
    """The translated run for what is labelled "invariant", the original one for "other"."""
    other = optax.adamw(original_schedule, weight_decay=WEIGHT_DECAY)
    return optax.multi_transform({"invariant": equivalent_transformation(), "other": other}, labels)
