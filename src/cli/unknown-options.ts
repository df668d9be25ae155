import type { ArgsDef } from "citty";
import { expectation, InvalidArgumentError } from "../core/index.js";

/** citty takes any option; a misspelt one must not be silently ignored. */
export function rejectUnknownOptions(
  command: string,
  definition: ArgsDef,
  args: Readonly<Record<string, unknown>>,
): void {
  const camel = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  const known = new Set(Object.keys(definition).map(camel));
  const unknown = Object.keys(args).filter((name) => name !== "_" && !known.has(camel(name)));
  if (unknown.length === 0) return;
  const options = Object.entries(definition).flatMap(([name, { type }]) =>
    type === "positional" ? [] : [`--${name}`],
  );
  throw new InvalidArgumentError(
    expectation(`normwise ${command}`, `options of ${options.join(" ")}`, unknown.map((name) => `--${name}`).join(" ")),
  );
}
