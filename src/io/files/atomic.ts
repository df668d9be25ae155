import { randomUUID } from "node:crypto";
import { open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileError, hasCode } from "./file-error.js";

const leftover = /^\..+\.[0-9a-f]{8}\.tmp$/;

/**
 * Replaces a file so that, whenever the process or the machine dies, either the old or the new content is there whole:
 * the data is written beside it, flushed to the disk and renamed, and the folder is flushed.
 *
 * npm's `write-file-atomic` was considered: it neither flushes the folder, nor notices a write that the disk cut short, nor
 * gives its temporary files names by which a killed process's leftovers can be told.
 * @throws RunError naming the path; the temporary file is removed and the old file is as it was.
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  const aside = join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.tmp`);
  try {
    const file = await open(aside, "wx");
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
  } catch (cause) {
    await rm(aside, { force: true }).catch(() => {}); // the first error is the one to report
    throw fileError(path, "write the file", cause);
  }
  await syncFolder(dirname(path));
}

/** Flushes a folder's entries to the disk, so that a rename or a removal in it outlives a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    // Windows cannot open folders, and some network file systems cannot flush them.
    if (process.platform !== "win32" && !hasCode(cause, "EINVAL", "ENOTSUP"))
      throw fileError(folder, "flush it", cause);
  }
}

/**
 * Removes what {@link writeFileAtomic} left in a folder, and in those within it, when its process was killed. Nobody may
 * be writing there.
 */
export async function removeLeftovers(folder: string): Promise<void> {
  try {
    const names = (await readdir(folder, { recursive: true })).filter((name) => isLeftover(basename(name)));
    await Promise.all(names.map((name) => rm(join(folder, name), { force: true })));
  } catch (cause) {
    throw fileError(folder, "remove unfinished files", cause);
  }
}

/** Whether a file name is one of {@link writeFileAtomic}'s temporary files. */
export function isLeftover(name: string): boolean {
  return leftover.test(name);
}
