import { describe, expect, it } from "vitest";
import { ShapeError } from "../../src/core/index.js";
import { batchNorm, ghostBatchNorm } from "../../src/norm/index.js";
import { checkBuiltGradient } from "../support/gradient-check.js";
import { type BuiltLayer, buildLayer, outputOf, relativeDistance } from "../support/layers.js";
import { normal } from "../support/random-tensors.js";
import { buildNorm, type MetricRow, type NormRow, nextBuffers, runningPairs, trainedByHand } from "./table/index.js";

const epsilon = 0.1;

/** The normalization behind a scale-invariant weight whose norm it is to follow. */
const behind = (norm: NormRow, metric: MetricRow, epsilonScale: number, statisticsScale = 1): BuiltLayer =>
  buildNorm(norm, metric, { epsilon }, { following: { epsilonScale, statisticsScale } });

describe.each(runningPairs)("%s, following a norm", (_name, norm, metric) => {
  const squared = metric.metric.power === 2;

  it("has its ε times s where it is squared with σ, times √s where it is not", () => {
    const built = behind(norm, metric, 9);
    const expected = trainedByHand(norm, metric, built.feeds, (squared ? 9 : 3) * epsilon);
    expect(relativeDistance(outputOf(built, built.feeds), expected)).toBeLessThan(1e-11);
  });

  it("has the right gradient", () => {
    const { graph, output, feeds, scope } = behind(norm, metric, 2);
    const wanted = ["x", ...scope.parameters.map(({ name }) => name)];
    const inputs = Object.fromEntries(wanted.map((name) => [name, graph.inputs.get(name)!]));
    checkBuiltGradient(feeds, { graph, inputs, output }, { wanted, step: 1e-6 });
  });

  it("has its running statistics times c, or c² where they are squares, after the step", () => {
    const [at3, at1] = [behind(norm, metric, 1, 3), behind(norm, metric, 1, 1)].map((built) =>
      nextBuffers(built, built.feeds),
    ) as [Record<string, number[]>, Record<string, number[]>];
    for (const [name, values] of Object.entries(at1)) {
      const factor = name === "running_var" ? 9 : 3;
      expect(
        relativeDistance(
          at3[name]!,
          values.map((value) => factor * value),
        ),
        name,
      ).toBeLessThan(1e-12);
    }
  });
});

describe("ghost batches", () => {
  const x = normal("ghosts", [6, 3]);
  const ghosts = (size: number): BuiltLayer => buildLayer(ghostBatchNorm({ size }), x);
  const whole = buildLayer(batchNorm(), x);

  it.each([6, 7, 32])("of %i rows take a batch of 6 whole", (size) => {
    expect(outputOf(ghosts(size), whole.feeds)).toEqual(outputOf(whole, whole.feeds));
  });

  it("of 2 rows do not", () => {
    expect(relativeDistance(outputOf(ghosts(2), whole.feeds), outputOf(whole, whole.feeds))).toBeGreaterThan(0.1);
  });

  it("of 4 rows do not divide it, which only matters in training", () => {
    expect(() => ghosts(4)).toThrow(ShapeError);
    expect(() => ghosts(4)).toThrow("ghostBatchNorm: expected a batch that is a multiple of 4, got 6");
    const evaluated = [ghostBatchNorm({ size: 4 }), batchNorm()].map((layer) =>
      buildLayer(layer, x, { training: false }),
    );
    expect(outputOf(evaluated[0]!, evaluated[0]!.feeds)).toEqual(outputOf(evaluated[1]!, evaluated[1]!.feeds));
  });

  it("count in the running statistics by what is left of them at the end", () => {
    const built = buildLayer(ghostBatchNorm({ size: 2, momentum: 1 }), x);
    const last = buildLayer(batchNorm({ momentum: 1 }), { ...x, shape: [2, 3], data: x.data.slice(12) });
    expect(nextBuffers(built, built.feeds)).toEqual(nextBuffers(last, last.feeds));
  });
});
