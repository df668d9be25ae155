import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DataError, expectation, InvalidArgumentError, RunError } from "../../core/index.js";
import { decodeSafetensors, type Safetensors } from "../safetensors.js";
import { fileError, hasCode } from "./file-error.js";

const extension = ".safetensors";

/** The folder of a run's checkpoints. */
export function checkpointFolder(run: string): string {
  return join(run, "checkpoints");
}

/** Where a checkpoint lies. Throws an {@link InvalidArgumentError} if the name does not do as a file name. */
export function checkpointPath(run: string, name: string): string {
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name)) {
    throw new InvalidArgumentError(
      expectation("checkpoint name", "letters, digits, '-', '_' and '.', such as last", name),
    );
  }
  return join(checkpointFolder(run), name + extension);
}

/** Names of the checkpoints that a run has. */
export function checkpointNames(run: string): string[] {
  try {
    const names = readdirSync(checkpointFolder(run)).filter(
      (name) => name.endsWith(extension) && !name.startsWith("."),
    );
    return names.map((name) => name.slice(0, -extension.length)).sort();
  } catch (cause) {
    if (hasCode(cause, "ENOENT")) return [];
    throw fileError(checkpointFolder(run), "list the folder", cause);
  }
}

/**
 * Reads a checkpoint.
 * @throws RunError if it is missing, cut short or damaged; the message says which others there are.
 */
export function readCheckpoint(run: string, name: string): Safetensors {
  const path = checkpointPath(run, name);
  const others = checkpointNames(run).filter((other) => other !== name);
  const fix =
    others.length === 0 ? "start the run again" : `to go back to another, copy it to this name: ${others.join(", ")}`;
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    if (!hasCode(cause, "ENOENT")) throw fileError(path, "read the file", cause);
    throw new RunError(expectation(path, "a checkpoint", "no such file", fix), { cause });
  }
  try {
    return decodeSafetensors(bytes, "safetensors");
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause;
    throw new RunError(expectation(path, "a whole checkpoint", `a damaged one (${cause.message})`, fix), { cause });
  }
}
