import { isDeepStrictEqual } from "node:util";
import { expectation, RunError } from "../../core/index.js";
import { readRun } from "../../io/files/index.js";
import { parseRunConfig, type RunConfig } from "../run-config.js";

/** The configuration that a run folder was started with. */
export function readRunConfig(path: string): RunConfig {
  return parseRunConfig(readRun(path).config.config, `${path}/run.json`, true);
}

/**
 * Throws a RunError unless a run was started with these options; the number of threads and the lowering may differ, at the
 * cost of other last bits.
 */
export function requireSameConfig(path: string, wanted: RunConfig): void {
  const held = readRunConfig(path);
  const names = [...new Set([...Object.keys(held), ...Object.keys(wanted)])] as (keyof RunConfig)[];
  const free: readonly string[] = ["threads", "lowering"];
  const differing = names.filter((name) => !free.includes(name) && !isDeepStrictEqual(held[name], wanted[name]));
  if (differing.length === 0) return;
  const list = (config: RunConfig): string =>
    differing.map((name) => `${name} ${JSON.stringify(config[name]) ?? "absent"}`).join(", ");
  const fix = "leave them out, or choose another --out";
  throw new RunError(expectation(path, `the run's own options (${list(held)})`, list(wanted), fix));
}
