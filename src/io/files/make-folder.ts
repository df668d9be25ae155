import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileError, hasCode } from "./file-error.js";

/**
 * Makes a folder and those above it, if they are not there. One by one: Node's recursive form never ends where a file
 * system has no place for one, as below /proc.
 *
 * @throws RunError if that cannot be, or a file is in its place.
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  for (let folder = resolve(path); !existsSync(folder); folder = dirname(folder)) missing.unshift(folder);
  try {
    if (missing.length === 0) await mkdir(path, { recursive: true }); // says so if it is a file
    for (const folder of missing) {
      await mkdir(folder).catch((cause: unknown) => {
        if (!hasCode(cause, "EEXIST")) throw cause; // another process was quicker
      });
    }
  } catch (cause) {
    throw fileError(path, "make the folder", cause);
  }
}
