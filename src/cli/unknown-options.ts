import type { ArgsDef } from "citty";
import { assertArgument } from "../core/index.js";

/**
 * citty takes any option and any number of words; a misspelt one must not be silently ignored.
 * @param words How many words beside the options the command takes; any number by default.
 * @throws InvalidArgumentError quoting what is not known.
 */
export function rejectUnknownOptions(
  command: string,
  definition: ArgsDef,
  args: Readonly<Record<string, unknown>>,
  words = Number.POSITIVE_INFINITY,
): void {
  const where = `normwise ${command}`;
  const known = new Set(Object.keys(definition).map(camelCase));
  const unknown = Object.keys(args).filter((name) => name !== "_" && !known.has(camelCase(name)));
  const options = Object.entries(definition).flatMap(([name, { type }]) =>
    type === "positional" ? [] : [`--${name}`],
  );
  const got = unknown.map((name) => `--${name}`).join(" ");
  assertArgument(unknown.length === 0, where, `options of ${options.join(" ")}`, got);
  const extra = ((args._ ?? []) as readonly string[]).slice(words);
  assertArgument(extra.length === 0, where, "no further words", extra.join(" "), "options begin with --");
}

/** `weight-decay` as `weightDecay`. */
export const camelCase = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
