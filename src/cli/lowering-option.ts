import { assertArgument } from "../core/index.js";
import { type LoweringOption, loweringOptions } from "../runtime/lowering-option.js"; // not the room's index: it is heavier

/** `--lowering` of the commands that make a runtime. */
export const loweringArg = {
  type: "string",
  description: "operators of the runtime: portable (any machine), blocked (faster), or auto: blocked where it runs",
  default: "auto",
} as const;

/** Reads `--lowering`; throws an InvalidArgumentError unless it is one. */
export function loweringFrom(text: string): LoweringOption {
  const found = loweringOptions.find((option) => option === text);
  assertArgument(found !== undefined, "--lowering", loweringOptions.join(", "), text);
  return found;
}
