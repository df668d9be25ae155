import { swapsLast, type Value } from "../../../graph/index.js";
import type { Rule } from "../lowering.js";

/** A matrix that a product takes, perhaps the other way round. */
interface Factor {
  readonly value: Value;
  readonly transposed: boolean;
}

/** Looks through a transposition of the last two axes, which a product can take over. */
function factorOf(value: Value): Factor {
  const { source } = value;
  const transposed = swapsLast(value) && source.kind === "apply";
  return { value: transposed ? source.inputs[0]! : value, transposed };
}

/**
 * Of two matrices, `Gemm` takes either the other way round, so that it need not be written out. (ONNX Runtime's own
 * `FusedMatMul` does the same for batches of them; a Transformer's step was no faster with it.)
 */
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
