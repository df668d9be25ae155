"""Trains at given rates without weight decay, rescaling the weights before each step, as steps:50,100 at 0.1 does with weight decay 0.02.

Exact: with heavy ball and coupled decay, every state of one run, momentum included, maps onto one of the other.

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

STEPS = 150
MOMENTUM = 0.9
WEIGHT_DECAY = 0.02
NEW_WEIGHT_DECAY = 0
RESCALE = {0: 1.415629900797544, 1: 1.002910658762638, 2: 1.0046417430484715, 3: 1.0062165563110288, 4: 1.0076535142000733, 5: 1.0089682805134375, 6: 1.0101742634244315, 7: 1.0112830079721202, 8: 1.0123045092718002, 9: 1.0132474645260594, 10: 1.0141194773518933, 11: 1.0149272246317262, 12: 1.015676593672396, 13: 1.016372795661319, 14: 1.017020460066836, 15: 1.0176237136167667, 16: 1.018186246718104, 17: 1.018711369588998, 18: 1.019202059916606, 19: 1.0196610034979354, 20: 1.0200906290413407, 21: 1.020493138085718, 22: 1.0208705308192891, 23: 1.0212246284399478, 24: 1.0215570925867903, 25: 1.021869442281731, 26: 1.0221630687465126, 27: 1.022439248400414, 28: 1.022699154294814, 29: 1.022943866200363, 30: 1.0231743795291122, 31: 1.0233916132462817, 32: 1.0235964169032912, 33: 1.0237895769044238, 34: 1.0239718221033591, 35: 1.024143828812209, 36: 1.0243062252942485, 37: 1.0244595958018137, 38: 1.0246044842125972, 39: 1.0247413973105575, 40: 1.0248708077516548, 41: 1.0249931567495008, 42: 1.0251088565115827, 43: 1.02521829245295, 44: 1.025321825210958, 45: 1.0254197924818358, 46: 1.0255125106973961, 47: 1.0256002765580565, 48: 1.0256833684365023, 49: 1.025762047664683, 50: 0.32068582058983813, 51: 1.0025050564720597, 52: 1.0024605909375495, 53: 1.0024203763015889, 54: 1.0023840089646752, 55: 1.002351123137173, 56: 1.0023213873907342, 57: 1.0022945015069697, 58: 1.0022701936010092, 59: 1.0022482174986271, 60: 1.0022283503467366, 61: 1.002210390438255, 62: 1.002194155233547, 63: 1.0021794795618473, 64: 1.0021662139872534, 65: 1.002154223325004, 66: 1.002143385294863, 67: 1.0021335892994554, 68: 1.002124735316384, 69: 1.0021167328938825, 70: 1.002109500240601, 71: 1.0021029634009417, 72: 1.0020970555080841, 73: 1.002091716107542, 74: 1.0020868905447116, 75: 1.0020825294104603, 76: 1.0020785880393457, 77: 1.002075026055528, 78: 1.0020718069619021, 79: 1.002068897768386, 80: 1.002066268655662, 81: 1.002063892671026, 82: 1.0020617454533012, 83: 1.0020598049840626, 84: 1.0020580513626645, 85: 1.002056466602817, 86: 1.0020550344486503, 87: 1.0020537402084118, 88: 1.0020525706041172, 89: 1.0020515136356207, 90: 1.002050558457739, 91: 1.0020496952691682, 92: 1.0020489152120728, 93: 1.002048210281322, 94: 1.0020475732424443, 95: 1.0020469975574733, 96: 1.0020464773179174, 97: 1.0020460071841804, 98: 1.0020455823308012, 99: 1.0020451983969685, 100: 0.3165832476007561, 101: 1.0002039091911479, 102: 1.0002035597001806, 103: 1.000203245030334, 104: 1.0002029617124173, 105: 1.0002027066228385, 106: 1.0002024769491826, 107: 1.0002022701592181, 108: 1.0002020839729857, 109: 1.0002019163376705, 110: 1.0002017654049755, 111: 1.0002016295107465, 112: 1.0002015071566288, 113: 1.0002013969935508, 114: 1.00020129780685, 115: 1.0002012085028842, 116: 1.000201128096974, 117: 1.000201055702548, 118: 1.0002009905213658, 119: 1.0002009318347218, 120: 1.0002008789955168, 121: 1.0002008314211266, 122: 1.0002007885869777, 123: 1.0002007500207626, 124: 1.0002007152972325, 125: 1.00020068403351, 126: 1.000200655884866, 127: 1.0002006305409195, 128: 1.0002006077222139, 129: 1.0002005871771396, 130: 1.0002005686791537, 131: 1.000200552024288, 132: 1.0002005370288962, 133: 1.0002005235276306, 134: 1.0002005113716177, 135: 1.0002005004268186, 136: 1.0002004905725492, 137: 1.0002004817001497, 138: 1.0002004737117887, 139: 1.0002004665193807, 140: 1.0002004600436183, 141: 1.0002004542130947, 142: 1.0002004489635197, 143: 1.0002004442370083, 144: 1.0002004399814424, 145: 1.0002004361498973, 146: 1.0002004327001246, 147: 1.0002004295940843, 148: 1.0002004267975273, 149: 1.0002004242796172}  # before a step: weights / c, momentum * c


def original_rate(step):
    return 0.1 * 0.1 ** sum(step >= at for at in [50, 100])


def translate():
    """Lists over the steps: original rate, translated rate, new decay, momentum, rescaling, norm over the original's."""
    log_scale, shift, lag, rows = 0.0, 0.0, 0.0, []
    for step in range(STEPS):
        c = RESCALE.get(step, 1.0)
        log_scale += math.log(c)
        rate = original_rate(step)
        new_decay = NEW_WEIGHT_DECAY
        pull = MOMENTUM * shift + WEIGHT_DECAY - new_decay * math.exp(-2 * log_scale)
        log_ratio = math.log1p(-rate * pull)
        translated = rate * math.exp(-2 * log_scale - log_ratio)
        rows.append((rate, translated, new_decay, MOMENTUM * math.exp(lag), c, math.exp(-log_scale)))
        log_scale += log_ratio
        shift = pull / (1 - rate * pull)
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
        second = state.second
        momentum = tree(lambda g, m, v: mu * c * m + c * g + decay * v / c, grads, state.momentum, params)
        updates = tree(lambda g, m, v: v * (1 / c - 1) - rate * m, grads, momentum, params)
        return updates, EquivalentState(state.step + 1, momentum, second)

    return optax.GradientTransformation(init, update)


def equivalent_optimizer(labels):
    """The translated run for what is labelled "invariant", the original one for "other"."""
    other = optax.chain(optax.add_decayed_weights(WEIGHT_DECAY), optax.sgd(original_schedule, momentum=MOMENTUM))
    return optax.multi_transform({"invariant": equivalent_transformation(), "other": other}, labels)
