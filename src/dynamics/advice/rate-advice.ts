import { lowerMedian } from "../../core/index.js";
import { type OptimizerNumbers, predictEquilibrium, turningRate } from "../prediction.js";
import type { Advice, AdvisedWeight } from "./advice.js";
import { counted, digits, isInvariantAlone, someOf } from "./wording.js";

/** A rate this many times the median, or as many times below it, is out of line. */
const outOfLine = 4;
/** A norm this many times its equilibrium, or as many times below it, will change what the rate is. */
const offEquilibrium = 2;

/** How fast the weights turn, beside each other and beside where they will settle. */
export function rateAdvice(weights: readonly AdvisedWeight[], numbers: OptimizerNumbers): Advice[] {
  const rated = weights.flatMap((weight) =>
    isInvariantAlone(weight) && !weight.withoutEffect && weight.norm !== undefined && weight.norm > 0
      ? [{ ...weight, norm: weight.norm, turning: turningRate(numbers, weight.norm, weight.size) }]
      : [],
  );
  if (numbers.rate === 0) return [];
  const middle = lowerMedian(rated.map(({ turning }) => turning));
  const fast = rated.filter(({ turning }) => turning > outOfLine * middle);
  const slow = rated.filter(({ turning }) => turning < middle / outOfLine);
  const settling = rated.flatMap(({ name, norm, size }) => {
    const settled = predictEquilibrium(numbers, size)?.norm;
    return settled === undefined ? [] : [{ name, ratio: norm / settled }];
  });
  return [
    ...outlying(fast, middle, "faster", Math.max),
    ...outlying(slow, middle, "slower", Math.min),
    ...off(
      settling.filter(({ ratio }) => ratio > offEquilibrium),
      "above",
      "rise",
    ),
    ...off(
      settling.filter(({ ratio }) => ratio < 1 / offEquilibrium),
      "below",
      "fall",
    ),
  ];
}

function outlying(
  rated: readonly { readonly name: string; readonly turning: number }[],
  middle: number,
  how: "faster" | "slower",
  extreme: (...values: number[]) => number,
): Advice[] {
  if (rated.length === 0) return [];
  const most = extreme(...rated.map(({ turning }) => turning)) / middle;
  const times = how === "faster" ? most : 1 / most;
  const names = rated.map(({ name }) => name);
  return [
    {
      kind: "rate-out-of-line",
      text:
        `${counted(names.length, "weight")} would turn more than ${outOfLine} times ${how} than the median weight, up to ` +
        `${digits(times)} times (${someOf(names)}). Rescale ${names.length === 1 ? "it" : "them"}, which changes no output, ` +
        `or give ${names.length === 1 ? "it a rate of its" : "them rates of their"} own.`,
      because:
        "one learning rate for all is one effective rate only where norms are alike; the function does not depend on them",
      weights: names,
    },
  ];
}

function off(
  settling: readonly { readonly name: string; readonly ratio: number }[],
  side: "above" | "below",
  change: "rise" | "fall",
): Advice[] {
  if (settling.length === 0) return [];
  const names = settling.map(({ name }) => name);
  return [
    {
      kind: "norm-off-equilibrium",
      text:
        `The norms of ${counted(names.length, "weight")} are ${side} their equilibrium (median ratio ` +
        `${digits(lowerMedian(settling.map(({ ratio }) => ratio)))}; ${someOf(names)}): without any change of the learning rate ` +
        `their rotation per step will ${change}.`,
      because: "AdamW's norms settle at √(ηC/(2λ)), whatever the gradients are",
      weights: names,
    },
  ];
}
