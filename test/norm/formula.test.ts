import { describe, expect, it } from "vitest";
import { outputOf, relativeDistance } from "../support/layers.js";
import {
  buildNorm,
  evaluatedByHand,
  nextBuffers,
  pairs,
  runningByHand,
  runningPairs,
  trainedByHand,
} from "./table/index.js";

const epsilon = 0.1; // large, so that its place in the formula shows

describe.each(pairs)("%s", (_name, norm, metric) => {
  it("is its formula in training", () => {
    const built = buildNorm(norm, metric, { epsilon });
    const expected = trainedByHand(norm, metric, built.feeds, epsilon);
    expect(relativeDistance(outputOf(built, built.feeds), expected)).toBeLessThan(1e-11);
  });

  it("is its formula in evaluation, and changes nothing", () => {
    const built = buildNorm(norm, metric, { epsilon }, { training: false });
    const expected = evaluatedByHand(norm, metric, built.feeds, epsilon);
    expect(relativeDistance(outputOf(built, built.feeds), expected)).toBeLessThan(1e-11);
    expect(built.scope.buffers.filter(({ next }) => next)).toEqual([]);
  });

  it("declares what it says", () => {
    const { scope } = buildNorm(norm, metric);
    const affine = norm.affine ? ["weight", ...(norm.centre ? ["bias"] : [])] : [];
    expect(scope.parameters.map(({ name }) => name)).toEqual(affine);
    expect(scope.buffers.length).toBe(norm.momentum === undefined ? 0 : norm.centre ? 2 : 1);
  });
});

describe.each(runningPairs)("running statistics of %s", (_name, norm, metric) => {
  it("move by the momentum", () => {
    const built = buildNorm(norm, metric, { epsilon });
    const expected = runningByHand(norm, metric, built.feeds);
    const next = nextBuffers(built, built.feeds);
    expect(Object.keys(next)).toEqual(Object.keys(expected));
    for (const [name, values] of Object.entries(expected)) {
      expect(relativeDistance(next[name]!, values), name).toBeLessThan(1e-11);
    }
  });
});
