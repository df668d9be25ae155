import { expect } from "vitest";
import { numbersOf, randomStream, type Tensor } from "../../../src/core/index.js";
import { type AnalysedWeight, analyzeInvariance, type WeightInvariance } from "../../../src/dynamics/index.js";
import type { Value } from "../../../src/graph/index.js";
import { evaluate } from "../../../src/reference/index.js";

type Feeds = Readonly<Record<string, Tensor>>;

/**
 * What scaling does to outputs, by numbers: the analysis's claims are tried one by one in float64. That something may be
 * scaled must be true, but for an `allowed` relative change. That it may not is expected to be true as well, unless `missed`
 * is given: it collects the others.
 */
export function analysedAndTried(
  outputs: readonly Value[],
  weights: readonly AnalysedWeight[],
  feeds: Feeds,
  missed?: string[],
  allowed = 1e-8,
): Record<string, WeightInvariance> {
  const expectMoved = (distance: number, label: string): void => {
    if (missed && !(distance > 1e-6)) missed.push(label);
    else expect(distance, label).toBeGreaterThan(1e-6);
  };
  const found = analyzeInvariance(outputs, weights);
  const before = numbers(outputs, feeds);
  expect(Math.hypot(...before)).toBeGreaterThan(1e-3);
  const moved = (changed: Feeds): number => distance(numbers(outputs, { ...feeds, ...changed }), before);
  for (const claim of found) {
    const random = randomStream(7, claim.name);
    const channels = claim.groups.length;
    const byGroup = Array.from({ length: channels + 1 }, () => 0.5 + 1.5 * random.uniform());
    const scaled = (factor: (channel: number) => number): Feeds => ({
      [claim.name]: scale(feeds[claim.name]!, claim.axis, factor),
    });
    const label = `${claim.name}: ${claim.because}`;
    expect(moved(scaled((k) => (claim.groups[k]! < 0 ? 1 : byGroup[claim.groups[k]!]!))), label).toBeLessThan(allowed);
    if (claim.withoutEffect) expect(moved(scaled((k) => k - 3.5)), label).toBeLessThan(allowed);
    const sizes = new Map<number, number>();
    for (const group of claim.groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
    for (const channel of [0, channels >> 1, channels - 1]) {
      const group = claim.groups[channel]!;
      const alone = moved(scaled((k) => (k === channel ? 1.7 : 1)));
      if (group >= 0 && sizes.get(group)! > 1) expectMoved(alone, `${label}, channel ${channel}`);
    }
    if (claim.groups.includes(-1)) {
      expectMoved(moved(scaled((k) => (claim.groups[k]! < 0 ? 1.7 : 1))), label);
    }
    if (claim.invariance !== "joint") continue;
    const partners = (skipped?: string): Feeds =>
      Object.fromEntries(
        claim.partners
          .filter(({ name }) => name !== skipped)
          .map(({ name, power }) => [name, scale(feeds[name]!, 0, () => 1.7 ** power)]),
      );
    expect(moved({ ...scaled(() => 1.7), ...partners() }), label).toBeLessThan(allowed);
    for (const { name } of claim.partners) {
      expectMoved(moved({ ...scaled(() => 1.7), ...partners(name) }), `${label}, without ${name}`);
    }
  }
  return Object.fromEntries(found.map((claim) => [claim.name, claim]));
}

const numbers = (outputs: readonly Value[], feeds: Feeds): number[] =>
  evaluate(outputs, feeds).flatMap((tensor) => [...numbersOf(tensor)]);

const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.hypot(...a.map((x, i) => x - b[i]!)) / Math.hypot(...b);

/** A tensor whose slices along an axis are multiplied by factors. */
function scale({ shape, data }: Tensor, axis: number, factor: (channel: number) => number): Tensor {
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const size = shape[axis] ?? 1;
  const source = data as Float32Array;
  return {
    dtype: "float64",
    shape,
    data: Float64Array.from(source, (x, at) => x * factor(Math.floor(at / inner) % size)),
  };
}
