import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expectation, RunError } from "../../core/index.js";
import { fileError, hasCode } from "./file-error.js";

/** The right to write into a folder. */
export interface FolderLock {
  /** Gives the right back. */
  release(): void;
}

/** A process, told apart from later ones that get the same number. */
interface Owner {
  readonly pid: number;
  /** When it started, in the kernel's ticks; `0` where the system does not tell. */
  readonly start: string;
  readonly host: string;
}

const pattern = /^\.lock-(\d+)-(\d+)-(.+)$/;
const patience = 1000; // ms; a process that was just killed may take a moment to be gone

/**
 * Takes the right to write into a folder. The lock of a process that died, however it died, is taken over at once.
 *
 * Each process puts up an empty file whose name says who it is, then looks for others: of two that try at the same time, at least
 * one sees the other, so never do both get in. (npm's `proper-lockfile` tells a dead owner only by ten seconds of silence.)
 * @throws RunError naming the process that holds the folder.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const own = nameOf({ pid: process.pid, start: startOf(process.pid)?.start ?? "0", host: hostname() });
  const path = join(folder, own);
  try {
    writeFileSync(path, "", { flag: "wx" });
  } catch (cause) {
    if (!hasCode(cause, "EEXIST")) throw fileError(folder, "write into it", cause);
    throw new RunError(expectation(folder, "a run that nobody writes", "one open in this process", "close it first"));
  }
  const release = (): void => rmSync(path, { force: true });
  try {
    const deadline = Date.now() + patience;
    let holder = otherHolder(folder, own);
    while (holder !== undefined && holder.host === hostname() && Date.now() < deadline) {
      await setTimeout(20);
      holder = otherHolder(folder, own);
    }
    if (holder === undefined) return { release };
    const got = `one that process ${holder.pid} on ${holder.host} is writing`;
    const fix = `wait for it, or stop it; if it is surely gone, remove ${join(folder, nameOf(holder))}`;
    throw new RunError(expectation(folder, "a run that nobody else writes", got, fix));
  } catch (error) {
    release();
    throw error;
  }
}

/** Whether a file name is a lock's. */
export function isLock(name: string): boolean {
  return pattern.test(name);
}

function nameOf({ pid, start, host }: Owner): string {
  return `.lock-${pid}-${start}-${encodeURIComponent(host)}`;
}

/** The living owner of another lock in the folder, if any; locks of the dead are removed. */
function otherHolder(folder: string, own: string): Owner | undefined {
  for (const name of readdirSync(folder)) {
    const [, pid, start, host] = pattern.exec(name) ?? [];
    if (name === own || pid === undefined || start === undefined || host === undefined) continue;
    const owner: Owner = { pid: Number(pid), start, host: decodeURIComponent(host) };
    if (isAlive(owner)) return owner;
    rmSync(join(folder, name), { force: true });
  }
  return undefined;
}

/** Of another machine's process nothing is known, so it counts as alive. */
function isAlive(owner: Owner): boolean {
  if (owner.host !== hostname()) return true;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (hasCode(error, "ESRCH")) return false; // EPERM: it lives, and is another user's
  }
  const found = startOf(owner.pid);
  return found === undefined || (!found.dead && found.start === owner.start);
}

/** What Linux tells of a process: when it started, and whether it only waits to be reaped. */
function startOf(pid: number): { start: string; dead: boolean } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // from the third field, the state, on: proc(5)
    return { start: fields[19]!, dead: fields[0] === "Z" || fields[0] === "X" };
  } catch {
    return undefined;
  }
}
