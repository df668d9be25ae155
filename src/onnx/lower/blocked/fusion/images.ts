import { sizeOf } from "../../../../core/index.js";
import type { ReduceParams, Value } from "../../../../graph/index.js";
import { elementwise as elementwiseRules } from "../../portable/elementwise.js";

/** Primitives whose operands of the result's shape are what the result is: feature maps, or not. */
const elementwise: ReadonlySet<string> = new Set([
  ...Object.keys(elementwiseRules),
  "cast",
  "stopGradient",
  "customGradient",
  "rounded",
  "gate",
  "channelAffine",
]);

/** Which operands of a primitive, and whether its result, are batches of feature maps by what it does with them. */
const surely: Readonly<Record<string, { readonly operands: readonly number[]; readonly result: boolean }>> = {
  conv2d: { operands: [0], result: true },
  conv2dInputGradient: { operands: [0], result: true },
  conv2dWeightGradient: { operands: [0, 1], result: false },
  fusedConv2d: { operands: [0], result: true },
  fusedConv2dInputGradient: { operands: [0], result: true },
  maxPool2d: { operands: [0], result: true },
  maxPool2dGradient: { operands: [0, 1, 2], result: true },
  gatedMaxPool2dGradient: { operands: [0, 1, 2], result: true },
  twoInputGradients: { operands: [0, 2], result: true },
  averagePool2d: { operands: [0], result: true },
  averagePool2dGradient: { operands: [0], result: true },
  channelDot: { operands: [0, 1], result: false },
  channelTop: { operands: [0], result: false },
  channelGather: { operands: [0], result: false },
  channelScatter: { operands: [2], result: true },
};

/**
 * The values that are batches of feature maps, [N, C, H, W] in float32: what convolutions, poolings and sums per channel
 * take and give, and what is joined to those element by element. The weights of convolutions are not, though of four axes.
 */
export function findImages(values: readonly Value[]): ReadonlySet<Value> {
  const images = new Set<Value>();
  const joined = new Map<Value, Value[]>();
  const join = (a: Value, b: Value): void => {
    joined.set(a, [...(joined.get(a) ?? []), b]);
    joined.set(b, [...(joined.get(b) ?? []), a]);
  };
  const open: Value[] = [];
  for (const value of values) {
    if (value.source.kind !== "apply") continue;
    const { primitive, inputs, params } = value.source;
    const known = surely[primitive.name];
    if (known) open.push(...known.operands.flatMap((at) => inputs[at] ?? []), ...(known.result ? [value] : []));
    if (primitive.name === "reduceSum" && String((params as ReduceParams).axes) === "0,2,3") open.push(inputs[0]!);
    if (!elementwise.has(primitive.name)) continue;
    for (const input of inputs) if (String(input.shape) === String(value.shape)) join(value, input);
  }
  for (let value = open.pop(); value; value = open.pop()) {
    if (images.has(value) || !mayBeImage(value)) continue;
    images.add(value);
    open.push(...(joined.get(value) ?? []));
  }
  return images;
}

const mayBeImage = ({ rank, dtype, shape }: Value): boolean =>
  rank === 4 && dtype === "float32" && sizeOf(shape) > shape[1]!;
