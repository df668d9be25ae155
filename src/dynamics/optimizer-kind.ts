import { assertBelowOne } from "./range.js";

/**
 * How an optimizer turns gradients and decay into a step, as far as the norms of weights are concerned:
 * - `sgd`: heavy ball with coupled L2 decay, m ← μm + g + λw, w ← w − ηm (PyTorch's `SGD`);
 * - `nesterov`: the same with Nesterov's look-ahead, w ← w − η(g + λw + μm) (PyTorch's `SGD(nesterov=True)`);
 * - `sgdw`: heavy ball with decoupled decay, m ← μm + g, w ← (1 − ηλ)w − ηm (Loshchilov & Hutter 2019, arXiv 1711.05101);
 * - `adamw`: decoupled decay of an update whose size does not depend on the gradient's (PyTorch's `AdamW`).
 */
export type OptimizerKind = "sgd" | "nesterov" | "sgdw" | "adamw";

/** What the translation of a schedule needs to know of an {@link OptimizerKind}. */
export interface OptimizerTraits {
  /** Whether the decay goes through the momentum. */
  readonly coupled: boolean;
  /** k, where the update of a weight c times as long is cᵏ times as long: −1 for gradients, 0 for a scale-free update. */
  readonly degree: -1 | 0;
  /** Whether the translated run computes the same function as the original, up to rounding. */
  readonly exact: boolean;
  /** Why it is exact, or why it is not. */
  readonly because: string;
}

/** The traits of every optimizer. */
export const optimizerTraits: Readonly<Record<OptimizerKind, OptimizerTraits>> = {
  sgd: {
    coupled: true,
    degree: -1,
    exact: true,
    because:
      "exact: with heavy ball and coupled decay, every state of one run, momentum included, maps onto one of the other",
  },
  nesterov: {
    coupled: true,
    degree: -1,
    exact: false,
    because:
      "approximate: Nesterov momentum weighs the newest gradient unlike the earlier ones, so that no rate alone " +
      "fits both; this is the schedule of heavy ball",
  },
  sgdw: {
    coupled: false,
    degree: -1,
    exact: true,
    because: "exact: heavy ball with decoupled decay, with the momentum given for each step, not with a constant one",
  },
  adamw: {
    coupled: false,
    degree: 0,
    exact: false,
    because:
      "approximate: Adam's moments mix gradients taken at different norms; exact only if each gradient is " +
      "multiplied by the norm ratio of its step before it enters the moments",
  },
};

/**
 * The largest learning rate × weight decay at which the decay can be removed (λ' = 0) from a run that starts at q = 1, δ = 0:
 * (1 − √μ)² with coupled decay (0.00263 at μ = 0.9), 1 with decoupled decay, where it must stay below.
 * If every step keeps it, the translated schedule exists; at a constant rate above it, some norm ratio crosses zero.
 *
 * @param momentum μ in [0, 1); `adamw` has none that matters here.
 * @throws InvalidArgumentError if the momentum is outside [0, 1).
 */
export function decayRemovalLimit(momentum: number, optimizer: OptimizerKind = "sgd"): number {
  assertBelowOne("decayRemovalLimit", { momentum });
  return optimizerTraits[optimizer].coupled ? (1 - Math.sqrt(momentum)) ** 2 : 1;
}
