import type { Lowering, Rule } from "../lowering.js";
import { portable } from "../portable/index.js";
import { factorOf } from "../portable/matmul.js";

/** Batches of matrices too are taken the other way round by an operator of ONNX Runtime's own. */
const product: Rule = (context) => {
  const { emit, operands, nameOf } = context;
  const factors = operands.map(factorOf);
  const batches = factors.every(({ value }) => value.rank > 2);
  if (!batches || !factors.some(({ transposed }) => transposed)) return portable.rules.matmul(context);
  const [transA, transB] = factors.map(({ transposed }) => Number(transposed)) as [number, number];
  const names = factors.map(({ value }) => nameOf(value));
  return emit.node("FusedMatMul", names, { attributes: { transA, transB }, domain: "com.microsoft" }).output(0);
};

/** {@link portable} with what ONNX Runtime has beside the standard operators: for programs that only it is to run. */
export const native: Lowering = {
  name: "native",
  rules: { ...portable.rules, matmul: product },
  domains: { "com.microsoft": 1 },
};
