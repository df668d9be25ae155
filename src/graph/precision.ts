import type { DType } from "../core/index.js";
import type { Value } from "./graph.js";
import type { PrimitiveName } from "./primitives/index.js";
import { cast } from "./primitives/structure.js";

/** The format in which activations, gradients and the layers' copies of the weights are kept. */
export type StorageType = Extract<DType, "float32" | "float16" | "bfloat16">;

/**
 * How the sums inside a normalization are taken, forward and backward. `fp32`: in float32. The others round every term
 * and every partial sum to float16, and differ in when they divide by the number n of terms: `fp16-sum` at the end,
 * `fp16-block-mean` after each stage of partial sums, `fp16-mean-first` before anything is added.
 */
export type NormAccumulator = "fp32" | "fp16-sum" | "fp16-block-mean" | "fp16-mean-first";

/** Number formats of a network. The optimizer's weights, moments and running statistics are float32 in any case. */
export interface Precision {
  readonly storage: StorageType;
  readonly normAccumulator: NormAccumulator;
}

/** Float32 throughout. */
export const fullPrecision: Precision = { storage: "float32", normAccumulator: "fp32" };

/** Whether no value is rounded below float32. */
export const isFullPrecision = ({ storage, normAccumulator }: Precision): boolean =>
  storage === "float32" && normAccumulator === "fp32";

/** Primitives whose results are some of their operands' numbers, which need no rounding again where those are rounded. */
const moves: ReadonlySet<string> = new Set<PrimitiveName>([
  "relu",
  "reshape",
  "transpose",
  "maxPool2d",
  "slice",
  "concat",
]);

/**
 * A value rounded to a storage format (nearest even, overflowing to infinity) and back to its own dtype. Its gradient is
 * rounded the same way. A float16 graph would not be faithful: ONNX Runtime keeps float32 between neighbouring nodes.
 */
export function storedIn(value: Value, storage: StorageType): Value {
  if (storage === "float32" || isStored(value, storage)) return value;
  return cast(cast(value, storage), value.dtype);
}

/** Whether a value is rounded already: by a cast from the format, or as numbers moved from values that are. */
function isStored({ source }: Value, storage: StorageType): boolean {
  if (source.kind !== "apply") return false;
  const { primitive, inputs } = source;
  if (primitive.name === "cast") return inputs[0]!.dtype === storage;
  return moves.has(primitive.name) && inputs.every((input) => isStored(input, storage));
}
