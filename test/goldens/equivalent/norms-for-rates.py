"""Trains at given rates without weight decay, rescaling the weights before each step, as warmup:10+steps:60,90 at 0.1 does with weight decay 0.02.

Exact: with heavy ball and coupled decay, every state of one run, momentum included, maps onto one of the other.

It holds for weights whose scale a normalization cancels (convolutions followed by batch norm); all others keep their decay:

    groups = [{"params": scale_invariant, "weight_decay": 0}, {"params": others, "weight_decay": 0.02}]
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

STEPS = 120
MOMENTUM = 0.9
WEIGHT_DECAY = 0.02
NEW_WEIGHT_DECAY = 0
RESCALE = {1: 0.44729859030739033, 2: 1.415249797026923, 3: 1.2266767897303064, 4: 1.1577972111551398, 5: 1.1225185591124784, 6: 1.1015108409730934, 7: 1.0879411147974767, 8: 1.0787683433826427, 9: 1.0724305168133135, 10: 1.0680424580236654, 11: 1.014731792649475, 12: 1.0154951844746876, 13: 1.0162041695796995, 14: 1.0168635143346265, 15: 1.0174774639799053, 16: 1.0180498119400092, 17: 1.0185839583313638, 18: 1.0190829595813884, 19: 1.0195495706965232, 20: 1.0199862814203617, 21: 1.020395347289155, 22: 1.0207788164065394, 23: 1.0211385526114585, 24: 1.021476255594645, 25: 1.0217934784233926, 26: 1.0220916428568612, 27: 1.0223720527710392, 28: 1.0226359059608774, 29: 1.022884304544679, 30: 1.023118264160842, 31: 1.0233387221180463, 32: 1.0235465446358663, 33: 1.0237425332926646, 34: 1.0239274307807487, 35: 1.0241019260546125, 36: 1.0242666589461116, 37: 1.0244222243103296, 38: 1.0245691757572835, 39: 1.0247080290173383, 40: 1.0248392649819484, 41: 1.0249633324560072, 42: 1.025080650653527, 43: 1.0251916114644006, 44: 1.0252965815166333, 45: 1.02539590405547, 46: 1.0254899006583134, 47: 1.025578872802114, 48: 1.025663103297993, 49: 1.0257428576061784, 50: 1.0258183850428733, 51: 1.02588991988939, 52: 1.0259576824127628, 53: 1.0260218798060539, 54: 1.0260827070557075, 55: 1.0261403477425324, 56: 1.0261949747822143, 57: 1.0262467511106645, 58: 1.0262958303189693, 59: 1.0263423572422485, 60: 0.32078224627986446, 61: 1.002553699120466, 62: 1.0025045870613243, 63: 1.0024601663855155, 64: 1.0024199923522579, 65: 1.0023836617601916, 66: 1.0023508091816142, 67: 1.0023211035170032, 68: 1.0022942448465582, 69: 1.0022699615564152, 70: 1.002248007718213, 71: 1.0022281607018373, 72: 1.0022102190023456, 73: 1.0021940002633003, 74: 1.0021793394799212, 75: 1.002166087366654, 76: 1.0021541088748955, 77: 1.0021432818476874, 78: 1.0021334957992512, 79: 1.0021246508081958, 80: 1.0021166565141613, 81: 1.0021094312085042, 82: 1.0021029010104534, 83: 1.0020969991208788, 84: 1.0020916651465215, 85: 1.0020868444881537, 86: 1.0020824877867258, 87: 1.0020785504220835, 88: 1.0020749920593386, 89: 1.002071776238416, 90: 0.3165875932359268, 91: 1.0002060679592426, 92: 1.0002055033863586, 93: 1.000204995062147, 94: 1.0002045373829676, 95: 1.0002041253033471, 96: 1.000203754280394, 97: 1.0002034202237529, 98: 1.0002031194505319, 99: 1.0002028486447236, 100: 1.0002026048206636, 101: 1.0002023852901263, 102: 1.000202187632698, 103: 1.0002020096691002, 104: 1.0002018494371696, 105: 1.000201705170228, 106: 1.0002015752776132, 107: 1.000201458327138, 108: 1.0002013530293075, 109: 1.0002012582231006, 110: 1.0002011728631734, 111: 1.0002010960083316, 112: 1.0002010268111559, 113: 1.0002009645086605, 114: 1.0002009084138779, 115: 1.0002008579082884, 116: 1.000200812434998, 117: 1.0002007714925993, 118: 1.0002007346296446, 119: 1.0002007014396654}


def original_rate(step):
    return 0.1 * (step / 10 if step < 10 else 1.0) * 0.1 ** sum(step >= at for at in [60, 90])


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
        if step in RESCALE:  # the function stays the same
            c = RESCALE[step]
            log_scale += math.log(c)
            for parameter in self.optimizer.param_groups[self.invariant]["params"]:
                parameter.data.div_(c)
                state = self.optimizer.state[parameter]
                for name, factor in (("momentum_buffer", c),):
                    if state.get(name) is not None:
                        state[name].mul_(factor)
            for module, _ in self.normalizations:  # whose inputs shrink too (if what is before them has no bias)
                if getattr(module, "running_var", None) is not None:
                    module.running_mean.div_(c)
                    module.running_var.div_(c * c)
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
