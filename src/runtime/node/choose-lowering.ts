import { ExecutionError, expectation } from "../../core/index.js";
import { blocked, type Lowering, portable } from "../../onnx/index.js";
import type { LoweringOption } from "../lowering-option.js";
import type { Probe } from "./probe-blocked.js";

/** The lowering of a runtime. The same program gives the same bits only with the same lowering and block. */
export interface ChosenLowering {
  readonly name: "blocked" | "portable";
  /** Channels that lie beside each other in memory, of the blocked one. */
  readonly block?: number;
  /** Why it is `portable`, where `auto` looked for better. */
  readonly notice?: string;
}

/**
 * Decides for a lowering by what the probe found.
 * @param probe Unless `asked` is `portable`, whatever the machine can do.
 * @throws ExecutionError if `blocked` is asked for and cannot be used.
 */
export function chooseLowering(asked: LoweringOption, probe: Probe | undefined): ChosenLowering {
  if (asked === "portable" || probe === undefined) return { name: "portable" };
  if ("block" in probe) return { name: "blocked", block: probe.block };
  const { obstacle } = probe;
  if (asked === "auto")
    return {
      name: "portable",
      notice: `the portable lowering in place of the blocked one, which is faster: ${obstacle}`,
    };
  const fix = "choose auto or portable, which is slower and runs anywhere";
  throw new ExecutionError(expectation("lowering blocked", "a machine and a runtime that can run it", obstacle, fix));
}

/** The rules of a chosen lowering. */
export const rulesOf = ({ block }: ChosenLowering): Lowering => (block === undefined ? portable : blocked({ block }));
