import { assertArgument } from "../core/index.js";
import { type OptimizerKind, optimizerTraits } from "../dynamics/index.js";
import { type Given, isBelowOne, isNonNegative, numberOption, optionalNumber } from "./number-options.js";

const kinds = Object.keys(optimizerTraits).join(", ");

/** `--optimizer`, of every command that asks how weights are trained. */
export const optimizerOption = { type: "string", description: `${kinds} (sgd)` } as const;

/** The optimizer of `--optimizer`, heavy ball by default. */
export function optimizerOf({ optimizer = "sgd" }: Given): OptimizerKind {
  const known = typeof optimizer === "string" && Object.hasOwn(optimizerTraits, optimizer);
  assertArgument(known, "--optimizer", `one of ${kinds}`, optimizer);
  return optimizer as OptimizerKind;
}

/** μ of `--momentum`, 0.9 by default. */
export function momentumOf({ momentum = "0.9" }: Given): number {
  return numberOption("momentum", momentum, "a momentum in [0, 1)", isBelowOne);
}

/** λ of `--weight-decay`; undefined if it is absent. */
export function weightDecayOf(given: Given): number | undefined {
  return optionalNumber(given, "weight-decay", "a decay ≥ 0", isNonNegative);
}
