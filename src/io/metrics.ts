import { DataError, expectation } from "../core/index.js";

/** One line of `metrics.jsonl`. */
export type MetricsRecord = Readonly<Record<string, unknown>>;

/** A record as its line, newline included. Numbers that JSON lacks (NaN and the infinities) become `null`. */
export function formatMetrics(record: object): string {
  return `${JSON.stringify(record)}\n`;
}

/**
 * Reads `metrics.jsonl`. What follows the last newline is a line that was being written when the process died, and is
 * left out.
 * @param where Names the file in error messages.
 * @throws DataError naming the line that is not a JSON object.
 */
export function parseMetrics(bytes: Uint8Array, where = "metrics.jsonl"): MetricsRecord[] {
  const whole = new TextDecoder().decode(bytes.subarray(0, wholeLines(bytes)));
  return whole
    .split("\n")
    .slice(0, -1)
    .map((line, i) => {
      const record = parseObject(line);
      if (record === undefined) throw new DataError(expectation(`${where}: line ${i + 1}`, "a JSON object", line));
      return record;
    });
}

/** How many of the bytes belong to complete lines. */
export function wholeLines(bytes: Uint8Array): number {
  return bytes.lastIndexOf(10) + 1;
}

function parseObject(line: string): MetricsRecord | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? (parsed as MetricsRecord)
      : undefined;
  } catch {
    return undefined;
  }
}
