import { decayRemovalLimit, optimizerTraits } from "../optimizer-kind.js";
import { decayPressure, type OptimizerNumbers, predictEquilibrium } from "../prediction.js";
import type { Advice, AdvisedWeight } from "./advice.js";
import { counted, digits, isInvariantAlone, someOf } from "./wording.js";

/** What weight decay does to these weights, and what it does not. */
export function decayAdvice(weights: readonly AdvisedWeight[], numbers: OptimizerNumbers, steps?: number): Advice[] {
  const invariant = weights.filter((weight) => weight.invariance !== "none" && !weight.withoutEffect);
  const alone = invariant.filter(isInvariantAlone);
  if (numbers.weightDecay === 0) return alone.length === 0 ? [] : [withoutDecay(alone, numbers)];
  return [
    ...(alone.length === 0 ? [] : [setsRate(weights, alone, numbers, steps)]),
    ...onlyShrinks(weights),
    ...tooStrong(numbers),
    ...(alone.length === 0 ? [] : slowerThanRun(alone, numbers, steps)),
  ];
}

function withoutDecay(alone: readonly AdvisedWeight[], { optimizer }: OptimizerNumbers): Advice {
  const power = optimizer === "adamw" ? "‖w‖²" : "‖w‖⁴";
  return {
    kind: "no-decay",
    text:
      `Without weight decay the norms of ${counted(alone.length, "scale-invariant weight")} grow for as long as training ` +
      "goes on, and their effective rate falls. Decay the learning rate less, or decay these weights.",
    because:
      "the gradient of a scale-invariant weight is orthogonal to it, so that every step lengthens it (Pythagoras): " +
      `${power} grows in proportion to the steps taken, and the angle per step falls as one over their root`,
    weights: names(alone),
  };
}

function setsRate(
  weights: readonly AdvisedWeight[],
  alone: readonly AdvisedWeight[],
  { optimizer, rate, weightDecay, momentum = 0.9 }: OptimizerNumbers,
  steps?: number,
): Advice {
  const limit = decayRemovalLimit(momentum, optimizer);
  const regularized = weights.filter(({ role, ...weight }) => role === "weight" && isRegularized(weight));
  const rest =
    regularized.length === 0
      ? "No other weight is left for it to regularize."
      : `It does regularize ${counted(regularized.length, "weight")} whose length is part of the function (${someOf(names(regularized))}).`;
  const possible =
    rate * weightDecay <= limit
      ? ""
      : `; at this constant rate there is none, since rate × decay is above ${digits(limit)} (lower the rate, or warm up)`;
  const momentumOption = optimizer === "adamw" ? "" : ` --momentum ${momentum}`;
  const optimizerOption = optimizer === "sgd" ? "" : ` --optimizer ${optimizer}`;
  return {
    kind: "decay-sets-rate",
    text:
      `On ${counted(alone.length, "scale-invariant weight")} decay does nothing but scale the learning rate: another schedule ` +
      `without decay gives the same training. ${rest}`,
    because:
      "the length of such a weight does not change the function; it divides the step, which turns the weight as η/‖w‖² " +
      `does${optimizerTraits[optimizer].exact ? "" : " (for this optimizer approximately)"}, and decay acts on the length alone${possible}`,
    weights: names(alone),
    command:
      `normwise equivalent --lr ${rate} --weight-decay ${weightDecay}${momentumOption}${optimizerOption} ` +
      `--steps ${steps ?? "STEPS"}`,
  };
}

/** Whether the length is part of the function, alone or in a product with weights that go down as it goes up. */
function isRegularized({ invariance, partners }: Pick<AdvisedWeight, "invariance" | "partners">): boolean {
  return invariance === "none" || (invariance === "joint" && partners.some(({ power }) => power < 0));
}

function onlyShrinks(weights: readonly AdvisedWeight[]): Advice[] {
  const shrunk = weights.filter(
    ({ role, invariance, withoutEffect }) => role !== "weight" && invariance === "none" && !withoutEffect,
  );
  if (shrunk.length === 0) return [];
  const roles = { bias: "bias", gain: "gain γ", shift: "shift β" } as const;
  const kinds = (["gain", "shift", "bias"] as const)
    .map((role) => [role, shrunk.filter((weight) => weight.role === role).length] as const)
    .filter(([, count]) => count > 0)
    .map(([role, count]) => `${count} ${roles[role]}`);
  return [
    {
      kind: "decay-only-shrinks",
      text:
        `Decay pulls ${counted(shrunk.length, "vector")} (${kinds.join(", ")}) towards 0, which changes the function and sets ` +
        `nobody's rate. Put ${shrunk.length === 1 ? "it" : "them"} in a group without decay, unless small gains and biases are what is wanted.`,
      because:
        "they are not scale-invariant, so that their length is part of the function; and they are too few to overfit, " +
        "so that there is little to regularize",
      weights: names(shrunk),
    },
  ];
}

function tooStrong(numbers: OptimizerNumbers): Advice[] {
  const { optimizer, rate, weightDecay, momentum = 0.9 } = numbers;
  const pressure = decayPressure(numbers);
  const memory = optimizer === "adamw" ? "1 − β₁" : "1 − μ";
  if (pressure > 1) {
    return [
      {
        kind: "decay-too-strong",
        text:
          `Rate × decay is ${digits(rate * weightDecay)}, more than ${memory}: weights are forgotten sooner than gradients ` +
          "are averaged. Lower the rate or the decay.",
        because: `the equilibrium is one of many small steps, for ηλ ≪ ${memory}; here ηλ is ${digits(pressure)} times that`,
        weights: [],
      },
    ];
  }
  const limit = decayRemovalLimit(momentum, optimizer);
  if (!optimizerTraits[optimizer].coupled || rate * weightDecay <= limit) return [];
  return [
    {
      kind: "decay-too-strong",
      text:
        `Rate × decay is ${digits(rate * weightDecay)}, above (1 − √μ)² = ${digits(limit)}: under decay alone a weight would ` +
        "swing through 0 to its opposite. Lower the rate or the decay.",
      because:
        "w ← (1 + μ − ηλ)w − μ·(w of the step before) has complex roots above that limit, and is not a decay any more",
      weights: [],
    },
  ];
}

function slowerThanRun(alone: readonly AdvisedWeight[], numbers: OptimizerNumbers, steps?: number): Advice[] {
  const equilibrium = predictEquilibrium(numbers, 1);
  if (equilibrium === undefined || steps === undefined || 1 / equilibrium.relaxation <= steps) return [];
  const time = Math.ceil(1 / equilibrium.relaxation);
  return [
    {
      kind: "relaxation-longer-than-run",
      text:
        `Norms need about ${time} steps to approach their equilibrium, and the run has ${steps}: to its end the effective ` +
        "rates depend on the norms that the weights begin with. Count on those, not on the equilibrium.",
      because: `‖w‖${equilibrium.power === 4 ? "⁴" : "²"} approaches its limit as exp(−${digits(equilibrium.relaxation)} · steps)`,
      weights: names(alone),
    },
  ];
}

const names = (weights: readonly AdvisedWeight[]): string[] => weights.map(({ name }) => name);
