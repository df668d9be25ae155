import type { Rule } from "../call.js";
import { activation } from "./activation.js";
import { elementwise } from "./elementwise.js";
import { indexing } from "./indexing.js";
import { linear } from "./linear.js";
import { normalization } from "./normalization.js";
import { pooling } from "./pooling.js";
import { recurrence } from "./recurrent.js";
import { reduction } from "./reduction.js";
import { structure } from "./structure.js";

/** How each standard operator is said in primitives, by its name. */
export const operators: Readonly<Record<string, Rule | undefined>> = {
  ...elementwise,
  ...activation,
  ...reduction,
  ...structure,
  ...indexing,
  ...linear,
  ...pooling,
  ...normalization,
  ...recurrence,
};
