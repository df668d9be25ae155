import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expectation, RunError } from "../../core/index.js";
import { selfContainedModel } from "../../foreign/files/index.js";
import { onnxNetwork } from "../../foreign/index.js";
import type { Layer } from "../../graph/index.js";
import { isForeign, onnxOptionsOf } from "../foreign-config.js";
import { networkOf } from "../from-config.js";
import type { RunConfig } from "../run-config.js";

/** The copy that a run folder keeps of the `.onnx` file that it started from. */
export const originalModel = "original.onnx";

/** The network of a run. */
export interface RunNetwork {
  readonly network: Layer;
  /** Of a model out of an `.onnx` file: the file, with all that it kept beside it. */
  readonly original?: Uint8Array;
}

/**
 * The network that a configuration names, for so many classes.
 * @param folder Of the run, if there is one: its copy of an `.onnx` file takes precedence.
 */
export async function runNetwork(config: RunConfig, classes: number, folder?: string): Promise<RunNetwork> {
  if (!isForeign(config)) return { network: networkOf(config, classes) };
  const copy = folder === undefined ? undefined : join(folder, originalModel);
  const original =
    copy !== undefined && existsSync(copy)
      ? new Uint8Array(await readFile(copy))
      : await selfContainedModel(config.model);
  return { network: onnxNetwork(original, onnxOptionsOf(config, classes)), original };
}

/** The SHA-256 of a file's bytes. */
export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Throws a RunError unless a model is the one that a run began with. */
export function requireSameModel(folder: string, began: string | undefined, original: Uint8Array | undefined): void {
  const now = original && sha256(original);
  if (now === began) return;
  throw new RunError(expectation(folder, `the model that the run began with (${began})`, now, "restore the file"));
}
