import { DataError, expectation, normalizeAxis, type Shape } from "../../../core/index.js";
import type { Value } from "../../../graph/index.js";
import * as g from "../../../graph/index.js";
import type { Rule } from "../call.js";
import { batchNormalization } from "./batch-normalization.js";

/** A vector of channels, to be multiplied with [N, C, …]. */
const perChannel = (vector: Value, rank: number): Value =>
  g.reshape(vector, [1, -1, ...new Array<number>(rank - 2).fill(1)]);
const axesFrom = (x: Value, first: number): number[] => x.shape.flatMap((_, axis) => (axis < first ? [] : [axis]));

/** x less its mean over axes, and 1/√(σ² + ε). */
function centredAndInverse(
  x: Value,
  axes: readonly number[],
  epsilon: number,
): { mean: Value; centred: Value; inverse: Value } {
  const mean = g.reduceMean(x, axes);
  const centred = g.sub(x, mean);
  return { mean, centred, inverse: g.reciprocal(g.sqrt(g.add(g.reduceMean(g.square(centred), axes), epsilon))) };
}

const standardized = (x: Value, axes: readonly number[], epsilon: number): Value => {
  const { centred, inverse } = centredAndInverse(x, axes, epsilon);
  return g.mul(centred, inverse);
};

const layerNormalization: Rule = (call) => {
  const x = call.value(0);
  const first = normalizeAxis(call.where, call.at.int("axis", -1), x.rank);
  const { mean, centred, inverse } = centredAndInverse(x, axesFrom(x, first), call.at.number("epsilon", 1e-5));
  const gained = g.mul(g.mul(centred, inverse), call.weight(1, "gain"));
  return [call.has(2) ? g.add(gained, call.weight(2, "shift")) : gained, mean, inverse];
};

const instanceNormalization: Rule = (call) => {
  const x = call.value(0);
  const [gain, shift] = [call.weight(1, "gain"), call.weight(2, "shift")];
  const y = standardized(x, axesFrom(x, 2), call.at.number("epsilon", 1e-5));
  return g.add(g.mul(y, perChannel(gain, x.rank)), perChannel(shift, x.rank));
};

/** Gains are one for each group up to opset 20 and one for each channel after it. */
const groupNormalization: Rule = (call) => {
  const x = call.value(0);
  const groups = call.at.int("num_groups");
  const [n, channels] = x.shape as [number, number];
  if (groups < 1 || channels % groups !== 0)
    throw new DataError(expectation(call.where, `groups that divide ${channels}`, groups));
  const grouped = g.reshape(x, [n, groups, channels / groups, ...x.shape.slice(2)]);
  const y = g.reshape(standardized(grouped, axesFrom(grouped, 2), call.at.number("epsilon", 1e-5)), x.shape);
  const spread = (vector: Value): Value => {
    if (call.opset >= 21) return perChannel(vector, x.rank);
    const each = g.broadcastTo(g.reshape(vector, [groups, 1]), [groups, channels / groups]);
    return perChannel(g.reshape(each, [channels]), x.rank);
  };
  return g.add(g.mul(y, spread(call.weight(1, "gain"))), spread(call.weight(2, "shift")));
};

/** x over its norm along an axis; zeros stay zeros. */
const lpNormalization: Rule = (call) => {
  const x = call.value(0);
  const axis = normalizeAxis(call.where, call.at.int("axis", -1), x.rank);
  const norm = call.at.int("p", 2) === 1 ? g.reduceSum(g.abs(x), [axis]) : g.sqrt(g.reduceSum(g.square(x), [axis]));
  return g.div(x, g.maximum(norm, 1e-30));
};

/** x / (bias + α/n Σ x²)^β, the sum over n neighbouring channels. */
const localResponse: Rule = (call) => {
  const x = call.value(0);
  const size = call.at.int("size");
  const [n, channels, ...rest] = x.shape as [number, number, ...number[]];
  const columns: Shape = [n, 1, channels, rest.reduce((product, each) => product * each, 1)];
  const before = Math.floor((size - 1) / 2);
  const padded = g.pad(g.reshape(g.square(x), columns), [0, 0, before, 0], [0, 0, size - 1 - before, 0]);
  const mean = g.averagePool2d(padded, { kernel: [size, 1], stride: 1 });
  const [alpha, beta, bias] = [call.at.number("alpha", 1e-4), call.at.number("beta", 0.75), call.at.number("bias", 1)];
  return g.div(x, g.power(g.add(g.mul(g.reshape(mean, x.shape), alpha), bias), beta));
};

const meanVariance: Rule = (call) => {
  const x = call.value(0);
  const centred = g.sub(x, g.reduceMean(x, call.at.ints("axes", [0, 2, 3])));
  const deviation = g.sqrt(g.reduceMean(g.square(centred), call.at.ints("axes", [0, 2, 3])));
  return g.div(centred, g.add(deviation, 1e-9));
};

/** Normalizations that are one node. */
export const normalization: Readonly<Record<string, Rule>> = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  LpNormalization: lpNormalization,
  LRN: localResponse,
  MeanVarianceNormalization: meanVariance,
};
