import type { PrimitiveName, TransposeParams, Value } from "../../../graph/index.js";
import type { Rule } from "../lowering.js";

/** A matrix that a product takes, perhaps the other way round. */
interface Factor {
  readonly value: Value;
  readonly transposed: boolean;
}

/** Looks through transpositions of the last two axes, which a product can take over. */
export function factorOf(value: Value): Factor {
  const { source } = value;
  if (source.kind !== "apply" || source.primitive.name !== ("transpose" satisfies PrimitiveName)) {
    return { value, transposed: false };
  }
  const { permutation } = source.params as TransposeParams;
  const last = permutation.length - 1;
  const swaps = permutation.every((axis, k) => axis === (k === last ? last - 1 : k === last - 1 ? last : k));
  if (!swaps) return { value, transposed: false };
  const inner = factorOf(source.inputs[0]!);
  return { ...inner, transposed: !inner.transposed };
}

/** Of two matrices, `Gemm` takes either the other way round, so that it need not be written out. */
const product: Rule = ({ emit, inputs, operands, nameOf }) => {
  const factors = operands.map(factorOf);
  const matrices = factors.every(({ value }) => value.rank === 2);
  if (!matrices || !factors.some(({ transposed }) => transposed)) return emit.op("MatMul", inputs);
  const [transA, transB] = factors.map(({ transposed }) => Number(transposed)) as [number, number];
  return emit.op(
    "Gemm",
    factors.map(({ value }) => nameOf(value)),
    { transA, transB },
  );
};

export const matmul = { matmul: product };
