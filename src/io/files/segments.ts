import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DataError, expectation } from "../../core/index.js";
import { decodeNormSegment, type NormRow } from "../norm-segment.js";
import { fileError } from "./file-error.js";

const pattern = /^norms-\d{8}\.arrow$/;

/** Where the norm segment of a number lies. */
export function segmentPath(folder: string, number: number): string {
  return join(folder, `norms-${String(number).padStart(8, "0")}.arrow`);
}

/** Where the segments of a run lie, in order. Throws a {@link DataError} if one in between is missing. */
export function segmentPaths(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => pattern.test(name));
  } catch (cause) {
    throw fileError(folder, "list the folder", cause);
  }
  return names.sort().map((name, number) => {
    const path = segmentPath(folder, number);
    if (path !== join(folder, name)) throw new DataError(expectation(path, "the segment", `the next is ${name}`));
    return path;
  });
}

/** Reads a segment. */
export function readSegment(path: string): NormRow[] {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw fileError(path, "read the file", cause);
  }
  return decodeNormSegment(bytes, path);
}
