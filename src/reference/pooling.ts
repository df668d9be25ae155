import { type Shape, sizeOf } from "../core/index.js";
import type { Pool2dParams } from "../graph/index.js";
import { patchOffsets, sweepOf } from "./patches.js";
import type { Rules } from "./rule.js";

type PoolingName = "maxPool2d" | "maxPool2dGradient" | "averagePool2d" | "averagePool2dGradient";

/** Float64 evaluation of the poolings and their gradients. */
export const poolingRules: Rules<PoolingName> = {
  maxPool2d: ([x], params, { shape }) => {
    const out = new Float64Array(sizeOf(shape)).fill(Number.NEGATIVE_INFINITY);
    eachElement(x!.shape, shape, params, (from, to) => {
      out[to] = Math.max(out[to]!, x!.data[from]!);
    });
    return out;
  },
  maxPool2dGradient: ([x, y, dy], params, { shape }) => {
    const winners = new Int32Array(dy!.data.length).fill(-1);
    eachElement(shape, y!.shape, params, (from, to) => {
      if (winners[to] === -1 || x!.data[from]! > x!.data[winners[to]!]!) winners[to] = from;
    });
    const out = new Float64Array(sizeOf(shape));
    for (const [i, winner] of winners.entries()) out[winner]! += dy!.data[i]!;
    return out;
  },
  averagePool2d: ([x], params, { shape }) => {
    const out = new Float64Array(sizeOf(shape));
    const weight = 1 / sizeOf(params.kernel);
    eachElement(x!.shape, shape, params, (from, to) => {
      out[to]! += x!.data[from]! * weight;
    });
    return out;
  },
  averagePool2dGradient: ([dy], params, { shape }) => {
    const out = new Float64Array(sizeOf(shape));
    const weight = 1 / sizeOf(params.kernel);
    eachElement(shape, dy!.shape, params, (from, to) => {
      out[from]! += dy!.data[to]! * weight;
    });
    return out;
  },
};

/** Visits (input element, output element) for every element of every window but the padding, in row-major order. */
function eachElement(
  input: Shape,
  output: Shape,
  params: Pool2dParams,
  visit: (from: number, to: number) => void,
): void {
  const offsets = patchOffsets(sweepOf(input, output, params.kernel, params));
  const area = output[2]! * output[3]!;
  const pixels = input[2]! * input[3]!;
  for (let plane = 0; plane < input[0]! * input[1]!; plane++) {
    for (let i = 0; i < offsets.length; i++) {
      if (offsets[i]! >= 0) visit(plane * pixels + offsets[i]!, plane * area + (i % area));
    }
  }
}
