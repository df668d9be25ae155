import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { DataError, expectation } from "../../core/index.js";
import type { NamedBytes } from "../idx.js";

const unpack = promisify(gunzip);

/**
 * A file's bytes, unpacked if it is gzip, which its first bytes tell, whatever its name.
 *
 * @throws DataError if it cannot be read, or is corrupt or cut short.
 */
export async function readBytes(path: string): Promise<NamedBytes> {
  const packed = await readFile(path).catch((error: unknown) => {
    throw fileError(path, "a file that can be read", error);
  });
  const isGzip = packed[0] === 0x1f && packed[1] === 0x8b;
  const bytes = isGzip ? await unpackGzip(path, packed) : packed;
  return { from: path, bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** The DataError for something that the file system refused. */
export function fileError(path: string, expected: string, cause: unknown): DataError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const got = code === "ENOENT" ? "nothing there" : (code ?? message);
  return new DataError(expectation(path, expected, got), { cause });
}

async function unpackGzip(path: string, packed: Uint8Array): Promise<Buffer> {
  try {
    return await unpack(packed);
  } catch (cause) {
    const got = `"${(cause as Error).message}"`;
    throw new DataError(expectation(path, "an intact gzip file", got, "fetch it again"), { cause });
  }
}
