import type { Rule } from "../call.js";
import { hostElementwise } from "./elementwise.js";
import { hostIndexing } from "./indexing.js";
import { hostReduction } from "./reduction.js";
import { hostStructure } from "./structure.js";

/** How an operator is computed at once when all its inputs are known, by its name. */
export const hostRules: Readonly<Record<string, Rule | undefined>> = {
  ...hostElementwise,
  ...hostStructure,
  ...hostIndexing,
  ...hostReduction,
};
