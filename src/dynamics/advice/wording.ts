import type { FinestInvariance } from "../invariance/weight-invariance.js";

/** Whether a weight, or each of its groups, may be scaled without another's help. */
export const isInvariantAlone = (weight: { readonly invariance: FinestInvariance }): boolean =>
  weight.invariance !== "none" && weight.invariance !== "joint";

/** `1 weight`, `3 weights`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** The first names, and how many more there are. */
export function someOf(names: readonly string[], most = 3): string {
  const shown = names.slice(0, most).join(", ");
  return names.length <= most ? shown : `${shown} and ${names.length - most} more`;
}

/** Three significant digits. */
export const digits = (value: number): string => String(Number(value.toPrecision(3)));
