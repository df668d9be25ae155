import { assertArgument } from "../core/index.js";
import { div, type Value } from "../graph/index.js";
import { type AdamOptions, scaleByAdam } from "./adam.js";
import { clipChecked, type Optimizer } from "./optimizer.js";
import { decayOfProjected, dropRadial, type ProjectionOptions } from "./projection.js";
import { addDecoupledDecay, addHeavyBall, addNesterov, scaleByRate } from "./rules.js";
import { chain } from "./update-rule.js";

/** What SGDP and AdamP share. */
export interface ProjectedOptions extends ProjectionOptions {
  /** What the decay of the projected weights is multiplied by, ≥ 0; 0.1 by default, as in the authors' code. */
  readonly decayRatio?: number;
}

/** Options of {@link sgdp}. */
export interface SgdpOptions extends ProjectedOptions {
  /** μ in [0, 1); 0.9 by default. */
  readonly momentum?: number;
  /** λ ≥ 0, decoupled; 0 by default. */
  readonly weightDecay?: number;
  readonly nesterov?: boolean;
  /** Limit of the gradient's norm; see {@link Optimizer.clipNorm}. None by default. */
  readonly clipNorm?: number;
}

/**
 * SGD that does not push scale-invariant weights outwards (Heo et al. 2021, arXiv 2006.08217, algorithm 1): m ← μm + g,
 * w ← w − η(Π(m) + rλw/(1 − μ)), Π taking away the part along w. r is 0.1 for the projected weights, 1 for others; the
 * decay is decoupled, and 1/(1 − μ) makes it as strong in the long run as a coupled one: both as in the authors' code.
 * That code projects the momentum in place where it is not Nesterov's; here, as in the paper, the momentum keeps its radial part.
 *
 * @throws InvalidArgumentError for numbers out of range.
 */
export function sgdp(options: SgdpOptions = {}): Optimizer {
  const { momentum = 0.9, weightDecay = 0, nesterov = false, decayRatio = 0.1, clipNorm, ...projection } = options;
  assertArgument(momentum >= 0 && momentum < 1, "sgdp", "momentum in [0, 1)", momentum);
  checkDecay("sgdp", weightDecay, decayRatio);
  const ratio = decayOfProjected(decayRatio, projection);
  const rule = chain(
    nesterov ? addNesterov() : addHeavyBall(),
    dropRadial(projection),
    scaleByRate(),
    addDecoupledDecay((context) => divided(ratio(context), 1 - context.momentum)),
  );
  const numbers = { momentum, weightDecay, nesterov, decay: "decoupled", adaptive: false } as const;
  return { rule, ...numbers, normAware: "projection", ...clipChecked("sgdp", clipNorm) };
}

/** Options of {@link adamp}. */
export interface AdampOptions extends AdamOptions, ProjectedOptions {}

/**
 * AdamW that does not push scale-invariant weights outwards (Heo et al. 2021, arXiv 2006.08217, algorithm 2):
 * w ← w − η(Π(m̂ / (√v̂ + ε)) + rλw), with r = 0.1 for the projected weights and 1 for others. λ is 0 by default.
 *
 * @throws InvalidArgumentError for numbers out of range.
 */
export function adamp(options: AdampOptions = {}): Optimizer {
  const { weightDecay = 0, decayRatio = 0.1, clipNorm, by, delta, ...moments } = options;
  const projection = { ...(by ? { by } : {}), ...(delta === undefined ? {} : { delta }) };
  checkDecay("adamp", weightDecay, decayRatio);
  const rule = chain(
    scaleByAdam(moments),
    dropRadial(projection),
    scaleByRate(),
    addDecoupledDecay(decayOfProjected(decayRatio, projection)),
  );
  const numbers = { momentum: 0, weightDecay, nesterov: false, decay: "decoupled", adaptive: true } as const;
  return { rule, ...numbers, normAware: "projection", ...clipChecked("adamp", clipNorm) };
}

const divided = (value: Value | number, by: number): Value | number =>
  typeof value === "number" ? value / by : div(value, by);

function checkDecay(where: string, weightDecay: number, decayRatio: number): void {
  assertArgument(weightDecay >= 0 && Number.isFinite(weightDecay), where, "a weight decay ≥ 0", weightDecay);
  assertArgument(decayRatio >= 0 && Number.isFinite(decayRatio), where, "a decayRatio ≥ 0", decayRatio);
}
