import * as v from "valibot";
import { expectation, InvalidArgumentError, RunError } from "../../core/index.js";

/** How much of a run's logs belongs to a checkpoint: the rest is dropped when it is resumed. */
export interface LogPosition {
  /** Bytes of `metrics.jsonl`. */
  readonly metricsBytes: number;
  /** Number of norm segments. */
  readonly normSegments: number;
}

/** The checkpoint's metadata key that holds the position. */
const key = "normwise.logs";
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const schema = v.pipe(v.string(), v.parseJson(), v.object({ metricsBytes: count, normSegments: count }));

/** A checkpoint's metadata with the position added. */
export function withLogPosition(
  metadata: Readonly<Record<string, string>>,
  position: LogPosition,
): Record<string, string> {
  if (key in metadata) {
    throw new InvalidArgumentError(expectation("writeCheckpoint: metadata", `keys other than ${key}`, metadata[key]));
  }
  return { ...metadata, [key]: JSON.stringify(position) };
}

/** The position in a checkpoint's metadata. Throws a {@link RunError} if there is none. */
export function logPositionOf(metadata: Readonly<Record<string, string>>, where: string): LogPosition {
  const parsed = v.safeParse(schema, metadata[key]);
  if (parsed.success) return parsed.output;
  const expected = `metadata ${key} with the position of the logs`;
  throw new RunError(expectation(where, expected, metadata[key] ?? "none", "not a checkpoint of a run folder"));
}
