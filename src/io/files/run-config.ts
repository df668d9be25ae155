import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expectation, InvalidArgumentError, RunError } from "../../core/index.js";
import { fileError, hasCode } from "./file-error.js";

/** What `run.json` holds: anything that JSON can hold; its meaning is the trainer's. */
export type RunConfig = Readonly<Record<string, unknown>>;

/** Where a run's configuration lies. */
export function configPath(folder: string): string {
  return join(folder, "run.json");
}

/** A configuration as text. Throws an {@link InvalidArgumentError} for a value that JSON would change silently. */
export function formatConfig(config: RunConfig): string {
  const exact = (key: string, value: unknown): unknown => {
    const lost = typeof value === "function" || typeof value === "symbol" || typeof value === "bigint";
    if (lost || (typeof value === "number" && !Number.isFinite(value))) {
      throw new InvalidArgumentError(expectation(`run configuration: ${key}`, "a value that JSON can hold", value));
    }
    return value;
  };
  return `${JSON.stringify(config, exact, 2)}\n`;
}

/** Reads `run.json`. Throws a {@link RunError} if the folder holds no run, or the file is not a JSON object. */
export function readConfig(folder: string): RunConfig {
  const path = configPath(folder);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (!hasCode(cause, "ENOENT", "ENOTDIR")) throw fileError(path, "read the file", cause);
    throw new RunError(
      expectation(
        folder,
        "a folder with a run in it",
        "no run.json",
        "check the path, or start the run without --resume",
      ),
      { cause },
    );
  }
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config === "object" && config !== null && !Array.isArray(config)) return config as RunConfig;
    throw new SyntaxError(`not an object: ${text.slice(0, 40)}`);
  } catch (cause) {
    throw new RunError(expectation(path, "a JSON object", String(cause), "the file was changed by hand"), { cause });
  }
}
