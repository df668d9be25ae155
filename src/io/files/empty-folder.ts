import { readdir } from "node:fs/promises";
import { expectation, RunError } from "../../core/index.js";
import { isLeftover } from "./atomic.js";
import { fileError, hasCode } from "./file-error.js";
import { isLock } from "./lock.js";

/** Throws a {@link RunError} if a folder holds a run, or anything but what a start that was killed may have left. */
export async function requireEmptyFolder(path: string): Promise<void> {
  let names: string[];
  try {
    names = (await readdir(path)).filter((name) => !isLock(name) && !isLeftover(name));
  } catch (cause) {
    throw fileError(path, hasCode(cause, "ENOTDIR") ? "use a folder" : "list the folder", cause);
  }
  if (names.includes("run.json")) {
    const fix = "continue it with --resume, or choose another --out";
    throw new RunError(expectation(path, "a folder without a run", "one that holds a run", fix));
  }
  if (names.length > 0) {
    const some = names.length > 3 ? `${names.slice(0, 3).join(", ")}, …` : names.join(", ");
    throw new RunError(expectation(path, "an empty folder", `one with ${some}`, "choose another --out"));
  }
}
