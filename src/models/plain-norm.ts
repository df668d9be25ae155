import { sizeOf } from "../core/index.js";
import { add, div, type Layer, mul, reduceMean, sqrt, square, sub } from "../graph/index.js";

/** Stand-in until src/norm has it. */
export function layerNorm(_: object = {}): Layer {
  return {
    kind: "layerNorm",
    apply(x, scope) {
      const centred = sub(x, reduceMean(x, [-1]));
      const spread = sqrt(add(reduceMean(square(centred), [-1]), 1e-5));
      const ones = (shape: readonly number[]) => new Float32Array(sizeOf(shape)).fill(1);
      const zeros = (shape: readonly number[]) => new Float32Array(sizeOf(shape));
      const gain = scope.parameter("weight", [x.shape.at(-1)!], ones, "gain");
      const shift = scope.parameter("bias", [x.shape.at(-1)!], zeros, "shift");
      return add(mul(div(centred, spread), gain), shift);
    },
  };
}
