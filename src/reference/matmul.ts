import { sizeOf } from "../core/index.js";
import { gemm, transposed } from "./gemm.js";
import type { Rules } from "./rule.js";
import { offsetsOf, stretchedStrides } from "./strided.js";

/** Float64 evaluation of the matrix product. */
export const matmulRules: Rules<"matmul"> = {
  matmul: ([a, b], _params, { shape }) => {
    const [m, n] = shape.slice(-2) as [number, number];
    const k = a!.shape.at(-1)!;
    const batch = shape.slice(0, -2);
    const firstMatrices = (of: readonly number[]): Int32Array =>
      offsetsOf(batch, stretchedStrides(of.slice(0, -2), batch));
    const left = firstMatrices(a!.shape);
    const right = firstMatrices(b!.shape);
    const out = new Float64Array(sizeOf(shape));
    const columns = new Float64Array(n * k);
    let packed = -1;
    for (let i = 0; i < left.length; i++) {
      if (packed !== right[i]) transposed(b!.data, right[i]! * k * n, k, n, columns);
      packed = right[i]!;
      gemm(m, n, k, a!.data, left[i]! * m * k, columns, 0, out, i * m * n);
    }
    return out;
  },
};
