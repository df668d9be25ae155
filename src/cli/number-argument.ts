import { assertArgument } from "../core/index.js";

/** Reads an argument that is a number; throws an InvalidArgumentError unless it is one and `holds` of it. */
export function numberArgument(
  name: string,
  text: string,
  expected: string,
  holds: (value: number) => boolean,
): number {
  const value = Number(text);
  assertArgument(text.trim() !== "" && Number.isFinite(value) && holds(value), name, expected, text || "nothing");
  return value;
}
