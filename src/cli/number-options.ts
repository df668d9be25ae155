import { assertArgument } from "../core/index.js";

/** The options of a command as typed, by name. */
export type Given = Readonly<Record<string, unknown>>;

/** Reads an option that is a number; throws an InvalidArgumentError naming it unless it is one, and `holds` of it. */
export function numberOption(
  name: string,
  text: unknown,
  expected = "a number",
  holds: (value: number) => boolean = () => true,
): number {
  const value = typeof text === "string" && text.trim() !== "" ? Number(text) : Number.NaN;
  assertArgument(Number.isFinite(value) && holds(value), `--${name}`, expected, text === "" ? "nothing" : text);
  return value;
}

/** Several numbers with commas between them; see {@link numberOption}. */
export function numbersOption(
  name: string,
  text: unknown,
  expected: string,
  holds: (value: number) => boolean,
): number[] {
  return String(text)
    .split(",")
    .map((item) => numberOption(name, item, expected, holds));
}

/** A number that may be left out; see {@link numberOption}. */
export function optionalNumber(
  given: Given,
  name: string,
  expected: string,
  holds: (value: number) => boolean,
): number | undefined {
  return given[name] === undefined ? undefined : numberOption(name, given[name], expected, holds);
}

/** A positive integer. */
export function countOption(name: string, text: unknown): number {
  return numberOption(name, text, "a positive integer", (value) => value > 0 && Number.isInteger(value));
}

/** A positive integer that may be left out. */
export function optionalCount(given: Given, name: string): number | undefined {
  return given[name] === undefined ? undefined : countOption(name, given[name]);
}

/** For numbers that may be 0. */
export const isNonNegative = (value: number): boolean => value >= 0;

/** For numbers that may not. */
export const isPositive = (value: number): boolean => value > 0;

/** For what is kept from one step to the next. */
export const isBelowOne = (value: number): boolean => value >= 0 && value < 1;
