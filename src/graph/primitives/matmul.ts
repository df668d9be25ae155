import { broadcastShapes, expectation, ShapeError } from "../../core/index.js";
import { apply, requireFloating, type Value } from "../graph.js";
import { definePrimitive, type ValueType } from "../primitive.js";
import { type TransposeParams, transpose } from "./structure.js";

export const matmulPrimitive = definePrimitive({
  name: "matmul",
  infer: ([a, b]: readonly ValueType[], _params: Record<never, never>) => {
    requireFloating("matmul", a!, b!);
    const [m, inner] = a!.shape.slice(-2);
    const [rows, n] = b!.shape.slice(-2);
    if (a!.shape.length < 2 || b!.shape.length < 2 || inner !== rows || a!.dtype !== b!.dtype) {
      throw new ShapeError(
        expectation("matmul", "[…, M, K] and […, K, N] of one dtype", `[${a!.shape}] and [${b!.shape}]`),
      );
    }
    const batch = broadcastShapes("matmul", a!.shape.slice(0, -2), b!.shape.slice(0, -2));
    return { shape: [...batch, m!, n!], dtype: a!.dtype };
  },
  vjp: ({ cotangent, inputs: [a, b] }) => [
    matmul(cotangent, transposeLast(b!)),
    // (gᵀa)ᵀ = aᵀg: where b is cᵀ, the transposition cancels with the one that leads back to c.
    swapsLast(b!) ? transposeLast(matmul(transposeLast(cotangent), a!)) : matmul(transposeLast(a!), cotangent),
  ],
});

/** Whether a value is another with its last two axes swapped. */
export function swapsLast({ source, rank }: Value): boolean {
  if (source.kind !== "apply" || source.primitive.name !== "transpose") return false;
  const { permutation } = source.params as TransposeParams;
  return permutation.every((axis, k) => axis === (k < rank - 2 ? k : 2 * rank - 3 - k));
}

/** Matrix product over the last two axes, [..., M, K] × [..., K, N] → [..., M, N]; leading axes broadcast. */
export const matmul = (a: Value, b: Value): Value => apply(matmulPrimitive, [a, b], {});

/** Swaps the last two axes. */
export function transposeLast(x: Value): Value {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}
