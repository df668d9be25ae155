import type { FinestInvariance, WeightInvariance } from "../../dynamics/index.js";
import type { GradientCosine } from "./gradient-cosines.js";
import { lengthened } from "./scaled.js";

/** What the numbers say of a claim. */
export interface Judgement {
  /** The finest invariance that the numbers support. */
  readonly found: FinestInvariance;
  readonly agrees: boolean;
  /** Whether the weight is invariant but for ε, which changes the outputs by more than rounding. */
  readonly exceptEpsilon?: true;
  /** Whether the outputs hardly depend on the weight, so that its gradient alone speaks. */
  readonly faint?: true;
  /** What is wrong, if anything is. */
  readonly disagreement?: string;
}

/** What can be asked about one weight. Changes are of the outputs, relative; cosines those of gradients. */
export interface WeightEvidence {
  /** A change that counts as none. */
  readonly tolerance: number;
  /** The least degree of an ε that the scale of the weight, or of what is scaled with it, meets; undefined: there is none. */
  readonly degree: number | undefined;
  /** All claimed groups scaled; undefined where none is claimed. */
  claimedChange(): Promise<number | undefined>;
  /** The same on a weight that is so many times as long: an ε has less influence there. */
  lengthenedChange(times: number): Promise<number>;
  claimedCosine(): GradientCosine;
  /** The same with all invariant weights so many times as long. */
  lengthenedCosine(times: number): Promise<number>;
  /** Every channel scaled by a factor of its own. */
  channelChange(): Promise<number>;
  channelCosine(): GradientCosine;
  /** The tensor scaled as a whole. */
  tensorChange(): Promise<number>;
  tensorCosine(): GradientCosine;
  /** The weight replaced. */
  replacedChange(): Promise<number>;
}

/** A cosine above this, beyond rounding, says that scaling changes something; runs that would only confirm it are saved. */
const clearCosine = 1e-2;
/** A cosine up to this counts as 0. */
const cosineTolerance = 1e-3;

/** Compares a claim with what the model does. */
export async function judge(found: WeightInvariance, evidence: WeightEvidence): Promise<Judgement> {
  const { invariance, withoutEffect } = found;
  if (withoutEffect) return judgeWithoutEffect(invariance, evidence);
  const claim = await claimHolds(found, evidence);
  const finer = invariance === "channel" ? undefined : await finerInvariance(invariance, evidence);
  if (finer !== undefined && finer !== invariance) {
    const what = finer === "tensor" ? "it is scaled alone" : "each of its channels is scaled alone";
    const replaced = (await evidence.replacedChange()) <= evidence.tolerance;
    // In a deep network without norms, biases may drown what weights do. A gradient is not drowned.
    if (replaced && evidence.channelCosine().beyondNoise > cosineTolerance) {
      return { found: invariance, agrees: true, faint: true };
    }
    return disagreeing(finer, `the outputs do not change when ${replaced ? "it is replaced by another value" : what}`);
  }
  if (claim.holds) return { found: invariance, agrees: true, ...(claim.exceptEpsilon ? { exceptEpsilon: true } : {}) };
  const coarser = invariance === "tensor" ? "none" : ((await tensorInvariance(evidence)) ?? "none");
  return disagreeing(coarser, claim.why);
}

const disagreeing = (found: FinestInvariance, disagreement: string): Judgement => ({
  found,
  agrees: false,
  disagreement,
});

async function judgeWithoutEffect(invariance: FinestInvariance, evidence: WeightEvidence): Promise<Judgement> {
  const change = await evidence.replacedChange();
  if (change <= evidence.tolerance) return { found: invariance, agrees: true };
  return disagreeing(
    "none",
    `it is said to have no effect, but another value changes the outputs by ${change.toExponential(1)}`,
  );
}

interface Claim {
  readonly holds: boolean;
  readonly exceptEpsilon?: boolean;
  readonly why: string;
}

async function claimHolds({ invariance }: WeightInvariance, evidence: WeightEvidence): Promise<Claim> {
  if (invariance === "none") return { holds: true, why: "" };
  const { tolerance, degree } = evidence;
  const change = (await evidence.claimedChange())!;
  const changes = change > tolerance;
  if (changes && !(await fallsAsEpsilon(change, tolerance, degree, evidence.lengthenedChange))) {
    return { holds: false, why: `scaling its groups changes the outputs by ${change.toExponential(1)}` };
  }
  if (invariance === "joint") return { holds: true, exceptEpsilon: changes, why: "" };
  const { largest, beyondNoise } = evidence.claimedCosine();
  const turns = beyondNoise > cosineTolerance;
  if (turns && !(await fallsAsEpsilon(largest, cosineTolerance, degree, evidence.lengthenedCosine))) {
    return { holds: false, why: `its gradient is not orthogonal to it (cosine ${largest.toExponential(1)})` };
  }
  return { holds: true, exceptEpsilon: changes || turns, why: "" };
}

/**
 * Whether an effect is one of ε: on weights 16 times as long it is 16ᵏ times smaller, once ε is small beside the variance. What
 * a sum of unlike terms makes is only 16 times smaller, and what a saturating function makes vanishes at once.
 */
async function fallsAsEpsilon(
  effect: number,
  tolerance: number,
  degree: number | undefined,
  lengthenedEffect: (times: number) => Promise<number>,
): Promise<boolean> {
  if (degree === undefined) return false;
  let before = effect;
  for (const times of [lengthened, lengthened ** 2]) {
    const now = await lengthenedEffect(times);
    const most = Math.max(tolerance, before * lengthened ** (0.5 - degree));
    const vanished = now < before * lengthened ** (-1 - degree) && before * lengthened ** (-1 - degree) > tolerance;
    if (vanished) return false;
    if (now <= most) return true;
    before = now;
  }
  return false;
}

/** What the numbers support that is finer than what is claimed. */
async function finerInvariance(
  claimed: FinestInvariance,
  evidence: WeightEvidence,
): Promise<FinestInvariance | undefined> {
  const clearly = evidence.channelCosine().beyondNoise > clearCosine;
  if (!clearly && (await evidence.channelChange()) <= evidence.tolerance) return "channel";
  if (claimed === "tensor" || claimed === "head") return undefined;
  return tensorInvariance(evidence);
}

async function tensorInvariance(evidence: WeightEvidence): Promise<"tensor" | undefined> {
  if (evidence.tensorCosine().beyondNoise > cosineTolerance) return undefined;
  return (await evidence.tensorChange()) <= evidence.tolerance ? "tensor" : undefined;
}
