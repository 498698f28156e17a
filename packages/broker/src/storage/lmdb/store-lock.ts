import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MqttError } from "@bowline/protocol";

/**
 * The lock of a store: a file that names the process using it. LMDB lets a second process in, whose write transactions would
 * stall ours, so this file decides alone.
 *
 * A pid alone is not enough, since pids are given again: the file also has the start time and the boot, where the system tells
 * them (Linux). Elsewhere a living process with that pid counts as the owner. Processes that share the folder but not their pids
 * (two containers on one volume) cannot see each other; run one broker on a volume.
 */
interface Owner {
  pid: number;
  /** Clock ticks from boot to the start of the process; empty where unknown. */
  startedAt: string;
  bootId: string;
}

const fileName = "owner.lock";

/** Stands for the start time of a process that has ended and is still listed. */
const deadMark = "ended";

/** Held from `acquire` to `release`; a process that is killed leaves the file behind, which the next one recognizes as stale. */
export class StoreLock {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** @throws MqttError STORE_IN_USE when a living process holds it; a file system error when the folder cannot be written */
  static acquire(directory: string): StoreLock {
    const path = join(directory, fileName);
    const mine = join(directory, `${fileName}.${process.pid}`);
    writeFileSync(mine, JSON.stringify(ownerOf(process.pid)), { mode: 0o600 });
    try {
      if (!tryLink(mine, path)) replaceStale(mine, path);
    } finally {
      unlinkSync(mine);
    }
    return new StoreLock(path);
  }

  release(): void {
    unlinkSync(this.#path);
  }
}

/** A link is made whole or not at all, so that nobody ever reads half a lock. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/**
 * Moves a stale lock away and takes its place. Two processes may both find it stale; then the slower one moves away the lock the
 * faster one has just made, sees that, and puts it back.
 */
function replaceStale(mine: string, path: string): void {
  const found = readFileSync(path, "utf8");
  if (isAlive(found)) throw inUse(found);
  const moved = `${mine}.stale`;
  renameSync(path, moved);
  try {
    const taken = readFileSync(moved, "utf8");
    if (taken !== found) {
      tryLink(moved, path);
      throw inUse(taken);
    }
    if (!tryLink(mine, path)) throw inUse(readFileSync(path, "utf8"));
  } finally {
    unlinkSync(moved);
  }
}

function inUse(content: string): MqttError {
  const pid = parseOwner(content)?.pid;
  return new MqttError("STORE_IN_USE", pid === undefined ? {} : { detail: `process ${pid}`, details: { pid } });
}

function isAlive(content: string): boolean {
  const owner = parseOwner(content);
  // Half a file can only be what a crash of the whole machine left.
  if (owner === undefined || !hasProcess(owner.pid)) return false;
  const now = ownerOf(owner.pid);
  if (now.startedAt === deadMark) return false;
  return now.startedAt === "" || (now.startedAt === owner.startedAt && now.bootId === owner.bootId);
}

function parseOwner(content: string): Owner | undefined {
  try {
    const { pid, startedAt, bootId } = JSON.parse(content) as Partial<Owner>;
    if (typeof pid !== "number" || !Number.isInteger(pid) || pid < 1) return undefined;
    return { pid, startedAt: String(startedAt), bootId: String(bootId) };
  } catch {
    return undefined;
  }
}

function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM means it lives and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function ownerOf(pid: number): Owner {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name in the second field may hold spaces and brackets; behind it come the state and, 19 fields on, the start time.
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    const startedAt = fields[0] === "Z" || fields[0] === "X" ? deadMark : (fields[19] ?? "");
    return { pid, startedAt, bootId: readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim() };
  } catch {
    return { pid, startedAt: "", bootId: "" };
  }
}
