import { type Shape, sizeOf } from "../../src/core/index.js";

/** An ONNX operator with the shapes of its tensors. */
export interface Operands {
  readonly operator: string;
  readonly inputs: readonly Shape[];
  readonly outputs: readonly Shape[];
}

/**
 * Floating-point operations of a convolution or a matrix product, a multiplication and an addition counting as two; 0 for
 * other operators. Blocked convolutions have the shapes of plain ones.
 */
export function operationsOf({ operator, inputs: [a, b], outputs: [y] }: Operands): number {
  if (!a || !b || !y) return 0;
  switch (operator) {
    case "Conv": // each output: its row of the filters [K, C/groups, …]
      return 2 * sizeOf(y) * sizeOf(b.slice(1));
    case "ConvTranspose": // each input: its row of the filters [C, K/groups, …]
      return 2 * sizeOf(a) * sizeOf(b.slice(1));
    case "MatMul":
    case "FusedMatMul":
    case "Gemm": {
      const [rows, inner] = [a.at(-2) ?? 1, a.at(-1) ?? 1];
      const outRows = a.length > 1 ? (y.at(-2) ?? 1) : 1;
      return 2 * sizeOf(y) * ((rows * inner) / outRows); // transposed or not, a is [outRows, summed]
    }
    default:
      return 0;
  }
}
