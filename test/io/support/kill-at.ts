/**
 * Loaded before everything else by a child process: makes it die by SIGKILL at its n-th file operation, n from the
 * environment; a write dies half-way. Without n it counts, and prints the count at the end.
 */
import fs from "node:fs";
import fsp, { type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const deadline = Number(process.env.KILL_AT ?? 0);
let operations = 0;

/** Whether the process must die within this operation. */
function due(): boolean {
  operations += 1;
  return operations === deadline;
}

function die(): never {
  process.kill(process.pid, "SIGKILL");
  for (;;); // the signal is on its way
}

type Operation = (...args: unknown[]) => unknown;

function dieBefore(target: object, ...names: string[]): void {
  const methods = target as Record<string, Operation>;
  for (const name of names) {
    const original = methods[name]!;
    methods[name] = function (this: unknown, ...args) {
      if (due()) die();
      return original.apply(this, args);
    };
  }
}

const writeSync = fs.writeSync as (fd: number, data: Uint8Array, offset?: number) => number;
fs.writeSync = ((fd: number, data: Uint8Array, offset?: number) => {
  if (!due()) return writeSync(fd, data, offset);
  writeSync(fd, data.subarray(0, Math.floor(data.length / 2)));
  return die();
}) as typeof fs.writeSync;

const open = fsp.open;
fsp.open = async (...args) => {
  if (due()) die();
  const handle = await open(...args);
  const writeFile = handle.writeFile.bind(handle) as (data: Uint8Array | string) => Promise<void>;
  handle.writeFile = (async (data: Uint8Array | string) => {
    if (!due()) return writeFile(data);
    await writeFile(data.slice(0, Math.floor(data.length / 2)));
    die();
  }) as FileHandle["writeFile"];
  dieBefore(handle, "sync", "close");
  return handle;
};
dieBefore(fsp, "rename", "rm", "mkdir");
dieBefore(fs, "openSync", "writeFileSync", "ftruncateSync", "rmSync", "fsync");
syncBuiltinESMExports();
process.on("exit", () => process.stdout.write(`${operations}`));
