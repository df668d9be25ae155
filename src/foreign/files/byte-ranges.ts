import { open } from "node:fs/promises";
import { DataError, expectation } from "../../core/index.js";
import { fileError } from "../../io/files/file-error.js";

/** A file that is read a range at a time. Nothing stays open between reads. */
export interface ByteRanges {
  readonly path: string;
  /** In bytes, when it was first looked at. */
  readonly size: number;
  /** The bytes from `begin` to before `end`, in memory of their own. Throws a DataError if the file has become shorter. */
  read(begin: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Opens a file for reading by ranges. Throws a RunError if it cannot be read. */
export async function byteRanges(path: string): Promise<ByteRanges> {
  const using = async <T>(what: (handle: Awaited<ReturnType<typeof open>>) => Promise<T>): Promise<T> => {
    let handle: Awaited<ReturnType<typeof open>> | undefined;
    try {
      handle = await open(path);
      return await what(handle);
    } catch (cause) {
      if (cause instanceof DataError) throw cause;
      throw fileError(path, "read the file", cause);
    } finally {
      await handle?.close();
    }
  };
  const size = await using(async (handle) => (await handle.stat()).size);
  return {
    path,
    size,
    read: (begin, end) =>
      using(async (handle) => {
        const bytes = new Uint8Array(end - begin);
        for (let got = 0; got < bytes.length; ) {
          const { bytesRead } = await handle.read(bytes, got, bytes.length - got, begin + got);
          if (bytesRead === 0) {
            throw new DataError(expectation(path, `${size} bytes`, begin + got, "the file has been cut short"));
          }
          got += bytesRead;
        }
        return bytes;
      }),
  };
}
