import { numberArgument } from "./number-argument.js";

/** Several numbers with commas between them; see {@link numberArgument}. */
export function numbersArgument(
  name: string,
  text: string,
  expected: string,
  holds: (value: number) => boolean,
): number[] {
  return text.split(",").map((item) => numberArgument(name, item, expected, holds));
}
