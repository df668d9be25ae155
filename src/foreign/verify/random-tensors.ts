import { isFloating, type RandomStream, sizeOf, type Tensor, tensor } from "../../core/index.js";
import type { Value } from "../../graph/index.js";
import { floatTensor } from "../weights/float-tensor.js";

/**
 * Something for a model's input: normal numbers; indices that are uniform over what they choose from; ones for other
 * integers, such as masks.
 */
export function randomInput({ shape, dtype, graph, id }: Value, random: RandomStream): Tensor {
  const length = sizeOf(shape);
  if (isFloating(dtype))
    return tensor(
      Float32Array.from({ length }, () => random.normal()),
      shape,
    );
  const choices = Math.min(...reach(graph.values[id]!));
  const numbers = Array.from({ length }, () => (Number.isFinite(choices) ? random.integer(choices) : 1));
  return tensor(numbers, shape, dtype);
}

/** The sizes of the axes that an input's numbers choose from, directly or moved about. */
function reach(input: Value): number[] {
  const same = new Set([input]);
  const sizes: number[] = [];
  for (const value of input.graph.values.slice(input.id + 1)) {
    if (value.source.kind !== "apply") continue;
    const { primitive, inputs, params } = value.source;
    const [first, second] = inputs;
    if (["cast", "reshape", "slice", "transpose", "broadcastTo"].includes(primitive.name) && same.has(first!)) {
      same.add(value);
    }
    if (primitive.name === "gather" && same.has(second!)) {
      const { axis } = params as { readonly axis?: number };
      sizes.push(first!.shape[axis ?? 0]!);
    }
  }
  return sizes;
}

/** A vector whose elements differ by less than this hides what it does, being a bias or a gain of about 1. */
const leastVariety = 0.1;

/**
 * The elements of a weight as float32. One whose elements are all the same, or a vector of nearly equal ones, as biases, gains
 * and layer scales are at first, is made random: a bias of 0 breaks nothing, and a branch scaled by 10⁻⁶ shows nothing.
 */
export function variedWeight(weight: Tensor, random: RandomStream): Tensor<"float32"> {
  const data = Float32Array.from(floatTensor(weight).data);
  const first = data[0] ?? 0;
  const near = weight.shape.length <= 1 ? leastVariety / 2 : 0;
  if (data.every((value) => Math.abs(value - first) <= near)) {
    const isGain = Math.abs(first) >= 2 * leastVariety;
    for (let i = 0; i < data.length; i++) {
      data[i] = isGain ? data[i]! * (0.5 + random.uniform()) : 0.5 * random.normal();
    }
  }
  return { dtype: "float32", shape: weight.shape, data };
}

/** A tensor with each element changed in about its last bit. */
export function blurred({ shape, data }: Tensor<"float32">, random: RandomStream): Tensor<"float32"> {
  return { dtype: "float32", shape, data: data.map((value) => value * (1 + 2 ** -23 * random.normal())) };
}
