import { expectation, RunError } from "../../core/index.js";
import type { Runtime } from "../../graph/index.js";
import { readRun } from "../../io/files/index.js";
import type { LoweringOption } from "../../runtime/index.js";
import { type ChosenLowering, type NodeRuntime, nodeRuntime } from "../../runtime/node/index.js";

/** What `run.json` holds of the lowering that a run is computed with, under `lowering`. */
export type RecordedLowering = Pick<ChosenLowering, "name" | "block">;

/**
 * Opens the runtime of a run that begins, or of the one in the folder `continued`. That goes on with the lowering, and the
 * block, that it began with, unless another is asked for: others give other last bits.
 *
 * @param told `onNotice` is told why the runtime is slower than it might be, if it is.
 * @throws RunError if this machine cannot run the lowering that the run began with.
 */
export async function runRuntime(
  { threads, lowering }: { readonly threads: number; readonly lowering: LoweringOption },
  { onNotice }: { readonly onNotice?: (notice: string) => void },
  continued?: string,
): Promise<NodeRuntime> {
  const began = continued === undefined ? undefined : recordedLowering(continued);
  const recorded = lowering === "auto" || lowering === began?.name ? began : undefined;
  const runtime = nodeRuntime({ threads, lowering: recorded ? asked(recorded) : lowering });
  try {
    const { block, notice } = await runtime.lowering;
    if (recorded && block !== recorded.block) {
      const expected = `a machine for the lowering that the run began with, ${recorded.name} ${recorded.block}`;
      const fix = "--lowering portable goes on, to other last bits";
      throw new RunError(expectation(`resume ${continued}`, expected, notice ?? `blocks of ${block} channels`, fix));
    }
    if (notice !== undefined) onNotice?.(notice);
    return runtime;
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

/** What `run.json` is to hold of a runtime's lowering; undefined if it has none. */
export async function loweringOf(runtime: Runtime | NodeRuntime): Promise<RecordedLowering | undefined> {
  if (!("lowering" in runtime)) return undefined;
  const { name, block } = await runtime.lowering;
  return { name, ...(block === undefined ? {} : { block }) };
}

/** Runs of earlier versions tell none: there was but one. */
const recordedLowering = (path: string): RecordedLowering =>
  (readRun(path).config.lowering as RecordedLowering | undefined) ?? { name: "portable" };

/** What is asked of the runtime for it: where the blocked one does not run, the runtime is to say why. */
const asked = ({ name }: RecordedLowering): LoweringOption => (name === "blocked" ? "auto" : name);
