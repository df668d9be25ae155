import { describe, expect, it } from "vitest";
import { InvalidArgumentError, type Shape, ShapeError } from "../../src/core/index.js";
import type { Layer } from "../../src/graph/index.js";
import {
  batchNorm,
  boundedWeightNorm,
  forcedWeightNorm,
  ghostBatchNorm,
  groupNorm,
  instanceNorm,
  layerNorm,
  lp,
  range,
  rmsNorm,
  topK,
  weightStandardization,
} from "../../src/norm/index.js";
import { buildLayer } from "../support/layers.js";
import { normal } from "../support/random-tensors.js";

const norms: Readonly<Record<string, (options: object) => unknown>> = {
  batchNorm,
  ghostBatchNorm,
  groupNorm,
  instanceNorm,
  layerNorm,
  rmsNorm,
};

function expectRefused(make: () => unknown, message: string): void {
  expect(make).toThrow(InvalidArgumentError);
  expect(make).toThrow(message);
}

describe.each(Object.entries(norms))("%s refuses", (name, make) => {
  it.each([
    [{ epsilon: 0 }, "expected epsilon > 0, got 0"],
    [{ epsilon: -1e-5 }, "expected epsilon > 0, got -0.00001"],
    [{ epsilon: Number.NaN }, "expected epsilon > 0, got NaN"],
    [{ initialGain: Number.POSITIVE_INFINITY }, "expected a finite initial gain, got Infinity"],
  ])("%o", (options, message) => expectRefused(() => make(options), `${name}: ${message}`));
});

describe("options out of range", () => {
  it.each<readonly [string, () => unknown, string]>([
    ["batchNorm", () => batchNorm({ momentum: 0 }), "momentum in (0, 1], got 0"],
    ["batchNorm", () => batchNorm({ momentum: 1.5 }), "momentum in (0, 1], got 1.5"],
    ["ghostBatchNorm", () => ghostBatchNorm({ momentum: -1 }), "momentum in (0, 1], got -1"],
    ["ghostBatchNorm", () => ghostBatchNorm({ size: 0 }), "an integer size ≥ 1, got 0"],
    ["ghostBatchNorm", () => ghostBatchNorm({ size: 2.5 }), "an integer size ≥ 1, got 2.5"],
    ["groupNorm", () => groupNorm({ groups: 0 }), "an integer number of groups ≥ 1, got 0"],
    ["layerNorm", () => layerNorm({ axes: 0 }), "an integer number of axes ≥ 1, got 0"],
    ["rmsNorm", () => rmsNorm({ axes: 1.5 }), "an integer number of axes ≥ 1, got 1.5"],
    ["lp", () => lp(0.5), "a power p ≥ 1, got 0.5; use lInf() for the maximum"],
    ["lp", () => lp(Number.POSITIVE_INFINITY), "a power p ≥ 1, got Infinity"],
    ["topK", () => topK(0), "an integer k ≥ 1, got 0"],
    ["topK", () => topK(2.5), "an integer k ≥ 1, got 2.5"],
    ["range", () => range({ chunks: 0 }), "an integer number of chunks ≥ 1, got 0"],
    ["boundedWeightNorm", () => boundedWeightNorm({ rho: 0 }), "a norm ρ > 0, got 0"],
    ["boundedWeightNorm", () => boundedWeightNorm({ rho: Number.NaN }), "a norm ρ > 0, got NaN"],
    ["forcedWeightNorm", () => forcedWeightNorm({ rho: Number.POSITIVE_INFINITY }), "a norm ρ > 0, got Infinity"],
    ["weightStandardization", () => weightStandardization({ epsilon: 0 }), "epsilon > 0, got 0"],
  ])("%s", (where, make, message) => expectRefused(make, `${where}: expected ${message}`));
});

describe("shapes that do not fit", () => {
  it.each<readonly [string, Layer, Shape, string]>([
    ["batchNorm", batchNorm(), [4], "x [N, C] or [N, C, …], got [4]"],
    ["ghostBatchNorm", ghostBatchNorm(), [4], "x [N, C] or [N, C, …], got [4]"],
    ["instanceNorm", instanceNorm(), [4], "x [N, C] or [N, C, …], got [4]"],
    ["groupNorm", groupNorm(), [2, 48, 3], "channels that 32 groups divide, got 48; change the groups"],
    ["layerNorm", layerNorm(), [4], "x of more than 1 axes, got [4]"],
    ["rmsNorm", rmsNorm({ axes: 2 }), [4, 3], "x of more than 2 axes, got [4,3]"],
  ])("%s", (where, layer, shape, message) => {
    const build = (): unknown => buildLayer(layer, normal("shape", shape));
    expect(build).toThrow(ShapeError);
    expect(build).toThrow(`${where}: expected ${message}`);
  });
});
