import type { ParamsOf, PrimitiveName } from "../../graph/index.js";
import type { ScalingRule } from "./rule.js";
import { elementwiseRules } from "./rules-elementwise.js";
import { linearRules } from "./rules-linear.js";
import { structureRules } from "./rules-structure.js";

/** How the output of each primitive scales with its inputs. */
export const scalingRules: { readonly [N in PrimitiveName]: ScalingRule<ParamsOf<N>> } = {
  ...elementwiseRules,
  ...structureRules,
  ...linearRules,
};
