import { sameShape, sizeOf } from "../../../../core/index.js";
import type { Value } from "../../../../graph/index.js";

/** Tensors of fewer elements are not worth an operator of their own. */
const manyElements = 4096;

/** s x + y, or y − s x, of values of a program. */
export interface ScaledSum {
  readonly x: Value;
  /** One number. */
  readonly s: Value;
  readonly negative: boolean;
  readonly y: Value;
}

/** Reads a value of many elements as a sum in which one term is a tensor times a number, such as a step of an update. */
export function asScaledSum({ source, shape, dtype }: Value): ScaledSum | undefined {
  if (source.kind !== "apply" || dtype !== "float32" || sizeOf(shape) < manyElements) return undefined;
  const { name } = source.primitive;
  if (name !== "add" && name !== "sub") return undefined;
  const [a, b] = source.inputs as [Value, Value];
  const negative = name === "sub";
  if (!sameShape(a.shape, shape) || !sameShape(b.shape, shape)) return undefined;
  const product = scaledTensor(b);
  if (product) return { ...product, negative, y: a };
  const first = negative ? undefined : scaledTensor(a);
  return first && { ...first, negative, y: b };
}

function scaledTensor({ source, shape }: Value): Pick<ScaledSum, "x" | "s"> | undefined {
  if (source.kind !== "apply" || source.primitive.name !== "mul") return undefined;
  const [a, b] = source.inputs as [Value, Value];
  const [x, s] = sizeOf(b.shape) === 1 ? [a, b] : [b, a];
  return sizeOf(s.shape) === 1 && sameShape(x.shape, shape) ? { x, s } : undefined;
}
