import { DataError, expectation } from "../../core/index.js";
import type { NamedBytes } from "../idx.js";

/** Sentences and their translations: `target[i]` is the translation of `source[i]`. */
export interface ParallelText {
  /** What it is, for logs and reports, such as `multi30k train (de → en)`. */
  readonly name: string;
  readonly source: readonly string[];
  readonly target: readonly string[];
}

/**
 * Pairs the lines of two files in UTF-8, one sentence a line.
 *
 * @throws DataError if a file is empty or not UTF-8, or the files have different numbers of lines.
 */
export function parallelText(source: NamedBytes, target: NamedBytes, name = "parallel text"): ParallelText {
  const [from, to] = [linesOf(source), linesOf(target)];
  if (from.length !== to.length) {
    const fix = "line k of one is to translate line k of the other";
    throw new DataError(
      expectation(target.from, `${from.length} lines, as ${source.from} has`, `${to.length} lines`, fix),
    );
  }
  return { name, source: from, target: to };
}

/**
 * The lines of a file in UTF-8, without their ends (`\n` or `\r\n`); the last one may go without.
 *
 * @throws DataError if there is none, or the file is not UTF-8; then the message names the first bad line.
 */
export function linesOf({ from, bytes }: NamedBytes): string[] {
  if (bytes.length === 0) throw new DataError(expectation(from, "at least one line of text", "an empty file"));
  const text = decoded(bytes);
  if (text === undefined)
    throw new DataError(expectation(from, "text in UTF-8", `other bytes in line ${badLine(bytes)}`));
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The number, from 1, of the first line that is not UTF-8; no other character has the byte of a line's end in it. */
function badLine(bytes: Uint8Array): number {
  let start = 0;
  for (let line = 1; ; line++) {
    const end = bytes.indexOf(0x0a, start);
    if (end < 0 || decoded(bytes.subarray(start, end)) === undefined) return line;
    start = end + 1;
  }
}
