import type { PrimitiveName, ValueType } from "../graph/index.js";
import { convolutionRules } from "./convolution.js";
import { elementwiseRules } from "./elementwise.js";
import { indexingRules } from "./indexing.js";
import { matmulRules } from "./matmul.js";
import { poolingRules } from "./pooling.js";
import { reductionRules } from "./reduction.js";
import type { Held, Rules } from "./rule.js";
import { structureRules } from "./structure.js";

/** How the reference computes each primitive. A primitive without a rule does not compile. */
export const referenceRules: Rules<PrimitiveName> = {
  ...elementwiseRules,
  ...reductionRules,
  ...matmulRules,
  ...convolutionRules,
  ...poolingRules,
  ...indexingRules,
  ...structureRules,
};

/** Computes one application of a primitive. */
export function applyRule(name: string, inputs: readonly Held[], params: object, type: ValueType): Held {
  const rule = referenceRules[name as PrimitiveName] as (
    inputs: readonly Held[],
    params: object,
    output: ValueType,
  ) => Float64Array;
  return { shape: type.shape, dtype: type.dtype, data: rule(inputs, params, type) };
}
