import { expectation, RunError } from "../../core/index.js";

const advice: Readonly<Record<string, string>> = {
  ENOSPC: "free space on that disk; what was there before is untouched",
  EDQUOT: "free space within your quota; what was there before is untouched",
  EFBIG: "the file system cannot hold so large a file: choose another folder",
  EACCES: "give yourself permission, or choose another folder",
  EPERM: "give yourself permission, or choose another folder",
  EROFS: "the disk is mounted read-only: choose another folder",
  ENOENT: "check the path",
  ENOTDIR: "a part of the path is a file: choose another folder",
  EISDIR: "a folder is in its place: remove it, or choose another folder",
  EMFILE: "close other files, or raise the limit of open files (ulimit -n)",
  EIO: "the disk reports a fault: choose another one",
};

/** A {@link RunError} for a failed file operation: it quotes the path and the cause, and says what to do. */
export function fileError(path: string, operation: string, cause: unknown): RunError {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  return new RunError(expectation(path, `to ${operation}`, message, advice[code] ?? "see the cause"), { cause });
}

/** Whether an error is the file system's, with one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(error.code as string);
}
