import { closeSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, join, relative, sep, win32 } from "node:path";
import { DataError, expectation } from "../../../core/index.js";
import type { ExternalData } from "../read-tensor.js";

/**
 * The data files beside a model, read by ranges. A location may not lead out of the model's folder: not as an absolute
 * path, not by `..`, and not through a symbolic link.
 */
export function externalFiles(where: string, folder: string): ExternalData {
  const known = new Map<string, { readonly path: string; readonly size: number }>();

  function find(location: string): { path: string; size: number } {
    const found = known.get(location) ?? locate(where, folder, location);
    known.set(location, found);
    return found;
  }

  return {
    size: (location) => find(location).size,
    read(location, offset, length) {
      const { path } = find(location);
      const bytes = new Uint8Array(length);
      let got = 0;
      try {
        const file = openSync(path, "r");
        try {
          for (let part = -1; part !== 0 && got < length; got += part)
            part = readSync(file, bytes, got, length - got, offset + got);
        } finally {
          closeSync(file);
        }
      } catch (cause) {
        throw unreadable(where, location, cause);
      }
      if (got === length) return bytes;
      throw new DataError(
        expectation(
          where,
          `bytes ${offset} to ${offset + length} of ${location}`,
          `${offset + got} bytes`,
          "the file has changed or is cut short",
        ),
      );
    },
  };
}

function locate(where: string, folder: string, location: string): { path: string; size: number } {
  const outside = (): DataError =>
    new DataError(
      expectation(where, "external data in the model's folder", location, "put it beside the model, and name it so"),
    );
  const parts = location.split(/[\\/]/);
  if (isAbsolute(location) || win32.isAbsolute(location) || parts.includes("..") || location.includes("\0"))
    throw outside();
  try {
    const root = realpathSync(folder);
    const path = realpathSync(join(folder, location));
    const inside = relative(root, path);
    if (inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) throw outside();
    const status = statSync(path);
    if (!status.isFile())
      throw new DataError(expectation(where, "external data in a file", location, "it is a folder or a device"));
    return { path, size: status.size };
  } catch (cause) {
    throw cause instanceof DataError ? cause : unreadable(where, location, cause);
  }
}

const unreadable = (where: string, location: string, cause: unknown): DataError => {
  const { message } = cause as Error;
  return new DataError(
    expectation(where, `to read the external data ${location}`, message, "put it beside the model"),
    { cause },
  );
};
