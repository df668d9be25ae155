import { sizeOf } from "../../../../core/index.js";
import type { ReduceParams, Value } from "../../../../graph/index.js";

/** Whether a value is x less its mean over N, H and W, so that it sums to zero. */
export function isCentred({ source }: Value): boolean {
  if (source.kind !== "apply" || source.primitive.name !== "sub") return false;
  const [x, mean] = source.inputs as [Value, Value];
  if (mean.source.kind !== "apply" || mean.source.primitive.name !== "mul") return false;
  const [sum, share] = mean.source.inputs as [Value, Value];
  const summed = sum.source.kind === "apply" && sum.source.primitive.name === "reduceSum" ? sum.source : undefined;
  if (summed?.inputs[0] !== x || share.source.kind !== "constant" || share.rank > 0) return false;
  return (
    String((summed.params as ReduceParams).axes) === "0,2,3" &&
    Math.abs((share.source.tensor.data[0] as number) * (sizeOf(x.shape) / x.shape[1]!) - 1) < 1e-9
  );
}
